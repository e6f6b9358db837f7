//! Findings as GitLab's code quality report, which is shown in a merge request.

use super::json::escape_active;
use super::{Level, Run, fingerprint, location};
use serde::Serialize;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// One array for any number of files.
pub fn render_gitlab(run: &Run) -> String {
    let mut issues = Vec::new();
    for file in run.files {
        for (finding, fingerprint) in file.findings.iter().zip(fingerprint::fingerprints(file, run.root)) {
            let source = &file.source;
            let path = location::relative(source.path_at(finding.span.start), run.root);
            issues.push(Issue {
                description: match &finding.help {
                    Some(help) => format!("{}; {help}", finding.message),
                    None => finding.message.clone(),
                },
                check_name: finding.rule,
                fingerprint,
                severity: severity(finding.level),
                location: Location {
                    path: path.to_string_lossy().into_owned(),
                    lines: Lines {
                        begin: source.line_column(finding.span.start).line,
                        end: source.line_column(finding.span.end).line,
                    },
                },
            });
        }
    }
    // Strings and numbers can always be written.
    escape_active(&serde_json::to_string_pretty(&issues).unwrap_or_default()) + "\n"
}

const fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "major",
        Level::Warning => "minor",
        Level::Note => "info",
    }
}
