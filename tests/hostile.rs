//! Files of strangers: each is refused quickly, with a reason, and nothing of it reaches the terminal as it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use boxwright::diagnostic::{
    Checked, Diagnostic, Run, Style, render_concise, render_full, render_github, render_gitlab, render_json,
    render_junit, render_sarif,
};
use boxwright::source::input::InputError;
use boxwright::source::{MAX_BYTES, ReadErrorKind, Source};
use boxwright::understand;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough for a debug build on a busy machine, short enough to tell a hang.
const PATIENCE: Duration = Duration::from_secs(60);

const HEAD: &str = "version = 1\n[process]\nargs = [\"/usr/bin/id\"]\n[filesystem]\nbase = \"usr\"\n";

struct Outcome {
    code: Option<i32>,
    output: String,
}

/// Runs `boxwright check` on a path; a signal, a hang or a control character fails.
fn check(path: &Path, arguments: &[&str], stdin: Stdio) -> Outcome {
    let mut child = Command::new(env!("CARGO_BIN_EXE_boxwright"))
        .arg("check")
        .args(arguments)
        .arg(path)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut output = String::new();
        stdout.read_to_string(&mut output).unwrap();
        output
    });
    let mut output = String::new();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{} hangs", path.display());
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    stderr.read_to_string(&mut output).unwrap();
    output += &reader.join().unwrap();
    assert!(status.code().is_some(), "{}: {status}\n{output}", path.display());
    let active = output.chars().find(|c| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert_eq!(active, None, "{} puts a control character into the output", path.display());
    Outcome { code: status.code(), output }
}

/// A spec with this text is refused in every format.
fn refuses(name: &str, text: impl AsRef<[u8]>, code: i32, words: &str) {
    refuses_in(&["full", "concise", "json"], name, text, code, words);
}

fn refuses_in(formats: &[&str], name: &str, text: impl AsRef<[u8]>, code: i32, words: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("{name}.sandbox.toml"));
    std::fs::write(&path, text).unwrap();
    for format in formats {
        let outcome = check(&path, &["--format", format], Stdio::null());
        assert_eq!(outcome.code, Some(code), "{name}:\n{}", outcome.output);
        assert!(outcome.output.contains(words), "{name}:\n{:.2000}", outcome.output);
    }
}

fn lines(line: impl Fn(usize) -> String) -> String {
    let mut text = HEAD.to_owned();
    for number in 0.. {
        let line = line(number);
        if text.len() + line.len() > MAX_BYTES || number == 100_000 {
            break;
        }
        text += &line;
    }
    text
}

#[test]
fn deep_nesting() {
    const DEPTH: usize = 10_000;
    refuses("arrays", format!("a = {}{}", "[".repeat(DEPTH), "]".repeat(DEPTH)), 1, "nested too deeply");
    refuses("open-arrays", format!("a = {}", "[".repeat(DEPTH)), 1, "nested too deeply");
    refuses("tables", format!("a = {}1{}", "{a=".repeat(DEPTH), "}".repeat(DEPTH)), 1, "nested too deeply");
    refuses("keys", format!("{}a = 1", "a.".repeat(DEPTH)), 1, "more than 8 parts");
    refuses("header", format!("[{}a]", "a.".repeat(DEPTH)), 1, "more than 8 parts");
    refuses("array-header", format!("[[{}a]]", "a.".repeat(DEPTH)), 1, "more than 8 parts");
    refuses("quoted-keys", format!("{}a = 1", "\"a\" . 'a' .".repeat(DEPTH)), 1, "more than 8 parts");
    let part = format!("{}a", "a.".repeat(7));
    let mixed = format!("{}1{}", format!("{{{part}=").repeat(DEPTH), "}".repeat(DEPTH));
    refuses("mixed", format!("[{part}]\n{part} = {mixed}"), 1, "nested too deeply");
    // The most that is let through must not overflow either.
    let deepest = format!("{}1{}", format!("{{{part}=").repeat(80), "}".repeat(80));
    refuses("deepest", format!("[{part}]\n{part} = {deepest}"), 1, "unknown key");
}

