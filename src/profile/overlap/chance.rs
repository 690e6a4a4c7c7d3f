//! Whether equal rows are copies, or rows that any two people could have had alike.
//!
//! Three yes-or-no answers agree by chance, seventeen digits do not. A match is
//! called a leak only if its chance is small enough that, of all rows called so, at
//! most one in a hundred is expected to be a coincidence (Benjamini and Hochberg
//! over all test rows).
//!
//! The chance of a pattern comes from its two halves: how many *other* patterns of
//! the train split share the left one, and how many the right one. Copies do not
//! disturb this, since a pattern counts once. Shares of rare halves are corrected
//! as Good and Turing did, from how many halves are seen once and twice.
//!
//! References: I. J. Good, *The population frequencies of species and the estimation
//! of population parameters*, Biometrika 40 (1953); Y. Benjamini and Y. Hochberg,
//! *Controlling the false discovery rate*, 1995.

use rayon::prelude::*;

/// The expected share of coincidences among the rows that are called leaked.
const FALSE_SHARE: f64 = 0.01;

/// Good and Turing's correction is for values that are seen at most this often.
const RARE: usize = 5;

/// How often values are seen: how many are seen once, twice, and so on.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// `of[r]` values are seen r times.
    of: [f64; RARE + 2],
    /// Different values.
    values: usize,
    /// Times that a value is seen, in all.
    total: f64,
}

impl Seen {
    /// Adds a value that is seen `times`.
    fn add(&mut self, times: usize) {
        self.values += 1;
        self.total += times as f64;
        if let Some(count) = self.of.get_mut(times) {
            *count += 1.0;
        }
    }

    /// The probability of one value that is seen `times`.
    fn share(&self, times: usize) -> f64 {
        if times > RARE {
            return times as f64 / self.total;
        }
        if times == 0 || self.of[times] == 0.0 {
            return 0.0;
        }
        let more = self.of[times + 1].max(self.repeating() * self.of[times]);
        (times + 1) as f64 * more / self.of[times] / self.total
    }

    /// The share of values that are seen more than once.
    ///
    /// Where it is large, that none is seen just twice is no proof that those seen once are rare.
    fn repeating(&self) -> f64 {
        1.0 - self.of[1] / (self.values as f64).max(1.0)
    }

    /// The probability of all values together that are seen `times`; 1 of those that are not rare.
    fn mass(&self, times: usize) -> f64 {
        if (1..=RARE).contains(&times) {
            self.share(times) * self.of[times]
        } else {
            1.0
        }
    }
}

/// What the patterns of a split say about coincidence.
pub(super) struct Chance {
    /// Whether rows have two halves.
    halves: bool,
    patterns: Seen,
    left: Side,
    right: Side,
    /// How many of all test rows match a pattern that is seen so often.
    matched: [f64; RARE + 1],
    rows: f64,
}

/// One half of the patterns.
struct Side {
    /// The half of every pattern, sorted.
    values: Vec<u64>,
    seen: Seen,
}

impl Side {
    fn of(mut values: Vec<u64>) -> Self {
        values.par_sort_unstable();
        let mut seen = Seen::default();
        values
            .chunk_by(|a, b| a == b)
            .for_each(|same| seen.add(same.len()));
        Self { values, seen }
    }

    /// How many patterns have this half.
    fn count(&self, half: u64) -> usize {
        let from = self.values.partition_point(|value| *value < half);
        self.values[from..].partition_point(|value| *value == half)
    }
}

/// A pattern: its halves, and how many rows have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern {
    pub(super) left: u64,
    pub(super) right: u64,
    pub(super) times: usize,
}

impl Chance {
    /// Learns from all patterns of the train split.
    pub(super) fn of(patterns: &[Pattern], halves: bool) -> Self {
        let mut seen = Seen::default();
        patterns.iter().for_each(|pattern| seen.add(pattern.times));
        let (left, right) = rayon::join(
            || Side::of(patterns.iter().map(|pattern| pattern.left).collect()),
            || Side::of(patterns.iter().map(|pattern| pattern.right).collect()),
        );
        Self {
            halves,
            patterns: seen,
            left,
            right,
            matched: [0.0; RARE + 1],
            rows: 0.0,
        }
    }

