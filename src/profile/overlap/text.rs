//! Texts as sets of shingles, and sketches of these sets that show which are alike.
//!
//! References: A. Broder, *On the resemblance and containment of documents*, 1997
//! (shingles, MinHash); J. Leskovec, A. Rajaraman and J. Ullman, *Mining of Massive
//! Datasets*, chapter 3 (bands).

use super::canon::{mix, next_random};

/// Bands of the sketch.
pub(super) const BANDS: usize = 20;

/// Minima in a band. Two texts of resemblance s share a band with probability 1 − (1 − s⁵)²⁰: 0.9996 at 0.8.
const ROWS: usize = 5;

/// Longer texts are compared by this many of their smallest shingles: an error of 0.012 or so.
pub(super) const MOST_SHINGLES: usize = 1024;

/// How texts are cut into overlapping pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shingling {
    /// Three words: texts that mostly have fifty words or more.
    Words,
    /// Five characters: shorter texts.
    Characters,
    /// Two characters: languages that put no space between words.
    Dense,
}

/// What a text looks like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    words: u32,
    letters: u32,
    /// Letters of scripts without spaces.
    dense: u32,
}

impl Shape {
    pub(super) fn of(text: &str) -> Self {
        let few = || text.chars().take(4096);
        Self {
            words: text.split_whitespace().take(1000).count() as u32,
            letters: few().filter(|c| c.is_alphabetic()).count() as u32,
            dense: few().filter(|c| is_dense(*c)).count() as u32,
        }
    }

    fn is_dense(self) -> bool {
        self.dense * 2 > self.letters
    }

    /// Whether a column of such cells holds texts and not names or codes.
    pub(super) fn reads_like_text(shapes: &[Self]) -> bool {
        let texts = shapes.iter().filter(|shape| {
            let dense = shape.is_dense() && shape.letters >= 10;
            dense || (shape.words >= 3 && shape.letters >= 10)
        });
        texts.count() * 2 > shapes.len()
    }
}

/// Han, kana, Thai, Lao, Khmer, Burmese.
fn is_dense(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// How to cut texts of these shapes; `None` if there are none.
pub(super) fn shingling(shapes: impl Iterator<Item = Shape>) -> Option<Shingling> {
    let (mut words, mut dense) = (Vec::new(), 0);
    for shape in shapes {
        words.push(shape.words);
        dense += usize::from(shape.is_dense());
    }
    words.sort_unstable();
    let median = *words.get(words.len() / 2)?;
    Some(if dense * 2 > words.len() {
        Shingling::Dense
    } else if median >= 50 {
        Shingling::Words
    } else {
        Shingling::Characters
    })
}

/// A hash of a text that needs no key: it only counts values of a sample.
pub(super) fn fingerprint(text: &str) -> u64 {
    let start = text.len() as u64;
    text.as_bytes().chunks(8).fold(start, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(hash.rotate_left(5) ^ u64::from_le_bytes(word))
    })
}

/// Cuts texts into shingles, whatever their case, punctuation and spaces.
#[derive(Default)]
pub(super) struct Cutter {
    plain: String,
    /// Where each piece begins.
    starts: Vec<usize>,
}

impl Cutter {
    /// Appends the hashes of the shingles of `text`, with repeats; `seed` keeps columns apart.
    ///
    /// A text that is shorter than a shingle is one.
    pub(super) fn cut(&mut self, text: &str, how: Shingling, seed: u64, out: &mut Vec<u64>) {
        self.simplify(text, how);
        let size = match how {
            Shingling::Words => 3,
            Shingling::Characters => 5,
            Shingling::Dense => 2,
        };
        let Some(pieces) = self.starts.len().checked_sub(1).filter(|pieces| *pieces > 0) else {
            return;
        };
        let size = size.min(pieces);
        let windows = self.starts.windows(size + 1);
        out.extend(windows.filter_map(|window| {
            let piece = self.plain.get(window[0]..window[size])?;
            Some(mix(fingerprint(piece) ^ seed))
        }));
    }

    /// Lower case, letters and digits alone, one space between words.
    fn simplify(&mut self, text: &str, how: Shingling) {
        self.plain.clear();
        self.starts.clear();
        let mut gap = false;
        for c in text.chars() {
            if !c.is_alphanumeric() {
                gap = true;
                continue;
            }
            let word = gap || self.plain.is_empty();
            if gap && !self.plain.is_empty() && how != Shingling::Dense {
                if how == Shingling::Characters {
                    self.starts.push(self.plain.len());
                }
                self.plain.push(' ');
            }
            if word || how != Shingling::Words {
                self.starts.push(self.plain.len());
            }
            gap = false;
            self.plain.extend(c.to_lowercase());
        }
        self.starts.push(self.plain.len());
    }
}

/// The smallest value of each of a hundred hash functions, band by band.
pub(super) struct MinHash {
    functions: Vec<(u64, u64)>,
    minima: Vec<u64>,
}

