//! Each check, fact by fact.

use jiff::civil::date;

use super::*;
use crate::error::Fault;
use crate::execute::Tier;
use crate::judge::evidence::*;
use crate::judge::testing::{error_claim, trusted};
use crate::judge::{Verdict, judge};
use crate::measure::dialect::Reading;
use crate::reason::{Reason, Unmeasured};

/// The check `id` after `change` to a study in which everything is in order.
fn after(id: CheckId, change: impl FnOnce(&mut Evidence)) -> Check {
    let mut evidence = trusted();
    change(&mut evidence);
    let judgement = judge(&evidence);
    judgement
        .checks
        .into_iter()
        .find(|check| check.id == id)
        .expect("all ten checks")
}

#[track_caller]
fn is(id: CheckId, status: &str, change: impl FnOnce(&mut Evidence)) {
    let check = after(id, change);
    assert_eq!(check.status.code(), status, "{check:#?}");
    assert_eq!(check.remedy.is_none(), status == "pass", "{check:#?}");
}

fn measured(evidence: &mut Evidence) -> &mut Measured {
    evidence.claims[0].measured.as_mut().expect("measured")
}

fn not_measured(evidence: &mut Evidence) {
    evidence.claims[0].measured = Err(Unmeasured::new(Reason::StepFailed, Fault::Paper, "code 1"));
}

#[test]
fn names_are_distinct_and_found_again() {
    for id in CheckId::ALL {
        assert_eq!(CheckId::of(id.code()), Some(id));
    }
}

#[test]
fn with_no_facts_nothing_passes_and_nothing_fails() {
    for check in judge(&Evidence::new(date(2026, 1, 1))).checks {
        assert_eq!(check.status.code(), "unknown", "{check:#?}");
        assert!(check.remedy.is_some());
    }
}

#[test]
fn results() {
    let id = CheckId::Results;
    is(id, "unknown", not_measured);
    is(id, "fail", |evidence| {
        measured(evidence).values = vec![0.1, 0.11, 0.12];
    });
    is(id, "unknown", |evidence| {
        measured(evidence).values = vec![0.7, 0.8, 0.95];
    });
    is(id, "fail", |evidence| {
        evidence.claims[0].impossible = Some("made up".to_owned());
    });
}

#[test]
fn open_data() {
    let id = CheckId::OpenData;
    is(id, "unknown", |evidence| evidence.data.clear());
    is(id, "unknown", |evidence| evidence.data[0].license = None);
    is(id, "unknown", |evidence| evidence.data[0].open = None);
    is(id, "fail", |evidence| evidence.data[0].open = Some(false));
    is(id, "fail", |evidence| evidence.data[0].matched = Some(false));
}

#[test]
fn retrained() {
    let id = CheckId::Retrained;
    is(id, "unknown", |evidence| {
        evidence.training = Training::NoneDeclared;
    });
    is(id, "fail", |evidence| {
        evidence.training = Training::CheckpointOnly {
            checkpoints: vec!["gat".to_owned()],
            native: true,
        };
    });
    is(id, "unknown", |evidence| {
        let why = Unmeasured::new(Reason::NeedsGpu, Fault::Host, "there is none");
        evidence.training = Training::Unfinished {
            step: "train".to_owned(),
            why,
        };
    });
    is(id, "fail", |evidence| {
        measured(evidence).from_checkpoint_as_released = true;
    });
}

#[test]
fn explainable() {
    let id = CheckId::Explainable;
    let drivers = |drivers_stable| {
        Some(Explanation {
            interpretable: false,
            drivers_stable,
            drivers: vec![],
        })
    };
    is(id, "unknown", |evidence| evidence.explanation = drivers(None));
    is(id, "fail", |evidence| evidence.explanation = drivers(Some(false)));
    is(id, "pass", |evidence| evidence.explanation = drivers(Some(true)));
}

