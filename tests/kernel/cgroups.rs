//! Control groups: born in one of its own, limits in force, every way to end, and nothing left of it.
//!
//! Where the machine has version 1 alone, each test makes sure that a launch says so.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Run, Spec, Stage, Tree};
use crate::life::{expect_gone, kill_launcher, marked, processes_with, ready};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

pub const NEEDS: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "cgroups/in-the-launchers-own", needs: NEEDS, run: auto },
    Test { name: "cgroups/in-another-one", needs: NEEDS, run: parent },
    Test { name: "cgroups/huge-pages", needs: NEEDS, run: huge_pages },
    Test { name: "cgroups/out-of-memory", needs: NEEDS, run: out_of_memory },
    Test { name: "cgroups/fork-bomb", needs: NEEDS, run: fork_bomb },
    Test { name: "cgroups/half-a-processor", needs: NEEDS, run: half_a_processor },
    Test { name: "cgroups/killed-as-a-unit", needs: NEEDS, run: unit },
    Test { name: "cgroups/not-killed", needs: NEEDS, run: not_killed },
    Test { name: "cgroups/killed-launcher", needs: NEEDS, run: killed_launcher },
    Test { name: "cgroups/divided-by-the-program", needs: NEEDS, run: divided },
    Test { name: "cgroups/divided-and-killed", needs: NEEDS, run: divided_and_killed },
    Test { name: "cgroups/left-out", needs: NEEDS, run: left_out },
    Test { name: "cgroups/refusals", needs: NEEDS, run: refusals },
    Test { name: "cgroups/divided-at-most", needs: NEEDS, run: divided_at_most },
    Test { name: "cgroups/nested-deeply", needs: NEEDS, run: nested },
    Test { name: "cgroups/within-reach", needs: NEEDS, run: within_reach },
];

/// Both kinds of users, whom a part of the tree is delegated to.
const USERS: [u32; 2] = [0, 65534];

pub fn spec(text: &str) -> Spec {
    Spec::new(PLAIN).with("filesystem.proc = 'own'\nfilesystem.mounts.'/cg'.cgroup2 = true").with(text)
}

/// The demonstration, all of whose limits have a test of their own; it tells its status.
fn limits() -> Spec {
    Spec::demonstration("limits").with("lifecycle.status_fd = 3")
}

pub fn build(stage: &Stage, spec: Spec, questions: &[&str]) -> std::path::PathBuf {
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    stage.build(&spec.asking(&stage.site, &questions))
}

/// Whether the machine has these controllers in version 2; if not, that a launch says so.
pub fn tree(stage: &Stage, controllers: &[&str]) -> Option<Tree> {
    let tree = Tree::new(stage, controllers);
    if tree.is_none() {
        let run = stage.run(&build(stage, spec("cgroup.memory_max = '64MiB'"), &["note=ran"]), &[]);
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
        assert!(run.stderr.contains("cgroup"), "{}", run.stderr);
    }
    tree
}

/// The last line of the status.
#[track_caller]
fn status(stage: &Stage) -> Value {
    let text = fs::read_to_string(stage.directory().join("status")).expect("the status");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines[0]["pid"].as_u64().is_some_and(|pid| pid > 1) || lines.len() == 1, "{text}");
    lines.last().expect("a line").clone()
}

#[track_caller]
pub fn expect_ended_well(run: &Run) {
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
}

fn auto(stage: &Stage) {
    let Some(tree) = tree(stage, &["cpu", "memory", "pids"]) else { return };
    let spec = spec("cgroup = { memory_max = '64MiB', memory_swap_max = 0, pids_max = 20, cpu_max = 0.5 }");
    let questions = [
        "read=/proc/self/cgroup",
        "read=/cg/memory.max",
        "read=/cg/memory.swap.max",
        "read=/cg/pids.max",
        "read=/cg/cpu.max",
        "open=/cg/memory.max,write",
        "open=/cg/more,directory",
    ];
    // Landlock alone would make the files read-only too.
    let alone = spec.clone().with("landlock.filesystem = 'everything'");
    for (spec, uid) in [alone, spec].iter().flat_map(|spec| USERS.map(|uid| (spec, uid))) {
        tree.delegate("", uid);
        let run = tree.launch(stage, "", uid, &build(stage, spec.clone(), &questions));
        expect_ended_well(&run);
        run.answers().expect(&[
            ("content./proc/self/cgroup", "0::/\\n"),
            ("content./cg/memory.max", "67108864\\n"),
            ("content./cg/memory.swap.max", "0\\n"),
            ("content./cg/pids.max", "20\\n"),
            ("content./cg/cpu.max", "50000 100000\\n"),
        ]);
        for change in ["write./cg/memory.max", "directory./cg/more"] {
            assert_ne!(run.answers().get(change), "ok", "{change}");
        }
        assert_eq!(tree.census(), [""; 0]);
        assert_eq!(tree.read("cgroup.subtree_control").trim(), "", "as it was before");
    }
}

