//! The rules themselves: each has its reasons, a fixture of its name, a section on the page of rules, and witnesses that are
//! what the emitted filter answers. `BLESS=1` writes the page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

#[path = "seccomp/interpreter.rs"]
mod interpreter;

use boxwright::diagnostic::{Diagnostic, Level, PAGE, Rule, Style, render_full, section, visible};
use boxwright::explain::Question;
use boxwright::seccomp::verdict::Verdict;
use boxwright::seccomp::{Architecture, compile, merge};
use boxwright::source::Source;
use boxwright::{Options, Understood, rules, understand, understand_with};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/bad");

/// A longer example is shown in part, and a longer line too.
const LINES_MAX: usize = 36;
const LINE_MAX: usize = 160;

/// As many findings of an example are shown.
const SHOWN_MAX: usize = 3;

/// The fixture of a rule.
fn fixture(rule: &Rule) -> Source {
    let path = PathBuf::from(FIXTURES).join(format!("{}.sandbox.toml", rule.name));
    Source::read(&path).unwrap_or_else(|error| panic!("a rule has a fixture of its name: {error}"))
}

/// What is found of a rule in its fixture, with the names of files as they are from there.
fn found(source: &Source, rule: &Rule) -> String {
    let options = Options { today: "2027-01-01".parse().ok(), ..Options::default() };
    let Understood { source, mut findings, .. } = understand_with(source, &options);
    findings.retain(|finding| finding.rule == rule.name);
    assert!(!findings.is_empty(), "the fixture of {} does not show it", rule.name);
    findings.truncate(SHOWN_MAX);
    render_full(&source, &findings, Style::default()).replace(&format!("{FIXTURES}/"), "")
}

fn page() -> String {
    let mut page = String::from(
        "# Rules\n\n\
        What `boxwright check` looks for. An error stops the build; a warning is built, and somebody should look; a note is for who \
        wants to know everything (`--pedantic`): what could be tighter, and what a spec asks of a machine. Each section has an \
        example and what is found of that rule in it; `boxwright explain RULE` prints it.\n\n\
        | rule | level | what it finds |\n|---|---|---|\n",
    );
    for rule in rules() {
        let anchor = rule.name.replace('.', "");
        writeln!(page, "| [{}](#{anchor}) | {} | {} |", rule.name, rule.level.name(), rule.summary).unwrap();
    }
    page += "| [not rules here](#not-rules-here) | | what cannot be written in this language |\n";
    for rule in rules() {
        let source = fixture(&rule);
        let level = rule.level.name();
        let (name, summary, why) = (rule.name, rule.summary, rule.why);
        let (example, output) = (excerpt(&source.text), excerpt(&found(&source, &rule)));
        write!(
            page,
            "\n## {name}\n\n{level}: {summary}\n\n{why}\n\n```toml\n{example}```\n\n```text\n{output}```\n"
        )
        .unwrap();
    }
    page + NOT_RULES
}

/// What other checkers have to look for.
const NOT_RULES: &str = "\n## not rules here\n\n\
    Some hazards cannot be written in this language, so there is nothing to find:\n\n\
    - **program-as-pid-1**: in a new pid namespace pid 1 is always the launcher's reaper. It reaps, passes signals on, and has \
    a filter of its own, so the program never ignores SIGTERM for being the first process (pid_namespaces(7)).\n\
    - **protected-path-movable**: what is masked, sealed or bound beneath a writable grant cannot be moved aside: every directory \
    between the grant and the path is bound onto itself, and a mount point is renamed by nobody (EBUSY).\n\
    - **terminal input with `terminal = \"inherit\"`**: the filter refuses `TIOCSTI` and `TIOCLINUX` by itself, in its 32 bits; \
    `tiocsti-allowed` is about what is left.\n\
    - **clone3 beside a narrowed clone**: `clone3` answers ENOSYS there, whatever lists say; naming it there \
    is `clone3-overridden`.\n\
    - **x32 and foreign architectures**: their system calls are death in every filter, and numbers that the tables do not know \
    answer ENOSYS in every filter, one that allows by default included.\n\
    - **no_new_privs, inherited capabilities, open descriptors, an inherited environment**: there is no key that would take the \
    protection away.\n";

