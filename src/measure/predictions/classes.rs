//! Classes by name, and which of two is the positive one.

use std::collections::HashMap;

use super::Classes;
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};
use crate::table::shown;

/// More classes than this are numbers, or noise.
const MOST_CLASSES: usize = 1 << 20;

/// The longest name of a class, in bytes.
const LONGEST_NAME: usize = 1024;

/// Whole numbers below this have their codes in a list.
const SMALL: usize = 1 << 12;

/// How many names are remembered by a few of their bytes.
const RECENT: usize = 1 << 8;

/// Names of classes in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct Interner {
    codes: HashMap<String, u32>,
    names: Vec<String>,
    /// The code last met for names that share some bytes: most rows name one of a few classes.
    recent: Vec<u32>,
    /// One more than the code of each small whole number; 0 where it was not met.
    small: Vec<u32>,
    whole: HashMap<i64, u32>,
    /// By the bits of a number.
    numbers: HashMap<u64, u32>,
}

impl Interner {
    /// The number of the class called `name`, without the space around it.
    ///
    /// # Errors
    ///
    /// When there are too many classes, or the name is too long for one.
    pub(super) fn code(&mut self, name: &str) -> Result<u32, Unmeasured> {
        let name = name.trim();
        let place = some_bytes(name.as_bytes()) % RECENT;
        if let Some(&code) = self.recent.get(place)
            && self.name(code) == name
            && (code as usize) < self.names.len()
        {
            return Ok(code);
        }
        let code = self.known_or_new(name)?;
        self.recent.resize(RECENT, u32::MAX);
        self.recent[place] = code;
        Ok(code)
    }

    /// The number of the class that is a whole number.
    ///
    /// # Errors
    ///
    /// When there are too many classes.
    pub(super) fn whole(&mut self, number: i64) -> Result<u32, Unmeasured> {
        let small = usize::try_from(number).ok().filter(|number| *number < SMALL);
        let known = match small {
            Some(number) => self.small.get(number).and_then(|code| code.checked_sub(1)),
            None => self.whole.get(&number).copied(),
        };
        if let Some(code) = known {
            return Ok(code);
        }
        let code = self.known_or_new(&number.to_string())?;
        match small {
            Some(number) => {
                self.small.resize(SMALL, 0);
                self.small[number] = code + 1;
            }
            None => {
                self.whole.insert(number, code);
            }
        }
        Ok(code)
    }

    /// The number of the class that is a floating-point number, `1.0` and its like.
    ///
    /// # Errors
    ///
    /// When there are too many classes.
    pub(super) fn number(&mut self, number: f64) -> Result<u32, Unmeasured> {
        if let Some(&code) = self.numbers.get(&number.to_bits()) {
            return Ok(code);
        }
        let code = self.known_or_new(&format!("{number:?}"))?;
        self.numbers.insert(number.to_bits(), code);
        Ok(code)
    }

    fn known_or_new(&mut self, name: &str) -> Result<u32, Unmeasured> {
        if let Some(&code) = self.codes.get(name) {
            return Ok(code);
        }
        if self.names.len() >= MOST_CLASSES || name.len() > LONGEST_NAME {
            return Err(not_classes());
        }
        let code = u32::try_from(self.names.len()).map_err(|_| not_classes())?;
        self.codes.insert(name.to_owned(), code);
        self.names.push(name.to_owned());
        Ok(code)
    }

    /// How many classes were met so far.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The name behind a code.
    pub(super) fn name(&self, code: u32) -> &str {
        self.names.get(code as usize).map_or("", String::as_str)
    }

    /// The columns with the classes sorted, and the form in which differently written classes were taken as one.
    ///
    /// Numbers are compared as numbers only when every class on both sides,
    /// those of `scored` included, is a whole number: `1`, `1.0` and `01` are then one class.
    /// So are `True`, `true` and `1` where all are truth values; they are called as the labels call them.
    pub(super) fn finish(
        self,
        mut truth: Vec<u32>,
        mut predicted: Option<Vec<u32>>,
        scored: &[String],
    ) -> (Classes, Option<Form>) {
        let everything = self.names.iter().chain(scored);
        let form = Form::of(&everything);
        let like = self.names.first().map_or("", String::as_str);
        let canonical = |name: &String| match form {
            Form::Truth => written_like(like, name),
            Form::Whole | Form::Text => form.plain(name),
        };
        let merged = everything.clone().any(|name| canonical(name) != *name);
        let canonical: Vec<String> = self.names.iter().map(canonical).collect();
        let mut names = canonical.clone();
        names.sort_by(|a, b| order(a, b, form));
        names.dedup();
        let place: HashMap<&str, u32> = (0..).zip(&names).map(|(at, name)| (name.as_str(), at)).collect();
        let recode: Vec<u32> = canonical.iter().map(|name| place[name.as_str()]).collect();
        let both = truth.iter_mut().chain(predicted.iter_mut().flatten());
        both.for_each(|code| *code = recode[*code as usize]);
        let classes = Classes {
            present: names.len(),
            names,
            truth,
            predicted,
        };
        (classes, merged.then_some(form))
    }
}

/// A number that names of classes seldom share: from their length and their last bytes.
fn some_bytes(name: &[u8]) -> usize {
    let last = name.iter().rev().take(4);
    last.fold(name.len(), |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    })
}

/// A class that stands there twice.
pub(super) fn repeated(classes: &[u32]) -> Option<u32> {
    let mut met = std::collections::HashSet::new();
    classes.iter().copied().find(|class| !met.insert(*class))
}

fn not_classes() -> Unmeasured {
    let detail = format!(
        "more than {MOST_CLASSES} different classes, or one with a name of over {LONGEST_NAME} bytes"
    );
    invalid(Fault::Manifest, detail).hint("check that `target` and `prediction` are the columns of the class")
}

