//! Why a claim has no measurement.
//!
//! "Could not be run" is never mixed with "ran and differs": these codes are all
//! of the former, the same everywhere from the stage that stopped to the report.

use std::fmt;

use crate::error::Fault;

/// The reason code of a claim that was not measured (judging.md §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A data set or checkpoint could not be obtained, or is not the one that is pinned.
    DataUnavailable,
    /// The pinned code could not be obtained.
    CodeUnavailable,
    /// The environment could not be built.
    Environment,
    /// A step ended with an error.
    StepFailed,
    /// A step ran past its time limit.
    Timeout,
    /// A step ran past its memory limit.
    OutOfMemory,
    /// The budget was spent before the step could run.
    OverBudget,
    /// The step ended well but did not write what the claim is measured from.
    MeasurementMissing,
    /// What the step wrote is not a usable measurement.
    MeasurementInvalid,
    /// The checkpoint was not proven safe to load.
    UnsafeCheckpoint,
    /// The step needs a GPU and there is none.
    NeedsGpu,
    /// The user stopped the check.
    Cancelled,
}

impl Reason {
    /// Every reason, in the order of judging.md.
    pub const ALL: [Self; 12] = [
        Self::DataUnavailable,
        Self::CodeUnavailable,
        Self::Environment,
        Self::StepFailed,
        Self::Timeout,
        Self::OutOfMemory,
        Self::OverBudget,
        Self::MeasurementMissing,
        Self::MeasurementInvalid,
        Self::UnsafeCheckpoint,
        Self::NeedsGpu,
        Self::Cancelled,
    ];

    /// The code that reports and JSON use, in kebab case.
    pub fn code(self) -> &'static str {
        match self {
            Self::DataUnavailable => "data-unavailable",
            Self::CodeUnavailable => "code-unavailable",
            Self::Environment => "environment",
            Self::StepFailed => "step-failed",
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out-of-memory",
            Self::OverBudget => "over-budget",
            Self::MeasurementMissing => "measurement-missing",
            Self::MeasurementInvalid => "measurement-invalid",
            Self::UnsafeCheckpoint => "unsafe-checkpoint",
            Self::NeedsGpu => "needs-gpu",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A claim, or everything that depends on a step, is without a measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmeasured {
    /// The code.
    pub reason: Reason,
    /// Whose turn it is. Most reasons can be anyone's: a step may fail for want of disk.
    pub fault: Fault,
    /// What happened and where, as a fragment: lower case, no full stop.
    pub detail: String,
    /// What to try, where that is known.
    pub hint: Option<String>,
}

impl Unmeasured {
    /// Without a hint.
    pub fn new(reason: Reason, fault: Fault, detail: impl Into<String>) -> Self {
        Self {
            reason,
            fault,
            detail: detail.into(),
            hint: None,
        }
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What was written, or is to be measured with, cannot be used.
pub(crate) fn invalid(fault: Fault, detail: impl Into<String>) -> Unmeasured {
    Unmeasured::new(Reason::MeasurementInvalid, fault, detail)
}

impl fmt::Display for Unmeasured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}
