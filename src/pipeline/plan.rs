//! `reproof plan`: what a check would do, and what is missing, before anything runs.

use std::time::Duration;

use super::execution::executions;
use super::saved;
use super::{Settings, beside};
use crate::acquire::git;
use crate::acquire::store::{Lookup, Store};
use crate::audit::Audit;
use crate::environment::{self, Machine, PythonWanted};
use crate::execute::Usage;
use crate::manifest::lock::Lock;
use crate::manifest::{
    Action, Claim, EnvironmentKind, Extraction, Manifest, Reading, Revision, Step, Subject,
};
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
    /// What arithmetic says of the claims alone.
    pub audit: Audit,
    /// What it may take.
    pub spending: Spending,
    /// What is missing or would keep the check from an answer.
    pub missing: Vec<String>,
}

/// What a check may take.
#[derive(Clone, Debug, Default)]
pub struct Spending {
    /// The wall-clock time of all runs if each takes all that it may.
    pub longest: Duration,
    /// The limit of the manifest's budget.
    pub budget: Option<Duration>,
    /// The forecast for all runs, one after the other; `None` while a step was never run.
    pub forecast: Option<Duration>,
    /// What the forecast costs at the manifest's prices, and the currency.
    pub price: Option<(f64, String)>,
}

/// A file that is needed.
#[derive(Clone, Debug)]
pub struct PlannedInput {
    /// `data`, `checkpoint` or `file`.
    pub kind: &'static str,
    /// Its id, or its path.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// Whether its digest is pinned.
    pub pinned: bool,
    /// Whether it is in the cache, or for one of the checker's own files, there.
    pub cached: bool,
    /// Its licence, if stated.
    pub license: Option<String>,
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
    /// The forecast for 1 run, 3 runs and all of `runs`, from `last`.
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
    let steps: Vec<PlannedStep> = manifest
        .steps
        .iter()
        .map(|step| planned(manifest, step, &machine, &mut missing))
        .collect();
    Plan {
        title: manifest.paper.title.clone(),
        repository: manifest.code.repository.clone(),
        revision,
        code_cached,
        inputs: inputs(manifest, settings, &mut missing),
        environment: environment(manifest, lock, settings, &mut missing),
        spending: spending(manifest, &steps),
        steps,
        claims: claims(manifest, &mut missing),
        audit: super::audit(manifest),
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
        .map(|data| ("data", &data.id, &data.source, data.sha256, data.license.clone()));
    let checkpoints = manifest
        .checkpoints
        .iter()
        .map(|found| ("checkpoint", &found.id, &found.source, found.sha256, None));
    let all = data.chain(checkpoints);
    let inputs = all.map(|(kind, name, source, sha256, license)| {
        if sha256.is_none() {
            missing.push(format!("`{name}` has no `sha256`: run `reproof lock`"));
        }
        let cached = sha256.is_some_and(|digest| matches!(store.get(&digest), Ok(Lookup::Found(_))));
        PlannedInput {
            kind,
            license,
            name: name.clone(),
            source: source.clone(),
            pinned: sha256.is_some(),
            cached,
        }
    });
    let mut inputs: Vec<PlannedInput> = inputs.collect();
    for data in manifest.data.iter().filter(|data| data.license.is_none()) {
        missing.push(format!(
            "`{}` names no licence: the check `open-data` cannot pass",
            data.id
        ));
    }
    for file in &manifest.files {
        let (name, there) = (file.path.display().to_string(), file.absolute.is_file());
        if !there {
            missing.push(format!("the checker's own file `{name}` is not there"));
        }
        inputs.push(PlannedInput {
            kind: "file",
            name,
            source: "the checker".to_owned(),
            pinned: true,
            cached: there,
            license: None,
        });
    }
    inputs
}

fn spending(manifest: &Manifest, steps: &[PlannedStep]) -> Spending {
    let all =
        |one: Duration, step: &PlannedStep| one.saturating_mul(u32::try_from(step.runs).unwrap_or(u32::MAX));
    let sum = |sum: Duration, time: Duration| sum.saturating_add(time);
    let longest = steps
        .iter()
        .map(|step| all(step.timeout, step))
        .fold(Duration::ZERO, sum);
    let last: Option<Vec<(Usage, &PlannedStep)>> =
        steps.iter().map(|step| Some((step.last?, step))).collect();
    let forecast = last.as_ref().map(|last| {
        last.iter()
            .map(|(usage, step)| all(usage.wall, step))
            .fold(Duration::ZERO, sum)
    });
    let price = last.zip(manifest.cost.as_ref()).map(|(last, prices)| {
        let hours = |time: Duration| time.as_secs_f64() / 3600.0;
        let of = |(usage, step): &(Usage, &PlannedStep)| {
            hours(all(usage.cpu, step)) * prices.cpu_hour
                + hours(all(usage.wall, step)) * f64::from(step.gpus) * prices.gpu_hour
        };
        (last.iter().map(of).sum(), prices.currency.clone())
    });
    Spending {
        longest,
        budget: manifest.budget.wall,
        forecast,
        price,
    }
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
    let python = match spec.kind {
        EnvironmentKind::System => environment::first_on_path(&candidates, range.as_ref(), settings.host),
        EnvironmentKind::Uv | EnvironmentKind::None => {
            environment::choose(&candidates, range.as_ref(), None).cloned()
        }
    };
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
        forecast: last.map(|usage| [1, 3, runs].map(|runs| times(usage.wall, runs))),
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
    let one = |claim: &Claim| {
        let how = match &claim.subject {
            Subject::Measured(reading) => read_how(claim, reading, missing),
            Subject::Compared(claims) => {
                format!("the gain of `{}` over `{}`", claims.better, claims.worse)
            }
        };
        PlannedClaim {
            id: claim.id.clone(),
            claimed: claim.value.text.clone(),
            metric: claim.metric.clone(),
            how,
        }
    };
    manifest.claims.iter().map(one).collect()
}

fn read_how(claim: &Claim, reading: &Reading, missing: &mut Vec<String>) -> String {
    let how = match &reading.measure {
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
    format!("{how}, after step `{}`", reading.step)
}
