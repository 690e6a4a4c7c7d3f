//! One short function per subcommand.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use reproof::demo;
use reproof::error::Diagnose;
use reproof::judge::{Decision, decide};
use reproof::manifest::lock::Lock;
use reproof::manifest::{Manifest, ManifestError};
use reproof::pipeline::{self, Checked};
use reproof::report::{self, Report, renderer};

use super::exit::Exit;
use super::settings::Settings;
use super::terminal::Terminal;
use super::{
    Arguments, CheckArguments, Command, Confinement, DemoArguments, Format, LockArguments, ManifestArgument,
    Policy, Schema, audit, cache, doctor, judge, metrics, plan, profile,
};

/// Does what was asked.
pub(super) fn run(arguments: &Arguments, settings: &Settings, terminal: &Terminal) -> Exit {
    let format = arguments.global.format;
    match &arguments.command {
        Command::Demo(wanted) => show_demo(wanted, format, settings, terminal),
        Command::Check(wanted) => check(wanted, format, settings, terminal),
        Command::Audit(wanted) => audit::audit(wanted, format, settings, terminal),
        Command::Plan(wanted) => plan_one(wanted, format, settings, terminal),
        Command::Lock(wanted) => lock(wanted, settings, terminal),
        Command::Judge(wanted) => judge::judge(wanted, format, terminal),
        Command::Metrics(wanted) => metrics::metrics(wanted, format, terminal),
        Command::Profile(wanted) => profile::profile(wanted, format, settings, terminal),
        Command::Doctor => doctor::doctor(format, settings, terminal),
        Command::Cache { action } => cache::cache(action, format, settings, terminal),
        Command::Schema { of } => schema(*of, terminal),
        Command::Completions { shell } => completions(*shell, terminal),
        Command::Man => manual(terminal),
    }
}

fn show(terminal: &Terminal, text: &str) -> Exit {
    terminal.result(text);
    Exit::Success
}

fn failed(terminal: &Terminal, error: &dyn Diagnose) -> Exit {
    terminal.error(error);
    Exit::of_fault(error.fault())
}

/// Reads a manifest, and shows what is wrong with it.
pub(super) fn read_manifest(path: &Path, terminal: &Terminal) -> Result<Manifest, Exit> {
    let manifest = Manifest::read(path).map_err(|error| refused(&error, terminal))?;
    if !manifest.warnings.is_empty() && !terminal.is_quiet() {
        terminal.line(&manifest.warnings.render(terminal.colors_messages()));
    }
    Ok(manifest)
}

/// Reads a manifest and its lock, and shows what is wrong with them.
fn read(path: &Path, settings: &Settings, terminal: &Terminal) -> Result<(Manifest, Option<Lock>), Exit> {
    let path = settings.absolute(path);
    let manifest = read_manifest(&path, terminal)?;
    let lock = Lock::read(&Lock::path_for(&path)).map_err(|error| failed(terminal, &error))?;
    match lock {
        Some(lock) => {
            let manifest = manifest
                .with_lock(&lock)
                .map_err(|error| failed(terminal, &error))?;
            pipeline::own_files_as_locked(&manifest, &lock).map_err(|error| failed(terminal, &error))?;
            Ok((manifest, Some(lock)))
        }
        None => Ok((manifest, None)),
    }
}

fn refused(error: &ManifestError, terminal: &Terminal) -> Exit {
    if let ManifestError::Invalid(problems) = error {
        terminal.line(&problems.render(terminal.colors_messages()));
        return Exit::Usage;
    }
    failed(terminal, error)
}

fn show_demo(wanted: &DemoArguments, format: Format, settings: &Settings, terminal: &Terminal) -> Exit {
    let folder = settings.absolute(&wanted.folder);
    let manifest = match demo::write(&folder) {
        Ok(manifest) => manifest,
        Err(error) => return failed(terminal, &error),
    };
    terminal.message(
        "demo",
        "36",
        &format!("wrote a small project to {}", folder.display()),
    );
    if wanted.no_check {
        return show(terminal, &manifest.display().to_string());
    }
    let wanted = CheckArguments {
        manifests: vec![manifest],
        require: super::Policy::Review,
        fresh: false,
        confinement: wanted.confinement,
    };
    check(&wanted, format, settings, terminal)
}

fn check(wanted: &CheckArguments, format: Format, settings: &Settings, terminal: &Terminal) -> Exit {
    let mut exit = Exit::Success;
    let mut records = Vec::new();
    for path in &wanted.manifests {
        if terminal.is_cancelled() {
            break;
        }
        let ended = match check_one(path, wanted, settings, terminal) {
            Ok(Checked { report, unwritten }) => {
                let text = render(&report, format, terminal);
                match format {
                    Format::Text => terminal.result(&text),
                    Format::Json => records.push(text),
                }
                judged(&report, wanted, terminal).worst(kept(&report, unwritten.as_ref(), terminal))
            }
            Err(ended) => ended,
        };
        exit = exit.worst(ended);
    }
    if format == Format::Json {
        let text = joined(&records, wanted.manifests.len());
        text.iter().for_each(|text| terminal.result(text));
    }
    if terminal.is_cancelled() {
        Exit::Interrupted
    } else {
        exit
    }
}

