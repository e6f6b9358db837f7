//! Machines that refuse: a container with Docker's defaults, and a user to whom mounts are refused.
//!
//! Ubuntu 24.04 itself is not run: a tracer plays what its AppArmor setting does to programs without a profile, which
//! may make a user namespace and are then refused every mount in it.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Need, Run, Spec, Stage};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Where no user namespace is to be had no container is either.
const CONTAINER: &[Need] = &[Need::Root, Need::UserNamespaces, Need::Program("runc"), Need::Corpora];
const PLAYED: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "refusal/container-demo-reduces", needs: CONTAINER, run: container_demo },
    Test { name: "refusal/container-demo-full", needs: CONTAINER, run: container_demo_full },
    Test { name: "refusal/container-full-spec", needs: CONTAINER, run: container_full_spec },
    Test { name: "refusal/container-in-place", needs: CONTAINER, run: container_in_place },
    Test { name: "refusal/mounts-demo-reduces", needs: PLAYED, run: mounts_demo },
    Test { name: "refusal/mounts-demo-full", needs: PLAYED, run: mounts_demo_full },
    Test { name: "refusal/mounts-full-spec", needs: PLAYED, run: mounts_full_spec },
    Test { name: "refusal/mounts-in-place", needs: PLAYED, run: mounts_in_place },
    Test { name: "demo/full", needs: PLAYED, run: demo_full },
];

/// A demo that reduced: it says what refused and what to do, and every promise of the smaller spec was observed.
#[track_caller]
fn expect_reduced(run: &Run, errno: &str) {
    let said = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.status, 0, "{said}");
    for word in ["REDUCED", errno] {
        assert!(said.contains(word), "no `{word}` in: {said}");
    }
}

/// A launch that was refused: nothing ran, one line with the errno, and a remedy.
#[track_caller]
fn expect_refused(run: &Run, errno: &str, remedy: &str) {
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    for word in ["sandbox.toml:", errno, remedy] {
        assert!(run.stderr.contains(word), "no `{word}` in: {}", run.stderr);
    }
}

fn demo_full(stage: &Stage) {
    for arguments in [&["demo"][..], &["demo", "--require", "full"]] {
        let run = stage.run(&stage.ground.compiler, arguments);
        assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
        assert!(!run.stdout.contains("REDUCED"), "{}", run.stdout);
    }
}

/// mount, move_mount, open_tree, fsopen, fsmount, mount_setattr, umount2 and pivot_root, refused as an AppArmor
/// profile without rules for them does.
const MOUNTS: &str = "165:13,429:1,428:1,430:1,432:1,442:1,166:13,155:13";

fn played(stage: &Stage, refused: &str, program: &Path, arguments: &[&str]) -> Run {
    let program = program.to_str().expect("a plain path");
    stage.run(&stage.ground.probe, &[&["--refuse", refused, "--", program], arguments].concat())
}

fn mounts_demo(stage: &Stage) {
    // The control: the tracer refuses what unshare(1) and every launcher do first.
    let control = played(stage, MOUNTS, &stage.ground.probe, &["user_namespace"]).answers();
    control.expect(&[("user_namespace", "mount: EACCES")]);
    expect_reduced(&played(stage, MOUNTS, &stage.ground.compiler, &["demo"]), "mount");
}

fn mounts_demo_full(stage: &Stage) {
    let run = played(stage, MOUNTS, &stage.ground.compiler, &["demo", "--require", "full"]);
    assert_ne!(run.status, 0, "{}", run.stdout);
    assert!(!run.stdout.contains("REDUCED"), "{}", run.stdout);
}

fn mounts_full_spec(stage: &Stage) {
    let launcher = stage.build(&Spec::new(PLAIN).asking(&stage.site, &["identity".to_owned()]));
    expect_refused(
        &played(stage, MOUNTS, &launcher, &[]),
        "Operation not permitted",
        "templates/apparmor.profile",
    );
}

