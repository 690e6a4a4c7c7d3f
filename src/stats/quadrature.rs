//! Integrals of smooth functions by Gauss and Legendre's rule.

use std::sync::LazyLock;

/// Points of the rule; with 32 of them every integral here is good to 1e-10 or better.
pub(super) const POINTS: usize = 32;

/// Nodes in −1..1 with their weights.
static RULE: LazyLock<[(f64, f64); POINTS]> = LazyLock::new(rule);

/// Points in `low`..`high` with their weights: ∑ weight·f(point) is the integral of f.
fn points(low: f64, high: f64) -> [(f64, f64); POINTS] {
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    RULE.map(|(node, weight)| (middle + half * node, half * weight))
}

/// Points with weights that sum to 1, for the mean of a function of √(χ²/df), df ≥ 1.
///
/// The weights are normalised rather than computed with the gamma function: that is exact where the rule is,
/// and needs no logarithm of a huge factorial. Nine standard deviations to either side are covered.
pub(super) fn chi_points(df: f64) -> [(f64, f64); POINTS] {
    let reach = 9.0 / (2.0 * df).sqrt();
    normalised(points((-reach).max(-1.0), reach).map(|(shift, weight)| {
        let log = (df - 1.0) * shift.ln_1p() - df * (shift + 0.5 * shift * shift);
        (1.0 + shift, weight * log.exp())
    }))
}

/// Points with weights that sum to 1, for the mean of a function of a normal variable around 0 with this spread.
pub(super) fn normal_points(sd: f64) -> [(f64, f64); POINTS] {
    normalised(points(-7.0, 7.0).map(|(z, weight)| (sd * z, weight * (-0.5 * z * z).exp())))
}

fn normalised(points: [(f64, f64); POINTS]) -> [(f64, f64); POINTS] {
    let total: f64 = points.iter().map(|(_, weight)| weight).sum();
    points.map(|(point, weight)| (point, weight / total))
}

/// Newton's method on the Legendre polynomial.
///
/// Reference: M. Abramowitz and I. Stegun, *Handbook of Mathematical Functions*, 1964, 25.4.29.
fn rule() -> [(f64, f64); POINTS] {
    std::array::from_fn(|index| {
        let mut node = (std::f64::consts::PI * (index as f64 + 0.75) / (POINTS as f64 + 0.5)).cos();
        for _ in 0..20 {
            let (value, slope) = legendre(node);
            node -= value / slope;
        }
        let (_, slope) = legendre(node);
        (node, 2.0 / ((1.0 - node * node) * slope * slope))
    })
}

/// The Legendre polynomial of degree [`POINTS`] and its derivative at `x`, inside −1..1.
fn legendre(x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for degree in 2..=POINTS {
        let degree = degree as f64;
        let next = ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * before) / degree;
        (before, value) = (value, next);
    }
    let slope = POINTS as f64 * (x * value - before) / (x * x - 1.0);
    (value, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_exactly() {
        let integral: f64 = points(-1.0, 2.0)
            .iter()
            .map(|(x, weight)| weight * x.powi(9))
            .sum();
        assert!((integral - 102.3).abs() < 1e-11, "{integral}");
    }

    #[test]
    fn a_squared_scale_is_1_on_average_and_a_squared_normal_deviate_is_its_variance() {
        for df in [1.0, 2.0, 10.0, 300.0, 1e7] {
            let mean: f64 = chi_points(df).iter().map(|(s, weight)| weight * s * s).sum();
            assert!((mean - 1.0).abs() < 1e-9, "{df}: {mean}");
        }
        let variance: f64 = normal_points(0.3).iter().map(|(z, weight)| weight * z * z).sum();
        assert!((variance - 0.09).abs() < 1e-9, "{variance}");
    }
}
