//! Sandboxes whose time is up, or that are asked to end: the program gets its signal, and nothing outlives its patience.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Need, Run, Spec, Stage, Tree, guest, wait};
use crate::life::{expect_gone, marked, processes_with, ready};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];
const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "timeout/ended", needs: USER_NAMESPACES, run: ended },
    Test { name: "timeout/ends-by-itself", needs: USER_NAMESPACES, run: ends_by_itself },
    Test { name: "timeout/ignored", needs: USER_NAMESPACES, run: ignored },
    Test { name: "timeout/stopped", needs: USER_NAMESPACES, run: stopped },
    Test { name: "timeout/other-signals", needs: USER_NAMESPACES, run: other_signals },
    Test { name: "timeout/not-up", needs: USER_NAMESPACES, run: not_up },
    Test { name: "timeout/up-before-the-program", needs: USER_NAMESPACES, run: before_the_program },
    Test { name: "timeout/launcher-stopped", needs: USER_NAMESPACES, run: launcher_stopped },
    Test { name: "timeout/alarm-of-somebody-else", needs: USER_NAMESPACES, run: other_alarm },
    Test { name: "timeout/timers-of-the-caller", needs: USER_NAMESPACES, run: timers_of_the_caller },
    Test { name: "timeout/launcher-terminated", needs: USER_NAMESPACES, run: terminated },
    Test { name: "timeout/kill-signal-in-place", needs: &[], run: signal_in_place },
    Test { name: "timeout/among-the-hosts-processes", needs: ROOT, run: among_others },
];

/// Long enough that the program has started, and longer where everything takes longer.
fn time() -> Duration {
    guest::slowly(Duration::from_millis(400))
}

/// No test waits for it.
const NEVER: &str = "1h";

fn limited(kill_timeout: &str) -> Spec {
    let (timeout, status) = (time().as_millis(), "lifecycle.status_fd = 3");
    Spec::new(PLAIN)
        .with(&format!("lifecycle = {{ timeout = '{timeout}ms', kill_timeout = '{kill_timeout}' }}"))
        .with(status)
}

fn conditions(stage: &Stage) -> String {
    format!("append=3:{}", stage.directory().join("status").display())
}

/// Starts it with the status at descriptor 3, and waits until the program is ready.
fn start(stage: &Stage, launcher: &Path) -> Child {
    let mut child = begin(stage, launcher);
    ready(&mut child);
    child
}

fn begin(stage: &Stage, launcher: &Path) -> Child {
    _ = fs::remove_file(stage.directory().join("status"));
    let launcher = launcher.to_str().expect("a plain path");
    stage.spawn(&stage.ground.probe, &["--start", &conditions(stage), "--", launcher])
}

/// The last line of the status.
#[track_caller]
fn status(stage: &Stage) -> Value {
    let text = fs::read_to_string(stage.directory().join("status")).expect("the status");
    serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
}

/// One line, with the place of the key.
#[track_caller]
fn expect_time_up(stage: &Stage, run: &Run, signal: u32) {
    let words = format!("lifecycle.timeout of {:?}: timed out\n", time());
    assert_eq!(run.status, 124, "{}", run.stderr);
    assert!(run.stderr.starts_with("plain: spec.sandbox.toml:"), "{}", run.stderr);
    assert!(run.stderr.ends_with(&words) && run.stderr.lines().count() == 1, "{}", run.stderr);
    let place: Vec<usize> = run.stderr.split(':').skip(2).flat_map(str::parse).take(2).collect();
    let spec = fs::read_to_string(stage.directory().join("spec.sandbox.toml")).expect("the spec");
    let line = spec.lines().nth(place[0] - 1).expect("a line");
    assert!(line[..place[1] - 1].ends_with("timeout = "), "{line}");
    let status = status(stage);
    assert_eq!((status["reason"].as_str(), status["exit"].as_u64()), (Some("timeout"), Some(124)));
    assert_eq!(status["signal"].as_u64(), Some(signal.into()));
}

fn ended(stage: &Stage) {
    // What the program has started, and nobody waits for, ends with it.
    let (launcher, mark) = marked(stage, limited(NEVER), "orphan=60000");
    assert_eq!(wait(begin(stage, &launcher)).status, 0, "an orphan alone holds nothing up");
    expect_gone(&mark);
    let mark = format!("mark-{}", stage.site.key);
    let questions = [format!("note={mark}"), "orphan=60000".to_owned(), "sleep=60000".to_owned()];
    let launcher = stage.build(&limited(NEVER).asking(&stage.site, &questions));
    let begun = Instant::now();
    let child = start(stage, &launcher);
    assert!(processes_with(&mark).len() >= 2, "the mark does not find the orphan");
    let run = wait(child);
    assert!(begun.elapsed() >= time(), "too early: {:?}", begun.elapsed());
    expect_time_up(stage, &run, 15);
    expect_gone(&mark);
    expect_gone(&launcher.display().to_string());
}

