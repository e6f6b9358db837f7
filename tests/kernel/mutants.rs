//! Launches that leave one protection out: for each of them a test that looks at real launches has to fail.

use crate::harness::{Change, Ground, Mutant, Need, Person, Stage, Tree};
use crate::life::processes_with;
use crate::{Test, cgroups, demonstrations, protections};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Mutex, Once};

const NEEDS: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "mutants/each-is-noticed", needs: NEEDS, run: each_is_noticed },
    Test { name: "cgroups/each-is-noticed", needs: NEEDS, run: each_of_cgroups_is_noticed },
];

/// A protection, how it is left out, and the test that has to fail then.
#[derive(Clone)]
pub struct Protection {
    pub name: &'static str,
    pub change: Change,
    pub test: &'static str,
    pub person: Person,
}

/// What no test notices, each for a reason that SECURITY.md gives under its name.
const NOT_NOTICED: [&str; 0] = [];

const SECURITY: &str = include_str!("../../SECURITY.md");

fn each_is_noticed(stage: &Stage) {
    let mut protections = protections::all();
    if Tree::new(stage, &[]).is_none() {
        let [there, elsewhere] = protections::GUARD_TESTS;
        let guards = protections.iter_mut().filter(|protection| protection.test == there);
        guards.for_each(|guard| guard.test = elsewhere);
    }
    assert!(protections.len() >= 30, "{}", protections.len());
    assert_eq!(survivors(stage.ground, &protections), NOT_NOTICED);
    let figure = format!("{} protections", protections.len() + protections::cgroups().len());
    assert!(SECURITY.contains(&figure), "SECURITY.md says another figure than {figure}");
    for name in NOT_NOTICED {
        assert!(SECURITY.contains(name), "SECURITY.md does not say why nobody notices `{name}`");
    }
}

/// Where the machine has version 2, which those in a virtual one have.
fn each_of_cgroups_is_noticed(stage: &Stage) {
    if cgroups::tree(stage, &["cpu", "cpuset", "io", "memory", "pids"]).is_some() {
        assert_eq!(survivors(stage.ground, &protections::cgroups()), [""; 0]);
    }
}

/// Leaves out one after the other. Which of them nobody notices.
fn survivors(ground: &'static Ground, protections: &[Protection]) -> Vec<&'static str> {
    stay_quiet_where_asked();
    let next = Mutex::new(protections.iter().enumerate());
    let found = Mutex::new(vec![Err("nothing is left out"); protections.len()]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                QUIET.set(true);
                loop {
                    let Some((index, protection)) = next.lock().expect("no panic here").next() else { break };
                    found.lock().expect("no panic here")[index] = noticed(ground, protection);
                }
            });
        }
    });
    let found = found.into_inner().expect("no panic here");
    let mut survivors = Vec::new();
    for (protection, noticed) in protections.iter().zip(found) {
        let words = noticed.unwrap_or_else(|problem| {
            survivors.push(protection.name);
            problem.to_uppercase()
        });
        println!("left out: {:<42} {}: {words:.120}", protection.name, protection.test);
    }
    println!("{} protections left out, {} not noticed", protections.len(), survivors.len());
    survivors
}

/// What fails in its test, in the words of the failure.
fn noticed(ground: &'static Ground, protection: &Protection) -> Result<String, &'static str> {
    let mut stage = ground.stage(protection.person);
    stage.mutant = Some(Mutant::new(protection.change));
    let outcome = catch_unwind(AssertUnwindSafe(|| run(protection.test, &stage)));
    let mark = format!("mark-{}", stage.site.key);
    // What a launch without this protection has left behind.
    for left in [mark, stage.directory().display().to_string()] {
        processes_with(&left).into_iter().for_each(|pid| _ = kill(Pid::from_raw(pid), Signal::SIGKILL));
    }
    if stage.mutant.is_none_or(|mutant| mutant.times() == 0) {
        return Err("nothing of that is launched");
    }
    let reason = outcome.err().ok_or("nobody notices")?;
    let words = reason.downcast_ref::<String>().map(String::as_str);
    let words = words.or(reason.downcast_ref::<&str>().copied()).unwrap_or("it failed");
    Ok(words.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The test of this name, or the demonstration.
fn run(name: &str, stage: &Stage) {
    if name.starts_with("demonstration/") {
        return demonstrations::run(name, stage);
    }
    let mut tests = crate::TESTS.iter().copied().flatten();
    let test = tests.find(|test| test.name == name).unwrap_or_else(|| unreachable!("no test {name}"));
    (test.run)(stage);
}

thread_local! {
    /// Whether a failure here is what is asked for, and nothing to tell.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

fn stay_quiet_where_asked() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                tell(info);
            }
        }));
    });
}
