//! `boxwright check` and `boxwright new` as programs: exit status, output, files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

#[path = "commands/program.rs"]
mod program;

use program::{BAD, GOOD, WARNING, boxwright, code, command, folder, text};

#[test]
fn exit_status_follows_the_threshold() {
    let folder = folder(&[("good", GOOD), ("warning", WARNING), ("bad", BAD)]);
    for (file, threshold, expected) in [
        ("good", "warning", 0),
        ("warning", "error", 0),
        ("warning", "warning", 1),
        ("warning", "never", 0),
        ("bad", "error", 1),
        ("bad", "never", 0),
        ("absent", "never", 2),
    ] {
        code(&boxwright(folder.path(), &["check", file, "--fail-on", threshold]), expected);
    }
    code(&boxwright(folder.path(), &["check", "bad"]), 1);
    code(&boxwright(folder.path(), &["check", "bad", "absent"]), 2);
    let absent = boxwright(folder.path(), &["check", "absent"]);
    assert_eq!(text(&absent.stderr), "error: absent: No such file or directory (os error 2)\n");
    code(&boxwright(folder.path(), &["check", "--no-such-option"]), 2);
    code(&boxwright(folder.path(), &[]), 2);
}

#[test]
fn specs_are_found_beneath_the_directory() {
    let folder = folder(&[
        ("b.sandbox.toml", BAD),
        ("a/deep/er/a.sandbox.toml", BAD),
        ("a/Cargo.toml", "not a spec"),
        ("target/t.sandbox.toml", BAD),
        (".gitignore", "target\n"),
        ("a/.git/g.sandbox.toml", BAD),
    ]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
    let output = boxwright(folder.path(), &["check", "--format", "concise"]);
    code(&output, 1);
    let expected = ["a/deep/er/a.sandbox.toml:2:17: ", "b.sandbox.toml:2:17: "];
    let stdout = text(&output.stdout);
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    for (line, start) in stdout.lines().zip(expected) {
        assert!(line.starts_with(start), "{line}");
    }
    assert_eq!(text(&output.stderr), "2 errors in 2 specs, 1 spec ignored by .gitignore\n");
    let again =
        boxwright(folder.path(), &["check", "a", "b.sandbox.toml", "b.sandbox.toml", "--format", "concise"]);
    assert_eq!(text(&again.stdout).lines().count(), 2);
}

#[test]
fn no_spec_is_told_apart() {
    let folder = folder(&[("Cargo.toml", "")]);
    for arguments in [&["check"][..], &["check", "."]] {
        let output = boxwright(folder.path(), arguments);
        code(&output, 3);
        assert!(text(&output.stderr).contains("no spec found"));
    }
}

#[test]
fn json_is_one_object() {
    let folder = folder(&[("a.sandbox.toml", BAD), ("b.sandbox.toml", WARNING), ("c.sandbox.toml", GOOD)]);
    let output = boxwright(folder.path(), &["check", "--format", "json"]);
    code(&output, 1);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["version"], &json["errors"], &json["warnings"]), (&1.into(), &1.into(), &1.into()));
    let finding = &json["findings"][0];
    assert_eq!(finding["rule"], "invalid-path");
    assert_eq!(finding["place"]["file"], "a.sandbox.toml");
    assert_eq!((&finding["place"]["line"], &finding["place"]["column"]), (&2.into(), &17.into()));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn what_is_left_out_is_counted() {
    let keys: String = (0..600).map(|number| format!("k{number} = 1\n")).collect();
    let folder = folder(&[("a.sandbox.toml", &(WARNING.to_owned() + &keys))]);
    let output = boxwright(folder.path(), &["check", "--format", "json"]);
    code(&output, 1);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let counts = (&json["errors"], &json["warnings"], &json["left_out"]);
    assert_eq!(counts, (&500.into(), &0.into(), &101.into()), "errors are told before warnings");
    let output = boxwright(folder.path(), &["check"]);
    assert_eq!(text(&output.stderr), "500 errors in 1 spec, and 101 more that are not shown\n");
}

