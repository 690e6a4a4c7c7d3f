//! The folders of a step: its private copy of the code, what it changed there, and what is kept of it.
//!
//! A step may fill its folders with anything: links to anywhere, pipes that
//! never end, files of any size. So what it leaves is opened beneath its folder
//! or not at all, and never followed.

mod changes;
mod collect;
mod copy;

pub use changes::{Changes, Snapshot};
pub use collect::{Bounds, Collected, Danger, Kept, Output, Sources, collect};
pub use copy::{place, private_copy};
