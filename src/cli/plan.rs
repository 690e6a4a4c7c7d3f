//! How a plan is shown.

use std::fmt::Write as _;
use std::time::Duration;

use bytesize::ByteSize;
use reproof::pipeline::Plan;
use serde_json::json;

use super::terminal::clean;

/// For people.
pub(super) fn text(plan: &Plan) -> String {
    let mut text = format!("{}\n\n", clean(&plan.title));
    let cached = match plan.code_cached {
        Some(true) => "in the cache",
        Some(false) => "to be fetched",
        None => "not resolved yet",
    };
    let _ = writeln!(
        text,
        "code         {} at {} ({cached})",
        clean(&plan.repository),
        clean(&plan.revision)
    );
    let _ = writeln!(text, "environment  {}", plan.environment);
    for input in &plan.inputs {
        let state = if input.cached {
            "in the cache"
        } else {
            "to be fetched"
        };
        let pinned = if input.pinned { "" } else { ", not pinned" };
        let _ = writeln!(
            text,
            "input        {} from {} ({state}{pinned})",
            input.name,
            clean(&input.source)
        );
    }
    for step in &plan.steps {
        let network = if step.network { ", with network" } else { "" };
        let gpus = if step.gpus > 0 {
            format!(", {} GPU(s)", step.gpus)
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "step         {} × {}: {}",
            step.id,
            step.runs,
            clean(&step.command)
        );
        let _ = writeln!(
            text,
            "               each at most {} and {}{gpus}{network}",
            time(step.timeout),
            ByteSize(step.memory)
        );
        if let Some([one, three, all]) = step.forecast {
            let _ = writeln!(
                text,
                "               forecast from the last run: {} for 1 run, {} for 3, {} for all",
                time(one),
                time(three),
                time(all)
            );
        }
    }
    for claim in &plan.claims {
        let _ = writeln!(
            text,
            "claim        {}: {} {}, {}",
            claim.id,
            claim.metric,
            clean(&claim.claimed),
            claim.how
        );
    }
    if plan.missing.is_empty() {
        text.push_str("\nnothing is missing\n");
    } else {
        text.push_str("\nmissing:\n");
    }
    for missing in &plan.missing {
        let _ = writeln!(text, "  - {}", clean(missing));
    }
    text
}

/// To the second: nobody plans finer.
fn time(time: Duration) -> String {
    let rounded = Duration::from_secs(time.as_secs_f64().ceil() as u64);
    humantime::format_duration(rounded).to_string()
}

/// For programs.
pub(super) fn json(plan: &Plan) -> String {
    let inputs: Vec<_> = plan
        .inputs
        .iter()
        .map(|input| json!({ "name": input.name, "source": input.source, "pinned": input.pinned, "cached": input.cached }))
        .collect();
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| {
            json!({
                "id": step.id,
                "command": step.command,
                "runs": step.runs,
                "timeout_seconds": step.timeout.as_secs_f64(),
                "memory_bytes": step.memory,
                "gpus": step.gpus,
                "network": step.network,
                "forecast_seconds": step.forecast.map(|times| times.map(|time| time.as_secs_f64())),
            })
        })
        .collect();
    let claims: Vec<_> = plan
        .claims
        .iter()
        .map(|claim| json!({ "id": claim.id, "claimed": claim.claimed, "metric": claim.metric, "how": claim.how }))
        .collect();
    let value = json!({
        "title": plan.title,
        "code": { "repository": plan.repository, "revision": plan.revision, "cached": plan.code_cached },
        "environment": plan.environment,
        "inputs": inputs,
        "steps": steps,
        "claims": claims,
        "missing": plan.missing,
    });
    format!("{value:#}\n")
}
