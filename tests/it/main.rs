//! Integration tests, in one binary: each further one is another long link.

mod architecture;
mod cli;
mod common;
mod common_faults;
mod common_git;
mod demo;
mod environment;
mod execute;
mod fetch;
mod git;
mod manifest;
mod papers;
mod registry;
mod reports;
mod resume;
