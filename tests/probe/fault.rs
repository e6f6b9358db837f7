//! Lets one call of a launch fail, or ends the launch there; every process of a launch has a name, and every call a place.

use crate::sys::{call, into, nr};
use crate::trace::{
    self, ARGUMENTS, GETEVENTMSG, ORIGINAL_RAX, RAX, SYSCALL, registers, set_registers, whole,
};
use crate::usage;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// PTRACE_CONT: no stop at calls.
const CONT: u64 = 7;
const SIGKILL: u64 = 9;
const SIGTERM: u64 = 15;
/// A launch that takes longer has hung.
const PATIENCE_SECONDS: u64 = 60;

/// `-- PROGRAM ARGUMENT...`: says of each call until an exec where it is, and its number.
pub fn record(arguments: &[String]) -> ! {
    match arguments {
        [dashes, program @ ..] if dashes == "--" && !program.is_empty() => {
            Tracer::new(Place::None, What::Record).run(program)
        }
        _ => usage("`--record` wants `--` and a program"),
    }
}

/// `PLACE:WHAT -- PROGRAM ARGUMENT...`: a place is `0.0/17`, the 17th call of the first child of the program, or `17`, that of
/// all processes together; it fails with an errno's number, or the program itself, not what it started, is killed or
/// terminated there (`kill`, `term`). Says which call it was, and whether something lives on.
pub fn fault(arguments: &[String]) -> ! {
    let (text, program) = trace::split(arguments);
    let (place, what) = text.split_once(':').unwrap_or((text, ""));
    let place = match place.split_once('/') {
        Some((process, index)) => Place::Of(process.to_owned(), whole(index)),
        None => Place::All(whole(place)),
    };
    let what = match what {
        "kill" => What::Signal(SIGKILL),
        "term" => What::Signal(SIGTERM),
        errno => What::Errno(i64::from(whole(errno))),
    };
    Tracer::new(place, what).run(program)
}

#[derive(PartialEq, Eq)]
enum Place {
    None,
    Of(String, u32),
    All(u32),
}

enum What {
    Record,
    Errno(i64),
    Signal(u64),
}

/// What is known of a process.
#[derive(Default)]
struct Process {
    /// `0` is the program, `0.1` its second child.
    name: String,
    children: u32,
    calls: u32,
    /// Between the entry of a call and its exit.
    inside: bool,
    /// What its call is answered with.
    answer: Option<i64>,
    /// It executed something, and is no process of the launcher any more.
    executed: bool,
}

struct Tracer {
    place: Place,
    what: What,
    first: u64,
    seen: u32,
    over: bool,
    processes: BTreeMap<u64, Process>,
    /// Children that stopped before their parents told of them.
    early: BTreeSet<u64>,
}

impl Tracer {
    fn new(place: Place, what: What) -> Self {
        let (processes, early) = Default::default();
        Self { place, what, first: 0, seen: 0, over: false, processes, early }
    }

    /// Runs the program to its end, and ends like it.
    fn run(mut self, program: &[String]) -> ! {
        _ = call(nr::ALARM, [PATIENCE_SECONDS, 0, 0, 0, 0, 0]);
        self.first = trace::spawn(&program[0], &program[1..]);
        self.processes.insert(self.first, Process { name: "0".to_owned(), ..Process::default() });
        trace::wait_for_all(self.first, Duration::from_secs(3), |pid, stopped| match stopped {
            Some(stop) => self.stopped(pid, stop),
            None => self.ended(pid),
        })
    }

    fn ended(&mut self, pid: u64) {
        self.processes.remove(&pid);
        // Whoever was killed at a fork told of no child.
        for child in std::mem::take(&mut self.early) {
            self.processes.insert(child, Process::default());
            self.go_on(child, 0);
        }
    }

