//! What reviewers and CI use around `boxwright check`, as programs see it: files, exit status, what is written where.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

#[path = "commands/program.rs"]
mod program;

use program::{BAD, GOOD, WARNING, boxwright, code, command, folder, text};
use std::path::Path;
use std::process::{Command, Stdio};

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
        (&[], &[("FORCE_COLOR", "1")], (true, false)),
        (&[], &[("FORCE_COLOR", "0")], (false, false)),
        (&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], (false, false)),
        (&["--color", "never"], &[("FORCE_COLOR", "1")], (false, false)),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1"), force], (false, false)),
        (&[], &[("CLICOLOR", "0"), force], (false, false)),
        (&["--color", "always", "--format", "concise"], &[force], (false, true)),
        (&["--color", "always", "--format", "json"], &[force], (false, false)),
    ] {
        assert_eq!(shows(arguments, environment), expected, "{arguments:?} {environment:?}");
    }
}

#[test]
fn terminals_get_what_they_can_show() {
    let folder = folder(&[("spec", BAD)]);
    let shows = |environment: &[(&str, &str)]| {
        let mut script = Command::new("script");
        script.args(["-qec", &format!("{} check spec", env!("CARGO_BIN_EXE_boxwright")), "/dev/null"]);
        script.current_dir(folder.path()).stdin(Stdio::null());
        for variable in
            ["CLICOLOR", "CLICOLOR_FORCE", "NO_COLOR", "FORCE_HYPERLINK", "COLORTERM", "TERM_PROGRAM", "CI"]
        {
            script.env_remove(variable);
        }
        let stdout = text(&script.envs(environment.iter().copied()).output().unwrap().stdout);
        assert!(stdout.contains("invalid-path") && stdout.contains("1 error in 1 spec"), "{stdout}");
        (stdout.contains("\u{1b}["), stdout.contains("\u{1b}]8;;file:///"))
    };
    assert_eq!(shows(&[("TERM", "xterm-256color")]), (true, false));
    assert_eq!(shows(&[("TERM", "xterm-kitty")]), (true, true), "it is known to show links");
    assert_eq!(shows(&[("TERM", "xterm-kitty"), ("NO_COLOR", "1")]), (false, false));
    assert_eq!(shows(&[("TERM", "xterm-kitty"), ("CLICOLOR", "0")]), (false, false));
    assert_eq!(shows(&[("TERM", "dumb")]), (false, false));
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

fn diff(folder: &Path, arguments: &[&str]) -> String {
    text(&boxwright(folder, &[&["check", "--diff"], arguments].concat()).stdout)
}

const BROKEN: &str = "version = 1\n# who\nprocess.args = [\"/usr/bin/id\"]\nprocess.umask = 77 # kept\nfilesystem.base = \"user\"\n";

#[test]
fn what_can_be_mended_is_shown_and_then_written() {
    let folder = folder(&[("spec", BROKEN), ("good", GOOD)]);
    let shown = diff(folder.path(), &["spec", "good"]);
    let expected = "--- a/spec\n+++ b/spec\n@@ -1,5 +1,5 @@\n version = 1\n # who\n process.args = [\"/usr/bin/id\"]\n\
        -process.umask = 77 # kept\n-filesystem.base = \"user\"\n+process.umask = 0o77 # kept\n+filesystem.base = \"usr\"\n";
    assert_eq!(shown, expected);
    assert_eq!(std::fs::read_to_string(folder.path().join("spec")).unwrap(), BROKEN, "nothing was written");
    code(&boxwright(folder.path(), &["check", "spec", "--diff"]), 1);
    std::fs::set_permissions(folder.path().join("spec"), std::os::unix::fs::PermissionsExt::from_mode(0o640))
        .unwrap();
    let output = boxwright(folder.path(), &["check", "spec", "good", "--fix"]);
    code(&output, 0);
    assert_eq!(text(&output.stderr), "no findings in 2 specs, 2 mended\n");
    let mended = BROKEN.replace("77", "0o77").replace("user", "usr");
    assert_eq!(std::fs::read_to_string(folder.path().join("spec")).unwrap(), mended);
    let metadata = std::fs::metadata(folder.path().join("spec")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777, 0o640);
    assert_eq!(folder.path().read_dir().unwrap().count(), 2, "no temporary file stays");
    assert_eq!(diff(folder.path(), &["spec"]), "");
}

#[test]
fn what_must_not_be_replaced_is_left_as_it_is() {
    let folder = folder(&[("spec", BROKEN), ("twice", BROKEN)]);
    std::os::unix::fs::symlink("spec", folder.path().join("link")).unwrap();
    std::fs::hard_link(folder.path().join("twice"), folder.path().join("thrice")).unwrap();
    for (name, why) in [("link", "is a symbolic link"), ("twice", "has other names")] {
        let output = boxwright(folder.path(), &["check", name, "--fix"]);
        code(&output, 2);
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
    let input = std::fs::File::open(folder.path().join("spec")).unwrap();
    let output = command(folder.path(), &["check", "-", "--fix"]).stdin(input).output().unwrap();
    code(&output, 2);
    assert!(text(&output.stderr).contains("--diff"), "{}", text(&output.stderr));
    for name in ["spec", "link", "twice", "thrice"] {
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), BROKEN);
    }
    assert!(folder.path().join("link").is_symlink());
}

