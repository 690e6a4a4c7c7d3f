//! Claims that one claim is better than another.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::problem::{Problem, ProblemKind, quoted};
use super::super::reader::{At, Section as _};
use super::super::scalar::{Better, Line, POINTS_OF_NOTHING, Slack};
use super::super::{Claim, Comparison, Printed, Subject, Tolerance, raw};
use super::claims::out_of_range;
use super::parts::{flag, text};
use super::{Checker, entries};
use crate::measure::{self, Direction};

/// How a comparison is written.
const FORM: &str = "write the ids of two other claims, such as `\"ours > baseline\"`; `>` means better than, whichever way the metric improves";

/// What the compared claims have in common.
struct Common {
    metric: String,
    direction: Direction,
    /// How the values of the better one are printed.
    printed: Printed,
}

impl<'r> Checker<'r, '_> {
    /// A claim with `compare`.
    pub(super) fn comparison(&mut self, claim: &raw::Claim) -> Option<Claim> {
        self.refuse_what_is_measured_elsewhere(claim);
        let compare = claim.compare.as_ref()?;
        let (better, worse) = self.two_ids(compare)?;
        let common = self.common(compare, &better, &worse)?;
        let printed = claim.value.is_some() || claim.is_broken("value");
        let value = match claim.value.as_ref() {
            Some(value) => {
                self.check_gain(&common, &value.value.0, &value.span);
                value.value.0.clone()
            }
            None => no_gain(&common.printed),
        };
        let tolerance = match &claim.tolerance {
            Some(slack) => Some(self.tolerance_of_gain(slack, &value, printed)?),
            None => None,
        };
        Some(Claim {
            id: claim.id.as_ref()?.value.0.clone(),
            statement: claim.statement.as_ref()?.value.0.clone(),
            location: text(&claim.r#where),
            metric: common.metric,
            direction: common.direction,
            value,
            runs: None,
            examples: None,
            positives: None,
            classes: None,
            supports: BTreeMap::new(),
            model: None,
            split: None,
            primary: flag(&claim.primary),
            weight: claim.weight.as_ref().map_or(1.0, |weight| weight.value.0),
            tolerance,
            floor: None,
            subject: Subject::Compared(Comparison {
                better,
                worse,
                printed,
            }),
            drivers: Vec::new(),
        })
    }

    /// Reports the keys of a value that is measured: a comparison has none of its own.
    fn refuse_what_is_measured_elsewhere(&mut self, claim: &raw::Claim) {
        let keys = [
            ("metric", span(claim.metric.as_ref())),
            ("direction", span(claim.direction.as_ref())),
            ("runs", span(claim.runs.as_ref())),
            ("examples", span(claim.examples.as_ref())),
            ("positives", span(claim.positives.as_ref())),
            ("classes", span(claim.classes.as_ref())),
            ("supports", span(claim.supports.as_ref())),
            ("model", span(claim.model.as_ref())),
            ("split", span(claim.split.as_ref())),
            ("floor", span(claim.floor.as_ref())),
            ("step", span(claim.step.as_ref())),
            ("measure", span(claim.measure.as_ref())),
            ("reported", span(claim.reported.as_ref())),
            ("drivers", span(claim.drivers.as_ref())),
        ];
        for (key, span) in keys {
            let Some(span) = span else { continue };
            let message = format!("`{key}` has no meaning in a comparison");
            let problem = Problem::new(ProblemKind::Conflict, &span, message);
            self.report(problem.hint("leave it out: the two claims that are compared say what is measured"));
        }
    }

    /// The two ids of `A > B`, each of a claim that is there.
    fn two_ids(&mut self, compare: &At<Line>) -> Option<(String, String)> {
        let parts: Vec<&str> = compare.value.0.split('>').map(str::trim).collect();
        let [better, worse] = parts[..] else {
            let message = format!("{} does not compare two claims", quoted(&compare.value.0));
            self.report(Problem::new(ProblemKind::BadText, &compare.span, message).hint(FORM));
            return None;
        };
        if better == worse {
            let message = format!("{} is compared with itself", quoted(better));
            self.report(Problem::new(ProblemKind::Conflict, &compare.span, message).hint(FORM));
            return None;
        }
        let ids = [better, worse].map(|id| self.claims.resolve(id, &compare.span, self.problems));
        let [Some(better), Some(worse)] = ids else {
            return None;
        };
        Some((better, worse))
    }

    /// What both are measured in; `None` also where one of them is not valid, which is reported there.
    fn common(&mut self, compare: &At<Line>, better: &str, worse: &str) -> Option<Common> {
        let (ours, theirs) = (self.raw_claim(better)?, self.raw_claim(worse)?);
        for (id, claim) in [(better, ours), (worse, theirs)] {
            if claim.compare.is_some() {
                let message = format!("{} is itself a comparison", quoted(id));
                let problem = Problem::new(ProblemKind::Conflict, &compare.span, message);
                self.report(problem.hint("compare claims that are measured"));
                return None;
            }
        }
        let ((metric, direction), (other, _)) = (metric(ours)?, metric(theirs)?);
        if metric != other {
            let message = format!(
                "{} is in {} and {} in {}",
                quoted(better),
                quoted(&metric),
                quoted(worse),
                quoted(&other)
            );
            let problem = Problem::new(ProblemKind::Conflict, &compare.span, message);
            self.report(problem.hint("only claims of the same metric can be compared"));
            return None;
        }
        Some(Common {
            metric,
            direction,
            printed: ours.value.as_ref()?.value.0.clone(),
        })
    }

    fn raw_claim(&self, id: &str) -> Option<&'r raw::Claim> {
        let named = |claim: &&At<raw::Claim>| claim.id.as_ref().is_some_and(|own| own.value.0 == id);
        entries(&self.raw.claims).find(named).map(|claim| &claim.value)
    }

    /// Reports a gain that is none, or that the metric has no room for.
    fn check_gain(&mut self, common: &Common, gain: &Printed, span: &Range<usize>) {
        if gain.value <= 0.0 {
            let problem = self.impossible(span, format!("{} is no gain", quoted(&gain.text)));
            self.report(problem.hint(
                "the better claim comes first, and the gain is positive whichever way the metric improves",
            ));
            return;
        }
        let Some(mut info) = measure::info(&common.metric) else {
            return;
        };
        let width = info.range.1 - info.range.0;
        info.range = (0.0, width);
        if let Some(problem) = out_of_range(gain, &info, span) {
            self.report(problem);
        }
    }

    fn tolerance_of_gain(&mut self, slack: &At<Slack>, gain: &Printed, printed: bool) -> Option<Tolerance> {
        if printed {
            return self.tolerance(slack, gain);
        }
        let tolerance = slack.value.0.around(gain);
        if tolerance.is_none() {
            let problem = Problem::new(ProblemKind::BadNumber, &slack.span, POINTS_OF_NOTHING);
            self.report(problem.hint("write the tolerance in the unit of the value, such as `0.005`"));
        }
        tolerance
    }
}

fn span<T>(value: Option<&At<T>>) -> Option<Range<usize>> {
    value.map(|value| value.span.clone())
}

/// The canonical name of a claim's metric and its direction, where both are known.
fn metric(claim: &raw::Claim) -> Option<(String, Direction)> {
    let name = &claim.metric.as_ref()?.value.0;
    if let Some(info) = measure::info(name) {
        return Some((info.name, info.direction));
    }
    let direction = match claim.direction.as_ref()?.value {
        Better::Higher => Direction::HigherIsBetter,
        Better::Lower => Direction::LowerIsBetter,
    };
    Some((name.clone(), direction))
}

/// Better, and nobody says by how much: printed as the better claim is.
fn no_gain(like: &Printed) -> Printed {
    Printed {
        text: "> 0".to_owned(),
        value: 0.0,
        spread: None,
        ..like.clone()
    }
}