#[test]
fn code() {
    let id = CheckId::Code;
    is(id, "unknown", |evidence| evidence.code.reachable = None);
    is(id, "fail", |evidence| evidence.code.reachable = Some(false));
    is(id, "fail", |evidence| evidence.code.license = License::Absent);
    is(id, "fail", |evidence| {
        evidence.code.missing_submodules = Some(vec!["lib".to_owned()]);
    });
    is(id, "fail", |evidence| {
        evidence.code.lfs_pointers = Some(vec!["model.bin".to_owned()]);
    });
    is(id, "fail", |evidence| {
        evidence.code.modified = Some(vec!["train.py".to_owned()]);
    });
    is(id, "unknown", |evidence| evidence.code.modified = None);
}

#[test]
fn environment() {
    let id = CheckId::Environment;
    let locked = |unhashed: &[&str], of_the_papers_time| EnvironmentFacts::Locked {
        packages: 3,
        unhashed: unhashed.iter().map(ToString::to_string).collect(),
        as_of: None,
        of_the_papers_time,
        refused: vec![],
    };
    is(id, "fail", |evidence| {
        evidence.environment = EnvironmentFacts::System;
    });
    is(id, "unknown", |evidence| {
        evidence.environment = EnvironmentFacts::None;
    });
    is(id, "fail", |evidence| {
        evidence.environment = locked(&["torch"], true);
    });
    is(id, "fail", |evidence| evidence.environment = locked(&[], false));
    is(id, "unknown", |evidence| {
        let why = Unmeasured::new(Reason::Environment, Fault::Paper, "numpy==0.1 does not exist");
        evidence.environment = EnvironmentFacts::Unavailable(why);
    });
}

#[test]
fn stability() {
    let id = CheckId::Stability;
    let with = |values: &[f64], seeds: &[u64]| {
        let (values, seeds) = (values.to_vec(), seeds.to_vec());
        move |evidence: &mut Evidence| {
            measured(evidence).values = values;
            measured(evidence).seeds = seeds;
        }
    };
    is(id, "unknown", with(&[0.83], &[1])); // a single run
    is(id, "unknown", with(&[0.828, 0.83, 0.835], &[])); // no seeds recorded
    is(id, "fail", with(&[0.828, 0.83, 0.835], &[1, 1, 2]));
    is(id, "fail", with(&[0.6, 0.83, 0.9], &[1, 2, 3])); // far wider than claimed
    is(id, "unknown", with(&[0.83; 3], &[1, 2, 3])); // the paper says that runs differ
    is(id, "pass", |evidence| {
        with(&[0.83], &[1])(evidence);
        measured(evidence).deterministic = Some(true);
    });
    is(id, "pass", |evidence| evidence.claims[0].claimed.spread = None);
    is(id, "fail", |evidence| {
        evidence.claims[0].claimed.spread = None;
        measured(evidence).values = vec![0.80, 0.83, 0.86];
    });
}

#[test]
fn metric() {
    let id = CheckId::Metric;
    let lies = |evidence: &mut Evidence| {
        measured(evidence).reported = Some(Reported {
            values: vec![0.9, 0.9, 0.9],
            half_unit: 0.005,
        });
    };
    is(id, "unknown", |evidence| measured(evidence).recomputed = false);
    is(id, "unknown", |evidence| measured(evidence).permuted = None);
    is(id, "pass", |evidence| measured(evidence).reported = None);
    assert!(after(id, lies).grave);
    let explained = after(id, |evidence| {
        lies(evidence);
        measured(evidence).readings = vec![Reading {
            words: "micro F1".to_owned(),
            departure: 1,
            value: measured(evidence).reported.as_ref().expect("reported").values[0],
        }];
    });
    assert_eq!((explained.status, explained.grave), (Status::Fail, false));
    let leaks = after(id, |evidence| {
        measured(evidence).permuted = Some(Control {
            value: 0.6,
            sd: 0.01,
            permutations: 20,
        });
    });
    assert!(leaks.grave);
    is(id, "pass", |evidence| {
        measured(evidence).permuted = Some(Control {
            value: 0.1,
            sd: 0.01,
            permutations: 20,
        });
    });
}

