//! Findings as JSON, for other programs.

use super::is_active;
use super::{Checked, Diagnostic, Edit, Level, Run, fingerprint};
use crate::source::{Source, Span};
use serde::Serialize;
use std::fmt::Write;

/// The version of the form below; it grows when a field goes away or changes its meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    errors: usize,
    warnings: usize,
    notes: usize,
    /// How many more there are than these.
    left_out: usize,
    /// How many the specs accept.
    accepted: usize,
    /// How many were known before.
    known: usize,
    /// How many boxwright.toml or the command line allows.
    allowed: usize,
    findings: Vec<Finding<'a>>,
    /// What is not among the findings, and what silences each.
    silenced: Vec<SilencedFinding<'a>>,
    /// Specs that were not checked because .gitignore names them.
    ignored: Vec<std::borrow::Cow<'a, str>>,
}

#[derive(Serialize)]
struct SilencedFinding<'a> {
    by: &'static str,
    justification: String,
    finding: Finding<'a>,
}

#[derive(Serialize)]
struct Finding<'a> {
    level: &'static str,
    rule: &'static str,
    message: &'a str,
    place: Place<'a>,
    /// The key that it is about.
    key: &'a str,
    /// What it rests on.
    evidence: Vec<String>,
    fingerprint: String,
    label: &'a str,
    help: Option<&'a str>,
    secondary: Vec<Secondary<'a>>,
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
struct Secondary<'a> {
    place: Place<'a>,
    label: &'a str,
}

/// What does away with it.
#[derive(Serialize)]
struct Fix<'a> {
    words: &'a str,
    edits: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
struct Replacement<'a> {
    place: Place<'a>,
    replacement: &'a str,
}

/// Lines and columns count from 1, columns in characters; bytes from 0.
#[derive(Serialize)]
struct Place<'a> {
    file: std::borrow::Cow<'a, str>,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start_byte: usize,
    end_byte: usize,
}

/// One object for any number of files.
pub fn render_json(run: &Run) -> String {
    let each = |number: fn(&Checked) -> usize| run.files.iter().map(number).sum();
    let report = Report {
        version: VERSION,
        errors: run.count(Level::Error),
        warnings: run.count(Level::Warning),
        notes: run.count(Level::Note),
        left_out: each(|file| file.left_out),
        accepted: run.silenced_by("accept"),
        known: run.silenced_by("baseline"),
        allowed: run.silenced_by("rules") + run.silenced_by("allow"),
        findings: run.files.iter().flat_map(|file| described(file, run)).collect(),
        silenced: run.files.iter().flat_map(|file| silenced(file, run)).collect(),
        ignored: run.ignored.iter().map(|path| path.to_string_lossy()).collect(),
    };
    // Strings and numbers can always be written.
    let json = serde_json::to_string_pretty(&report).unwrap_or_default();
    escape_active(&json) + "\n"
}

fn described<'a>(file: &'a Checked, run: &Run) -> impl Iterator<Item = Finding<'a>> {
    let fingerprints = fingerprint::fingerprints(file, run.root);
    file.findings.iter().zip(fingerprints).map(|(finding, print)| describe(&file.source, finding, print))
}

fn silenced<'a>(file: &'a Checked, run: &Run) -> impl Iterator<Item = SilencedFinding<'a>> {
    let fingerprints = fingerprint::numbered(file, file.silenced.iter().map(|one| &one.finding), run.root);
    file.silenced.iter().zip(fingerprints).map(|(silenced, print)| SilencedFinding {
        by: silenced.by.name(),
        justification: silenced.by.to_string(),
        finding: describe(&file.source, &silenced.finding, print),
    })
}

fn describe<'a>(source: &'a Source, finding: &'a Diagnostic, fingerprint: String) -> Finding<'a> {
    Finding {
        level: finding.level.name(),
        rule: finding.rule,
        message: &finding.message,
        place: place(source, finding.span),
        key: &finding.place,
        evidence: finding.evidence_texts(),
        fingerprint,
        label: &finding.label,
        help: finding.help.as_deref(),
        secondary: finding
            .secondary
            .iter()
            .map(|(span, label)| Secondary { place: place(source, *span), label })
            .collect(),
        fix: finding.fix.as_ref().map(|fix| Fix {
            words: &fix.words,
            edits: fix.edits.iter().map(|edit| replacement(source, edit)).collect(),
        }),
    }
}

fn replacement<'a>(source: &'a Source, edit: &'a Edit) -> Replacement<'a> {
    Replacement { place: place(source, edit.span), replacement: &edit.replacement }
}

fn place(source: &Source, span: Span) -> Place<'_> {
    let (start, end) = (source.line_column(span.start), source.line_column(span.end));
    let before = source.start_of_file(span.start);
    Place {
        file: source.path_at(span.start).to_string_lossy(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        start_byte: span.start - before,
        end_byte: span.end - before,
    }
}

/// JSON may hold C1 controls and bidi marks as they are, but somebody will print it: inside strings, the only place
/// where they can be, their escapes mean the same.
pub(super) fn escape_active(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_active(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}
