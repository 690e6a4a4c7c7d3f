//! Whether a confusion matrix of whole numbers has all the scores: branch and bound over (positives, tp, tn).
//!
//! A block of matrices is dropped as soon as one score cannot be had inside it, and halved otherwise. The answer is exact:
//! a matrix, or the proof that there is none; or that the search was given up after a fixed number of blocks.
//!
//! Reference for the problem: A. Fazekas and G. Kovács, *Testing the consistency of performance scores reported for binary
//! classification problems*, 2023, and their package mlscorecheck.

use super::claim::Span;
use super::score::{Cells, Region, Score};

/// A confusion matrix of two classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Positive examples that are predicted positive.
    pub true_positives: u64,
    /// Positive examples that are predicted negative.
    pub false_negatives: u64,
    /// Negative examples that are predicted positive.
    pub false_positives: u64,
    /// Negative examples that are predicted negative.
    pub true_negatives: u64,
}

/// More examples than this are not searched through.
pub(super) const LARGEST: u64 = 1_000_000_000;

/// What is wanted of a matrix.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// All examples, of all runs together; from 1 to [`LARGEST`].
    pub(super) examples: u64,
    /// The positive ones, if known; at most `examples`.
    pub(super) positives: Option<u64>,
    pub(super) scores: &'a [(Score, Span)],
}

/// What came of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Matrix(Matrix),
    Nothing,
    GaveUp,
}

/// Whole numbers from `.0` to `.1`.
type Range = (i64, i64);

/// Matrices whose positives, true positives and true negatives lie in these ranges.
#[derive(Clone, Copy, Debug)]
struct Block {
    positives: Range,
    tp: Range,
    tn: Range,
}

/// Searches, and takes what it looks at from `budget`.
pub(super) fn search(wanted: &Wanted<'_>, budget: &mut u64) -> Found {
    let examples = i64::try_from(wanted.examples.min(LARGEST)).unwrap_or(i64::MAX);
    let positives = match wanted.positives {
        Some(known) => i64::try_from(known).map_or((examples, examples), |known| (known, known)),
        None => (0, examples),
    };
    let mut waiting = vec![Block {
        positives,
        tp: (0, examples),
        tn: (0, examples),
    }];
    while let Some(next) = waiting.pop() {
        if *budget == 0 {
            return Found::GaveUp;
        }
        *budget -= 1;
        let Some(found) = next.trimmed(examples) else {
            continue;
        };
        let region = found.region(examples);
        if !wanted
            .scores
            .iter()
            .all(|(score, span)| within(*score, *span, &region))
        {
            continue;
        }
        match found.halves() {
            Some(halves) => waiting.extend(halves),
            None => {
                if wanted
                    .scores
                    .iter()
                    .all(|(score, span)| fits(*score, *span, region.best))
                {
                    return Found::Matrix(found.matrix(examples));
                }
            }
        }
    }
    Found::Nothing
}

fn within(score: Score, span: Span, region: &Region) -> bool {
    let (low, high) = score.bounds(region);
    span.meets(Span { low, high }.loosened())
}

/// Whether some reading of the score lies in `span`.
pub(super) fn fits(score: Score, span: Span, cells: Cells) -> bool {
    score.readings(cells).into_iter().any(|value| span.has(value))
}

impl Block {
    /// Without the numbers that no matrix of so many examples has; `None` where none is left.
    fn trimmed(self, examples: i64) -> Option<Self> {
        let positives = (
            self.positives.0.max(self.tp.0),
            self.positives.1.min(examples - self.tn.0),
        );
        let tp = (self.tp.0, self.tp.1.min(positives.1));
        let tn = (self.tn.0, self.tn.1.min(examples - positives.0));
        let some = [positives, tp, tn].iter().all(|range| range.0 <= range.1);
        some.then_some(Self { positives, tp, tn })
    }

    fn region(&self, examples: i64) -> Region {
        let cells = |tp: i64, tn: i64, fn_: i64, fp: i64| Cells {
            tp: tp as f64,
            fn_: fn_.max(0) as f64,
            fp: fp.max(0) as f64,
            tn: tn as f64,
            wrong: (examples - tp - tn).max(0) as f64,
        };
        let negatives = (examples - self.positives.1, examples - self.positives.0);
        let best = cells(
            self.tp.1,
            self.tn.1,
            self.positives.0 - self.tp.1,
            negatives.0 - self.tn.1,
        );
        let worst = cells(
            self.tp.0,
            self.tn.0,
            self.positives.1 - self.tp.0,
            negatives.1 - self.tn.0,
        );
        Region {
            best,
            worst,
            positives: (self.positives.0 as f64, self.positives.1 as f64),
            examples: examples as f64,
        }
    }

    /// Both halves along the longest side; `None` for a single matrix.
    fn halves(&self) -> Option<[Self; 2]> {
        let length = |range: Range| range.1 - range.0;
        let sides = [length(self.positives), length(self.tp), length(self.tn)];
        let longest = sides.into_iter().max().filter(|length| *length > 0)?;
        let (mut low, mut high) = (*self, *self);
        let (below, above) = if sides[0] == longest {
            (&mut low.positives, &mut high.positives)
        } else if sides[1] == longest {
            (&mut low.tp, &mut high.tp)
        } else {
            (&mut low.tn, &mut high.tn)
        };
        let middle = below.0 + longest / 2;
        below.1 = middle;
        above.0 = middle + 1;
        Some([low, high])
    }

    /// The only matrix of a box that cannot be halved.
    fn matrix(&self, examples: i64) -> Matrix {
        let whole = |count: i64| u64::try_from(count).unwrap_or(0);
        Matrix {
            true_positives: whole(self.tp.0),
            false_negatives: whole(self.positives.0 - self.tp.0),
            false_positives: whole(examples - self.positives.0 - self.tn.0),
            true_negatives: whole(self.tn.0),
        }
    }
}

impl Matrix {
    /// The counts as numbers.
    pub(super) fn cells(self) -> Cells {
        Cells {
            tp: self.true_positives as f64,
            fn_: self.false_negatives as f64,
            fp: self.false_positives as f64,
            tn: self.true_negatives as f64,
            wrong: (self.false_negatives + self.false_positives) as f64,
        }
    }
}
