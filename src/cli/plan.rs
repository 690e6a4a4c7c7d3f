//! How a plan is shown.

use std::time::Duration;

use bytesize::ByteSize;
use reproof::pipeline::{Plan, PlannedInput, PlannedStep, Spending};
use reproof::report::{Look, audit_value, one_line, table};
use serde_json::json;

/// For people: what is claimed, what is fetched, what is run, what that takes, what is missing.
pub(super) fn text(plan: &Plan, look: Look) -> String {
    let parts = [
        one_line(&plan.title),
        claims(plan, look),
        audit(plan),
        needed(plan, look),
        steps(plan, look),
        spending(&plan.spending),
        missing(plan),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}\n", parts.join("\n\n"))
}

fn claims(plan: &Plan, look: Look) -> String {
    let rows = plan.claims.iter().map(|claim| {
        vec![
            claim.id.clone(),
            one_line(&claim.metric),
            one_line(&claim.claimed),
            one_line(&claim.how),
        ]
    });
    let rows: Vec<_> = rows.collect();
    table(&["claim", "metric", "claimed", "will be"], &rows, 3, look)
}

/// One line: what arithmetic alone says of the claims.
fn audit(plan: &Plan) -> String {
    let impossible = plan.audit.claims.iter().filter(|claim| !claim.possible);
    let ids: Vec<String> = impossible.map(|claim| format!("`{}`", claim.id)).collect();
    if ids.is_empty() {
        "audit   no claim is impossible".to_owned()
    } else {
        format!(
            "audit   impossible, as `reproof audit` explains: {}",
            ids.join(", ")
        )
    }
}

/// Code, environment and inputs.
fn needed(plan: &Plan, look: Look) -> String {
    let cached = match plan.code_cached {
        Some(true) => "in the cache",
        Some(false) => "to be fetched",
        None => "not resolved yet",
    };
    let code = format!("{} at {}", one_line(&plan.repository), one_line(&plan.revision));
    let mut rows = vec![
        vec!["code".to_owned(), cached.to_owned(), code],
        vec![
            "environment".to_owned(),
            "–".to_owned(),
            one_line(&plan.environment),
        ],
    ];
    rows.extend(plan.inputs.iter().map(|input| {
        let license = input
            .license
            .as_ref()
            .map(|license| format!(", {}", one_line(license)))
            .unwrap_or_default();
        vec![
            format!("{} {}", input.kind, input.name),
            state(input).to_owned(),
            format!("{}{license}", one_line(&input.source)),
        ]
    }));
    table(&["needs", "state", "what"], &rows, 2, look)
}

fn state(input: &PlannedInput) -> &'static str {
    if !input.pinned {
        return "not pinned";
    }
    let scheme = input.source.split(':').next().unwrap_or_default();
    match (input.kind, input.cached, scheme) {
        ("file", true, _) => "there",
        ("file", false, _) => "not there",
        (_, true, _) => "in the cache",
        (_, false, "file") => "on this machine",
        (_, false, "repo") => "in the repository",
        (_, false, _) => "to be fetched",
    }
}

fn steps(plan: &Plan, look: Look) -> String {
    let rows = plan.steps.iter().map(|step| {
        vec![
            step.id.clone(),
            step.runs.to_string(),
            limits(step),
            forecast(step),
            one_line(&step.command),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let header = ["step", "runs", "each at most", "will take", "command"];
    table(&header, &rows, 4, look)
}

fn limits(step: &PlannedStep) -> String {
    let mut limits = vec![time(step.timeout), ByteSize(step.memory).to_string()];
    if step.gpus > 0 {
        limits.push(format!("{} GPU", step.gpus));
    }
    if step.network {
        limits.push("network".to_owned());
    }
    limits.join(", ")
}

/// The time of all runs; of more than three runs also that of one and of three.
fn forecast(step: &PlannedStep) -> String {
    match step.forecast {
        None => "not known".to_owned(),
        Some([one, three, all]) if step.runs > 3 => {
            format!("{}, 3 runs {}, all {}", time(one), time(three), time(all))
        }
        Some([_, _, all]) => time(all),
    }
}

fn spending(spending: &Spending) -> String {
    let mut lines = vec![match spending.forecast {
        Some(forecast) => format!(
            "time    about {} by the last runs, at most {}",
            time(forecast),
            time(spending.longest)
        ),
        None => format!(
            "time    not known before every step has run once, at most {}",
            time(spending.longest)
        ),
    }];
    lines.extend(spending.budget.map(|budget| format!("budget  {}", time(budget))));
    let price = spending.price.as_ref();
    lines.extend(price.map(|(price, currency)| format!("price   about {price:.2} {}", one_line(currency))));
    lines.join("\n")
}

fn missing(plan: &Plan) -> String {
    if plan.missing.is_empty() {
        return "nothing is missing".to_owned();
    }
    let items = plan.missing.iter().map(|item| format!("  - {}", one_line(item)));
    format!("missing:\n{}", items.collect::<Vec<_>>().join("\n"))
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
        .map(|input| {
            json!({
                "kind": input.kind,
                "name": input.name,
                "source": input.source,
                "pinned": input.pinned,
                "cached": input.cached,
                "license": input.license,
            })
        })
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
    let spending = &plan.spending;
    let value = json!({
        "title": plan.title,
        "code": { "repository": plan.repository, "revision": plan.revision, "cached": plan.code_cached },
        "environment": plan.environment,
        "inputs": inputs,
        "steps": steps,
        "claims": claims,
        "audit": audit_value(&plan.audit),
        "spending": {
            "longest_seconds": spending.longest.as_secs_f64(),
            "forecast_seconds": spending.forecast.map(|time| time.as_secs_f64()),
            "budget_seconds": spending.budget.map(|time| time.as_secs_f64()),
            "price": spending.price.as_ref().map(|(price, _)| price),
            "currency": spending.price.as_ref().map(|(_, currency)| currency),
        },
        "missing": plan.missing,
    });
    format!("{value:#}\n")
}
