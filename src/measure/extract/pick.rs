//! Which of several matches counts.

use crate::error::Fault;
use crate::manifest::Pick;
use crate::reason::{Unmeasured, invalid};

/// More matches than this are not runs.
const MOST: usize = 100_000;

/// A piece of text that is meant to be a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The text, at most [`Candidate::LONGEST`] bytes of it.
    pub(super) number: String,
    /// Whether a `%` follows behind it.
    pub(super) percent: bool,
    /// Where it stands.
    pub(super) place: String,
    /// The text around it, for the report.
    pub(super) shown: String,
}

impl Candidate {
    /// No number is longer than this.
    pub(super) const LONGEST: usize = 400;
}

/// What was picked.
#[derive(Debug, Default)]
pub(super) struct Matches {
    pub(super) candidates: Vec<Candidate>,
    pub(super) notes: Vec<String>,
}

impl From<Vec<Candidate>> for Matches {
    fn from(candidates: Vec<Candidate>) -> Self {
        Self {
            candidates,
            notes: Vec::new(),
        }
    }
}

/// Keeps what may count, in bounded memory.
#[derive(Debug)]
pub(super) struct Picker {
    pick: Pick,
    kept: Vec<Candidate>,
    seen: u64,
}

impl Picker {
    pub(super) fn new(pick: Pick) -> Self {
        Self {
            pick,
            kept: Vec::new(),
            seen: 0,
        }
    }

    /// Takes the next match, and says whether later ones can matter.
    pub(super) fn offer(&mut self, candidate: impl FnOnce() -> Candidate) -> bool {
        self.seen += 1;
        match self.pick {
            Pick::Last => self.kept.clear(),
            Pick::First if !self.kept.is_empty() => return true,
            Pick::Only if self.kept.len() >= 4 => return true,
            Pick::All | Pick::Best if self.kept.len() >= MOST => return false,
            Pick::First | Pick::Only | Pick::All | Pick::Best => {}
        }
        self.kept.push(candidate());
        true
    }

    /// What counts; nothing if nothing matched. `what` names the matches, as in `matches of …`.
    ///
    /// # Errors
    ///
    /// When there are several where one is meant, or far too many.
    pub(super) fn finish(self, what: &str) -> Result<Option<Matches>, Unmeasured> {
        if self.kept.is_empty() {
            return Ok(None);
        }
        match self.pick {
            Pick::Only if self.seen > 1 => Err(self.several(what)),
            Pick::All | Pick::Best if self.seen > MOST as u64 => {
                let detail = format!("more than {MOST} {what}");
                Err(invalid(Fault::Manifest, detail).hint("make the pattern narrower"))
            }
            Pick::First | Pick::Last | Pick::Only | Pick::All | Pick::Best => Ok(Some(self.matches(what))),
        }
    }

    fn several(self, what: &str) -> Unmeasured {
        let places: Vec<_> = self.kept.iter().take(3).map(|kept| kept.place.as_str()).collect();
        let more = if self.seen > 3 { ", …" } else { "" };
        let detail = format!(
            "{} {what} where one is meant: {}{more}",
            self.seen,
            places.join(", ")
        );
        invalid(Fault::Manifest, detail)
            .hint("make it narrower, or say `pick = \"last\"`, `\"first\"` or `\"all\"` (each is a run)")
    }

    fn matches(self, what: &str) -> Matches {
        let which = match self.pick {
            Pick::First => Some("first"),
            Pick::Last => Some("last"),
            Pick::Only | Pick::All | Pick::Best => None,
        };
        let note = which
            .filter(|_| self.seen > 1)
            .map(|which| format!("the {which} of {} {what}", self.seen));
        Matches {
            candidates: self.kept,
            notes: note.into_iter().collect(),
        }
    }
}