/// A tree with a place for the launcher and one for sandboxes.
fn places(tree: &Tree, uid: u32) {
    tree.within("launcher");
    tree.within("sandboxes");
    ["", "launcher", "sandboxes"].iter().for_each(|name| tree.delegate(name, uid));
}

fn parent(stage: &Stage) {
    let Some(tree) = tree(stage, &["pids"]) else { return };
    fs::write(tree.path.join("cgroup.subtree_control"), "+pids").expect("a controller");
    places(&tree, 65534);
    let parent = tree.path.join("sandboxes").display().to_string();
    let spec = spec(&format!("cgroup = {{ pids_max = 7, parent = '{parent}' }}"));
    let launcher = build(stage, spec, &["read=/proc/self/cgroup", "read=/cg/pids.max"]);
    for uid in USERS {
        let run = tree.launch(stage, "launcher", uid, &launcher);
        expect_ended_well(&run);
        let inside = [("content./proc/self/cgroup", "0::/\\n"), ("content./cg/pids.max", "7\\n")];
        run.answers().expect(&inside);
        assert_eq!(tree.census(), ["launcher", "sandboxes"]);
    }
    // The control: from outside of what is delegated nobody but root gets in.
    let outside = stage.start(&["user=65534"], &launcher);
    assert_eq!((outside.status, outside.stdout.as_str()), (125, ""));
    assert!(outside.stderr.contains("Delegate=yes"), "{}", outside.stderr);
    assert_eq!(tree.census(), ["launcher", "sandboxes"]);
}

/// The one controller that machines with version 1 may have in version 2 as well.
fn huge_pages(stage: &Stage) {
    let Some(tree) = tree(stage, &["hugetlb"]) else { return };
    let parent = tree.path.display();
    let spec =
        spec(&format!("cgroup = {{ parent = '{parent}', hugetlb = {{ 2MB = '4MiB' }}, max_depth = 3 }}"));
    let launcher = build(stage, spec, &["read=/cg/hugetlb.2MB.max", "read=/cg/cgroup.max.depth"]);
    let run = stage.run(&launcher, &[]);
    expect_ended_well(&run);
    run.answers()
        .expect(&[("content./cg/hugetlb.2MB.max", "4194304\\n"), ("content./cg/cgroup.max.depth", "3\\n")]);
    assert_eq!(tree.census(), [""; 0]);
}

