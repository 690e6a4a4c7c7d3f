//! The checks that rest on how the study was set up.

use super::super::compare::Outcome;
use super::super::evidence::{
    CodeFacts, DataFacts, EnvironmentFacts, Explanation, Hygiene, License, SafetyFacts, Training,
};
use super::super::words::{count, names};
use super::{Finding, Primary, Unknown, fail, grave, pass, unknown};
use crate::execute::Tier;

/// Check 2.
pub(super) fn open_data(data: &[DataFacts]) -> Vec<Finding> {
    if data.is_empty() {
        let remedy = "declare what the steps read as `[[data]]`";
        return vec![unknown(Unknown::NotStated, "no data set is declared", remedy)];
    }
    data.iter().flat_map(data_set).collect()
}

fn data_set(data: &DataFacts) -> [Finding; 3] {
    let id = &data.id;
    let problem = data.problem.as_deref().unwrap_or("it was not fetched");
    let again = format!("fetch `{id}`, or name another source for it");
    let open = match data.open {
        Some(true) => pass(format!("`{id}` came from {}", data.source)),
        Some(false) => fail(
            format!("`{id}` is not open: {}", data.source),
            "name a source that anyone can reach",
        ),
        None => unknown(
            Unknown::NotRun,
            format!("`{id}` may be open or not: {problem}"),
            &again,
        ),
    };
    let matched = match data.matched {
        Some(true) => pass(format!("`{id}` has the pinned hash")),
        Some(false) => fail(
            format!("`{id}` does not have the pinned hash"),
            "find the file that the paper used",
        ),
        None => unknown(
            Unknown::NotRun,
            format!("`{id}` was not compared with its hash: {problem}"),
            &again,
        ),
    };
    let license = match &data.license {
        Some(license) => pass(format!("`{id}` is licensed: {license}")),
        None => unknown(
            Unknown::NotStated,
            format!("the licence of `{id}` is not known"),
            format!("find the licence of `{id}` and state it as `license`"),
        ),
    };
    [open, matched, license]
}

