//! The parts of a manifest that are neither steps nor claims.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::super::problem::{Problem, ProblemKind, quoted};
use super::super::reader::{At, Maybe, Section as _};
use super::super::scalar::{Line, RelativePath};
use super::super::{
    Adoption, AsOf, Budget, Checkpoint, Code, Data, EnvironmentKind, EnvironmentSpec, OwnFile, Paper, Pins,
    Prices, Role, Waiver, raw,
};
use super::{Checker, entries, lines, report_repeats};

pub(super) fn text(line: &Maybe<Line>) -> Option<String> {
    line.as_ref().map(|line| line.value.0.clone())
}

fn path(path: &At<RelativePath>) -> PathBuf {
    PathBuf::from(&path.value.0)
}

/// Whether the value of a key is true; it is false when left out.
pub(super) fn flag(value: &Maybe<bool>) -> bool {
    value.as_ref().is_some_and(|value| value.value)
}

impl Checker<'_, '_> {
    pub(super) fn paper(&mut self) -> Option<Paper> {
        let paper = self.raw.paper.as_ref()?;
        Some(Paper {
            title: text(&paper.title)?,
            authors: lines(&paper.authors),
            year: paper
                .year
                .as_ref()
                .map(|year| year.value.0.try_into())
                .transpose()
                .ok()?,
            arxiv: paper.arxiv.as_ref().map(|arxiv| arxiv.value.0.clone()),
            doi: paper.doi.as_ref().map(|doi| doi.value.0.clone()),
            url: paper.url.as_ref().map(|url| url.value.0.clone()),
        })
    }

    pub(super) fn code(&mut self) -> Option<Code> {
        let code = self.raw.code.as_ref()?;
        let subdirectory = code.subdirectory.as_ref().map_or(".", |folder| &folder.value.0);
        Some(Code {
            repository: code.repository.as_ref()?.value.0.clone(),
            revision: code.commit.as_ref()?.value.clone(),
            subdirectory: PathBuf::from(subdirectory),
            submodules: flag(&code.submodules),
        })
    }

    pub(super) fn environment(&mut self) -> Option<EnvironmentSpec> {
        let Some(environment) = &self.raw.environment else {
            return Some(EnvironmentSpec {
                kind: EnvironmentKind::None,
                python: None,
                requirements: Vec::new(),
                packages: Vec::new(),
                as_of: AsOf::Commit,
            });
        };
        let kind = environment.kind.as_ref().map(|kind| kind.value);
        if let Some(kind) = kind {
            self.refuse_what_is_not_built(kind, environment);
        }
        let requirements = entries(&environment.requirements);
        Some(EnvironmentSpec {
            kind: kind?,
            python: environment.python.as_ref().map(|python| python.value.0.clone()),
            requirements: requirements.map(|file| file.value.0.clone()).collect(),
            packages: entries(&environment.packages)
                .map(|package| package.value.0.clone())
                .collect(),
            as_of: environment
                .as_of
                .as_ref()
                .map_or(AsOf::Commit, |as_of| as_of.value.clone()),
        })
    }

    /// Reports keys that the kind of environment would ignore.
    fn refuse_what_is_not_built(&mut self, kind: EnvironmentKind, environment: &raw::Environment) {
        let span =
            |list: Option<(&Range<usize>, bool)>| list.filter(|(_, any)| *any).map(|(span, _)| span.clone());
        let requirements = span(
            environment
                .requirements
                .as_ref()
                .map(|list| (&list.span, !list.is_empty())),
        );
        let packages = span(
            environment
                .packages
                .as_ref()
                .map(|list| (&list.span, !list.is_empty())),
        );
        let python = environment.python.as_ref().map(|python| python.span.clone());
        let (word, ignored) = match kind {
            EnvironmentKind::Uv => return,
            EnvironmentKind::System => (
                "system",
                [("requirements", requirements), ("packages", packages), ("", None)],
            ),
            EnvironmentKind::None => {
                let ignored = [
                    ("requirements", requirements),
                    ("packages", packages),
                    ("python", python),
                ];
                ("none", ignored)
            }
        };
        for (key, span) in ignored {
            let Some(span) = span else { continue };
            let message = format!("`{key}` has no meaning in an environment of kind `{word}`");
            let problem = Problem::new(ProblemKind::Conflict, &span, message);
            self.report(problem.hint("write `kind = \"uv\"`, or leave the key out"));
        }
    }

