//! How lucky the paper was: of how many runs the claim would be the best.

use super::compare::{ALPHA, ClaimJudgement, Sample};
use super::words::grouped;
use crate::stats;

/// More runs than this are not luck.
pub const LUCKIEST: f64 = 1e6;

/// The claim is the best of about so many runs, if those are normal with the measured mean and spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Luck {
    /// So many give an even chance; at least 1.
    pub runs: f64,
    /// The 90 % limits: how few and how many it may be, given how few runs were measured; ≥ 1; only for a
    /// claim that is not met and better than the measured mean. The second is
    /// `None` above [`LUCKIEST`].
    pub limits: Option<(f64, Option<f64>)>,
}

/// The luck that a claim implies whose measured difference is `difference`; limits only where it is not met and no single run would do.
///
/// `None` without a spread, and above a million runs: that is not luck.
pub(super) fn of(sample: &Sample, difference: f64, met: bool) -> Option<Luck> {
    let sd = sample.sd.filter(|sd| *sd > 0.0)?;
    let z = -difference / sd;
    let runs = stats::best_of(z).filter(|runs| *runs <= LUCKIEST)?.max(1.0);
    let limits = (!met && runs > 1.0)
        .then(|| stats::best_of_limits(z, sample.runs(), ALPHA, LUCKIEST))
        .flatten();
    Some(Luck { runs, limits })
}

/// How lucky the claim was, where it is not met.
pub(super) fn note(judged: &ClaimJudgement) -> Option<String> {
    let luck = judged.implied_luck?;
    let runs = luck.runs.round();
    if judged.outcome.holds() || runs < 2.0 {
        return None;
    }
    let limits = luck.limits.map(|(low, high)| {
        let high = high.map_or("more than a million".to_owned(), |high| grouped(high.round(), 0));
        format!(" (90 %: {} to {high})", grouped(low.round(), 0))
    });
    Some(format!(
        "the claim is the best of about {} runs{}",
        grouped(runs, 0),
        limits.unwrap_or_default()
    ))
}