fn mounts_in_place(stage: &Stage) {
    let launcher = stage.build(&in_place(stage).asking(&stage.site, &["identity".to_owned()]));
    let run = played(stage, MOUNTS, &launcher, &[]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    run.answers().expect(&[("no_new_privs", "1"), ("effective", "0"), ("seccomp", "2")]);
}

/// Runs a command in a container as Docker makes them.
fn contained(stage: &Stage, arguments: &[&str]) -> Run {
    let bundle = stage.directory().join("bundle");
    let root = bundle.join("rootfs");
    for directory in ["usr", "proc", "dev", "sys", "tmp", "etc"] {
        fs::create_dir_all(root.join(directory)).expect("a directory of the container");
    }
    for directory in ["bin", "sbin", "lib", "lib64"] {
        symlink(format!("usr/{directory}"), root.join(directory)).expect("a link of the container");
    }
    let ground = stage.ground.compiler.parent().expect("the ground");
    let configuration = configuration(arguments, ground, stage.directory());
    fs::write(bundle.join("config.json"), configuration.to_string()).expect("the configuration");
    let runc = Need::program("runc").expect("runc, which the test needs");
    let state = stage.directory().join("state");
    let name = format!("boxwright-{}", stage.site.key);
    let (state, bundle) = (state.to_str().expect("a plain path"), bundle.to_str().expect("a plain path"));
    stage.run(&runc, &["--root", state, "run", "--bundle", bundle, &name])
}

const CAPABILITIES: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// A bundle's configuration shaped like Docker's default.
fn configuration(arguments: &[&str], ground: &Path, stage: &Path) -> Value {
    let bind =
        |path: &Path| json!({ "destination": path, "type": "bind", "source": path, "options": ["rbind"] });
    let masked = [
        "asound",
        "acpi",
        "kcore",
        "keys",
        "latency_stats",
        "timer_list",
        "timer_stats",
        "sched_debug",
        "scsi",
    ];
    let masked: Vec<String> = masked.iter().map(|name| format!("/proc/{name}")).collect();
    let read_only: Vec<String> =
        ["bus", "fs", "irq", "sys", "sysrq-trigger"].iter().map(|name| format!("/proc/{name}")).collect();
    let namespaces: Vec<Value> =
        ["pid", "network", "ipc", "uts", "mount"].iter().map(|kind| json!({ "type": kind })).collect();
    json!({
        "ociVersion": "1.0.2",
        "root": { "path": "rootfs" },
        "hostname": "docker",
        "process": {
            "user": { "uid": 0, "gid": 0 },
            "args": arguments,
            "cwd": stage,
            "env": ["PATH=/usr/sbin:/usr/bin"],
            "capabilities": { "bounding": CAPABILITIES, "effective": CAPABILITIES, "permitted": CAPABILITIES },
        },
        "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc" },
            { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"] },
            { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] },
            { "destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"] },
            { "destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"] },
            bind(ground),
        ],
        "linux": {
            "namespaces": namespaces,
            "maskedPaths": masked,
            "readonlyPaths": read_only,
            "seccomp": docker_filter(),
        },
    })
}

/// Docker's default filter as it is for these capabilities on this architecture.
fn docker_filter() -> Value {
    let path = Path::new(crate::harness::CORPORA).join("oci-seccomp/moby-default.json");
    let profile: Value = serde_json::from_str(&fs::read_to_string(path).expect("the profile")).expect("JSON");
    let names = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let holds = |rule: &Value| {
        let (includes, excludes) = (&rule["includes"], &rule["excludes"]);
        let granted = |list: &Value| names(list).iter().any(|name| CAPABILITIES.contains(&name.as_str()));
        let native = |list: &Value| names(list).iter().any(|name| name == "amd64" || name == "x64");
        (includes["caps"].is_null() || granted(&includes["caps"]))
            && (includes["arches"].is_null() || native(&includes["arches"]))
            && !granted(&excludes["caps"])
            && !native(&excludes["arches"])
    };
    // The library that this runc uses may be older than the newest call of the profile.
    let rules = profile["syscalls"].as_array().expect("rules").iter().filter(|rule| holds(rule)).map(|rule| {
        json!({ "names": rule["names"], "action": rule["action"], "args": rule["args"], "errnoRet": rule["errnoRet"] })
    });
    json!({
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": rules.map(without_nulls).collect::<Vec<_>>(),
    })
}

fn without_nulls(mut rule: Value) -> Value {
    if let Some(fields) = rule.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    rule
}

fn compiler(stage: &Stage) -> &str {
    stage.ground.compiler.to_str().expect("a plain path")
}

fn container_demo(stage: &Stage) {
    // The control: the container is one, and it refuses what the issue is about.
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let control = contained(stage, &[probe, "identity", "user_namespace", "names"]);
    assert_eq!(control.status, 0, "{}", control.stderr);
    let expected =
        [("seccomp", "2"), ("hostname", "docker"), ("user_namespace", "unshare: EPERM"), ("uid", "0,0,0")];
    control.answers().expect(&expected);
    fs::remove_dir_all(stage.directory().join("bundle")).expect("the bundle");
    expect_reduced(&contained(stage, &[compiler(stage), "demo"]), "Function not implemented");
}

fn container_demo_full(stage: &Stage) {
    let run = contained(stage, &[compiler(stage), "demo", "--require", "full"]);
    assert_ne!(run.status, 0, "{}", run.stdout);
    assert!(!run.stdout.contains("REDUCED"), "{}", run.stdout);
}

fn container_full_spec(stage: &Stage) {
    let text = Spec::new(PLAIN).asking(&stage.site, &["identity".to_owned()]).text();
    fs::write(stage.directory().join("full.sandbox.toml"), text).expect("a spec");
    let spec = stage.directory().join("full.sandbox.toml");
    let run = contained(stage, &[compiler(stage), "run", spec.to_str().expect("a plain path")]);
    // Docker's filter hides clone3, so that programs fall back on what it can look into.
    expect_refused(&run, "Function not implemented", "docker --security-opt");
}

fn container_in_place(stage: &Stage) {
    let launcher = stage.build(&in_place(stage).asking(&stage.site, &["identity".to_owned()]));
    let run = contained(stage, &[launcher.to_str().expect("a plain path")]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    run.answers().expect(&[
        ("no_new_privs", "1"),
        ("effective", "0"),
        ("bounding", "0"),
        ("uid", "65534,65534,65534"),
    ]);
}
