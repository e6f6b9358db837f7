//! What the formats of `boxwright check` look like, as files: BLESS=1 writes them. Each is read back by a parser that is
//! not ours, SARIF by its schema.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use boxwright::diagnostic::{
    Checked, Diagnostic, Level, Rule, Run, Silenced, Silencer, Style, fingerprints, render_concise,
    render_full, render_github, render_gitlab, render_json, render_junit, render_sarif, render_summary,
};
use boxwright::source::Source;
use boxwright::{rules, understand};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A name with something for every format to trip over, and one byte that is no UTF-8.
const NAME: &[u8] = b"/w/odd, 100%: \x1b[31m<&\"'>\n\xff.sandbox.toml";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/formats")
}

/// The specs of the folder, one of them under the odd name.
fn files() -> Vec<Checked> {
    let mut paths: Vec<PathBuf> = folder().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(".sandbox.toml"));
    paths.sort();
    let file = |path: &PathBuf| {
        let name = path.file_name().unwrap();
        let shown = if name == "markup.sandbox.toml" { OsStr::from_bytes(NAME) } else { name };
        let source = Source::new(shown, std::fs::read_to_string(path).unwrap());
        let understood = understand(&source).without_notes();
        let mut findings = understood.findings;
        // One of each kind of silence, where there is something to silence.
        let by = [
            Silencer::Accept("looked at | <b>twice</b>".into()),
            Silencer::Baseline("known.json".into()),
            Silencer::Rules("boxwright.toml".into()),
            Silencer::CommandLine,
        ];
        let number = findings.len().saturating_sub(2).min(by.len());
        let silenced = findings.drain(..number).zip(by);
        let silenced = silenced.map(|(finding, by)| Silenced { finding, by }).collect();
        Checked { silenced, ..Checked::new(source, findings) }
    };
    paths.iter().map(file).collect()
}

fn with<T>(files: &[Checked], then: impl FnOnce(&Run) -> T) -> T {
    let said: BTreeSet<&str> =
        files.iter().flat_map(|file| &file.findings).map(|finding| finding.rule).collect();
    let rules: Vec<Rule> = rules().into_iter().filter(|rule| said.contains(rule.name)).collect();
    let ignored = [PathBuf::from("local/odd | name.sandbox.toml")];
    then(&Run { files, ignored: &ignored, rules: &rules, root: Path::new("/w"), fails: Some(Level::Error) })
}

