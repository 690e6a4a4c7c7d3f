//! Weight of evidence and information value of a feature for a binary label.
//!
//! Numbers are cut into at most 100 fine bins of equal counts, and these are
//! joined so that the rate of events only rises, or only falls, every bin holds
//! at least 5 % of the rows, and the information value is as high as it can be:
//! dynamic programming over the last bin. Categories are ordered by their rate,
//! the rare ones pooled. Missing values are a bin of their own.
//!
//! Reference: N. Siddiqi, *Credit Risk Scorecards*, 2006, chapter 6; for the bands
//! too. The binning is that of G. Navas-Palencia, *Optimal binning: mathematical
//! programming formulation*, 2020, without its solver.

use std::collections::HashMap;

use serde::Serialize;

use super::columns::Values;

/// So many fine bins make up one of the least size: then that size can be met without going far over it.
const FINE: u64 = 5;

/// The least share of the rows in a bin.
const SMALLEST: f64 = 0.05;

/// What is added to both counts of a bin in which one is zero, in its weight alone.
const SMOOTHING: f64 = 0.5;

/// The information in a feature about a binary label.
#[derive(Clone, Debug, Serialize)]
pub struct Information {
    /// The information value: Σ (share of events − share of other rows) · weight.
    pub value: f64,
    /// `none` below 0.02, `weak` below 0.1, `medium` below 0.3, `strong` below 0.5, and `suspicious` from there on.
    pub band: &'static str,
    /// About what a feature without any information gets in so many bins of so few rows.
    pub by_chance: f64,
    /// The bins in their order; that of missing values is the last.
    pub bins: Vec<Bin>,
}

/// A bin.
#[derive(Clone, Debug, Serialize)]
pub struct Bin {
    /// The values in it, such as `≤ 3.5`, or the categories.
    pub values: String,
    /// Rows.
    pub count: u64,
    /// Rows of the positive class.
    pub events: u64,
    /// Their share of the bin.
    pub rate: f64,
    /// ln(share of all events / share of all other rows); above 0 where the positive class is more frequent.
    pub woe: f64,
    /// What the bin adds to the information value.
    pub iv: f64,
}

/// Rows of both classes.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    events: u64,
    others: u64,
}

impl Counts {
    fn add(&mut self, event: bool) {
        self.events += u64::from(event);
        self.others += u64::from(!event);
    }

    fn and(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            others: self.others + other.others,
        }
    }

    fn all(self) -> u64 {
        self.events + self.others
    }

    fn rate(self) -> f64 {
        self.events as f64 / self.all().max(1) as f64
    }

    /// The weight of evidence of these rows, and what they add to the information value.
    fn weight(self, total: Self) -> (f64, f64) {
        let (events, others) = (self.events as f64, self.others as f64);
        let zero = if self.events == 0 || self.others == 0 {
            SMOOTHING
        } else {
            0.0
        };
        let (all_events, all_others) = (total.events as f64, total.others as f64);
        let woe = ((events + zero) / all_events / ((others + zero) / all_others)).ln();
        (woe, (events / all_events - others / all_others) * woe)
    }
}

/// A bin before its weight is known.
struct Draft {
    values: String,
    counts: Counts,
}

/// The information that `values` hold about `positive`, row by row; rows without a label are left out.
///
/// `None` where only one class occurs.
pub(super) fn information(
    values: &Values,
    labels: &HashMap<u64, String>,
    positive: &[Option<bool>],
) -> Option<Information> {
    let mut total = Counts::default();
    positive.iter().flatten().for_each(|event| total.add(*event));
    if total.events == 0 || total.others == 0 {
        return None;
    }
    let (mut drafts, missing) = match values {
        Values::Numbers(values) => numbers(values, positive, total),
        Values::Categories(keys) => categories(keys, labels, positive, total),
    };
    if missing.all() > 0 {
        drafts.push(Draft {
            values: "missing".to_owned(),
            counts: missing,
        });
    }
    let bins: Vec<Bin> = drafts.into_iter().map(|draft| draft.bin(total)).collect();
    let value = bins.iter().map(|bin| bin.iv).sum::<f64>();
    let chances = 1.0 / total.events as f64 + 1.0 / total.others as f64;
    Some(Information {
        value,
        band: band(value),
        by_chance: bins.len().saturating_sub(1) as f64 * chances,
        bins,
    })
}

