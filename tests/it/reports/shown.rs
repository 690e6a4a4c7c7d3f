//! What a page shows of text that wants to be more than text.

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::{rendered, sample};

/// Everything that a title, a statement or a log line may try.
const HOSTILE: &[&str] = &[
    "<script>EVIL</script>",
    "<img src=x onerror=EVIL>",
    "</code></details><h1>EVIL</h1>",
    "[EVIL](javascript:EVIL)",
    "![EVIL](https://evil.example/EVIL.png)",
    "https://evil.example/EVIL",
    "www.evil.example/EVIL",
    "**EVIL** _EVIL_ ~~EVIL~~",
    "` EVIL ``` EVIL",
    "`<b>EVIL|EVIL</b>` `*EVIL*",
    "| EVIL | EVIL |",
    "EVIL |\n| --- |\n# EVIL\n\n- EVIL",
    "- EVIL",
    "1. EVIL",
    "=== EVIL",
    "EVIL\u{1b}[2J\u{202e}\u{7}\u{2066}EVIL",
    "&lt;b&gt;EVIL&#60;b&#62;",
    "\\<b>EVIL\\`<b>EVIL`",
    "@evil #1 EVIL $EVIL$",
    "```\n</details>\nEVIL\n~~~",
];

/// The sample, with `text` wherever others write something.
fn with(text: &str) -> reproof::report::Report {
    let mut report = sample::report();
    let put = |field: &mut String| *field = text.to_owned();
    let manifest = &mut report.manifest;
    put(&mut manifest.paper.title);
    manifest.paper.authors = vec![text.to_owned()];
    manifest.paper.arxiv = Some(text.to_owned());
    put(&mut manifest.code.repository);
    manifest.data.iter_mut().for_each(|data| put(&mut data.source));
    for claim in &mut manifest.claims {
        put(&mut claim.statement);
        put(&mut claim.metric);
        put(&mut claim.value.text);
        claim.location = Some(text.to_owned());
    }
    for input in &mut report.inputs {
        put(&mut input.source);
        input.license = Some(text.to_owned());
        if let Err(why) = &mut input.result {
            put(&mut why.detail);
        }
    }
    for step in &mut report.steps {
        put(&mut step.reuse);
        if let Ok(ran) = &mut step.result {
            ran.changed = vec![text.to_owned()];
        }
        if let Err(why) = &mut step.result {
            put(&mut why.detail);
        }
        step.attempts
            .iter_mut()
            .for_each(|attempt| put(&mut attempt.what));
    }
    for found in report.measured.iter_mut().flatten() {
        found
            .runs
            .iter_mut()
            .for_each(|run| run.places = vec![text.to_owned()]);
    }
    for judged in &mut report.judgement.claims {
        judged.reasons = vec![text.to_owned()];
        if let Some(why) = &mut judged.unmeasured {
            put(&mut why.detail);
            why.hint = Some(text.to_owned());
        }
    }
    for check in &mut report.judgement.checks {
        put(&mut check.reason);
        check.evidence = vec![text.to_owned()];
        check.remedy = Some(text.to_owned());
    }
    report.judgement.ruling.because = vec![text.to_owned()];
    if let Ok(environment) = &mut report.environment {
        environment.packages = vec![(text.to_owned(), text.to_owned())];
        environment.notes = vec![text.to_owned()];
        environment.wishes.iter_mut().for_each(|wish| put(&mut wish.text));
    }
    put(&mut report.machine.os);
    put(&mut report.machine.cpu);
    report
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all other events are words")]
#[test]
fn nothing_that_others_wrote_becomes_markup() {
    let sample = rendered("markdown", &sample::report(), 100);
    for hostile in HOSTILE {
        let text = rendered("markdown", &with(hostile), 100);
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM;
        let mut headings = 0;
        let mut cells = Vec::new();
        let mut shown = 0;
        let mut strong = false;
        for event in Parser::new_ext(&text, options) {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    let html = html.trim();
                    let ours = ["<code>", "</code>", "</details>"].contains(&html)
                        || (html.starts_with("<details><summary>") && html.ends_with("</summary>"));
                    assert!(ours && !html.contains("EVIL"), "{hostile:?} became {html:?}");
                }
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Emphasis | Tag::Strikethrough) => {
                    panic!("{hostile:?} became {event:?}\n{text}")
                }
                Event::Start(Tag::Heading { .. }) => headings += 1,
                Event::Start(Tag::Strong) => strong = true,
                Event::End(pulldown_cmark::TagEnd::Strong) => strong = false,
                Event::Start(Tag::TableHead | Tag::TableRow) => cells.push(0),
                Event::Start(Tag::TableCell) => *cells.last_mut().expect("a row") += 1,
                Event::Text(text) | Event::Code(text) => {
                    assert!(!strong || !text.contains("EVIL"), "{hostile:?} is bold");
                    shown += text.matches("EVIL").count();
                }
                _ => {}
            }
        }
        assert_eq!(headings, 8, "{hostile:?} made or broke a heading\n{text}");
        let rows = |text: &str| {
            let parser = Parser::new_ext(text, options);
            parser
                .filter(|event| matches!(event, Event::Start(Tag::TableRow)))
                .count()
        };
        assert_eq!(rows(&text), rows(&sample), "{hostile:?} made or broke a row");
        assert!(shown > 50, "{hostile:?} was hidden: shown {shown} times\n{text}");
        let obeyed = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}".contains(c);
        assert!(!text.contains(obeyed), "{hostile:?} is obeyed by terminals");
        let table = rendered("text", &with(hostile), 100);
        assert!(!table.contains(obeyed), "{hostile:?} is obeyed by the terminal");
    }
}

#[test]
fn the_commands_run_nothing_that_others_wrote() {
    for hostile in [
        "$(touch EVIL)",
        "`touch EVIL`",
        "; touch EVIL",
        "' ; touch EVIL '",
        "\n touch EVIL\n",
        "\" ; touch EVIL ; \"",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut report = with(hostile);
        report.manifest.steps.iter_mut().for_each(|step| {
            step.env.insert("TEXT".to_owned(), hostile.to_owned());
        });
        report.run = hostile.to_owned();
        let text = rendered("markdown", &report, 100);
        let script = text
            .split("sh\n")
            .nth(1)
            .and_then(|rest| rest.split("\n```").next());
        // Every program is replaced by one that does nothing.
        let script = format!(
            "for name in git uv curl python3 unzip tar cp sha256sum mkdir mktemp python rm; do eval \"$name() {{ :; }}\"; done\n{}",
            script.expect("commands").replace(". venv/bin/activate", ":")
        );
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .output()
            .expect("a shell");
        let left: Vec<_> = std::fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name())
            .filter(|name| name.to_string_lossy().contains("EVIL"))
            .collect();
        assert!(
            left.is_empty(),
            "{hostile:?} left {left:?}\n{}\n{script}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
