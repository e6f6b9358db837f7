//! The life of a sandbox: signals, parents that die, and what is left afterwards: nothing.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Spec, Stage, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "life/failed-launch-leaves-nothing", needs: USER_NAMESPACES, run: failed_launch },
    Test { name: "life/launch-leaves-nothing", needs: USER_NAMESPACES, run: launch },
    Test { name: "life/terminate-is-forwarded", needs: USER_NAMESPACES, run: terminate },
    Test { name: "life/kill-leaves-nothing", needs: USER_NAMESPACES, run: killed },
    Test { name: "life/orphans-end-with-the-program", needs: USER_NAMESPACES, run: orphans },
    Test { name: "life/die-with-parent", needs: USER_NAMESPACES, run: die_with_parent },
    Test { name: "life/outlive-the-parent", needs: USER_NAMESPACES, run: outlive_the_parent },
    Test {
        name: "life/seen-from-the-host",
        needs: &[Need::Root, Need::UserNamespaces],
        run: seen_from_the_host,
    },
];

/// A launcher whose program has a mark in its arguments by which /proc shows it, and what it does then.
pub fn marked(stage: &Stage, spec: Spec, action: &str) -> (PathBuf, String) {
    let mark = format!("mark-{}", stage.site.key);
    let questions = [format!("note={mark}"), action.to_owned()];
    (stage.build(&spec.asking(&stage.site, &questions)), mark)
}

/// The processes whose arguments contain this, on the whole machine.
pub fn processes_with(mark: &str) -> BTreeSet<i32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains(mark))
    })
    .collect()
}

#[track_caller]
pub fn expect_gone(mark: &str) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !processes_with(mark).is_empty() {
        assert!(Instant::now() < deadline, "still there: {:?}", processes_with(mark));
        sleep(Duration::from_millis(5));
    }
}

/// Waits until the program says that it is ready.
pub fn ready(child: &mut Child) {
    let stdout = child.stdout.as_mut().expect("a pipe");
    let mut reader = BufReader::with_capacity(1, stdout);
    let mut line = String::new();
    while line != "ready=yes\n" {
        line.clear();
        assert_ne!(reader.read_line(&mut line).expect("output"), 0, "the program ended before it was ready");
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("a process id"))
}

/// Kills without waiting for the end of its output, which a process that is left would hold open.
pub fn kill_launcher(mut child: Child) {
    child.kill().expect("kill");
    child.wait().expect("it can be waited for");
}

fn traces(stage: &Stage) -> (Vec<PathBuf>, String) {
    let mut files: Vec<PathBuf> =
        fs::read_dir(stage.directory()).expect("the directory").flatten().map(|entry| entry.path()).collect();
    files.sort();
    (files, fs::read_to_string("/proc/self/mountinfo").expect("the mounts"))
}

fn failed_launch(stage: &Stage) {
    // Everything before the missing source has been set up by then.
    let spec = Spec::new(PLAIN).with(
        "hostname = 'x'
         process.args = ['/bin/true']
         [filesystem]
         base = 'usr'
         proc = 'own'
         dev = 'minimal'
         [filesystem.mounts]
         '/zzz' = { bind = '/does/not/exist' }",
    );
    let launcher = stage.build(&spec);
    let before = traces(stage);
    let run = stage.start(&["subreaper"], &launcher);
    assert!(run.stderr.ends_with("status=125\nleft=nothing\n"), "{}", run.stderr);
    assert_eq!(traces(stage), before);
}

fn launch(stage: &Stage) {
    let (launcher, _) = marked(stage, Spec::new(PLAIN), "exit=3");
    let before = traces(stage);
    let run = stage.start(&["subreaper"], &launcher);
    assert_eq!(run.stderr, "status=3\nleft=nothing\n");
    assert_eq!(traces(stage), before);
}

