//! Findings as JUnit's XML, which every CI server shows as tests.

use super::{Checked, Diagnostic, Run, location, visible};
use crate::source::LineColumn;
use std::fmt::Write;

/// One suite for each file and one case for each finding; a file without findings is one case that passes.
pub fn render_junit(run: &Run) -> String {
    let failures =
        |file: &Checked| file.findings.iter().filter(|finding| run.is_failure(finding.level)).count();
    let cases = |file: &Checked| (file.findings.len() + file.silenced.len()).max(1);
    let skipped = run.silenced().count() + run.ignored.len();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"boxwright\" tests=\"{}\" failures=\"{}\" skipped=\"{skipped}\">\n",
        run.files.iter().map(cases).sum::<usize>() + run.ignored.len(),
        run.files.iter().map(failures).sum::<usize>()
    );
    for file in run.files {
        let name = location::relative(&file.source.path, run.root);
        let name = text(&name.to_string_lossy());
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
            cases(file),
            failures(file),
            file.silenced.len()
        );
        if file.findings.is_empty() && file.silenced.is_empty() {
            let _ = writeln!(out, "    <testcase name=\"check\" classname=\"{name}\"/>");
        }
        for finding in &file.findings {
            case(&mut out, run, file, finding, &name);
        }
        for silenced in &file.silenced {
            let (rule, line) =
                (silenced.finding.rule, file.source.line_column(silenced.finding.span.start).line);
            let why = text(&format!("{}; {}", silenced.by, silenced.finding.message));
            let _ = writeln!(
                out,
                "    <testcase name=\"{rule}\" classname=\"{name}\" line=\"{line}\">\n      <skipped message=\"{why}\"/>\n    </testcase>"
            );
        }
        out += "  </testsuite>\n";
    }
    if !run.ignored.is_empty() {
        let number = run.ignored.len();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  <testsuite name=\".gitignore\" tests=\"{number}\" failures=\"0\" errors=\"0\" skipped=\"{number}\">"
        );
        for path in run.ignored {
            let name = text(&path.to_string_lossy());
            let _ = writeln!(
                out,
                "    <testcase name=\"check\" classname=\"{name}\">\n      <skipped message=\"ignored by .gitignore\"/>\n    </testcase>"
            );
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn case(out: &mut String, run: &Run, file: &Checked, finding: &Diagnostic, name: &str) {
    let LineColumn { line, column } = file.source.line_column(finding.span.start);
    let rule = finding.rule;
    let _ = writeln!(out, "    <testcase name=\"{rule}\" classname=\"{name}\" line=\"{line}\">");
    let level = finding.level.name();
    let lines: Vec<String> = finding.words().map(text).collect();
    let body = format!("line {line}, column {column}: {level}: {}", lines.join("\n"));
    let _ = match run.is_failure(finding.level) {
        true => writeln!(
            out,
            "      <failure type=\"{level}\" message=\"{}\">{body}</failure>",
            text(&finding.message)
        ),
        false => writeln!(out, "      <system-out>{body}</system-out>"),
    };
    out.push_str("    </testcase>\n");
}

/// As text or an attribute of XML 1.0, which has no word for most controls and none for two more characters.
fn text(text: &str) -> String {
    visible(text)
        .replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
