//! The first section: all that somebody needs who has neither reproof nor a question.

use std::fmt::Write as _;

use super::{dash, pairs, table};
use crate::manifest::{Claim, Extraction, Manifest, RowPick, Subject, TextSource};
use crate::report::escape::{block, code, markdown, prose, shell};
use crate::report::words::{beside, bytes, count};
use crate::report::{InputReport, Report, replay};

/// Values of one claim that are listed.
const VALUES: usize = 20;

pub(super) fn start_here(report: &Report) -> String {
    let manifest = report.manifest.file.file_name().unwrap_or_default();
    let manifest = manifest.to_string_lossy();
    let mut text = "## Start here\n\n".to_owned();
    let _ = writeln!(
        text,
        "By hand, without reproof (and without its sandbox), in the folder that holds {}:\n",
        code(&manifest)
    );
    text.push_str(&block("sh", &replay::script(report)));
    let again = format!("reproof check {}", shell(&manifest));
    let _ = writeln!(text, "\nConfined, measured and judged: {}", code(&again));
    let _ = writeln!(
        text,
        "\nWhat should come out, on a machine like {}:\n",
        machine(report)
    );
    text.push_str(&expected(report));
    if !report.inputs.is_empty() {
        text.push_str("\nWhat it needs besides the code:\n\n");
        text.push_str(&inputs(report));
    }
    text
}

fn machine(report: &Report) -> String {
    let machine = &report.machine;
    let gpus = machine
        .gpus
        .iter()
        .map(|gpu| format!(", {}", markdown(&gpu.model)));
    format!(
        "this one ({}, {}, {}, {}, {} of memory{})",
        markdown(&machine.os),
        markdown(&machine.architecture),
        markdown(&machine.cpu),
        count(machine.cores, "core"),
        bytes(machine.memory),
        gpus.collect::<String>()
    )
}

/// For each claim, where its number is found and what it was.
fn expected(report: &Report) -> String {
    let rows = pairs(report).map(|(claim, judged)| {
        let value = match (&judged.measured, &judged.unmeasured) {
            (Some(sample), _) => values(claim, &sample.values),
            (None, Some(why)) => format!("nothing: {}", why.reason),
            (None, None) => dash(),
        };
        let (step, found) = match &claim.subject {
            Subject::Measured(reading) => (code(&reading.step), found_in(&reading.measure, &report.manifest)),
            Subject::Compared(claims) => {
                let gain = format!(
                    "the gain of {} over {}",
                    code(&claims.better),
                    code(&claims.worse)
                );
                (dash(), gain)
            }
        };
        vec![code(&claim.id), step, code(&claim.metric), found, value]
    });
    let header = ["claim", "after step", "metric", "found in", "value"];
    table(&header, &["---", "---", "---", "---", "---"], rows)
}

/// The values of the runs, one after the other.
fn values(claim: &Claim, values: &[f64]) -> String {
    let shown = values.iter().take(VALUES);
    let shown: Vec<String> = shown.map(|value| beside(&claim.value, *value, 1)).collect();
    let more = values.len().saturating_sub(VALUES);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

/// Where a value is read from, in words.
fn found_in(extraction: &Extraction, manifest: &Manifest) -> String {
    match extraction {
        Extraction::Pattern { text, pattern, .. } => {
            let text = match text {
                TextSource::Stdout => "what it prints".to_owned(),
                TextSource::Stderr => "its standard error".to_owned(),
                TextSource::File(file) => code(file),
            };
            format!("{text}, {}", code(pattern))
        }
        Extraction::Json { file, pointer, .. } => format!("{}, {}", code(file), code(pointer)),
        Extraction::Csv {
            file, column, row, ..
        } => {
            let row = match row {
                RowPick::Index(index) => format!(", row {}", index + 1),
                RowPick::Where(cells) => {
                    let cells = cells.iter().map(|(name, cell)| format!("{name} = {cell}"));
                    format!(", {}", code(&cells.collect::<Vec<_>>().join(", ")))
                }
                RowPick::Pick(_) => String::new(),
            };
            format!("{}, column {}{row}", code(file), code(column))
        }
        Extraction::Predictions {
            file, truth, target, ..
        } => {
            let of_data = manifest.data(truth).and_then(|data| data.target.as_ref());
            let column = target.as_ref().or(of_data);
            let column = column
                .map(|column| format!(", column {}", code(column)))
                .unwrap_or_default();
            format!("{} against {}{column}", code(file), code(truth))
        }
    }
}

fn inputs(report: &Report) -> String {
    let rows = report.inputs.iter().map(|input| {
        let (digest, size) = match &input.result {
            Ok(arrived) => (code(&arrived.digest.hex()), bytes(arrived.bytes)),
            Err(why) => (format!("**{}**: {}", why.reason, prose(&why.detail)), dash()),
        };
        vec![
            format!("{} {}", input.kind, code(&input.name)),
            if input.kind == "file" {
                markdown(&input.source)
            } else {
                code(&input.source)
            },
            place(input, &report.manifest),
            input.license.as_deref().map_or_else(dash, markdown),
            digest,
            size,
        ]
    });
    let header = [
        "what",
        "from",
        "where the code expects it",
        "licence",
        "sha256",
        "size",
    ];
    table(&header, &["---", "---", "---", "---", "---", "---:"], rows)
}

/// Where an input is put in the working copy, or how commands name it.
fn place(input: &InputReport, manifest: &Manifest) -> String {
    let place = match input.kind {
        "data" => manifest.data(&input.name).and_then(|data| data.place.as_ref()),
        "checkpoint" => manifest
            .checkpoint(&input.name)
            .and_then(|checkpoint| checkpoint.place.as_ref()),
        _ => None,
    };
    match place {
        Some(place) => code(&place.display().to_string()),
        None => "as the command says".to_owned(),
    }
}
