//! Findings that are not shown, and what silences each: reviewers have to see both.

use super::Diagnostic;
use std::fmt;

/// A finding that is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silenced {
    /// The finding.
    pub finding: Diagnostic,
    /// What silences it.
    pub by: Silencer,
}

/// What silences a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silencer {
    /// An `[[accept]]` entry, with its reason.
    Accept(String),
    /// The file of `--baseline`.
    Baseline(String),
    /// `allow` in `[rules]` of this file.
    Rules(String),
    /// `--allow` on the command line.
    CommandLine,
}

impl Silencer {
    /// Its kind, in one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accept(_) => "accept",
            Self::Baseline(_) => "baseline",
            Self::Rules(_) => "rules",
            Self::CommandLine => "allow",
        }
    }

    /// Is it written in the spec itself?
    pub const fn is_in_source(&self) -> bool {
        matches!(self, Self::Accept(_))
    }
}

impl fmt::Display for Silencer {
    /// Why the finding is not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept(reason) => write!(formatter, "accepted: {reason}"),
            Self::Baseline(file) => write!(formatter, "known before: {file}"),
            Self::Rules(file) => write!(formatter, "allowed by {file}"),
            Self::CommandLine => formatter.write_str("allowed by --allow"),
        }
    }
}
