//! Hostile starts, as a table: whatever a caller left behind, the sandbox is whole or there is none and a line says why.

use crate::Account;
use crate::exits::{PLAIN, in_place};
use crate::files::shared;
use crate::harness::{Answers, Need, Run, Spec, Stage};
use crate::sight::Whole;
use Sandbox::{Any, None, Whole as Same};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// What becomes of a launch.
#[derive(Debug, Clone, Copy)]
enum Sandbox {
    /// It is as from a quiet start.
    Whole,
    /// There is none, and the line for it has these words.
    None(&'static str),
    /// One of both, as the machine has it; or the kernel ends the launcher, and nothing ran.
    Any(&'static str),
}

/// One start.
struct Row {
    name: &'static str,
    needs: &'static [Need],
    /// What the probe does before it executes the launcher; `{}` is the test's directory.
    conditions: &'static [&'static str],
    /// With namespaces of its own, and without.
    ends: [Sandbox; 2],
}

const EVERYBODY: &[Need] = &[Need::UserNamespaces];
const ROOT: &[Need] = &[Need::UserNamespaces, Need::Root];

const fn row(name: &'static str, conditions: &'static [&'static str], ends: [Sandbox; 2]) -> Row {
    Row { name, needs: EVERYBODY, conditions, ends }
}

const fn root(name: &'static str, conditions: &'static [&'static str], ends: [Sandbox; 2]) -> Row {
    Row { name, needs: ROOT, conditions, ends }
}

const FILES: &str = "Too many open files";
const DIRECTORY: &str = "is a directory, from which the whole host could be reached";

const ROWS: &[Row] = &[
    row("quiet", &[], [Same, Same]),
    // Descriptors.
    row("closed-0", &["close=0"], [Same, Same]),
    row("closed-1", &["close=1"], [Same, Same]),
    row("closed-2", &["close=2"], [Same, Same]),
    row("closed-0-1", &["close=0", "close=1"], [Same, Same]),
    row("closed-0-2", &["close=0", "close=2"], [Same, Same]),
    row("closed-1-2", &["close=1", "close=2"], [Same, Same]),
    row("closed-0-1-2", &["close=0", "close=1", "close=2"], [Same, Same]),
    row("stdin-is-a-directory", &["directory_at=0"], [None(DIRECTORY); 2]),
    row("stdin-is-a-device", &["file_at=0:/dev/zero"], [Same, Same]),
    row("stdin-is-memory", &["file_at=0:/proc/self/mem"], [Same, Same]),
    row("stdin-is-a-broken-pipe", &["broken_pipe=0"], [Same, Same]),
    row("stderr-is-full", &["file_at=2:/dev/full"], [Same, Same]),
    row("stderr-is-a-broken-pipe", &["broken_pipe=2"], [Same, Same]),
    row("stderr-is-a-full-pipe", &["full_pipe=2"], [Same, Same]),
    row("stdout-is-a-full-pipe", &["full_pipe=1"], [Same, Same]),
    row("many-descriptors", &["descriptors=19000"], [Same, Same]),
    row("directories-open", &["directory_at=3", "directory_at=77"], [Same, Same]),
    row("no-descriptor", &["limit=7:0:0"], [None(FILES), Any("")]),
    row("three-descriptors", &["limit=7:3:3"], [None(FILES), Any("")]),
    row("four-descriptors", &["limit=7:4:4"], [None(FILES), Any("")]),
    row("five-descriptors", &["limit=7:5:5"], [None(FILES), Any("")]),
    row("six-descriptors", &["limit=7:6:6"], [None(FILES), Any("")]),
    row("eight-descriptors", &["limit=7:8:8"], [Any(FILES), Any("")]),
    // Limits.
    row("no-processor-time", &["limit=0:1:1"], [Same, Same]),
    row("no-file-size", &["limit=1:0:0"], [Any("File too large"), Any("File too large")]),
    row("no-data", &["limit=2:0:0"], [Any("Cannot allocate memory"); 2]),
    row("tiny-stack", &["limit=3:16384:16384"], [Any("Argument list too long"); 2]),
    row("no-core", &["limit=4:0:0"], [Same, Same]),
    // The limit counts what others run as the same user, too.
    row("one-process", &["limit=6:1:1"], [Any("Resource temporarily unavailable"); 2]),
    row("no-locked-memory", &["limit=8:0:0"], [Any("Cannot allocate memory"), Same]),
    row("8-mebibytes-of-addresses", &["limit=9:8388608:8388608"], [Any("Cannot allocate memory"); 2]),
    row("no-locks", &["limit=10:0:0"], [Same, Same]),
    row("no-pending-signals", &["limit=11:0:0"], [Same, Same]),
    row("no-message-queues", &["limit=12:0:0"], [Same, Same]),
    row("no-nice", &["limit=13:0:0", "limit=14:0:0"], [Same, Same]),
    // Signals.
    row("child-ignored", &["ignore=17"], [Same, Same]),
    row("child-blocked", &["block=17"], [Same, Same]),
    row("everything-ignored", &["ignore=1", "ignore=2", "ignore=13", "ignore=15", "ignore=10"], [Same, Same]),
    row("everything-blocked", &["block=1", "block=2", "block=10", "block=11", "block=15"], [Same, Same]),
    row("old-child-signal", &["block=17", "ignore=17", "pending=17"], [Same, Same]),
    row("alarm-is-set", &["alarm=3600"], [Same, Same]),
    row("parent-death-signal", &["parent_death=9"], [Same, Same]),
    row("subreaper", &["child_subreaper"], [Same, Same]),
    // Files.
    row("mask-777", &["umask=777"], [Same, Same]),
    row("mask-0", &["umask=0"], [Same, Same]),
    row("deleted-directory", &["deleted_directory={}"], [Same, Same]),
    root("unreadable-directory", &["cwd={}/unreadable", "user=65534"], [Same, Same]),
    root("directory-outside-of-the-root", &["mount_namespace", "chroot_alone=/", "cwd=/proc"], [Same, Same]),
    root("read-only-everywhere", &["read_only"], [Any("Read-only file system"); 2]),
    root("shared-mounts", &["shared_mounts"], [Same, Same]),
    root("no-proc", &["tmpfs_over=/proc"], [None("/proc is not a proc file system"), Same]),
    root("covered-proc", &["tmpfs_over=/proc/sys"], [None("a new proc needs a fully visible one"), Same]),
    root("false-proc", &["cover={}/proc:/proc"], [None("/proc is not a proc file system"), Same]),
    root("no-sys", &["tmpfs_over=/sys"], [Same, Same]),
    root("no-devices", &["tmpfs_over=/dev"], [None("/dev/"), Any("/dev/")]),
    root("null-is-a-file", &["cover={}/file:/dev/null"], [None("/dev/"), Any("/dev/")]),
    root("null-is-zero", &["cover=/dev/zero:/dev/null"], [None("/dev/"), Any("/dev/")]),
    // Words.
    row("no-arguments", &["no_arguments"], [Same, Same]),
    row("no-environment", &["no_environment"], [Same, Same]),
    row("megabytes-of-environment", &["large_environment=15"], [Same, Same]),
    row("no-path", &["environment=HOME=/"], [Same, Same]),
    row("nonsense-in-environment", &["environment=x", "environment==", "environment="], [Same, Same]),
    row(
        "loader-variables",
        &["environment=LD_PRELOAD=/x", "environment=GLIBC_TUNABLES=x=y", "environment=LD_LIBRARY_PATH=/"],
        [Same, Same],
    ),
    row("listen-variables", &["environment=LISTEN_FDS=3", "environment=LISTEN_PID=1"], [Same, Same]),
    // The kernel's view of the process.
    row("no-new-privileges", &["no_new_privs"], [Same, Same]),
    row("filtered", &["lack=9999"], [Same, Same]),
    row("files-restricted", &["landlock=files"], [None("Landlock"), Same]),
    row("ports-restricted", &["landlock=ports"], [Same, Same]),
    row("addresses-not-random", &["personality=262144"], [Same, Same]),
    row("readable-is-executable", &["personality=4194304"], [Same, Same]),
    row("old-release", &["personality=131072"], [Same, Same]),
    row("linux-32", &["personality=8"], [Same, Same]),
    row("no-write-execute", &["no_write_execute"], [Same, Same]),
    row("no-huge-pages", &["no_huge_pages"], [Same, Same]),
    row("timer-slack", &["timer_slack=1000000000"], [Same, Same]),
    row("batch", &["scheduler=3:0"], [Same, Same]),
    row("idle", &["scheduler=5:0"], [Same, Same]),
    row("nice", &["nice=19"], [Same, Same]),
    row("idle-disk", &["io_class=3"], [Same, Same]),
    row("one-processor", &["affinity=1"], [Same, Same]),
    row("first-to-be-killed", &["oom_score_adj=1000"], [Same, Same]),
    row("session-leader", &["session"], [Same, Same]),
    row("group-leader", &["process_group"], [Same, Same]),
    row("terminal", &["terminal"], [Same, Same]),
    row("background-of-a-terminal", &["terminal", "background"], [Same, Same]),
    row("revoked-keyring", &["revoked_keyring"], [Same, Same]),
    root("real-time", &["scheduler=1:10"], [Same, Same]),
    root("round-robin", &["scheduler=2:99"], [Same, Same]),
    root("many-groups", &["groups=60000"], [Same, Same]),
    root("ambient-capabilities", &["inheritable"], [Same, Same]),
    root("locked-securebits", &["securebits=207"], [None("CAP_SETUID and CAP_SETGID"); 2]),
    root("empty-bounding-set", &["no_bounding"], [None("CAP_SETUID and CAP_SETGID"); 2]),
    // Namespaces.
    root("first-process", &["unshare=20000000", "init"], [None("deny setgroups"), Same]),
    root("own-names", &["unshare=04000000"], [Same, Same]),
    root("own-ipc-network-cgroup", &["unshare=4a000000"], [Same, Same]),
    root("own-clocks", &["unshare=80"], [Same, Same]),
    root("user-namespace", &["user_namespace"], [None("not mapped"), None("not mapped")]),
    root("no-more-user-namespaces", &["user_namespace", "no_user_namespaces"], [None(""), None("")]),
];

/// What the program has from its caller by the spec's own words.
const INHERITED: [&str; 3] = ["descriptor.0=", "descriptor.2=", "ppid="];

/// A group's leader cannot leave its session: the program is its child then, and ends with it.
const FORKED: &[&str] = &["parent_death_signal=9,"];

/// What a program in place shares with its caller besides, and what an outer wall takes from every one, row by row.
const SHARED: &[(&str, &[&str])] = &[
    ("parent-death-signal", &["parent_death_signal="]),
    ("group-leader", FORKED),
    ("terminal", FORKED),
    ("background-of-a-terminal", FORKED),
    ("unreadable-directory", &["bounding=", "securebits="]),
    ("no-proc", &["descriptor."]),
    ("false-proc", &["descriptor."]),
    ("ports-restricted", &["loopback="]),
];

pub fn add(account: &mut Account) {
    account.add("caller/with-namespaces", EVERYBODY, |stage| each_row(stage, 0));
    account.add("caller/in-place", &[], |stage| each_row(stage, 1));
}

/// With every kind of thing that a caller could be in the way of, or with nothing but the program's own attributes.
fn launcher(stage: &Stage, kind: usize) -> PathBuf {
    let said = stage.directory().join("said");
    let spec = if kind == 0 { Spec::new(PLAIN).with(TREE) } else { in_place(stage) };
    let spec = spec.with(&format!(
        "process = {{ stdin = 'inherit', stdout = {{ file = '{}' }}, env = {{ FIXED = 'yes' }}, umask = 0o027 }}",
        said.display()
    ));
    let questions = [
        &["identity", "signals", "place", "environment", "descriptors", "call=165", "call=9999"],
        QUESTIONS[kind],
    ];
    let questions: Vec<String> = questions.concat().iter().map(|&question| question.to_owned()).collect();
    stage.build(&spec.asking(&stage.site, &questions))
}

const TREE: &str = "hostname = 'inside'
    network.loopback = true
    [filesystem]
    base = 'usr'
    proc = 'own'
    dev = 'minimal'
    [filesystem.mounts]
    '/tmp' = { tmpfs = '1MiB' }
    '/etc/text' = { text = 'x' }";

const QUESTIONS: [&[&str]; 2] = [
    &[
        "maps",
        "namespaces",
        "names",
        "network",
        "mounts",
        "list=/",
        "list=/..",
        "list=/dev",
        "list=/tmp",
        "keyring",
    ],
    &[],
];

/// A start and what became of it: how it ended, and what the program said.
struct Start {
    run: Run,
    said: Answers,
}

fn start(stage: &Stage, conditions: &[&str], launcher: &Path) -> Start {
    let said = stage.directory().join("said");
    fs::write(&said, "").expect("a file");
    fs::set_permissions(&said, Permissions::from_mode(0o666)).expect("chmod");
    let directory = stage.directory().display().to_string();
    let conditions: Vec<String> = conditions.iter().map(|text| text.replace("{}", &directory)).collect();
    let conditions: Vec<&str> = conditions.iter().map(String::as_str).collect();
    let run = stage.start(&conditions, launcher);
    let said = Answers::parse(&fs::read_to_string(said).expect("the file"));
    Start { run, said }
}

/// All rows, and what is wrong with any.
fn each_row(stage: &Stage, kind: usize) {
    let launcher = launcher(stage, kind);
    shared(stage, "unreadable");
    shared(stage, "proc");
    fs::create_dir_all(stage.directory().join("proc/self")).expect("a directory");
    fs::write(stage.directory().join("file"), "").expect("a file");
    fs::set_permissions(stage.directory().join("unreadable"), Permissions::from_mode(0o000)).expect("chmod");
    let outside = stage.outside(&["namespaces".to_owned(), "keyring".to_owned()]);
    let quiet = || start(stage, &[], &launcher).said;
    let whole = Whole::new([quiet(), quiet()], &outside, Vec::new());
    let rows = ROWS.iter().filter(|row| stage.person.uid() == 0 || !row.needs.contains(&Need::Root));
    let mut wrong = Vec::new();
    for row in rows {
        let start = start(stage, row.conditions, &launcher);
        if let Err(problem) = judge(row, kind, &start, &whole) {
            let Start { run, .. } = start;
            wrong.push(format!("{}: {problem}: status {} {}", row.name, run.status, run.stderr.trim_end()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(row: &Row, kind: usize, start: &Start, whole: &Whole) -> Result<(), String> {
    let Start { run, said } = start;
    let silent = said.under("").next().is_none();
    let shared = SHARED.iter().find(|(name, _)| *name == row.name).map_or(&[][..], |(_, keys)| keys);
    let shared: Vec<&str> = shared.iter().copied().chain(INHERITED).collect();
    let differences = |all| -> Result<(), String> {
        let mut found = whole.differences(said, all);
        found.retain(|difference| !shared.iter().any(|key| difference.starts_with(key)));
        if found.is_empty() { Ok(()) } else { Err(format!("another sandbox: {}", found.join(", "))) }
    };
    let refused = |words: &str| match run.stderr.trim_end() {
        _ if !silent => Err("something ran".to_owned()),
        line if line.contains('\n') || !line.contains(".sandbox.toml:") => {
            Err("no place in the spec".to_owned())
        }
        line if !line.contains(words) => Err(format!("no `{words}`")),
        _ => Ok(()),
    };
    match (row.ends[kind], run.status) {
        (Same | Any(_), 0) => differences(true),
        (None(words) | Any(words), 125) => refused(words),
        // The kernel ends what it has no room for: SIGKILL, SIGSEGV and SIGXFSZ.
        (Any(_), 126 | 137 | 139 | 153) => differences(false),
        (end, _) => Err(format!("not {end:?}")),
    }
}
