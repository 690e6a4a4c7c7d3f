//! A small parser of HTML, for tables that a model wrote.
//!
//! It takes whatever comes and builds what libxml2 builds: an element that is
//! not closed is closed by the next one that cannot stand inside it, and an end
//! tag without its start is passed over. Nothing is inserted, so a table
//! without a `tbody` has none.

use std::borrow::Cow;

use super::references::reference;

/// Elements nested deeper than this are refused.
const DEEPEST: usize = 256;

/// More elements than this are refused.
const MOST_ELEMENTS: usize = 1 << 17;

/// An element, and the text that stands behind it.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its name in lower case.
    pub(super) tag: String,
    /// The attributes `colspan` and `rowspan`, as they are written.
    pub(super) colspan: Option<String>,
    pub(super) rowspan: Option<String>,
    /// The text before its first child.
    pub(super) text: String,
    /// The text between its end and the next sibling.
    pub(super) tail: String,
    /// Its children in order, all of them behind it in the document.
    pub(super) children: Vec<usize>,
}

/// The elements of a document in the order in which they begin; the first one is the root, without a name.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) elements: Vec<Element>,
}

/// Why a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    TooDeep,
    TooMany,
}

impl Document {
    /// Parses a document or a piece of one.
    ///
    /// # Errors
    ///
    /// When it nests too deep or has too many elements.
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut parser = Parser {
            rest: &text,
            document: Self {
                elements: vec![Element::default()],
            },
            open: vec![0],
        };
        while !parser.rest.is_empty() {
            parser.step()?;
        }
        Ok(parser.document)
    }

    /// The first table of the body: of the root where there is neither `html` nor `body`.
    pub(super) fn table(&self) -> Option<usize> {
        let child = |of: usize, tag: &str| {
            let children = self.elements[of].children.iter().copied();
            children
                .into_iter()
                .find(|child| self.elements[*child].tag == tag)
        };
        let html = child(0, "html").unwrap_or(0);
        let body = child(html, "body").unwrap_or(html);
        child(body, "table")
    }

    /// How many elements there are below one.
    pub(super) fn below(&self, element: usize) -> usize {
        let mut waiting = vec![element];
        let mut count = 0;
        while let Some(at) = waiting.pop() {
            waiting.extend(&self.elements[at].children);
            count += self.elements[at].children.len();
        }
        count
    }
}

struct Parser<'a> {
    rest: &'a str,
    document: Document,
    /// The elements that are not closed yet, the root first.
    open: Vec<usize>,
}

impl<'a> Parser<'a> {
    /// Takes the next piece of the text.
    fn step(&mut self) -> Result<(), Refused> {
        if self.in_raw_text() {
            self.raw_text();
            return Ok(());
        }
        let Some(markup) = self.rest.strip_prefix('<') else {
            self.plain_text();
            return Ok(());
        };
        if let Some(comment) = markup.strip_prefix("!--") {
            self.rest = after(comment, "-->");
        } else if markup.starts_with(['!', '?']) {
            self.rest = after(markup, ">");
        } else if let Some(end) = markup.strip_prefix('/') {
            self.end_tag(end);
        } else if markup.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return self.start_tag(markup);
        } else {
            self.push_text("<");
            self.rest = markup;
        }
        Ok(())
    }

    fn current(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    fn tag(&self, element: usize) -> &str {
        &self.document.elements[element].tag
    }

    fn in_raw_text(&self) -> bool {
        ["script", "style"].contains(&self.tag(self.current()))
    }

    /// Everything up to the end tag of a script or a style sheet.
    fn raw_text(&mut self) {
        let end = format!("</{}", self.tag(self.current()));
        let lower = self.rest.to_ascii_lowercase();
        let at = lower.find(&end).unwrap_or(lower.len());
        let (text, rest) = self.rest.split_at(at);
        self.push_text(text);
        self.rest = rest;
        if let Some(end) = rest.strip_prefix("</") {
            self.end_tag(end);
        }
    }

    fn plain_text(&mut self) {
        let (text, rest) = self.rest.split_at(self.rest.find('<').unwrap_or(self.rest.len()));
        self.push_text(&unescaped(text));
        self.rest = rest;
    }

    fn push_text(&mut self, text: &str) {
        let current = self.current();
        let last = self.document.elements[current].children.last().copied();
        match last {
            Some(child) => self.document.elements[child].tail.push_str(text),
            None => self.document.elements[current].text.push_str(text),
        }
    }

    fn end_tag(&mut self, text: &'a str) {
        let (name, rest) = name(text);
        self.rest = after(rest, ">");
        let Some(place) = self.open.iter().rposition(|element| self.tag(*element) == name) else {
            return;
        };
        // A misplaced end tag closes nothing that ranks above it.
        let held = self.open[place + 1..]
            .iter()
            .any(|element| rank(self.tag(*element)) > rank(&name));
        if place > 0 && !held {
            self.open.truncate(place);
        }
    }

    fn start_tag(&mut self, text: &'a str) -> Result<(), Refused> {
        let (tag, rest) = name(text);
        let mut element = Element {
            tag,
            ..Element::default()
        };
        let (rest, empty) = attributes(rest, &mut element);
        self.rest = rest;
        while self.open.len() > 1 && closes(&element.tag, self.tag(self.current())) {
            self.open.pop();
        }
        let at = self.document.elements.len();
        let parent = self.current();
        let stays_open = !empty && !VOID.contains(&element.tag.as_str());
        self.document.elements[parent].children.push(at);
        self.document.elements.push(element);
        if stays_open {
            self.open.push(at);
        }
        if self.document.elements.len() > MOST_ELEMENTS {
            return Err(Refused::TooMany);
        }
        if self.open.len() > DEEPEST {
            Err(Refused::TooDeep)
        } else {
            Ok(())
        }
    }
}