fn out_of_memory(stage: &Stage) {
    let Some(tree) = tree(stage, &["cpu", "memory", "pids"]) else { return };
    let spec = limits();
    for uid in USERS {
        tree.delegate("", uid);
        let run = tree.launch(stage, "", uid, &build(stage, spec.clone(), &["allocate=1000000"]));
        assert_eq!((run.status, run.stdout.as_str()), (137, ""), "{}", run.stderr);
        assert!(run.stderr.contains("limits: out of memory"), "{}", run.stderr);
        let end = status(stage);
        assert_eq!((&end["exit"], &end["reason"]), (&137.into(), &"out of memory".into()), "{end}");
        assert_eq!(end["memory_events"]["oom_kill"], 1, "{end}");
        let peak = end["memory_peak"].as_u64().expect("a number");
        assert!((90 << 20..=101 << 20).contains(&peak), "{end}");
        // The control: less than that is had, and another kill is no want of memory.
        let run = tree.launch(stage, "", uid, &build(stage, spec.clone(), &["allocate=50"]));
        expect_ended_well(&run);
        assert_eq!((run.answers().get("allocated"), &status(stage)["reason"]), ("50", &"exited".into()));
        let run = tree.launch(stage, "", uid, &build(stage, spec.clone(), &["kill=9"]));
        assert_eq!((run.status, run.stderr.as_str()), (137, ""));
        assert_eq!(status(stage)["reason"], "killed");
        // Too little for what is made before the program starts.
        let files =
            (0..40).map(|number| format!("filesystem.mounts.'/file-{number}' = {{ text = '${{much}}' }}\n"));
        let much = format!("cgroup.memory_max = '1MiB'\nvars.much = '{}'\n", "x".repeat(60_000));
        let spec = spec.clone().with(&(much + &files.collect::<String>()));
        let run = tree.launch(stage, "", uid, &build(stage, spec, &["note=ran"]));
        assert_eq!(run.status, 125, "{}", run.stderr);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains("limits: out of memory"), "{}", run.stderr);
        assert_eq!(status(stage)["reason"], "out of memory");
        assert_eq!(tree.census(), [""; 0]);
    }
}

fn fork_bomb(stage: &Stage) {
    let Some(tree) = tree(stage, &["cpu", "memory", "pids"]) else { return };
    let launch = |limit: &str| {
        let spec = limits().with(limit);
        let run = tree.launch(stage, "", 65534, &build(stage, spec, &["fork_bomb=40"]));
        expect_ended_well(&run);
        let refused = status(stage)["pids_events"]["max"].as_i64().expect("a number");
        (run.answers().number("forked"), refused > 0)
    };
    tree.delegate("", 65534);
    // The reaper and the program itself are two of them.
    assert_eq!(launch(""), (10, true));
    assert_eq!(launch("cgroup.pids_max = 100"), (40, false), "the control");
    assert_eq!(tree.census(), [""; 0]);
}

fn half_a_processor(stage: &Stage) {
    let Some(tree) = tree(stage, &["cpu", "memory", "pids"]) else { return };
    // How much of the time it ran, in percent, and how often it had to wait.
    let launch = |share: &str| {
        let spec = limits().with(share);
        let run = tree.launch(stage, "", 0, &build(stage, spec, &["spin=3000"]));
        expect_ended_well(&run);
        let end = status(stage);
        let number = |value: &Value| value.as_u64().expect("a number");
        // The sandbox's own processes count all that the group's do, but for what its launcher does.
        let (own, all) = (number(&end["cpu_us"]), number(&end["cpu_stat"]["usage_usec"]));
        assert!(own > 50_000 && own <= all + all / 2, "{own} of {all}");
        let used = number(&end["cpu_stat"]["usage_usec"]) * 100 / number(&end["wall_us"]);
        (used, number(&end["cpu_stat"]["nr_throttled"]))
    };
    let (used, throttled) = launch("");
    assert!((10..=65).contains(&used) && throttled > 0, "{used} %, throttled {throttled} times");
    // The control, on a machine that may be busy with other things.
    assert_eq!(launch("cgroup.cpu_max = 8").1, 0, "never throttled");
}

fn unit(stage: &Stage) {
    let Some(tree) = tree(stage, &["memory"]) else { return };
    // In the host's pid namespace nothing else would end what the program leaves behind.
    let spec = Spec::new(PLAIN).with("namespaces.pid = 'host'");
    let (alone, mark) = marked(stage, spec.clone(), "orphan=20000");
    let end = |launcher: &Path| {
        // What is left holds its output open.
        let mut child = tree.spawn(stage, "", 0, launcher);
        assert!(child.wait().expect("it can be waited for").success());
    };
    end(&alone);
    assert_eq!(processes_with(&mark).len(), 1, "the control");
    fs::write(tree.path.join("cgroup.kill"), "1").expect("cgroup.kill");
    expect_gone(&mark);
    let (together, mark) = marked(stage, spec.with("cgroup.memory_max = '64MiB'"), "orphan=20000");
    end(&together);
    assert_eq!((processes_with(&mark).len(), tree.census()), (0, Vec::new()));
}

