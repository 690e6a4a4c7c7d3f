//! Other people's text: titles, statements, log lines, file names. None of it becomes markup, moves a cursor or
//! reorders what stands beside it.

/// `text` without what a terminal or a page would obey: control characters other than line feed and tab, and
/// the marks that reorder text or hide it.
pub fn visible(text: &str) -> String {
    let shown = |c: char| {
        if is_obeyed(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// The same on one line, without spaces that nobody sees.
pub fn one_line(text: &str) -> String {
    let spaced = text.replace('\r', " ");
    visible(&spaced).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_obeyed(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Marks of direction, and tags that no font shows.
        '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

/// As words in Markdown, in a table or out of it.
pub(super) fn markdown(text: &str) -> String {
    not_a_list(escaped(&one_line(text)))
}

/// One line without markup; only its start may still mean something.
fn escaped(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // An address on its own becomes a link; a mention notifies.
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// A line that starts like a list, a heading's underline or a rule does not.
fn not_a_list(line: String) -> String {
    if line.starts_with(['-', '+', '=']) {
        return format!("\\{line}");
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let mut after = line[digits..].chars();
    let mark = matches!(after.next(), Some('.' | ')'));
    if digits > 0 && mark && matches!(after.next(), None | Some(' ')) {
        return format!("{}\\{}", &line[..digits], &line[digits..]);
    }
    line
}

/// One of our messages in Markdown: what stands between backticks becomes code, the rest words.
pub(super) fn prose(text: &str) -> String {
    let line = one_line(text);
    let parts: Vec<&str> = line.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return markdown(&line);
    }
    let shown = parts.iter().enumerate().map(
        |(index, part)| {
            if index % 2 == 1 { code(part) } else { escaped(part) }
        },
    );
    not_a_list(shown.collect())
}

/// As inline code in Markdown, in a table or out of it; a dash for nothing.
pub(super) fn code(text: &str) -> String {
    let line = one_line(text);
    if line.is_empty() {
        return "–".to_owned();
    }
    // Neither can be written between backticks so that it is the same in a table and out of one.
    if line.contains(['`', '|']) {
        return format!("<code>{}</code>", markdown(&line));
    }
    format!("`{line}`")
}

/// Lines as a fenced block of Markdown.
pub(super) fn block(language: &str, text: &str) -> String {
    let text = visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// As one word of a POSIX shell.
pub(super) fn shell(word: &str) -> String {
    let word = visible(word);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_make_no_markup() {
        assert_eq!(
            markdown("<script>alert(1)</script>"),
            "&lt;script&gt;alert(1)&lt;/script&gt;"
        );
        assert_eq!(
            markdown("[x](javascript:1) **b**\n# h"),
            "\\[x\\](javascript:1) \\*\\*b\\*\\* \\# h"
        );
        assert_eq!(
            markdown("see https://evil.example @you"),
            "see https&#58;//evil.example &#64;you"
        );
        assert_eq!(markdown("- item"), "\\- item");
        assert_eq!(markdown("---"), "\\---");
        assert_eq!(markdown("12. item"), "12\\. item");
        assert_eq!(markdown("1.5 points"), "1.5 points");
    }

    #[test]
    fn code_is_code_whatever_is_in_it() {
        assert_eq!(code("a <b> *c*"), "`a <b> *c*`");
        assert_eq!(code("a`b|c"), "<code>a\\`b\\|c</code>");
        assert_eq!(
            code("</code><script>`"),
            "<code>&lt;/code&gt;&lt;script&gt;\\`</code>"
        );
        assert_eq!(block("", "```\nend\n"), "````\n```\nend\n````\n");
    }

    #[test]
    fn our_own_messages_keep_their_names() {
        assert_eq!(prose("`a_b` is *new*"), "`a_b` is \\*new\\*");
        assert_eq!(prose("step `a`, then `b`: - end"), "step `a`, then `b`: - end");
        assert_eq!(prose("one ` alone <b>"), "one \\` alone &lt;b&gt;");
        assert_eq!(prose("`a|b`"), "<code>a\\|b</code>");
    }

    #[test]
    fn nothing_is_obeyed() {
        assert_eq!(one_line("a\u{1b}[2J\u{202e}b\r\nc"), "a\u{fffd}[2J\u{fffd}b c");
        assert_eq!(visible("a\tb\nc\u{7}\u{2067}"), "a\tb\nc\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_word_of_a_shell_is_one_word() {
        assert_eq!(shell("--seed=3"), "--seed=3");
        assert_eq!(shell("$(rm -rf ~)"), "'$(rm -rf ~)'");
        assert_eq!(shell("it's"), "'it'\\''s'");
        assert_eq!(shell(""), "''");
    }
}
