//! The rows that are kept for what needs whole columns: quantiles, bins, ranks.
//!
//! Every row has a random key, the same in each run. A row is kept if its key
//! is below a threshold, which is halved whenever too many are kept. So the rows
//! are a simple random sample in the order of the file, and as long as the file
//! is short enough they are all of them.

use super::cell::mixed;

/// At most so many rows.
const MOST_ROWS: usize = 100_000;

/// At most so many cells.
const MOST_CELLS: usize = 8_000_000;

/// At least so many rows, however many columns there are.
const FEWEST_ROWS: usize = 100;

/// Changes the keys if changed.
const SEED: u64 = 0x7265_7072_6f6f_6621;

/// Which rows are kept.
#[derive(Debug)]
pub(super) struct Sample {
    rows: Vec<u64>,
    most: usize,
    /// A row is kept if its key starts with so many zero bits.
    level: u32,
}

/// What a batch changes in the sample.
#[derive(Debug)]
pub(super) struct Plan {
    /// Which of the rows that were kept stay; `None`: all.
    pub(super) stay: Option<Vec<bool>>,
    /// Which rows of the batch are added.
    pub(super) take: Vec<usize>,
}

impl Sample {
    /// For a table of `columns` columns.
    pub(super) fn new(columns: usize) -> Self {
        let most = (MOST_CELLS / columns.max(1)).clamp(FEWEST_ROWS, MOST_ROWS);
        Self {
            rows: Vec::new(),
            most,
            level: 0,
        }
    }

    /// Takes notice of `count` more rows, the first of which is row `first` of the file.
    pub(super) fn plan(&mut self, first: u64, count: usize) -> Plan {
        let before = self.level;
        let in_batch = |level: u32| (0..count).filter(move |at| kept(first + *at as u64, level));
        let mut staying = self.rows.len();
        while staying + in_batch(self.level).count() > self.most {
            self.level += 1;
            staying = self.rows.iter().filter(|row| kept(**row, self.level)).count();
        }
        let level = self.level;
        let stay = (level > before).then(|| self.rows.iter().map(|row| kept(*row, level)).collect());
        if stay.is_some() {
            self.rows.retain(|row| kept(*row, level));
        }
        let take: Vec<usize> = in_batch(level).collect();
        self.rows.extend(take.iter().map(|at| first + *at as u64));
        Plan { stay, take }
    }

    /// Whether all rows are kept.
    pub(super) fn complete(&self) -> bool {
        self.level == 0
    }

    /// The rows that are kept, counted from 0.
    pub(super) fn rows(&self) -> &[u64] {
        &self.rows
    }
}

fn kept(row: u64, level: u32) -> bool {
    level == 0 || mixed(row.wrapping_add(SEED)).leading_zeros() >= level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_file_is_kept_whole() {
        let mut sample = Sample::new(3);
        assert_eq!(sample.plan(0, 5).take, [0, 1, 2, 3, 4]);
        assert!(sample.plan(5, 5).stay.is_none());
        assert!(sample.complete());
        assert_eq!(sample.rows(), (0..10).collect::<Vec<u64>>());
    }

    #[test]
    fn a_long_file_leaves_an_even_sample_in_order_and_plans_agree_with_it() {
        let mut sample = Sample::new(80_000); // room for 100 rows
        let mut mirror: Vec<u64> = Vec::new();
        for batch in 0..100_u64 {
            let plan = sample.plan(batch * 50, 50);
            if let Some(stay) = plan.stay {
                let mut stay = stay.into_iter();
                mirror.retain(|_| stay.next().expect("an answer a row"));
            }
            mirror.extend(plan.take.iter().map(|at| batch * 50 + *at as u64));
        }
        assert_eq!(mirror, sample.rows());
        assert!(!sample.complete());
        assert!((40..=100).contains(&mirror.len()), "{}", mirror.len());
        let late = mirror.iter().filter(|row| **row >= 2_500).count();
        assert!(
            (15..=85).contains(&(100 * late / mirror.len())),
            "{late} of {}",
            mirror.len()
        );
    }
}
