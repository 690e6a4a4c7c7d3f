//! Sets of rows, and where a row stands in its file.

/// A set of row numbers, counted from 0 in the order of the file, one bit a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSet {
    words: Vec<u64>,
    len: u64,
}

impl RowSet {
    /// Adds `row`; whether it is new.
    pub fn insert(&mut self, row: u64) -> bool {
        let (word, bit) = place(row);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += u64::from(new);
        new
    }

    /// Whether `row` is in it.
    pub fn contains(&self, row: u64) -> bool {
        let (word, bit) = place(row);
        self.words.get(word).is_some_and(|found| found & bit != 0)
    }

    /// How many rows it has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let words = self.words.iter().enumerate();
        words.flat_map(|(at, &word)| {
            (0..64u64)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| at as u64 * 64 + bit)
        })
    }

    /// Adds all rows of `other`.
    pub fn extend(&mut self, other: &Self) {
        other.iter().for_each(|row| {
            self.insert(row);
        });
    }
}

impl FromIterator<u64> for RowSet {
    fn from_iter<I: IntoIterator<Item = u64>>(rows: I) -> Self {
        let mut set = Self::default();
        rows.into_iter().for_each(|row| {
            set.insert(row);
        });
        set
    }
}

fn place(row: u64) -> (usize, u64) {
    ((row / 64) as usize, 1 << (row % 64))
}

/// A row of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counted from 0.
    pub row: u64,
    /// Where it is found: its line, or its number from 1 in a file without lines.
    pub line: u64,
}

/// The line of each row. As long as a row is a line, one entry says it all.
#[derive(Default)]
pub(super) struct LineNumbers(Vec<(u64, u64)>);

impl LineNumbers {
    /// Notes that `row`, which follows all others, stands in `line`.
    pub(super) fn push(&mut self, row: u64, line: u64) {
        if self.0.last().is_none_or(|(first, at)| at + (row - first) != line) {
            self.0.push((row, line));
        }
    }

    /// Where `row` is.
    pub(super) fn place(&self, row: u64) -> Place {
        let after = self.0.partition_point(|(first, _)| *first <= row);
        let found = after.checked_sub(1).and_then(|at| self.0.get(at));
        let line = found.map_or(row + 1, |(first, line)| line + (row - first));
        Place { row, line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_back_its_rows_in_order() {
        let mut set: RowSet = [700, 3, 64, 3].into_iter().collect();
        assert_eq!((set.len(), set.iter().collect::<Vec<_>>()), (3, vec![3, 64, 700]));
        assert!(set.contains(64) && !set.contains(65) && !set.contains(1 << 40));
        set.extend(&[1, 700].into_iter().collect());
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 3, 64, 700]);
    }

    #[test]
    fn lines_that_skip_are_followed() {
        let mut lines = LineNumbers::default();
        for (row, line) in [2, 3, 7, 8, 12].into_iter().enumerate() {
            lines.push(row as u64, line);
        }
        let found: Vec<u64> = (0..5).map(|row| lines.place(row).line).collect();
        assert_eq!(found, [2, 3, 7, 8, 12]);
        assert_eq!(LineNumbers::default().place(4).line, 5);
    }
}