#[test]
fn json_escapes_keep_their_meaning() {
    let name = "\u{1b}[31m\u{9b}\u{202e}\u{e0041}.sandbox.toml";
    let folder = folder(&[(name, BAD)]);
    let output = boxwright(folder.path(), &["check", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["findings"][0]["place"]["file"], name);
}

#[test]
fn colours_only_for_terminals() {
    let folder = folder(&[("bad", BAD)]);
    assert!(!text(&boxwright(folder.path(), &["check", "bad"]).stdout).contains('\u{1b}'));
    let coloured = |variable: Option<&str>| {
        let mut command = command(folder.path(), &["check", "bad"]);
        command.env("CLICOLOR_FORCE", "1");
        variable.map(|variable| command.env(variable, "1"));
        text(&command.output().unwrap().stdout).contains('\u{1b}')
    };
    assert!(coloured(None), "CLICOLOR_FORCE asks for colours");
    assert!(!coloured(Some("NO_COLOR")), "NO_COLOR forbids them");
}

#[test]
fn new_writes_what_check_accepts() {
    let folder = folder(&[]);
    code(&boxwright(folder.path(), &["new", "web.sandbox.toml", "--program", "/usr/bin/web"]), 0);
    code(&boxwright(folder.path(), &["new", "--program", "/usr/bin/jq"]), 0);
    code(&boxwright(folder.path(), &["new", "--name", "tool"]), 0);
    let output = boxwright(folder.path(), &["check", "--fail-on", "warning"]);
    code(&output, 0);
    assert_eq!(text(&output.stderr), "no findings in 3 specs\n");
    let written = std::fs::read_to_string(folder.path().join("web.sandbox.toml")).unwrap();
    assert!(written.contains("name = \"web\"") && written.contains("args = [\"/usr/bin/web\"]"), "{written}");
    assert!(
        folder.path().join("jq.sandbox.toml").exists() && folder.path().join("tool.sandbox.toml").exists()
    );
    let output = boxwright(folder.path(), &["new", "-"]);
    code(&output, 0);
    assert!(text(&output.stdout).contains("version = 1"));
}

#[test]
fn new_touches_no_file_that_exists() {
    let folder = folder(&[("mine.sandbox.toml", "mine")]);
    std::os::unix::fs::symlink("elsewhere", folder.path().join("link.sandbox.toml")).unwrap();
    for file in ["mine.sandbox.toml", "link.sandbox.toml", "no/such/folder.sandbox.toml"] {
        let output = boxwright(folder.path(), &["new", file]);
        code(&output, 2);
        assert!(text(&output.stderr).contains(file), "{}", text(&output.stderr));
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("mine.sandbox.toml")).unwrap(), "mine");
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn new_refuses_what_would_not_pass() {
    let folder = folder(&[]);
    for program in [
        "id",
        "",
        "/",
        "/usr/bin/\"]\n[seccomp]\ndefault_action = \"allow\"\n#",
        "/a\u{1b}[31m/../b",
        "/${x}",
    ] {
        let output = boxwright(folder.path(), &["new", "x.sandbox.toml", "--program", program]);
        // A quote or a newline is part of a path like any other character.
        let odd = program.contains('"');
        code(&output, if odd { 0 } else { 2 });
        assert!(!text(&output.stderr).contains('\u{1b}'));
        if odd {
            let written = std::fs::read_to_string(folder.path().join("x.sandbox.toml")).unwrap();
            assert!(!written.lines().any(|line| line.starts_with("default_action")), "{written}");
            std::fs::remove_file(folder.path().join("x.sandbox.toml")).unwrap();
            std::fs::remove_file(folder.path().join("sandbox.schema.json")).unwrap();
        }
    }
    code(&boxwright(folder.path(), &["new", "--name", "../escape"]), 2);
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn help_teaches() {
    let folder = folder(&[]);
    for arguments in [&["--help"][..], &["check", "--help"], &["new", "--help"]] {
        let output = boxwright(folder.path(), arguments);
        code(&output, 0);
        assert!(text(&output.stdout).contains("Examples:"), "{}", text(&output.stdout));
    }
}

const FILTERED: &str = "version = 1\nprocess.args = [\"/usr/bin/id\"]\nfilesystem.base = \"usr\"\n\
    network.address_families = [\"AF_UNIX\"]\n\
    seccomp.allow = [\"@minimal\", \"@network-io\"]\nseccomp.deny = [\"prctl\"]\n\
    [seccomp.rules.plain]\nnames = [\"clone\"]\naction = \"allow\"\n\
    args = [{ name = \"flags\", op = \"masked_eq\", mask = \"CLONE_NEWUSER\", value = 0 }]\n";

#[test]
fn explain_names_the_verdict_the_rule_and_the_line() {
    let folder = folder(&[("spec", FILTERED)]);
    for (call, expected) in [
        ("read", "read: allow\n  seccomp.allow  spec:5:18\n"),
        ("prctl(PR_SET_NAME)", "prctl(PR_SET_NAME): errno EPERM\n  seccomp.deny  spec:6:17\n"),
        (
            "socket(AF_ALG, SOCK_SEQPACKET, 0)",
            "socket(AF_ALG, SOCK_SEQPACKET, 0): errno EAFNOSUPPORT\n  network.address_families  spec:4:28\n",
        ),
        ("socket(AF_UNIX)", "socket(AF_UNIX): allow\n  seccomp.allow  spec:5:30\n"),
        (
            "socket(_, SOCK_RAW)",
            "socket(_, SOCK_RAW): depends on arguments that are left out\n  \
             errno EAFNOSUPPORT such as socket(0, 3, 0)\n    network.address_families  spec:4:28\n  \
             allow such as socket(1, 3, 0)\n    seccomp.allow  spec:5:30\n",
        ),
        (
            "clone(CLONE_NEWUSER|17)",
            "clone(CLONE_NEWUSER|17): errno EPERM\n  seccomp.default_action, by default\n",
        ),
        ("clone(0x1000000011)", "clone(0x1000000011): allow\n  seccomp.rules.plain  spec:7:16\n"),
        (
            "clone3",
            "clone3: errno ENOSYS\n  clone3 has its flags in memory, where no filter can look: libraries fall back on clone\n",
        ),
        ("213", "213 (epoll_create): allow\n  seccomp.allow  spec:5:18\n"),
        ("0(3, _, 1)", "0(3, _, 1) (read): allow\n  seccomp.allow  spec:5:18\n"),
        ("9999", "9999: errno ENOSYS\n  the tables do not know this number\n"),
        ("0x40000000", "0x40000000: kill_process\n  no filter admits x32\n"),
    ] {
        let output = boxwright(folder.path(), &["explain", "spec", "--syscall", call]);
        code(&output, 0);
        assert_eq!(text(&output.stdout), expected);
    }
    let output = boxwright(folder.path(), &["explain", "spec", "--arch", "i386", "--syscall", "read"]);
    assert_eq!(
        text(&output.stdout),
        "read: kill_process\n  seccomp.arches does not name this architecture\n"
    );
}

#[test]
fn explain_answers_what_it_can() {
    let folder = folder(&[("spec", FILTERED)]);
    let calls = ["--syscall", "read", "--syscall", "soket", "--syscall", "0(", "--syscall", "9999"];
    let output = boxwright(folder.path(), &[&["explain", "spec"], &calls[..]].concat());
    code(&output, 2);
    let (said, answers) = (text(&output.stderr), text(&output.stdout));
    assert!(said.contains("did you mean `socket`?") && said.lines().count() == 2, "{said}");
    assert!(answers.starts_with("read: allow\n") && answers.contains("\n9999: errno ENOSYS\n"), "{answers}");
}

/// The launcher's execve is no call of the program's, whatever words it carries.
#[test]
fn nothing_is_executed_after_the_program() {
    for (default, verdict) in
        [("errno", "errno EPERM"), ("kill_process", "kill_process"), ("allow", "errno EPERM")]
    {
        let spec = format!("{GOOD}process.exec = \"once\"\nseccomp.default_action = \"{default}\"\n");
        let folder = folder(&[("spec", &spec)]);
        for call in ["execve", "execve(0, 0, 0)", "execve(_, 0)", "execveat", "execveat(-100, 0, 0, 0, 0)"] {
            let answer = boxwright(folder.path(), &["explain", "spec", "--syscall", call]);
            code(&answer, 0);
            let expected = format!(
                "{call}: {verdict}\n  process.exec  spec:4:16: no call but the launcher's own, which starts the program\n"
            );
            assert_eq!(text(&answer.stdout), expected);
        }
    }
}

#[test]
fn show_prints_no_character_that_a_terminal_acts_on() {
    let odd = "a\\u202Eb\\u001B[31m\\u009Bc\\U000E0041\\u2028d\\n\\t\\\"\\\\";
    let spec = format!(
        "{GOOD}process.env = {{ X = \"{odd}\" }}\nfilesystem.mounts.\"/{odd}\" = {{ text = \"{odd}\" }}\n"
    );
    let folder = folder(&[("spec", &spec)]);
    let shown = boxwright(folder.path(), &["show", "--origin", "spec"]);
    code(&shown, 0);
    let page = text(&shown.stdout);
    let active = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2028}\u{e0041}".contains(c));
    assert!(!page.contains(active), "{page:?}");
    std::fs::write(folder.path().join("again"), &page).unwrap();
    assert_eq!(
        text(&boxwright(folder.path(), &["show", "again"]).stdout),
        text(&boxwright(folder.path(), &["show", "spec"]).stdout)
    );
}

#[test]
fn explain_says_why_a_rule_matters() {
    let folder = folder(&[("spec", FILTERED)]);
    let output = boxwright(folder.path(), &["explain", "docker-socket"]);
    code(&output, 0);
    let said = text(&output.stdout);
    assert!(said.starts_with("docker-socket\n\nwarning: "), "{said}");
    assert!(said.contains("```toml\nversion = 1\n") && said.ends_with("```\n"), "{said}");
    assert!(!said.contains("\n## "), "only the section of that rule: {said}");
    for (subject, expected) in [
        ("docker-sock", "did you mean `docker-socket`?"),
        ("nonsense", "`boxwright rules` lists them"),
        ("spec", "say with --syscall"),
    ] {
        let output = boxwright(folder.path(), &["explain", subject]);
        code(&output, 2);
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
    code(&boxwright(folder.path(), &["explain", "docker-socket", "--arch", "i386"]), 2);
}

#[test]
fn rules_are_listed_with_level_and_summary() {
    let folder = folder(&[]);
    let listed = text(&boxwright(folder.path(), &["rules"]).stdout);
    assert_eq!(listed.lines().count(), boxwright::rules().len());
    let line = listed.lines().find(|line| line.contains(" no-memory-limit ")).unwrap();
    assert!(
        line.starts_with("note ") && line.ends_with("nothing limits the memory of the sandbox"),
        "{line}"
    );
    let json = text(&boxwright(folder.path(), &["rules", "--format", "json"]).stdout);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["version"], 1);
    for (rule, entry) in boxwright::rules().iter().zip(json["rules"].as_array().unwrap()) {
        assert_eq!(entry["name"], rule.name);
        assert_eq!(entry["level"], rule.level.name());
        assert_eq!(entry["why"], rule.why);
    }
}

#[test]
fn a_call_that_is_none_is_a_usage_error_that_says_what_is_expected() {
    let folder = folder(&[("spec", FILTERED), ("bad", BAD)]);
    for (call, expected) in [
        ("soket", "did you mean `socket`?"),
        ("", "expected a call such as"),
        ("(1)", "expected a call such as"),
        ("socket(1", "does not end in `)`"),
        ("socket(AF_INTE)", "did you mean `AF_INET`?"),
        ("socket(1, , 2)", "`_` for any"),
        ("ioctl(1, 2, 3, 4)", "`ioctl` has 3 arguments and 4 are given"),
        ("socket(99999999999999999999)", "expected a number"),
        ("\u{1b}[31m", "expected a call such as"),
    ] {
        let output = boxwright(folder.path(), &["explain", "spec", "--syscall", call]);
        code(&output, 2);
        let said = text(&output.stderr);
        assert!(said.contains(expected) && !said.contains('\u{1b}'), "{call}: {said}");
    }
    code(&boxwright(folder.path(), &["explain", "spec"]), 2);
    code(&boxwright(folder.path(), &["explain", "bad", "--syscall", "read"]), 1);
    code(&boxwright(folder.path(), &["explain", "absent", "--syscall", "read"]), 2);
}

#[test]
fn the_proof_is_told_by_build_and_by_inspect() {
    let folder = folder(&[("spec", FILTERED)]);
    let built = boxwright(folder.path(), &["build", "-v", "spec", "--plan", "plan"]);
    code(&built, 0);
    let said = text(&built.stderr);
    let figures = said
        .lines()
        .find_map(|line| line.strip_prefix("filter: ")?.strip_suffix("; proven, and seccompiler agrees"));
    let figures = figures.unwrap_or_else(|| panic!("{said}"));
    assert!(figures.contains(" instructions, longest path ") && said.contains("compiled in "), "{said}");
    let page = text(&boxwright(folder.path(), &["inspect", "plan"]).stdout);
    assert!(page.contains(&format!("\nfilter      {figures}\n")), "{page}");
    let filters = text(&boxwright(folder.path(), &["inspect", "--bpf", "plan"]).stdout);
    let count = filters
        .lines()
        .filter(|line| line.contains(": ret ") || line.contains(": j") || line.contains(": ld "))
        .count();
    assert!(filters.contains(&format!("  spec:1:1\n{figures}\n")), "{filters}");
    assert!(
        count > 60 && filters.contains("nr == socket") && filters.contains("; errno EAFNOSUPPORT"),
        "{filters}"
    );
}

#[test]
fn inspect_compares_the_launcher_with_what_its_plan_says() {
    let folder = folder(&[("spec", FILTERED)]);
    code(&boxwright(folder.path(), &["build", "spec", "-o", "sealed", "--plan", "plan"]), 0);
    let genuine = boxwright(folder.path(), &["inspect", "--steps", "sealed"]);
    code(&genuine, 0);
    let page = text(&genuine.stdout);
    assert!(page.contains("\nlauncher    unmodified, this compiler's own, "), "{page}");
    let alone = text(&boxwright(folder.path(), &["inspect", "plan"]).stdout);
    assert!(alone.contains("\nlauncher    not in this file, this compiler's own, "), "{alone}");
    let mut altered = std::fs::read(folder.path().join("sealed")).unwrap();
    for byte in &mut altered[0x2000..0x2010] {
        *byte = 0xcc;
    }
    std::fs::write(folder.path().join("altered"), altered).unwrap();
    for how in
        [&["inspect", "altered"][..], &["inspect", "--steps", "altered"], &["inspect", "--bpf", "altered"]]
    {
        let inspected = boxwright(folder.path(), how);
        code(&inspected, 1);
        assert!(text(&inspected.stderr).starts_with("error: altered: launcher: modified: "));
        assert!(!text(&inspected.stdout).contains("unmodified"));
    }
}

/// However a spec is named, in whatever directory it lies, its launcher has the same bytes.
#[test]
fn the_same_spec_gives_the_same_launcher_whatever_path_leads_to_it() {
    let spec =
        "version = 1\nname = \"s\"\nextends = [\"../shared/base.toml\"]\nprocess.args = [\"/bin/true\"]\n";
    let base = "version = 1\nextends = [\"./more.toml\", \"builtin:cli\"]\nfilesystem.base = \"usr\"\n";
    let files = [
        ("here/d/s.sandbox.toml", spec),
        ("here/shared/base.toml", base),
        ("here/shared/more.toml", "version = 1\nhostname = \"more\"\n"),
        ("else/where/deeper/s.sandbox.toml", spec),
        ("else/where/shared/base.toml", base),
        ("else/where/shared/more.toml", "version = 1\nhostname = \"more\"\n"),
    ];
    let folder = folder(&files);
    let root = folder.path().canonicalize().unwrap();
    std::os::unix::fs::symlink("here/d", root.join("link")).unwrap();
    std::os::unix::fs::symlink(root.join("here"), root.join("else/absolute")).unwrap();
    let whole = root.join("here/d/s.sandbox.toml").to_string_lossy().into_owned();
    let built = |from: &str, spec: &str| {
        let output = root.join("output").to_string_lossy().into_owned();
        let mut command = command(&root.join(from), &["build", spec, "-o", &output]);
        if spec == "-" {
            command.stdin(std::fs::File::open(root.join(from).join("s.sandbox.toml")).unwrap());
        }
        code(&command.output().unwrap(), 0);
        std::fs::read(&output).unwrap()
    };
    let first = built("here/d", "s.sandbox.toml");
    for (from, spec) in [
        ("here/d", "./s.sandbox.toml"),
        ("here/d", "-"),
        ("here/d", "../d/s.sandbox.toml"),
        ("here/d", &whole),
        ("here", "d/s.sandbox.toml"),
        ("here/shared", "./.././d//s.sandbox.toml"),
        ("", "link/s.sandbox.toml"),
        ("link", "s.sandbox.toml"),
        ("else", "absolute/d/s.sandbox.toml"),
        ("else/where/deeper", "s.sandbox.toml"),
        ("else/where/deeper", "-"),
    ] {
        assert!(built(from, spec) == first, "{spec} from {from:?} gives another launcher");
    }
    let within = |text: &str| first.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    for name in ["s.sandbox.toml", "../shared/base.toml", "../shared/more.toml", "builtin:cli"] {
        assert!(within(name), "{name} is not in it");
    }
    for path in [&*root.to_string_lossy(), env!("CARGO_MANIFEST_DIR"), "/rustc/", "here/"] {
        assert!(!within(path), "{path} is in it");
    }
}
