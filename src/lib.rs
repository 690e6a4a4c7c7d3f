//! Does a paper's code do what the paper says, and can it be relied on?
//!
//! This is the tool as a library: it never prints, and it reads no environment
//! variable and no home folder; whoever calls it says where everything lies.

pub mod acquire;
pub mod audit;
pub mod demo;
pub mod digest;
pub mod environment;
pub mod error;
pub mod execute;
pub mod judge;
pub mod manifest;
pub mod measure;
pub mod observe;
pub mod pipeline;
pub mod process;
pub mod profile;
pub mod reason;
pub mod report;
pub mod stats;
pub mod table;
pub mod workspace;
