//! The smallest contradictory subset of claims.
//!
//! A matrix that was found for some claims also fits others; a contradictory subset has at least one claim outside of
//! what each such matrix fits. That spares most of the questions.
//!
//! Reference: A. Ignatiev, A. Previti, M. Liffiton and J. Marques-Silva, *Smallest MUS Extraction with Minimal Hitting Set
//! Dualization*, CP 2015.

/// Claims by their bits.
pub(super) type Mask = u64;

/// More claims than this are not told apart by a [`Mask`].
pub(super) const MOST: usize = 60;

/// Subsets that are looked at before an irreducible one is good enough.
const PATIENCE: usize = 1_000_000;

/// What is known of some claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// They fit, and so do all of these.
    Fits(Mask),
    Contradicts,
    GaveUp,
}

/// What is known of all claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Smallest {
    /// They fit together.
    Fits,
    /// These contradict each other. None can be spared, and unless the search was given up, no fewer do.
    Contradicts(Mask),
    GaveUp,
}

/// The smallest contradictory subset of `count` claims, asking as little as possible.
pub(super) fn smallest(count: usize, mut ask: impl FnMut(Mask) -> Answer) -> Smallest {
    if count == 0 || count > MOST {
        return Smallest::Fits;
    }
    let all: Mask = (1 << count) - 1;
    match ask(all) {
        Answer::Fits(_) => return Smallest::Fits,
        Answer::GaveUp => return Smallest::GaveUp,
        Answer::Contradicts => {}
    }
    let mut fitting = Vec::new();
    let irreducible = reduced(all, count, &mut fitting, &mut ask);
    let fewer = fewer(irreducible.count_ones(), count, fitting, ask);
    Smallest::Contradicts(fewer.unwrap_or(irreducible))
}

/// Drops claims for as long as the others still contradict each other.
fn reduced(all: Mask, count: usize, fitting: &mut Vec<Mask>, ask: &mut impl FnMut(Mask) -> Answer) -> Mask {
    let mut left = all;
    for bit in (0..count).rev() {
        let without = left & !(1 << bit);
        match ask(without) {
            Answer::Contradicts => left = without,
            Answer::Fits(more) => fitting.push(more | without),
            Answer::GaveUp => {}
        }
    }
    left
}

/// A contradictory subset of fewer than `most` claims, the smallest first.
fn fewer(
    most: u32,
    count: usize,
    mut fitting: Vec<Mask>,
    mut ask: impl FnMut(Mask) -> Answer,
) -> Option<Mask> {
    let mut looked = 0;
    for size in 1..most {
        let mut next = Some((1 << size) - 1);
        while let Some(subset) = next {
            next = following(subset, count);
            looked += 1;
            if looked > PATIENCE {
                return None;
            }
            if fitting.iter().any(|known| subset & !known == 0) {
                continue;
            }
            match ask(subset) {
                Answer::Fits(more) => fitting.push(more | subset),
                Answer::Contradicts => return Some(subset),
                Answer::GaveUp => return None,
            }
        }
    }
    None
}

/// The next larger number with as many bits (Gosper's hack), if `count` bits hold it.
fn following(mask: Mask, count: usize) -> Option<Mask> {
    let lowest = mask & mask.wrapping_neg();
    let carried = mask + lowest;
    let next = carried | (((mask ^ carried) >> 2) / lowest);
    (next < 1 << count).then_some(next)
}
