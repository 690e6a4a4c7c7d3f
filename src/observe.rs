//! What the library tells whoever watches: the only way that it speaks while it works.

use std::time::Duration;

/// The stages, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Reading and validating the manifest.
    Manifest,
    /// Judging the claims by arithmetic alone.
    Audit,
    /// Pinning the code, fetching data and checkpoints.
    Acquire,
    /// Building the environment.
    Environment,
    /// Running the steps.
    Execute,
    /// Looking at the data: what the splits share, and what gives the label away.
    Profile,
    /// Reading values from what the steps wrote.
    Measure,
    /// Comparing with the claims.
    Judge,
    /// Writing the reports.
    Report,
}

impl Stage {
    /// The word that reports and JSON use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Audit => "audit",
            Self::Acquire => "acquire",
            Self::Environment => "environment",
            Self::Execute => "execute",
            Self::Profile => "profile",
            Self::Measure => "measure",
            Self::Judge => "judge",
            Self::Report => "report",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A stage begins.
    StageStarted(Stage),
    /// A stage ended.
    StageFinished {
        /// Which.
        stage: Stage,
        /// Wall-clock time.
        took: Duration,
        /// Whether its result was there already, and if not why.
        reuse: &'a str,
    },
    /// A piece of work inside a stage begins, such as `clone https://…` or `step train, seed 1`.
    Began(&'a str),
    /// A piece of work goes on: bytes, packets or files done, of how many if known.
    Progress {
        /// The same text as in [`Event::Began`].
        what: &'a str,
        /// Done so far.
        done: u64,
        /// In all, if known.
        total: Option<u64>,
    },
    /// A piece of work ended, with one line about how.
    Ended {
        /// The same text as in [`Event::Began`].
        what: &'a str,
        /// How it ended: `reused`, `12.3 MB in 4 s`, `succeeded in 3 s`.
        how: &'a str,
    },
    /// Something that a reader should know: a tool that was fetched, a line that was refused.
    Note(&'a str),
    /// Output of a step, in pieces as they came; not escaped.
    Output {
        /// The step, with its seed if it has one.
        step: &'a str,
        /// What it wrote.
        bytes: &'a [u8],
    },
}

/// Whoever watches.
pub trait Observer: Sync {
    /// Called from any thread.
    fn event(&self, event: Event<'_>);

    /// Whether the user asked to stop; long work asks this several times a second.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event<'_>) {}
}