/// The first lines of a text, none of them endless, with what is active in them made visible.
fn excerpt(text: &str) -> String {
    let mut shown: Vec<String> = text.trim_end().lines().take(LINES_MAX).map(short).collect();
    if text.trim_end().lines().count() > LINES_MAX {
        shown.push("...".into());
    }
    shown.join("\n") + "\n"
}

fn short(line: &str) -> String {
    let line = visible(line);
    match line.char_indices().nth(LINE_MAX) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.into_owned(),
    }
}

#[test]
fn the_page_of_rules_is_what_the_rules_say() {
    let written = page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md"), written).unwrap();
    } else {
        let line = written.lines().zip(PAGE.lines()).position(|(new, old)| new != old);
        assert!(written == PAGE, "compiler/docs/rules.md is stale from line {line:?} on (BLESS=1 writes it)");
    }
}

#[test]
fn every_rule_is_explained() {
    for rule in rules() {
        let section = section(rule.name).unwrap_or_else(|| panic!("no section says what {} is", rule.name));
        assert!(section.contains(rule.summary) && section.contains(rule.why), "{}", rule.name);
    }
    assert_eq!(section("nonsense"), None);
}

#[test]
fn rules_are_unique_kebab_case_and_have_reasons() {
    let mut names = BTreeSet::new();
    for rule in rules() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        assert!(names.insert(rule.name), "two rules are called {}", rule.name);
        assert!(rule.name.chars().all(plain), "{}", rule.name);
        assert!(!rule.summary.is_empty() && !rule.summary.ends_with('.'), "{}", rule.name);
        let reasons = rule.why.split("\n\n").all(|paragraph| paragraph.ends_with('.'));
        assert!(rule.why.len() > 80 && reasons, "{} says why it matters, in sentences", rule.name);
    }
}

/// The rules that show a call, and whether the filter lets each of the calls in their messages pass.
const BYPASSES: [(&str, &[bool]); 8] = [
    ("clone3-unfiltered", &[false, true]),
    ("denylist-seccomp", &[true]),
    ("io-uring-allowed", &[false, true]),
    ("ptrace-allowed", &[true]),
    ("seccomp-kills-libc", &[false]),
    ("synonym-allowed", &[true]),
    ("tiocsti-allowed", &[true]),
    ("userns-allowed", &[true]),
];

#[test]
fn witnesses_are_what_the_emitted_filter_answers() {
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(FIXTURES).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().ends_with(".sandbox.toml") {
            continue;
        }
        let Understood { policy: Some(policy), findings, .. } = understand(&Source::read(&path).unwrap())
        else {
            continue;
        };
        let shown = |finding: &Diagnostic| BYPASSES.iter().find(|(rule, _)| *rule == finding.rule).copied();
        for (finding, (rule, expected)) in findings.iter().filter_map(|one| Some((one, shown(one)?))) {
            let program = compile(&merge(&policy).unwrap().request).unwrap().program;
            let calls: Vec<&str> =
                finding.message.split('`').skip(1).step_by(2).filter(|text| text.contains('(')).collect();
            assert_eq!(calls.len(), expected.len(), "{}", finding.message);
            for (call, passes) in calls.iter().zip(expected) {
                let question = Question::read(call, Architecture::X86_64).unwrap();
                let input = question.words().map(Option::unwrap_or_default);
                let verdict = Verdict(interpreter::run(&program, &input));
                assert_eq!(verdict.permits(), *passes, "{}: {call} in {}", path.display(), finding.message);
            }
            seen.insert(rule);
        }
    }
    assert_eq!(seen, BYPASSES.iter().map(|(rule, _)| *rule).collect());
}

#[test]
fn notes_are_for_who_asks() {
    let note = rules().into_iter().find(|rule| rule.name == "no-memory-limit").unwrap();
    assert_eq!(note.level, Level::Note);
    let understood = understand(&fixture(&note));
    assert!(understood.findings.iter().any(|finding| finding.rule == note.name));
    assert!(understood.policy.is_some());
    assert_eq!(understood.without_notes().findings, []);
}