#[test]
fn levels_are_the_repositorys_and_then_the_command_lines() {
    let folder = folder(&[
        ("repo/.git/HEAD", ""),
        ("repo/boxwright.toml", "[rules]\nhost-pid = \"error\"\n"),
        ("repo/deep/er/a.sandbox.toml", WARNING),
        ("repo/inner/.git/HEAD", ""),
        ("repo/inner/b.sandbox.toml", WARNING),
        ("free/c.sandbox.toml", WARNING),
    ]);
    let level = |spec: &str, arguments: &[&str]| {
        let output = boxwright(folder.path(), &[&["check", "--format", "concise", spec], arguments].concat());
        text(&output.stdout).split(&[' ', '['][..]).nth(1).unwrap_or("none").to_owned()
    };
    assert_eq!(level("repo/deep/er/a.sandbox.toml", &[]), "error");
    assert_eq!(level("repo/inner/b.sandbox.toml", &[]), "warning", "another repository's is not read");
    assert_eq!(level("free/c.sandbox.toml", &[]), "warning");
    assert_eq!(level("free/c.sandbox.toml", &["--error", "host-pid"]), "error");
    assert_eq!(level("repo/deep/er/a.sandbox.toml", &["--warn", "host-pid"]), "warning");
    assert_eq!(level("repo/deep/er/a.sandbox.toml", &["--allow", "host-pid,no-such"]), "none");
    assert_eq!(level("repo/deep/er/a.sandbox.toml", &["--note", "host-pid"]), "none");
    assert_eq!(level("repo/deep/er/a.sandbox.toml", &["--note", "host-pid", "--pedantic"]), "note");
    for (arguments, why) in [
        (&["--allow", "host-pids"][..], "did you mean `host-pid`?"),
        (&["--warn", "syntax"], "`syntax` is always an error; what it finds stops the build"),
        (&["--warn", "host-pid", "--error", "host-pid"], "are both given"),
    ] {
        let output = boxwright(folder.path(), &[&["check", "free"], arguments].concat());
        code(&output, 2);
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
}

#[test]
fn a_repositorys_file_is_checked_like_a_spec() {
    let folder = folder(&[
        (
            "boxwright.toml",
            "rule = 1\n[rules]\nhost-pids = \"error\"\nwrong-type = \"allow\"\nhost-pid = \"eror\"\n",
        ),
        ("a.sandbox.toml", WARNING),
        ("b/b.sandbox.toml", GOOD),
    ]);
    let output = boxwright(folder.path(), &["check", "--format", "concise"]);
    code(&output, 1);
    let expected = "boxwright.toml:1:1: error[unknown-key]: unknown key `rule` at the top level\n\
        boxwright.toml:3:1: error[unknown-rule]: unknown rule `host-pids`\n\
        boxwright.toml:4:1: error[fixed-rule]: `wrong-type` is always an error\n\
        boxwright.toml:5:12: error[wrong-value]: `rules.\"host-pid\"` is `\"eror\"`\n\
        a.sandbox.toml:4:18: warning[host-pid]: the pid namespace is the host's\n";
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(text(&output.stderr), "4 errors and 1 warning in 2 specs\n");
    std::fs::write(folder.path().join("boxwright.toml"), b"\xff").unwrap();
    code(&boxwright(folder.path(), &["check"]), 2);
}

const ACCEPTED: &str = "\n[[accept]]\nrule = \"host-pid\"\nat = \"namespaces.pid\"\nreason = \"looked at\"\nuntil = \"2027-06-30\"\n";

#[test]
fn what_is_accepted_is_counted_up_to_its_day() {
    let folder = folder(&[("spec", &(WARNING.to_owned() + ACCEPTED))]);
    let check = |arguments: &[&str]| {
        let output =
            boxwright(folder.path(), &[&["check", "spec", "--fail-on", "warning"], arguments].concat());
        (output.status.code().unwrap(), text(&output.stderr))
    };
    assert_eq!(check(&["--today", "2027-06-30"]), (0, "no findings in 1 spec, 1 accepted\n".into()));
    assert_eq!(check(&["--today", "2027-07-01"]), (1, "2 warnings in 1 spec\n".into()));
    assert_eq!(check(&["--today", "2027-02-30"]).0, 2);
    // On the day that it is, whichever that is, it is one of the two.
    assert!([0, 1].contains(&check(&[]).0));
    let built = boxwright(folder.path(), &["build", "spec", "--plan", "plan"]);
    code(&built, 0);
    assert_eq!(text(&built.stderr), "", "a build looks at no clock");
}

#[test]
fn known_findings_are_counted_and_new_ones_fail() {
    let folder = folder(&[("a.sandbox.toml", BAD), ("b/b.sandbox.toml", WARNING), ("c.sandbox.toml", GOOD)]);
    let check = |arguments: &[&str]| {
        let output = boxwright(folder.path(), &[&["check", "--fail-on", "warning"], arguments].concat());
        (output.status.code().unwrap(), text(&output.stderr))
    };
    let baseline = || std::fs::read_to_string(folder.path().join("known.json")).unwrap();
    assert_eq!(
        check(&["--write-baseline", "known.json"]),
        (0, "no findings in 3 specs, 2 known before\n".into())
    );
    let first = baseline();
    check(&["--write-baseline", "known.json"]);
    assert_eq!(baseline(), first, "the same findings are the same bytes");
    assert!(
        first.contains("\"b/b.sandbox.toml\"")
            && first.contains("\"namespaces.pid\"")
            && !first.contains("line")
    );
    std::fs::write(folder.path().join("a.sandbox.toml"), format!("\n# moved\n{BAD}")).unwrap();
    assert_eq!(check(&["--baseline", "known.json"]), (0, "no findings in 3 specs, 2 known before\n".into()));
    std::fs::write(folder.path().join("c.sandbox.toml"), BAD).unwrap();
    assert_eq!(check(&["--baseline", "known.json"]), (1, "1 error in 3 specs, 2 known before\n".into()));
    std::fs::write(folder.path().join("c.sandbox.toml"), GOOD).unwrap();
    std::fs::write(folder.path().join("a.sandbox.toml"), GOOD).unwrap();
    let (status, said) = check(&["--baseline", "known.json"]);
    assert_eq!(status, 0);
    assert!(said.starts_with("1 entry of known.json found no more; --write-baseline"), "{said}");
    assert_eq!(
        check(&["--baseline", "known.json", "b"]).1,
        "no findings in 1 spec, 1 known before\n",
        "a is not looked at"
    );
    for (text, why) in [
        ("{}", "missing field"),
        ("{\"version\":1,\"findings\":[]}", "version 1"),
        ("\u{1b}[31m", "expected value"),
    ] {
        std::fs::write(folder.path().join("known.json"), text).unwrap();
        let (status, said) = check(&["--baseline", "known.json"]);
        assert!(status == 2 && said.contains(why) && !said.contains('\u{1b}'), "{said}");
    }
    assert_eq!(check(&["--baseline", "/dev/zero"]).0, 2);
}

#[test]
fn odd_files_are_refused_and_odd_names_are_shown() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&[("good.sandbox.toml", GOOD)]);
    let odd = std::ffi::OsStr::from_bytes(b"\xff\x1b[31m\n.sandbox.toml");
    std::fs::write(folder.path().join(odd), BAD).unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("fifo.sandbox.toml")).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.sandbox.toml")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling.sandbox.toml")).unwrap();
    for format in ["full", "concise", "json", "github", "gitlab", "sarif", "junit"] {
        let output = boxwright(folder.path(), &["check", "--format", format]);
        code(&output, 2);
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert!(!shown.contains('\u{1b}'), "{shown}");
        for name in ["fifo", "zero", "dangling"] {
            assert!(text(&output.stderr).contains(&format!("{name}.sandbox.toml")), "{shown}");
        }
        assert!(text(&output.stdout).contains("invalid-name"), "{format}: {shown}");
    }
}

