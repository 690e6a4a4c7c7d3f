//! What a reader should look at, worst first.

use serde::Serialize;
use serde_json::{Value, json};

use super::columns::{ColumnProfile, Type};
use super::drift::Drift;
use super::leakage::{Leak, id_like};
use super::{Profile, Roles, shared};
use crate::table::shown;

/// A column of which more is missing than this.
const MUCH_MISSING: f64 = 0.5;

/// A rarest class below this share is an imbalance.
const RARE_CLASS: f64 = 0.05;

/// An adjusted p value below this is no chance.
const SIGNIFICANT: f64 = 0.01;

/// New categories in more than this share of the test rows.
const MUCH_UNSEEN: f64 = 0.01;

/// Bins that were chosen to look best get a few times what chance gives in bins that were not.
const BEYOND_CHANCE: f64 = 10.0;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Results on this data say little before it is resolved.
    High,
    /// Results may be other than they seem.
    Medium,
    /// Worth knowing.
    Low,
}

impl Severity {
    /// The word that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Something to look at.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What it is: stable, in kebab case.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The column, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// One sentence: lower case, no full stop.
    pub sentence: String,
    /// The numbers behind it.
    pub evidence: Value,
}

impl Finding {
    pub(super) fn new(code: &'static str, severity: Severity, sentence: String, evidence: Value) -> Self {
        Self {
            code,
            severity,
            column: None,
            sentence,
            evidence,
        }
    }

    fn of(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }
}

/// Everything to look at in `profile`, worst first, in the order of the file where equally bad.
pub(super) fn findings(profile: &Profile, roles: &Roles) -> Vec<Finding> {
    let mut found: Vec<Finding> = profile.leakage.iter().map(leaked).collect();
    found.extend(shared::findings(
        profile.unit,
        &profile.duplicates,
        profile.overlap.as_ref(),
    ));
    found.extend(label(profile));
    let ids: Vec<&str> = profile
        .columns
        .iter()
        .filter(|column| id_like(column))
        .map(name)
        .collect();
    found.extend(
        profile
            .columns
            .iter()
            .flat_map(|column| column_findings(column, roles)),
    );
    // Other times, patients and ids are what a test split is for.
    let meant = [&roles.id, &roles.group, &roles.time].map(Option::as_deref);
    let drifts = profile.drift.iter().filter(|drift| {
        let column = drift.column.as_str();
        !ids.contains(&column) && !meant.contains(&Some(column))
    });
    found.extend(drifts.flat_map(drifted));
    found.extend(splits(profile, roles));
    found.extend(information(profile));
    found.sort_by_key(|finding| finding.severity);
    found
}

fn name(column: &ColumnProfile) -> &str {
    &column.name
}

