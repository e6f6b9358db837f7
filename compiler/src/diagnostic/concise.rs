//! One line for each finding, in the form that editors jump to.

use super::{Diagnostic, Style, location, url, visible};
use crate::source::{LineColumn, Source};
use std::fmt::Write;

/// `file:line:column: level[rule]: message`, each on its line.
pub fn render_concise(source: &Source, findings: &[Diagnostic], style: Style<'_>) -> String {
    let mut out = String::new();
    for finding in findings {
        let path = source.path_at(finding.span.start);
        let LineColumn { line, column } = source.line_column(finding.span.start);
        let (level, rule) = (finding.level.name(), finding.rule);
        let file = visible(&path.to_string_lossy()).into_owned();
        let (file, rule) = match style.links {
            Some(root) => (location::link(&file, path, root), location::linked(rule, &url(rule))),
            None => (file, rule.to_owned()),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{file}:{line}:{column}: {level}[{rule}]: {}", visible(&finding.message));
    }
    out
}
