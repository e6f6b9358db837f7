//! Findings: what is wrong with a spec, where, and what was expected. Renderers live in `diagnostic/`.

use crate::source::Span;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// The kebab-case name of the rule, printed in brackets.
    pub rule: &'static str,
    /// What is wrong: lower case, no full stop, the offending value in back-quotes.
    pub message: String,
    /// The smallest place that shows it.
    pub span: Span,
    /// What to say at that place; may be empty.
    pub label: String,
    /// The other parties of a conflict.
    pub secondary: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Option<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is built.
    Error,
    /// It is built, and somebody should look.
    Warning,
}
