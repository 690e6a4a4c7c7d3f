//! Obtaining what the paper needs, and proving that it is what was meant.

pub mod git;
pub mod http;
pub mod package;
pub mod store;
pub mod swhid;
mod transport;
pub mod unpack;
pub mod url;