#[test]
fn a_control_of_an_error_must_not_fall_below_the_floor() {
    let control = |value| {
        after(CheckId::Metric, |evidence| {
            let mut error = error_claim("0.375", &[0.375]);
            error.metric_floor = Some(1.0);
            let measured = error.measured.as_mut().expect("measured");
            measured.permuted = Some(Control {
                value,
                sd: 0.01,
                permutations: 20,
            });
            evidence.claims = vec![error];
        })
    };
    assert_eq!(control(1.3).status, Status::Pass);
    assert!(control(0.4).grave);
}

#[test]
fn data_hygiene() {
    let id = CheckId::DataHygiene;
    let leak = |values: Option<Result<Vec<f64>, Unmeasured>>| {
        move |evidence: &mut Evidence| {
            evidence.hygiene = Some(Hygiene {
                problems: vec!["70 % of the test rows are in the training data".to_owned()],
                examined: vec![],
            });
            let measured = evidence.claims[0].measured.as_mut().expect("measured");
            measured.cleaned = values.map(|values| Cleaned {
                left_out: 70,
                left: 30,
                values,
                interval: None,
            });
        }
    };
    let nothing = Unmeasured::new(Reason::MeasurementInvalid, Fault::Paper, "one class is left");
    is(id, "unknown", |evidence| evidence.hygiene = None);
    assert!(!after(id, leak(None)).grave);
    let as_claimed = vec![0.828, 0.830, 0.835];
    assert!(!after(id, leak(Some(Ok(as_claimed)))).grave);
    assert!(after(id, leak(Some(Ok(vec![0.1, 0.11, 0.1])))).grave);
    assert!(after(id, leak(Some(Ok(vec![0.7, 0.71, 0.7])))).grave); // partial: worse, beyond the margin
    assert!(!after(id, leak(Some(Ok(vec![0.9, 0.7, 0.8])))).grave); // cannot be told
    assert!(after(id, leak(Some(Err(nothing)))).grave);
}

#[test]
fn safety() {
    let id = CheckId::Safety;
    is(id, "unknown", |evidence| evidence.safety.tier = Some(Tier::None));
    is(id, "unknown", |evidence| evidence.safety.tier = None);
    is(id, "pass", |evidence| {
        evidence.safety.network = vec!["example.org".to_owned()];
    });
    assert!(after(id, |evidence| evidence.safety.escapes = vec!["ptrace".to_owned()]).grave);
    assert!(
        after(id, |evidence| evidence.safety.unsafe_checkpoints =
            vec!["gat".to_owned()])
        .grave
    );
}

#[test]
fn somebody_can_answer_for_a_check_until_the_waiver_expires() {
    let waive = |expires| {
        move |evidence: &mut Evidence| {
            evidence.data[0].open = Some(false);
            evidence.waivers.push(Waiver {
                check: "open-data".to_owned(),
                author: "R. Viewer".to_owned(),
                reason: "under contract".to_owned(),
                expires,
            });
        }
    };
    let id = CheckId::OpenData;
    let waived = after(id, waive(date(2026, 1, 31)));
    assert_eq!(waived.status, Status::Waived);
    assert_eq!(
        waived.reason,
        "waived by R. Viewer until 2026-01-31: under contract"
    );
    let expired = after(id, waive(date(2026, 1, 30)));
    assert_eq!(expired.status, Status::Fail);
    assert!(
        expired
            .evidence
            .iter()
            .any(|line| line.contains("expired on 2026-01-30"))
    );
}

#[test]
fn a_waived_check_is_no_failure_and_no_pass() {
    let mut evidence = trusted();
    evidence.data[0].open = Some(false);
    let waiver = |check: CheckId| Waiver {
        check: check.code().to_owned(),
        author: "R. Viewer".to_owned(),
        reason: "made up".to_owned(),
        expires: date(2027, 1, 1),
    };
    evidence.waivers = vec![waiver(CheckId::OpenData), waiver(CheckId::Results)];
    let judgement = judge(&evidence);
    assert_eq!(judgement.ruling.verdict, Verdict::Caution);
    assert_eq!(judgement.checks[0].status, Status::Pass, "a pass needs no waiver");
}
