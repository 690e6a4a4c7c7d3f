//! The bootstrap over rows, bias-corrected and accelerated.
//!
//! What is resampled are row indices, so that any statistic can be, of pairs as
//! of single examples. Every replicate has a stream of random numbers of its own,
//! made from the seed and its index: the answer is the same to the last bit on any
//! number of threads, and on any machine.

mod design;

use rayon::prelude::*;

pub use self::design::Design;
use self::design::Stream;
use super::{Interval, finite, mean, normal_cdf, normal_quantile, sample_sd};

/// Differences of replicates below this share of the largest one are rounding, not order.
const TIE: f64 = 1e-11;

/// How to resample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// How many replicates, at least 2.
    pub resamples: u32,
    /// Where the random numbers start; the same seed gives the same replicates.
    pub seed: u64,
}

/// Why a bootstrap has no answer.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BootstrapError {
    /// Fewer than two rows, or fewer than two replicates.
    #[error("there are fewer than two rows or resamples")]
    TooFew,
    /// The statistic has no value on the rows as they are.
    #[error("the statistic is not defined on these rows")]
    Undefined,
    /// The statistic has no value on some resamples, such as ROC AUC where one class is drawn alone.
    #[error("the statistic is not defined on {0} of the resamples")]
    UndefinedIn(u32),
    /// Every replicate is the same: nothing is known of the spread.
    #[error("every resample gives the same value")]
    NoSpread,
    /// The value lies outside of all its replicates, so that the bias cannot be corrected.
    #[error("the value lies outside of all its resamples")]
    Outside,
}

/// The replicates of a statistic, and what corrects the interval that is read off them.
///
/// Reference: B. Efron, *Better bootstrap confidence intervals*, Journal of the
/// American Statistical Association 82 (1987).
#[derive(Clone, Debug, PartialEq)]
pub struct Bootstrap {
    value: f64,
    replicates: Vec<f64>,
    bias: f64,
    acceleration: f64,
    resampling: Resampling,
}

impl Bootstrap {
    /// Resamples `rows` rows with replacement and computes `statistic` of each resample.
    ///
    /// `statistic` is given row indices, which may repeat, and returns `None` where
    /// it is not defined; what is not finite counts as that. The interval agrees
    /// with `scipy.stats.bootstrap(method="BCa")` for the same replicates. Beyond
    /// a thousand rows the acceleration comes from leaving out groups of rows (a
    /// thousand groups, of every thousandth row) in place of single ones: it costs a thousand
    /// evaluations whatever the number of rows.
    ///
    /// It knows the variation over the rows and no other, such as that of the seed.
    ///
    /// Reference for groups: J. Shao and D. Tu, *The Jackknife and Bootstrap*, 1995, section 2.3.
    ///
    /// # Errors
    ///
    /// Where there is no spread, or the statistic is not defined; never NaN.
    ///
    /// # Examples
    ///
    /// ```
    /// use reproof::stats::{Bootstrap, Resampling};
    ///
    /// let right = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    /// let share = |rows: &[usize]| Some(rows.iter().map(|&row| right[row]).sum::<f64>() / rows.len() as f64);
    /// let bootstrap = Bootstrap::new(right.len(), share, Resampling { resamples: 2000, seed: 1 })?;
    /// let interval = bootstrap.interval(0.9).expect("a level between 0 and 1");
    /// assert_eq!(bootstrap.value(), 0.75);
    /// assert!(interval.low > 0.4 && interval.low < 0.6 && interval.high > 0.85);
    /// # Ok::<(), reproof::stats::BootstrapError>(())
    /// ```
    pub fn new(
        rows: usize,
        statistic: impl Fn(&[usize]) -> Option<f64> + Sync,
        resampling: Resampling,
    ) -> Result<Self, BootstrapError> {
        Self::counted(
            &Design::rows(rows),
            |counts| statistic(&listed(counts)),
            resampling,
        )
    }