impl MinHash {
    /// With functions from `seed`.
    pub(super) fn new(seed: u64) -> Self {
        let mut state = seed;
        let functions = (0..BANDS * ROWS)
            .map(|_| (next_random(&mut state) | 1, next_random(&mut state)))
            .collect();
        Self {
            functions,
            minima: vec![0; BANDS * ROWS],
        }
    }

    /// Appends one key a band; of no shingles, keys that nothing else has.
    pub(super) fn bands(&mut self, shingles: &[u64], out: &mut Vec<u32>) {
        for (minimum, (factor, offset)) in self.minima.iter_mut().zip(&self.functions) {
            let hashes = shingles
                .iter()
                .map(|x| x.wrapping_mul(*factor).wrapping_add(*offset));
            *minimum = hashes.min().unwrap_or(u64::MAX);
        }
        out.extend(self.minima.chunks(ROWS).map(|band| {
            let key = band
                .iter()
                .fold(0, |key: u64, value| mix(key.rotate_left(7) ^ value));
            (key >> 32) as u32
        }));
    }
}

/// Makes `shingles` a sorted set, and of a large set its smallest members.
pub(super) fn to_set(shingles: &mut Vec<u64>) {
    shingles.sort_unstable();
    shingles.dedup();
    shingles.truncate(MOST_SHINGLES);
}

/// The resemblance of two sorted sets: shared members over all members; 0 if one is empty.
///
/// Of cut sets, the share among the smallest members of their union.
pub(super) fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut shared, mut all) = (0, 0, 0u32, 0u32);
    let cut = a.len() == MOST_SHINGLES || b.len() == MOST_SHINGLES;
    while i < a.len() && j < b.len() && !(cut && all as usize == MOST_SHINGLES) {
        shared += u32::from(a[i] == b[j]);
        all += 1;
        let (left, right) = (a[i], b[j]);
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
    if !cut {
        all += (a.len() - i + b.len() - j) as u32;
    }
    if all == 0 || a.is_empty() || b.is_empty() {
        return 0.0;
    }
    f64::from(shared) / f64::from(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, how: Shingling) -> Vec<u64> {
        let mut out = Vec::new();
        Cutter::default().cut(text, how, 0, &mut out);
        to_set(&mut out);
        out
    }

    #[test]
    fn case_punctuation_and_spaces_do_not_matter() {
        let (a, b) = ("The cat, sat on  the mat!", "the CAT sat — on the mat");
        for how in [Shingling::Words, Shingling::Characters, Shingling::Dense] {
            assert_eq!(set(a, how), set(b, how));
            assert!(!set(a, how).is_empty());
        }
        assert_eq!(set("a b c d", Shingling::Words).len(), 2);
        assert_eq!(set("abcdef", Shingling::Characters).len(), 2);
        assert_eq!(set("猫が好き", Shingling::Dense).len(), 3);
        assert_eq!(set("ab", Shingling::Characters).len(), 1);
        assert_eq!(set(" .,", Shingling::Characters).len(), 0);
    }

    #[test]
    fn resemblance_is_shared_over_all() {
        assert_eq!(jaccard(&[1, 2, 3], &[2, 3, 4]), 0.5);
        assert_eq!(jaccard(&[1, 2], &[1, 2]), 1.0);
        assert_eq!(jaccard(&[], &[]), 0.0);
        assert_eq!(jaccard(&[1], &[]), 0.0);
    }

    #[test]
    fn large_sets_are_compared_by_their_smallest_members() {
        let numbers = |from: u64, to: u64| {
            let mut set: Vec<u64> = (from..to).map(mix).collect();
            to_set(&mut set);
            set
        };
        let found = jaccard(&numbers(0, 9000), &numbers(1000, 10_000));
        assert!((found - 0.8).abs() < 0.05, "{found}");
    }

    #[test]
    fn bands_meet_as_often_as_the_curve_says() {
        let mut hash = MinHash::new(7);
        let mut meets = |same: u64, of: u64| {
            let found = (0..400u64).filter(|case| {
                let a: Vec<u64> = (0..of).map(|x| mix(case * 1000 + x)).collect();
                let b: Vec<u64> = (of - same..2 * of - same).map(|x| mix(case * 1000 + x)).collect();
                let (mut first, mut second) = (Vec::new(), Vec::new());
                hash.bands(&a, &mut first);
                hash.bands(&b, &mut second);
                first.iter().zip(&second).any(|(a, b)| a == b)
            });
            found.count() as f64 / 400.0
        };
        let expected = |s: f64| 1.0 - (1.0 - s.powi(5)).powi(20);
        for (same, of) in [(89, 100), (67, 100), (46, 100), (18, 100)] {
            let s = f64::from(same as u32) / f64::from((2 * of - same) as u32);
            let found = meets(same, of);
            assert!(
                (found - expected(s)).abs() < 0.1,
                "{s}: {found}, not {}",
                expected(s)
            );
        }
    }
}