/// A group whose processes cannot be ended is no secret.
fn not_killed(stage: &Stage) {
    let Some(tree) = tree(stage, &["memory"]) else { return };
    tree.delegate("", 65534);
    let mark = format!("mark-{}", stage.site.key);
    let spec = Spec::new(PLAIN).with("namespaces.pid = 'host'\ncgroup.memory_max = '64MiB'");
    let launcher = build(stage, spec, &[&format!("note={mark}"), "orphan=20000", "sleep=3000"]);
    let mut child = tree.spawn(stage, "", 65534, &launcher);
    ready(&mut child);
    let group = tree.census().into_iter().find(|name| name.ends_with(".sandbox")).expect("its group");
    let group = tree.path.join(group);
    // Only whoever has no capability over the file is stopped by its mode.
    fs::set_permissions(group.join("cgroup.kill"), Permissions::from_mode(0o0)).expect("chmod");
    assert!(child.wait().expect("it can be waited for").success());
    let mut said = String::new();
    BufReader::new(child.stderr.take().expect("a pipe")).read_line(&mut said).expect("a line");
    assert!(said.contains("its processes may run on"), "{said}");
    assert_eq!(processes_with(&mark).len(), 1, "what it is about");
    fs::write(group.join("cgroup.kill"), "1").expect("cgroup.kill");
    expect_gone(&mark);
}

fn killed_launcher(stage: &Stage) {
    let Some(tree) = tree(stage, &["pids"]) else { return };
    fs::write(tree.path.join("cgroup.subtree_control"), "+pids").expect("a controller");
    places(&tree, 65534);
    let parent = tree.path.join("sandboxes").display().to_string();
    let spec = Spec::new(PLAIN).with(&format!("cgroup = {{ pids_max = 30, parent = '{parent}' }}"));
    let (launcher, mark) = marked(stage, spec.clone(), "sleep=20000");
    let mut used = tree.spawn(stage, "launcher", 65534, &launcher);
    ready(&mut used);
    let in_use = tree.census();
    assert_eq!(in_use.len(), 3, "{in_use:?}");
    let mut killed = tree.spawn(stage, "launcher", 65534, &launcher);
    ready(&mut killed);
    kill_launcher(killed);
    // The kernel ends its processes a moment later.
    while processes_with(&mark).len() > 1 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(tree.census().len(), 4, "an empty one stays");
    // Of the same name as the sandbox, but no group of a launch.
    let other = tree.within("sandboxes/plain-1.slice");
    let run = tree.launch(stage, "launcher", 65534, &build(stage, spec, &["exit=0"]));
    expect_ended_well(&run);
    fs::remove_dir(other).expect("it is still there");
    assert_eq!(tree.census(), in_use, "the one in use alone");
    assert_eq!(processes_with(&mark).len(), 1, "its program");
    kill_launcher(used);
    expect_gone(&mark);
}

fn divided(stage: &Stage) {
    let Some(tree) = tree(stage, &["memory", "pids"]) else { return };
    let spec =
        spec("cgroup = { memory_max = '64MiB', pids_max = 20 }\nfilesystem.mounts.'/cg'.writable = true");
    let questions = [
        "read=/proc/self/cgroup",
        "read=/cg/cgroup.controllers",
        "read=/cg/memory.max",
        "open=/cg/first,directory",
        "open=/cg/first/inner,directory",
        "open=/cg/second,directory",
        "read=/cg/first/pids.max",
        "exit=0",
    ];
    for uid in USERS {
        tree.delegate("", uid);
        let run = tree.launch(stage, "", uid, &build(stage, spec.clone(), &questions));
        expect_ended_well(&run);
        run.answers().expect(&[
            ("content./proc/self/cgroup", "0::/\\n"),
            ("content./cg/cgroup.controllers", "memory pids\\n"),
            // The limit is above what the program sees and may change.
            ("content./cg/memory.max", "max\\n"),
            ("directory./cg/first", "ok"),
            ("directory./cg/first/inner", "ok"),
            ("directory./cg/second", "ok"),
        ]);
        assert_eq!(tree.census(), [""; 0]);
        let run = tree.launch(stage, "", uid, &build(stage, spec.clone(), &["allocate=1000000"]));
        assert_eq!((run.status, run.stdout.as_str()), (137, ""), "{}", run.stderr);
        assert_eq!(tree.census(), [""; 0]);
        // Before Linux 6.11 a refusal is counted in the group that asks, which is the program's.
        let told = spec.clone().with("lifecycle.status_fd = 3");
        let run = tree.launch(stage, "", uid, &build(stage, told, &["fork_bomb=40"]));
        expect_ended_well(&run);
        let end = status(stage);
        assert_eq!((run.answers().number("forked"), &end["pids_events"]["max"]), (18, &1.into()), "{end}");
    }
}