    /// Resamples by `design`; `statistic` is given how often each row counts.
    ///
    /// For statistics that can be computed from counts faster than from a list of
    /// rows, and for rows that are not independent. In all else as [`Bootstrap::new`].
    ///
    /// # Errors
    ///
    /// As [`Bootstrap::new`].
    pub fn counted(
        design: &Design,
        statistic: impl Fn(&[u32]) -> Option<f64> + Sync,
        resampling: Resampling,
    ) -> Result<Self, BootstrapError> {
        if design.units() < 2 || resampling.resamples < 2 {
            return Err(BootstrapError::TooFew);
        }
        let statistic = |counts: &[u32]| statistic(counts).and_then(finite);
        let value = statistic(&vec![1; design.len()]).ok_or(BootstrapError::Undefined)?;
        let replicates = replicates(design, &statistic, resampling)?;
        if replicates.first() == replicates.last() {
            return Err(BootstrapError::NoSpread);
        }
        let acceleration = acceleration(&left_out(design, &statistic)?);
        Self::corrected_by(value, replicates, acceleration, resampling)
    }

    /// `replicates` are sorted.
    fn corrected_by(
        value: f64,
        replicates: Vec<f64>,
        acceleration: f64,
        resampling: Resampling,
    ) -> Result<Self, BootstrapError> {
        Ok(Self {
            value,
            bias: bias(value, &replicates).ok_or(BootstrapError::Outside)?,
            replicates,
            acceleration,
            resampling,
        })
    }

    /// The statistic on the rows as they are.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// How the rows were resampled.
    pub fn resampling(&self) -> Resampling {
        self.resampling
    }

    /// The standard deviation of the replicates; `None` where it is beyond `f64`.
    pub fn se(&self) -> Option<f64> {
        sample_sd(&self.replicates)
    }

    /// The central interval at `level`, such as 0.9; `None` unless it lies between 0 and 1.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        if !(level > 0.0 && level < 1.0) {
            return None;
        }
        let tail = 0.5 - 0.5 * level;
        Some(Interval {
            low: quantile(&self.replicates, self.corrected(normal_quantile(tail)?)?),
            high: quantile(&self.replicates, self.corrected(normal_quantile(1.0 - tail)?)?),
        })
    }

    /// The one-sided p value of "it is not above `value`": the error of the one-sided interval that ends there.
    ///
    /// At least about 1/(resamples + 1), since rarer things do not show in so many.
    ///
    /// Reference: A. C. Davison and D. V. Hinkley, *Bootstrap Methods and their
    /// Application*, 1997, sections 4.4 and 5.4.
    pub fn p_not_above(&self, value: f64) -> Option<f64> {
        if value.is_nan() {
            return None;
        }
        let slack = slack(&self.replicates);
        let below = self
            .replicates
            .partition_point(|replicate| *replicate <= value + slack);
        let share = (below as f64 + 1.0) / (self.replicates.len() as f64 + 1.0);
        if share >= 1.0 {
            return Some(1.0);
        }
        let from_bias = normal_quantile(share)? - self.bias;
        let whole = 1.0 + self.acceleration * from_bias;
        if whole <= 0.0 {
            return Some(if from_bias > 0.0 { 1.0 } else { 0.0 });
        }
        normal_cdf(from_bias / whole - self.bias)
    }

    /// The share of the replicates below the end that a normal quantile `z` stands for.
    fn corrected(&self, z: f64) -> Option<f64> {
        let moved = self.bias + z;
        let whole = 1.0 - self.acceleration * moved;
        if whole <= 0.0 {
            return Some(if moved > 0.0 { 1.0 } else { 0.0 });
        }
        normal_cdf(self.bias + moved / whole)
    }
}

/// Each row as often as it counts.
fn listed(counts: &[u32]) -> Vec<usize> {
    let rows = counts.iter().enumerate();
    rows.flat_map(|(row, &count)| std::iter::repeat_n(row, count as usize))
        .collect()
}