fn terminate(stage: &Stage) {
    let (launcher, _) = marked(stage, Spec::new(PLAIN), "wait_for=15");
    let mut child = stage.spawn(&launcher, &[]);
    ready(&mut child);
    kill(pid(&child), Signal::SIGTERM).expect("kill");
    let run = wait(child);
    run.answers().expect(&[("signal", "15")]);
    assert_eq!(run.status, 0);
    // A program that does not handle it dies of it, and the status says so.
    let (launcher, mark) = marked(stage, Spec::new(PLAIN), "sleep=60000");
    let mut child = stage.spawn(&launcher, &[]);
    ready(&mut child);
    kill(pid(&child), Signal::SIGTERM).expect("kill");
    assert_eq!(wait(child).status, 143);
    expect_gone(&mark);
}

fn killed(stage: &Stage) {
    let (launcher, mark) = marked(stage, Spec::new(PLAIN), "sleep=60000");
    let mut child = stage.spawn(&launcher, &[]);
    ready(&mut child);
    assert!(!processes_with(&mark).is_empty(), "the mark does not find the program");
    kill_launcher(child);
    expect_gone(&mark);
    expect_gone(&launcher.display().to_string());
}

fn orphans(stage: &Stage) {
    let (launcher, mark) = marked(stage, Spec::new(PLAIN), "orphan=60000");
    let start = Instant::now();
    assert_eq!(stage.run(&launcher, &[]).status, 0);
    assert!(start.elapsed() < Duration::from_secs(20), "the launcher waited for an orphan");
    expect_gone(&mark);
}

fn die_with_parent(stage: &Stage) {
    let spec = Spec::new(PLAIN).with("lifecycle.die_with_parent = true");
    let (launcher, mark) = marked(stage, spec, "sleep=60000");
    let mut child = start_and_die(stage, &launcher);
    ready(&mut child);
    child.wait().expect("the parent ends");
    expect_gone(&mark);
}

/// The parent of a launcher that ends while the program runs.
fn start_and_die(stage: &Stage, launcher: &Path) -> Child {
    let launcher = launcher.to_str().expect("a plain path");
    stage.spawn(&stage.ground.probe, &["--start", "parent_dies=300", "--", launcher])
}

fn outlive_the_parent(stage: &Stage) {
    let (launcher, mark) = marked(stage, Spec::new(PLAIN), "sleep=1500");
    let mut child = start_and_die(stage, &launcher);
    ready(&mut child);
    child.wait().expect("the parent ends");
    sleep(Duration::from_millis(300));
    assert!(!processes_with(&mark).is_empty(), "it died with its parent though nobody asked for that");
    expect_gone(&mark);
}

/// Every process of the sandbox, the launcher's init too, as the host sees it.
fn seen_from_the_host(stage: &Stage) {
    let (launcher, mark) = marked(stage, Spec::new(PLAIN).with("filesystem.proc = 'own'"), "sleep=60000");
    let mut child = stage.spawn(&launcher, &[]);
    ready(&mut child);
    let program = processes_with(&mark).into_iter().next_back().expect("the program");
    let namespace = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let inside = namespace(program);
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let all: Vec<i32> = pids.filter(|pid| namespace(*pid) == inside).collect();
    assert_eq!(all.len(), 2, "the program and the launcher's init: {all:?}");
    for pid in &all {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let ids = "65534 65534 65534 65534";
        for (name, value) in [("Uid:", ids), ("Gid:", ids), ("Groups:", ""), ("NoNewPrivs:", "1")] {
            assert_eq!(field(name), value, "{name} of {pid}");
        }
        for name in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            assert_eq!(field(name), "0000000000000000", "{name} of {pid}");
        }
        let environment = fs::read_to_string(format!("/proc/{pid}/environ")).expect("an environment");
        assert!(environment.chars().all(|character| character == '\0'), "{environment}");
        assert_ne!(fs::read_dir(format!("/proc/{pid}/root/")).expect("its root").count(), 0);
        assert!(!fs::exists(format!("/proc/{pid}/root/etc")).expect("its root"), "the host's root of {pid}");
    }
    let init = all.iter().find(|pid| **pid != program).expect("the init");
    let open = fs::read_dir(format!("/proc/{init}/fd")).expect("its descriptors").count();
    assert_eq!(open, 0, "the launcher's init keeps descriptors");
    kill_launcher(child);
    expect_gone(&mark);
}
