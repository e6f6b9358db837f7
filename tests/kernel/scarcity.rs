//! Starts where something is missing, limits, capabilities, parts of the tree or system calls: the sandbox is whole, or
//! there is none and a line says what was missing.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Need, Run, Spec, Stage};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const NAMESPACES: &[Need] = &[Need::UserNamespaces];
const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];
const ORDINARY: &[Need] = &[Need::Unprivileged, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "scarcity/every-descriptor-in-use", needs: NAMESPACES, run: descriptors_in_use },
    Test { name: "scarcity/few-descriptors", needs: NAMESPACES, run: few_descriptors },
    Test { name: "scarcity/memory", needs: NAMESPACES, run: memory },
    Test { name: "scarcity/one-process", needs: ORDINARY, run: one_process },
    Test { name: "scarcity/large-environment", needs: NAMESPACES, run: large_environment },
    Test { name: "scarcity/traced", needs: NAMESPACES, run: traced },
    Test { name: "scarcity/system-calls", needs: NAMESPACES, run: system_calls },
    Test { name: "scarcity/system-calls-in-place", needs: &[], run: system_calls_in_place },
    Test { name: "scarcity/system-calls-of-run", needs: NAMESPACES, run: system_calls_of_run },
    Test { name: "scarcity/nothing-can-be-written", needs: ROOT, run: nothing_can_be_written },
    Test { name: "scarcity/securebits", needs: ROOT, run: securebits },
    Test { name: "scarcity/empty-bounding-set", needs: ROOT, run: empty_bounding_set },
    Test { name: "scarcity/many-groups", needs: ROOT, run: many_groups },
    Test { name: "scarcity/no-proc", needs: ROOT, run: no_proc },
    Test { name: "scarcity/row-10-cve-2025-52881-false-proc", needs: ROOT, run: false_proc },
    Test { name: "scarcity/covered-proc", needs: ROOT, run: covered_proc },
    Test { name: "scarcity/chroot", needs: ROOT, run: chroot },
    Test { name: "scarcity/no-user-namespaces-left", needs: NAMESPACES, run: no_user_namespaces_left },
];

/// A launcher whose program says who it is, as `PLAIN` has it.
fn launcher(stage: &Stage, spec: Spec) -> PathBuf {
    stage.build(&spec.asking(&stage.site, &["identity".to_owned()]))
}

/// What it says.
const WHOLE: [(&str, &str); 9] = [
    ("uid", "65534,65534,65534"),
    ("gid", "65534,65534,65534"),
    ("effective", "0"),
    ("permitted", "0"),
    ("bounding", "0"),
    ("ambient", "0"),
    ("no_new_privs", "1"),
    ("seccomp", "2"),
    ("groups", ""),
];

#[track_caller]
fn expect_whole(run: &Run) {
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers().expect(&WHOLE);
}

/// Nothing ran, and one line with the place in the spec says these words.
#[track_caller]
fn expect_none(run: &Run, words: &[&str]) {
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    let line = run.stderr.trim_end();
    assert!(!line.contains('\n') && line.contains(".sandbox.toml:"), "{line}");
    for word in words {
        assert!(line.contains(word), "no `{word}` in: {line}");
    }
}

/// Either, as it may come; a hang ends by a signal, which is neither.
#[track_caller]
fn expect_one_of_both(run: &Run, words: &str) -> bool {
    let whole = run.status == 0;
    if whole {
        expect_whole(run)
    } else {
        expect_none(run, &[words])
    }
    whole
}

fn descriptors_in_use(stage: &Stage) {
    let limits = stage.outside(&["rlimits".to_owned()]);
    let hard = limits.get("rlimit.7").split(',').next_back().expect("a hard limit");
    let hard: u64 = hard.parse().unwrap_or(u64::MAX).min(20_000);
    let spec = || Spec::new(PLAIN).with("filesystem.dev = 'minimal'");
    let own = stage.build(&spec().asking(&stage.site, &["identity".to_owned(), "descriptors".to_owned()]));
    // With room for those of the launch itself, and with room for half of them.
    for (room, whole) in [(64, true), (8, false)] {
        let conditions = [format!("limit=7:{hard}:{hard}"), format!("descriptors={}", hard - room)];
        let run = stage.start(&[&conditions[0], &conditions[1]], &own);
        assert_eq!(expect_one_of_both(&run, "Too many open files"), whole, "{}", run.stderr);
        if whole {
            run.answers().expect(&[("descriptors", "0,1,2")]);
        }
    }
}

fn few_descriptors(stage: &Stage) {
    let own = launcher(stage, Spec::new(PLAIN));
    let whole = (3..=32).filter(|most| {
        let run = stage.start(&[&format!("limit=7:{most}:{most}")], &own);
        expect_one_of_both(&run, "Too many open files")
    });
    let whole: Vec<u32> = whole.collect();
    assert!(whole.contains(&32) && !whole.contains(&3), "{whole:?}");
}

