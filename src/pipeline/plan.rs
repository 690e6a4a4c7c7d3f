//! `reproof plan`: what a check would do, and what is missing, before anything runs.

use std::time::Duration;

use super::execution::executions;
use super::saved;
use super::{Settings, beside};
use crate::acquire::git;
use crate::acquire::store::{Lookup, Store};
use crate::environment::{self, Machine, PythonWanted};
use crate::execute::Usage;
use crate::manifest::lock::Lock;
use crate::manifest::{Action, EnvironmentKind, Extraction, Manifest, Revision, Seeds, Step};
use crate::measure;
use crate::workspace::Workspace;

/// What would be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The paper.
    pub title: String,
    /// Where the code comes from.
    pub repository: String,
    /// Which revision, as the manifest and its lock say.
    pub revision: String,
    /// Whether the cache has the commit; `None` if it is not known which.
    pub code_cached: Option<bool>,
    /// What else is needed.
    pub inputs: Vec<PlannedInput>,
    /// In words.
    pub environment: String,
    /// What is run, in order.
    pub steps: Vec<PlannedStep>,
    /// What is judged.
    pub claims: Vec<PlannedClaim>,
    /// What is missing or would keep the check from an answer.
    pub missing: Vec<String>,
}

/// A file that is needed.
#[derive(Clone, Debug)]
pub struct PlannedInput {
    /// Its id.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// Whether its digest is pinned.
    pub pinned: bool,
    /// Whether it is in the cache.
    pub cached: bool,
}

/// A step that would be run.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// Its id.
    pub id: String,
    /// What is run.
    pub command: String,
    /// How many times.
    pub runs: usize,
    /// The most time that one run may take.
    pub timeout: Duration,
    /// The most memory, in bytes.
    pub memory: u64,
    /// GPUs.
    pub gpus: u32,
    /// Whether it may use the network.
    pub network: bool,
    /// What one run used the last time.
    pub last: Option<Usage>,
    /// The forecast for 1 run, 3 runs and all runs, from `last`.
    pub forecast: Option<[Duration; 3]>,
}

/// A claim that would be judged.
#[derive(Clone, Debug)]
pub struct PlannedClaim {
    /// Its id.
    pub id: String,
    /// As printed.
    pub claimed: String,
    /// The metric.
    pub metric: String,
    /// How it is measured, in words.
    pub how: String,
}

/// Says what a check would do. Looks at the cache and at earlier runs; fetches and runs nothing.
pub fn plan(manifest: &Manifest, lock: Option<&Lock>, settings: Settings<'_>) -> Plan {
    let mut missing = Vec::new();
    let machine = Machine::look();
    let (revision, code_cached) = revision(manifest, settings, &mut missing);
    Plan {
        title: manifest.paper.title.clone(),
        repository: manifest.code.repository.clone(),
        revision,
        code_cached,
        inputs: inputs(manifest, settings, &mut missing),
        environment: environment(manifest, lock, settings, &mut missing),
        steps: manifest
            .steps
            .iter()
            .map(|step| planned(manifest, step, &machine, &mut missing))
            .collect(),
        claims: claims(manifest, &mut missing),
        missing,
    }
}

fn revision(
    manifest: &Manifest,
    settings: Settings<'_>,
    missing: &mut Vec<String>,
) -> (String, Option<bool>) {
    match &manifest.code.revision {
        Revision::Name(name) => {
            missing.push(format!("`{name}` is not a full commit id: run `reproof lock`"));
            (name.clone(), None)
        }
        Revision::Commit(commit) => {
            let code = &manifest.code;
            let cached = git::is_cached(
                &code.repository,
                &beside(manifest),
                commit,
                settings.git,
                settings.cache,
            );
            (commit.to_string(), Some(cached))
        }
    }
}

fn inputs(manifest: &Manifest, settings: Settings<'_>, missing: &mut Vec<String>) -> Vec<PlannedInput> {
    let store = Store::new(settings.cache);
    let data = manifest
        .data
        .iter()
        .map(|data| (&data.id, &data.source, data.sha256));
    let checkpoints = manifest
        .checkpoints
        .iter()
        .map(|found| (&found.id, &found.source, found.sha256));
    let all = data.chain(checkpoints);
    let inputs = all.map(|(name, source, sha256)| {
        if sha256.is_none() {
            missing.push(format!("`{name}` has no `sha256`: run `reproof lock`"));
        }
        let cached = sha256.is_some_and(|digest| matches!(store.get(&digest), Ok(Lookup::Found(_))));
        PlannedInput {
            name: name.clone(),
            source: source.clone(),
            pinned: sha256.is_some(),
            cached,
        }
    });
    let inputs = inputs.collect();
    for data in manifest.data.iter().filter(|data| data.license.is_none()) {
        missing.push(format!(
            "`{}` names no licence: the check `open-data` cannot pass",
            data.id
        ));
    }
    for file in manifest.files.iter().filter(|file| !file.absolute.is_file()) {
        missing.push(format!(
            "the checker's own file `{}` is not there",
            file.path.display()
        ));
    }
    inputs
}

