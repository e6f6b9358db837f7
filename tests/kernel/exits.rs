//! How launchers end: the program's own status, and the errors of a sandbox that could not be.

use crate::Test;
use crate::harness::{Need, Run, Spec, Stage};

pub const TESTS: &[Test] = &[
    Test { name: "exit/own-status", needs: &[Need::UserNamespaces], run: own_status },
    Test { name: "exit/own-status-in-place", needs: &[], run: own_status_in_place },
    Test { name: "exit/not-found", needs: &[Need::UserNamespaces], run: not_found },
    Test { name: "exit/not-executable", needs: &[Need::UserNamespaces], run: not_executable },
    Test { name: "exit/interpreter-missing", needs: &[Need::UserNamespaces], run: interpreter_missing },
    Test { name: "exit/source-missing", needs: &[Need::UserNamespaces], run: source_missing },
    Test { name: "exit/optional-source", needs: &[Need::UserNamespaces], run: optional_source },
    Test {
        name: "exit/optional-is-about-absence",
        needs: &[Need::UserNamespaces, Need::Unprivileged],
        run: optional_is_about_absence,
    },
    Test { name: "exit/caller-is-root", needs: &[Need::Root], run: caller_is_root },
    Test { name: "exit/host-root-in-words-only", needs: &[Need::Root], run: host_root_in_words_only },
    Test { name: "exit/arguments", needs: &[Need::UserNamespaces], run: arguments },
];

/// A sandbox with nothing in it; tests merge into it what they look at.
pub const PLAIN: &str = "
    version = 1
    name = 'plain'
    [process]
    args = ['/probe']
    user = { uid = 65534, gid = 65534 }
    [seccomp]
    allow = ['@system-service']
";

fn probing(stage: &Stage, spec: Spec, question: &str) -> Run {
    stage.launch(&spec.asking(&stage.site, &[question.to_owned()]))
}

fn own_status(stage: &Stage) {
    each_status(stage, &Spec::new(PLAIN));
}

fn own_status_in_place(stage: &Stage) {
    each_status(stage, &in_place(stage));
}

/// A spec that needs no namespace. Who is neither root nor 65534 cannot become another user for it.
pub fn in_place(stage: &Stage) -> Spec {
    let spec = Spec::demonstration("no-privileges")
        .with("process.stdin = 'inherit'\nseccomp.allow = ['@system-service']");
    if stage.person.word() == "other" { spec.with("process.user = 'caller'") } else { spec }
}

fn each_status(stage: &Stage, spec: &Spec) {
    for (question, status) in
        [("exit=0", 0), ("exit=7", 7), ("exit=255", 255), ("kill=9", 137), ("kill=15", 143)]
    {
        let run = probing(stage, spec.clone(), question);
        assert_eq!((run.status, run.stderr.as_str()), (status, ""), "{question}");
    }
}

/// The one line on standard error, with its spec line, step, object and errno.
#[track_caller]
fn expect_line(run: &Run, status: i32, start: &str, end: &str) {
    assert_eq!(run.status, status, "{}", run.stderr);
    let line = run.stderr.strip_suffix('\n').unwrap_or_default();
    // A remedy may follow the errno.
    let (line, remedy) = line.split_once("; ").unwrap_or((line, ""));
    assert!(line.starts_with(start) && line.ends_with(end) && !remedy.contains('\n'), "{:?}", run.stderr);
}

fn not_found(stage: &Stage) {
    let launcher = stage.build_text("web", NOT_THERE);
    let run = stage.run(&launcher, &[]);
    expect_line(&run, 127, "web: web.sandbox.toml:4:", "/usr/bin/nowhere: No such file or directory");
}

const NOT_THERE: &str = "version = 1
name = 'web'
[process]
args = ['/usr/bin/nowhere']
user = { uid = 65534, gid = 65534 }
[filesystem]
base = 'usr'
";

fn not_executable(stage: &Stage) {
    let data = stage.directory().join("data");
    std::fs::write(&data, "no program").expect("a file");
    let spec = Spec::new(PLAIN).with(&format!(
        "process.args = ['/data']\nfilesystem.mounts.'/data' = {{ bind = '{}' }}",
        data.display()
    ));
    for (mode, errno) in [(0o644, "/data: Permission denied"), (0o755, "/data: Exec format error")] {
        std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("chmod");
        expect_line(&stage.launch(&spec), 126, "plain: spec.sandbox.toml:", errno);
    }
}

fn interpreter_missing(stage: &Stage) {
    // The compiler is a dynamic program, and the root has no libraries.
    let compiler = stage.ground.compiler.display();
    let spec = Spec::new(PLAIN).with(&format!(
        "process.args = ['/boxwright']\n[filesystem.mounts]\n'/boxwright' = {{ bind = '{compiler}' }}"
    ));
    let run = stage.launch(&spec);
    assert_eq!(run.status, 127, "{}", run.stderr);
    assert!(run.stderr.contains("interpreter"), "{}", run.stderr);
}

const MISSING: &str = "version = 1
name = 'web'

[process]
args = ['/bin/true']
user = { uid = 65534, gid = 65534 }

[filesystem]
base = 'usr'

[filesystem.mounts]
'/srv' = { bind = '/does/not/exist' }
";

fn source_missing(stage: &Stage) {
    let launcher = stage.build_text("web", MISSING);
    let run = stage.run(&launcher, &[]);
    expect_line(&run, 125, "web: web.sandbox.toml:12:", ": open /does/not/exist: No such file or directory");
}

fn optional_source(stage: &Stage) {
    let spec =
        Spec::new(PLAIN).with("filesystem.mounts.'/srv' = { bind = '/does/not/exist', optional = true }");
    stage.ask(spec, &["list=/"]).expect(&[("list./", "probe")]);
}

fn optional_is_about_absence(stage: &Stage) {
    // What another user's process has open is refused to everybody but root, and to him in a user namespace too.
    let spec =
        Spec::new(PLAIN).with("filesystem.mounts.'/srv' = { bind = '/proc/1/cwd/srv', optional = true }");
    let run = probing(stage, spec, "identity");
    expect_line(&run, 125, "plain: spec.sandbox.toml:", "open /proc/1/cwd/srv: Permission denied");
}

fn caller_is_root(stage: &Stage) {
    let run = probing(stage, Spec::new(PLAIN).with("process.user = 'caller'"), "identity");
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("uid 0"), "{}", run.stderr);
}

/// Launched by root, an id 0 without a mapping would be the host's: user, group or supplementary group.
fn host_root_in_words_only(stage: &Stage) {
    for user in
        ["{ uid = 0, gid = 0 }", "{ uid = 65534, gid = 0 }", "{ uid = 65534, gid = 65534, groups = [0] }"]
    {
        let run = probing(stage, Spec::new(PLAIN).with(&format!("process.user = {user}")), "identity");
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{user}: {}", run.stderr);
        assert!(run.stderr.contains("process.user: id 0 without a mapping"), "{user}: {}", run.stderr);
    }
}

fn arguments(stage: &Stage) {
    let spec = Spec::new(PLAIN).asking(&stage.site, &["note=own".to_owned()]);
    let open = stage.build_text("open", &spec.clone().with("process.append_args = true").text());
    let run = stage.run(&open, &["note=appended", "environment"]);
    run.answers().expect(&[("note", "appended"), ("argc", "4"), ("argv0", "/probe")]);
    let closed = stage.build_text("closed", &spec.text());
    let run = stage.run(&closed, &["note=appended"]);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
}
