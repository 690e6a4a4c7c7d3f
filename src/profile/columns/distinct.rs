//! How many different values there are, and which are frequent.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Frequent is a value that is one in so many.
const OFTEN: u64 = 256;

/// Counts different values exactly up to a bound, beyond it by a sketch, and the frequent ones among the first.
#[derive(Debug)]
pub(super) struct Distinct {
    values: HashMap<u64, Seen, BuildHasherDefault<Key>>,
    most: usize,
    precision: u32,
    sketch: Option<Sketch>,
}

/// A value and how often it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// As it was first written, shortened.
    pub(super) text: String,
    /// How often.
    pub(super) count: u64,
}

/// A hasher for keys that are hashes already.
#[derive(Default)]
pub(super) struct Key(u64);

impl Hasher for Key {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

impl Distinct {
    /// Exact up to `most` different values; the sketch beyond has 2^`precision` registers.
    pub(super) fn new(most: usize, precision: u32) -> Self {
        Self {
            values: HashMap::default(),
            most,
            precision,
            sketch: None,
        }
    }

    /// Counts a value by its key; `text` is asked for where it is new.
    pub(super) fn add(&mut self, key: u64, text: impl FnOnce() -> String) {
        if !self.values.is_empty()
            && let Some(seen) = self.values.get_mut(&key)
        {
            seen.count += 1;
            return;
        }
        if let Some(sketch) = &mut self.sketch {
            sketch.add(key);
        } else if self.values.len() < self.most {
            let seen = Seen {
                text: text(),
                count: 1,
            };
            self.values.insert(key, seen);
        } else {
            self.overflow(key);
        }
    }

    /// Goes over to the sketch; values that were frequent up to here are still counted.
    fn overflow(&mut self, key: u64) {
        let mut sketch = Sketch::new(self.precision);
        self.values.keys().for_each(|key| sketch.add(*key));
        sketch.add(key);
        let all: u64 = self.values.values().map(|seen| seen.count).sum();
        self.values
            .retain(|_, seen| seen.count > 1 && seen.count * OFTEN >= all);
        self.sketch = Some(sketch);
    }

    /// How many, and the relative standard error if that is an estimate.
    pub(super) fn count(&self) -> (u64, Option<f64>) {
        match &self.sketch {
            None => (self.values.len() as u64, None),
            Some(sketch) => (sketch.estimate().round() as u64, Some(sketch.error())),
        }
    }

    /// Whether every value is in [`Self::values`].
    pub(super) fn complete(&self) -> bool {
        self.sketch.is_none()
    }

    /// The values that are counted, each exactly, by their keys.
    pub(super) fn values(&self) -> impl Iterator<Item = (u64, &Seen)> {
        self.values.iter().map(|(key, seen)| (*key, seen))
    }
}

/// HyperLogLog with 64-bit hashes.
///
/// Reference: P. Flajolet and others, *HyperLogLog: the analysis of a near-optimal
/// cardinality estimation algorithm*, 2007; linear counting where few are seen.
#[derive(Debug)]
struct Sketch {
    registers: Vec<u8>,
    precision: u32,
}

impl Sketch {
    fn new(precision: u32) -> Self {
        Self {
            registers: vec![0; 1 << precision],
            precision,
        }
    }

    fn add(&mut self, hash: u64) {
        let place = (hash >> (64 - self.precision)) as usize;
        let rank = ((hash << self.precision) | 1 << (self.precision - 1)).leading_zeros() + 1;
        let register = &mut self.registers[place];
        *register = (*register).max(rank as u8);
    }

    fn estimate(&self) -> f64 {
        let m = self.registers.len() as f64;
        let sum: f64 = self
            .registers
            .iter()
            .map(|rank| 1.0 / (1_u64 << (*rank).min(63)) as f64)
            .sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let empty = self.registers.iter().filter(|rank| **rank == 0).count() as f64;
        if raw <= 2.5 * m && empty > 0.0 {
            return m * (m / empty).ln();
        }
        raw
    }

    fn error(&self) -> f64 {
        1.04 / (self.registers.len() as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::cell::mixed;
    use super::*;

    #[test]
    fn few_values_are_counted_exactly() {
        let mut distinct = Distinct::new(10, 14);
        for i in 0..100_u64 {
            distinct.add(mixed(i % 10), || (i % 10).to_string());
        }
        assert_eq!(distinct.count(), (10, None));
        assert!(distinct.values().all(|(_, seen)| seen.count == 10));
    }

    #[test]
    fn many_values_are_estimated_within_the_bound_that_is_stated() {
        for many in [1_000_u64, 30_000, 60_000, 1_000_000] {
            let mut distinct = Distinct::new(100, 14);
            for round in 0..2 {
                (0..many).for_each(|i| distinct.add(mixed(i + 7 * many), || format!("{round}")));
            }
            let (count, error) = distinct.count();
            let error = error.expect("an estimate");
            let off = (count as f64 / many as f64 - 1.0).abs();
            assert!(off < 4.0 * error, "{count} for {many}");
        }
    }

    #[test]
    fn a_frequent_value_is_counted_exactly_past_the_bound() {
        let mut distinct = Distinct::new(8, 10);
        for i in 0..1_000_u64 {
            distinct.add(mixed(0), || "often".to_owned());
            distinct.add(mixed(i + 1), || "once".to_owned());
        }
        let counted: Vec<_> = distinct
            .values()
            .map(|(_, seen)| (seen.text.as_str(), seen.count))
            .collect();
        assert_eq!(counted, [("often", 1_000)]);
        assert!(!distinct.complete());
    }
}
