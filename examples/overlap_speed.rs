//! Prints how long it takes to compare two splits: `cargo run --release --example overlap_speed TRAIN TEST [--exact]`.
//!
//! benchmarks/overlap_speed.py makes the files and runs the peers.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::env::args;
use std::time::Instant;

use reproof::observe::Silent;
use reproof::profile::overlap::{Options, Roles, overlap};
use reproof::reason::Unmeasured;
use reproof::table::TableFile;

fn main() -> Result<(), Unmeasured> {
    let files: Vec<String> = args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let [train, test] = files.as_slice() else {
        println!("usage: overlap_speed TRAIN TEST [--exact]");
        return Ok(());
    };
    let options = Options {
        near: !args().any(|argument| argument == "--exact"),
        ..Options::default()
    };
    let roles = Roles {
        target: Some("y".to_owned()),
        ..Roles::default()
    };
    let start = Instant::now();
    let file = |path: &String| TableFile::written(path, path.clone());
    let found = overlap(&file(train), &file(test), &roles, &options, &Silent)?;
    println!(
        "{{\"seconds\": {:.2}, \"exact\": {}, \"near\": {}}}",
        start.elapsed().as_secs_f64(),
        found.exact.leaked.rows.len(),
        found.near().len()
    );
    Ok(())
}
