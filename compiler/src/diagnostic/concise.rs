//! One line for each finding, in the form that editors jump to.

use super::{Diagnostic, visible};
use crate::source::{LineColumn, Source};
use std::fmt::Write;

/// `file:line:column: level[rule]: message`, each on its line.
pub fn render_concise(source: &Source, findings: &[Diagnostic]) -> String {
    let mut out = String::new();
    for finding in findings {
        let path = source.path_at(finding.span.start).to_string_lossy();
        let LineColumn { line, column } = source.line_column(finding.span.start);
        let level = finding.level.name();
        let text = format!("{path}:{line}:{column}: {level}[{}]: {}", finding.rule, finding.message);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", visible(&text));
    }
    out
}