/// The name of the band that `value` lies in.
fn band(value: f64) -> &'static str {
    let bands = [(0.02, "none"), (0.1, "weak"), (0.3, "medium"), (0.5, "strong")];
    let found = bands.iter().find(|(limit, _)| value < *limit);
    found.map_or("suspicious", |(_, name)| name)
}

impl Draft {
    fn bin(self, total: Counts) -> Bin {
        let (woe, iv) = self.counts.weight(total);
        Bin {
            values: self.values,
            count: self.counts.all(),
            events: self.counts.events,
            rate: self.counts.rate(),
            woe,
            iv,
        }
    }
}

fn least(total: Counts) -> u64 {
    (SMALLEST * total.all() as f64).ceil() as u64
}

fn numbers(values: &[Option<f64>], positive: &[Option<bool>], total: Counts) -> (Vec<Draft>, Counts) {
    let (mut rows, mut missing) = (Vec::new(), Counts::default());
    for (value, event) in values.iter().zip(positive) {
        match (value, event) {
            (Some(value), Some(event)) => rows.push((*value, *event)),
            (None, Some(event)) => missing.add(*event),
            (_, None) => {}
        }
    }
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let fine = fine_bins(&rows, least(total));
    let ends = best_cuts(&fine, least(total), total);
    let mut start = 0;
    let mut drafts = Vec::new();
    for end in &ends {
        let counts = fine[start..*end]
            .iter()
            .fold(Counts::default(), |sum, bin| sum.and(bin.1));
        let values = match (start, *end == fine.len()) {
            (0, true) => "all".to_owned(),
            (_, true) => format!("> {}", fine[start - 1].0),
            (_, false) => format!("≤ {}", fine[end - 1].0),
        };
        drafts.push(Draft { values, counts });
        start = *end;
    }
    (drafts, missing)
}

/// Bins of about equal counts, each with its highest value; equal values are never apart.
fn fine_bins(rows: &[(f64, bool)], least: u64) -> Vec<(f64, Counts)> {
    let size = least.div_ceil(FINE).max(1);
    let mut bins: Vec<(f64, Counts)> = Vec::new();
    let mut open = false;
    for (at, (value, event)) in rows.iter().enumerate() {
        if !open {
            bins.push((*value, Counts::default()));
        }
        if let Some(bin) = bins.last_mut() {
            bin.0 = *value;
            bin.1.add(*event);
            let tied = rows.get(at + 1).is_some_and(|next| next.0 == *value);
            open = tied || bin.1.all() < size;
        }
    }
    bins
}

/// Where the joined bins end, of the partition with the highest information value and a monotone rate.
fn best_cuts(fine: &[(f64, Counts)], least: u64, total: Counts) -> Vec<usize> {
    let mut sums = vec![Counts::default()];
    for (at, (_, counts)) in fine.iter().enumerate() {
        sums.push(sums[at].and(*counts));
    }
    let rising = best_monotone(&sums, least, total, |before, after| before <= after);
    let falling = best_monotone(&sums, least, total, |before, after| before >= after);
    let best = [rising, falling]
        .into_iter()
        .flatten()
        .max_by(|a, b| a.0.total_cmp(&b.0));
    // Too few rows for one bin of the least size are one bin all the same.
    best.map_or_else(
        || if fine.is_empty() { vec![] } else { vec![fine.len()] },
        |(_, ends)| ends,
    )
}

/// The best partition that ends with a given bin.
#[derive(Clone, Copy)]
struct Step {
    /// Its information value.
    value: f64,
    /// The rate of that bin.
    rate: f64,
    /// Where the bin before it starts.
    before: usize,
}