#[test]
fn every_format_is_as_expected() {
    let files = files();
    let text = |one: fn(&Source, &[Diagnostic], Style) -> String, style: Style| -> String {
        files.iter().map(|file| one(&file.source, &file.findings, style)).collect()
    };
    let linked = Style { colours: true, links: Some(Path::new("/w")) };
    let shown = [
        ("full.txt", text(render_full, Style::default())),
        ("linked.txt", text(render_full, linked)),
        ("concise.txt", text(render_concise, Style::default())),
        ("concise-linked.txt", text(render_concise, linked)),
        ("json", with(&files, render_json)),
        ("github.txt", with(&files, render_github)),
        ("gitlab.json", with(&files, render_gitlab)),
        ("sarif", with(&files, render_sarif)),
        ("junit.xml", with(&files, render_junit)),
        ("summary.md", with(&files, |run| render_summary(run, "3 errors in 3 specs, 1 accepted"))),
    ];
    let mut different = Vec::new();
    for (name, shown) in shown {
        let path = folder().join(format!("expected.{name}"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &shown).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != shown {
            different.push(format!("{}:\n{shown}", path.display()));
        }
        let active = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(
            name.contains("linked") || !shown.contains(active),
            "{name} has characters that terminals act on"
        );
    }
    assert!(different.is_empty(), "not as expected (BLESS=1 accepts):\n{}", different.join("\n"));
}

#[test]
fn sarif_is_what_its_schema_says() {
    let schema = folder().join("../sarif-2.1.0/sarif-schema-2.1.0.json");
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    // Two of its patterns end in a bracket that opens nowhere, and are about languages, of which we write none.
    for owner in ["run", "toolComponent"] {
        let pattern =
            schema.pointer_mut(&format!("/definitions/{owner}/properties/language/pattern")).unwrap();
        assert_eq!(*pattern, "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
        *pattern = "^[a-zA-Z]{2}".into();
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let files = files();
    let all = rules();
    let whole = Run { files: &files, ignored: &[], rules: &all, root: Path::new("/elsewhere"), fails: None };
    for log in [with(&files, render_sarif), render_sarif(&whole), with(&[], render_sarif)] {
        let log: Value = serde_json::from_str(&log).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
    let mut log: Value = serde_json::from_str(&with(&files, render_sarif)).unwrap();
    log["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&log), "the schema refuses nothing");
}

#[test]
fn junit_is_xml_that_says_the_same() {
    let files = files();
    let xml = with(&files, render_junit);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let findings: usize = files.iter().map(|file| file.findings.len() + file.silenced.len()).sum();
    assert_eq!(cases.len(), findings + 2, "a clean file is a test that passes, an ignored one is skipped");
    let count = |name| document.descendants().filter(|node| node.has_tag_name(name)).count().to_string();
    let root = document.root_element();
    assert_eq!(root.attribute("tests"), Some(&*count("testcase")));
    assert_eq!(root.attribute("failures"), Some(&*count("failure")));
    assert_eq!(root.attribute("skipped"), Some(&*count("skipped")));
    for (case, finding) in cases
        .iter()
        .filter(|case| case.attribute("name") != Some("check"))
        .filter(|case| case.children().all(|node| !node.has_tag_name("skipped")))
        .zip(with(&files, |run| run.findings().map(|(_, finding)| finding.clone()).collect::<Vec<_>>()))
    {
        let failed = case.children().any(|node| node.has_tag_name("failure"));
        assert_eq!((case.attribute("name"), failed), (Some(finding.rule), finding.is_error()));
    }
}

#[test]
fn a_command_of_github_is_one_line_and_nothing_in_it_ends_early() {
    let files = files();
    let commands = with(&files, render_github);
    let findings: usize = files.iter().map(|file| file.findings.len()).sum();
    assert_eq!(commands.lines().count(), findings + 1, "one more is about what is silenced");
    let kinds: Vec<&str> = commands.lines().map(|line| line.split(' ').next().unwrap()).collect();
    let rank = |kind: &&&str| ["::error", "::warning", "::notice"].iter().position(|known| *known == **kind);
    assert!(kinds.iter().map(|kind| rank(&kind)).is_sorted(), "the worst first: {kinds:?}");
    for line in commands.lines().take(findings) {
        let command = line.strip_prefix("::").unwrap();
        let (head, message) = command.split_once("::").unwrap();
        let (kind, properties) = head.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&kind), "{line}");
        let names: Vec<&str> =
            properties.split(',').map(|property| property.split_once('=').unwrap().0).collect();
        assert_eq!(names[..4], ["title", "file", "line", "endLine"], "{line}");
        assert!(!message.is_empty(), "{line}");
    }
}

#[test]
fn fingerprints_outlive_lines_and_tell_findings_apart() {
    let files = files();
    let markup = files.iter().find(|file| file.source.path.as_os_str().as_bytes() == NAME).unwrap();
    let silenced = markup.silenced.iter().map(|silenced| silenced.finding.clone());
    let findings = silenced.chain(markup.findings.iter().cloned()).collect();
    let markup = &Checked::new(markup.source.clone(), findings);
    let before = fingerprints(markup, Path::new("/w"));
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len(), "{before:?}");
    let moved = Source::new(&markup.source.path, format!("# more\n\n{}", markup.source.text));
    let moved = Checked::new(moved.clone(), understand(&moved).without_notes().findings);
    assert_eq!(fingerprints(&moved, Path::new("/w")), before, "lines do not matter");
    let elsewhere = Checked::new(Source::new("b", markup.source.text.as_str()), markup.findings.clone());
    assert!(
        fingerprints(&elsewhere, Path::new("/w")).iter().all(|print| !before.contains(print)),
        "the file does"
    );
    let gitlab: Vec<Value> = serde_json::from_str(&with(&files, render_gitlab)).unwrap();
    let unique: BTreeSet<String> = gitlab.iter().map(|issue| issue["fingerprint"].to_string()).collect();
    assert_eq!(unique.len(), gitlab.len(), "GitLab takes findings of one fingerprint for one");
}