    /// Takes note of which patterns the test split has, and in how many of all its rows.
    pub(super) fn met(mut self, patterns: impl Iterator<Item = (usize, usize)>, rows: u64) -> Self {
        self.rows = rows as f64;
        for (times, count) in patterns {
            if let Some(matched) = self.matched.get_mut(times) {
                *matched += count as f64;
            }
        }
        self
    }

    /// The share of test rows that find an equal train row if both splits come from one source.
    pub(super) fn expected(&self) -> f64 {
        1.0 - self.patterns.of[1] / self.patterns.total.max(1.0)
    }

    /// Whether test rows match patterns seen so often no more than the train split's own repeats let expect.
    fn is_expected(&self, times: usize) -> bool {
        let matched = self.matched.get(times).copied().unwrap_or(0.0);
        self.patterns.mass(times) * self.rows > FALSE_SHARE * matched
    }

    /// How likely a test row that has nothing to do with the train split matches as `pattern` does.
    ///
    /// If most patterns repeat, or another pattern has one of the halves and a third the other,
    /// then the row is made of common parts, which may also depend on each other: the repeats
    /// of the train split are an explanation too.
    pub(super) fn of_match(&self, pattern: &Pattern) -> f64 {
        let expected = self.is_expected(pattern.times);
        if !self.halves {
            return if expected { 1.0 } else { 0.0 };
        }
        let (together, common) = self.together(pattern);
        if expected && (common || self.repeats()) {
            1.0
        } else {
            together.min(1.0)
        }
    }

    /// How likely rows inside one split repeat as `pattern` does.
    pub(super) fn of_repeat(&self, pattern: &Pattern) -> f64 {
        if !self.halves || (pattern.times > RARE && self.repeats()) {
            return 1.0;
        }
        self.together(pattern).0.min(1.0)
    }

    /// Whether most patterns are seen more than once.
    fn repeats(&self) -> bool {
        self.patterns.repeating() > 0.5
    }

    /// How many rows are expected to have both halves if these are independent, and whether both are common.
    fn together(&self, pattern: &Pattern) -> (f64, bool) {
        let (left, right) = (self.left.count(pattern.left), self.right.count(pattern.right));
        let share = self.left.seen.share(left) * self.right.seen.share(right);
        (share * self.patterns.values as f64, left >= 2 && right >= 2)
    }
}

/// The largest chance at which a match still counts as a leak, of `matches` of `all` rows.
///
/// `matches` are chances and how many rows have each. `None`: none does.
pub(super) fn limit(mut matches: Vec<(f64, usize)>, all: u64) -> Option<f64> {
    matches.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rows, mut found) = (0, None);
    for (chance, count) in matches {
        rows += count;
        if chance * all as f64 <= FALSE_SHARE * rows as f64 {
            found = Some(chance);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_that_of_benjamini_and_hochberg() {
        let chances = [0.001, 0.000_01, 0.5, 0.000_2, 1.0, 0.03];
        let adjusted = crate::stats::benjamini_hochberg(&chances).expect("p values");
        let found = limit(chances.iter().map(|chance| (*chance, 1)).collect(), 6);
        let called =
            |(chance, q): (&f64, &f64)| (*q <= FALSE_SHARE) == found.is_some_and(|limit| *chance <= limit);
        assert!(chances.iter().zip(&adjusted).all(called));
        assert_eq!(limit(vec![(0.5, 3)], 10), None);
        assert_eq!(limit(Vec::new(), 10), None);
    }

    #[test]
    fn rare_values_are_corrected_by_those_seen_once_more() {
        let mut seen = Seen::default();
        for times in [1, 1, 1, 1, 2, 2, 9] {
            seen.add(times);
        }
        assert_eq!(seen.share(1), 2.0 * 2.0 / 4.0 / 17.0);
        assert!((seen.share(2) - 3.0 * (3.0 / 7.0) / 17.0).abs() < 1e-15); // none is seen three times, but many repeat
        assert_eq!(seen.share(9), 9.0 / 17.0);
        assert_eq!(seen.share(0), 0.0);
        assert_eq!(seen.mass(1), 4.0 / 17.0);
    }
}
