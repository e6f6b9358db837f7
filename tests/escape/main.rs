//! The escape suite: tries everything that a sandbox must not let happen, and says of each attempt what became of it.
//!
//! `escape run FACT...` makes every attempt, each in a process of its own, and prints `NAME OUTCOME DETAIL` for each. The facts,
//! `key=value`, are those that `escape victim DIRECTORY SECRET` prints: a process that is to be outside of the sandbox, with files,
//! memory, sockets and IPC objects of its own. An attempt has escaped when what it is about has happened, not when a call has returned.
//! `escape able FACT...` tries what ordinary programs need in the same way, so that a sandbox that contains everything by doing
//! nothing is found out.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::exit, reason = "printing is its work")]

mod abilities;
mod attempt;
mod credentials;
mod descriptors;
mod devices;
mod execution;
mod facilities;
mod families;
mod files;
mod inheritance;
mod ipc;
mod kernel_files;
mod landlock;
mod memory;
mod mounts;
mod namespaces;
mod network;
mod objects;
mod privileged;
mod processes;
mod resources;
mod run;
mod seccomp;
mod supervisor;
mod surface;
#[path = "../probe/sys.rs"]
#[allow(dead_code, reason = "the other program that has it uses the rest")]
mod sys;
mod terminal;
mod tree;
mod victim;
mod world;

use attempt::Probe;

/// The attempts, subject by subject.
const SUBJECTS: &[(&str, &[Probe])] = &[
    ("files", files::PROBES),
    ("tree", tree::PROBES),
    ("mounts", mounts::PROBES),
    ("kernel-files", kernel_files::PROBES),
    ("devices", devices::PROBES),
    ("processes", processes::PROBES),
    ("descriptors", descriptors::PROBES),
    ("memory", memory::PROBES),
    ("supervisor", supervisor::PROBES),
    ("namespaces", namespaces::PROBES),
    ("credentials", credentials::PROBES),
    ("ipc", ipc::PROBES),
    ("objects", objects::PROBES),
    ("network", network::PROBES),
    ("families", families::PROBES),
    ("landlock", landlock::PROBES),
    ("seccomp", seccomp::PROBES),
    ("surface", surface::PROBES),
    ("privileged", privileged::PROBES),
    ("terminal", terminal::PROBES),
    ("inheritance", inheritance::PROBES),
    ("execution", execution::PROBES),
    ("resources", resources::PROBES),
];

/// What must be possible, tried in the same way.
const ABILITIES: &[(&str, &[Probe])] = &[("ability", abilities::PROBES), ("facility", facilities::PROBES)];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match words.as_slice() {
        ["run", facts @ ..] => run::run(SUBJECTS, facts, run::CONTAINED),
        ["able", facts @ ..] => run::run(ABILITIES, facts, run::WORKING),
        ["names"] => run::names(SUBJECTS),
        ["apart", facts @ ..] => run::run_apart(SUBJECTS, facts),
        ["victim", directory, secret] => victim::stand(directory, secret),
        // What an attempt executes to see whether it can.
        ["executed"] => std::process::exit(attempt::EXECUTED),
        _ => {
            eprintln!("escape: names, able FACT..., run FACT..., apart FACT... or victim DIRECTORY SECRET");
            std::process::exit(99)
        }
    }
}
