//! Fetching, against servers, archives and package clients that misbehave.

mod archives;
mod bench;
mod local;
mod mutants;
mod packages;
pub(crate) mod server;
mod tls;
mod web;
