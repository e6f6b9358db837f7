//! Findings as workflow commands of GitHub Actions, which become annotations of a pull request.

use super::{Level, Run, location, visible};
use std::fmt::Write;

/// The most silenced findings that are named in the one annotation about them, and the most findings of a summary.
const NAMED_MAX: usize = 50;
const ROWS_MAX: usize = 200;

/// The most characters of a cell: GitHub takes one mebibyte for a summary.
const CELL_MAX: usize = 300;

/// One command on a line for each finding, the worst first, since GitHub shows ten of each kind; and one about what is
/// silenced.
pub fn render_github(run: &Run) -> String {
    let mut out = String::new();
    let mut findings: Vec<_> = run.findings().collect();
    findings.sort_by_key(|(_, finding)| finding.level);
    for (file, finding) in findings {
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
    let silenced = run.silencers();
    if !silenced.is_empty() {
        let mut lines = vec![silenced.join(", ")];
        lines.extend(
            named(run).take(NAMED_MAX).map(|[place, rule, words]| format!("{place}: {rule} {words}")),
        );
        let lines: Vec<String> = lines.iter().map(|line| data(line)).collect();
        let title = property("boxwright: silenced");
        let _ = writeln!(out, "::notice title={title}::{}", lines.join("%0A"));
    }
    out
}

/// What is silenced: where, which rule, and by what.
fn named(run: &Run) -> impl Iterator<Item = [String; 3]> {
    let silenced = run.silenced().map(|(file, silenced)| {
        let path = location::relative(file.source.path_at(silenced.finding.span.start), run.root);
        [path.to_string_lossy().into_owned(), silenced.finding.rule.into(), format!("({})", silenced.by)]
    });
    let ignored = run.ignored.iter().map(|path| {
        [path.to_string_lossy().into_owned(), "every rule".into(), "(ignored by .gitignore)".into()]
    });
    silenced.chain(ignored)
}

/// The same as Markdown, for the summary of a step: a table with the worst first, at most so many rows.
pub fn render_summary(run: &Run, last: &str) -> String {
    let mut out = format!("### boxwright: {}\n\n", cell(last));
    let mut findings: Vec<_> = run.findings().collect();
    findings.sort_by_key(|(_, finding)| finding.level);
    let total = findings.len() + run.silenced().count() + run.ignored.len();
    if total == 0 {
        return out;
    }
    out += "| level | rule | place | finding |\n|---|---|---|---|\n";
    let shown = findings.into_iter().map(|(file, finding)| {
        let path = location::relative(file.source.path_at(finding.span.start), run.root);
        let line = file.source.line_column(finding.span.start).line;
        let place = format!("{}:{line}", path.to_string_lossy());
        [finding.level.name().to_owned(), finding.rule.to_owned(), place, finding.message.clone()]
    });
    let silenced = named(run).map(|[place, rule, words]| ["silenced".to_owned(), rule, place, words]);
    for row in shown.chain(silenced).take(ROWS_MAX) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| {} |", row.map(|text| cell(&text)).join(" | "));
    }
    if total > ROWS_MAX {
        let _ = writeln!(out, "\n{} more are not shown here.", total - ROWS_MAX);
    }
    out
}

/// As text in a cell: nothing of a spec becomes Markdown or HTML.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars().take(CELL_MAX) {
        match c {
            '&' | '<' | '>' | '|' | '`' | '[' | ']' | '*' | '_' | '!' | '\\' | '@' | '#' | '~' | '$'
            | ':' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
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