pub(super) fn order(a: &str, b: &str, form: Form) -> std::cmp::Ordering {
    let number = |text: &str| text.parse::<i64>().ok();
    match form {
        Form::Whole => number(a).cmp(&number(b)),
        Form::Truth | Form::Text => a.cmp(b),
    }
}

/// What all names of some classes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    /// True and false, written in more than one way: see [`truth`].
    Truth,
    Text,
}

impl Form {
    pub(super) fn of<'a>(names: &(impl Iterator<Item = &'a String> + Clone)) -> Self {
        let mut ways = names.clone().map(|name| truth(name).map(|(way, _)| way));
        let first = ways.next().flatten();
        if names.clone().all(|name| whole_value(name).is_some()) {
            Self::Whole
        } else if names.clone().all(|name| truth(name).is_some()) && ways.any(|way| way != first) {
            Self::Truth
        } else {
            Self::Text
        }
    }

    /// What classes of this form are, in words.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Whole => "whole numbers",
            Self::Truth => "truth values",
            Self::Text => "texts",
        }
    }

    /// A name in the form in which those that are the same class are the same text.
    pub(super) fn plain(self, name: &str) -> String {
        match self {
            Self::Whole => whole_number(name).unwrap_or_else(|| name.to_owned()),
            Self::Truth => written_like("true", name),
            Self::Text => name.to_owned(),
        }
    }
}

/// The plain form of a whole number: `1` for `1.0`, `01`, `+1` and `1e0`; `None` for anything else.
pub(super) fn whole_number(text: &str) -> Option<String> {
    whole_value(text).map(|number| number.to_string())
}

/// A whole number in any of the forms in which it is written.
///
/// Whole numbers beyond 2⁵³ need all their digits: as floating-point numbers they would run together.
pub(super) fn whole_value(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(number);
    }
    let looks_like_one = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = text.parse::<f64>().ok().filter(|_| looks_like_one)?;
    let exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    exact.then_some(number as i64)
}

/// How false and true are written: by JSON, by Python, by R, and as numbers.
const TRUTHS: [[&str; 2]; 4] = [
    ["false", "true"],
    ["False", "True"],
    ["FALSE", "TRUE"],
    ["0", "1"],
];

/// In which of the ways of [`TRUTHS`] a truth value is written, and which it is.
fn truth(name: &str) -> Option<(usize, usize)> {
    let number = whole_number(name);
    let name = number.as_deref().unwrap_or(name);
    let in_way = |words: &[&str; 2]| words.iter().position(|word| *word == name);
    TRUTHS
        .iter()
        .enumerate()
        .find_map(|(way, words)| Some((way, in_way(words)?)))
}

/// A truth value in the way in which `like` is written; any other name as it is.
fn written_like(like: &str, name: &str) -> String {
    let written = || Some(TRUTHS[truth(like)?.0][truth(name)?.1]);
    written().unwrap_or(name).to_owned()
}

/// Where among `names` the class called `name` stands, in whichever form its number or truth value is written.
pub(super) fn place(names: &[String], name: &str) -> Option<usize> {
    let at = |name: &str| names.iter().position(|known| known == name);
    let as_truth = || {
        let alike = names.iter().all(|name| truth(name).is_some());
        alike.then(|| at(&written_like(names.first()?, name))).flatten()
    };
    at(name).or_else(|| at(&whole_number(name)?)).or_else(as_truth)
}

/// Pairs of classes of which the second is obviously the positive one, in lower case.
const OBVIOUS: [(&str, &str); 9] = [
    ("0", "1"),
    ("-1", "1"),
    ("false", "true"),
    ("f", "t"),
    ("no", "yes"),
    ("n", "y"),
    ("negative", "positive"),
    ("neg", "pos"),
    ("-", "+"),
];

/// The positive class among at most two that occur.
pub(super) fn positive(names: &[String], declared: Option<&str>) -> Result<String, Unmeasured> {
    match declared.map(str::trim) {
        Some(declared) => declared_positive(names, declared),
        None => obvious_positive(names).ok_or_else(|| {
            let detail = format!(
                "which of the classes {} is the positive one is not said",
                listed(names)
            );
            invalid(Fault::Manifest, detail)
                .hint("add `positive = \"…\"` to `measure`; on the command line, `--positive`")
        }),
    }
}

fn declared_positive(names: &[String], declared: &str) -> Result<String, Unmeasured> {
    match place(names, declared) {
        Some(at) => Ok(names[at].clone()),
        // One class alone may well be the negative one.
        None if names.len() < 2 => Ok(declared.to_owned()),
        None => {
            let detail = format!(
                "the positive class `{}` is none of {}",
                shown(declared),
                listed(names)
            );
            Err(invalid(Fault::Manifest, detail).hint("give `positive` the name of one of the two classes"))
        }
    }
}

fn obvious_positive(names: &[String]) -> Option<String> {
    let lower: Vec<_> = names.iter().map(|name| name.to_lowercase()).collect();
    let fits = |&&(negative, positive): &&(&str, &str)| {
        lower.iter().all(|name| name == negative || name == positive)
    };
    let (_, positive) = OBVIOUS.iter().find(fits)?;
    let written = lower.iter().position(|name| name == positive);
    Some(written.map_or((*positive).to_owned(), |at| names[at].clone()))
}

/// The first few names, for messages.
pub(in crate::measure) fn listed(names: &[String]) -> String {
    let few: Vec<_> = names
        .iter()
        .take(3)
        .map(|name| format!("`{}`", shown(name)))
        .collect();
    let more = names.len().saturating_sub(few.len());
    if more == 0 {
        few.join(", ")
    } else {
        format!("{} and {more} more", few.join(", "))
    }
}