fn best_monotone(
    sums: &[Counts],
    least: u64,
    total: Counts,
    in_order: impl Fn(f64, f64) -> bool,
) -> Option<(f64, Vec<usize>)> {
    let fine = sums.len() - 1;
    let between = |from: usize, to: usize| Counts {
        events: sums[to].events - sums[from].events,
        others: sums[to].others - sums[from].others,
    };
    // best[end][start] is of partitions of 0..end whose last bin is start..end.
    let mut best: Vec<Vec<Option<Step>>> = vec![vec![None; fine + 1]; fine + 1];
    for end in 1..=fine {
        for start in 0..end {
            let bin = between(start, end);
            if bin.all() < least.max(1) {
                continue;
            }
            let (rate, (_, gain)) = (bin.rate(), bin.weight(total));
            let fits = |(_, step): &(usize, Step)| in_order(step.rate, rate);
            let steps = best[start][..start].iter().enumerate();
            let before = steps.filter_map(|(earlier, step)| Some((earlier, (*step)?)));
            let before = before.filter(fits).max_by(|a, b| a.1.value.total_cmp(&b.1.value));
            let (value, before) = match (start, before) {
                (0, _) => (gain, 0),
                (_, Some((earlier, step))) => (step.value + gain, earlier),
                (_, None) => continue,
            };
            best[end][start] = Some(Step { value, rate, before });
        }
    }
    traced(&best, fine)
}

/// The ends of the bins of the best partition of all.
fn traced(best: &[Vec<Option<Step>>], fine: usize) -> Option<(f64, Vec<usize>)> {
    let last = best[fine].iter().enumerate();
    let last = last.filter_map(|(start, step)| Some((start, (*step)?)));
    let (mut start, step) = last.max_by(|a, b| a.1.value.total_cmp(&b.1.value))?;
    let (mut end, mut ends) = (fine, vec![fine]);
    while start > 0 {
        let earlier = best[end][start]?.before;
        ends.push(start);
        (end, start) = (start, earlier);
    }
    ends.reverse();
    Some((step.value, ends))
}

