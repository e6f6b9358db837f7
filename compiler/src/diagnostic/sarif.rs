//! Findings as SARIF 2.1.0, which code scanning services take.

use super::json::escape_active;
use super::{Checked, Diagnostic, Edit, Rule, Run, fingerprint, location};
use crate::source::{Source, Span};
use serde_json::{Value, json};
use std::path::Path;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of our fingerprint; its number grows when the same finding gets another one.
const FINGERPRINT: &str = "boxwright/v2";

/// One log with one run for any number of files.
pub fn render_sarif(run: &Run) -> String {
    let results: Vec<Value> = run
        .files
        .iter()
        .flat_map(|file| {
            let fingerprints = fingerprint::fingerprints(file, run.root);
            let silenced = file.silenced.iter().map(|silenced| &silenced.finding);
            let silenced = file.silenced.iter().zip(fingerprint::numbered(file, silenced, run.root));
            let silenced = silenced.map(|(silenced, print)| {
                let mut result = result(run, file, &silenced.finding, &print);
                let kind = if silenced.by.is_in_source() { "inSource" } else { "external" };
                result["suppressions"] = json!([{
                    "kind": kind,
                    "status": "accepted",
                    "justification": silenced.by.to_string(),
                }]);
                result
            });
            let shown = file.findings.iter().zip(fingerprints);
            let shown = shown.map(|(finding, print)| {
                let mut result = result(run, file, finding, &print);
                // Said of one result it is said of all (SARIF 2.1.0, 3.27.23).
                result["suppressions"] = json!([]);
                result
            });
            shown.chain(silenced).collect::<Vec<_>>()
        })
        .collect();
    let ignored: Vec<_> = run.ignored.iter().map(|path| path.to_string_lossy()).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "boxwright",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": run.rules.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": { "silenced": run.silencers(), "ignored": ignored },
        }],
    });
    // Strings and numbers can always be written.
    escape_active(&serde_json::to_string_pretty(&log).unwrap_or_default()) + "\n"
}

fn rule(rule: &Rule) -> Value {
    let why = if rule.why.is_empty() { rule.summary } else { rule.why };
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.summary },
        "help": { "text": why, "markdown": why },
        "helpUri": rule.url(),
        "defaultConfiguration": { "level": rule.level.name() },
    })
}

fn result(run: &Run, file: &Checked, finding: &Diagnostic, fingerprint: &str) -> Value {
    let source = &file.source;
    let mut place = location(source, finding.span, run.root);
    if !finding.place.is_empty() {
        place["logicalLocations"] = json!([{ "fullyQualifiedName": finding.place, "kind": "member" }]);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.level.name(),
        "message": { "text": finding.words().collect::<Vec<_>>().join("\n") },
        "locations": [place],
        "partialFingerprints": { FINGERPRINT: fingerprint },
    });
    if let Some(index) = run.rules.iter().position(|rule| rule.name == finding.rule) {
        result["ruleIndex"] = json!(index);
    }
    if !finding.secondary.is_empty() {
        let related = finding.secondary.iter().map(|(span, label)| {
            let mut related = location(source, *span, run.root);
            related["message"] = json!({ "text": label });
            related
        });
        result["relatedLocations"] = related.collect();
    }
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([{
            "description": { "text": fix.words },
            "artifactChanges": [{
                "artifactLocation": artifact(source, finding.span, run.root),
                "replacements": fix.edits.iter().map(|edit| replacement(source, edit)).collect::<Vec<_>>(),
            }],
        }]);
    }
    result
}

fn location(source: &Source, span: Span, root: &Path) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": artifact(source, span, root),
        "region": region(source, span),
    }})
}

fn artifact(source: &Source, span: Span, root: &Path) -> Value {
    let path = location::relative(source.path_at(span.start), root);
    let uri = location::uri(&path);
    if path.is_absolute() { json!({ "uri": uri }) } else { json!({ "uri": uri, "uriBaseId": "%SRCROOT%" }) }
}

fn region(source: &Source, span: Span) -> Value {
    let (start, end) = (source.line_column(span.start), source.line_column(span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn replacement(source: &Source, edit: &Edit) -> Value {
    json!({
        "deletedRegion": region(source, edit.span),
        "insertedContent": { "text": edit.replacement },
    })
}