/// How many groups the program makes, and how deep, is limited above what it sees: its own is the first of each.
fn divided_at_most(stage: &Stage) {
    let Some(tree) = tree(stage, &["pids"]) else { return };
    let paths = ["/cg/first", "/cg/first/inner", "/cg/second"];
    let questions = paths.map(|path| format!("open={path},directory"));
    let questions = questions.each_ref().map(String::as_str);
    for (limit, outcomes) in
        [("max_depth = 2", ["ok", "EAGAIN", "ok"]), ("max_descendants = 2", ["ok", "EAGAIN", "EAGAIN"])]
    {
        let spec = spec(&format!("cgroup.{limit}\nfilesystem.mounts.'/cg'.writable = true"));
        for uid in USERS {
            tree.delegate("", uid);
            let run = tree.launch(stage, "", uid, &build(stage, spec.clone(), &questions));
            expect_ended_well(&run);
            let made = paths.map(|path| run.answers().get(&format!("directory.{path}")).to_owned());
            assert_eq!(made, outcomes, "{limit}");
            assert_eq!(tree.census(), [""; 0]);
        }
    }
}

/// However deep the program nests its groups, each costs the end of the launch the same.
fn nested(stage: &Stage) {
    let Some(tree) = tree(stage, &[]) else { return };
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let calls = |count: usize| {
        let spec = spec(&format!(
            "cgroup = {{ max_depth = 1000, max_descendants = 2000, parent = '{}' }}
             filesystem.mounts.'/cg'.writable = true",
            tree.path.display()
        ));
        let launcher = build(stage, spec, &[&format!("nest=/cg,{count}")]);
        let launcher = launcher.to_str().expect("a plain path");
        let run = stage.run(&stage.ground.probe, &["--start", "--", probe, "--record", "--", launcher]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        run.answers().expect(&[("nested./cg", "ok")]);
        assert_eq!(tree.census(), [""; 0]);
        run.stderr.lines().filter(|line| line.starts_with("call=")).count()
    };
    let (few, more) = (calls(100), calls(200));
    let each = (more - few) / 100;
    assert!((3..15).contains(&each), "{each} calls for each group: {few} for 100, {more} for 200");
}

/// Where the host's tree is the program's and its ids are the launcher's, no cgroup would hold it.
fn within_reach(stage: &Stage) {
    let Some(tree) = tree(stage, &["pids"]) else { return };
    let spec = Spec::new(PLAIN).with(
        "filesystem.root = 'host'\nnamespaces = { mount = 'host', pid = 'host' }\ncgroup.pids_max = 30",
    );
    let launcher = build(stage, spec, &["exit=0"]);
    tree.delegate("", 65534);
    let run = tree.launch(stage, "", 65534, &launcher);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("can leave its cgroup"), "{}", run.stderr);
    // Root's cgroup is not the program's.
    tree.delegate("", 0);
    expect_ended_well(&tree.launch(stage, "", 0, &launcher));
    assert_eq!(tree.census(), [""; 0]);
}

/// What a killed launcher leaves has another group in it.
fn divided_and_killed(stage: &Stage) {
    let Some(tree) = tree(stage, &["pids"]) else { return };
    fs::write(tree.path.join("cgroup.subtree_control"), "+pids").expect("a controller");
    places(&tree, 65534);
    let parent = tree.path.join("sandboxes").display().to_string();
    let spec = Spec::new(PLAIN).with(&format!(
        "cgroup = {{ pids_max = 30, parent = '{parent}' }}
         filesystem.mounts.'/cg' = {{ cgroup2 = true, writable = true }}"
    ));
    let (launcher, mark) = marked(stage, spec.clone(), "sleep=20000");
    let mut killed = tree.spawn(stage, "launcher", 65534, &launcher);
    ready(&mut killed);
    kill_launcher(killed);
    expect_gone(&mark);
    let left = tree.census();
    assert!(left.iter().any(|name| name.ends_with(".sandbox/program")), "{left:?}");
    expect_ended_well(&tree.launch(stage, "launcher", 65534, &build(stage, spec, &["exit=0"])));
    assert_eq!(tree.census(), ["launcher", "sandboxes"]);
}

