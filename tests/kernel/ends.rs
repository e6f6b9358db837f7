//! Processes of a launch that are stopped, killed and disobeyed by others while the program runs.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Spec, Stage, guest, wait};
use crate::life::{children, expect_gone, kill_launcher, marked, pid, ready, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::PathBuf;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

const NEEDS: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "ends/reaper-is-killed", needs: NEEDS, run: reaper_is_killed },
    Test { name: "ends/program-is-killed", needs: NEEDS, run: program_is_killed },
    Test { name: "ends/launcher-is-stopped", needs: NEEDS, run: launcher_is_stopped },
    Test { name: "ends/launcher-is-stopped-early", needs: NEEDS, run: launcher_is_stopped_early },
    Test { name: "ends/program-is-stopped", needs: NEEDS, run: program_is_stopped },
    Test { name: "ends/program-ignores-signals", needs: NEEDS, run: program_ignores_signals },
    Test { name: "ends/program-attacks-the-reaper", needs: NEEDS, run: program_attacks_the_reaper },
];

/// A program that sleeps, and the reaper above it.
struct Sleeper {
    launcher: Child,
    reaper: Pid,
    program: Pid,
    mark: String,
}

impl Sleeper {
    fn new(stage: &Stage, milliseconds: u32) -> Self {
        let sleeps = guest::slowly(Duration::from_millis(milliseconds.into())).as_millis();
        let (launcher, mark) = marked(stage, Spec::new(PLAIN), &format!("sleep={sleeps}"));
        let mut launcher = stage.spawn(&launcher, &[]);
        ready(&mut launcher);
        let only = |parent| match children(parent)[..] {
            [(child, _)] => child,
            ref others => panic!("{parent} has the children {others:?}"),
        };
        let reaper = only(launcher.id());
        let process = |pid: u32| Pid::from_raw(i32::try_from(pid).expect("a process id"));
        Self { reaper: process(reaper), program: process(only(reaper)), launcher, mark }
    }

    /// How the launcher ends, with nothing left.
    #[track_caller]
    fn expect_end(self, status: i32) {
        let run = wait(self.launcher);
        assert_eq!((run.status, run.stderr.as_str()), (status, ""));
        expect_gone(&self.mark);
    }

    fn state(&self) -> String {
        let reaper = u32::try_from(self.reaper.as_raw()).expect("a process id");
        children(reaper).first().map_or_else(String::new, |(_, state)| state.clone())
    }
}

/// With pid 1 its whole namespace ends.
fn reaper_is_killed(stage: &Stage) {
    let sleeper = Sleeper::new(stage, 60_000);
    kill(sleeper.reaper, Signal::SIGKILL).expect("kill");
    sleeper.expect_end(137);
}

fn program_is_killed(stage: &Stage) {
    for (signal, status) in [(Signal::SIGKILL, 137), (Signal::SIGQUIT, 131), (Signal::SIGHUP, 129)] {
        let sleeper = Sleeper::new(stage, 60_000);
        kill(sleeper.program, signal).expect("kill");
        sleeper.expect_end(status);
    }
}

/// Whoever stops the launcher alone does not stop the program, and learns of its end later.
fn launcher_is_stopped(stage: &Stage) {
    let sleeper = Sleeper::new(stage, 2000);
    let launcher = pid(&sleeper.launcher);
    kill(launcher, Signal::SIGSTOP).expect("kill");
    expect_gone(&sleeper.mark);
    kill(launcher, Signal::SIGTERM).expect("kill");
    kill(launcher, Signal::SIGCONT).expect("kill");
    sleeper.expect_end(0);
}

/// Wherever it is in the launch.
fn launcher_is_stopped_early(stage: &Stage) {
    let (launcher, mark) = marked(stage, Spec::new(PLAIN).with("filesystem.proc = 'own'"), "exit=7");
    for round in (0..40).step_by(guest::stride()) {
        let child = stage.spawn(&launcher, &[]);
        let own = pid(&child);
        sleep(Duration::from_micros(200 * round));
        for _ in 0..3 {
            _ = kill(own, Signal::SIGSTOP);
            sleep(Duration::from_millis(1));
            _ = kill(own, Signal::SIGCONT);
        }
        let run = wait(child);
        assert_eq!((run.status, run.stderr.as_str()), (7, ""), "round {round}");
    }
    expect_gone(&mark);
}

/// What is stopped is killed all the same.
fn program_is_stopped(stage: &Stage) {
    let sleeper = Sleeper::new(stage, 60_000);
    kill(sleeper.program, Signal::SIGSTOP).expect("kill");
    wait_until(|| sleeper.state() == "T");
    kill(pid(&sleeper.launcher), Signal::SIGCONT).expect("kill");
    wait_until(|| sleeper.state() == "S");
    kill(sleeper.program, Signal::SIGSTOP).expect("kill");
    wait_until(|| sleeper.state() == "T");
    kill_launcher(sleeper.launcher);
    expect_gone(&sleeper.mark);
}

fn shell(stage: &Stage, script: &str) -> PathBuf {
    stage.build(&Spec::new(PLAIN).with(&format!(
        "process.args = ['/bin/sh', '-c', '{script}']
         [filesystem]
         base = 'usr'
         proc = 'own'"
    )))
}

/// Who does not listen is killed with the launcher.
fn program_ignores_signals(stage: &Stage) {
    let mark = format!("mark-{}", stage.site.key);
    let script = format!("trap : TERM HUP INT USR1; echo ready=yes; : {mark}; while :; do sleep 0.05; done");
    let mut launcher = stage.spawn(&shell(stage, &script), &[]);
    ready(&mut launcher);
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR1] {
        kill(pid(&launcher), signal).expect("kill");
    }
    sleep(Duration::from_millis(200));
    assert_eq!(launcher.try_wait().expect("a state"), None, "it ended though nobody ended it");
    kill_launcher(launcher);
    expect_gone(&mark);
}

/// Pid 1 cannot be killed or stopped from inside.
fn program_attacks_the_reaper(stage: &Stage) {
    let script = "kill -9 1; kill -STOP 1; kill -9 -1; (sleep 0.05; exit 3) & wait $!; exit 5";
    let run = stage.run(&shell(stage, script), &[]);
    assert_eq!((run.status, run.stdout.as_str()), (5, ""), "{}", run.stderr);
}
