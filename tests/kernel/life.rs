//! The life of a sandbox: signals, parents that die, and what is left afterwards: nothing.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Answers, Need, Spec, Stage, guest, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getsid};
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
    Test {
        name: "life/bubblewrap-633-parent-dies-at-any-call",
        needs: USER_NAMESPACES,
        run: parent_dies_at_any_call,
    },
    Test {
        name: "life/bubblewrap-692-the-parent-is-a-thread",
        needs: USER_NAMESPACES,
        run: parent_is_a_thread,
    },
    Test { name: "life/zombies-are-reaped", needs: USER_NAMESPACES, run: zombies },
    Test { name: "life/fork-bomb-has-a-limit", needs: USER_NAMESPACES, run: fork_bomb },
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
    let deadline = Instant::now() + guest::slowly(Duration::from_secs(5));
    while !processes_with(mark).is_empty() {
        assert!(Instant::now() < deadline, "still there: {:?}", processes_with(mark));
        sleep(Duration::from_millis(5));
    }
}

/// Waits until the program says that it is ready; what it answered before that.
pub fn ready(child: &mut Child) -> Answers {
    let stdout = child.stdout.as_mut().expect("a pipe");
    let mut reader = BufReader::with_capacity(1, stdout);
    let mut text = String::new();
    while !text.ends_with("ready=yes\n") {
        assert_ne!(reader.read_line(&mut text).expect("output"), 0, "the program ended before it was ready");
    }
    Answers::parse(&text)
}

pub fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("a process id"))
}

/// Kills without waiting for the end of its output, which a process that is left would hold open.
pub fn kill_launcher(mut child: Child) {
    child.kill().expect("kill");
    child.wait().expect("it can be waited for");
}

pub fn traces(stage: &Stage) -> (Vec<PathBuf>, String) {
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
    let dies = format!("parent_dies={}", guest::slowly(Duration::from_millis(300)).as_millis());
    stage.spawn(&stage.ground.probe, &["--start", &dies, "--", launcher])
}

/// Wherever the launch is when it loses its parent, it ends and leaves nothing. Who asks for a signal afterwards asks too
/// late, and who changes ids afterwards has not asked.
fn parent_dies_at_any_call(stage: &Stage) {
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let orphaned = |launcher: &Path, nth: usize| {
        let launcher = launcher.to_str().expect("a plain path");
        let nth = nth.to_string();
        let arguments = ["--orphan", &nth, "--", probe, "--start", "parent", "--", launcher];
        stage.run(&stage.ground.probe, &arguments).stderr
    };
    // The control: who did not ask for it lives on.
    let (launcher, mark) = marked(stage, Spec::new(PLAIN), "sleep=20000");
    assert!(orphaned(&launcher, 20).contains("left=processes"), "the tracer does not see who is left");
    expect_gone(&mark);
    let spec = Spec::new(PLAIN).with("lifecycle.die_with_parent = true\nfilesystem.proc = 'own'");
    let (launcher, mark) = marked(stage, spec, "sleep=5000");
    // The calls before the first two are the launcher's look at its own capabilities and at its parent: whoever dies before
    // that was never its parent.
    for nth in (3..12).chain((12..).step_by(7)) {
        let said = orphaned(&launcher, nth);
        assert!(!said.contains("left="), "the parent died at call {nth}: {said}");
        if !said.contains("fault=") {
            assert!(nth > 200, "only {nth} calls were made");
            break;
        }
    }
    expect_gone(&mark);
}

/// To the kernel the parent is the thread that started the launcher: the sandbox ends with it, whole, and does not outlive it.
fn parent_is_a_thread(stage: &Stage) {
    for (asked, status) in [("false", 0), ("true", 128 + 9)] {
        let spec = Spec::new(PLAIN).with(&format!("lifecycle.die_with_parent = {asked}"));
        let (launcher, mark) = marked(stage, spec, "sleep=1000");
        let start = || {
            let mut child = stage.spawn(&launcher, &[]);
            ready(&mut child);
            child
        };
        let child = std::thread::scope(|scope| scope.spawn(start).join()).expect("a thread");
        assert_eq!(wait(child).status, status, "die_with_parent = {asked}");
        expect_gone(&mark);
    }
}

/// A process's children, and their states.
pub fn children(parent: u32) -> Vec<(u32, String)> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let stats = entries.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let child = |stat: String| {
        // The name, in parentheses, may be anything; then follow the state and the parent (proc_pid_stat(5)).
        let (start, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        let state = fields.next()?.to_owned();
        let own = fields.next()?.parse() == Ok(parent);
        own.then_some((start.split(' ').next()?.parse().ok()?, state))
    };
    stats.filter_map(child).collect()
}

fn zombies(stage: &Stage) {
    const ORPHANS: usize = 20;
    let mark = format!("note=mark-{}", stage.site.key);
    let words = [&[mark.as_str()], &["orphan=0"; ORPHANS][..], &["sleep=60000"]].concat();
    // Both are one process outside, whose only child is the first process of its namespace.
    let first = |program: &Path, arguments: &[&str]| {
        let mut child = stage.spawn(program, arguments);
        ready(&mut child);
        let [(first, _)] = children(child.id())[..] else { panic!("more than one child") };
        (child, first)
    };
    // The control: a first process that waits for nobody.
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let unshare = [&["--user", "--map-root-user", "--pid", "--fork", "--kill-child", probe], &words[..]];
    let (child, init) = first(Path::new("/usr/bin/unshare"), &unshare.concat());
    wait_until(|| children(init).iter().filter(|(_, state)| state == "Z").count() == ORPHANS);
    kill_launcher(child);
    expect_gone(&mark);
    let questions: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let (child, init) = first(&stage.build(&Spec::new(PLAIN).asking(&stage.site, &questions)), &[]);
    // The program alone is left to it; those that are about to end may take a moment.
    wait_until(|| children(init).len() == 1);
    kill_launcher(child);
    expect_gone(&mark);
}

#[track_caller]
pub fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + guest::slowly(Duration::from_secs(5));
    while !holds() {
        assert!(Instant::now() < deadline, "it never came to that");
        sleep(Duration::from_millis(5));
    }
}

fn fork_bomb(stage: &Stage) {
    let bomb = ["fork_bomb=100"];
    stage.ask(Spec::new(PLAIN), &bomb).expect(&[("forked", "100")]);
    let made = stage.ask(Spec::new(PLAIN).with("rlimits.nproc = 20"), &bomb).number("forked");
    // Pid 1 and the program are two of the twenty.
    assert!((1..=18).contains(&made), "{made}");
}

fn outlive_the_parent(stage: &Stage) {
    let sleeps = format!("sleep={}", guest::slowly(Duration::from_millis(1500)).as_millis());
    let (launcher, mark) = marked(stage, Spec::new(PLAIN), &sleeps);
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
    let session = getsid(Some(Pid::from_raw(*init))).expect("its session");
    assert_eq!(session.as_raw(), *init, "the launcher's init is in the session of somebody else");
    kill_launcher(child);
    expect_gone(&mark);
}