    pub(super) fn data_sets(&mut self) -> Option<Vec<Data>> {
        self.refuse_shared_places();
        self.refuse_data_that_no_step_makes();
        let sets = entries(&self.raw.data).map(|data| {
            Some(Data {
                id: data.id.as_ref()?.value.0.clone(),
                source: data.source.as_ref()?.value.0.clone(),
                sha256: data.sha256.as_ref().map(|digest| digest.value),
                license: text(&data.license),
                role: data.role.as_ref().map_or(Role::Other, |role| role.value),
                format: data.format.as_ref().map(|format| format.value),
                target: text(&data.target),
                id_column: text(&data.id_column),
                group_column: text(&data.group_column),
                time_column: text(&data.time_column),
                unpack: flag(&data.unpack) || data.member.is_some(),
                member: data.member.as_ref().map(path),
                place: data.place.as_ref().map(path),
            })
        });
        sets.collect()
    }

    /// `step:STEP/OUTPUT` names an output of a step that runs once; nothing can be placed or unpacked before that.
    fn refuse_data_that_no_step_makes(&mut self) {
        for data in entries(&self.raw.data) {
            let Some(source) = &data.source.0 else { continue };
            let Some((id, path)) = source
                .value
                .0
                .strip_prefix("step:")
                .and_then(|made| made.split_once('/'))
            else {
                continue;
            };
            let step =
                entries(&self.raw.steps).find(|step| step.id.0.as_ref().is_some_and(|own| own.value.0 == id));
            let kept = |step: &raw::Step| {
                entries(&step.outputs).any(|output| Path::new(path).starts_with(&output.value.0))
            };
            let message = match step {
                None => format!("there is no step {}", quoted(id)),
                Some(step) if step.seeds.is_some() => format!("step {} runs once for each seed", quoted(id)),
                Some(step) if !kept(step) => {
                    format!("{} is not among the outputs of step {}", quoted(path), quoted(id))
                }
                Some(_) if flag(&data.unpack) || data.member.is_some() || data.place.is_some() => {
                    "what a step makes is neither unpacked nor placed".to_owned()
                }
                Some(_) => continue,
            };
            let problem = Problem::new(ProblemKind::DanglingReference, &source.span, message);
            self.report(problem.hint("`step:STEP/OUTPUT` names an output of a step without seeds"));
        }
        self.refuse_steps_on_made_data();
    }

    /// What a step makes reaches later steps as its output, and claims as labels.
    fn refuse_steps_on_made_data(&mut self) {
        let is_made = |data: &&At<raw::Data>| {
            data.source
                .0
                .as_ref()
                .is_some_and(|source| source.value.0.starts_with("step:"))
        };
        let made: Vec<&str> = entries(&self.raw.data)
            .filter(is_made)
            .filter_map(|data| data.id.0.as_ref().map(|id| id.value.0.as_str()))
            .collect();
        for id in entries(&self.raw.steps).flat_map(|step| entries(&step.data)) {
            if made.contains(&id.value.0.as_str()) {
                let message = format!(
                    "data {} is made by a step and is no input of one",
                    quoted(&id.value.0)
                );
                let problem = Problem::new(ProblemKind::Conflict, &id.span, message);
                self.report(problem.hint("a later step finds it as an output of that step: see `needs`"));
            }
        }
    }

    /// Two things cannot lie in one place of the working copy.
    fn refuse_shared_places(&mut self) {
        let data = entries(&self.raw.data).filter_map(|data| data.place.as_ref());
        let checkpoints = entries(&self.raw.checkpoints).filter_map(|checkpoint| checkpoint.place.as_ref());
        let places = data
            .chain(checkpoints)
            .map(|place| (place.value.0.as_str(), &place.span));
        report_repeats("the place", places, self.problems);
    }

