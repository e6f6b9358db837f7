//! Changes of the text that do away with a finding.

use crate::source::Span;

/// What a program may do about a finding without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as advice.
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
    pub fn replace(span: Span, replacement: impl Into<String>) -> Self {
        let replacement = replacement.into();
        Self { words: format!("write `{replacement}`"), edits: vec![Edit { span, replacement }] }
    }

    /// Is everything that it changes in this text, and is neither a comment nor a variable lost with it?
    pub fn is_whole(&self, text: &str) -> bool {
        self.edits.iter().all(|edit| {
            let Some(gone) = text.get(edit.span.start..edit.span.end) else { return false };
            let comment = edit.replacement.is_empty() && gone.contains('#');
            !comment && !gone.contains("${")
        })
    }

    /// Leaves something out.
    pub fn remove(span: Span) -> Self {
        Self { words: "leave it out".into(), edits: vec![Edit { span, replacement: String::new() }] }
    }
}

/// The text after as many of these fixes as do not touch each other, and which those are.
pub fn apply<'a>(text: &str, fixes: impl Iterator<Item = &'a Fix>) -> (String, Vec<&'a Fix>) {
    let (mut applied, mut edits): (Vec<&Fix>, Vec<&Edit>) = (Vec::new(), Vec::new());
    for fix in fixes {
        let free = |edit: &Edit| edits.iter().all(|other| apart(edit.span, other.span));
        if fix.is_whole(text) && fix.edits.iter().all(free) {
            edits.extend(&fix.edits);
            applied.push(fix);
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
