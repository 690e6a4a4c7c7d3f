//! Many claims at once: what of the raw outcomes would be left if each had to stand among all.
//!
//! The outcomes themselves never change: they answer for one claim each. Beside
//! them stand the p value of "as good as claimed, within the margin" and the same
//! adjusted for the number of claims.

use crate::stats::{Alternative, TTest, benjamini_hochberg};

use super::compare::{ALPHA, ClaimJudgement, Outcome};
use super::words::{count, short};

/// The one-sided p value of "as good as claimed, within the margin": small where the claim falls short.
///
/// P(T ≤ (d + δ)/SE); `None` without a standard error above 0, and where looking could stop the runs: then it holds for none
/// of the looks.
pub(super) fn falls_short(judged: &ClaimJudgement) -> Option<f64> {
    if judged.looked_from.is_some() {
        return None;
    }
    let (difference, margin) = (judged.difference?, judged.margin.as_ref()?.value);
    let test = TTest::new(difference, -margin, judged.se?, judged.df?)?;
    test.p(Alternative::Less)
}

/// Adjusts the p values of all claims that have one after Benjamini and Hochberg, and says which findings would not be left.
///
/// A small p value speaks against an ordinary claim and for a comparison: the two are families of their own.
pub(super) fn adjust(claims: &mut [ClaimJudgement]) {
    let (mut comparisons, mut others): (Vec<_>, Vec<_>) =
        claims.iter_mut().partition(|claim| claim.comparison.is_some());
    for (claim, adjusted, family) in adjusted(&mut others) {
        let missed = matches!(claim.outcome, Outcome::NotReproduced | Outcome::Partial);
        if missed && adjusted > ALPHA {
            claim.reasons.push(format!(
                "among {} the shortfall would not stand out: p = {} after Benjamini–Hochberg",
                count(family, "tested claim"),
                short(adjusted)
            ));
        }
    }
    for (claim, adjusted, family) in adjusted(&mut comparisons) {
        if claim.outcome.holds() && adjusted > ALPHA {
            claim.reasons.push(format!(
                "among {} the gain would not stand out: p = {} after Benjamini–Hochberg",
                count(family, "tested comparison"),
                short(adjusted)
            ));
        }
    }
}

/// Each claim of a family that has a p value, with the adjusted one, which is set, and how many there are.
fn adjusted<'a>(family: &'a mut [&mut ClaimJudgement]) -> Vec<(&'a mut ClaimJudgement, f64, u64)> {
    let raw: Vec<f64> = family.iter().filter_map(|claim| claim.p_value).collect();
    let adjusted = benjamini_hochberg(&raw).unwrap_or_default();
    let tested = family.iter_mut().filter(|claim| claim.p_value.is_some());
    let pairs = tested.zip(adjusted).map(|(claim, adjusted)| {
        claim.p_adjusted = Some(adjusted);
        (&mut **claim, adjusted, raw.len() as u64)
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::super::judge;
    use super::super::testing::{claim, trusted};

    /// Three runs that miss a claim of 0.80 by just enough, beside `others` that hold.
    fn study(others: usize) -> super::super::Judgement {
        let mut evidence = trusted();
        evidence.claims = vec![claim("0.80", &[0.780, 0.784, 0.786])];
        evidence
            .claims
            .extend((0..others).map(|_| claim("0.80", &[0.79, 0.80, 0.81])));
        judge(&evidence)
    }

    #[test]
    fn a_claim_alone_keeps_its_p_value() {
        let alone = &study(0).claims[0];
        assert_eq!(alone.outcome.code(), "partial");
        assert!(alone.p_value.is_some_and(|p| p < 0.05), "{alone:?}");
        assert_eq!(alone.p_value, alone.p_adjusted);
    }

    #[test]
    fn among_many_a_narrow_miss_is_said_not_to_stand_out_and_stays_a_miss() {
        let many = &study(4).claims[0];
        assert_eq!(many.outcome.code(), "partial");
        assert!(many.p_adjusted.is_some_and(|p| p > 0.05), "{many:?}");
        let said = |reason: &String| reason.starts_with("among 5 tested claims");
        assert!(many.reasons.iter().any(said), "{:?}", many.reasons);
        assert!(!study(0).claims[0].reasons.iter().any(said));
    }

    #[test]
    fn without_a_spread_there_is_no_p_value() {
        let mut evidence = trusted();
        evidence.claims = vec![claim("0.80", &[0.7]), claim("0.80", &[0.7, 0.7])];
        for judged in judge(&evidence).claims {
            assert_eq!((judged.p_value, judged.p_adjusted), (None, None));
        }
    }
}
