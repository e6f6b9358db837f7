//! The end of a launch, and what it tells whoever asked for its status: a line of JSON for the start and one for the end.

use crate::cgroup::Left;
use crate::failure::{self, Failure, Line};
use crate::output;
use crate::run::{Launch, State};
use crate::sys::{self, Exit};
use boxwright_launcher::abi::{EXIT_SIGNAL, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM};
use core::sync::atomic::Ordering::SeqCst;

impl Launch {
    /// Says which process the sandbox hangs on.
    #[inline(never)]
    pub fn tell_start(&self, pid: u32) {
        if let Some(descriptor) = self.plan.status() {
            let mut line = Line::new();
            line.push(b"{\"pid\":");
            line.decimal(pid.into());
            line.push(b"}");
            line.print(descriptor, output::HASTE);
        }
    }

    /// The end of the process that the caller started: what is left of the sandbox ends, its control groups go, and only
    /// then is it said why. A program that a signal of the caller's keys has ended is followed by the same signal: a shell's
    /// loop ends with it (termios(3): VINTR, VQUIT; signal(7)).
    pub fn end(&self, status: u8, exit: Option<Exit>, time_up: bool, why: Option<(u32, Failure)>) -> ! {
        if let Some(terminal) = &self.terminal {
            terminal.take_back();
        }
        let left = self.tell_end(status, exit, time_up);
        if let Some((operation, failure)) = why {
            failure::print(&self.plan, operation, failure);
        }
        if left.out_of_memory {
            self.say(b": out of memory: a process was killed at cgroup.memory_max");
        }
        if left.groups {
            self.say(b": cannot remove the sandbox's cgroup: its processes may run on");
        }
        let signal = self.signal(exit);
        if matches!(signal, SIGHUP | SIGINT | SIGQUIT | SIGTERM)
            && u32::from(status) == u32::from(EXIT_SIGNAL) + signal
        {
            sys::end_by(signal);
        }
        sys::exit(status)
    }

    /// What is left, and whether the program, or what should have become it, was killed for want of memory. Never inlined: the
    /// stack may have room for one line only.
    #[inline(never)]
    fn tell_end(&self, status: u8, exit: Option<Exit>, time_up: bool) -> Left {
        let mut line = Line::new();
        line.push(b"{\"exit\":");
        line.decimal(status.into());
        line.push(b",\"signal\":");
        line.decimal(self.signal(exit).into());
        line.push(b",\"wall_us\":");
        line.decimal(sys::clock() - self.began);
        line.push(b",\"cpu_us\":");
        line.decimal(exit.map_or(0, |exit| exit.cpu));
        let mut left = self.leave_cgroups(&mut line);
        self.dismiss_guard();
        let started = self.report.is_some_and(|report| report.state.load(SeqCst) == State::Executed as u32);
        left.out_of_memory &= !started || status == EXIT_SIGNAL + SIGKILL as u8;
        line.push(b",\"reason\":\"");
        line.push(match (started, left.out_of_memory) {
            (_, true) => b"out of memory",
            (false, _) => b"not started",
            _ if time_up => b"timeout",
            _ if self.signal(exit) != 0 => b"killed",
            _ => b"exited",
        });
        line.push(b"\"}");
        if let Some(descriptor) = self.plan.status() {
            line.print(descriptor, output::PATIENCE);
        }
        left
    }

    #[inline(never)]
    fn say(&self, words: &[u8]) {
        let mut line = Line::new();
        line.push(self.plan.provenance().name);
        line.push(words);
        line.print(2, output::PATIENCE);
    }

    /// The signal that ended the program, or nothing.
    fn signal(&self, exit: Option<Exit>) -> u32 {
        let own = exit.filter(|exit| !exit.exited).map_or(0, |exit| exit.status);
        self.report.map_or(0, |report| report.signal.load(SeqCst)).max(own)
    }
}
