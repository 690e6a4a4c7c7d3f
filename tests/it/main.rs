//! Integration tests, in one binary: each further one is another long link.

mod architecture;
mod audit;
mod cli;
mod common;
mod common_faults;
mod common_git;
mod comparisons;
mod demo;
mod disk;
mod environment;
mod execute;
mod fetch;
mod git;
mod manifest;
mod metrics;
mod papers;
mod profile;
mod profile_pictures;
mod refused;
mod registry;
mod reports;
mod resume;
mod servers;
