//! How counts and claims are said.

use super::Witness;
use super::search::Matrix;
use crate::manifest::Printed;

/// `value` in the unit of the claim with `more` decimals than it, without the per cent sign.
pub(super) fn digits(printed: &Printed, value: f64, more: i32) -> String {
    let finer = Printed {
        unit: printed.unit * 10f64.powi(-more),
        ..printed.clone()
    };
    finer.format(value).trim_end_matches([' ', '%']).to_owned()
}

/// `` `a`, `b` and `c` ``
pub(super) fn ids<S: AsRef<str>>(ids: &[S]) -> String {
    let quoted: Vec<String> = ids.iter().map(|id| format!("`{}`", id.as_ref())).collect();
    joined(&quoted)
}

/// `a, b and c`
pub(super) fn joined(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

impl std::fmt::Display for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            true_positives: tp,
            false_negatives: fn_,
            false_positives: fp,
            true_negatives: tn,
        } = self;
        write!(f, "tp {tp} fn {fn_} / fp {fp} tn {tn}")
    }
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.matrix)?;
        if self.runs > 1 {
            write!(f, ", summed over {} runs", self.runs)?;
        }
        Ok(())
    }
}
