//! What is drawn in a resample: rows, rows within strata, or whole clusters.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};

/// Units are left out one by one up to here, and in this many groups beyond.
///
/// The error that grouping makes in the acceleration is about 0.4 divided by the
/// number of groups, far below what a thousand replicates can show.
const GROUPS: usize = 1000;

/// How rows depend on each other, and so what may be drawn on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    rows: usize,
    units: Units,
}

/// The units of a draw.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Units {
    /// Each row is one.
    Rows,
    /// Each row is one, and of each stratum as many are drawn as it has.
    Strata(Lists),
    /// Each cluster is one, with all its rows.
    Clusters(Lists),
}

impl Design {
    /// Independent rows: as many are drawn as there are.
    pub fn rows(rows: usize) -> Self {
        Self {
            rows,
            units: Units::Rows,
        }
    }

    /// Independent rows of which each stratum keeps its number, as with labels whose shares were fixed beforehand.
    ///
    /// `of_row` names the stratum of each row: a small number, 0 being the first.
    pub fn strata(of_row: &[u32]) -> Self {
        Self {
            rows: of_row.len(),
            units: Units::Strata(Lists::of(of_row)),
        }
    }

    /// Rows that come in clusters, such as the images of one patient: whole clusters are drawn, as many as there are.
    ///
    /// `of_row` names the cluster of each row: a small number, 0 being the first.
    ///
    /// Reference: A. C. Davison and D. V. Hinkley, *Bootstrap Methods and their Application*, 1997, section 3.8.
    pub fn clusters(of_row: &[u32]) -> Self {
        Self {
            rows: of_row.len(),
            units: Units::Clusters(Lists::of(of_row)),
        }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// The number of units, of which two are needed.
    pub fn units(&self) -> usize {
        match &self.units {
            Units::Rows | Units::Strata(_) => self.rows,
            Units::Clusters(clusters) => clusters.len(),
        }
    }

    /// Writes into `counts` how often each row is drawn.
    pub(super) fn draw(&self, stream: &mut Stream, counts: &mut Vec<u32>) {
        counts.clear();
        counts.resize(self.rows, 0);
        match &self.units {
            Units::Rows => (0..self.rows).for_each(|_| counts[stream.below(self.rows)] += 1),
            Units::Strata(strata) => {
                for rows in strata.iter() {
                    rows.iter()
                        .for_each(|_| counts[rows[stream.below(rows.len())] as usize] += 1);
                }
            }
            Units::Clusters(clusters) => {
                for _ in 0..clusters.len() {
                    let rows = clusters.get(stream.below(clusters.len()));
                    rows.iter().for_each(|row| counts[*row as usize] += 1);
                }
            }
        }
    }

    /// In how many groups the units are left out.
    pub(super) fn groups(&self) -> usize {
        self.units().min(GROUPS)
    }

    /// Writes into `counts` each row once but those of a group.
    pub(super) fn leave_out(&self, group: usize, counts: &mut Vec<u32>) {
        counts.clear();
        counts.resize(self.rows, 1);
        let groups = self.groups();
        match &self.units {
            Units::Rows | Units::Strata(_) => {
                let left_out = (group..self.rows).step_by(groups);
                left_out.for_each(|row| counts[row] = 0);
            }
            Units::Clusters(clusters) => {
                for cluster in (group..clusters.len()).step_by(groups) {
                    clusters
                        .get(cluster)
                        .iter()
                        .for_each(|row| counts[*row as usize] = 0);
                }
            }
        }
    }
}

/// The rows of each stratum or cluster, one list behind the other; none is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lists {
    rows: Vec<u32>,
    starts: Vec<usize>,
}

impl Lists {
    fn of(of_row: &[u32]) -> Self {
        let mut rows: Vec<u32> = (0..).take(of_row.len()).collect();
        rows.sort_by_key(|row| of_row[*row as usize]);
        let of = |at: usize| of_row[rows[at] as usize];
        let begins = (0..rows.len()).filter(|&at| at == 0 || of(at) != of(at - 1));
        let starts = begins.chain([rows.len()]).collect();
        Self { rows, starts }
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn get(&self, at: usize) -> &[u32] {
        &self.rows[self.starts[at]..self.starts[at + 1]]
    }

    fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len()).map(|at| self.get(at))
    }
}

