//! Privileges, with no filter to hide what another layer lets through: looked at from inside, and from the host.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Answers, Need, Run, Spec, Stage};
use crate::life::{expect_gone, kill_launcher, marked, processes_with, ready};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];
/// Only root makes what others must not gain from, and launches as both.
const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "privilege/capabilities-are-the-specs", needs: USER_NAMESPACES, run: capabilities },
    Test { name: "privilege/bounding-set-is-read-again", needs: USER_NAMESPACES, run: bounding_set },
    Test { name: "privilege/seen-from-the-host", needs: ROOT, run: seen_from_the_host },
    Test { name: "privilege/row-14-cve-2022-29162-inheritable-set-is-empty", needs: ROOT, run: inheritable },
    Test { name: "privilege/row-16-cve-2026-30892-ids-are-the-specs", needs: ROOT, run: ids },
    Test { name: "privilege/row-2-cve-2016-9962-only-the-program-is-dumpable", needs: ROOT, run: dumpable },
    Test {
        name: "privilege/row-37-no-launcher-with-file-capabilities",
        needs: ROOT,
        run: privileged_launcher,
    },
    Test { name: "privilege/set-user-id-programs", needs: ROOT, run: setuid_program },
    Test { name: "privilege/file-capabilities", needs: ROOT, run: file_capabilities },
    Test { name: "privilege/row-35-supplementary-groups-are-dropped", needs: ROOT, run: groups },
    Test { name: "privilege/row-36-host-root-is-not-inside", needs: ROOT, run: host_root },
    Test { name: "privilege/row-49-keys-of-the-caller-are-not-inside", needs: USER_NAMESPACES, run: keys },
    Test {
        name: "privilege/row-60-variables-of-the-linker-are-not-passed",
        needs: USER_NAMESPACES,
        run: linker,
    },
];

const SETS: [&str; 5] = ["permitted", "effective", "inheritable", "bounding", "ambient"];

/// The securebits of capabilities(7): uid 0 gets nothing at exec, nothing more can become ambient, and every bit is locked.
const LOCKED: &str = "eb";

fn open(spec: &str) -> Spec {
    Spec::new(&PLAIN.replace("allow = ['@system-service']", "default_action = 'allow'")).with(spec)
}

/// Id 0 inside, who is nobody outside.
const ROOT_INSIDE: &str = "
    process.user = { uid = 0, gid = 0 }
    [namespaces.user]
    uid_mappings = [{ container_id = 0, host_id = 65534, size = 1 }]
    gid_mappings = [{ container_id = 0, host_id = 65534, size = 1 }]
";

fn capabilities(stage: &Stage) {
    for (user, uid) in [(ROOT_INSIDE, "0,0,0"), ("process.user = { uid = 990, gid = 990 }", "990,990,990")] {
        for (names, mask) in
            [("[]", "0"), ("['CAP_CHOWN', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_PTRACE']", "80401")]
        {
            let spec = open(user).with(&format!("process.capabilities = {names}"));
            let answers = stage.ask(spec, &["identity"]);
            answers.expect(&[("uid", uid), ("securebits", LOCKED), ("no_new_privs", "1"), ("seccomp", "0")]);
            answers.expect(&SETS.map(|set| (set, mask)));
        }
    }
}

/// A launcher by either person: root, and 65534.
fn as_both(stage: &Stage, conditions: &[&str], launcher: &Path) -> [Run; 2] {
    let user = [&["user=65534"], conditions].concat();
    [stage.start(conditions, launcher), stage.start(&user, launcher)]
}

fn ask_both(stage: &Stage, conditions: &[&str], spec: Spec, questions: &[&str]) -> [Answers; 2] {
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    let launcher = stage.build(&spec.asking(&stage.site, &questions));
    as_both(stage, conditions, &launcher).map(|run| {
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        run.answers()
    })
}