fn ends_by_itself(stage: &Stage) {
    let (launcher, mark) = marked(stage, limited(NEVER), "wait_for=15");
    let run = wait(begin(stage, &launcher));
    run.answers().expect(&[("signal", "15")]);
    expect_time_up(stage, &run, 0);
    expect_gone(&mark);
}

/// Whoever does not listen is killed, and everything with it.
fn ignored(stage: &Stage) {
    let mark = format!("mark-{}", stage.site.key);
    let questions = [&format!("note={mark}"), "ignore=15", "orphan=60000", "sleep=60000"].map(str::to_owned);
    let launcher = stage.build(&limited("200ms").asking(&stage.site, &questions));
    let begun = Instant::now();
    let run = wait(begin(stage, &launcher));
    assert!(begun.elapsed() >= time() + Duration::from_millis(200), "too early: {:?}", begun.elapsed());
    expect_time_up(stage, &run, 9);
    expect_gone(&mark);
    expect_gone(&launcher.display().to_string());
}

/// Who is stopped gets the signal all the same, and who stops again is killed.
fn stopped(stage: &Stage) {
    for (more, kill_timeout, signal) in [(None, NEVER, 15), (Some("ignore=15"), "200ms", 9)] {
        let mark = format!("mark-{}", stage.site.key);
        let questions: Vec<String> = [Some(format!("note={mark}").as_str()), more]
            .into_iter()
            .flatten()
            .chain(["kill=19", "kill=19", "sleep=60000"])
            .map(str::to_owned)
            .collect();
        let launcher = stage.build(&limited(kill_timeout).asking(&stage.site, &questions));
        let run = wait(begin(stage, &launcher));
        expect_time_up(stage, &run, signal);
        expect_gone(&mark);
    }
}

fn other_signals(stage: &Stage) {
    for (name, number) in [("SIGINT", "2"), ("SIGWINCH", "28"), ("SIGRTMIN+3", "37")] {
        let spec = limited(NEVER).with(&format!("lifecycle.kill_signal = '{name}'"));
        let (launcher, mark) = marked(stage, spec, &format!("wait_for={number}"));
        let run = wait(begin(stage, &launcher));
        run.answers().expect(&[("signal", number)]);
        expect_time_up(stage, &run, 0);
        expect_gone(&mark);
    }
}

fn not_up(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(&format!("lifecycle = {{ timeout = '{NEVER}', status_fd = 3 }}"));
    for (action, expected, reason) in
        [("exit=7", 7, "exited"), ("exit=124", 124, "exited"), ("kill=9", 137, "killed")]
    {
        let (launcher, mark) = marked(stage, spec.clone(), action);
        let run = wait(begin(stage, &launcher));
        assert_eq!((run.status, run.stderr.as_str()), (expected, ""), "{action}");
        assert_eq!(status(stage)["reason"].as_str(), Some(reason), "{action}");
        expect_gone(&mark);
    }
    let absent = spec.with("process.args = ['/usr/bin/nowhere']\nfilesystem.base = 'usr'").text();
    let run = wait(begin(stage, &stage.build_text("absent", &absent)));
    assert_eq!((run.status, status(stage)["reason"].as_str()), (127, Some("not started")), "{}", run.stderr);
}

/// Wherever the launch is by then.
fn before_the_program(stage: &Stage) {
    for microseconds in [1, 200, 500, 1000, 2000, 4000] {
        let spec = Spec::new(PLAIN).with(&format!("lifecycle.timeout = '{microseconds}us'"));
        let (launcher, mark) = marked(stage, spec, "sleep=60000");
        let run = stage.start(&["subreaper"], &launcher);
        let (said, end) = run.stderr.split_once('\n').unwrap_or_default();
        assert!(said.ends_with("timed out"), "{microseconds}: {}", run.stderr);
        assert!(end == "status=124\nleft=nothing\n" || end == "status=125\nleft=nothing\n", "{end}");
        expect_gone(&mark);
    }
}

fn launcher_stopped(stage: &Stage) {
    let (launcher, mark) = marked(stage, limited(NEVER), "sleep=60000");
    let child = start(stage, &launcher);
    signal(&child, Signal::SIGSTOP);
    sleep(time() * 2);
    assert!(!processes_with(&mark).is_empty(), "ended by somebody else");
    signal(&child, Signal::SIGCONT);
    expect_time_up(stage, &wait(child), 15);
    expect_gone(&mark);
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).expect("a process id")), signal).expect("kill");
}