/// The random numbers of one replicate: ChaCha with eight rounds, whose stream is the replicate's index.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    pub(super) fn new(seed: u64, replicate: u32) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut numbers = ChaCha8Rng::from_seed(key);
        numbers.set_stream(u64::from(replicate));
        Self(numbers)
    }

    /// A number from 0 to `bound` − 1, all equally likely; `bound` > 0.
    ///
    /// Reference: D. Lemire, *Fast Random Integer Generation in an Interval*, ACM
    /// Transactions on Modeling and Computer Simulation 29 (2019).
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        loop {
            let wide = u128::from(self.0.next_u64()) * u128::from(bound);
            let (high, low) = ((wide >> 64) as u64, wide as u64);
            // Those few products that would make some numbers likelier are drawn again.
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return high as usize;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_random_numbers_are_those_of_chacha() {
        let mut stream = Stream::new(0, 0);
        assert_eq!(stream.0.next_u64(), 0xd640_5f89_2fef_003e); // the first of eight rounds under a key of zeros
        let draws = |seed, replicate| {
            let mut stream = Stream::new(seed, replicate);
            [0; 5].map(|_| stream.below(1000))
        };
        assert_eq!(draws(1, 0), draws(1, 0));
        assert_ne!(draws(1, 0), draws(1, 1));
        assert_ne!(draws(1, 0), draws(2, 0));
    }

    #[test]
    fn every_row_is_drawn_equally_often() {
        let mut counts = [0_u32; 7];
        for replicate in 0..700 {
            let mut stream = Stream::new(9, replicate);
            (0..100).for_each(|_| counts[stream.below(7)] += 1);
        }
        let worst = counts
            .iter()
            .map(|&count| (f64::from(count) - 10_000.0).abs())
            .fold(0.0, f64::max);
        assert!(
            worst < 4.0 * (70_000.0_f64 * (1.0 / 7.0) * (6.0 / 7.0)).sqrt(),
            "{counts:?}"
        );
    }

    /// The counts of a thousand draws.
    fn draws(design: &Design) -> Vec<Vec<u32>> {
        let one = |replicate| {
            let mut counts = Vec::new();
            design.draw(&mut Stream::new(5, replicate), &mut counts);
            counts
        };
        (0..1000).map(one).collect()
    }

    #[test]
    fn a_stratum_keeps_its_number_and_a_cluster_its_rows() {
        let groups = [7, 7, 3, 7, 3, 9];
        for counts in draws(&Design::strata(&groups)) {
            let of = |group| {
                (0..6)
                    .filter(|&row| groups[row] == group)
                    .map(|row| counts[row])
                    .sum::<u32>()
            };
            assert_eq!([of(7), of(3), of(9)], [3, 2, 1]);
        }
        let clusters = Design::clusters(&groups);
        assert_eq!((clusters.units(), clusters.groups()), (3, 3));
        let drawn = draws(&clusters);
        for counts in &drawn {
            assert_eq!((counts[0], counts[2]), (counts[1], counts[4]));
            assert_eq!((counts[0] + counts[2] + counts[5], counts[0]), (3, counts[3]));
        }
        let often = drawn.iter().map(|counts| counts[5]).sum::<u32>();
        assert!((900..1100).contains(&often), "{often}");
    }

    #[test]
    fn every_unit_is_left_out_once() {
        for design in [
            Design::rows(2500),
            Design::strata(&[1; 10]),
            Design::clusters(&[4, 4, 0, 1, 0, 4]),
        ] {
            let mut missing = vec![0; design.len()];
            let mut counts = Vec::new();
            for group in 0..design.groups() {
                design.leave_out(group, &mut counts);
                missing
                    .iter_mut()
                    .zip(&counts)
                    .for_each(|(missing, count)| *missing += 1 - count);
            }
            assert!(missing.iter().all(|times| *times == 1), "{missing:?}");
        }
    }
}