fn environment(
    manifest: &Manifest,
    lock: Option<&Lock>,
    settings: Settings<'_>,
    missing: &mut Vec<String>,
) -> String {
    let spec = &manifest.environment;
    let kind = match spec.kind {
        EnvironmentKind::None => return "nothing but what the operating system has".to_owned(),
        EnvironmentKind::System => "the machine's own Python and packages",
        EnvironmentKind::Uv => "an isolated Python environment, built by uv",
    };
    let range: Option<PythonWanted> = spec.python.as_deref().and_then(|text| text.parse().ok());
    let candidates = environment::find(settings.host, range.as_ref());
    let python = environment::choose(&candidates, range.as_ref(), None);
    let python = match python {
        Some(python) => format!("Python {}", python.full_version),
        None => {
            let wanted = spec.python.as_deref().unwrap_or("3");
            missing.push(format!(
                "no Python {wanted} on this machine: install it, for example with pyenv or uv"
            ));
            "no Python".to_owned()
        }
    };
    let locked = lock
        .and_then(|lock| lock.environment.as_ref())
        .map(|locked| format!(", {} packages locked", locked.packages.len()));
    format!("{kind}; {python}{}", locked.unwrap_or_default())
}

fn planned(manifest: &Manifest, step: &Step, machine: &Machine, missing: &mut Vec<String>) -> PlannedStep {
    if step.gpus as usize > machine.gpus.len() {
        missing.push(format!(
            "step `{}` needs {} GPU(s); this machine has {}",
            step.id,
            step.gpus,
            machine.gpus.len()
        ));
    }
    if step.memory > machine.memory {
        missing.push(format!(
            "step `{}` may use more memory than this machine has",
            step.id
        ));
    }
    let runs = executions(manifest, step).len();
    let last = last_usage(manifest, step);
    let most = match manifest.seeds_of(step) {
        Seeds::Unseeded => step.repeats as usize,
        Seeds::Listed(seeds) => seeds.len(),
        Seeds::Sequential { max, .. } => *max as usize,
    };
    let times = |wall: Duration, runs: usize| wall.saturating_mul(u32::try_from(runs).unwrap_or(u32::MAX));
    PlannedStep {
        id: step.id.clone(),
        command: match &step.action {
            Action::Run(words) => words.join(" "),
            Action::Model(model) => format!(
                "evaluate `{}` on `{}` natively ({})",
                model.checkpoint, model.data, model.runner
            ),
        },
        runs,
        timeout: step.timeout,
        memory: step.memory,
        gpus: step.gpus,
        network: step.network,
        forecast: last.map(|usage| [1, 3, most.max(1)].map(|runs| times(usage.wall, runs))),
        last,
    }
}

/// What the newest finished run of the step used.
fn last_usage(manifest: &Manifest, step: &Step) -> Option<Usage> {
    let name = executions(manifest, step).first()?.folder_name();
    let runs = Workspace::beside(&manifest.file).runs();
    let folders = super::reuse::runs_newest_first(&runs);
    folders
        .iter()
        .find_map(|run| Some(saved::read(&run.join("steps").join(&name))?.ran?.usage))
}

fn claims(manifest: &Manifest, missing: &mut Vec<String>) -> Vec<PlannedClaim> {
    let one = |claim: &crate::manifest::Claim| {
        let how = match &claim.measure {
            Extraction::Predictions { file, truth, .. } => {
                if measure::info(&claim.metric).is_some_and(|info| !info.computed) {
                    missing.push(format!(
                        "claim `{}`: `{}` cannot be recomputed yet",
                        claim.id, claim.metric
                    ));
                }
                format!("recomputed from `{file}` and the labels of `{truth}`")
            }
            Extraction::Pattern { .. } => "read from what the code prints".to_owned(),
            Extraction::Json { file, .. } | Extraction::Csv { file, .. } => format!("read from `{file}`"),
        };
        PlannedClaim {
            id: claim.id.clone(),
            claimed: claim.value.text.clone(),
            metric: claim.metric.clone(),
            how: format!("{how}, after step `{}`", claim.step),
        }
    };
    manifest.claims.iter().map(one).collect()
}