fn left_out(stage: &Stage) {
    let spec = spec("cgroup.memory_max = '64MiB'\nrequires.optional = ['cgroup']");
    let launcher = build(stage, spec, &["note=ran", "read=/cg/memory.max"]);
    let without = |run: &Run| {
        assert_eq!((run.status, run.answers().get("note")), (0, "ran"), "{}", run.stderr);
        assert!(run.stderr.starts_with("plain: goes on without a cgroup"), "{}", run.stderr);
        assert_ne!(run.answers().get("content./cg/memory.max"), "67108864\\n");
    };
    let Some(tree) = Tree::new(stage, &["memory"]) else { return without(&stage.run(&launcher, &[])) };
    without(&tree.launch(stage, "", 65534, &launcher));
    assert_eq!(tree.census(), [""; 0]);
    // The control: where there is one it is made, without a word.
    tree.delegate("", 65534);
    for uid in USERS {
        let run = tree.launch(stage, "", uid, &launcher);
        expect_ended_well(&run);
        assert_eq!(run.answers().get("content./cg/memory.max"), "67108864\\n");
        assert_eq!(tree.census(), [""; 0]);
    }
}

fn refusals(stage: &Stage) {
    let Some(tree) = tree(stage, &["cpuset", "io", "memory", "pids"]) else { return };
    let path = tree.path.display().to_string();
    let launch = |text: &str, cgroup: &str, uid, words: &[&str]| {
        let before = tree.census();
        let run = tree.launch(stage, cgroup, uid, &build(stage, spec(text), &["note=ran"]));
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{text}: {}", run.stderr);
        for word in ["plain: spec.sandbox.toml:"].iter().chain(words) {
            assert!(run.stderr.contains(word), "{text}: no `{word}` in {}", run.stderr);
        }
        assert_eq!(tree.census(), before, "{text}");
    };
    let limit = "cgroup.memory_max = '64MiB'";
    launch(limit, "", 65534, &["Permission denied", "Delegate=yes"]);
    tree.within("inner");
    let inner = format!("cgroup = {{ parent = '{path}/inner', memory_max = 1048576 }}");
    launch(&inner, "", 0, &["switch the controller memory on", "No such file", "cgroup.controllers"]);
    let missing = format!("cgroup = {{ parent = '{path}/missing', memory_max = 1048576 }}");
    launch(&missing, "", 0, &["find /sys/fs/cgroup/", "missing: No such file"]);
    launch("cgroup.io_max.'4095:1'.rbps = 1", "", 0, &["4095:1"]);
    launch(
        "cgroup.cpuset_cpus_partition = 'root'",
        "",
        0,
        &["write root to cpuset", "not all that is asked"],
    );
    fs::write(tree.path.join("cpuset.cpus"), "0").expect("a processor");
    launch("cgroup.cpuset_cpus = '0-1'", "", 0, &["write 0-1 to cpuset.cpus", "not all that is asked"]);
    tree.delegate("", 65534);
    for uid in USERS {
        let conditions = format!("cgroup={path}");
        let mut stranger =
            stage.spawn(&stage.ground.probe, &["--start", &conditions, "--", "/bin/sleep", "20"]);
        while tree.read("cgroup.procs").is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        for limit in [limit, "cgroup.pids_max = 9"] {
            launch(limit, "", uid, &["other processes", "systemd-run"]);
            assert_eq!(tree.read("cgroup.subtree_control").trim(), "");
        }
        stranger.kill().expect("kill");
        stranger.wait().expect("it can be waited for");
    }
    let run = tree.launch(stage, "", 65534, &build(stage, spec(limit), &["exit=0"]));
    expect_ended_well(&run);
}
