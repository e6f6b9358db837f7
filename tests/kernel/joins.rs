//! Joined namespaces: the program is in them and in no other, whoever is there cannot get at the launcher, and nothing that
//! only pretends to be one is joined.

use crate::Test;
use crate::cgroups::{build, tree};
use crate::exits::{PLAIN, in_place};
use crate::files::expect_refused;
use crate::harness::{Answers, Need, Run, Spec, Stage, wait};
use crate::life::{expect_gone, marked, processes_with, ready};
use crate::subjects::{Scene, every_step};
use std::fs;
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];
const ROOT: &[Need] = &[Need::UserNamespaces, Need::Root];

pub const TESTS: &[Test] = &[
    Test { name: "joins/each-kind", needs: USER_NAMESPACES, run: each_kind },
    Test { name: "joins/all-kinds", needs: USER_NAMESPACES, run: all_kinds },
    Test { name: "joins/pod", needs: ROOT, run: pod },
    Test { name: "joins/processes", needs: ROOT, run: processes },
    Test { name: "joins/ids", needs: USER_NAMESPACES, run: ids },
    Test { name: "joins/groups", needs: USER_NAMESPACES, run: groups },
    Test { name: "joins/host-root-refused", needs: ROOT, run: host_root },
    Test { name: "joins/views", needs: ROOT, run: views },
    Test { name: "joins/view-of-others", needs: ROOT, run: view_of_others },
    Test {
        name: "joins/tree-of-a-sandbox",
        needs: &[Need::UserNamespaces, Need::Unprivileged],
        run: tree_of_a_sandbox,
    },
    Test { name: "joins/no-power-over-mounts", needs: ROOT, run: no_power_over_mounts },
    Test { name: "joins/files-belong-to-the-mapped", needs: ROOT, run: mapped_owners },
    Test { name: "joins/delegated-cgroup", needs: ROOT, run: delegated_cgroup },
    Test { name: "joins/in-place", needs: USER_NAMESPACES, run: without_a_child },
    Test { name: "joins/other-kind-refused", needs: USER_NAMESPACES, run: other_kind },
    Test { name: "joins/cve-2022-31214-pretenders-refused", needs: USER_NAMESPACES, run: pretenders },
    Test { name: "joins/cve-2016-9962-untraceable", needs: USER_NAMESPACES, run: untraceable },
    Test { name: "joins/needs-power", needs: &[Need::UserNamespaces, Need::Unprivileged], run: needs_power },
    Test { name: "joins/streams-of-the-host", needs: USER_NAMESPACES, run: streams },
    Test { name: "joins/covered-proc", needs: ROOT, run: covered_proc },
    Test { name: "joins/die-with-parent", needs: USER_NAMESPACES, run: die_with_parent },
    Test { name: "joins/kill-leaves-nothing", needs: USER_NAMESPACES, run: killed },
];

/// The kinds, as specs, /proc/PID/ns of who made them for its children, and the probe call them.
const KINDS: [(&str, &str, &str); 8] = [
    ("mount", "mnt", "mnt"),
    ("uts", "uts", "uts"),
    ("ipc", "ipc", "ipc"),
    ("pid", "pid_for_children", "pid"),
    ("network", "net", "net"),
    ("user", "user", "user"),
    ("cgroup", "cgroup", "cgroup"),
    ("time", "time_for_children", "time"),
];

/// unshare(2) flags of all of them.
const ALL: &str = "7e020080";

/// A map in which no id is the host's root.
const MANY_IDS: &str = "0 200000 70000";

/// One namespace of each kind, made by the person, held by a process that waits.
struct Pod(Child);

impl Pod {
    /// With lo up. Root's maps many ids, none of them the host's root; anybody else's maps 65534 to its maker.
    fn new(stage: &Stage) -> Self {
        let pod = Self::with(stage, &["loopback"]);
        if stage.person.uid() == 0 {
            pod.map(MANY_IDS);
        }
        pod
    }

    /// Made by root and without a map yet, or by anybody else.
    fn with(stage: &Stage, conditions: &[&str]) -> Self {
        let unshare = if stage.person.uid() == 0 { ALL.to_owned() } else { format!("{ALL}:65534") };
        Self::start(stage, &[&[format!("unshare={unshare}").as_str()], conditions].concat())
    }

    /// The person's own, and for root one of an ordinary user too.
    fn each(stage: &Stage) -> Vec<Self> {
        let of_user = ["user=65534", &format!("unshare={ALL}:65534"), "loopback"];
        let of_user = (stage.person.uid() == 0).then(|| Self::start(stage, &of_user));
        [Self::new(stage)].into_iter().chain(of_user).collect()
    }

