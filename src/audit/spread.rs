//! Whether values of a bounded metric can have the printed mean and spread.
//!
//! The spread is read as judging reads it: as a standard deviation of the runs, or as the standard error of their mean,
//! with either divisor. Values from a to b with mean m have a variance of at most (m − a)(b − m) (R. Bhatia and C. Davis,
//! *A Better Bound on the Variance*, American Mathematical Monthly 107, 2000). Shares of n examples are counts, whose sum
//! of squares is whole, is odd when their sum is, and lies between that of equal counts and that of counts of 0 and n
//! (J. Anaya, *The GRIMMER test*, PeerJ Preprints 4:e2400v1, 2016). For two and three runs, the counts are looked for.

use super::claim::{EDGE, Runs, Span};
use crate::manifest::Printed;
use crate::measure;

/// More examples than this leave no gaps that a printed spread shows.
const MOST_EXAMPLES: u64 = 100_000;
/// More runs than this.
const MOST_RUNS: u64 = 1000;
/// More sums than this are not gone through: then there is hardly a gap.
const MOST_SUMS: u64 = 1000;
/// Pairs of counts that are looked at for one claim before it is let pass.
const PATIENCE: u32 = 100_000;

/// Why no values have this mean and this spread; `None` where some may, or where it cannot be decided.
///
/// `of` is the number of examples that each value is a share of.
pub(super) fn impossible(printed: &Printed, of: Option<u64>, metric: &str, runs: Runs) -> Option<String> {
    let Runs::Known(runs @ 2..) = runs else {
        return None;
    };
    let spread = span(printed)?;
    let range = measure::info(metric).map(|known| known.range);
    let large = range.and_then(|range| too_large(Span::printed(printed), spread, range, runs));
    large.or_else(|| no_counts(printed, spread, of?, runs))
}

/// What the digits after `±` stand for; they may be more or fewer than those of the value.
fn span(printed: &Printed) -> Option<Span> {
    let (_, behind) = ["±", "+/-", "+-", "+−"]
        .iter()
        .find_map(|sign| printed.text.split_once(sign))?;
    let behind = Printed::parse(behind).ok()?;
    // The per cent sign may stand behind the value alone.
    let scale = if printed.percent && !behind.percent {
        0.01
    } else {
        1.0
    };
    let span = Span::of(printed.spread?, behind.unit * scale);
    Some(Span {
        low: span.low.max(0.0),
        ..span
    })
}

fn too_large(mean: Span, spread: Span, (least, greatest): (f64, f64), runs: u64) -> Option<String> {
    if !(least.is_finite() && greatest.is_finite() && least < greatest) {
        return None;
    }
    let middle = f64::midpoint(least, greatest);
    let mean = middle.max(mean.low).min(mean.high).clamp(least, greatest);
    let unbiased = runs as f64 / (runs - 1) as f64;
    let largest = ((mean - least) * (greatest - mean) * unbiased).sqrt();
    (spread.low > largest * (1.0 + EDGE)).then(|| {
        format!(
            "values from {least} to {greatest} with such a mean have a standard deviation of at most {largest:.4} in \
             {runs} runs"
        )
    })
}

fn no_counts(printed: &Printed, spread: Span, of: u64, runs: u64) -> Option<String> {
    if !(1..=MOST_EXAMPLES).contains(&of) || runs > MOST_RUNS {
        return None;
    }
    let (mean, all) = (Span::printed(printed), (of * runs) as f64);
    let (first, last) = (
        (mean.low * all).ceil().max(0.0),
        (mean.high * all).floor().min(all),
    );
    // No sum at all is what granularity has to say.
    if first > last || last - first > MOST_SUMS as f64 {
        return None;
    }
    let counts = Counts { of, runs };
    let (mut sums, mut budget) = (first as u64..=last as u64, PATIENCE);
    let some = sums.any(|sum| {
        let mut factors = counts.factors().into_iter();
        factors.any(|factor| counts.have(sum, spread, factor, &mut budget))
    });
    (!some).then(|| {
        format!(
            "no {runs} counts out of {of} have such a mean and such a spread, as standard deviation or standard error"
        )
    })
}

/// As many counts as runs, each from 0 to `of`.
#[derive(Clone, Copy, Debug)]
struct Counts {
    of: u64,
    runs: u64,
}

impl Counts {
    /// What the root of the mean squared deviation is multiplied with: standard deviation and standard error, with n
    /// and n − 1.
    fn factors(self) -> [f64; 4] {
        let runs = self.runs as f64;
        let unbiased = (runs / (runs - 1.0)).sqrt();
        [1.0, unbiased, 1.0 / runs.sqrt(), unbiased / runs.sqrt()]
    }

    /// Whether some counts with this sum have a spread within `spread`; also true where that is too much work.
    fn have(self, sum: u64, spread: Span, factor: f64, budget: &mut u32) -> bool {
        let (runs, of) = (self.runs as f64, self.of as f64);
        let squares = |spread: f64| runs * (spread * of / factor).powi(2) + (sum as f64).powi(2) / runs;
        let (least, most) = self.squares(sum);
        let low = (squares(spread.low) * (1.0 - EDGE)).ceil().max(least as f64) as u64;
        let high = (squares(spread.high) * (1.0 + EDGE)).floor().min(most as f64) as u64;
        // A number and its square are both odd or both even.
        let low = low + (low + sum) % 2;
        if low > high {
            return false;
        }
        self.runs > 3
            || (low..=high)
                .step_by(2)
                .any(|squares| self.exist(sum, squares, budget))
    }

