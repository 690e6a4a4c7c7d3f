//! Words of which there are a few.

use schemars::Schema;
use serde_json::json;

use super::super::problem::{ProblemKind, quoted};
use super::super::reader::{FromText, Unfit, from_text, listed, nearest};
use super::super::{CheckpointFormat, EnvironmentKind, Phase, Pick, Role, TRUST_CHECKS, TableFormat, Unit};
use super::{TrustCheck, set};

impl FromText for TrustCheck {
    const WHAT: &'static str = "the name of a trust check";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        choose(text, "trust check", &TRUST_CHECKS).map(|_| Self(text.to_owned()))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "enum", json!(TRUST_CHECKS));
    }
}

/// The position of `text` among `words`, or an error that names the nearest.
fn choose(text: &str, what: &str, words: &[&str]) -> Result<usize, Unfit> {
    if let Some(position) = words.iter().position(|word| *word == text) {
        return Ok(position);
    }
    let unfit = Unfit::new(
        ProblemKind::UnknownChoice,
        format!("unknown {what} {}", quoted(text)),
    );
    let unfit = match nearest(text, words) {
        Some(near) => unfit.label(format!("did you mean `{near}`?")),
        None => unfit,
    };
    Err(unfit.hint(format!("possible are {}", listed(words))))
}

/// Implements reading for enums of words.
macro_rules! choices {
    ($($name:ident, $what:literal, $article:literal: { $($word:literal => $value:expr,)* })*) => {$(
        from_text!($name);

        impl FromText for $name {
            const WHAT: &'static str = concat!($article, " ", $what);

            fn from_text(text: &str) -> Result<Self, Unfit> {
                let words = [$($word),*];
                let values = [$($value),*];
                choose(text, $what, &words).map(|position| values[position])
            }

            fn describe(schema: &mut Schema) {
                set(schema, "enum", json!([$($word),*]));
            }
        }
    )*};
}

/// Which library runs a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) enum Runner {
    Onnx,
    Torch,
}

/// Which way a metric improves, in the words of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) enum Better {
    Higher,
    Lower,
}

choices! {
    EnvironmentKind, "kind of environment", "a": {
        "uv" => EnvironmentKind::Uv,
        "system" => EnvironmentKind::System,
        "none" => EnvironmentKind::None,
    }
    Role, "role", "a": {
        "train" => Role::Train,
        "validation" => Role::Validation,
        "test" => Role::Test,
        "labels" => Role::Labels,
        "other" => Role::Other,
    }
    TableFormat, "format of tables", "a": {
        "csv" => TableFormat::Csv,
        "tsv" => TableFormat::Tsv,
        "parquet" => TableFormat::Parquet,
        "jsonl" => TableFormat::Jsonl,
        "npy" => TableFormat::Npy,
    }
    CheckpointFormat, "format of checkpoints", "a": {
        "onnx" => CheckpointFormat::Onnx,
        "torchscript" => CheckpointFormat::Torchscript,
        "safetensors" => CheckpointFormat::Safetensors,
        "pickle" => CheckpointFormat::Pickle,
    }
    Phase, "phase", "a": {
        "prepare" => Phase::Prepare,
        "train" => Phase::Train,
        "evaluate" => Phase::Evaluate,
    }
    Pick, "choice of a match", "a": {
        "only" => Pick::Only,
        "last" => Pick::Last,
        "first" => Pick::First,
        "best" => Pick::Best,
        "all" => Pick::All,
    }
    Unit, "unit", "a": {
        "native" => Unit::Native,
        "percent" => Unit::Percent,
    }
    Runner, "runner", "a": {
        "onnx" => Runner::Onnx,
        "torch" => Runner::Torch,
    }
    Better, "direction", "a": {
        "higher" => Better::Higher,
        "lower" => Better::Lower,
    }
}