#[test]
fn many_of_everything() {
    let many = |name: &str, text: String, code, words: &str| refuses_in(&["full"], name, text, code, words);
    many("keys", lines(|n| format!("k{n}=1\n")), 1, "unknown key");
    many("near-keys", lines(|n| format!("bas{n}=1\n")), 1, "unknown key");
    many("sections", lines(|n| format!("[s{n}]\n")), 1, "unknown key");
    many("duplicates", lines(|_| "base='usr'\n".into()), 1, "is written twice");
    many("syntax-errors", lines(|_| "= !\n".into()), 1, "syntax");
    many("unclosed-strings", lines(|n| format!("a{n} = \"\n")), 1, "syntax");
    many("array-of-tables", lines(|_| "[[test]]\n".into()), 1, "not supported yet");
    let mut one_line = format!("{HEAD}[process.env]\n[namespaces]\nuts = {{");
    for number in 0..90_000 {
        write!(one_line, "k{number}=1,").unwrap();
    }
    many("one-line", one_line + "}\n", 1, "error");
    let words = |word: &str, count: usize| format!("[{}]", vec![format!("'{word}'"); count].join(","));
    let unknown: Vec<String> = (0..70_000).map(|number| format!("'openat{number}'")).collect();
    many("syscalls", format!("{HEAD}[seccomp]\nallow = [{}]", unknown.join(",")), 1, "unknown system call");
    many(
        "same-syscall",
        format!("{HEAD}[seccomp]\nallow = {}", words("read", 90_000)),
        1,
        "stands twice in `seccomp.allow`",
    );
    let head =
        HEAD.replace("[filesystem]", &format!("capabilities = {}\n[filesystem]", words("CAP_X", 100_000)));
    many("capabilities", head, 1, "unknown capability");
    let head = HEAD.replace("[filesystem]", &format!("env_pass = {}\n[filesystem]", words("TZ", 150_000)));
    many("variables", head, 1, "is named twice");
    many("paths", format!("{HEAD}read_only = {}", words("/x", 150_000)), 1, "asked for twice");
    many("mounts", lines(|n| format!("mounts.'/{n}'.bind='x'\n")), 1, "is not absolute");
    many("controls", format!("{HEAD}# {}", "\u{202e}".repeat(300_000)), 1, "nobody can see");
    many("escapes", format!("{HEAD}read_only = ['{}']", "\u{9b}".repeat(200_000)), 1, "nobody can see");
}

/// Runs a command on a spec with the stack of a small container and 128 MiB of memory, in a minute.
fn bounded(command: &[&str], text: &str) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("x.sandbox.toml"), text).unwrap();
    let limits = "ulimit -s 256; ulimit -d 131072; exec timeout -s KILL 60 \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", limits, env!("CARGO_BIN_EXE_boxwright")])
        .args(command)
        .current_dir(directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let code = output.status.code();
    assert!(code.is_some_and(|code| code < 128), "{command:?}: {}\n{said:.2000}", output.status);
    Outcome { code, output: said }
}

#[test]
fn little_stack_and_little_memory() {
    let checks = |text: &str, words: &str| {
        let outcome = bounded(&["check", "x.sandbox.toml"], text);
        assert_eq!(outcome.code, Some(1), "{:.2000}", outcome.output);
        assert!(outcome.output.contains(words), "{words}: {:.2000}", outcome.output);
    };
    let chain: String = (0..9000).map(|n| format!("v{n:05} = \"${{v{:05}}}\"\n", n + 1)).collect();
    let chain = format!("{HEAD}[vars]\n{chain}v09000 = \"x\"\n[process.env]\nA = \"${{v00000}}\"\n");
    checks(&chain, "is in more than 64 values of variables");
    let long = "a".repeat(60_000);
    let uses: String = (0..20_000).map(|n| format!("K{n} = \"${{a}}\"\n")).collect();
    checks(&format!("{HEAD}[vars]\na = \"{long}\"\n[process.env]\n{uses}"), "make this spec longer than");
    let values: String = (0..20_000).map(|n| format!("b{n} = \"${{a}}\"\n")).collect();
    checks(&format!("{HEAD}[vars]\na = \"{long}\"\n{values}"), "values of all variables are longer than");
    let like = "v".repeat(58);
    let known: String = (0..9_000).map(|n| format!("{like}{n:05} = 'x'\n")).collect();
    let unknown: String = (0..3_000).map(|n| format!("K{n} = \"${{{like}x{n:04}}}\"\n")).collect();
    checks(&format!("{HEAD}[vars]\n{known}[process.env]\n{unknown}"), "unknown variable");
    checks(&lines(|n| format!("k{n}=1\n")), "unknown key");
    checks(&lines(|_| "[[accept]]\n".into()), "error");
    checks(&format!("{HEAD}# {}", "\u{202e}".repeat(300_000)), "nobody can see");
    checks(&format!("{HEAD}x = [{}]", "1,".repeat(500_000)), "unknown key");
}

