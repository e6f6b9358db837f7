//! Specs that together have every kind of step, for tests that launch them over and over.

use crate::exits::{PLAIN, in_place};
use crate::harness::{Need, Spec, Stage, Tree};
use crate::joins;
use crate::network::Host;
use std::any::Any;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const NAMESPACES: &[Need] = &[Need::UserNamespaces];
const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];
const ROOTFS: &[Need] = &[Need::UserNamespaces, Need::Program("busybox")];

/// A spec, and what it needs to be launched.
pub struct Subject {
    pub name: &'static str,
    pub needs: &'static [Need],
    /// Nothing where this machine cannot have it.
    pub scene: fn(&Stage) -> Option<Scene>,
}

/// One subject, ready to be launched.
pub struct Scene {
    pub spec: Spec,
    /// What shows that nothing of it is missing.
    pub questions: &'static [&'static str],
    /// What the probe arranges before it starts the launcher.
    pub conditions: Vec<String>,
    /// What is outside and could be left behind: a control group, an interface.
    pub outside: Box<dyn Fn() -> Vec<String>>,
    /// Namespaces that it joins, as links of /proc say it.
    pub known: Vec<String>,
    /// What lives as long as the scene.
    pub _kept: Box<dyn Any>,
}

impl Scene {
    pub fn new(spec: Spec, questions: &'static [&'static str]) -> Option<Self> {
        let (conditions, known) = Default::default();
        Some(Self { spec, questions, conditions, outside: Box::new(Vec::new), known, _kept: Box::new(()) })
    }
}

pub const SUBJECTS: &[Subject] = &[
    Subject { name: "everything", needs: NAMESPACES, scene: everything },
    Subject { name: "in-place", needs: &[], scene: without_namespaces },
    Subject { name: "landlock", needs: NAMESPACES, scene: landlock },
    Subject { name: "rootfs", needs: ROOTFS, scene: rootfs },
    Subject { name: "terminal", needs: NAMESPACES, scene: terminal },
    Subject { name: "joined", needs: NAMESPACES, scene: joins::joined },
    Subject { name: "joined-beside-others", needs: ROOT, scene: joins::joined_beside_others },
    Subject { name: "interfaces", needs: ROOT, scene: interfaces },
    Subject { name: "cgroup", needs: ROOT, scene: cgroup },
];

fn everything(stage: &Stage) -> Option<Scene> {
    // Nobody listens, but the socket stays.
    let socket = stage.directory().join("notify");
    std::os::unix::net::UnixDatagram::bind(&socket).expect("a socket");
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).expect("chmod");
    let scene = Scene::new(
        every_step(stage),
        &[
            "identity",
            "maps",
            "namespaces",
            "names",
            "network",
            "scheduling",
            "mounts",
            "list=/",
            "list=/..",
            "list=/dev",
            "list=/work/inner",
            "list=/here",
        ],
    )?;
    let conditions = [
        format!("environment=NOTIFY_SOCKET={}", socket.display()),
        // Somebody else's home directory: the working directory may be granted.
        "environment=HOME=/".to_owned(),
        "watchdog_pid".to_owned(),
    ];
    Some(Scene { conditions: conditions.into(), ..scene })
}

/// A spec with nearly every kind of step.
pub fn every_step(stage: &Stage) -> Spec {
    let path = shared(stage);
    Spec::demonstration("contained").with(&format!(
        "lifecycle.timeout = '1h'
         seccomp.allow = ['@system-service']
         [process]
         stdin = 'inherit'
         keep_fds = ['listen']
         notify = true
         scheduler = {{ policy = 'batch', nice = 7 }}
         io_priority = {{ class = 'best_effort', priority = 6 }}
         cpu_affinity = [0]
         oom_score_adj = 500
         timer_slack = '1ms'
         transparent_huge_pages = 'never'
         [namespaces]
         time = {{ monotonic = '25h' }}
         [filesystem.mounts]
         '/work' = {{ bind = '{path}', writable = true }}
         '/work/inner' = {{ mask = true }}
         '/here' = {{ bind = '${{run.cwd}}/work' }}
         '/optional' = {{ bind = '/does/not/exist', optional = true }}"
    ))
}

/// A directory with another in it, for a grant and a mask in it.
fn shared(stage: &Stage) -> String {
    let path = stage.directory().join("work");
    fs::create_dir_all(path.join("inner")).expect("directories");
    path.display().to_string()
}

fn without_namespaces(stage: &Stage) -> Option<Scene> {
    let spec = in_place(stage).with("process.exec = 'once'");
    Scene::new(spec, &["identity", "namespaces", "execute_again"])
}

