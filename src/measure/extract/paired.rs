//! The gain of one set of predictions over another on the same examples.

use super::{PredictionsOf, Rows, StepFiles, metric};
use crate::manifest::Extraction;
use crate::measure::counted;
use crate::measure::interval::RESAMPLING;
use crate::measure::{Direction, Named, Predictions};
use crate::stats::{Bootstrap, BootstrapError, Design, Discordant};

/// Two sets of predictions for the same examples, held against the same labels.
///
/// Predictions are read in the order of the labels, so that rows of both that have
/// the same number are of the same example.
#[derive(Debug)]
pub struct PairedExamples {
    first: Predictions,
    second: Predictions,
    metric: Named,
    direction: Direction,
}

/// Reads two sets of predictions that can be paired.
///
/// `None` where either is not recomputed from predictions, where the labels or the
/// positive class are not the same, and where either cannot be read, which
/// measuring it by itself reports.
pub fn paired(
    (first, of_first): (&Extraction, &StepFiles),
    (second, of_second): (&Extraction, &StepFiles),
    name: &str,
    direction: Direction,
) -> Option<PairedExamples> {
    let (first, second) = (PredictionsOf::new(first)?, PredictionsOf::new(second)?);
    let same =
        first.truth == second.truth && first.target == second.target && first.positive == second.positive;
    if !same {
        return None;
    }
    let metric = metric(name)?;
    let first = first.read(&metric, of_first).ok()?;
    let second = second.read(&metric, of_second).ok()?;
    (first.len() == second.len()).then_some(PairedExamples {
        first,
        second,
        metric,
        direction,
    })
}

impl PairedExamples {
    /// The number of examples.
    pub fn examples(&self) -> usize {
        self.first.len()
    }

    /// The gain of the first over the second, resampled over the examples; positive where the first is better.
    ///
    /// # Errors
    ///
    /// Where there is no spread, or the metric is not defined on some resamples.
    pub fn gain(&self) -> Result<Bootstrap, BootstrapError> {
        let of = |predictions| counted(&self.metric, predictions);
        let (first, second) = (of(&self.first), of(&self.second));
        let gain = |counts: &[u32]| {
            let (first, second) = (first(counts)?, second(counts)?);
            Some(match self.direction {
                Direction::HigherIsBetter => first - second,
                Direction::LowerIsBetter => second - first,
            })
        };
        Bootstrap::counted(&Design::rows(self.examples()), gain, RESAMPLING)
    }

    /// On how many examples only one of the two is right; `None` unless the metric is the plain accuracy.
    pub fn discordant(&self) -> Option<Discordant> {
        let weighted = self.first.weights().is_some() || self.second.weights().is_some();
        if weighted || self.metric.name() != "accuracy" {
            return None;
        }
        let is_right = |of: &Predictions, row: usize| {
            let value = self.metric.compute(of, Rows::At(&[row])).ok()?;
            Some(value > 0.5)
        };
        let mut counts = Discordant { first: 0, second: 0 };
        for row in 0..self.examples() {
            match (is_right(&self.first, row)?, is_right(&self.second, row)?) {
                (true, false) => counts.first += 1,
                (false, true) => counts.second += 1,
                (true, true) | (false, false) => {}
            }
        }
        Some(counts)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::manifest::TableFormat;
    use crate::measure::{Output, Side, TableFile, Truth};

    fn predictions(truth: &str) -> Extraction {
        Extraction::Predictions {
            file: "p.csv".to_owned(),
            truth: truth.to_owned(),
            target: None,
            columns: BTreeMap::new(),
            positive: None,
        }
    }

    /// A step that wrote `written`, with these labels.
    fn files(folder: &Path, name: &str, labels: &str, written: &str) -> StepFiles {
        let (truth, output) = (folder.join("labels.csv"), folder.join(name));
        std::fs::write(&truth, labels).expect("written");
        std::fs::write(&output, written).expect("written");
        let truth = Truth {
            file: TableFile {
                path: truth,
                name: "labels".to_owned(),
                ending: "labels".to_owned(),
                format: Some(TableFormat::Csv),
                side: Side::Pinned,
            },
            target: Some("label".to_owned()),
            id_column: Some("id".to_owned()),
            group_column: None,
        };
        StepFiles {
            outputs: [("p.csv".to_owned(), Output::Found { path: output })].into(),
            truths: [("labels".to_owned(), truth.clone()), ("others".to_owned(), truth)].into(),
            ..StepFiles::default()
        }
    }

    const LABELS: &str = "id,label\na,0\nb,1\nc,1\nd,0\n";

    #[test]
    fn rows_are_paired_by_their_ids_in_whatever_order_they_were_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let ours = files(folder.path(), "1", LABELS, "id,prediction\na,0\nb,1\nc,1\nd,1\n");
        let theirs = files(folder.path(), "2", LABELS, "id,prediction\nd,0\nc,0\nb,0\na,0\n");
        let of = predictions("labels");
        let found = paired(
            (&of, &ours),
            (&of, &theirs),
            "accuracy",
            Direction::HigherIsBetter,
        )
        .expect("pairs");
        assert_eq!(found.discordant(), Some(Discordant { first: 2, second: 1 }));
        assert_eq!(
            (found.examples(), found.gain().map(|gain| gain.value())),
            (4, Ok(0.25))
        );
        let f1 = paired(
            (&of, &ours),
            (&of, &theirs),
            "f1:macro",
            Direction::HigherIsBetter,
        );
        assert_eq!(f1.expect("pairs").discordant(), None);
    }

    #[test]
    fn a_smaller_error_is_a_gain() {
        let folder = tempfile::tempdir().expect("a folder");
        let labels = "id,label\na,0.5\nb,1.5\nc,2.5\n";
        let ours = files(folder.path(), "1", labels, "id,prediction\na,0.6\nb,1.5\nc,2.4\n");
        let theirs = files(folder.path(), "2", labels, "id,prediction\na,1.5\nb,0.4\nc,2.2\n");
        let of = predictions("labels");
        let found = paired((&of, &ours), (&of, &theirs), "mae", Direction::LowerIsBetter).expect("pairs");
        let gain = found.gain().expect("an answer").value();
        assert!((gain - (2.4 - 0.2) / 3.0).abs() < 1e-12, "{gain}");
    }

    #[test]
    fn other_labels_are_not_paired_and_equal_predictions_have_no_spread() {
        let folder = tempfile::tempdir().expect("a folder");
        let ours = files(folder.path(), "1", LABELS, "id,prediction\na,0\nb,1\nc,1\nd,1\n");
        let (of, others) = (predictions("labels"), predictions("others"));
        let higher = Direction::HigherIsBetter;
        assert!(paired((&of, &ours), (&others, &ours), "accuracy", higher).is_none());
        let same = paired((&of, &ours), (&of, &ours), "accuracy", higher).expect("pairs");
        assert_eq!(same.gain(), Err(BootstrapError::NoSpread));
        assert_eq!(
            same.discordant().map(|counts| counts.p_first_not_better()),
            Some(1.0)
        );
    }
}
