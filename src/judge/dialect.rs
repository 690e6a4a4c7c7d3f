//! A number that is not the recomputed one, and the reading of the metric's name that gives it.

use super::compare::{Outcome, Sample};
use super::evidence::{ClaimEvidence, Measured};
use super::margin::half_unit;
use super::trust::disagreement;
use super::words::apart;
use crate::measure::dialect::{Explanation, nearest};

/// Whose number is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The paper's.
    Claimed,
    /// That of the code about itself.
    Reported,
}

impl Whose {
    /// `claimed` or `reported`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Reported => "reported",
        }
    }
}

/// Another reading of the metric's name, which gives a number that the metric as stated does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialect {
    /// Whose number it is.
    pub whose: Whose,
    /// The number.
    pub number: f64,
    /// What the metric as stated is.
    pub as_stated: f64,
    /// The readings that give the number.
    pub explanation: Explanation,
    /// `0.871 is weighted F1; macro F1, as stated, is 0.802`.
    pub sentence: String,
}

/// What explains the paper's number where the claim is not simply met, and what the code reports where it differs.
pub(super) fn of(
    evidence: &ClaimEvidence,
    measured: &Measured,
    sample: &Sample,
    met: Outcome,
) -> Vec<Dialect> {
    let claimed = (met != Outcome::Reproduced).then(|| {
        let printed = &evidence.claimed;
        one(
            Whose::Claimed,
            printed.value,
            half_unit(printed),
            measured,
            sample,
        )
    });
    let reported = measured.reported.as_ref().and_then(|reported| {
        disagreement(reported, sample)?;
        let mean = crate::stats::mean(&reported.values)?;
        Some(one(Whose::Reported, mean, reported.half_unit, measured, sample))
    });
    [claimed, reported].into_iter().flatten().flatten().collect()
}

fn one(whose: Whose, number: f64, half_unit: f64, measured: &Measured, sample: &Sample) -> Option<Dialect> {
    let explanation = nearest(&measured.readings, number, half_unit)?;
    if explanation.as_stated() {
        return None;
    }
    let stated = measured.readings.iter().find(|reading| reading.departure == 0);
    let stated = stated.map_or("the metric", |reading| reading.words.as_str());
    let (says, is) = apart(number, sample.mean);
    Some(Dialect {
        whose,
        number,
        as_stated: sample.mean,
        sentence: format!("{says} is {}; {stated}, as stated, is {is}", explanation.words()),
        explanation,
    })
}
