//! Sandboxes full of busy processes whose init gets no processor: they end all the same, and soon.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Spec, Stage, Tree, wait};
use crate::life::{expect_gone, kill_launcher, pid, processes_with, ready};
use nix::sys::signal::{Signal, kill};
use std::process::Child;
use std::time::{Duration, Instant};

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];
const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "crowds/time-is-up", needs: USER_NAMESPACES, run: time_is_up },
    Test { name: "crowds/launcher-is-terminated", needs: USER_NAMESPACES, run: terminated },
    Test { name: "crowds/launcher-is-killed", needs: USER_NAMESPACES, run: killed },
    Test { name: "crowds/init-is-protected", needs: USER_NAMESPACES, run: init_is_protected },
    Test { name: "crowds/in-a-cgroup-alone", needs: ROOT, run: in_a_cgroup_alone },
];

/// How many processes are busy.
const COUNT: usize = 200;

/// Where the sandbox has to be gone by; without its guard the busy processes run for twice as long.
const SOON: Duration = Duration::from_secs(15);

/// Without a filter, so that the program may do to init what it likes.
fn free() -> Spec {
    Spec::new(PLAIN).with("seccomp = { default_action = 'allow' }\nlifecycle.kill_timeout = '100ms'")
}

/// A launcher whose sandbox is full, with the mark of its processes; what init's attributes could be set to.
fn crowd(stage: &Stage, spec: &Spec, allowed: &str) -> (Child, String) {
    let mark = format!("mark-{}", stage.site.key);
    let questions = [format!("note={mark}"), "ignore=15".to_owned(), format!("crowd={COUNT}")];
    let mut child = stage.spawn(&stage.build(&spec.clone().asking(&stage.site, &questions)), &[]);
    let answers = ready(&mut child);
    let attributes = ["crowd.cpus", "crowd.policy", "crowd.nice"].map(|attribute| (attribute, allowed));
    answers.expect(&attributes);
    answers.expect(&[("crowd", &COUNT.to_string())]);
    assert!(processes_with(&mark).len() > COUNT, "the mark does not find the crowd");
    (child, mark)
}

#[track_caller]
fn expect_end(begun: Instant, mark: &str) {
    expect_gone(mark);
    assert!(begun.elapsed() < SOON, "gone after {:?}", begun.elapsed());
}

fn time_is_up(stage: &Stage) {
    let (child, mark) = crowd(stage, &free().with("lifecycle.timeout = '2s'"), "ok");
    let begun = Instant::now();
    assert_eq!(wait(child).status, 124);
    expect_end(begun, &mark);
}

fn terminated(stage: &Stage) {
    let (child, mark) = crowd(stage, &free(), "ok");
    let begun = Instant::now();
    kill(pid(&child), Signal::SIGTERM).expect("kill");
    assert_eq!(wait(child).status, 137);
    expect_end(begun, &mark);
}

fn killed(stage: &Stage) {
    let (child, mark) = crowd(stage, &free(), "ok");
    let begun = Instant::now();
    kill_launcher(child);
    expect_end(begun, &mark);
}

/// With a filter nothing slows init down, so that its death signal is enough.
fn init_is_protected(stage: &Stage) {
    let spec = Spec::new(PLAIN).with("seccomp.allow = ['@system-service']");
    let (child, mark) = crowd(stage, &spec, "EPERM");
    let begun = Instant::now();
    kill_launcher(child);
    expect_end(begun, &mark);
}

/// Without a pid namespace of its own nothing but its cgroup ends what the program has left behind.
fn in_a_cgroup_alone(stage: &Stage) {
    let Some(tree) = Tree::new(stage, &[]) else { return };
    let spec = Spec::new(PLAIN)
        .with("namespaces.pid = 'host'")
        .with(&format!("cgroup = {{ parent = '{}', max_depth = 0 }}", tree.path.display()));
    let mark = format!("mark-{}", stage.site.key);
    let questions = [&format!("note={mark}"), "orphan=60000", "sleep=60000"].map(str::to_owned);
    let mut child = stage.spawn(&stage.build(&spec.asking(&stage.site, &questions)), &[]);
    ready(&mut child);
    assert!(processes_with(&mark).len() >= 2, "the mark does not find the orphan");
    kill_launcher(child);
    expect_gone(&mark);
}