/// The record of one manifest is a document; those of several are an array, however many there came to be.
pub(super) fn joined(records: &[String], asked: usize) -> Option<String> {
    match (records, asked) {
        ([], 1) => None,
        ([one], 1) => Some(one.clone()),
        (several, _) => Some(format!("[{}]", several.join(","))),
    }
}

/// Says where the report is not, if it could not be written.
fn kept(report: &Report, unwritten: Option<&std::io::Error>, terminal: &Terminal) -> Exit {
    let Some(error) = unwritten else {
        return Exit::Success;
    };
    let folder = report.folder.display();
    let text = format!("the report could not be written into `{folder}`: {error}");
    terminal.message("error", "31", &text);
    Exit::Undecided
}

fn check_one(
    path: &Path,
    wanted: &CheckArguments,
    settings: &Settings,
    terminal: &Terminal,
) -> Result<Checked, Exit> {
    let (manifest, lock) = read(path, settings, terminal)?;
    let unpinned = manifest.unpinned();
    if !unpinned.is_empty() {
        terminal.line(&unpinned.render(terminal.colors_messages()));
        return Err(Exit::Usage);
    }
    let executor = settings.executor(wanted.confinement);
    let ground = settings.ground(&executor, wanted.fresh);
    pipeline::check(manifest, lock.as_ref(), ground, terminal).map_err(|error| failed(terminal, &error))
}

fn render(report: &Report, format: Format, terminal: &Terminal) -> String {
    let name = match format {
        Format::Text => "text",
        Format::Json => "json",
    };
    renderer(name)
        .map(|renderer| renderer.render(report, terminal.look()))
        .unwrap_or_default()
}

fn judged(report: &Report, wanted: &CheckArguments, terminal: &Terminal) -> Exit {
    let decision = decide(&report.judgement, wanted.require.into(), report.previous.as_ref());
    let (exit, word, color) = match &decision {
        Decision::Holds(_) => (Exit::Success, "holds", "32"),
        Decision::Fails(_) => (Exit::PolicyFails, "does not hold", "31"),
        Decision::Undecided(_) => (Exit::Undecided, "could not be decided", "33"),
    };
    if exit == Exit::Success && terminal.is_quiet() {
        return exit;
    }
    let name = reproof::judge::Policy::from(wanted.require).code();
    // What a verdict rests on stands in the report already.
    let shown = match wanted.require {
        Policy::Adopt | Policy::Review => 1,
        Policy::Nightly => usize::MAX,
    };
    let reasons: Vec<&str> = decision
        .reasons()
        .iter()
        .take(shown)
        .map(String::as_str)
        .collect();
    let why = reasons.join("; ");
    terminal.message("policy", color, &format!("`{name}` {word}: {why}"));
    exit
}

fn plan_one(wanted: &ManifestArgument, format: Format, settings: &Settings, terminal: &Terminal) -> Exit {
    let (manifest, lock) = match read(&wanted.manifest, settings, terminal) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let executor = settings.executor(Confinement::default());
    let plan = pipeline::plan(&manifest, lock.as_ref(), settings.ground(&executor, false));
    let text = match format {
        Format::Text => plan::text(&plan, terminal.look()),
        Format::Json => plan::json(&plan),
    };
    show(terminal, &text)
}

fn lock(wanted: &LockArguments, settings: &Settings, terminal: &Terminal) -> Exit {
    let path = settings.absolute(&wanted.manifest);
    let manifest = match Manifest::read(&path) {
        Ok(manifest) => manifest,
        Err(error) => return refused(&error, terminal),
    };
    let executor = settings.executor(wanted.confinement);
    let locked = match pipeline::lock(&manifest, settings.ground(&executor, false), terminal) {
        Ok(locked) => locked,
        Err(error) => return failed(terminal, &error),
    };
    for finding in &locked.findings {
        terminal.message("note", "36", &finding.to_string());
    }
    let target: PathBuf = Lock::path_for(&path);
    if let Some(moved) = moved(&target, &locked.lock) {
        terminal.message("warning", "33", &moved);
    }
    match locked.lock.write(&target) {
        Ok(()) => show(terminal, &target.display().to_string()),
        Err(error) => failed(terminal, &error),
    }
}

/// What the lock that is about to be replaced said of the same name, if that was another commit.
fn moved(target: &Path, new: &Lock) -> Option<String> {
    let old = Lock::read(target).ok()??.code;
    let same_name = old.repository == new.code.repository && old.reference == new.code.reference;
    (same_name && old.commit != new.code.commit).then(|| {
        format!(
            "`{}` moved from {} to {}",
            old.reference, old.commit, new.code.commit
        )
    })
}

fn schema(of: Schema, terminal: &Terminal) -> Exit {
    let text = match of {
        Schema::Manifest => reproof::manifest::json_schema(),
        Schema::Record => report::schema(),
    };
    show(terminal, &text)
}

fn completions(shell: clap_complete::Shell, terminal: &Terminal) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "reproof", &mut text);
    show(terminal, &String::from_utf8_lossy(&text))
}

fn manual(terminal: &Terminal) -> Exit {
    let mut text = Vec::new();
    match clap_mangen::Man::new(super::command()).render(&mut text) {
        Ok(()) => show(terminal, &String::from_utf8_lossy(&text)),
        Err(error) => {
            terminal.message("error", "31", &format!("cannot write the manual page: {error}"));
            Exit::Undecided
        }
    }
}

/// The time at which the program was asked.
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// `30d` and its like.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("`{text}` is not a time such as `30d`: {error}"))
}
