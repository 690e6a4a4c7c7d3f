//! Prints how long the bootstrap of a metric takes: `cargo run --release --example bootstrap_speed TRUTH PREDICTIONS METRIC`.
//!
//! benchmarks/bootstrap_speed.py makes the files and runs the peer.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::collections::BTreeMap;
use std::env::args;
use std::time::Instant;

use reproof::measure::predictions::{Request, read};
use reproof::measure::{TableFile, Truth, counted, metric};
use reproof::stats::{Bootstrap, Design, Resampling};

fn main() -> Result<(), String> {
    let asked: Vec<String> = args().skip(1).collect();
    let [truth, predictions, name] = asked.as_slice() else {
        println!("usage: bootstrap_speed TRUTH PREDICTIONS METRIC");
        return Ok(());
    };
    let metrics = [metric(name).ok_or("no such metric")?];
    let given = read(&Request {
        predictions: &TableFile::written(predictions, predictions),
        truth: &Truth {
            file: TableFile::written(truth, truth),
            target: None,
            id_column: None,
            group_column: None,
        },
        target: None,
        columns: &BTreeMap::new(),
        positive: None,
        train: None,
        metrics: &metrics,
    })
    .map_err(|why| why.to_string())?;
    let start = Instant::now();
    let resampling = Resampling {
        resamples: 2000,
        seed: 1,
    };
    let bootstrap = Bootstrap::counted(
        &Design::rows(given.len()),
        counted(&metrics[0], &given),
        resampling,
    )
    .map_err(|why| why.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let interval = bootstrap.interval(0.95).ok_or("no interval")?;
    println!(
        "{seconds} {} {} {}",
        bootstrap.value(),
        interval.low,
        interval.high
    );
    Ok(())
}
