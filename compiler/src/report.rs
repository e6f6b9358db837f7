//! Pictures of what a policy lets a program do: a card by area, the tree of files, and a map of the system calls.

mod calls;
mod card;
mod text;
mod tree;

pub use calls::{Answer, Calls, Group, SystemCall};
pub use card::{Grant, Row};
pub use text::render_text;
pub use tree::Entry;

use crate::diagnostic::visible;
use crate::policy::Policy;
use crate::seccomp::rule::RuleError;
use crate::source::{Source, Span};
use serde::Serialize;

/// What there is to see, for a terminal or a page: texts of the spec are visible in it, whatever is in them.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The sandbox's name.
    pub name: String,
    /// The spec.
    pub file: String,
    /// What is allowed in each area.
    pub card: Vec<Row>,
    /// The files that the program sees, parents first.
    pub tree: Vec<Entry>,
    /// The system calls that it may make.
    pub calls: Calls,
}

/// Looks at a policy. It fails when the filter is too large to be understood, and then cannot be built either.
pub fn report(source: &Source, policy: &Policy) -> Result<Report, RuleError> {
    let calls = calls::calls(policy)?;
    Ok(Report {
        name: visible(&policy.name.value).into_owned(),
        file: visible(&source.path.display().to_string()).into_owned(),
        card: card::card(source, policy, &calls),
        tree: tree::tree(source, policy),
        calls,
    })
}

/// The line that asks for something, with the file when it is not the spec's own.
fn place(source: &Source, span: Span) -> String {
    if span == Span::default() {
        return "by default".into();
    }
    let line = source.line_column(span.start).line;
    match source.layer(span.start) {
        0 => format!("line {line}"),
        _ => format!("{}, line {line}", visible(&source.path_at(span.start).to_string_lossy())),
    }
}
