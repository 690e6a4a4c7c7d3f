//! The steps: what they run, what they see, and with which seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::super::placeholder::{BadPlaceholder, Piece, pieces};
use super::super::problem::{Problem, ProblemKind, quoted};
use super::super::reader::{At, List, Maybe, Section as _, nearest};
use super::super::scalar::{Argument, Line, Runner};
use super::super::{
    Action, DEFAULT_BATCH, DEFAULT_DISK, DEFAULT_MEMORY, DEFAULT_TIMEOUT, MODEL_OUTPUT, ModelRun, Phase,
    Seeds, Step, raw,
};
use super::parts::flag;
use super::{Checker, entries, report_repeats};

/// Variables that reproof sets itself.
const RESERVED: [&str; 6] = ["HOME", "PATH", "PWD", "SHELL", "TMPDIR", "USER"];

/// The steps seen so far.
type Earlier<'r> = Vec<Seen<'r>>;

/// A step that was seen.
struct Seen<'r> {
    id: &'r str,
    /// The seeds that it really runs with, sorted.
    seeds: Seeds,
    phase: Option<Phase>,
    hands_on: bool,
}

impl Seen<'_> {
    /// Whether a step of this `phase` that does not name this one may do without it: the second of two trainings
    /// rests on the preparation before them, and hardly on the first.
    fn is_beside(&self, phase: Option<Phase>) -> bool {
        let (Some(own), Some(phase)) = (self.phase, phase) else {
            return false;
        };
        !self.hands_on || own > phase || own == phase && phase != Phase::Prepare
    }
}

/// What a step needs of earlier ones.
struct Needs {
    all: Vec<String>,
    /// Those of them that are nobody's word, and that it does without if need be.
    loose: Vec<String>,
}