    fn start(stage: &Stage, conditions: &[&str]) -> Self {
        let probe = stage.ground.probe.to_str().expect("a plain path");
        let sleeps = format!("sleep={}", Duration::from_secs(3600).as_millis());
        let start = [&["--start"], conditions, &["init", "--", probe, &sleeps]].concat();
        let mut pause = stage.spawn(&stage.ground.probe, &start);
        ready(&mut pause);
        Self(pause)
    }

    fn map(&self, lines: &str) {
        for file in ["uid_map", "gid_map"] {
            fs::write(format!("/proc/{}/{file}", self.0.id()), lines).expect("a map");
        }
    }

    /// Where the namespace of a kind is.
    fn path(&self, kind: &str) -> String {
        let found = KINDS.iter().find(|(name, ..)| *name == kind);
        format!("/proc/{}/ns/{}", self.0.id(), found.expect("a kind").1)
    }

    /// As the probe would name it there.
    fn name(&self, kind: &str) -> String {
        fs::read_link(self.path(kind)).expect("a namespace").display().to_string()
    }

    /// All of them.
    fn names(&self) -> Vec<String> {
        KINDS.iter().map(|(kind, ..)| self.name(kind)).collect()
    }

    /// Joins these by their paths; who is not root has power over none of them but in the user namespace that owns them, and
    /// makes no mount namespace there.
    fn joining(&self, stage: &Stage, kinds: &[&str]) -> String {
        let needed = if stage.person.uid() == 0 { &[][..] } else { &["user", "mount"] };
        let needed = needed.iter().filter(|kind| !kinds.contains(kind));
        let line = |kind: &&str| format!("namespaces.{kind} = {{ path = '{}' }}\n", self.path(kind));
        kinds.iter().chain(needed).map(line).collect()
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// In the host's tree, where the host's /proc shows every namespace.
fn in_host_tree() -> Spec {
    Spec::new(PLAIN).with("filesystem.root = 'host'")
}

fn launch(stage: &Stage, conditions: &[&str], spec: Spec, questions: &[&str]) -> Run {
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    stage.start(conditions, &stage.build(&spec.asking(&stage.site, &questions)))
}

#[track_caller]
fn answers(run: &Run) -> Answers {
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers()
}

/// Those of `joined` are the pod's, the others neither its nor the host's.
#[track_caller]
fn expect_namespaces(pod: &Pod, outside: &Answers, inside: &Answers, joined: &[&str]) {
    for (kind, _, key) in KINDS {
        let key = format!("ns.{key}");
        assert_ne!(inside.get(&key), outside.get(&key), "{kind} is the host's");
        assert_eq!(inside.get(&key) == pod.name(kind), joined.contains(&kind), "{kind} is the pod's");
    }
}

fn each_kind(stage: &Stage) {
    let pod = Pod::new(stage);
    let outside = stage.outside(&["namespaces".to_owned()]);
    for (kind, ..) in KINDS {
        let mut joined = vec![kind];
        if stage.person.uid() != 0 {
            joined.extend(["user", "mount"]);
        }
        let by_path = in_host_tree().with(&pod.joining(stage, &[kind]));
        let by_descriptor = by_path.clone().with(&format!("namespaces.{kind} = {{ fd = 9 }}"));
        let open = format!("open=9:{}", pod.path(kind));
        for (spec, conditions) in [(by_path, &[][..]), (by_descriptor, &[open.as_str()])] {
            let inside =
                answers(&launch(stage, conditions, spec, &["namespaces", "identity", "descriptors"]));
            expect_namespaces(&pod, &outside, &inside, &joined);
            inside.expect(&[("uid", "65534,65534,65534"), ("effective", "0"), ("descriptors", "0,1,2")]);
            inside.expect(&[("bounding", "0"), ("no_new_privs", "1"), ("seccomp", "2")]);
        }
    }
}

fn all_kinds(stage: &Stage) {
    let outside = stage.outside(&["namespaces".to_owned()]);
    let kinds = KINDS.map(|(kind, ..)| kind);
    for pod in Pod::each(stage) {
        let spec = in_host_tree().with(&pod.joining(stage, &kinds));
        let inside = answers(&launch(stage, &[], spec, &["namespaces", "identity"]));
        expect_namespaces(&pod, &outside, &inside, &kinds);
        inside.expect(&[("uid", "65534,65534,65534"), ("effective", "0")]);
    }
}

/// The spec that people copy: two sandboxes talk over the network of the pod and share its objects, and no third does.
fn pod(stage: &Stage) {
    let pod = Pod::new(stage);
    let [user, network, ipc] = ["user", "network", "ipc"].map(|kind| pod.path(kind));
    let open = [format!("open=7:{user}"), format!("open=8:{network}"), format!("open=9:{ipc}")];
    let open: Vec<&str> = open.iter().map(String::as_str).collect();
    let member = || Spec::demonstration("pod");
    let stranger = || member().with("namespaces = { user = 'new', network = 'new', ipc = 'new' }");
    let (serve, visit) = ("greet=4711", "visit=4711");
    let key = stage.site.key;
    let (make, find) = (format!("ipc=make,{key}"), format!("ipc=find,{key}"));

    let questions = [make, "namespaces".into(), serve.to_owned()];
    let server = stage.build_text("server", &member().asking(&stage.site, &questions).text());
    let server = server.to_str().expect("a plain path");
    let arguments: Vec<&str> = [&["--start"], open.as_slice(), &["--", server]].concat();
    let mut server = stage.spawn(&stage.ground.probe, &arguments);
    let first = ready(&mut server);

    let questions = [find.as_str(), visit, "namespaces", "processes", "network"];
    let alone = answers(&launch(stage, &[], stranger(), &questions));
    let second = answers(&launch(stage, &open, member(), &questions));
    wait(server).answers().expect(&[("served", "ok")]);

    second.expect(&[("visit.port", "ok"), ("visit.abstract", "ok"), ("interfaces", "lo:up")]);
    alone.expect(&[("visit.abstract", "ECONNREFUSED"), ("interfaces", "lo:down")]);
    assert_ne!(alone.get("visit.port"), "ok");
    for object in ["message_queue", "shared_memory", "semaphores", "posix_queue"] {
        assert_eq!(first.get(&format!("made.{object}")), "ok", "{object}");
        assert_eq!(second.get(&format!("found.{object}")), "ok", "{object}");
        assert_eq!(alone.get(&format!("found.{object}")), "ENOENT", "{object}");
    }
    // Files in memory are no IPC objects: each has its own.
    assert_eq!(second.get("found.posix_shared_memory"), "ENOENT");
    assert_eq!(second.get("processes"), "2:probe");
    for (kind, _, key) in KINDS {
        let key = format!("ns.{key}");
        let shared = ["user", "network", "ipc"].contains(&kind);
        assert_eq!(first.get(&key) == second.get(&key), shared, "{kind}");
        assert_ne!(first.get(&key), alone.get(&key), "{kind}");
    }
}

/// A fresh /proc shows the pod's processes and nothing of the host.
fn processes(stage: &Stage) {
    let pod = Pod::new(stage);
    // Landlock lets nobody trace outside of its own domain, so with it the pod's other processes are not shown.
    let own = || Spec::new(PLAIN).with("filesystem.proc = 'own'\nlandlock.filesystem = 'everything'");
    let member = || own().with(&pod.joining(stage, &["user", "pid"]));
    let questions = ["identity", "sleep=20000"].map(str::to_owned);
    let sleeper = stage.build_text("sleeper", &member().asking(&stage.site, &questions).text());
    let mut sleeper = stage.spawn(&sleeper, &[]);
    let other = ready(&mut sleeper).get("pid").to_owned();
    let seen = answers(&launch(stage, &[], member(), &["identity", "processes"]));
    let behind = member().with("landlock.filesystem = 'mounts'");
    let behind = answers(&launch(stage, &[], behind, &["processes"]));
    assert_eq!(behind.get("processes").split(' ').count(), 1, "{}", behind.get("processes"));
    let alone = answers(&launch(stage, &[], own(), &["processes"]));
    _ = sleeper.kill();
    _ = sleeper.wait();
    let listed: Vec<&str> = seen.get("processes").split(' ').collect();
    assert!(listed.contains(&format!("{other}:probe").as_str()), "{other} in {listed:?}");
    assert!(listed.contains(&format!("{}:probe", seen.get("pid")).as_str()), "{listed:?}");
    assert_eq!(listed.iter().find(|entry| !entry.ends_with(":probe")), None, "{listed:?}");
    assert_eq!(alone.get("processes"), "2:probe");
    // Whoever supervises is no process of the pod.
    seen.expect(&[("ppid", "0")]);
}

/// The other file systems that show a namespace, of one that is joined.
fn views(stage: &Stage) {
    let pod = Pod::new(stage);
    let key = stage.site.key;
    let spec = |name: &str, joined: &[&str]| {
        let mounts = "filesystem.sys = 'read_only'\nfilesystem.mounts.'/dev/mqueue' = { mqueue = true }";
        let spec = Spec::new(PLAIN).with(&format!("name = '{name}'\n{mounts}"));
        spec.with(&pod.joining(stage, joined))
    };
    let joined = ["user", "ipc", "network"];
    let make = format!("ipc=make,{key}");
    answers(&launch(stage, &[], spec("maker", &joined), &[&make]));
    let questions = ["list=/dev/mqueue", "list=/sys/class/net", "read=/sys/class/net/lo/operstate"];
    let seen = answers(&launch(stage, &[], spec("looker", &joined), &questions));
    seen.expect(&[("list./dev/mqueue", &format!("boxwright-{key}")), ("list./sys/class/net", "lo")]);
    // lo is up in the pod only.
    let alone = answers(&launch(stage, &[], spec("stranger", &["user"]), &questions));
    alone.expect(&[("list./dev/mqueue", ""), ("list./sys/class/net", "lo")]);
    let state = |answers: &Answers| answers.get("content./sys/class/net/lo/operstate").to_owned();
    assert_eq!((state(&seen), state(&alone)), ("unknown\\n".into(), "down\\n".into()));
}

/// Root joins the user namespace of one pod and the pid namespace of another: no power over the other's processes, and so no
/// look at them.
fn view_of_others(stage: &Stage) {
    let [pod, other] = [(); 2].map(|()| Pod::new(stage));
    let spec = || Spec::new(PLAIN).with("filesystem.proc = 'own'\nlandlock.filesystem = 'everything'");
    let questions = ["sleep=60000".to_owned()];
    let resident =
        spec().with(&other.joining(stage, &["user", "pid"])).with("process.user = { uid = 7, gid = 7 }");
    let mut resident =
        stage.spawn(&stage.build_text("resident", &resident.asking(&stage.site, &questions).text()), &[]);
    ready(&mut resident);
    let visitor = spec().with(&pod.joining(stage, &["user"])).with(&other.joining(stage, &["pid"]));
    let seen = answers(&launch(stage, &[], visitor, &["processes"]));
    _ = resident.kill();
    _ = resident.wait();
    assert_eq!(seen.get("processes").split(' ').count(), 1, "{}", seen.get("processes"));
}

/// What an ordinary user joins is best the tree of another sandbox, which has nothing of the host's either.
fn tree_of_a_sandbox(stage: &Stage) {
    let (launcher, mark) = marked(
        stage,
        Spec::new(PLAIN).with("filesystem.mounts.'/only-here' = { directory = true }"),
        "sleep=60000",
    );
    let mut holder = stage.spawn(&launcher, &[]);
    ready(&mut holder);
    let program = processes_with(&mark).into_iter().next_back().expect("the program");
    let line = |(kind, _, name): &(&str, &str, &str)| {
        format!("namespaces.{kind} = {{ path = '/proc/{program}/ns/{name}' }}\n")
    };
    let joined: String =
        KINDS.iter().filter(|(kind, ..)| ["user", "mount", "network"].contains(kind)).map(line).collect();
    // Its probe is at the path where the holder's is.
    let spec = in_host_tree()
        .with(&joined)
        .asking(&stage.site, &["list=/only-here".to_owned(), "list=/home".to_owned(), "identity".to_owned()]);
    let spec = spec.with("process.args = ['/probe', 'list=/only-here', 'list=/home', 'identity']");
    let run = stage.start(&[], &stage.build(&spec));
    _ = holder.kill();
    _ = holder.wait();
    answers(&run).expect(&[("uid", "65534,65534,65534"), ("list./only-here", ""), ("list./home", "?")]);
    expect_gone(&mark);
}

/// The number of the user namespace that owns what this file of /proc is.
fn owner_of(path: &str) -> u64 {
    /// NS_GET_USERNS (ioctl_ns(2)).
    const GET_OWNER: u64 = 0xb701;
    let namespace = fs::File::open(path).expect("a namespace");
    // SAFETY: the request takes no argument, and the descriptor is open.
    let owner = unsafe { nix::libc::ioctl(namespace.as_raw_fd(), GET_OWNER) };
    assert!(owner >= 0, "{path}: {}", std::io::Error::last_os_error());
    // SAFETY: the kernel has just opened it for nobody else.
    let owner = unsafe { fs::File::from_raw_fd(owner) };
    owner.metadata().expect("a namespace").ino()
}

/// Who has power in the joined user namespace has none over the mounts of the sandbox, which began as the host's, nor over
/// its first process; the other new namespaces are theirs. It is what `report` says.
fn no_power_over_mounts(stage: &Stage) {
    stage.make_rootfs();
    let rootfs = format!("filesystem.root = {{ path = '{}' }}", stage.site.rootfs.display());
    let trees = ["filesystem.proc = 'own'", "filesystem.root = 'host'", rootfs.as_str()];
    let host = fs::metadata("/proc/self/ns/user").expect("a namespace").ino();
    for (pod, tree) in Pod::each(stage).iter().flat_map(|pod| trees.map(|tree| (pod, tree))) {
        let spec = Spec::new(PLAIN).with(tree).with(&pod.joining(stage, &["user", "network"]));
        let (launcher, mark) = marked(stage, spec, "sleep=60000");
        let mut child = stage.spawn(&launcher, &[]);
        ready(&mut child);
        let theirs = fs::metadata(pod.path("user")).expect("a namespace").ino();
        let inside: Vec<i32> =
            processes_with(&mark).into_iter().filter(|pid| *pid != child.id().cast_signed()).collect();
        assert_eq!(inside.len(), 1, "the program");
        for pid in inside {
            let user = fs::metadata(format!("/proc/{pid}/ns/user")).expect("a namespace").ino();
            assert_eq!(user, theirs, "{tree}: {pid}");
            for (kind, _, name) in KINDS.into_iter().filter(|(kind, ..)| *kind != "user") {
                let owner = owner_of(&format!("/proc/{pid}/ns/{name}"));
                let expected = if ["mount", "pid"].contains(&kind) { host } else { theirs };
                assert_eq!(owner, expected, "{tree}: the owner of the {kind} namespace of {pid}");
            }
        }
        child.kill().expect("kill");
        child.wait().expect("it can be waited for");
        expect_gone(&mark);
    }
}

/// What the launcher makes belongs to ids that have a meaning in the user namespace, whoever owns its mounts.
fn mapped_owners(stage: &Stage) {
    let below = stage.directory().join("below");
    fs::create_dir(&below).expect("a directory");
    for pod in Pod::each(stage) {
        for user in [0, 65534] {
            // An ordinary user's maps one id.
            let maps_many =
                fs::read_to_string(format!("/proc/{}/uid_map", pod.0.id())).expect("a map").contains("70000");
            if !maps_many && user == 0 {
                continue;
            }
            let named = if maps_many { "uid = 5, gid = 6" } else { "uid = 65534" };
            let tree = format!(
                "process.user = {{ uid = {user}, gid = {user} }}
                 filesystem.proc = 'own'
                 filesystem.dev = 'minimal'
                 [filesystem.mounts]
                 '/made' = {{ directory = true, mode = 0o700 }}
                 '/given' = {{ directory = true, {named} }}
                 '/memory' = {{ tmpfs = '1MiB', {named} }}
                 '/layers' = {{ overlay = ['{}'], writable = true }}
                 '/tmp' = {{ tmpfs = '1MiB' }}
                 '/text' = {{ text = 'text' }}",
                below.display()
            );
            let spec = Spec::new(PLAIN).with(&tree).with(&pod.joining(stage, &["user"]));
            let paths = ["/", "/tmp", "/made", "/given", "/memory", "/text", "/dev/pts"];
            let questions: Vec<String> = paths
                .iter()
                .map(|path| format!("read={path}"))
                .chain(
                    ["open=/layers/new,make", "open=/tmp/new,make", "open=/dev/pts/ptmx,chmod"]
                        .map(str::to_owned),
                )
                .collect();
            let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
            let inside = answers(&launch(stage, &[], spec, &questions));
            let owner =
                |path: &str| inside.get(&format!("mode.{path}")).split(' ').next_back().map(str::to_owned);
            let own = format!("{user}:{user}");
            for path in paths {
                let given = maps_many && ["/given", "/memory"].contains(&path);
                assert_eq!(owner(path).as_deref(), Some(if given { "5:6" } else { own.as_str() }), "{path}");
            }
            inside.expect(&[
                ("make./layers/new", "ok"),
                ("make./tmp/new", "ok"),
                ("chmod./dev/pts/ptmx", "ok"),
            ]);
        }
        let unmapped =
            Spec::new(PLAIN).with("filesystem.mounts.'/given' = { directory = true, uid = 4000000 }");
        expect_refused(stage, unmapped.with(&pod.joining(stage, &["user"])), "an owner is not mapped");
    }
}

/// A cgroup that the program may divide is given to whom its ids stand for, and its namespace is the user namespace's.
fn delegated_cgroup(stage: &Stage) {
    let Some(tree) = tree(stage, &["pids"]) else { return };
    let pod = Pod::new(stage);
    let spec = Spec::new(PLAIN).with(&pod.joining(stage, &["user"])).with(
        "process.user = { uid = 5, gid = 6 }
         cgroup.pids_max = 20
         filesystem.proc = 'own'
         filesystem.mounts.'/cg' = { cgroup2 = true, writable = true }",
    );
    let questions = ["read=/cg", "read=/cg/cgroup.procs", "read=/proc/self/cgroup", "note=ran"];
    let run = tree.launch(stage, "", 0, &build(stage, spec, &questions));
    let inside = answers(&run);
    inside.expect(&[("content./proc/self/cgroup", "0::/\\n"), ("note", "ran")]);
    for path in ["/cg", "/cg/cgroup.procs"] {
        let mode = inside.get(&format!("mode.{path}")).to_owned();
        assert!(mode.ends_with(" 5:6"), "{path}: {mode}");
    }
    assert_eq!(tree.census(), Vec::<String>::new());
}

/// Nothing but a pid namespace needs a child: the launcher itself goes where the program is to be.
fn without_a_child(stage: &Stage) {
    let pod = Pod::new(stage);
    let outside = stage.outside(&["namespaces".to_owned()]);
    let spec = in_place(stage).with("process.user = { uid = 65534, gid = 65534 }").with(
        "namespaces.time = 'new'
         lifecycle.die_with_parent = true",
    );
    let spec = spec.with(&pod.joining(stage, &["user", "network", "uts"])).with("namespaces.mount = 'host'");
    let questions = ["identity", "namespaces", "descriptors"].map(str::to_owned);
    let child = stage.spawn(&stage.build(&spec.asking(&stage.site, &questions)), &[]);
    let pid = child.id().to_string();
    let inside = answers(&wait(child));
    inside.expect(&[("pid", &pid), ("uid", "65534,65534,65534"), ("effective", "0"), ("bounding", "0")]);
    inside.expect(&[("parent_death_signal", "9"), ("descriptors", "0,1,2")]);
    for (kind, _, key) in KINDS {
        let key = format!("ns.{key}");
        let joined = ["user", "network", "uts"].contains(&kind);
        assert_eq!(inside.get(&key) == pod.name(kind), joined, "{kind}");
        assert_eq!(inside.get(&key) == outside.get(&key), !joined && kind != "time", "{kind}");
    }
}

/// The program is in what it was to join, or there is none.
pub fn joined(stage: &Stage) -> Option<Scene> {
    let pod = Pod::new(stage);
    let spec = if stage.person.uid() == 0 {
        Spec::new(PLAIN).with("filesystem.proc = 'own'")
    } else {
        in_host_tree()
    };
    let spec = spec
        .with("lifecycle.die_with_parent = true")
        .with(&pod.joining(stage, &["user", "pid", "network", "time"]));
    let scene = Scene::new(spec, &["identity", "namespaces", "network"])?;
    Some(Scene { known: pod.names(), _kept: Box::new(pod), ..scene })
}

/// Joined namespaces, id maps from outside and a tree with other owners, beside every other kind of step.
pub fn joined_beside_others(stage: &Stage) -> Option<Scene> {
    let pod = Pod::new(stage);
    let map = |outside: u32| {
        let line = format!("[{{ container_id = 65534, host_id = {outside}, size = 1 }}]");
        format!("{{ uid_mappings = {line}, gid_mappings = {line} }}")
    };
    let path = stage.directory().join("owned");
    fs::create_dir(&path).expect("a directory");
    let spec = every_step(stage).with(&pod.joining(stage, &["ipc", "cgroup"])).with(&format!(
        "namespaces.user = {}
         filesystem.mounts.'/owned' = {{ bind = '{}', idmap = {} }}",
        map(100_000),
        path.display(),
        map(0)
    ));
    let scene = Scene::new(
        spec,
        &["identity", "maps", "namespaces", "network", "scheduling", "mounts", "read=/owned"],
    )?;
    Some(Scene { known: pod.names(), _kept: Box::new(pod), ..scene })
}

fn ids(stage: &Stage) {
    let pod = Pod::new(stage);
    let spec = in_host_tree().with(&pod.joining(stage, &["user"]));
    let inside = answers(&launch(stage, &[], spec, &["identity", "maps"]));
    inside.expect(&[("uid", "65534,65534,65534"), ("gid", "65534,65534,65534"), ("permitted", "0")]);
    let first = if stage.person.uid() == 0 { "0 " } else { "65534 " };
    assert!(inside.get("uid_map").starts_with(first), "{}", inside.get("uid_map"));
    let unmapped = in_host_tree()
        .with(&pod.joining(stage, &["user"]))
        .with("process.user = { uid = 4000000, gid = 65534 }");
    expect_refused(stage, unmapped, "the ids are not mapped");
}

fn groups(stage: &Stage) {
    let pod = Pod::new(stage);
    let spec = in_host_tree()
        .with(&pod.joining(stage, &["user"]))
        .with("process.user = { uid = 65534, gid = 65534, groups = [27] }");
    if stage.person.uid() == 0 {
        answers(&launch(stage, &[], spec, &["identity"])).expect(&[("groups", "27")]);
    } else {
        expect_refused(stage, spec, "setgroups is denied");
    }
}

/// The control is an id of the same namespace that stands for another.
fn host_root(stage: &Stage) {
    let pod = Pod::with(stage, &[]);
    pod.map("1000 0 1\n2000 200000 1");
    let spec = |user: &str| {
        Spec::new(PLAIN).with(&pod.joining(stage, &["user"])).with(&format!("process.user = {{ {user} }}"))
    };
    expect_refused(stage, spec("uid = 1000, gid = 2000"), "is the host's user 0");
    expect_refused(stage, spec("uid = 2000, gid = 1000"), "is the host's group 0");
    expect_refused(stage, spec("uid = 2000, gid = 2000, groups = [1000]"), "is the host's group 0");
    let inside = answers(&launch(stage, &[], spec("uid = 2000, gid = 2000"), &["identity"]));
    inside.expect(&[("uid", "2000,2000,2000"), ("groups", "")]);
    // 65534 is what anybody else looks like, too; other tests run as one that stands for nobody.
    let pod = Pod::with(stage, &[]);
    pod.map("65534 0 1\n2000 200000 1");
    let spec = |user: &str| {
        Spec::new(PLAIN).with(&pod.joining(stage, &["user"])).with(&format!("process.user = {{ {user} }}"))
    };
    expect_refused(stage, spec("uid = 65534, gid = 2000"), "is the host's user 0");
    expect_refused(stage, spec("uid = 2000, gid = 65534"), "is the host's group 0");
    expect_refused(stage, spec("uid = 2000, gid = 2000, groups = [65534]"), "is the host's group 0");
    answers(&launch(stage, &[], spec("uid = 2000, gid = 2000"), &[]));
}

fn other_kind(stage: &Stage) {
    let pod = Pod::new(stage);
    for (kind, ..) in KINDS {
        let other = if kind == "ipc" { "uts" } else { "ipc" };
        let spec = in_host_tree().with(&pod.joining(stage, &[kind]));
        let spec = spec.with(&format!("namespaces.{kind} = {{ path = '{}' }}", pod.path(other)));
        expect_refused(stage, spec, "of another kind");
    }
    let own =
        in_host_tree().with("namespaces.mount = 'host'\nnamespaces.user = { path = '/proc/self/ns/user' }");
    expect_refused(stage, own, "the launcher's own");
}

/// Only what the kernel calls a namespace is joined, whatever its name or whoever put it there.
fn pretenders(stage: &Stage) {
    let within = |name: &str| stage.directory().join(name);
    fs::write(within("file"), "net:[4026531840]").expect("a file");
    nix::unistd::mkfifo(&within("fifo"), nix::sys::stat::Mode::from_bits_truncate(0o666)).expect("a FIFO");
    for (link, target) in [("link", "file"), ("device", "/dev/null"), ("proc", "/proc/self/status")] {
        symlink(target, within(link)).expect("a link");
    }
    let spec =
        |path: &Path| in_host_tree().with(&format!("namespaces.network = {{ path = '{}' }}", path.display()));
    for name in ["file", "fifo", "link", "device", "proc", "."] {
        let path = if name == "." { stage.directory().to_owned() } else { within(name) };
        expect_refused(stage, spec(&path), "is not a namespace");
    }
    expect_refused(stage, spec(&within("absent")), "No such file");
    let by_descriptor = || in_host_tree().with("namespaces.network = { fd = 9 }");
    expect_refused(stage, by_descriptor(), "must leave it open there");
    for path in ["/dev/null", "/proc/self/ns", &within("file").display().to_string()] {
        let run = launch(stage, &[&format!("open=9:{path}")], by_descriptor(), &["identity"]);
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
        assert!(run.stderr.contains("is not a namespace"), "{}", run.stderr);
    }
    // The control: a symbolic link to a namespace is one.
    let pod = Pod::new(stage);
    symlink(pod.path("network"), within("network")).expect("a link");
    let spec = in_host_tree().with(&pod.joining(stage, &["network"]));
    let spec = spec.with(&format!("namespaces.network = {{ path = '{}' }}", within("network").display()));
    let inside = answers(&launch(stage, &[], spec, &["namespaces"]));
    inside.expect(&[("ns.net", &pod.name("network"))]);
}

/// prctl(2) and setns(2).
const PRCTL_AND_SETNS: &str = "157,308";
const SET_UNDUMPABLE: &str = "call=157 4 0 ";

/// Before a namespace is joined from which the launcher could be traced, nobody may trace it any more.
fn untraceable(stage: &Stage) {
    let pod = Pod::new(stage);
    let calls = |kinds: &[&str]| -> Vec<String> {
        let spec = in_host_tree().with(&pod.joining(stage, kinds));
        let launcher = stage.build(&spec.asking(&stage.site, &["identity".to_owned()]));
        let launcher = launcher.to_str().expect("a plain path");
        let run = stage.run(&stage.ground.probe, &["--calls", PRCTL_AND_SETNS, "--", launcher]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        run.stderr.lines().map(str::to_owned).collect()
    };
    for (kinds, number) in [(&["user"][..], 1), (&["user", "pid"], 2), (&["pid"], 1)] {
        let calls = calls(kinds);
        let hidden = calls.iter().position(|call| call.starts_with(SET_UNDUMPABLE)).expect("a prctl");
        let joins: Vec<usize> = (0..calls.len()).filter(|at| calls[*at].starts_with("call=308 ")).collect();
        assert!(joins.len() >= number && hidden < joins[0], "{calls:#?}");
        for join in joins {
            // What it may hide belongs to root, whoever launched.
            assert!(calls[join].ends_with(" owner 0"), "{calls:#?}");
        }
    }
    if stage.person.uid() == 0 {
        // The control: nobody can be reached through a network.
        let calls = calls(&["network"]);
        let hidden = calls.iter().position(|call| call.starts_with(SET_UNDUMPABLE));
        assert!(calls[0].starts_with("call=308 ") && hidden > Some(0), "{calls:#?}");
    }
}

fn needs_power(stage: &Stage) {
    let pod = Pod::new(stage);
    let join = |kind: &str| format!("namespaces.{kind} = {{ path = '{}' }}", pod.path(kind));
    expect_refused(stage, in_host_tree().with(&join("network")), "or join that user namespace too");
    for kind in ["pid", "mount"] {
        expect_refused(stage, in_host_tree().with(&join(kind)), "launch as root, or join the user namespace");
    }
    // Of somebody else, whose processes do not even show theirs.
    let init =
        in_host_tree().with("namespaces.mount = 'host'\nnamespaces.user = { path = '/proc/1/ns/user' }");
    expect_refused(stage, init, "Permission denied");
    // A mount namespace that is made there has the host's tree.
    let beside = join("user");
    for spec in [in_host_tree(), Spec::new(PLAIN), Spec::new(PLAIN).with("filesystem.base = 'usr'")] {
        expect_refused(stage, spec.with(&beside), "a new mount namespace starts with the host's tree");
    }
}

/// What the streams lead to is the host's, what is executed is in the tree of the mount namespace that is joined.
fn streams(stage: &Stage) {
    let directory = stage.directory().display().to_string();
    let pod = Pod::with(stage, &[&format!("memory={directory}")]);
    if stage.person.uid() == 0 {
        pod.map(MANY_IDS);
    }
    let output = stage.directory().join("output");
    fs::write(&output, "").expect("a file");
    fs::set_permissions(&output, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("chmod");
    let spec = in_host_tree()
        .with(&pod.joining(stage, &["mount"]))
        .with(&format!("process.stdout = {{ file = '{}' }}\nprocess.stdin = 'null'", output.display()));
    let run = launch(stage, &[], spec, &["namespaces", &format!("list={directory}")]);
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    let inside = Answers::parse(&fs::read_to_string(&output).expect("the output"));
    inside.expect(&[("ns.mnt", &pod.name("mount")), (&format!("list.{directory}"), "")]);
    // The control: what is executed is looked for there.
    let missing = in_host_tree()
        .with(&pod.joining(stage, &["mount"]))
        .with(&format!("process.args = ['{directory}/output']"));
    assert_eq!(stage.launch(&missing).status, 127);
}

/// The maps are written to the launcher's own /proc, not to what is called so where it went.
fn covered_proc(stage: &Stage) {
    let pod = Pod::with(stage, &["memory=/proc"]);
    let spec = in_host_tree().with(&pod.joining(stage, &["mount"]));
    let inside = answers(&launch(stage, &[], spec, &["identity", "list=/proc"]));
    inside.expect(&[("uid", "65534,65534,65534"), ("list./proc", "")]);
}

/// Joining a user namespace that belongs to another user takes the request for it away.
fn die_with_parent(stage: &Stage) {
    let pods = Pod::each(stage);
    for (pod, kinds) in pods.iter().flat_map(|pod| [(pod, &["user"][..]), (pod, &["user", "pid"])]) {
        let spec = in_host_tree().with(&pod.joining(stage, kinds)).with("lifecycle.die_with_parent = true");
        let (launcher, mark) = marked(stage, spec, "sleep=60000");
        let launcher = launcher.to_str().expect("a plain path");
        let arguments = ["--start", "parent_dies=1500", "--", launcher];
        let mut parent = stage.spawn(&stage.ground.probe, &arguments);
        ready(&mut parent);
        parent.wait().expect("the parent ends");
        expect_gone(&mark);
    }
}

fn killed(stage: &Stage) {
    let pod = Pod::new(stage);
    let spec = in_host_tree().with(&pod.joining(stage, &["user", "pid"]));
    let (launcher, mark) = marked(stage, spec, "sleep=60000");
    let mut child = stage.spawn(&launcher, &[]);
    ready(&mut child);
    child.kill().expect("kill");
    child.wait().expect("it can be waited for");
    expect_gone(&mark);
}