/// An alarm that the launcher did not set is the program's; and it does not hide the launcher's own.
fn other_alarm(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(&format!("lifecycle = {{ timeout = '{NEVER}', status_fd = 3 }}"));
    let (launcher, _) = marked(stage, spec, "wait_for=14");
    let child = start(stage, &launcher);
    signal(&child, Signal::SIGALRM);
    let run = wait(child);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    run.answers().expect(&[("signal", "14")]);
    let (launcher, mark) = marked(stage, limited(NEVER), "ignore=14");
    assert_eq!(wait(begin(stage, &launcher)).status, 0);
    let questions = [&format!("note={mark}"), "ignore=14", "sleep=60000"].map(str::to_owned);
    let launcher = stage.build(&limited(NEVER).asking(&stage.site, &questions));
    let child = start(stage, &launcher);
    let until = Instant::now() + time();
    // While it is stopped, a signal of the same number is pending when its own comes.
    signal(&child, Signal::SIGSTOP);
    let stat = format!("/proc/{}/stat", child.id());
    while !fs::read_to_string(&stat).expect("a process").contains(") T ") {
        sleep(Duration::from_millis(1));
    }
    signal(&child, Signal::SIGALRM);
    sleep(until - Instant::now());
    signal(&child, Signal::SIGCONT);
    expect_time_up(stage, &wait(child), 15);
    expect_gone(&mark);
}

/// exec keeps interval timers and pending signals: neither is the spec's timeout, and neither reaches the program.
fn timers_of_the_caller(stage: &Stage) {
    let patient = Spec::new(PLAIN).with("lifecycle.kill_timeout = '1h'");
    for spec in [&patient, &in_place(stage)] {
        let launcher = marked(stage, spec.clone(), "exit=7").0;
        let run = stage.start(&["expired"], &launcher);
        assert_eq!((run.status, run.stderr.as_str()), (7, ""));
    }
    // An alarm that comes while the program runs, if the launch has not stopped it.
    for spec in [patient, in_place(stage)] {
        let run = stage.start(&["alarm=1"], &marked(stage, spec, "sleep=1300").0);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    }
}

/// Asked to end, the launcher asks the program; how long that may take is the spec's to say, or else the asker's.
fn terminated(stage: &Stage) {
    let spec =
        |lifecycle: &str| Spec::new(PLAIN).with(&format!("lifecycle = {{ status_fd = 3, {lifecycle} }}"));
    let (launcher, mark) = marked(stage, spec("kill_signal = 'SIGUSR2'"), "wait_for=12");
    let child = start(stage, &launcher);
    signal(&child, Signal::SIGTERM);
    let run = wait(child);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    run.answers().expect(&[("signal", "12")]);
    assert_eq!(status(stage)["reason"].as_str(), Some("exited"));
    expect_gone(&mark);
    let questions = [&format!("note={mark}"), "ignore=15", "sleep=60000"].map(str::to_owned);
    let launcher = stage.build(&spec("kill_timeout = '300ms'").asking(&stage.site, &questions));
    let child = start(stage, &launcher);
    let begun = Instant::now();
    signal(&child, Signal::SIGTERM);
    // Asking twice does not make it wait longer, nor shorter.
    signal(&child, Signal::SIGTERM);
    let run = wait(child);
    assert!(begun.elapsed() >= Duration::from_millis(300), "too early: {:?}", begun.elapsed());
    assert_eq!((run.status, run.stderr.as_str()), (137, ""));
    assert_eq!(status(stage)["reason"].as_str(), Some("killed"));
    expect_gone(&mark);
    // Without one it waits for ever.
    let launcher = stage.build(&spec("kill_signal = 'SIGTERM'").asking(&stage.site, &questions));
    let mut child = start(stage, &launcher);
    signal(&child, Signal::SIGTERM);
    sleep(Duration::from_millis(500));
    assert!(child.try_wait().expect("a child").is_none(), "ended though nothing says so");
    signal(&child, Signal::SIGKILL);
    wait(child);
    expect_gone(&mark);
}

fn signal_in_place(stage: &Stage) {
    let (launcher, mark) =
        marked(stage, in_place(stage).with("lifecycle.kill_signal = 'SIGUSR2'"), "wait_for=12");
    let mut child = stage.spawn(&launcher, &[]);
    ready(&mut child);
    signal(&child, Signal::SIGTERM);
    let run = wait(child);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    run.answers().expect(&[("signal", "12")]);
    expect_gone(&mark);
}

/// Without a pid namespace of its own the sandbox's cgroup ends what has left the program.
fn among_others(stage: &Stage) {
    let Some(tree) = Tree::new(stage, &[]) else { return };
    for kill_timeout in [NEVER, "200ms"] {
        let spec = limited(kill_timeout).with(&format!(
            "namespaces.pid = 'host'\ncgroup = {{ parent = '{}', max_depth = 0 }}",
            tree.path.display()
        ));
        let mark = format!("mark-{}", stage.site.key);
        let ignore = if kill_timeout == NEVER { "orphan=60000" } else { "ignore=15" };
        let questions = [&format!("note={mark}"), ignore, "orphan=60000", "sleep=60000"].map(str::to_owned);
        let launcher = stage.build(&spec.asking(&stage.site, &questions));
        let run = wait(start(stage, &launcher));
        expect_time_up(stage, &run, if kill_timeout == NEVER { 15 } else { 9 });
        expect_gone(&mark);
        assert_eq!(tree.census(), [""; 0]);
    }
}