/// What cannot be built has findings, so that no build fails after a check that did not.
#[test]
fn what_no_plan_can_hold_is_an_error_of_the_spec() {
    let programs: String = (0..20_000).map(|n| format!("'/usr/bin/x{n}',")).collect();
    let programs = format!(
        "version = 1\nfilesystem.base = 'usr'\n[process]\nargs = ['/usr/bin/x1']\nexec = [{programs}]\n"
    );
    let places: String = (0..5_000)
        .map(|n| {
            format!(
                "[[landlock.path_beneath]]\npath = '/usr/{n}'\nallowed_access = ['execute', 'read_dir', 'read_file', 'resolve_unix']\n"
            )
        })
        .collect();
    let deep: String =
        (0..100).map(|n| format!("'/b{n}{}' = {{ tmpfs = true }}\n", "/a".repeat(2030))).collect();
    for (text, words) in [
        (programs, "`process.exec` has 20000 entries"),
        (format!("{HEAD}{places}"), "`landlock.path_beneath` has 5000 entries"),
        (format!("{HEAD}[filesystem.mounts]\n{deep}"), "too many directories have to be made"),
    ] {
        let outcome = bounded(&["check", "x.sandbox.toml"], &text);
        assert_eq!(outcome.code, Some(1), "{:.2000}", outcome.output);
        assert!(outcome.output.contains(words), "{:.2000}", outcome.output);
    }
}

/// 700 entries, each in the one before: a build whose time is cubic in that takes minutes.
#[test]
fn entries_in_entries_are_built_in_time() {
    for kind in ["directory", "tmpfs"] {
        let nested: String =
            (1..=700).map(|depth| format!("'{}' = {{ {kind} = true }}\n", "/a".repeat(depth))).collect();
        let text = format!("{HEAD}[filesystem.mounts]\n{nested}");
        let outcome = bounded(&["build", "x.sandbox.toml", "--plan", "p"], &text);
        assert_eq!(outcome.code, Some(0), "{kind}: {:.2000}", outcome.output);
    }
}

#[test]
fn a_variable_has_one_value_from_outside() {
    let text = format!("{HEAD}[vars]\na = 'x'\n[process.env]\nA = \"${{a}}\"\n");
    let outcome = bounded(&["check", "x.sandbox.toml", "--var", "a=1", "--var", "a=2"], &text);
    assert_eq!(outcome.code, Some(2), "{}", outcome.output);
    assert!(outcome.output.contains("two values"), "{}", outcome.output);
}

/// A directory that was removed has no path; a spec that is named by an absolute one is checked anyway.
#[test]
fn a_working_directory_that_was_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.sandbox.toml");
    std::fs::write(&path, HEAD).unwrap();
    let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" check \"$1\"";
    let mut check = Command::new("sh");
    check.args(["-c", script, env!("CARGO_BIN_EXE_boxwright")]).arg(&path).current_dir(directory.path());
    let output = check.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn not_text() {
    refuses("nul", b"version = 1\nna\0me = 1", 2, "nul.sandbox.toml:2:3: has a NUL");
    refuses("bom", b"\xef\xbb\xbfversion = 1\n", 2, "has a byte order mark");
    refuses("latin-1", b"version = 1\nname = \"\xc3\xa4\xe4\"", 2, "latin-1.sandbox.toml:2:10: is not UTF-8");
    refuses(
        "utf-16",
        "version".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        2,
        "has a NUL",
    );
    refuses("cut-off", b"version = 1 # \xf0\x9f\xa6", 2, "1:15: is not UTF-8");
    refuses("elf", std::fs::read(env!("CARGO_BIN_EXE_boxwright")).unwrap(), 2, "is larger than 1024 KiB");
}

