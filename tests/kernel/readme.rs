//! README.md does what it says: its files are written, its commands run, and what they print is what it shows.
//!
//! A fence of `toml` whose first line is `# file: NAME` is that file. A fence of `console` has commands after `$ ` and
//! their output below, where `[..]` stands for any part of a line and `...` for any lines; every command succeeds.
//! `console,ignore` is not run. The fences of the whole file share one directory.

use crate::Test;
use crate::harness::{Need, Person, Stage};
use std::fs;
use std::path::Path;

pub const TESTS: &[Test] = &[
    Test { name: "readme/commands", needs: &[Need::UserNamespaces], run: commands },
    Test { name: "readme/matcher", needs: &[], run: matcher },
];

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

/// What a fence asks for.
enum Fence<'a> {
    File(&'a str, &'a str),
    Console(&'a str),
}

fn commands(stage: &Stage) {
    let text = fs::read_to_string(README).expect("README.md");
    let mut commands = 0;
    for fence in fences(&text) {
        match fence {
            Fence::File(name, content) => write(stage, &stage.directory().join(name), content),
            Fence::Console(content) => commands += console(stage, content),
        }
    }
    assert_ne!(commands, 0, "README.md shows no command");
}

/// As the person would, whose file it then is.
fn write(stage: &Stage, path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    fs::write(path, content).expect("a file");
    if stage.person == Person::Nobody {
        std::os::unix::fs::chown(path, Some(65534), Some(65534)).expect("chown");
    }
}

fn fences(text: &str) -> Vec<Fence<'_>> {
    let mut found = Vec::new();
    // Text and fences alternate.
    for block in text.split("```").skip(1).step_by(2) {
        let (kind, content) = block.split_once('\n').unwrap_or((block, ""));
        let file = content.split_once('\n').and_then(|(first, _)| first.strip_prefix("# file: "));
        match (kind, file) {
            ("console", _) => found.push(Fence::Console(content)),
            ("toml", Some(name)) => found.push(Fence::File(name.trim(), content)),
            _ => {}
        }
    }
    found
}

/// Runs the commands of one fence, and counts them.
fn console(stage: &Stage, content: &str) -> usize {
    let content = format!("\n{content}");
    let sessions: Vec<&str> = content.split("\n$ ").skip(1).collect();
    for session in &sessions {
        let (command, expected) = session.split_once('\n').unwrap_or((session, ""));
        let path = stage.ground.compiler.parent().expect("a directory").display();
        let line = format!("PATH={path}:$PATH; exec 2>&1; {command}");
        let run = stage.run(Path::new("/bin/sh"), &["-c", &line]);
        assert_eq!(run.status, 0, "$ {command}\n{}", run.stdout);
        let (expected, said): (Vec<&str>, Vec<&str>) =
            (expected.trim_end().lines().collect(), run.stdout.trim_end().lines().collect());
        assert!(
            lines_match(&expected, &said),
            "$ {command}\n{}\nREADME.md shows:\n{}",
            run.stdout,
            expected.join("\n")
        );
    }
    sessions.len()
}

fn lines_match(expected: &[&str], said: &[&str]) -> bool {
    match (expected, said) {
        ([], []) => true,
        (["...", rest @ ..], _) => (0..=said.len()).any(|skipped| lines_match(rest, &said[skipped..])),
        ([line, rest @ ..], [own, others @ ..]) => line_matches(line, own) && lines_match(rest, others),
        _ => false,
    }
}

fn line_matches(expected: &str, said: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == said,
        Some((start, rest)) => said.strip_prefix(start).is_some_and(|left| {
            (0..=left.len()).filter(|at| left.is_char_boundary(*at)).any(|at| line_matches(rest, &left[at..]))
        }),
    }
}

fn matcher(_: &Stage) {
    assert!(line_matches("a[..]c", "abbc") && !line_matches("a[..]c", "abb") && line_matches("[..]", ""));
    assert!(lines_match(&["a", "...", "z"], &["a", "b", "c", "z"]) && !lines_match(&["a", "..."], &["b"]));
}
