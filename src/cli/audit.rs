//! `reproof audit`: the claims alone, of manifests or given on the command line.

use reproof::audit::{Audit, AuditClaim, ClaimAudit, Facts, audit as audit_claims};
use reproof::manifest::{Printed, nearest};
use reproof::measure::{self, MetricInfo};
use reproof::pipeline;
use reproof::report::{Look, audit_value, one_line, sentence_of_set, table};

use super::commands::{joined, read_manifest};
use super::exit::Exit;
use super::settings::Settings;
use super::terminal::Terminal;
use super::{AuditArguments, Format};

/// Audits manifests, or the claims of the command line.
pub(super) fn audit(
    wanted: &AuditArguments,
    format: Format,
    settings: &Settings,
    terminal: &Terminal,
) -> Exit {
    if wanted.claim.is_empty() {
        return audit_manifests(wanted, format, settings, terminal);
    }
    match claims(wanted) {
        Ok(claims) => {
            let found = audit_claims(&claims);
            terminal.result(&match format {
                Format::Text => text(&found, terminal.look()),
                Format::Json => format!("{:#}\n", audit_value(&found)),
            });
            exit(&found)
        }
        Err(wrong) => {
            terminal.message("error", "31", &wrong);
            Exit::Usage
        }
    }
}

fn audit_manifests(
    wanted: &AuditArguments,
    format: Format,
    settings: &Settings,
    terminal: &Terminal,
) -> Exit {
    let several = wanted.manifests.len() > 1;
    let mut documents = Vec::new();
    let mut ended = Exit::Success;
    for path in &wanted.manifests {
        let manifest = match read_manifest(&settings.absolute(path), terminal) {
            Ok(manifest) => manifest,
            Err(refused) => {
                ended = ended.worst(refused);
                continue;
            }
        };
        let found = pipeline::audit(&manifest);
        ended = ended.worst(exit(&found));
        match format {
            Format::Text => {
                let name = several.then(|| format!("{}\n\n", one_line(&path.display().to_string())));
                let text = text(&found, terminal.look());
                terminal.result(&format!("{}{text}", name.unwrap_or_default()));
            }
            Format::Json => {
                let mut value = audit_value(&found);
                if several && let Some(fields) = value.as_object_mut() {
                    fields.insert("manifest".to_owned(), path.display().to_string().into());
                }
                documents.push(format!("{value:#}\n"));
            }
        }
    }
    if format == Format::Json {
        let text = joined(&documents, wanted.manifests.len());
        text.iter().for_each(|text| terminal.result(text));
    }
    ended
}

fn exit(found: &Audit) -> Exit {
    if found.possible() {
        Exit::Success
    } else {
        Exit::PolicyFails
    }
}

/// A row for each claim, then a line for each set in which something was found.
fn text(found: &Audit, look: Look) -> String {
    let rows: Vec<_> = found.claims.iter().map(row).collect();
    let mut parts = vec![table(&["claim", "possible", "because"], &rows, 2, look)];
    let lines = found.sets.iter().filter_map(sentence_of_set);
    parts.extend(lines.map(|line| one_line(&line)));
    format!("{}\n", parts.join("\n\n"))
}

fn row(claim: &ClaimAudit) -> Vec<String> {
    let possible = match (claim.possible, &claim.witness) {
        (false, _) => "no",
        (true, Some(_)) => "yes",
        (true, None) => "–",
    };
    let because = claim.reason.as_ref().or(claim.witness.as_ref());
    vec![
        one_line(&claim.id),
        possible.to_owned(),
        because.map(|text| one_line(text)).unwrap_or_default(),
    ]
}

/// The claims of the command line, all about one model.
fn claims(wanted: &AuditArguments) -> Result<Vec<AuditClaim>, String> {
    if let (Some(positives), Some(examples)) = (wanted.positives, wanted.examples)
        && positives > examples
    {
        return Err(format!("--positives: there are only {examples} examples"));
    }
    let mut claims: Vec<AuditClaim> = Vec::new();
    for text in &wanted.claim {
        let (metric, value) = parsed(text).map_err(|why| format!("--claim: {why}"))?;
        let before = claims.iter().filter(|claim| claim.metric == metric.name).count();
        claims.push(AuditClaim {
            id: match before {
                0 => metric.name.clone(),
                _ => format!("{}#{}", metric.name, before + 1),
            },
            metric: metric.name,
            value,
            runs: wanted.runs,
            examples: wanted.examples,
            facts: Facts {
                positives: wanted.positives,
                ..Facts::default()
            },
            group: String::new(),
            one_model: true,
        });
    }
    Ok(claims)
}

/// `accuracy=96.1%`; the name of a metric may have a `=` itself, as in `recall:class=cat=0.9`.
fn parsed(text: &str) -> Result<(MetricInfo, Printed), String> {
    let (name, value) = text
        .rsplit_once('=')
        .ok_or_else(|| format!("`{text}` is not METRIC=VALUE, such as `accuracy=96.1%`"))?;
    let metric = measure::info(name.trim()).ok_or_else(|| unknown(name))?;
    let value = Printed::parse(value).map_err(|error| error.to_string())?;
    let (low, high) = metric.range;
    if !(low..=high).contains(&value.value) {
        let (text, name) = (&value.text, &metric.name);
        return Err(format!(
            "`{name}` lies between {low} and {high}, not at `{text}`; write `%` behind a value in per cent"
        ));
    }
    Ok((metric, value))
}

fn unknown(name: &str) -> String {
    let names = measure::names();
    let near = nearest(name, &names);
    let near = near.map(|near| format!("; did you mean `{near}`?"));
    format!("unknown metric `{name}`{}", near.unwrap_or_default())
}