/// The values of the statistic on the resamples, sorted.
fn replicates(
    design: &Design,
    statistic: &(impl Fn(&[u32]) -> Option<f64> + Sync),
    resampling: Resampling,
) -> Result<Vec<f64>, BootstrapError> {
    let values: Vec<Option<f64>> = (0..resampling.resamples)
        .into_par_iter()
        .map_init(Vec::new, |counts: &mut Vec<u32>, replicate| {
            design.draw(&mut Stream::new(resampling.seed, replicate), counts);
            statistic(counts)
        })
        .collect();
    let undefined = values.iter().filter(|value| value.is_none()).count();
    if undefined > 0 {
        return Err(BootstrapError::UndefinedIn(
            u32::try_from(undefined).unwrap_or(u32::MAX),
        ));
    }
    let mut values: Vec<f64> = values.into_iter().flatten().collect();
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// The values of the statistic without each unit, or without each group of units.
fn left_out(
    design: &Design,
    statistic: &(impl Fn(&[u32]) -> Option<f64> + Sync),
) -> Result<Vec<f64>, BootstrapError> {
    let values: Option<Vec<f64>> = (0..design.groups())
        .into_par_iter()
        .map_init(Vec::new, |counts: &mut Vec<u32>, group| {
            design.leave_out(group, counts);
            statistic(counts)
        })
        .collect();
    values.ok_or(BootstrapError::Undefined)
}

/// Efron's acceleration: a sixth of the skewness of the influences; 0 where leaving out changes nothing.
fn acceleration(left_out: &[f64]) -> f64 {
    let centre = mean(left_out).unwrap_or(0.0);
    let influences = || left_out.iter().map(|value| centre - value);
    let largest = influences().map(f64::abs).fold(0.0, f64::max);
    if largest <= 0.0 {
        return 0.0;
    }
    let (mut squares, mut cubes) = (0.0, 0.0);
    for influence in influences() {
        let scaled = influence / largest;
        squares += scaled * scaled;
        cubes += scaled * scaled * scaled;
    }
    finite(cubes / (6.0 * squares.powf(1.5))).unwrap_or(0.0)
}

/// The normal quantile of the share of replicates below the value, half of those on it included.
fn bias(value: f64, sorted: &[f64]) -> Option<f64> {
    let slack = slack(sorted);
    let below = sorted.partition_point(|replicate| *replicate < value - slack);
    let up_to = sorted.partition_point(|replicate| *replicate <= value + slack);
    normal_quantile((below + up_to) as f64 / (2.0 * sorted.len() as f64))
}

/// How far apart replicates may lie and still be the same number, computed another way.
fn slack(sorted: &[f64]) -> f64 {
    let ends = [sorted.first(), sorted.last()];
    TIE * ends
        .into_iter()
        .flatten()
        .fold(0.0, |most: f64, end| most.max(end.abs()))
}

/// The quantile of sorted values at `share`, between the neighbours in proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// What replicates made elsewhere come to.
#[cfg(test)]
pub(super) fn of_replicates(
    rows: usize,
    statistic: impl Fn(&[usize]) -> Option<f64> + Sync,
    mut replicates: Vec<f64>,
) -> Result<Bootstrap, BootstrapError> {
    let resampling = Resampling {
        resamples: u32::try_from(replicates.len()).unwrap_or(u32::MAX),
        seed: 0,
    };
    replicates.sort_by(f64::total_cmp);
    let value = statistic(&(0..rows).collect::<Vec<_>>()).ok_or(BootstrapError::Undefined)?;
    let counted = |counts: &[u32]| statistic(&listed(counts));
    let acceleration = acceleration(&left_out(&Design::rows(rows), &counted)?);
    Bootstrap::corrected_by(value, replicates, acceleration, resampling)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Resampling = Resampling {
        resamples: 2000,
        seed: 1,
    };

    fn mean_of(values: &[f64]) -> impl Fn(&[usize]) -> Option<f64> + Sync + use<'_> {
        |rows| mean(&rows.iter().map(|&row| values[row]).collect::<Vec<_>>())
    }

    /// The same from counts.
    fn counted_mean(values: &[f64]) -> impl Fn(&[u32]) -> Option<f64> + Sync + use<'_> {
        |counts| {
            mean(
                &listed(counts)
                    .into_iter()
                    .map(|row| values[row])
                    .collect::<Vec<_>>(),
            )
        }
    }

    /// Exponential noise.
    fn skewed(rows: usize) -> Vec<f64> {
        let mut stream = Stream::new(3, 0);
        let uniform = (0..rows).map(|_| stream.below(1_000_000) as f64 / 1e6);
        uniform.map(|u| -(1.0 - u).ln()).collect()
    }

    #[test]
    fn the_answer_is_the_same_on_any_number_of_threads() {
        let values = skewed(300);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads");
            pool.install(|| Bootstrap::new(values.len(), mean_of(&values), USUAL))
                .expect("an answer")
        };
        let alone = on(1);
        for threads in [2, 7] {
            let several = on(threads);
            assert_eq!(alone, several);
            let bits = |of: &Bootstrap| {
                of.replicates
                    .iter()
                    .map(|value| value.to_bits())
                    .collect::<Vec<_>>()
            };
            assert_eq!(bits(&alone), bits(&several));
        }
    }

    #[test]
    fn another_seed_gives_other_replicates_and_nearly_the_same_interval() {
        let values = skewed(100);
        let with = |seed| {
            Bootstrap::new(values.len(), mean_of(&values), Resampling { seed, ..USUAL }).expect("an answer")
        };
        let (one, other) = (with(1), with(2));
        assert_ne!(one.replicates, other.replicates);
        let (a, b) = (
            one.interval(0.9).expect("an interval"),
            other.interval(0.9).expect("an interval"),
        );
        assert!(
            (a.low - b.low).abs() < 0.03 && (a.high - b.high).abs() < 0.03,
            "{a:?} {b:?}"
        );
    }

    #[test]
    fn leaving_out_groups_is_as_good_as_leaving_out_rows() {
        let values = skewed(5000);
        let grouped = acceleration(&left_out(&Design::rows(5000), &counted_mean(&values)).expect("values"));
        let centre = mean(&values).expect("a mean");
        let single: Vec<f64> = values.iter().map(|value| centre - value).collect();
        let exact = acceleration(&single);
        assert!((grouped - exact).abs() < 2e-3, "{grouped} and {exact}");
    }

    #[test]
    fn rows_that_depend_on_each_other_widen_the_interval_and_strata_narrow_it() {
        // 40 patients with 5 images each, all alike; the first half is better than the second.
        let patients = skewed(40);
        let values: Vec<f64> = (0..200)
            .map(|row| patients[row / 5] + if row < 100 { 0.0 } else { 3.0 })
            .collect();
        let patient: Vec<u32> = (0..200).map(|row| row / 5).collect();
        let half: Vec<u32> = (0..200).map(|row| row / 100).collect();
        let width = |design: &Design| {
            let bootstrap = Bootstrap::counted(design, counted_mean(&values), USUAL).expect("an answer");
            let interval = bootstrap.interval(0.9).expect("an interval");
            interval.high - interval.low
        };
        let alone = width(&Design::rows(200));
        // The variance of a mean grows by the number of rows of a cluster that are all alike.
        let wider = width(&Design::clusters(&patient)) / alone;
        assert!((wider - 5.0_f64.sqrt()).abs() < 0.15, "{wider}");
        let narrower = width(&Design::strata(&half)) / alone;
        assert!(narrower < 0.65, "{narrower}");
    }

    #[test]
    fn degenerate_cases_have_names() {
        let constant = |_: &[usize]| Some(0.5);
        assert_eq!(Bootstrap::new(10, constant, USUAL), Err(BootstrapError::NoSpread));
        assert_eq!(Bootstrap::new(1, constant, USUAL), Err(BootstrapError::TooFew));
        let one = Resampling {
            resamples: 1,
            seed: 1,
        };
        assert_eq!(Bootstrap::new(10, constant, one), Err(BootstrapError::TooFew));
        assert_eq!(
            Bootstrap::new(10, |_: &[usize]| Some(f64::NAN), USUAL),
            Err(BootstrapError::Undefined)
        );
        let needs_first = |rows: &[usize]| rows.contains(&0).then(|| rows.iter().sum::<usize>() as f64);
        assert!(matches!(
            Bootstrap::new(10, needs_first, USUAL),
            Err(BootstrapError::UndefinedIn(500..1000))
        ));
        let first_row = |rows: &[usize]| {
            Some(if rows.iter().copied().eq(0..20) {
                100.0
            } else {
                rows[0] as f64
            })
        };
        assert_eq!(Bootstrap::new(20, first_row, USUAL), Err(BootstrapError::Outside));
    }

    #[test]
    fn a_level_that_cannot_be_has_no_interval() {
        let values = skewed(20);
        let bootstrap = Bootstrap::new(20, mean_of(&values), USUAL).expect("an answer");
        for level in [0.0, 1.0, -1.0, f64::NAN] {
            assert_eq!(bootstrap.interval(level), None);
        }
        assert_eq!(bootstrap.p_not_above(f64::NAN), None);
        assert_eq!(bootstrap.p_not_above(f64::INFINITY), Some(1.0));
    }

    #[test]
    fn the_p_value_is_the_error_of_the_interval_that_ends_there() {
        let values = skewed(60);
        let bootstrap = Bootstrap::new(60, mean_of(&values), USUAL).expect("an answer");
        for tail in [0.01, 0.05, 0.2] {
            let interval = bootstrap.interval(1.0 - 2.0 * tail).expect("an interval");
            let p = bootstrap.p_not_above(interval.low).expect("a p value");
            assert!((p - tail).abs() < 0.003, "{p} at {tail}");
        }
    }
}