/// Check 3.
pub(super) fn retrained(training: &Training, primary: &[Primary<'_>]) -> Vec<Finding> {
    let train = "add a step with `phase = \"train\"` that trains from scratch";
    match training {
        Training::NotExamined => vec![unknown(
            Unknown::NotExamined,
            "nobody looked at the training",
            train,
        )],
        Training::NoneDeclared => vec![unknown(
            Unknown::NotStated,
            "the manifest has no step that trains",
            format!("{train}, or waive this check where there is nothing to train"),
        )],
        Training::FromScratch { steps } => from_scratch(steps, primary),
        Training::CheckpointOnly { checkpoints, native } => {
            let how = if *native {
                "was run by reproof itself"
            } else {
                "was loaded"
            };
            vec![fail(
                format!("only what is released {how}: {}", names(checkpoints)),
                train,
            )]
        }
        Training::Unfinished { step, why } => vec![unknown(
            Unknown::NotRun,
            format!("the training step `{step}` did not end well: {why}"),
            why.hint
                .clone()
                .unwrap_or_else(|| format!("make `{step}` end well")),
        )],
    }
}

fn from_scratch(steps: &[String], primary: &[Primary<'_>]) -> Vec<Finding> {
    let released: Vec<_> = primary
        .iter()
        .filter(|claim| {
            claim
                .evidence
                .measured
                .as_ref()
                .is_ok_and(|measured| measured.from_checkpoint_as_released)
        })
        .map(|claim| claim.evidence.id.as_str())
        .collect();
    let trained = pass(format!("trained from scratch in {}", names(steps)));
    if released.is_empty() {
        return vec![trained];
    }
    let text = format!(
        "trained again, but measured on the released checkpoint: {}",
        names(&released)
    );
    vec![
        trained,
        fail(text, "measure the claim on what the training step wrote"),
    ]
}

/// Check 4.
pub(super) fn explainable(explanation: Option<&Explanation>) -> Vec<Finding> {
    let compute = "name the drivers that the paper states, and let them be computed over several runs";
    vec![match explanation {
        None => unknown(
            Unknown::NotExamined,
            "the drivers of the model were not examined",
            compute,
        ),
        Some(model) if model.interpretable => pass("the model can be read as it is"),
        Some(Explanation {
            drivers_stable,
            drivers,
            ..
        }) => match drivers_stable {
            Some(true) => pass(format!("the same drivers in every run: {}", names(drivers))),
            Some(false) => fail(
                format!("the drivers change from run to run: {}", names(drivers)),
                compute,
            ),
            None => unknown(
                Unknown::SingleRun,
                "whether the drivers are stable over runs is not known",
                compute,
            ),
        },
    }]
}

/// Check 5.
pub(super) fn code(code: &CodeFacts) -> Vec<Finding> {
    let problem = code.problem.as_deref().unwrap_or("it was not tried");
    let reachable = match code.reachable {
        Some(true) => pass("the pinned commit is where the manifest says"),
        Some(false) => fail(
            format!("the pinned commit cannot be had: {problem}"),
            "look for a fork or an archive that still has it",
        ),
        None => unknown(
            Unknown::NotRun,
            format!("the pinned commit was not fetched: {problem}"),
            "fetch the code",
        ),
    };
    let license = match &code.license {
        License::Named(license) => pass(format!("the code is licensed: {license}")),
        License::Absent => fail(
            "the repository has no licence",
            "ask the authors to add a licence",
        ),
        License::NotExamined => unknown(
            Unknown::NotExamined,
            "the licence was not looked for",
            "fetch the code",
        ),
    };
    let all = [
        (
            "submodules without content",
            &code.missing_submodules,
            "set `submodules = true`, or find where they moved",
        ),
        (
            "files of which only the LFS pointer is there",
            &code.lfs_pointers,
            "ask the authors for the content",
        ),
        (
            "files changed by the checker",
            &code.modified,
            "pin a commit that needs no change, or upstream the change",
        ),
    ];
    let complete = all
        .into_iter()
        .map(|(what, found, remedy)| lacking(what, found.as_deref(), remedy));
    [reachable, license].into_iter().chain(complete).collect()
}

fn lacking(what: &str, found: Option<&[String]>, remedy: &str) -> Finding {
    match found {
        Some([]) => pass(format!("no {what}")),
        Some(paths) => fail(format!("{what}: {}", names(paths)), remedy),
        None => unknown(
            Unknown::NotExamined,
            format!("nobody looked for {what}"),
            "fetch the code",
        ),
    }
}

/// Check 6.
pub(super) fn environment(environment: &EnvironmentFacts) -> Vec<Finding> {
    let pin = "let `kind = \"uv\"` resolve the dependencies as of the commit's date";
    match environment {
        EnvironmentFacts::NotExamined => vec![unknown(
            Unknown::NotExamined,
            "nobody looked at the environment",
            pin,
        )],
        EnvironmentFacts::System => vec![fail(
            "the machine's own packages are used, which nothing pins",
            pin,
        )],
        EnvironmentFacts::None => vec![unknown(
            Unknown::NotStated,
            "no environment is declared: what the operating system has is used, which nothing pins",
            pin,
        )],
        EnvironmentFacts::Unavailable(why) => vec![unknown(
            Unknown::NotRun,
            format!("the environment could not be built: {why}"),
            why.hint.clone().unwrap_or_else(|| pin.to_owned()),
        )],
        EnvironmentFacts::Locked {
            packages,
            unhashed,
            as_of,
            of_the_papers_time,
            refused,
        } => {
            let until = as_of.map_or_else(|| "today".to_owned(), |day| day.to_string());
            let dated = if *of_the_papers_time {
                pass(format!("{} as of {until}", count(*packages, "package")))
            } else {
                fail(
                    format!("packages are as of {until}, not as of the paper's date"),
                    "set `as-of = \"commit\"`",
                )
            };
            vec![dated, hashed(unhashed), obeyed(refused)]
        }
    }
}

fn hashed(unhashed: &[String]) -> Finding {
    if unhashed.is_empty() {
        pass("every package is pinned by hash")
    } else {
        fail(
            format!("not pinned by hash: {}", names(unhashed)),
            "run `reproof lock`",
        )
    }
}

fn obeyed(refused: &[String]) -> Finding {
    if refused.is_empty() {
        pass("every requirement was resolved")
    } else {
        fail(
            format!("requirements that were not obeyed: {}", names(refused)),
            "name released packages instead, in `packages`",
        )
    }
}

/// Check 9.
pub(super) fn hygiene(hygiene: Option<&Hygiene>, primary: &[Primary<'_>]) -> Vec<Finding> {
    let Some(hygiene) = hygiene else {
        let text = "overlap, leakage and duplicates were not examined";
        return vec![unknown(
            Unknown::NotExamined,
            text,
            "declare the training and the test data with their roles",
        )];
    };
    let remedy = "judge the claims on test data without what is also in the training data";
    let corrected = if hygiene.problems.is_empty() {
        None
    } else {
        corrected(primary)
    };
    let problems = hygiene.problems.iter().map(|text| match corrected {
        Some(Corrected::NotReproduced | Corrected::NothingCleanLeft) => grave(text, remedy),
        Some(Corrected::StillReproduced) | None => fail(text, remedy),
    });
    let corrected = corrected.map(|corrected| match corrected {
        Corrected::StillReproduced => pass("without the leak the primary claims still hold"),
        Corrected::NotReproduced => grave("without the leak a primary claim is not reproduced", remedy),
        Corrected::NothingCleanLeft => grave(
            "too little clean data is left to judge the primary claims",
            remedy,
        ),
    });
    let examined = hygiene.examined.iter().map(pass);
    problems.chain(corrected).chain(examined).collect()
}

/// How the primary claims come out once the leak is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Corrected {
    /// All of them still hold.
    StillReproduced,
    /// At least one does not.
    NotReproduced,
    /// Of at least one, too little clean data is left to say.
    NothingCleanLeft,
}

/// `None` where no primary claim was corrected, and where it is not clear how one comes out.
fn corrected(primary: &[Primary<'_>]) -> Option<Corrected> {
    let outcomes: Vec<Outcome> = primary
        .iter()
        .filter_map(|claim| Some(claim.judged.cleaned.as_ref()?.outcome))
        .collect();
    let any = |is: fn(&Outcome) -> bool| outcomes.iter().any(is);
    if any(|outcome| matches!(outcome, Outcome::NotReproduced | Outcome::Partial)) {
        Some(Corrected::NotReproduced)
    } else if any(|outcome| matches!(outcome, Outcome::NotRun(_))) {
        Some(Corrected::NothingCleanLeft)
    } else {
        let all_hold = !outcomes.is_empty() && outcomes.iter().all(|outcome| outcome.holds());
        all_hold.then_some(Corrected::StillReproduced)
    }
}

/// Check 10.
pub(super) fn safety(safety: &SafetyFacts) -> Vec<Finding> {
    let loaded = safety.unsafe_checkpoints.iter().map(|id| {
        grave(
            format!("the checkpoint `{id}` can run code and was needed"),
            "ask for the weights as safetensors or ONNX",
        )
    });
    let tried = safety.escapes.iter().map(|what| {
        grave(
            format!("a step tried to get out of the sandbox: {what}"),
            "read the code before you run it anywhere",
        )
    });
    let reached = safety
        .network
        .iter()
        .map(|host| pass(format!("an offline step tried to reach {host}, in vain")));
    loaded
        .chain(tried)
        .chain([confinement(safety.tier)])
        .chain(reached)
        .collect()
}

fn confinement(tier: Option<Tier>) -> Finding {
    match tier {
        Some(Tier::Full) => pass("every step ran in the full sandbox"),
        Some(Tier::Landlock) => pass("every step ran confined, without namespaces"),
        Some(Tier::None) => unknown(
            Unknown::Unconfined,
            "a step ran without a sandbox, so nothing would have been seen",
            "run without `--no-sandbox`",
        ),
        None => unknown(Unknown::NotRun, "no step was run", "let the steps run"),
    }
}
