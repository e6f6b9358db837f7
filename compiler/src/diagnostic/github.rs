//! Findings as workflow commands of GitHub Actions, which become annotations of a pull request.

use super::{Level, Run, location, visible};
use std::fmt::Write;

/// One command on a line for each finding.
pub fn render_github(run: &Run) -> String {
    let mut out = String::new();
    for (file, finding) in run.findings() {
        let source = &file.source;
        let (start, end) = (source.line_column(finding.span.start), source.line_column(finding.span.end));
        let path = location::relative(source.path_at(finding.span.start), run.root);
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "::{} title={},file={},line={},endLine={}",
            command(finding.level),
            property(&format!("boxwright: {}", finding.rule)),
            property(&path.to_string_lossy()),
            start.line,
            end.line
        );
        // Columns are only taken for a place within a line.
        if start.line == end.line {
            let _ = write!(out, ",col={},endColumn={}", start.column, end.column);
        }
        let lines: Vec<String> = finding.words().map(data).collect();
        let _ = writeln!(out, "::{}", lines.join("%0A"));
    }
    out
}

const fn command(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}

/// As a line of the text of a command: with nothing that could end it.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25")
}

/// As a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
