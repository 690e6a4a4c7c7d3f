//! Whose turn it is when something does not work.

use std::fmt;

/// Who has to act.
///
/// It keeps a full disk from being reported as an irreproducible paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The author of the manifest.
    Manifest,
    /// The authors of the paper and its code.
    Paper,
    /// Whoever runs this machine, or the network it hangs on; trying again may help.
    Host,
    /// Us.
    Reproof,
}

impl Fault {
    /// The word that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Paper => "paper",
            Self::Host => "host",
            Self::Reproof => "reproof",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manifest => "the manifest",
            Self::Paper => "the paper's side",
            Self::Host => "this machine or its network",
            Self::Reproof => "reproof itself",
        })
    }
}

/// An error that knows who has to act.
///
/// `Display` says what happened, as a fragment that reads well after "error: ":
/// lower case, no full stop, names in backticks, the cause left to `source`.
pub trait Diagnose: std::error::Error {
    /// Who has to act.
    fn fault(&self) -> Fault;

    /// What to do, where that is known.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// The message of `error` followed by those of its causes, joined by ": ".
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