/// A field of /proc/PID/status.
fn field(pid: i32, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs a sandbox until it was looked at: at its program, and at pid 1 of its pid namespace.
fn look(stage: &Stage, spec: Spec, look: impl Fn(i32, i32)) {
    let (launcher, mark) = marked(stage, spec, "sleep=60000");
    let mut child = stage.spawn(&launcher, &[]);
    ready(&mut child);
    let program = processes_with(&mark).into_iter().next_back().expect("the program");
    let parent = field(program, "PPid:").parse().expect("a parent");
    look(program, parent);
    kill_launcher(child);
    expect_gone(&mark);
}

/// What is around the launcher may answer PR_CAPBSET_DROP with anything, a success included, and keep the capability.
fn bounding_set(stage: &Stage) {
    let launcher = stage.build(&Spec::new(PLAIN).asking(&stage.site, &["identity".to_owned()]));
    for errno in [0, 1, 22, 38] {
        let run = stage.start(&[&format!("prctl_answers=24:{errno}")], &launcher);
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{errno}: {}", run.stderr);
        assert!(run.stderr.contains("bound capabilities: "), "{errno}: {}", run.stderr);
    }
}

fn seen_from_the_host(stage: &Stage) {
    let grant = "process.capabilities = ['CAP_CHOWN', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_PTRACE']";
    for user in [ROOT_INSIDE, "process.user = { uid = 990, gid = 990 }"] {
        look(stage, open(user).with(grant), |program, reaper| {
            let id = if user == ROOT_INSIDE { 65534 } else { 990 };
            for (pid, set) in [(program, "0000000000080401"), (reaper, "0000000000000000")] {
                for name in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
                    assert_eq!(field(pid, name), set, "{name} of {pid}");
                }
                // What pid 1 may not gain from an exec that its filter refuses.
                assert_eq!(field(pid, "CapBnd:"), "0000000000080401", "of {pid}");
                assert_eq!(field(pid, "NoNewPrivs:"), "1", "of {pid}");
                for name in ["Uid:", "Gid:"] {
                    assert_eq!(field(pid, name), [id; 4].map(|id: u32| id.to_string()).join(" "), "of {pid}");
                }
            }
            assert_eq!([field(program, "Seccomp:"), field(reaper, "Seccomp:")], ["0", "2"]);
        });
    }
}

/// What the caller could hand on through exec.
fn inheritable(stage: &Stage) {
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let control =
        stage.run(&stage.ground.probe, &["--start", "inheritable", "--", probe, "identity"]).answers();
    assert_ne!((control.get("inheritable"), control.get("ambient")), ("0", "0"));
    let in_place = in_place(stage).with("seccomp.default_action = 'allow'");
    for spec in [open(""), open(ROOT_INSIDE), in_place] {
        let launcher = stage.build(&spec.asking(&stage.site, &["identity".to_owned()]));
        let run = stage.start(&["inheritable"], &launcher);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        run.answers().expect(&SETS.map(|set| (set, "0")));
    }
}

/// Ids at the edges of what there is, none of which may be read as another.
fn ids(stage: &Stage) {
    for (uid, gid) in [(1, 4_294_967_294_u32), (4_294_967_294, 1), (2_147_483_648, 65536)] {
        let spec = open(&format!("process.user = {{ uid = {uid}, gid = {gid} }}"));
        look(stage, spec.clone(), |program, _| {
            assert_eq!(field(program, "Uid:"), [uid; 4].map(|id: u32| id.to_string()).join(" "));
            assert_eq!(field(program, "Gid:"), [gid; 4].map(|id| id.to_string()).join(" "));
        });
        for answers in ask_both(stage, &[], spec, &["identity"]) {
            answers.expect(&[("uid", &format!("{uid},{uid},{uid}")), ("gid", &format!("{gid},{gid},{gid}"))]);
        }
    }
}

/// The files in /proc of a process that is not dumpable belong to root (proc(5)).
fn dumpable(stage: &Stage) {
    let owner = |pid: i32| fs::metadata(format!("/proc/{pid}/environ")).expect("a process").uid();
    look(stage, open(""), |program, reaper| {
        assert_eq!([owner(program), owner(reaper)], [65534, 0], "of the program, and of the reaper");
    });
    for answers in ask_both(stage, &[], open(""), &["identity"]) {
        answers.expect(&[("dumpable", "1")]);
    }
}

/// A copy that anybody can execute.
fn copy(stage: &Stage, of: &Path, name: &str, mode: u32) -> PathBuf {
    let copy = stage.directory().join(name);
    fs::copy(of, &copy).expect("a copy");
    fs::set_permissions(&copy, Permissions::from_mode(mode)).expect("chmod");
    copy
}

/// As one that is set-user-ID.
fn privileged_launcher(stage: &Stage) {
    let launcher = stage.build(&open("").asking(&stage.site, &["identity".to_owned()]));
    let plain = copy(stage, &launcher, "plain", 0o755);
    assert_eq!(stage.start(&["user=65534"], &plain).status, 0);
    let capable = copy(stage, &launcher, "capable", 0o755);
    grant(&capable);
    for copy in [copy(stage, &launcher, "group", 0o2755), capable] {
        let run = stage.start(&["user=65534"], &copy);
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", copy.display());
        assert!(run.stderr.contains("refusing to run setuid"), "{}", run.stderr);
    }
}

