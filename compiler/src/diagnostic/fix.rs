//! Changes of the text that do away with a finding.

use super::Diagnostic;
use crate::source::Span;

/// What a program may do about a finding without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as advice: "write `0o77`".
    pub words: String,
    /// What is written instead of what, in order and apart from each other.
    pub edits: Vec<Edit>,
}

/// One replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What goes.
    pub span: Span,
    /// What comes.
    pub replacement: String,
}

impl Fix {
    /// Writes something else in one place.
    pub fn replace(span: Span, replacement: impl Into<String>, words: impl Into<String>) -> Self {
        Self { words: words.into(), edits: vec![Edit { span, replacement: replacement.into() }] }
    }
}

/// The text after as many of the findings' fixes as do not touch each other, and how many those are.
pub fn apply<'a>(text: &str, findings: impl Iterator<Item = &'a Diagnostic>) -> (String, usize) {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut applied = 0;
    for fix in findings.filter_map(|finding| finding.fix.as_ref()) {
        let free = |edit: &Edit| edits.iter().all(|other| apart(edit.span, other.span));
        if fix.edits.iter().all(|edit| is_whole(text, edit) && free(edit)) {
            edits.extend(&fix.edits);
            applied += 1;
        }
    }
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
    let mut fixed = text.to_owned();
    for edit in edits {
        fixed.replace_range(edit.span.start..edit.span.end, &edit.replacement);
    }
    (fixed, applied)
}

/// Do two replacements not touch each other?
fn apart(one: Span, other: Span) -> bool {
    one.end < other.start || other.end < one.start
}

/// Is the place there, and is no comment lost with it?
fn is_whole(text: &str, edit: &Edit) -> bool {
    let comment = |gone: &str| edit.replacement.is_empty() && gone.contains('#');
    text.get(edit.span.start..edit.span.end).is_some_and(|gone| !comment(gone))
}
