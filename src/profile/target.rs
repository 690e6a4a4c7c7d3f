//! The label: classes, or a number.

use std::collections::HashMap;

use serde::Serialize;

use super::columns::{Column, Type, Values};

/// Whole numbers are classes if there are at most so many of them.
const CLASSES_OF_NUMBERS: u64 = 20;

/// More classes than this are none.
const MOST_CLASSES: usize = 1000;

/// The label of each row of the sample.
#[derive(Debug)]
pub(super) enum Target {
    /// Classes in ascending order; the last of two is the positive one.
    Classes {
        /// The class of each row.
        codes: Vec<Option<usize>>,
        /// Their names.
        names: Vec<String>,
    },
    /// A number for each row.
    Number(Vec<Option<f64>>),
}

/// What the label is.
#[derive(Clone, Debug, Serialize)]
pub struct TargetProfile {
    /// The column.
    pub column: String,
    /// `binary`, `multiclass` or `regression`.
    pub task: &'static str,
    /// The classes in ascending order, with their shares; none of a number.
    pub classes: Vec<Class>,
    /// Of two classes the positive one: the larger number, or the later word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
}

/// A class.
#[derive(Clone, Debug, Serialize)]
pub struct Class {
    /// Its name.
    pub value: String,
    /// Rows of the sample.
    pub count: u64,
    /// Of all rows of the sample that have a label.
    pub share: f64,
}

impl Target {
    /// The label in `column`; `None` where it is always the same, or is neither classes nor a number.
    pub(super) fn of(column: &Column) -> Option<Self> {
        let unique = column.profile.unique;
        let few = unique.count <= CLASSES_OF_NUMBERS && unique.count * 2 <= column.profile.present();
        match &column.values {
            Values::Numbers(values) => {
                let whole = column.profile.kind == Type::Integer;
                let classes = unique.count == 2 || (whole && few);
                let several = unique.count > 1;
                let number = several.then(|| Self::Number(values.clone()));
                if classes { Self::numbers(values) } else { number }
            }
            Values::Categories(keys) => Self::words(keys, &column.labels),
        }
    }

    fn numbers(values: &[Option<f64>]) -> Option<Self> {
        let mut classes: Vec<f64> = values.iter().copied().flatten().collect();
        classes.sort_unstable_by(f64::total_cmp);
        classes.dedup();
        let code = |value: &Option<f64>| classes.iter().position(|class| Some(*class) == *value);
        (classes.len() > 1).then(|| Self::Classes {
            codes: values.iter().map(code).collect(),
            names: classes.iter().map(ToString::to_string).collect(),
        })
    }

    fn words(keys: &[Option<u64>], labels: &HashMap<u64, String>) -> Option<Self> {
        let mut classes: Vec<u64> = keys.iter().copied().flatten().collect();
        classes.sort_unstable();
        classes.dedup();
        if classes.len() < 2 || classes.len() > MOST_CLASSES || classes.len() * 2 > keys.len() {
            return None;
        }
        let name = |key: &u64| labels.get(key).cloned().unwrap_or_default();
        let number = |key: &u64| name(key).parse::<f64>().unwrap_or(f64::INFINITY);
        classes.sort_by(|a, b| {
            number(a)
                .total_cmp(&number(b))
                .then_with(|| name(a).cmp(&name(b)))
        });
        let codes: HashMap<u64, usize> = classes
            .iter()
            .enumerate()
            .map(|(code, key)| (*key, code))
            .collect();
        Some(Self::Classes {
            codes: keys
                .iter()
                .map(|key| key.and_then(|key| codes.get(&key).copied()))
                .collect(),
            names: classes.iter().map(name).collect(),
        })
    }

    /// For two classes, whether each row is of the positive one.
    pub(super) fn positive(&self) -> Option<Vec<Option<bool>>> {
        match self {
            Self::Classes { codes, names } if names.len() == 2 => {
                Some(codes.iter().map(|code| code.map(|code| code == 1)).collect())
            }
            Self::Classes { .. } | Self::Number(_) => None,
        }
    }

    /// What it is, of the column `name`.
    pub(super) fn profile(&self, name: &str) -> TargetProfile {
        let (task, classes) = match self {
            Self::Number(_) => ("regression", Vec::new()),
            Self::Classes { codes, names } => {
                let task = if names.len() == 2 { "binary" } else { "multiclass" };
                (task, balance(codes, names))
            }
        };
        let last = classes.last().filter(|_| task == "binary");
        TargetProfile {
            column: name.to_owned(),
            task,
            positive: last.map(|class| class.value.clone()),
            classes,
        }
    }
}

fn balance(codes: &[Option<usize>], names: &[String]) -> Vec<Class> {
    let mut counts = vec![0_u64; names.len()];
    codes.iter().flatten().for_each(|code| counts[*code] += 1);
    let all = counts.iter().sum::<u64>().max(1) as f64;
    let class = |(value, count): (&String, u64)| Class {
        value: value.clone(),
        count,
        share: count as f64 / all,
    };
    names.iter().zip(counts).map(class).collect()
}
