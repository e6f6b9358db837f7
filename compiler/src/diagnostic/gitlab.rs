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
        let source = &file.source;
        let shown = file.findings.iter().map(|finding| (finding, None));
        let silenced = file.silenced.iter().map(|silenced| (&silenced.finding, Some(&silenced.by)));
        let all: Vec<_> = shown.chain(silenced).collect();
        let fingerprints = fingerprint::numbered(file, all.iter().map(|(finding, _)| *finding), run.root);
        for ((finding, by), fingerprint) in all.into_iter().zip(fingerprints) {
            let path = location::relative(source.path_at(finding.span.start), run.root);
            issues.push(Issue {
                description: match (by, &finding.help) {
                    (Some(by), _) => format!("{} ({by}): {}", finding.rule, finding.message),
                    (None, Some(help)) => format!("{}: {}; {help}", finding.rule, finding.message),
                    (None, None) => format!("{}: {}", finding.rule, finding.message),
                },
                check_name: finding.rule,
                fingerprint,
                severity: if by.is_some() { "info" } else { severity(finding.level) },
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
    for path in run.ignored {
        let path = path.to_string_lossy().into_owned();
        issues.push(Issue {
            description: "ignored: `.gitignore` names this spec, and it is not checked".into(),
            check_name: "ignored",
            fingerprint: fingerprint::digest(["ignored", &path]),
            severity: "info",
            location: Location { path, lines: Lines { begin: 1, end: 1 } },
        });
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