/// The launcher itself lives in 8 MiB; what has no room to be executed the kernel refuses, or kills when it is too late for
/// that (SIGSEGV, SIGKILL). With 16 KiB of stack the program may begin and have too little of it.
fn memory(stage: &Stage) {
    let own = launcher(stage, Spec::new(PLAIN));
    for condition in ["limit=9:8388608:8388608", "limit=3:16384:16384", "limit=2:0:0"] {
        let run = stage.start(&[condition], &own);
        if run.status == 0 {
            expect_whole(&run);
        } else {
            let ended = matches!(run.status, 125 | 126 | 137 | 139);
            let begun = run.status == 139 && condition.starts_with("limit=3:");
            assert!(ended && (begun || run.stdout.is_empty()), "{condition}: {} {}", run.status, run.stderr);
            // Who has begun was in a whole sandbox, as far as it could tell.
            let answers = run.answers();
            for (key, value) in WHOLE {
                assert_eq!(answers.find(key).unwrap_or(value), value, "{condition}: {key}");
            }
        }
    }
    expect_whole(&stage.start(&["limit=9:67108864:67108864"], &own));
}

fn one_process(stage: &Stage) {
    // The limit counts all processes of the user, so the tester's own are too many.
    let run = stage.start(&["limit=6:1:1"], &launcher(stage, Spec::new(PLAIN)));
    expect_one_of_both(&run, "Resource temporarily unavailable; the caller's limit of processes");
    // In place none is made.
    expect_in_place(&stage.start(&["limit=6:1:1"], &launcher(stage, in_place(stage))));
}

#[track_caller]
fn expect_in_place(run: &Run) {
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    run.answers().expect(&[("effective", "0"), ("no_new_privs", "1"), ("seccomp", "2")]);
}

fn large_environment(stage: &Stage) {
    let spec = Spec::new(PLAIN).with("process.env_pass = ['LARGE7', 'LARGE17']");
    let questions = ["identity", "environment"].map(str::to_owned);
    let run = stage.start(&["large_environment=15"], &stage.build(&spec.asking(&stage.site, &questions)));
    expect_whole(&run);
    let answers = run.answers();
    let passed: Vec<_> = answers.under("env.").map(|(name, value)| (name, value.len())).collect();
    assert_eq!(passed, [("LARGE7", 100_000)]);
}

/// A tracer that changes nothing sees a sandbox like any other.
fn traced(stage: &Stage) {
    expect_whole(&lacking(stage, "9999", &launcher(stage, Spec::new(PLAIN))));
}

fn lacking(stage: &Stage, calls: &str, launcher: &Path) -> Run {
    let launcher = launcher.to_str().expect("a plain path");
    stage.run(&stage.ground.probe, &["--lack", calls, "--", launcher])
}

/// What an older kernel or a container's filter may not have, and what step misses it.
const CALLS: [(&str, &str); 11] = [
    ("435", "make new namespaces"),
    ("436", "close"),
    ("437", ""),
    ("428", ""),
    ("429", ""),
    ("430", ""),
    ("442", ""),
    ("250", "join a new session keyring"),
    ("317", "filter"),
    ("157", ""),
    ("53", "connect both sides"),
];

fn system_calls(stage: &Stage) {
    let spec = Spec::new(PLAIN).with("filesystem.dev = 'minimal'\nfilesystem.proc = 'own'");
    let own = launcher(stage, spec);
    for (call, step) in CALLS {
        expect_none(&lacking(stage, call, &own), &[step, "Function not implemented"]);
    }
    // The program's signals are passed on with it, which is no part of the launch.
    expect_whole(&lacking(stage, "424", &own));
}

/// `boxwright run` keeps the launcher in memory: memfd_create.
fn system_calls_of_run(stage: &Stage) {
    launcher(stage, Spec::new(PLAIN));
    let compiler = stage.ground.compiler.to_str().expect("a plain path");
    let lacking = |call| {
        let words = ["--lack", call, "--", compiler, "run", "spec.sandbox.toml"];
        stage.run(&stage.ground.probe, &words)
    };
    expect_whole(&lacking("9999"));
    let run = lacking("319");
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("cannot keep the launcher in memory: ENOSYS"), "{}", run.stderr);
}

fn system_calls_in_place(stage: &Stage) {
    let own = launcher(stage, in_place(stage));
    for call in ["436", "317", "157"] {
        expect_none(&lacking(stage, call, &own), &["Function not implemented"]);
    }
    for call in ["435", "437", "428", "429", "430", "442", "250", "53"] {
        expect_in_place(&lacking(stage, call, &own));
    }
}

fn nothing_can_be_written(stage: &Stage) {
    // The control.
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let file = format!("{}/new", stage.directory().display());
    let question = format!("open={file},make");
    let run = stage.run(&stage.ground.probe, &["--start", "read_only", "--", probe, &question]);
    run.answers().expect(&[(&format!("make.{file}"), "EROFS")]);
    let spec =
        Spec::new(PLAIN).with("filesystem.dev = 'minimal'\nfilesystem.mounts.'/tmp' = { tmpfs = true }");
    expect_whole(&stage.start(&["read_only"], &launcher(stage, spec)));
}

/// NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, each locked, and all of them.
fn securebits(stage: &Stage) {
    let own = launcher(stage, Spec::new(PLAIN));
    let refusal = "uid 0 without CAP_SETUID and CAP_SETGID";
    for (bits, whole) in [(0x3, false), (0xc, true), (0xc0, true), (0xcf, false)] {
        let run = stage.start(&[&format!("securebits={bits}")], &own);
        assert_eq!(expect_one_of_both(&run, refusal), whole, "{bits:x}");
    }
}

fn empty_bounding_set(stage: &Stage) {
    let own = launcher(stage, Spec::new(PLAIN));
    expect_none(&stage.start(&["no_bounding"], &own), &["uid 0 without CAP_SETUID and CAP_SETGID"]);
    // An ordinary user has no use for it: a new user namespace comes with a full one.
    expect_whole(&stage.start(&["no_bounding", "user=65534"], &own));
}

fn many_groups(stage: &Stage) {
    let conditions = ["groups=200"];
    let own = launcher(stage, Spec::new(PLAIN));
    let probe = stage.ground.probe.clone();
    let control =
        stage.run(&probe, &["--start", "groups=200", "--", probe.to_str().expect("a path"), "identity"]);
    assert!(control.answers().get("groups").starts_with("1000,1001,"), "{}", control.stdout);
    expect_whole(&stage.start(&conditions, &own));
}

/// A root with the probe in it and two launchers, `/spec` and `/in-place`.
fn root(stage: &Stage) -> String {
    let root = stage.directory().join("other-root");
    fs::create_dir_all(&root).expect("a directory");
    fs::set_permissions(&root, Permissions::from_mode(0o755)).expect("chmod");
    let launchers = [("spec", Spec::new(PLAIN)), ("in-place", in_place(stage))];
    fs::copy(&stage.ground.probe, root.join("probe")).expect("the probe");
    let mut site = stage.site.clone();
    site.probe = "/probe".into();
    for (name, spec) in launchers {
        let text = spec.asking(&site, &["identity".to_owned()]).text();
        fs::copy(stage.build_text(name, &text), root.join(name)).expect("a launcher");
    }
    root.display().to_string()
}

fn no_proc(stage: &Stage) {
    // Not by chroot(2), in which there are no user namespaces.
    let own = launcher(stage, Spec::new(PLAIN));
    expect_none(&stage.start(&["tmpfs_over=/proc"], &own), &["find /proc: /proc is not a proc file system"]);
    expect_in_place(&stage.start(&["tmpfs_over=/proc"], &launcher(stage, in_place(stage))));
}

/// Directories that look like those of processes.
fn false_proc(stage: &Stage) {
    let proc = stage.directory().join("proc");
    fs::create_dir_all(proc.join("self")).expect("directories");
    for file in ["setgroups", "uid_map", "gid_map"] {
        fs::write(proc.join("self").join(file), "").expect("a file");
        fs::set_permissions(proc.join("self").join(file), Permissions::from_mode(0o666)).expect("chmod");
    }
    let cover = format!("cover={}:/proc", proc.display());
    let run = stage.start(&[&cover, "user=65534"], &launcher(stage, Spec::new(PLAIN)));
    expect_none(&run, &["find /proc: /proc is not a proc file system"]);
    assert_eq!(fs::read_to_string(proc.join("self/uid_map")).expect("the file"), "", "it was written to");
}

/// Something stands over a part of it, as container runtimes do: a new one would show more.
fn covered_proc(stage: &Stage) {
    let own = launcher(stage, Spec::new(PLAIN).with("filesystem.proc = 'own'"));
    expect_none(
        &stage.start(&["tmpfs_over=/proc/sys"], &own),
        &["Operation not permitted; a new proc needs"],
    );
    let without = launcher(stage, Spec::new(PLAIN));
    expect_whole(&stage.start(&["tmpfs_over=/proc/sys"], &without));
}

fn chroot(stage: &Stage) {
    let condition = format!("chroot={}", root(stage));
    expect_none(&stage.start(&[&condition], Path::new("/spec")), &["the launcher runs in a chroot"]);
    expect_in_place(&stage.start(&[&condition], Path::new("/in-place")));
}

/// With a quota of 0, in a user namespace that has its own.
fn no_user_namespaces_left(stage: &Stage) {
    let mapping = "[{ container_id = 65534, host_id = 0, size = 1 }]";
    let spec = Spec::new(PLAIN)
        .with(&format!("[namespaces]\nuser = {{ uid_mappings = {mapping}, gid_mappings = {mapping} }}"));
    let own = launcher(stage, spec);
    let run = stage.start(&["user_namespace"], &own);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let run = stage.start(&["user_namespace", "no_user_namespaces"], &own);
    expect_none(&run, &["make new namespaces: No space left on device", "max_user_namespaces"]);
}
