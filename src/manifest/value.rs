//! Numbers as papers print them.

/// A value as a paper prints it: `83.0 ± 0.7 %`, `0.94`, `1.23e-4`.
///
/// `value` and `spread` are fractions where the paper prints per cent.
#[derive(Clone, Debug, PartialEq)]
pub struct Printed {
    /// As written.
    pub text: String,
    /// The value; finite.
    pub value: f64,
    /// The spread behind `±`; finite, not negative.
    pub spread: Option<f64>,
    /// The size of one unit in the last printed place, such as 0.001 for `83.0 %`.
    pub unit: f64,
    /// Whether the paper prints per cent.
    pub percent: bool,
}

/// How far from a claimed value still counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// In the metric's own unit.
    pub absolute: Option<f64>,
    /// Relative to the claimed value.
    pub relative: Option<f64>,
}