impl<'r> Checker<'r, '_> {
    pub(super) fn all_steps(&mut self) -> Option<Vec<Step>> {
        let list = self.raw.steps.as_ref()?;
        if list.is_empty() {
            let problem = Problem::new(ProblemKind::MissingKey, &list.span, "there is no step");
            self.report(problem.label("needs at least one step"));
        }
        let mut earlier = Earlier::new();
        let steps: Vec<_> = list.iter().map(|step| self.step(step, &mut earlier)).collect();
        steps.into_iter().collect()
    }

    fn step(&mut self, step: &'r At<raw::Step>, earlier: &mut Earlier<'r>) -> Option<Step> {
        let own_seeds = if step.is_broken("seeds") {
            None
        } else {
            self.seeds(&step.seeds)
        };
        let mut needs = if step.is_broken("needs") {
            None
        } else {
            self.needs(step, earlier)
        };
        let seeds = self.seeds_it_runs_with(step, own_seeds.as_ref(), needs.as_mut(), earlier);
        let mut data = self.data.resolve_all(&step.data, self.problems);
        let mut checkpoints = self.checkpoints.resolve_all(&step.checkpoints, self.problems);
        let action = self.action(step, seeds.as_ref());
        let env = self.variables(&step.env);
        let mut outputs = self.outputs(step);
        if let Some(id) = &step.id.0 {
            earlier.push(Seen {
                id: &id.value.0,
                seeds: seeds.unwrap_or(Seeds::Unseeded),
                phase: step.phase.as_ref().map(|phase| phase.value),
                hands_on: !outputs.is_empty() || step.model.is_some(),
            });
        }
        if let Some(Action::Model(model)) = &action {
            add_missing(&mut data, &model.data);
            add_missing(&mut checkpoints, &model.checkpoint);
            if outputs.is_empty() {
                outputs.push(MODEL_OUTPUT.to_owned());
            }
        }
        let needs = needs?;
        Some(Step {
            id: step.id.as_ref()?.value.0.clone(),
            phase: step.phase.as_ref()?.value,
            action: action?,
            data: data?,
            checkpoints: checkpoints?,
            needs: needs.all,
            does_without: needs.loose,
            outputs,
            seeds: own_seeds?,
            repeats: step.repeats.as_ref().map_or(1, |repeats| repeats.value.small()),
            env: env?,
            timeout: step
                .timeout
                .as_ref()
                .map_or(DEFAULT_TIMEOUT, |timeout| timeout.value.0),
            memory: step
                .memory
                .as_ref()
                .map_or(DEFAULT_MEMORY, |memory| memory.value.0),
            disk: step.disk.as_ref().map_or(DEFAULT_DISK, |disk| disk.value.0),
            gpus: step.gpus.as_ref().map_or(0, |gpus| gpus.value.small()),
            network: flag(&step.network),
        })
    }

    fn seeds(&mut self, seeds: &Maybe<raw::Seeds>) -> Option<Seeds> {
        let Some(seeds) = seeds else {
            return Some(Seeds::Unseeded);
        };
        match &seeds.value {
            raw::Seeds::Listed(list) => self.listed_seeds(list, &seeds.span),
            raw::Seeds::Sequential(range) => {
                let (min, max) = (range.min.as_ref()?, range.max.as_ref()?);
                if min.value.0 > max.value.0 {
                    let message = format!("at least {} runs and at most {}", min.value.0, max.value.0);
                    let problem = self.impossible(&seeds.span, message);
                    self.report(problem.label("`min` is larger than `max`"));
                    return None;
                }
                Some(Seeds::Sequential {
                    min: min.value.small(),
                    max: max.value.small(),
                })
            }
        }
    }

    fn listed_seeds(&mut self, list: &List<raw::Seed>, span: &Range<usize>) -> Option<Seeds> {
        if list.is_empty() {
            let problem = self.impossible(span, "a step with no seed would not run");
            self.report(problem.hint("leave `seeds` out when the step has none"));
            return None;
        }
        let texts: Vec<_> = list.iter().map(|seed| seed.value.0.to_string()).collect();
        let places = texts
            .iter()
            .map(String::as_str)
            .zip(list.iter().map(|seed| &seed.span));
        report_repeats("the seed", places, self.problems);
        Some(Seeds::Listed(list.iter().map(|seed| seed.value.0).collect()))
    }

    /// The earlier steps that this one needs: those it names, or all.
    fn needs(&mut self, step: &'r raw::Step, earlier: &Earlier<'_>) -> Option<Needs> {
        if step.needs.is_none() {
            let phase = step.phase.as_ref().map(|phase| phase.value);
            let beside = earlier.iter().filter(|seen| seen.is_beside(phase));
            return Some(Needs {
                all: earlier.iter().map(|seen| seen.id.to_owned()).collect(),
                loose: beside.map(|seen| seen.id.to_owned()).collect(),
            });
        }
        let all = self.steps.resolve_all(&step.needs, self.problems)?;
        for need in entries(&step.needs) {
            if !earlier.iter().any(|seen| seen.id == need.value.0) {
                let message = format!("the step {} does not come before this one", quoted(&need.value.0));
                let problem = Problem::new(ProblemKind::DanglingReference, &need.span, message);
                self.report(problem.hint("steps run in the order of the file; move it up"));
            }
        }
        let loose = Vec::new();
        Some(Needs { all, loose })
    }

    /// The seeds of the step, or of the steps it needs. Reports when those do not fit together; what it can do
    /// without and does not fit is left out of `needs` instead.
    fn seeds_it_runs_with(
        &mut self,
        step: &At<raw::Step>,
        own: Option<&Seeds>,
        needs: Option<&mut Needs>,
        earlier: &Earlier<'_>,
    ) -> Option<Seeds> {
        let (own, needs) = (own?, needs?);
        let all: BTreeSet<_> = needs.all.iter().cloned().collect();
        let loose: BTreeSet<_> = needs.loose.iter().cloned().collect();
        // What it cannot do without says first which seeds there are.
        let (beside, needed): (Vec<_>, Vec<_>) = earlier
            .iter()
            .filter(|seen| all.contains(seen.id) && seen.seeds != Seeds::Unseeded)
            .partition(|seen| loose.contains(seen.id));
        let mut seeds = sorted(own);
        for Seen {
            id, seeds: theirs, ..
        } in needed.into_iter().chain(beside)
        {
            if seeds == Seeds::Unseeded {
                seeds = theirs.clone();
            }
            // A step with seeds of its own may do with fewer; one that takes them over must know which.
            let enough = *theirs == seeds || *own != Seeds::Unseeded && covers(theirs, &seeds);
            if enough {
                continue;
            }
            if !loose.contains(*id) {
                self.report_seeds_that_do_not_meet(step, id);
                return None;
            }
            needs.all.retain(|need| need != id);
            needs.loose.retain(|need| need != id);
        }
        Some(seeds)
    }

    fn report_seeds_that_do_not_meet(&mut self, step: &At<raw::Step>, needed: &str) {
        let needs = step.needs.as_ref().map(|needs| &needs.span);
        let own = step.seeds.as_ref().map(|seeds| &seeds.span);
        let span = needs.or(own).unwrap_or(&step.span);
        let message = format!(
            "the step {} does not run with the seeds that are needed here",
            quoted(needed)
        );
        let problem = Problem::new(ProblemKind::Conflict, span, message);
        self.report(problem.label("sees the outputs of the same seed").hint(
            "say in `needs` which earlier steps this one depends on (all, when left out), and give them the same seeds",
        ));
    }

    fn action(&mut self, step: &At<raw::Step>, seeds: Option<&Seeds>) -> Option<Action> {
        match (&step.run, &step.model) {
            (Some(run), None) => self.command(step, run, seeds).map(Action::Run),
            (None, Some(model)) => self.model(model).map(Action::Model),
            (Some(_), Some(model)) => {
                let message = "a step either runs a program or evaluates a checkpoint";
                let problem = Problem::new(ProblemKind::Conflict, &model.span, message);
                self.report(problem.hint("keep `run` or `model`, or make two steps of it"));
                None
            }
            (None, None) if step.is_broken("run") || step.is_broken("model") => None,
            (None, None) => {
                let problem = Problem::new(ProblemKind::MissingKey, &step.span, "the step does nothing");
                self.report(problem.label("needs a key `run` or `model`"));
                None
            }
        }
    }

    fn command(
        &mut self,
        step: &raw::Step,
        run: &At<raw::Command>,
        seeds: Option<&Seeds>,
    ) -> Option<Vec<String>> {
        let words = &run.value.0;
        if words
            .first()
            .is_none_or(|program| program.value.0.trim().is_empty())
        {
            let problem = self.impossible(&run.span, "there is no program to run");
            self.report(problem.hint("write `run = [\"python\", \"train.py\"]`"));
            return None;
        }
        for argument in words {
            match pieces(&argument.value.0) {
                Ok(pieces) => pieces
                    .iter()
                    .for_each(|piece| self.placeholder(*piece, step, seeds, &argument.span)),
                Err(error) => self.report(bad_placeholder(&error, &argument.span)),
            }
        }
        Some(words.iter().map(|argument| argument.value.0.clone()).collect())
    }

    /// Reports a placeholder that stands for nothing in this step.
    fn placeholder(
        &mut self,
        piece: Piece<'_>,
        step: &raw::Step,
        seeds: Option<&Seeds>,
        span: &Range<usize>,
    ) {
        let (what, id, list) = match piece {
            Piece::Text(_) | Piece::Out => return,
            Piece::Seed => {
                if seeds == Some(&Seeds::Unseeded) {
                    let problem = Problem::new(ProblemKind::BadPlaceholder, span, "the step has no seed");
                    self.report(problem.hint("add `seeds = [1, 2, 3]`, or need a step that has seeds"));
                }
                return;
            }
            Piece::File(path) => {
                let path = path.strip_prefix("./").unwrap_or(path);
                self.files.resolve(path, span, self.problems);
                return;
            }
            Piece::Data(id) => ("data", self.data.resolve(id, span, self.problems), &step.data),
            Piece::Checkpoint(id) => {
                let id = self.checkpoints.resolve(id, span, self.problems);
                ("checkpoints", id, &step.checkpoints)
            }
        };
        let Some(id) = id else { return };
        if !entries(list).any(|entry| entry.value.0 == id) {
            let message = format!("the step does not see {}", quoted(&id));
            let problem = Problem::new(ProblemKind::BadPlaceholder, span, message);
            self.report(problem.hint(format!("add it to the step's `{what}`")));
        }
    }

    fn model(&mut self, model: &At<raw::ModelRun>) -> Option<ModelRun> {
        let checkpoint = self.checkpoints.resolve_line(&model.checkpoint, self.problems);
        let data = self.data.resolve_line(&model.data, self.problems);
        let runner = match model.runner.as_ref()?.value {
            Runner::Onnx => "onnx",
            Runner::Torch => "torch",
        };
        Some(ModelRun {
            checkpoint: checkpoint?,
            data: data?,
            runner: runner.to_owned(),
            device: model
                .device
                .as_ref()
                .map_or("auto", |device| &device.value.0)
                .to_owned(),
            batch: model
                .batch
                .as_ref()
                .map_or(DEFAULT_BATCH, |batch| batch.value.small()),
        })
    }

    fn variables(&mut self, env: &Maybe<raw::Table<Argument>>) -> Option<BTreeMap<String, String>> {
        let mut variables = BTreeMap::new();
        for (name, value) in env.iter().flat_map(|table| &table.value.0) {
            if let Some(problem) = bad_variable(name) {
                self.report(problem);
            }
            variables.insert(name.value.clone(), value.value.0.clone());
        }
        Some(variables)
    }

    fn outputs(&mut self, step: &raw::Step) -> Vec<String> {
        let outputs = entries(&step.outputs);
        report_repeats(
            "the output",
            outputs.map(|output| (output.value.0.as_str(), &output.span)),
            self.problems,
        );
        entries(&step.outputs)
            .map(|output| output.value.0.clone())
            .collect()
    }

    /// The raw step that `reference` names, if there is one.
    pub(super) fn raw_step(&self, reference: &Maybe<Line>) -> Option<&'r At<raw::Step>> {
        let name = &reference.as_ref()?.value.0;
        let mut steps = entries(&self.raw.steps.0);
        steps.find(|step| step.id.as_ref().is_some_and(|id| id.value.0 == *name))
    }
}

