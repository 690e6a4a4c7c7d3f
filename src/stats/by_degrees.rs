//! Values that depend on the degrees of freedom alone, computed once for the few that runs usually have.

use std::sync::OnceLock;

/// Whole degrees of freedom below this are kept.
const KEPT: usize = 128;

/// A function of the degrees of freedom that remembers its values.
#[derive(Debug)]
pub struct ByDegrees {
    function: fn(f64) -> Option<f64>,
    known: [OnceLock<Option<f64>>; KEPT],
}

impl ByDegrees {
    /// Remembers nothing yet.
    pub const fn new(function: fn(f64) -> Option<f64>) -> Self {
        Self {
            function,
            known: [const { OnceLock::new() }; KEPT],
        }
    }

    /// The function's value at `df`.
    pub fn at(&self, df: f64) -> Option<f64> {
        let whole = df.fract() == 0.0 && df >= 0.0;
        // saturates: what is not below `KEPT` is not kept
        match self.known.get(df as usize).filter(|_| whole) {
            Some(known) => *known.get_or_init(|| (self.function)(df)),
            None => (self.function)(df),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_would_be_computed() {
        static SQUARE: ByDegrees = ByDegrees::new(|df| Some(df * df).filter(|square| square.is_finite()));
        for df in [0.0, 3.0, 3.5, 127.0, 128.0, -1.0, 1e300, f64::NAN, f64::INFINITY] {
            let expected = Some(df * df).filter(|square| square.is_finite());
            assert_eq!((SQUARE.at(df), SQUARE.at(df)), (expected, expected), "{df}");
        }
    }
}
