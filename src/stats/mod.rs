//! Statistics over slices: the only home of `statrs`.
//!
//! Everything here is total: what cannot be computed is `None`, never NaN, and
//! nothing panics. Agreement with SciPy to 1e-9 is held by the reference values
//! in `fixtures/stats`.
//!
//! What is compared with what, and what follows from it, is the business of
//! [`crate::judge`].

mod describe;
mod distribution;
mod luck;
mod power;
#[cfg(test)]
mod properties;
mod quadrature;
#[cfg(test)]
mod references;
mod sequential;

pub use describe::{Interval, Welch, mean, sample_sd, welch};
pub use distribution::{normal_cdf, normal_quantile, t_cdf, t_quantile, variance_ratio_p};
pub use luck::{best_of, best_of_limits};
pub use power::{runs_needed, smallest_gap, t_power};
pub use sequential::{anytime_half_width, anytime_quantile};

/// `value`, if it is a finite number.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