#[test]
fn a_spec_of_ten_thousand_keys_is_checked() {
    let keys: String =
        (0..10_000).map(|number| format!("\"/m{number}\" = {{ tmpfs = true, mode = 755 }}\n")).collect();
    let folder = folder(&[("a.sandbox.toml", &format!("{GOOD}[filesystem.mounts]\n{keys}"))]);
    let output = boxwright(folder.path(), &["check", "--format", "json"]);
    code(&output, 1);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"].as_array().unwrap().len(), 500);
    assert_eq!(report["findings"][0]["key"], "filesystem.mounts.\"/m0\".mode");
}

/// A spec with one mount, and what follows it.
fn with_mount(mount: &str, rest: &str) -> String {
    format!("{GOOD}[filesystem.mounts]\n\"/mine\" = {mount}\n{rest}")
}

const NARROW: &str = "{ bind = \"/home/alice\" }";

/// More than what was looked at, at the same key.
const WIDER: [&str; 3] = [
    "{ bind = \"/home\", writable = true }",
    "{ bind = \"/home/alice\", writable = true }",
    "{ bind = \"/home/alice\", propagation = \"slave\" }",
];

#[test]
fn what_is_accepted_does_not_cover_what_is_wider() {
    let folder = folder(&[("spec", &with_mount(NARROW, ""))]);
    let check = |arguments: &[&str]| {
        let output =
            boxwright(folder.path(), &[&["check", "spec", "--fail-on", "warning"], arguments].concat());
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let entry = check(&["--show-accept"]).1.replace("reason = \"\"", "reason = \"her own\"");
    assert!(entry.contains("\"source=/home/alice\"") && entry.contains("\"writable=false\""), "{entry}");
    let write = |mount: &str, entry: &str| {
        std::fs::write(folder.path().join("spec"), with_mount(mount, entry)).unwrap();
    };
    write(NARROW, &entry);
    assert_eq!(check(&[]), (0, String::new(), "no findings in 1 spec, 1 accepted\n".into()));
    for wider in WIDER {
        write(wider, &entry);
        let (status, shown, _) = check(&[]);
        assert_eq!(status, 1, "{wider}: {shown}");
        assert!(shown.contains("[home-visible]") && shown.contains("[unused-accept]"), "{wider}: {shown}");
        assert!(shown.contains("with other evidence") && shown.contains("evidence = ["), "{shown}");
    }
    for forged in ["", "evidence = []\n", "evidence = [\"source=/home\"]\n"] {
        let without: Vec<&str> = entry.lines().filter(|line| !line.starts_with("evidence")).collect();
        write(NARROW, &format!("{}\n{forged}", without.join("\n")));
        assert_eq!(check(&[]).0, 1, "an entry without the evidence covers nothing: {forged}");
    }
    // Nor does it follow a variable.
    let entry = entry.replace("source=/home/alice", "source=${whose}");
    write("{ bind = \"${whose}\" }", &format!("[vars]\nwhose = {{ default = \"/home\" }}\n{entry}"));
    assert_eq!(check(&[]).0, 1);
}

#[test]
fn a_baseline_does_not_cover_what_is_wider() {
    let folder = folder(&[("a.sandbox.toml", &with_mount(NARROW, ""))]);
    let check = |arguments: &[&str]| {
        let output = boxwright(folder.path(), &[&["check", "--fail-on", "warning"], arguments].concat());
        output.status.code().unwrap()
    };
    assert_eq!(check(&["--write-baseline", "known.json"]), 0);
    for wider in WIDER {
        std::fs::write(folder.path().join("a.sandbox.toml"), with_mount(wider, "")).unwrap();
        assert_eq!(check(&["--baseline", "known.json"]), 1, "{wider}");
    }
    let moved =
        with_mount("# moved\n{ writable = false, bind = '/home/alice' }".trim_start_matches("# moved\n"), "");
    std::fs::write(folder.path().join("a.sandbox.toml"), format!("\n# more\n{moved}")).unwrap();
    assert_eq!(check(&["--baseline", "known.json"]), 0, "the same in other words is known");
}

#[test]
fn what_silences_a_finding_is_named_in_every_format() {
    let accepted = WARNING.to_owned() + ACCEPTED;
    let folder = folder(&[
        ("boxwright.toml", "[rules]\nhost-namespace = \"allow\"\n"),
        ("a.sandbox.toml", &accepted),
        ("b.sandbox.toml", &format!("{GOOD}namespaces.ipc = \"host\"\n")),
        ("c.sandbox.toml", &format!("{GOOD}namespaces.network = \"host\"\n")),
        ("d.sandbox.toml", &with_mount(NARROW, "")),
        ("empty.toml", ""),
    ]);
    let arguments = ["check", "--today", "2027-01-01", "--fail-on", "warning"];
    let check = |more: &[&str]| boxwright(folder.path(), &[&arguments, more].concat());
    code(&check(&["d.sandbox.toml", "--write-baseline", "known.json"]), 0);
    let silent = ["--allow", "host-network", "--baseline", "known.json"];
    for format in ["full", "concise", "json", "github", "gitlab", "sarif", "junit"] {
        let output = check(&[&["--format", format][..], &silent].concat());
        code(&output, 0);
        let shown = text(&output.stdout) + &text(&output.stderr);
        for named in ["accepted", "known before", "allowed by boxwright.toml", "allowed by --allow"] {
            assert!(shown.contains(named), "{format}: {named}: {shown}");
        }
    }
    let sarif: serde_json::Value =
        serde_json::from_slice(&check(&[&["--format", "sarif"][..], &silent].concat()).stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let kinds: Vec<&str> =
        results.iter().map(|result| result["suppressions"][0]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["inSource", "external", "external", "external"]);
    assert_eq!(results[0]["suppressions"][0]["justification"], "accepted: looked at");
    // The word of another branch, or of the command line.
    let last = |more: &[&str]| text(&check(more).stderr).lines().last().unwrap().to_owned();
    assert_eq!(
        last(&silent),
        "no findings in 4 specs, 1 accepted, 1 known before, 1 allowed by --allow, 1 allowed by boxwright.toml"
    );
    assert_eq!(last(&["--no-accept", "a.sandbox.toml"]), "1 warning in 1 spec");
    assert_eq!(last(&["--error", "host-pid", "a.sandbox.toml"]), "1 error in 1 spec");
    assert_eq!(last(&["--config", "empty.toml", "b.sandbox.toml"]), "1 warning in 1 spec");
    code(&check(&["--config", "absent.toml", "b.sandbox.toml"]), 2);
}

#[test]
fn only_a_profile_of_this_program_accepts_beside_no_accept() {
    let layer = format!("{WARNING}{ACCEPTED}");
    let folder = folder(&[
        ("builtin:agent", &layer),
        ("a.sandbox.toml", "version = 1\nextends = [\"./builtin:agent\"]\n"),
        ("b.sandbox.toml", "version = 1\nextends = [\"builtin:build\"]\nprocess.args = [\"/bin/true\"]\n"),
    ]);
    let check = |spec: &str| text(&boxwright(folder.path(), &["check", spec, "--no-accept"]).stdout);
    assert!(check("a.sandbox.toml").contains("[host-pid]"), "{}", check("a.sandbox.toml"));
    assert!(check("./builtin:agent").contains("[host-pid]"));
    assert!(!check("b.sandbox.toml").contains("writable-and-exec"));
}

#[test]
fn a_status_descriptor_of_the_command_line_is_checked_as_the_specs() {
    let folder = folder(&[("spec", &format!("{GOOD}process.keep_fds = [5]\n"))]);
    let output = boxwright(folder.path(), &["run", "spec", "--status-fd", "5"]);
    code(&output, 125);
    assert!(text(&output.stderr).contains("[status-kept]"), "{}", text(&output.stderr));
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]);
    git.args(arguments).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = git.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
}

