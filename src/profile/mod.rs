//! What the data itself says, before any number is believed.

pub mod overlap;