/// What no mount enforces.
fn landlock(_: &Stage) -> Option<Scene> {
    let spec = Spec::demonstration("landlock").with("process.memory_deny_write_execute = true");
    Scene::new(
        spec,
        &[
            "identity",
            "mounts",
            "try=make_reg,/log/entry",
            "try=remove_file,/log/entry",
            "try=make_dir,/log/directory",
            "port=serve,4041",
            "port=serve,4042",
            "port=udp_send,4042",
            "write_execute",
        ],
    )
}

fn rootfs(stage: &Stage) -> Option<Scene> {
    stage.make_rootfs();
    let (root, path) = (stage.site.rootfs.display(), shared(stage));
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem]
         root = {{ path = '{root}', overlay = 'memory' }}
         proc = 'subset'
         dev = 'minimal'
         [filesystem.mounts]
         '/tmp' = {{ tmpfs = '1MiB' }}
         '/made/text' = {{ text = 'x' }}
         '/made/link' = {{ symlink = 'text' }}
         '/layers' = {{ overlay = ['{root}/etc', '{root}/bin'], writable = true }}
         '/granted' = {{ bind = '{path}', writable = true }}
         '/granted/inner' = {{ seal = true }}
         '/queues' = {{ mqueue = true }}"
    ));
    Scene::new(
        spec,
        &[
            "identity",
            "mounts",
            "list=/",
            "list=/..",
            "list=/made",
            "list=/layers",
            "read=/made/text",
            "open=/made/new,make",
            "open=/granted/inner/new,make",
        ],
    )
}

fn terminal(stage: &Stage) -> Option<Scene> {
    let spec = every_step(stage).with("process.terminal = 'inherit'");
    let scene = Scene::new(spec, &["identity", "terminal", "mounts", "list=/dev"])?;
    Some(Scene { conditions: vec!["terminal".to_owned()], ..scene })
}

fn interfaces(stage: &Stage) -> Option<Scene> {
    let host = Host::new();
    let scene = Scene::new(
        Spec::demonstration("veth"),
        &["identity", "network", "mounts", "route=192.0.2.1", "route=2001:db8::1"],
    )?;
    let namespace = format!("/proc/{}/ns/net", host.pid());
    let probe = stage.ground.probe.clone();
    Some(Scene {
        conditions: vec![format!("enter_network={namespace}")],
        outside: Box::new(move || {
            let enter = format!("enter_network={namespace}");
            let probe = probe.to_str().expect("a plain path");
            let output = std::process::Command::new(probe)
                .args(["--start", &enter, "--", probe, "network"])
                .output()
                .expect("the probe");
            let text = String::from_utf8_lossy(&output.stdout);
            text.lines().filter(|line| line.starts_with("interfaces=")).map(str::to_owned).collect()
        }),
        _kept: Box::new(host),
        ..scene
    })
}

/// Where the machine has control groups of version 2.
fn cgroup(stage: &Stage) -> Option<Scene> {
    let tree = Tree::new(stage, &["cpu", "memory", "pids"])?;
    for controller in ["cpu", "memory", "pids"] {
        fs::write(tree.path.join("cgroup.subtree_control"), format!("+{controller}")).expect("a controller");
    }
    // Who traces the launcher is in its cgroup, which therefore cannot be divided.
    let (own, parent) = (tree.within("own"), tree.within("sandboxes"));
    let spec = Spec::new(PLAIN).with(&format!(
        "cgroup = {{ parent = '{}', memory_max = '64MiB', memory_swap_max = 0, pids_max = 20, cpu_max = 0.5 }}
         filesystem.proc = 'own'
         filesystem.mounts.'/cg' = {{ cgroup2 = true, writable = true }}",
        parent.display()
    ));
    let scene = Scene::new(
        spec,
        &["identity", "namespaces", "mounts", "read=/cg/memory.max", "read=/cg/pids.max", "list=/cg"],
    )?;
    let path = tree.path.clone();
    Some(Scene {
        conditions: vec![format!("cgroup={}", own.display())],
        outside: Box::new(move || groups(&path)),
        _kept: Box::new(tree),
        ..scene
    })
}

/// Every group beneath one, and whether something is in it.
fn groups(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            let used = fs::read_to_string(path.join("cgroup.procs")).is_ok_and(|procs| !procs.is_empty());
            found.push(format!("{}{}", if used { "" } else { EMPTY_GROUP }, path.display()));
            found.extend(groups(&path));
        }
    }
    found
}

/// What a killed launcher may leave.
pub const EMPTY_GROUP: &str = "an empty control group: ";
