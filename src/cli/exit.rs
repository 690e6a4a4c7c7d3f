//! The exit codes: the promise that scripts and CI rely on.

use std::process::ExitCode;

use reproof::error::Fault;

/// How the program ends (judging.md §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The policy holds, or the command did what it was asked.
    Success,
    /// The policy does not hold: the paper's fault.
    PolicyFails,
    /// Wrong usage or a wrong manifest: the user's fault.
    Usage,
    /// It could not be decided: fetch, environment, machine, budget. Nobody's verdict.
    Undecided,
    /// The user stopped it.
    Interrupted,
}

impl Exit {
    /// All of them, in the order of their codes.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [
        Self::Success,
        Self::PolicyFails,
        Self::Usage,
        Self::Undecided,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::PolicyFails => 1,
            Self::Usage => 2,
            Self::Undecided => 3,
            Self::Interrupted => 130,
        }
    }

    /// The code of an error that ended the program.
    pub(crate) fn of_fault(fault: Fault) -> Self {
        match fault {
            Fault::Manifest => Self::Usage,
            Fault::Paper => Self::PolicyFails,
            Fault::Host | Fault::Reproof => Self::Undecided,
        }
    }

    /// The worst of two, for several manifests in one call.
    pub(crate) fn worst(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Success => 0,
            Self::Undecided => 1,
            Self::PolicyFails => 2,
            Self::Usage => 3,
            Self::Interrupted => 4,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_documentation() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 130]);
    }

    #[test]
    fn every_code_is_documented() {
        let page = include_str!("../../docs/exit-codes.md");
        for exit in Exit::ALL {
            assert!(page.contains(&format!("\n| {} | ", exit.code())), "{exit:?}");
        }
    }

    #[test]
    fn what_a_paper_did_outranks_what_could_not_be_decided() {
        assert_eq!(Exit::Undecided.worst(Exit::PolicyFails), Exit::PolicyFails);
        assert_eq!(Exit::PolicyFails.worst(Exit::Undecided), Exit::PolicyFails);
        assert_eq!(Exit::Success.worst(Exit::Undecided), Exit::Undecided);
    }
}
