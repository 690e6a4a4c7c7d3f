//! Rows by what they hold, without holding it again.

use std::hash::{BuildHasher as _, Hash, RandomState};

/// No row.
const FREE: u32 = u32::MAX;

/// Finds rows by a value that lies elsewhere: four bytes a place, at most half of them taken.
#[derive(Debug)]
pub(super) struct Index {
    places: Vec<u32>,
    /// Keyed anew each time: nobody can choose values that collide.
    hasher: RandomState,
}

impl Index {
    /// Room for so many rows.
    pub(super) fn with_room(rows: usize) -> Self {
        let places = (rows * 2).max(16).next_power_of_two();
        Self {
            places: vec![FREE; places],
            hasher: RandomState::new(),
        }
    }

    /// The row with this value, as `same` says it is; none if there is a free place first.
    pub(super) fn find(&self, value: impl Hash, same: impl Fn(u32) -> bool) -> Option<u32> {
        let row = self.places[self.place(value, same)];
        (row != FREE).then_some(row)
    }

    /// Adds a row, if none with its value is there; else returns that one.
    pub(super) fn add(&mut self, row: u32, value: impl Hash, same: impl Fn(u32) -> bool) -> Option<u32> {
        let place = self.place(value, same);
        let there = self.places[place];
        if there == FREE {
            self.places[place] = row;
            return None;
        }
        Some(there)
    }

    /// Where the value is, or would be.
    fn place(&self, value: impl Hash, same: impl Fn(u32) -> bool) -> usize {
        let last = self.places.len() - 1;
        let mut place = self.hasher.hash_one(value) as usize & last;
        while self.places[place] != FREE && !same(self.places[place]) {
            place = (place + 1) & last;
        }
        place
    }
}