    /// The least and the largest sum of squares: counts as equal as can be, and as many as can be 0 or `of`.
    fn squares(self, sum: u64) -> (u64, u64) {
        let (each, more) = (sum / self.runs, sum % self.runs);
        let least = more * (each + 1).pow(2) + (self.runs - more) * each.pow(2);
        let most = sum / self.of * self.of.pow(2) + (sum % self.of).pow(2);
        (least, most)
    }

    /// Whether two or three counts have this sum and this sum of squares; also true where that is too much work.
    fn exist(self, sum: u64, squares: u64, budget: &mut u32) -> bool {
        if self.runs == 2 {
            return self.pair(sum, squares, budget);
        }
        // The smallest of three counts lies at most √(2/3·(squares − sum²/3)) below their mean.
        let mean = sum as f64 / 3.0;
        let reach = (2.0 / 3.0 * (squares as f64 - sum as f64 * mean).max(0.0)).sqrt();
        let mut smallest = (mean - reach).floor().max(0.0) as u64..=sum / 3;
        smallest.any(|smallest| {
            let rest = squares.checked_sub(smallest * smallest);
            rest.is_some_and(|rest| self.pair(sum - smallest, rest, budget))
        })
    }

    /// Two counts with sum s and squares q differ by √(2q − s²).
    fn pair(self, sum: u64, squares: u64, budget: &mut u32) -> bool {
        if *budget == 0 {
            return true;
        }
        *budget -= 1;
        let Some(square) = (2 * squares).checked_sub(sum * sum) else {
            return false;
        };
        let difference = square.isqrt();
        difference * difference == square && difference <= sum && (sum + difference) / 2 <= self.of
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::consistent::{Random, printed};
    use super::super::tests::claim;
    use super::super::{AuditClaim, audit};
    use super::*;

    fn of(metric: &str, value: &str, examples: u64, runs: u32) -> AuditClaim {
        AuditClaim {
            examples: Some(examples),
            runs: Some(runs),
            ..claim(metric, value)
        }
    }

    #[track_caller]
    fn impossible(claim: &AuditClaim, why: &str) {
        let found = audit(std::slice::from_ref(claim));
        assert_eq!(found.impossible(&claim.id), Some(why));
    }

    #[track_caller]
    fn possible(claim: &AuditClaim) {
        assert!(audit(std::slice::from_ref(claim)).possible(), "{claim:#?}");
    }

    #[test]
    fn a_spread_is_no_larger_than_the_range_allows() {
        impossible(
            &of("f1", "95 ± 30 %", 1000, 5),
            "values from 0 to 1 with such a mean have a standard deviation of at most 0.2549 in 5 runs",
        );
        possible(&of("f1", "95 ± 25 %", 1000, 5));
        possible(&of("matthews_corrcoef", "0.00 ± 1.05", 1000, 10)); // ±1, n − 1
        possible(&of("rmse", "0.1 ± 7", 1000, 5)); // no upper end
    }

    #[test]
    fn counts_that_differ_have_a_spread() {
        let why = "no 2 counts out of 10 have such a mean and such a spread, as standard deviation or standard error";
        impossible(&of("accuracy", "0.85 ± 0.00", 10, 2), why);
        possible(&of("accuracy", "0.85 ± 0.05", 10, 2)); // 8 and 9, n
        possible(&of("accuracy", "0.85 ± 0.07", 10, 2)); // 8 and 9, n − 1
        impossible(&of("accuracy", "0.85 ± 0.06", 10, 2), why);
        possible(&of("accuracy", "85 ± 4 %", 10, 2)); // 8 and 9, standard error with n
    }

    #[test]
    fn the_spread_has_its_own_decimals() {
        possible(&of("accuracy", "0.85 ± 0.1", 10, 2));
        possible(&of("accuracy", "85% ± 7.07", 10, 2));
        possible(&of("accuracy", "85% ± 7.1", 10, 2));
        let found = audit(&[of("accuracy", "85% ± 7.2", 10, 2)]);
        assert!(!found.possible());
    }

    #[test]
    fn one_run_or_an_unknown_number_has_no_spread_to_judge() {
        possible(&of("f1", "95 ± 30 %", 1000, 1));
        possible(&AuditClaim {
            runs: None,
            ..of("f1", "95 ± 30 %", 1000, 1)
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn spreads_of_real_runs_raise_no_alarm(
            examples in 1_u64..400,
            shares in prop::collection::vec(0.0..=1.0_f64, 2..8),
            close in any::<bool>(),
            decimals in 1_usize..=5,
            seed in any::<u64>(),
        ) {
            let pull = if close { 0.05 } else { 1.0 };
            let count = |share: &f64| ((shares[0] + (share - shares[0]) * pull) * examples as f64).round();
            let values: Vec<f64> = shares.iter().map(|share| count(share) / examples as f64).collect();
            let text = printed(&values, decimals, &mut Random::new(seed));
            let found = audit(&[of("accuracy", &text, examples, values.len() as u32)]);
            prop_assert!(found.possible(), "{} of {}: {:?}\n{:#?}", text, examples, values, found);
        }

        #[test]
        fn two_and_three_counts_are_found_as_enumeration_finds_them(
            of in 1_u64..9, runs in 2_u64..=3, sum in 0_u64..24, squares in 0_u64..200,
        ) {
            let counts = 0..=of;
            let thirds = if runs == 3 { 0..=of } else { 0..=0 };
            let some = counts.clone().any(|one| counts.clone().any(|other| thirds.clone().any(|third| {
                one + other + third == sum && one * one + other * other + third * third == squares
            })));
            prop_assert_eq!(Counts { of, runs }.exist(sum, squares, &mut PATIENCE.clone()), some);
        }
    }
}
