//! What reviewers and CI use around `boxwright check`, as programs see it: files, exit status, what is written where.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const GOOD: &str = "version = 1\nprocess.args = [\"/usr/bin/id\"]\nfilesystem.base = \"usr\"\n";
const WARNING: &str =
    "version = 1\nprocess.args = [\"/usr/bin/id\"]\nfilesystem.base = \"usr\"\nnamespaces.pid = \"host\"\n";
const BAD: &str = "version = 1\nprocess.args = [\"id\"]\n";

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxwright"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    for variable in ["CLICOLOR", "CLICOLOR_FORCE", "NO_COLOR", "FORCE_HYPERLINK"] {
        command.env_remove(variable);
    }
    command
}

fn boxwright(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[track_caller]
fn code(output: &Output, expected: i32) {
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(expected), "{stdout}\n{stderr}");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_the_repository_ignores_is_not_checked() {
    let folder = folder(&[
        (".gitignore", "ignored/\n*.local.sandbox.toml\n!kept.local.sandbox.toml\n"),
        ("a.sandbox.toml", BAD),
        ("ignored/b.sandbox.toml", BAD),
        ("c.local.sandbox.toml", BAD),
        ("kept.local.sandbox.toml", BAD),
        (".github/d.sandbox.toml", BAD),
        (".git/e.sandbox.toml", BAD),
        ("sub/.gitignore", "f.sandbox.toml\n"),
        ("sub/f.sandbox.toml", BAD),
        ("sub/g.sandbox.toml", BAD),
        // Only this user's, or ripgrep's.
        (".git/info/exclude", "a.sandbox.toml\n"),
        (".ignore", "a.sandbox.toml\n"),
    ]);
    std::os::unix::fs::symlink("sub", folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink("sub", folder.path().join("link.sandbox.toml")).unwrap();
    std::os::unix::fs::symlink("sub/g.sandbox.toml", folder.path().join("h.sandbox.toml")).unwrap();
    let found = |arguments: &[&str]| {
        let output = boxwright(folder.path(), &[&["check", "--format", "concise"], arguments].concat());
        code(&output, 1);
        text(&output.stdout)
            .lines()
            .map(|line| line.split(':').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let all = [
        ".github/d.sandbox.toml",
        "a.sandbox.toml",
        "h.sandbox.toml",
        "kept.local.sandbox.toml",
        "sub/g.sandbox.toml",
    ];
    assert_eq!(found(&[]), all);
    assert_eq!(found(&["."]), all);
    assert_eq!(found(&["sub"]), ["sub/g.sandbox.toml"]);
    assert_eq!(found(&["ignored/b.sandbox.toml"]), ["ignored/b.sandbox.toml"], "what is named is checked");
    assert_eq!(found(&["link.sandbox.toml/"]), ["link.sandbox.toml/g.sandbox.toml"]);
}

#[test]
fn standard_input_has_a_name() {
    let folder = folder(&[("spec", BAD)]);
    let said = |arguments: &[&str]| {
        let mut command = command(folder.path(), &[&["check", "--format", "concise"], arguments].concat());
        let output =
            command.stdin(std::fs::File::open(folder.path().join("spec")).unwrap()).output().unwrap();
        code(&output, 1);
        text(&output.stdout)
    };
    assert!(said(&["-"]).starts_with("-:2:17: "));
    assert!(said(&["-", "--stdin-filename", "a/web.sandbox.toml"]).starts_with("a/web.sandbox.toml:2:17: "));
    code(&boxwright(folder.path(), &["check", "spec", "--stdin-filename", "x"]), 2);
}

#[test]
fn findings_go_to_a_file_whole_or_not_at_all() {
    let folder = folder(&[("spec", BAD), ("kept", "before")]);
    let output =
        boxwright(folder.path(), &["check", "spec", "--format", "sarif", "--output-file", "out.sarif"]);
    code(&output, 1);
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), "1 error in 1 spec\n".into()));
    let log: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("out.sarif")).unwrap()).unwrap();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 1);
    std::fs::create_dir(folder.path().join("directory")).unwrap();
    std::os::unix::fs::symlink("kept", folder.path().join("link")).unwrap();
    for file in ["directory", "link", "no/such/folder", "/dev/null"] {
        let output = boxwright(folder.path(), &["check", "spec", "--output-file", file]);
        code(&output, 2);
        assert!(text(&output.stderr).contains(file), "{}", text(&output.stderr));
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("kept")).unwrap(), "before");
    assert_eq!(folder.path().read_dir().unwrap().count(), 5, "no temporary file stays");
}

#[test]
fn colours_and_links_are_asked_for_or_left_out() {
    let folder = folder(&[("spec", BAD)]);
    let shows = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = command(folder.path(), &[&["check", "spec"], arguments].concat());
        let stdout = text(&command.envs(environment.iter().copied()).output().unwrap().stdout);
        (stdout.contains("\u{1b}["), stdout.contains("\u{1b}]8;;"))
    };
    let force = ("FORCE_HYPERLINK", "1");
    for (arguments, environment, expected) in [
        (&[][..], &[][..], (false, false)),
        (&["--color", "always"], &[], (true, false)),
        (&["--color", "always"], &[force], (true, true)),
        (&["--color", "always"], &[("NO_COLOR", "1")], (true, false)),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1"), force], (false, false)),
        (&[], &[("CLICOLOR_FORCE", "1")], (true, false)),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1"), force], (false, false)),
        (&[], &[("CLICOLOR", "0"), force], (false, false)),
        (&["--color", "always", "--format", "concise"], &[force], (false, true)),
        (&["--color", "always", "--format", "json"], &[force], (false, false)),
    ] {
        assert_eq!(shows(arguments, environment), expected, "{arguments:?} {environment:?}");
    }
}

#[test]
fn many_specs_are_told_in_order() {
    let names: Vec<String> = (0..300).map(|number| format!("{number:03}.sandbox.toml")).collect();
    let texts = [GOOD, WARNING, BAD];
    let files: Vec<(&str, &str)> =
        names.iter().zip(texts.iter().cycle()).map(|(name, text)| (&**name, *text)).collect();
    let folder = folder(&files);
    let first = boxwright(folder.path(), &["check", "--format", "json"]);
    code(&first, 1);
    for _ in 0..3 {
        assert_eq!(boxwright(folder.path(), &["check", "--format", "json"]).stdout, first.stdout);
    }
    let report: serde_json::Value = serde_json::from_slice(&first.stdout).unwrap();
    let told: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["place"]["file"].as_str().unwrap())
        .collect();
    assert!(told.is_sorted() && told.len() == 200, "{}", told.len());
}
