//! Metrics that are known by name and not computed yet.
//!
//! They have a direction and a range, so claims about them can be judged from
//! what the paper's own code prints.

use super::registry::About;

const SKLEARN: &str = "scikit-learn";

const fn lower(name: &'static str, summary: &'static str) -> About {
    About::lower(name, summary).reference(SKLEARN)
}

/// In the order of docs/metrics.md.
pub(super) static PLANNED: &[About] = &[
    // Numbers.
    lower("crps", "continuous ranked probability score").reference("properscoring"),
];
