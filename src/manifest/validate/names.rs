//! What is declared, and what refers to it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::problem::{Problem, ProblemKind, Problems, quoted};
use super::super::reader::{At, List, Maybe, nearest};
use super::super::scalar::Line;
use super::{entries, report_repeats};

/// The ids of one sort of thing.
pub(super) struct Names<'r> {
    what: &'static str,
    section: &'static str,
    known: Vec<&'r str>,
    /// Whether all ids could be read: otherwise nothing can be called dangling.
    complete: bool,
    used: BTreeSet<String>,
}

impl<'r> Names<'r> {
    /// The names with their places, in the order of the file; `None` for one that could not be read. Reports repeats.
    pub(super) fn new(
        what: &'static str,
        section: &'static str,
        names: impl Iterator<Item = Option<(&'r str, &'r Range<usize>)>>,
        problems: &mut Problems,
    ) -> Self {
        let names: Vec<_> = names.collect();
        report_repeats(what, names.iter().copied().flatten(), problems);
        Self {
            what,
            section,
            complete: names.iter().all(Option::is_some),
            known: names.into_iter().flatten().map(|(name, _)| name).collect(),
            used: BTreeSet::new(),
        }
    }

    /// Takes the names for incomplete if `unreadable`.
    pub(super) fn unless(mut self, unreadable: bool) -> Self {
        self.complete &= !unreadable;
        self
    }

    /// Whether there is one called `name`.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.known.contains(&name)
    }

    /// Whether nothing referred to `name`.
    pub(super) fn is_unused(&self, name: &str) -> bool {
        !self.used.contains(name)
    }

    /// The name that `reference` refers to, or a report that there is none.
    pub(super) fn resolve(
        &mut self,
        name: &str,
        span: &Range<usize>,
        problems: &mut Problems,
    ) -> Option<String> {
        if self.contains(name) {
            self.used.insert(name.to_owned());
            return Some(name.to_owned());
        }
        if self.complete && !problems.is_full() {
            problems.push(self.dangling(name, span));
        }
        None
    }

    /// As [`Self::resolve`], for something written.
    pub(super) fn resolve_line(
        &mut self,
        reference: &Maybe<Line>,
        problems: &mut Problems,
    ) -> Option<String> {
        let reference = reference.as_ref()?;
        self.resolve(&reference.value.0, &reference.span, problems)
    }

    /// As [`Self::resolve`], for each of a list; reports repeats.
    pub(super) fn resolve_all(
        &mut self,
        list: &Maybe<List<Line>>,
        problems: &mut Problems,
    ) -> Option<Vec<String>> {
        let named = |entry: &At<Line>| entry.value.0.clone();
        report_repeats(
            self.what,
            entries(list).map(|entry| (entry.value.0.as_str(), &entry.span)),
            problems,
        );
        let resolved: Vec<_> = entries(list)
            .map(|entry| self.resolve(&named(entry), &entry.span, problems))
            .collect();
        resolved.into_iter().collect()
    }

    fn dangling(&self, name: &str, span: &Range<usize>) -> Problem {
        let message = format!("there is no {} {}", self.what, quoted(name));
        let problem = Problem::new(ProblemKind::DanglingReference, span, message);
        match nearest(name, &self.known) {
            Some(near) => problem.label(format!("did you mean `{near}`?")),
            None if self.known.is_empty() => problem.hint(format!("declare it under `[[{}]]`", self.section)),
            None => problem.hint(format!(
                "declared are {}",
                super::super::reader::listed(&self.known)
            )),
        }
    }
}
