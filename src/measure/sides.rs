//! Scores of positives and of negatives, each example counting once.
//!
//! Two sorted lists of plain numbers, and no pairs of score and weight: a
//! quarter of the memory, and the sorting is several times as fast.

/// Scores as whole numbers of the same order.
#[derive(Debug, Default)]
pub(super) struct Sides {
    positives: Vec<u64>,
    negatives: Vec<u64>,
}

impl Sides {
    pub(super) fn add(&mut self, score: f64, positive: bool) {
        let side = if positive {
            &mut self.positives
        } else {
            &mut self.negatives
        };
        side.push(ordered(score));
    }

    /// The chance that a positive scores above a negative, a tie counting half; `None` where either has none.
    pub(super) fn area(self) -> Option<f64> {
        let (mut positives, mut negatives) = (self.positives, self.negatives);
        rayon::join(|| positives.sort_unstable(), || negatives.sort_unstable());
        let (mut twice, mut below) = (0_u128, 0);
        let mut rest = &positives[..];
        while let Some(&score) = rest.first() {
            let tied = run(rest, score);
            below += negatives[below..]
                .iter()
                .take_while(|other| **other < score)
                .count();
            let level = run(&negatives[below..], score);
            twice += tied as u128 * (2 * below + level) as u128;
            rest = &rest[tied..];
        }
        let pairs = positives.len() as f64 * negatives.len() as f64;
        (pairs > 0.0).then(|| twice as f64 / 2.0 / pairs)
    }
}

/// How many of a sorted list's first numbers are this one.
fn run(numbers: &[u64], number: u64) -> usize {
    numbers.iter().take_while(|other| **other == number).count()
}

/// A number that is greater where the score is; 0 and −0 are one score.
fn ordered(score: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    let bits = (score + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(positives: &[f64], negatives: &[f64]) -> Option<f64> {
        let mut sides = Sides::default();
        positives.iter().for_each(|score| sides.add(*score, true));
        negatives.iter().for_each(|score| sides.add(*score, false));
        sides.area()
    }

    #[test]
    fn pairs_are_won_lost_or_halved() {
        assert_eq!(area(&[2.0, 3.0], &[0.0, 1.0]), Some(1.0));
        assert_eq!(area(&[-1.0], &[1.0]), Some(0.0));
        assert_eq!(area(&[0.0, 1.0], &[-0.0, 1.0]), Some(0.5));
        assert_eq!(area(&[-2.0, f64::MIN, 5e-324], &[-1.0, 0.0]), Some(1.0 / 3.0));
    }

    #[test]
    fn one_side_alone_has_no_area() {
        assert_eq!(area(&[], &[1.0]), None);
        assert_eq!(area(&[1.0], &[]), None);
    }
}