/// `CAP_SYS_CHROOT` in the permitted set of whoever executes it. With VFS_CAP_FLAGS_EFFECTIVE, too, the kernel would refuse to
/// execute it where the bounding set has not all of them.
fn grant(file: &Path) {
    // `linux/capability.h`: struct vfs_cap_data, revision 2.
    let data: Vec<u8> =
        [0x0200_0000_u32, 1 << 18, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    let path = std::ffi::CString::new(file.to_str().expect("a plain path")).expect("no NUL");
    let name = c"security.capability".as_ptr();
    // SAFETY: both strings end in NUL, and the kernel reads as many bytes of the data as it has.
    let result = unsafe { nix::libc::setxattr(path.as_ptr(), name, data.as_ptr().cast(), data.len(), 0) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

/// What a copy of the probe finds itself to be: started by 65534 on the host, and in sandboxes by either person.
fn privileged_program(stage: &Stage, copy: &Path, on_the_host: (&str, &str)) {
    let path = copy.to_str().expect("a plain path");
    let control = ["--start", "user=65534", "--", path, "identity"];
    let control = stage.run(&stage.ground.probe, &control);
    let (key, value) = on_the_host;
    assert_eq!(control.answers().get(key), value, "the control: it gains nothing on the host either");
    let bound =
        format!("process.args = ['/copy', 'identity']\nfilesystem.mounts.'/copy' = {{ bind = '{path}' }}");
    let visible = format!("process.args = ['{path}', 'identity']");
    let in_place = in_place(stage).with("seccomp.default_action = 'allow'");
    for spec in [
        open(&bound),
        // On a mount with neither nosuid nor a user namespace around it no_new_privs holds alone.
        in_place.with(&visible),
        open(&visible).with("filesystem.root = 'host'"),
    ] {
        for run in as_both(stage, &[], &stage.build(&spec)) {
            assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
            let answers = run.answers();
            answers.expect(&[("uid", "65534,65534,65534"), ("gid", "65534,65534,65534")]);
            answers.expect(&[
                ("permitted", "0"),
                ("effective", "0"),
                ("ambient", "0"),
                ("no_new_privs", "1"),
            ]);
        }
    }
}

fn setuid_program(stage: &Stage) {
    let copy = copy(stage, &stage.ground.probe, "setuid", 0o6755);
    privileged_program(stage, &copy, ("uid", "65534,0,0"));
}

fn file_capabilities(stage: &Stage) {
    let copy = copy(stage, &stage.ground.probe, "capable", 0o755);
    grant(&copy);
    privileged_program(stage, &copy, ("permitted", "40000"));
}

/// Root drops what it has, and what the spec names is exact.
fn groups(stage: &Stage) {
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let caller = "groups=3";
    let control = stage.run(&stage.ground.probe, &["--start", caller, "--", probe, "identity"]).answers();
    control.expect(&[("groups", "1000,1001,1002")]);
    let in_place = in_place(stage).with("seccomp.default_action = 'allow'");
    for spec in [open(""), open(ROOT_INSIDE), in_place] {
        let launcher = stage.build(&spec.asking(&stage.site, &["identity".to_owned()]));
        stage.start(&[caller], &launcher).answers().expect(&[("groups", "")]);
    }
}

/// What may be written by the host's root is not written by anybody inside, whatever the id is called there.
fn host_root(stage: &Stage) {
    let question = "open=/proc/sys/kernel/core_pattern,write";
    stage.outside(&[question.to_owned()]).expect(&[("write./proc/sys/kernel/core_pattern", "ok")]);
    let spec = open(ROOT_INSIDE).with("filesystem.proc = 'own'");
    for answers in ask_both(stage, &[], spec, &[question, "maps", "identity"]) {
        answers.expect(&[("uid", "0,0,0"), ("uid_map", "0 65534 1"), ("gid_map", "0 65534 1")]);
        assert_ne!(answers.get("write./proc/sys/kernel/core_pattern"), "ok");
    }
}

fn keys(stage: &Stage) {
    let name = format!("boxwright-{}", stage.site.key);
    let (add, find) = (format!("session_key={name}"), format!("find_key={name}"));
    let key = format!("key.{name}");
    for (keyring, expected) in [("inherit", "ok"), ("new", "ENOKEY")] {
        for spec in [open(""), in_place(stage).with("seccomp.default_action = 'allow'")] {
            let spec = spec.with(&format!("process.keyring = '{keyring}'"));
            let launcher = stage.build(&spec.asking(&stage.site, std::slice::from_ref(&find)));
            let run = stage.start(&[&add], &launcher);
            assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
            assert_eq!(run.answers().get(&key), expected, "keyring = {keyring}");
        }
    }
}

fn linker(stage: &Stage) {
    let variables = [
        "LD_PRELOAD=/x.so",
        "LD_LIBRARY_PATH=/x",
        "LD_AUDIT=/x.so",
        "GLIBC_TUNABLES=x=y",
        "BASH_ENV=/x",
        "IFS=x",
    ];
    let conditions: Vec<String> = variables.map(|variable| format!("environment={variable}")).to_vec();
    let conditions: Vec<&str> = conditions.iter().map(String::as_str).collect();
    let questions = ["environment".to_owned()];
    let launcher = stage.build(&open("").asking(&stage.site, &questions));
    let run = stage.start(&conditions, &launcher);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert_eq!(run.answers().under("env.").count(), 0, "{}", run.stdout);
    // The control: the same conditions reach a program that no launcher stands before.
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let arguments = [&["--start"], &conditions[..], &["--", probe, "environment"]].concat();
    assert_eq!(stage.run(&stage.ground.probe, &arguments).answers().under("env.").count(), variables.len());
}
