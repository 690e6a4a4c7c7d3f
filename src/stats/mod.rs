//! Statistics over slices: the only home of `statrs`.
//!
//! Everything here is total: what cannot be computed is `None`, never NaN, and
//! nothing panics. Agreement with SciPy to 1e-9 is held by the reference values
//! in `fixtures/stats`.
//!
//! What is compared with what, and what follows from it, is the business of
//! [`crate::judge`].

mod binomial;
mod bootstrap;
mod by_degrees;
mod delong;
mod describe;
mod distribution;
mod hypothesis;
mod luck;
mod multiple;
mod power;
#[cfg(test)]
mod properties;
mod quadrature;
#[cfg(test)]
mod references;
#[cfg(test)]
mod references_of_tests;
mod samples;
mod sequential;

pub use binomial::{Discordant, clopper_pearson, wilson};
pub use bootstrap::{Bootstrap, BootstrapError, Design, Resampling};
pub use by_degrees::ByDegrees;
pub use delong::{Auc, delong};
pub use describe::{Interval, Welch, mean, sample_sd, welch};
pub use distribution::{normal_cdf, normal_quantile, t_cdf, t_quantile, variance_ratio_p};
pub use hypothesis::{Alternative, Group, TTest, Tost, paired_test, tost, welch_test};
pub use luck::{best_of, best_of_limits};
pub use multiple::benjamini_hochberg;
pub use power::{power_beyond, runs_needed, smallest_gap, t_power};
pub use samples::{
    ChiSquared, KolmogorovSmirnov, chi_squared_homogeneity, chi_squared_upper, kolmogorov_smirnov,
};
pub use sequential::{anytime_half_width, anytime_quantile};

/// `value`, if it is a finite number.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