#[test]
fn not_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(format!("{name}.sandbox.toml"));
    let refused = |path: &Path, words: &str| {
        let outcome = check(path, &[], Stdio::null());
        assert_eq!(outcome.code, Some(2), "{}", outcome.output);
        assert!(outcome.output.contains(words), "{}", outcome.output);
    };
    nix::unistd::mkfifo(&path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    refused(&path("fifo"), "is a FIFO, not a file");
    let _listener = UnixListener::bind(path("socket")).unwrap();
    refused(&path("socket"), "is a socket, not a file");
    std::os::unix::fs::symlink("/dev/zero", path("link")).unwrap();
    refused(&path("link"), "is a device, not a file");
    std::os::unix::fs::symlink("link-to-nothing", path("dangling")).unwrap();
    refused(&path("dangling"), "No such file");
    refused(Path::new("/dev/zero"), "is a device, not a file");
    refused(Path::new("/dev/tty"), "is a device, not a file");
    let sparse = std::fs::File::create(path("sparse")).unwrap();
    sparse.set_len(100 << 20).unwrap();
    refused(&path("sparse"), "is larger than 1024 KiB");
    let error = Source::read(directory.path()).unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::Input(InputError::NotAFile("a directory"))), "{error}");
}

#[test]
fn the_largest_file_is_read_and_one_byte_more_is_not() {
    let text = format!("{HEAD}#{}", "x".repeat(MAX_BYTES - HEAD.len() - 1));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("largest.sandbox.toml");
    std::fs::write(&path, &text).unwrap();
    let outcome = check(&path, &[], Stdio::null());
    assert_eq!(outcome.code, Some(0), "{:.2000}", outcome.output);
    std::fs::write(&path, text + "x").unwrap();
    assert_eq!(check(&path, &[], Stdio::null()).code, Some(2));
}

/// Cut anywhere and with any character changed, a spec is understood or refused, and what is found can be shown.
#[test]
fn no_cut_and_no_change_panics() {
    let text = include_str!("fixtures/good/everything.sandbox.toml");
    let page = include_str!("specs/language.sandbox.toml");
    let odd = [
        '"', '[', ']', '{', '}', '=', '.', ',', '\'', '\\', '#', '\n', '\r', '-', '9', ' ', 'x', '\u{e4}',
        '\u{202e}', '\u{1b}',
    ];
    let cut = |text: &str, at: usize| text[..at].to_owned();
    let changed =
        |text: &str, at: usize| format!("{}{}{}", &text[..at], odd[at % odd.len()], &text[at + 1..]);
    for at in (0..text.len()).filter(|at| text.is_ascii() || text.is_char_boundary(*at)) {
        shows(cut(text, at));
        shows(changed(text, at));
    }
    for at in (0..page.len()).step_by(7) {
        shows(cut(page, at));
        shows(changed(page, at));
    }
}

fn shows(text: String) {
    let source = Source::new("x.sandbox.toml", text);
    let understood = understand(&source);
    let source = &understood.source;
    assert_eq!(
        understood.policy.is_none(),
        understood.findings.iter().any(Diagnostic::is_error),
        "{}",
        source.text
    );
    for finding in &understood.findings {
        assert!(
            finding.span.start <= finding.span.end && finding.span.end <= source.text.len(),
            "{finding:?}"
        );
    }
    let shown = render_full(source, &understood.findings, Style::default())
        + &render_concise(source, &understood.findings, Style::default());
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown}");
    let files = [Checked::new(source.clone(), understood.findings.clone())];
    let run = Run { files: &files, ignored: &[], rules: &[], root: Path::new("/"), fails: None };
    for render in [render_json, render_sarif, render_gitlab, render_github, render_junit] {
        let shown = render(&run);
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown}");
    }
}

#[test]
fn endless_standard_input() {
    let zero = std::fs::File::open("/dev/zero").unwrap();
    let outcome = check(Path::new("-"), &[], zero.into());
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.output.contains("is larger than 1024 KiB"), "{}", outcome.output);
}