/// The files of the findings, and what is said at the end.
fn found(folder: &Path, arguments: &[&str]) -> (Vec<String>, String) {
    let output = boxwright(folder, &[&["check", "--format", "concise"], arguments].concat());
    let stdout = text(&output.stdout);
    let files = stdout.lines().map(|line| line.split(':').next().unwrap().to_owned()).collect();
    (files, text(&output.stderr))
}

/// Each form that git gives its index: versions, hashes, one that adds to another, one that is not expanded.
#[test]
fn what_git_tracks_is_never_ignored() {
    let forms: [(&[&str], &[&[&str]]); 6] = [
        (&["init", "-q"], &[]),
        (&["init", "-q"], &[&["update-index", "--index-version", "4"]]),
        (&["init", "-q", "--object-format=sha256"], &[]),
        (&["init", "-q", "--object-format=sha256"], &[&["update-index", "--index-version", "4"]]),
        (&["init", "-q"], &[&["update-index", "--split-index"], &["add", "-f", "late.sandbox.toml"]]),
        (&["init", "-q"], &[&["commit", "-qm", "all"], &["update-index", "--force-untracked-cache"]]),
    ];
    for (init, after) in forms {
        let folder = folder(&[("deep/er/a.sandbox.toml", BAD), ("b.sandbox.toml", BAD)]);
        git(folder.path(), init);
        git(folder.path(), &["add", "."]);
        std::fs::write(folder.path().join(".gitignore"), "*.sandbox.toml\ndeep/\n").unwrap();
        std::fs::write(folder.path().join("late.sandbox.toml"), BAD).unwrap();
        std::fs::write(folder.path().join("deep/local.sandbox.toml"), BAD).unwrap();
        for arguments in after {
            git(folder.path(), arguments);
        }
        let (files, last) = found(folder.path(), &[]);
        let mut expected = vec!["b.sandbox.toml", "deep/er/a.sandbox.toml"];
        let late = after.iter().any(|arguments| arguments.contains(&"late.sandbox.toml"));
        expected.extend(late.then_some("late.sandbox.toml"));
        assert_eq!(files, expected, "{init:?} {after:?}: {last}");
        let ignored = if late { "1 spec" } else { "2 specs" };
        assert!(last.ends_with(&format!(", {ignored} ignored by .gitignore\n")), "{last}");
        let json = boxwright(folder.path(), &["check", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert!(json["ignored"].as_array().unwrap().contains(&"deep/local.sandbox.toml".into()), "{json}");
        // Seen from a directory within, and in another work tree of the same repository.
        assert_eq!(found(&folder.path().join("deep"), &[]).0, ["er/a.sandbox.toml"]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "all"]);
        git(folder.path(), &["worktree", "add", "-q", "other/tree"]);
        std::fs::write(folder.path().join("other/tree/.gitignore"), "*\n").unwrap();
        assert_eq!(
            found(&folder.path().join("other/tree"), &[]).0,
            expected,
            "a work tree: {init:?} {after:?}"
        );
        // What is not known is not ignored.
        std::fs::write(folder.path().join(".git/index"), "DIRC\0\0\0\x09").unwrap();
        let (files, last) = found(folder.path(), &[]);
        assert!(files.contains(&"deep/local.sandbox.toml".to_owned()), "{files:?}");
        assert!(last.contains("nothing in it is ignored"), "{last}");
    }
}

/// Everything that makes git run a program, as a repository can configure it: looking at what is tracked runs none.
#[test]
fn no_program_of_a_repository_is_run() {
    let folder = folder(&[("a.sandbox.toml", BAD), (".gitattributes", "* filter=evil diff=evil\n")]);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "a.sandbox.toml"]);
    std::fs::write(folder.path().join(".gitignore"), "*\n").unwrap();
    let run = folder.path().join("run.sh");
    std::fs::write(&run, format!("#!/bin/sh\necho \"$0 $@\" >>{}\n", folder.path().join("ran").display()))
        .unwrap();
    std::fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let hooks = folder.path().join("hooks");
    std::fs::create_dir(&hooks).unwrap();
    for hook in ["fsmonitor-watchman", "post-index-change", "reference-transaction", "post-checkout"] {
        std::fs::copy(&run, hooks.join(hook)).unwrap();
    }
    let (run, hooks) = (run.display(), hooks.display());
    let config = format!(
        "[core]\nfsmonitor = {run}\nhooksPath = {hooks}\neditor = {run}\npager = {run}\nsshCommand = {run}\n\
         [filter \"evil\"]\nclean = {run}\nsmudge = {run}\nprocess = {run}\nrequired = true\n\
         [diff \"evil\"]\ncommand = {run}\ntextconv = {run}\n[alias]\nls-files = !{run}\n[include]\npath = /dev/zero\n"
    );
    let whole = std::fs::read_to_string(folder.path().join(".git/config")).unwrap() + &config;
    std::fs::write(folder.path().join(".git/config"), &whole).unwrap();
    assert_eq!(found(folder.path(), &[]).0, ["a.sandbox.toml"]);
    assert!(!folder.path().join("ran").exists(), "something was run");
    // The trap is one: git itself walks into it. Without what would hang it.
    let without = whole.split("[include]").next().unwrap();
    std::fs::write(folder.path().join(".git/config"), without).unwrap();
    let status = Command::new("git").current_dir(folder.path()).arg("status").output().unwrap();
    assert!(folder.path().join("ran").exists(), "git ran nothing: {}", text(&status.stderr));
}

#[test]
fn a_summary_of_a_step_is_text_and_has_an_end() {
    let odd = format!("{GOOD}\"<img src=x>|`[a](b)\" = 1\nnamespaces.pid = \"host\"\n");
    let folder = folder(&[("a.sandbox.toml", &odd), ("summary", "before\n")]);
    let check = |format: &str, file: &str| {
        let mut command = command(folder.path(), &["check", "--format", format]);
        command.env("GITHUB_STEP_SUMMARY", folder.path().join(file)).output().unwrap()
    };
    code(&check("github", "summary"), 1);
    code(&check("full", "summary"), 1);
    let summary = std::fs::read_to_string(folder.path().join("summary")).unwrap();
    assert!(summary.starts_with("before\n### boxwright: 1 error"), "{summary}");
    assert_eq!(summary.matches("###").count(), 1, "only where the format is GitHub's");
    assert!(!summary.contains('<') && !summary.contains('`') && !summary.contains("]("), "{summary}");
    std::os::unix::fs::symlink("summary", folder.path().join("link")).unwrap();
    code(&check("github", "link"), 2);
    assert_eq!(std::fs::read_to_string(folder.path().join("summary")).unwrap(), summary);
}