/// What stands behind the first `end`; nothing where there is none.
fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// The name of a tag in lower case, and what follows it.
fn name(text: &str) -> (String, &str) {
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>');
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    (name.to_ascii_lowercase(), rest)
}

/// Reads attributes up to the end of a tag; returns what follows it, and whether it ends in `/>`.
fn attributes<'a>(text: &'a str, element: &mut Element) -> (&'a str, bool) {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        if let Some(rest) = rest.strip_prefix("/>") {
            return (rest, true);
        }
        if let Some(rest) = rest.strip_prefix('>') {
            return (rest, false);
        }
        if rest.is_empty() {
            return (rest, false);
        }
        if let Some(stray) = rest.strip_prefix('/') {
            rest = stray;
            continue;
        }
        let (key, value, behind) = attribute(rest);
        rest = behind;
        let place = match key.as_str() {
            "colspan" => &mut element.colspan,
            "rowspan" => &mut element.rowspan,
            _ => continue,
        };
        // Of an attribute that stands there twice, the first one counts.
        place.get_or_insert_with(|| value.into_owned());
    }
}

/// The first attribute of a text that begins with one: its name in lower case, its value, and what follows.
fn attribute(text: &str) -> (String, Cow<'_, str>, &str) {
    let ends = |c: char| c.is_ascii_whitespace() || c == '/' || c == '>' || c == '=';
    // An `=` at the very start belongs to the name.
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = text[first..].find(ends).map_or(text.len(), |end| first + end);
    let (key, rest) = text.split_at(end);
    let key = key.to_ascii_lowercase();
    let Some(value) = rest
        .trim_start_matches(|c: char| c.is_ascii_whitespace())
        .strip_prefix('=')
    else {
        return (key, Cow::Borrowed(""), rest);
    };
    let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            let (value, rest) = quoted.split_once(quote).unwrap_or((quoted, ""));
            return (key, unescaped(value), rest);
        }
    }
    let end = value
        .find(|c: char| c.is_ascii_whitespace() || c == '>')
        .unwrap_or(value.len());
    (key, unescaped(&value[..end]), &value[end..])
}

/// The text with characters in place of references to them.
fn unescaped(text: &str) -> Cow<'_, str> {
    let stays = |c: char| c != '&' && (!c.is_control() || matches!(c, '\t' | '\n' | '\u{c}' | '\u{7f}'..));
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (c, len) = match c {
            '&' => reference(rest).unwrap_or(('&', 1)),
            c if stays(c) => (c, c.len_utf8()),
            control => (char::REPLACEMENT_CHARACTER, control.len_utf8()),
        };
        plain.push(c);
        rest = &rest[len..];
    }
    Cow::Owned(plain)
}

/// Elements that have no end.
const VOID: [&str; 16] = [
    "area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "isindex", "link",
    "meta", "param", "source", "wbr",
];

/// How strong the end of an element is against others that are still open.
fn rank(tag: &str) -> u16 {
    match tag {
        "div" => 150,
        "td" | "th" => 160,
        "tr" => 170,
        "thead" | "tbody" | "tfoot" => 180,
        "table" => 190,
        "head" | "body" => 200,
        "html" => 220,
        _ => 100,
    }
}

/// Whether an element that begins closes the innermost open one, which is `open`.
fn closes(begins: &str, open: &str) -> bool {
    let cells = ["td", "th"].contains(&open);
    let columns = ["caption", "colgroup"].contains(&open);
    let heading = ["h1", "h2", "h3", "h4", "h5", "h6"].contains(&open);
    match begins {
        "td" | "th" => cells || ["p", "span", "b", "i", "u", "a", "font"].contains(&open),
        "tr" => cells || columns || ["tr", "p"].contains(&open),
        "tbody" => cells || columns || ["thead", "tbody", "tfoot", "tr", "p"].contains(&open),
        "tfoot" => cells || columns || ["thead", "tbody", "tr", "p"].contains(&open),
        "thead" => columns,
        "colgroup" => columns || open == "p",
        "col" => ["caption", "p"].contains(&open),
        "table" => heading || ["p", "a", "pre"].contains(&open),
        "p" => heading || ["p", "b", "i", "u", "small", "strike", "s", "tt"].contains(&open),
        "li" => heading || ["p", "li", "pre", "dl"].contains(&open),
        "ul" => ["p", "pre"].contains(&open),
        "dt" | "dd" => ["p", "pre", "dt", "dd"].contains(&open) && begins != open,
        "a" | "option" => begins == open,
        "caption" | "div" | "ol" | "dl" | "pre" | "hr" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
            open == "p"
        }
        _ => false,
    }
}