#[test]
fn terminal_sequences_everywhere() {
    for active in [
        "\u{1b}[31m",
        "\u{1b}]0;x\u{7}",
        "\u{9b}31m",
        "\u{7f}",
        "\r\u{1b}[2K",
        "\u{202e}",
        "\u{2066}",
        "\u{e0041}",
    ] {
        refuses("value", format!("{HEAD}root = \"{active}\""), 1, "error");
        refuses("key", format!("{HEAD}\"{active}\" = 1"), 1, "error");
        refuses("bare-key", format!("{HEAD}{active} = 1"), 1, "error");
        refuses("comment", format!("{HEAD}x = 1 # {active}"), 1, "error");
        refuses("section", format!("{HEAD}[\"{active}\"]"), 1, "error");
        refuses(
            "destination",
            format!("{HEAD}[filesystem.mounts]\n\"/{active}/\" = {{ bind = 1 }}"),
            1,
            "error",
        );
        refuses(&format!("file-name-{active}"), "version = 2", 1, "error");
        refuses(&format!("not-utf-8-{active}"), b"\xff", 2, "is not UTF-8");
        let escaped: String = active.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
        refuses("escaped-value", format!("{HEAD}root = \"{escaped}\""), 1, "error");
        refuses("escaped-key", format!("{HEAD}\"{escaped}\" = 1"), 1, "error");
    }
}

#[test]
fn a_reader_that_goes_away() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_boxwright"))
        .args(["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(lines(|n| format!("k{n}=1\n")).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panic"));
}

/// Paths that lead elsewhere than they seem to, or nowhere, wherever one may stand.
#[test]
fn odd_paths() {
    let long = "/a".repeat(2100);
    let component = format!("/{}", "x".repeat(300));
    for (path, words) in [
        ("", "the path is empty"),
        ("a", "is not absolute"),
        ("/..", "contains `..`"),
        ("/a/../b", "contains `..`"),
        ("/./a", "contains `.`"),
        ("//", "contains `//`"),
        ("/a//b", "contains `//`"),
        ("/a/", "ends with `/`"),
        ("/\\u0000", "contains a NUL"),
        (&long, "is too long"),
        (&component, "has a component that is too long"),
    ] {
        let refuses = |name, text: String| refuses_in(&["concise"], name, text, 1, words);
        refuses("granted", format!("{HEAD}read_only = [\"{path}\"]"));
        refuses("destination", format!("{HEAD}[filesystem.mounts]\n\"{path}\" = {{ tmpfs = true }}"));
        refuses("root", format!("{HEAD}root = {{ path = \"{path}\", overlay = 'memory' }}"));
        refuses("program", HEAD.replace("/usr/bin/id", path));
    }
}

/// What looks like a key, to people and not to the compiler: another alphabet's letter, a ligature, another case, a space.
#[test]
fn look_alikes() {
    for key in ["pr\u{43e}cess", "\u{fb01}lesystem", "Process", "process ", "process\u{301}"] {
        refuses_in(&["concise"], "look-alike", format!("\"{key}\" = 1\n{HEAD}"), 1, "unknown key");
    }
}

/// Ten thousand rules on one system call: values that join, values that cannot, and two that contradict each other at
/// the end.
#[test]
fn ten_thousand_rules() {
    let rule = |n: usize, action: &str, args: &str| {
        format!("r{n}={{names=['ioctl'],action='{action}',args=[{args}]}}\n")
    };
    let cmd = |value: usize| format!("{{index=1,op='eq',value={value}}}");
    let spec = |last: &str, args: &dyn Fn(usize) -> String| {
        let rules: String = (0..9_999).map(|n| rule(n, "log", &args(n))).collect();
        format!("{HEAD}[seccomp.rules]\n{rules}{last}")
    };
    refuses_in(
        &["concise"],
        "contradiction",
        spec(&rule(9_999, "kill_process", &cmd(5_000)), &cmd),
        1,
        "`seccomp.rules.r5000` and `seccomp.rules.r9999` answer `ioctl(0, 0x1388, 0)` differently",
    );
    let scattered = |n: usize| cmd(n * 97) + &format!(",{{index=2,op='eq',value={n}}}");
    refuses_in(&["concise"], "scattered", spec("", &scattered), 1, "error[filter-too-large]");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("joined.sandbox.toml");
    std::fs::write(&path, spec("", &cmd)).unwrap();
    let outcome = check(&path, &[], Stdio::null());
    assert_eq!(outcome.code, Some(0), "{:.2000}", outcome.output);
}