fn categories(
    keys: &[Option<u64>],
    labels: &HashMap<u64, String>,
    positive: &[Option<bool>],
    total: Counts,
) -> (Vec<Draft>, Counts) {
    let mut counts: HashMap<u64, Counts> = HashMap::new();
    let mut missing = Counts::default();
    for (key, event) in keys.iter().zip(positive) {
        match (key, event) {
            (Some(key), Some(event)) => counts.entry(*key).or_default().add(*event),
            (None, Some(event)) => missing.add(*event),
            (_, None) => {}
        }
    }
    let least = least(total);
    let (mut drafts, mut rare) = (Vec::new(), Counts::default());
    for (key, counts) in counts {
        match labels.get(&key) {
            Some(label) if counts.all() >= least => drafts.push(Draft {
                values: label.clone(),
                counts,
            }),
            _ => rare = rare.and(counts),
        }
    }
    if rare.all() > 0 {
        drafts.push(Draft {
            values: "rare ones".to_owned(),
            counts: rare,
        });
    }
    let rate = |draft: &Draft| draft.counts.rate();
    drafts.sort_by(|a, b| rate(a).total_cmp(&rate(b)).then_with(|| a.values.cmp(&b.values)));
    (drafts, missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], positive: &[bool]) -> Information {
        let values = Values::Numbers(
            values
                .iter()
                .map(|value| value.is_finite().then_some(*value))
                .collect(),
        );
        let positive: Vec<_> = positive.iter().copied().map(Some).collect();
        information(&values, &HashMap::new(), &positive).expect("two classes")
    }

    /// `count` rows of `value`, of which `events` are positive.
    fn rows(parts: &[(f64, usize, usize)]) -> (Vec<f64>, Vec<bool>) {
        let each = parts
            .iter()
            .flat_map(|(value, count, events)| (0..*count).map(move |i| (*value, i < *events)));
        each.unzip()
    }

    #[test]
    fn a_value_that_is_known_by_hand() {
        // Shares of events 10/40 and 30/40, of others 40/60 and 20/60.
        let (values, positive) = rows(&[(1.0, 50, 10), (2.0, 50, 30)]);
        let found = of(&values, &positive);
        let by_hand: f64 =
            (0.25 - 2.0 / 3.0) * (0.25_f64 / (2.0 / 3.0)).ln() + (0.75 - 1.0 / 3.0) * (0.75_f64 * 3.0).ln();
        assert!((found.value - by_hand).abs() < 1e-12, "{}", found.value);
        assert_eq!(found.band, "suspicious");
        let names: Vec<_> = found.bins.iter().map(|bin| bin.values.as_str()).collect();
        assert_eq!(names, ["≤ 1", "> 1"]);
    }

    #[test]
    fn bins_that_break_the_order_are_joined() {
        let (values, positive) = rows(&[(1.0, 50, 10), (2.0, 50, 8), (3.0, 50, 20), (4.0, 50, 40)]);
        let found = of(&values, &positive);
        assert!(found.bins.windows(2).all(|pair| pair[0].rate <= pair[1].rate));
        assert_eq!(found.bins.len(), 3);
    }

    #[test]
    fn missing_values_and_small_groups_have_their_places() {
        let (values, positive) = rows(&[(1.0, 50, 10), (2.0, 3, 3), (3.0, 47, 30), (f64::NAN, 10, 9)]);
        let found = of(&values, &positive);
        assert!(found.bins.iter().rev().skip(1).all(|bin| bin.count >= 6));
        assert_eq!(
            found.bins.last().map(|bin| (bin.values.as_str(), bin.count)),
            Some(("missing", 10))
        );
    }

    #[test]
    fn a_bin_without_events_is_smoothed_and_finite() {
        let (values, positive) = rows(&[(1.0, 50, 0), (2.0, 50, 50)]);
        let found = of(&values, &positive);
        // Twice (1 − 0) · ln((50.5/50)/(0.5/50)).
        assert!(
            (found.value - 2.0 * 101.0_f64.ln()).abs() < 1e-12,
            "{}",
            found.value
        );
    }

    #[test]
    fn rare_categories_are_pooled() {
        let keys: Vec<Option<u64>> = (0..100).map(|i| Some(if i < 60 { 7 } else { 100 + i })).collect();
        let positive: Vec<_> = (0..100).map(|i| Some(i % 3 == 0)).collect();
        let labels = HashMap::from([(7, "seven".to_owned())]);
        let found = information(&Values::Categories(keys), &labels, &positive).expect("two classes");
        let mut names: Vec<_> = found.bins.iter().map(|bin| bin.values.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["rare ones", "seven"]);
        assert!(found.value < 0.02);
    }

    #[test]
    fn no_other_monotone_partition_has_more_information() {
        // Every partition of eight groups, by brute force.
        let groups: Vec<(f64, usize, usize)> = (0..8)
            .map(|i| (f64::from(i), 40, [5, 9, 4, 15, 22, 18, 30, 26][i as usize]))
            .collect();
        let (values, positive) = rows(&groups);
        let total = Counts {
            events: 129,
            others: 191,
        };
        let mut best: f64 = 0.0;
        for cuts in 0..128_u32 {
            let mut bins = vec![Counts::default()];
            for (at, (_, count, events)) in groups.iter().enumerate() {
                let counts = Counts {
                    events: *events as u64,
                    others: (count - events) as u64,
                };
                let last = bins.last_mut().expect("a bin");
                *last = last.and(counts);
                if at < 7 && cuts >> at & 1 == 1 {
                    bins.push(Counts::default());
                }
            }
            let rises = bins.windows(2).all(|pair| pair[0].rate() <= pair[1].rate());
            if rises {
                best = best.max(bins.iter().map(|bin| bin.weight(total).1).sum());
            }
        }
        assert!((of(&values, &positive).value - best).abs() < 1e-12);
    }
}
