//! Specs with mistakes and what is said about them, as files: drop a pair in, and it is a test; `BLESS=1` writes the
//! expected text.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use boxwright::diagnostic::{Diagnostic, Level, Style, apply, render_concise, render_full};
use boxwright::source::Source;
use boxwright::{Options, Understood, fix, rules, understand, understand_with};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A folder of specs, sorted.
fn specs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut specs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    specs.retain(|path| path.to_string_lossy().ends_with(".sandbox.toml"));
    specs.sort();
    assert!(!specs.is_empty(), "{} is empty", folder.display());
    specs
}

/// With notes in the fixtures of such rules.
fn read(path: &Path) -> (Source, Understood) {
    let source = Source::read(path).unwrap_or_else(|error| panic!("{error}"));
    let options = Options { today: "2027-01-01".parse().ok(), ..Options::default() };
    let understood = understand_with(&source, &options);
    let notes = rules().into_iter().filter(|rule| rule.level == Level::Note);
    let pedantic = notes.map(|rule| rule.name).any(|name| path.ends_with(format!("{name}.sandbox.toml")));
    let understood = if pedantic { understood } else { understood.without_notes() };
    (understood.source.clone(), understood)
}

/// With the names of files as they are from the spec's directory, so that the output is the same everywhere.
fn render(path: &Path, source: &Source, findings: &[Diagnostic]) -> String {
    let directory = format!("{}/", path.parent().unwrap().display());
    render_full(source, findings, Style::default()).replace(&directory, "")
}

#[test]
fn bad_specs_get_the_expected_findings() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    for path in specs("fixtures/bad") {
        let (source, understood) = read(&path);
        assert!(!understood.findings.is_empty(), "nothing is found in {}", path.display());
        let errors = understood.findings.iter().any(|finding| finding.level == Level::Error);
        assert_eq!(understood.policy.is_none(), errors, "only errors stop {}", path.display());
        let rendered = render(&path, &source, &understood.findings);
        let expected = PathBuf::from(path.to_string_lossy().replace(".sandbox.toml", ".expected"));
        if bless {
            std::fs::write(&expected, &rendered).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != rendered {
            different.push(format!("{}:\n{rendered}", path.display()));
        }
    }
    assert!(different.is_empty(), "not as expected (BLESS=1 accepts):\n{}", different.join("\n"));
}

#[test]
fn good_specs_have_no_findings() {
    for path in specs("fixtures/good") {
        let (source, understood) = read(&path);
        assert_eq!(render_concise(&source, &understood.findings, Style::default()), "", "{}", path.display());
        assert!(understood.policy.is_some());
    }
}

#[test]
fn specs_that_people_copy_have_no_errors() {
    for path in specs("../specs/demos") {
        let (source, understood) = read(&path);
        let findings = render_concise(&source, &understood.findings, Style::default());
        assert!(understood.policy.is_some(), "{findings}");
    }
}

#[test]
fn messages_keep_the_house_form() {
    for path in specs("fixtures/bad") {
        for finding in read(&path).1.findings {
            let texts = [Some(&finding.message), Some(&finding.label), finding.help.as_ref()];
            for text in texts.into_iter().flatten() {
                assert!(!text.ends_with('.'), "{text:?} ends with a full stop");
                // OCI is called that everywhere.
                let capital = |c: Option<char>| c.is_some_and(char::is_uppercase);
                let acronym = capital(text.chars().nth(1));
                assert!(acronym || !capital(text.chars().next()), "{text:?} begins with a capital");
                assert!(!text.contains("``"), "{text:?} quotes nothing");
            }
        }
    }
}

#[test]
fn two_runs_say_the_same() {
    for path in specs("fixtures/bad").iter().chain(&specs("fixtures/good")) {
        let (first, second) = (read(path).1, read(path).1);
        assert_eq!(first.findings, second.findings);
        assert_eq!(first.policy, second.policy);
    }
}

/// Every fix of every broken spec: what it mends is gone, nothing new is wrong, and doing it again changes nothing. One that is
/// left undone would bring as many errors as it takes away.
#[test]
fn what_is_mended_is_gone_and_nothing_new_is_wrong() {
    let understood = |path: &Path, text: &str| understand(&Source::new(path, text)).findings;
    let errors = |findings: &[Diagnostic]| findings.iter().filter(|finding| finding.is_error()).count();
    let said = |findings: &[Diagnostic]| -> BTreeSet<(&str, String)> {
        findings.iter().map(|finding| (finding.rule, finding.message.clone())).collect()
    };
    let (mut mended, mut undone) = (0, 0);
    for path in specs("fixtures/bad") {
        let source = Source::read(&path).unwrap();
        let before = understood(&path, &source.text);
        if before.iter().all(|finding| finding.fix.is_none()) {
            continue;
        }
        let (text, count) = fix(&source, &Options::default());
        let after = understood(&path, &text);
        for finding in after.iter().filter(|finding| finding.fix.is_some()) {
            let (alone, _) = apply(&text, finding.fix.iter());
            assert!(errors(&understood(&path, &alone)) >= errors(&after), "{}: {finding:?}", path.display());
            undone += 1;
        }
        let (old, left) = (said(&before), said(&after));
        assert!(old.difference(&left).count() >= count.min(1), "{}: nothing is gone", path.display());
        let new = after.iter().filter(|finding| finding.is_error());
        let new: Vec<_> =
            new.filter(|finding| !old.contains(&(finding.rule, finding.message.clone()))).collect();
        assert!(new.is_empty(), "{}: {new:?}\n{text}", path.display());
        assert_eq!(
            fix(&Source::new(&path, text.as_str()), &Options::default()),
            (text, 0),
            "{}",
            path.display()
        );
        mended += count;
    }
    assert!(mended > 40 && undone < 10, "{mended} findings could be mended, {undone} not");
}

/// Without evidence an acceptance would cover whatever comes later at the same key. A rule whose key says it all declares an
/// empty list.
#[test]
fn what_can_be_accepted_declares_its_evidence() {
    let errors: BTreeSet<&str> =
        rules().iter().filter(|rule| rule.level == Level::Error).map(|rule| rule.name).collect();
    let mut declared = BTreeSet::new();
    for path in specs("fixtures/bad") {
        let source = Source::read(&path).unwrap();
        let options = Options { today: "2027-01-01".parse().ok(), ..Options::default() };
        let understood = understand_with(&source, &options);
        let silenced = understood.silenced.into_iter().map(|silenced| silenced.finding);
        for finding in understood.findings.into_iter().chain(silenced) {
            if !errors.contains(finding.rule) {
                assert!(finding.evidence.is_some(), "{} declares none: {}", finding.rule, path.display());
                declared.insert(finding.rule);
            }
        }
    }
    assert!(declared.len() > 40, "{declared:?}");
}