    /// Handles a stop: the signal, and an event in the bits above it.
    fn stopped(&mut self, pid: u64, stop: i32) {
        let (signal, event) = (stop & 0xff, stop >> 8);
        if !self.processes.contains_key(&pid) {
            self.early.insert(pid);
            return;
        }
        let passed = match (signal, event) {
            (0x85, _) => {
                self.at_call(pid);
                0
            }
            // PTRACE_EVENT_FORK, VFORK and CLONE.
            (5, 1..=3) => {
                self.born(pid);
                0
            }
            // PTRACE_EVENT_EXEC: it does not stop at the exit of that call unless it still stops at calls.
            (5, 4) => {
                self.process(pid).executed = true;
                0
            }
            (5 | 19, _) => 0,
            (signal, _) => u64::from(signal.unsigned_abs()),
        };
        self.go_on(pid, passed);
    }

    fn process(&mut self, pid: u64) -> &mut Process {
        self.processes.entry(pid).or_default()
    }

    fn born(&mut self, parent: u64) {
        let mut child = 0_u64;
        _ = call(nr::PTRACE, [GETEVENTMSG, parent, 0, into(&mut child), 0, 0]);
        let parent = self.process(parent);
        let name = format!("{}.{}", parent.name, parent.children);
        parent.children += 1;
        let executed = parent.executed;
        self.processes.insert(child, Process { name, executed, ..Process::default() });
        if self.early.remove(&child) {
            self.go_on(child, 0);
        }
    }

    /// With a stop at the next call, when that can be the one.
    fn go_on(&mut self, pid: u64, signal: u64) {
        let process = self.processes.get(&pid);
        let counts = process.is_some_and(|process| {
            let looked_at = match &self.place {
                Place::Of(name, _) => *name == process.name,
                Place::None | Place::All(_) => true,
            };
            process.inside || looked_at && !process.executed && !self.over
        });
        let how = if counts { SYSCALL } else { CONT };
        _ = call(nr::PTRACE, [how, pid, 0, signal, 0, 0]);
    }

    /// The entry and the exit of a call alternate.
    fn at_call(&mut self, pid: u64) {
        let Some(mut registers) = registers(pid) else { return };
        let process = self.process(pid);
        process.inside = !process.inside;
        if process.inside {
            if let Some(errno) = self.enter(pid, registers[ORIGINAL_RAX]) {
                self.process(pid).answer = Some(-errno);
                take_away(&mut registers);
                set_registers(pid, &mut registers);
            }
        } else if let Some(answer) = process.answer.take() {
            registers[RAX] = answer.cast_unsigned();
            set_registers(pid, &mut registers);
        }
    }

    /// Counts a call; the errno that it is to fail with.
    fn enter(&mut self, pid: u64, number: u64) -> Option<i64> {
        // The end of a process has nothing to fail of.
        if self.over || number == nr::EXIT_GROUP {
            return None;
        }
        self.seen += 1;
        let seen = self.seen;
        let process = self.process(pid);
        process.calls += 1;
        let (name, calls) = (process.name.clone(), process.calls);
        match self.what {
            What::Record => {
                eprintln!("call={name}/{calls}:{number}");
                return None;
            }
            What::Errno(_) | What::Signal(_) => {}
        }
        if self.place != Place::All(seen) && self.place != Place::Of(name, calls) {
            return None;
        }
        eprintln!("fault={number}");
        self.over = true;
        match self.what {
            What::Errno(errno) => Some(errno),
            What::Signal(signal) => {
                _ = call(nr::KILL, [self.first, signal, 0, 0, 0, 0]);
                None
            }
            What::Record => None,
        }
    }
}

/// Makes another call of it that does nothing. A filter may know no other number than those of waits and kill(2), so these keep
/// theirs, with arguments that mean nothing.
fn take_away(registers: &mut [u64; 27]) {
    let [first, second, _, fourth] = ARGUMENTS;
    match registers[ORIGINAL_RAX] {
        nr::WAITID => registers[first] = 99,
        nr::KILL => registers[second] = 999,
        nr::RT_SIGTIMEDWAIT => registers[fourth] = 0,
        // Not -1, which a filter of the traced program takes for a call of another architecture.
        _ => registers[ORIGINAL_RAX] = nr::GETPID,
    }
}