fn add_missing(list: &mut Option<Vec<String>>, id: &str) {
    if let Some(list) = list
        && !list.iter().any(|entry| entry == id)
    {
        list.push(id.to_owned());
    }
}

/// The same seeds in order, which is how they are compared.
fn sorted(seeds: &Seeds) -> Seeds {
    match seeds {
        Seeds::Listed(seeds) => {
            let mut seeds = seeds.clone();
            seeds.sort_unstable();
            Seeds::Listed(seeds)
        }
        Seeds::Unseeded | Seeds::Sequential { .. } => seeds.clone(),
    }
}

/// Whether a step with the seeds `theirs` has run with each of `wanted`; both sorted.
fn covers(theirs: &Seeds, wanted: &Seeds) -> bool {
    match (theirs, wanted) {
        (Seeds::Listed(theirs), Seeds::Listed(wanted)) => {
            // One walk through both: a manifest may have very many steps with very many seeds.
            let mut theirs = theirs.iter();
            wanted.iter().all(|seed| theirs.any(|other| other == seed))
        }
        _ => theirs == wanted,
    }
}

fn bad_placeholder(error: &BadPlaceholder, span: &Range<usize>) -> Problem {
    let problem = Problem::new(ProblemKind::BadPlaceholder, span, error.to_string());
    let known = ["seed", "out", "data", "checkpoint", "file"];
    let near = match error {
        BadPlaceholder::Unknown(name) => nearest(name.split(':').next().unwrap_or(name), &known),
        BadPlaceholder::Open(_) => None,
    };
    let problem = problem.hint(
        "there are `{seed}`, `{out}`, `{data:ID}`, `{checkpoint:ID}` and `{file:PATH}`; write `{{` for a brace",
    );
    match near {
        Some(near) => problem.label(format!("did you mean `{near}`?")),
        None => problem,
    }
}

fn bad_variable(name: &At<String>) -> Option<Problem> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let valid = name.bytes().all(letters) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if !valid {
        let message = format!("{} cannot be an environment variable", quoted(&name.value));
        let problem = Problem::new(ProblemKind::BadText, &name.span, message);
        return Some(problem.hint("names have letters, digits and `_`, and do not begin with a digit"));
    }
    if RESERVED.contains(&name.as_str()) || name.starts_with("REPROOF_") {
        let message = format!("{} is set by reproof", quoted(&name.value));
        return Some(Problem::new(ProblemKind::Conflict, &name.span, message));
    }
    None
}