pub(super) fn percent(share: f64) -> String {
    match 100.0 * share {
        share if share > 0.0 && share < 0.1 => "under 0.1 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}

fn leaked(leak: &Leak) -> Finding {
    let power = &leak.power;
    let numbers = [
        power.auc.map(|auc| format!("ROC AUC {auc:.3}")),
        power.spearman.map(|rho| format!("rank correlation {rho:.3}")),
        power
            .predictive_power
            .map(|gain| format!("takes away {} of the error", percent(gain))),
    ];
    let numbers: Vec<String> = numbers.into_iter().flatten().collect();
    let (severity, what) = match leak.code {
        "target-copy" => (
            Severity::High,
            "is the label under another name or in another code",
        ),
        "target-leak" => (Severity::High, "alone nearly gives the label"),
        _ => (Severity::Medium, "is like an id, and related to the label"),
    };
    let sentence = format!("{what} ({})", numbers.join(", "));
    Finding::new(leak.code, severity, sentence, json!(power)).of(&leak.column)
}

/// What is odd about the label itself.
fn label(profile: &Profile) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(target) = &profile.target else {
        return found;
    };
    if let Some(share) = profile.label_sorted {
        let sentence = "the rows are sorted by the label: splits by position and unshuffled folds go wrong";
        let evidence = json!({ "share_of_expected_changes": share });
        found.push(
            Finding::new("label-sorted", Severity::Medium, sentence.to_owned(), evidence).of(&target.column),
        );
    }
    let rarest = target.classes.iter().min_by_key(|class| class.count);
    if let Some(class) = rarest.filter(|class| class.share < RARE_CLASS) {
        let sentence = format!(
            "class `{}` is {} of the rows: accuracy says little",
            shown(&class.value),
            percent(class.share)
        );
        let evidence = json!({ "class": class.value, "share": class.share, "count": class.count });
        found.push(Finding::new("imbalance", Severity::Low, sentence, evidence).of(&target.column));
    }
    found
}

fn column_findings(column: &ColumnProfile, roles: &Roles) -> Vec<Finding> {
    let found = [
        valueless(column, roles),
        disguised(column),
        mixed(column),
        encoding(column),
        formulas(column),
        ids(column, roles),
        infinite(column),
        far_out(column),
    ];
    let found = found.into_iter().flatten();
    found.map(|finding| finding.of(&column.name)).collect()
}

/// Columns of one value, none, or few.
fn valueless(column: &ColumnProfile, roles: &Roles) -> Option<Finding> {
    let is_target = roles.target.as_ref() == Some(&column.name);
    let severity = if is_target { Severity::High } else { Severity::Low };
    let missing = &column.missing;
    let evidence = json!({ "missing": missing.count, "rows": column.rows });
    if column.rows == 0 {
        return None;
    }
    if column.kind == Type::Empty {
        return Some(Finding::new(
            "empty",
            severity,
            "has no value at all".to_owned(),
            evidence,
        ));
    }
    if column.kind == Type::Constant {
        let value = column.top.first().map(|top| format!(", `{}`", shown(&top.value)));
        let sentence = format!("has one value alone{}", value.unwrap_or_default());
        return Some(Finding::new("constant", severity, sentence, evidence));
    }
    let severity = if is_target {
        Severity::High
    } else {
        Severity::Medium
    };
    let much = missing.share >= MUCH_MISSING || (is_target && missing.count > 0);
    much.then(|| {
        let sentence = format!("{} of the values are missing", percent(missing.share));
        Finding::new("missing", severity, sentence, evidence)
    })
}

fn disguised(column: &ColumnProfile) -> Option<Finding> {
    let values = &column.missing.disguised;
    let count: u64 = values.iter().map(|value| value.count).sum();
    let named: Vec<String> = values
        .iter()
        .take(3)
        .map(|value| format!("`{}` {} times", value.value, value.count))
        .collect();
    // A number takes part in every calculation; a word at least stops it.
    let severity = if values.iter().any(|value| value.number) {
        Severity::Medium
    } else {
        Severity::Low
    };
    (count > 0).then(|| {
        let sentence = format!(
            "{} stand for nothing: {}",
            percent(count as f64 / column.rows.max(1) as f64),
            named.join(", ")
        );
        Finding::new("disguised-missing", severity, sentence, json!(values))
    })
}

fn mixed(column: &ColumnProfile) -> Option<Finding> {
    let kinds = column.mixed.iter();
    let kinds: Vec<String> = kinds
        .map(|mixed| {
            format!(
                "{} {} such as `{}`",
                mixed.count,
                mixed.kind,
                shown(&mixed.example)
            )
        })
        .collect();
    (!kinds.is_empty()).then(|| {
        let sentence = format!("has values of several kinds: {}", kinds.join(", "));
        Finding::new("mixed-types", Severity::Medium, sentence, json!(column.mixed))
    })
}

fn encoding(column: &ColumnProfile) -> Option<Finding> {
    (column.not_utf8 > 0).then(|| {
        let sentence = format!(
            "{} cells are not UTF-8; they were compared byte by byte",
            column.not_utf8
        );
        let evidence = json!({ "cells": column.not_utf8 });
        Finding::new("wrong-encoding", Severity::Medium, sentence, evidence)
    })
}

fn formulas(column: &ColumnProfile) -> Option<Finding> {
    let example = column.formula.as_ref()?;
    let sentence = format!(
        "{} cells begin as a formula does, such as `{}`: a spreadsheet would run them",
        column.formulas,
        shown(example)
    );
    let evidence = json!({ "cells": column.formulas, "example": example });
    Some(Finding::new("formula", Severity::Medium, sentence, evidence))
}

fn ids(column: &ColumnProfile, roles: &Roles) -> Option<Finding> {
    let known = roles.id.as_ref() == Some(&column.name) || roles.target.as_ref() == Some(&column.name);
    (!known && id_like(column)).then(|| {
        let order = column
            .order
            .map(|order| format!(", {order} down the file"))
            .unwrap_or_default();
        let sentence = format!(
            "looks like an id ({} different values{order}): no feature",
            column.unique.count
        );
        let evidence = json!({ "unique": column.unique, "order": column.order });
        Finding::new("id-like", Severity::Low, sentence, evidence)
    })
}

fn infinite(column: &ColumnProfile) -> Option<Finding> {
    let count = column.number.as_ref().map_or(0, |number| number.infinite);
    (count > 0).then(|| {
        let evidence = json!({ "cells": count });
        Finding::new(
            "infinite",
            Severity::Medium,
            format!("{count} numbers are infinite"),
            evidence,
        )
    })
}

/// Outliers are the rule in skewed data: only those that cannot belong to the same scale are worth a line.
fn far_out(column: &ColumnProfile) -> Option<Finding> {
    let number = column.number.as_ref()?;
    let at = |level: f64| {
        number
            .quantiles
            .iter()
            .find(|quantile| quantile.level == level)
            .map(|found| found.value)
    };
    let (low, high) = (at(0.01)?, at(0.99)?);
    let (min, max) = (number.min?, number.max?);
    let reach = 100.0 * (high - low);
    let far = reach > 0.0 && (max > high + reach || min < low - reach);
    far.then(|| {
        let sentence =
            format!("98 % of the values lie between {low} and {high}, yet they range from {min} to {max}");
        let evidence = json!({ "min": min, "max": max, "outliers": number.outliers });
        Finding::new("outliers", Severity::Low, sentence, evidence)
    })
}

fn drifted(drift: &Drift) -> Vec<Finding> {
    let mut found = Vec::new();
    let sure = drift.p_adjusted.is_none_or(|p| p < SIGNIFICANT);
    if drift.band != "none" && sure {
        let severity = if drift.band == "large" {
            Severity::Medium
        } else {
            Severity::Low
        };
        let p = drift.p_adjusted.map(|p| match p {
            p if p < 0.001 => ", p under 0.001".to_owned(),
            p => format!(", p {p:.3}"),
        });
        let sentence = format!(
            "is distributed otherwise in the test split (PSI {:.2}{})",
            drift.psi,
            p.unwrap_or_default()
        );
        found.push(Finding::new("drift", severity, sentence, json!(drift)).of(&drift.column));
    }
    if let Some(unseen) = drift.unseen.filter(|unseen| *unseen > MUCH_UNSEEN) {
        let sentence = format!(
            "{} of the test rows have a category that is not in training",
            percent(unseen)
        );
        let evidence = json!({ "share": unseen });
        found.push(Finding::new("unseen-categories", Severity::Low, sentence, evidence).of(&drift.column));
    }
    found
}

/// How the splits differ as tables.
fn splits(profile: &Profile, roles: &Roles) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut names: Vec<&str> = profile.columns.iter().map(name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    if let Some(pair) = twice {
        let sentence = format!("there is more than one column `{}`", shown(pair[0]));
        let evidence = json!({ "column": pair[0] });
        found.push(Finding::new(
            "duplicate-columns",
            Severity::Medium,
            sentence,
            evidence,
        ));
    }
    if profile.test_columns.is_empty() {
        return found;
    }
    let missing = |from: &[ColumnProfile], of: &[ColumnProfile]| -> Vec<String> {
        let there: std::collections::HashSet<&str> = of.iter().map(name).collect();
        let absent = from.iter().map(name).filter(|name| !there.contains(name));
        absent
            .filter(|name| roles.target.as_deref() != Some(*name))
            .map(str::to_owned)
            .collect()
    };
    let only_train = missing(&profile.columns, &profile.test_columns);
    let only_test = missing(&profile.test_columns, &profile.columns);
    for (names, place) in [(only_train, "training"), (only_test, "test")] {
        if let Some(first) = names.first() {
            let sentence = format!(
                "{} columns are in the {place} split alone, such as `{}`",
                names.len(),
                shown(first)
            );
            let evidence = json!({ "columns": names });
            found.push(Finding::new(
                "columns-differ",
                Severity::Medium,
                sentence,
                evidence,
            ));
        }
    }
    found
}

fn information(profile: &Profile) -> Vec<Finding> {
    let strong: Vec<_> = profile
        .information
        .iter()
        .filter(|(_, information)| {
            information.band == "suspicious" && information.value > BEYOND_CHANCE * information.by_chance
        })
        .collect();
    // Where most features are as strong, the label is easy, and none of them is suspect.
    if 2 * strong.len() > profile.information.len() {
        return Vec::new();
    }
    let leaks = |column: &str| profile.leakage.iter().any(|leak| leak.column == column);
    let found = strong.into_iter().filter(|(column, _)| !leaks(column));
    let finding = |(column, information): (&String, &super::Information)| {
        let sentence = format!(
            "has an information value of {:.2}: a very strong feature, or one that knows the answer",
            information.value
        );
        let evidence = json!({ "information_value": information.value, "by_chance": information.by_chance });
        Finding::new("suspicious-information", Severity::Low, sentence, evidence).of(column)
    };
    found.map(finding).collect()
}