    pub(super) fn own_files(&mut self) -> Option<Vec<OwnFile>> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let mut files = Vec::new();
        for file in entries(&self.raw.files) {
            let Some(path) = &file.path.0 else { continue };
            let absolute = folder.join(&path.value.0);
            if self.on_disk && !absolute.is_file() {
                let message = format!("there is no file {} beside the manifest", quoted(&path.value.0));
                self.report(Problem::new(ProblemKind::DanglingReference, &path.span, message));
            }
            files.push(OwnFile {
                path: PathBuf::from(&path.value.0),
                absolute,
            });
        }
        Some(files)
    }

    pub(super) fn checkpoints(&mut self) -> Option<Vec<Checkpoint>> {
        let checkpoints = entries(&self.raw.checkpoints).map(|checkpoint| {
            Some(Checkpoint {
                id: checkpoint.id.as_ref()?.value.0.clone(),
                source: checkpoint.source.as_ref()?.value.0.clone(),
                sha256: checkpoint.sha256.as_ref().map(|digest| digest.value),
                format: checkpoint.format.as_ref()?.value,
                place: checkpoint.place.as_ref().map(path),
            })
        });
        checkpoints.collect()
    }

    pub(super) fn waivers(&mut self) -> Option<Vec<Waiver>> {
        let waivers: Vec<_> = entries(&self.raw.waiver).collect();
        let checks = waivers.iter().filter_map(|waiver| waiver.check.as_ref());
        report_repeats(
            "a waiver of",
            checks.map(|check| (check.value.0.as_str(), &check.span)),
            self.problems,
        );
        let lowered = waivers.into_iter().map(|waiver| {
            Some(Waiver {
                check: waiver.check.as_ref()?.value.0.clone(),
                author: text(&waiver.author)?,
                reason: waiver.reason.as_ref()?.value.0.clone(),
                expires: waiver.expires.as_ref()?.value.0,
            })
        });
        lowered.collect()
    }

    pub(super) fn prices(&mut self) -> Option<Option<Prices>> {
        let Some(cost) = &self.raw.cost else {
            return Some(None);
        };
        Some(Some(Prices {
            gpu_hour: cost.gpu_hour.as_ref()?.value.0,
            cpu_hour: cost.cpu_hour.as_ref()?.value.0,
            currency: cost.currency.as_ref()?.value.0.clone(),
        }))
    }

    pub(super) fn adoption(&mut self) -> Option<Option<Adoption>> {
        let Some(adoption) = &self.raw.adoption else {
            return Some(None);
        };
        let baseline = &adoption.baseline.as_ref()?.value;
        let claim = self.claims.resolve_line(&baseline.claim, self.problems);
        if let (Some(claim), Some(value)) = (&claim, &baseline.value.0) {
            self.refuse_impossible_baseline(claim, value);
        }
        if let (Some(limit), None) = (&adoption.limit_per_point, &self.raw.cost)
            && !self.raw.is_broken("cost")
        {
            let problem = Problem::new(ProblemKind::MissingKey, &limit.span, "a limit needs prices");
            self.report(problem.label("in which currency?").hint("add a table `[cost]`"));
        }
        Some(Some(Adoption {
            claim: claim?,
            value: baseline.value.as_ref()?.value.0.value,
            gpu_hours: baseline.gpu_hours.as_ref().map(|hours| hours.value.0),
            limit_per_point: adoption.limit_per_point.as_ref().map(|limit| limit.value.0),
        }))
    }

    pub(super) fn budget(&mut self) -> Option<Budget> {
        let Some(budget) = &self.raw.budget else {
            return Some(Budget::default());
        };
        Some(Budget {
            wall: budget.wall.as_ref().map(|wall| wall.value.0),
            gpu_hours: budget.gpu_hours.as_ref().map(|hours| hours.value.0),
        })
    }

    /// Where the pins stand: the digest, or else the source.
    pub(super) fn pins(&self) -> Pins {
        let commit = self.raw.code.as_ref().and_then(|code| code.commit.as_ref());
        let data = entries(&self.raw.data).map(|data| data.source.as_ref().map(|source| source.span.clone()));
        let checkpoints = entries(&self.raw.checkpoints);
        let checkpoints =
            checkpoints.map(|checkpoint| checkpoint.source.as_ref().map(|source| source.span.clone()));
        Pins {
            commit: commit.map(|commit| commit.span.clone()).unwrap_or_default(),
            data: data.map(Option::unwrap_or_default).collect(),
            checkpoints: checkpoints.map(Option::unwrap_or_default).collect(),
        }
    }

    /// Says what nothing uses: probably a reference that was forgotten.
    pub(super) fn warn_of_unused(&mut self) {
        let data = entries(&self.raw.data).filter_map(|data| data.id.as_ref());
        let data = data
            .filter(|id| self.data.is_unused(&id.value.0))
            .map(|id| ("data set", id));
        let checkpoints = entries(&self.raw.checkpoints).filter_map(|checkpoint| checkpoint.id.as_ref());
        let checkpoints = checkpoints
            .filter(|id| self.checkpoints.is_unused(&id.value.0))
            .map(|id| ("checkpoint", id));
        let unused = data.chain(checkpoints).map(|(what, id)| {
            let message = format!("the {what} {} is used by nothing", quoted(&id.value.0));
            Problem::new(ProblemKind::Unused, &id.span, message).hint("name it in a step")
        });
        let unused: Vec<_> = unused.collect();
        unused.into_iter().for_each(|problem| self.report(problem));
    }
}
