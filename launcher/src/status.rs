//! The end of a launch, and what it tells whoever asked for its status: a line of JSON for the start and one for the end.

use crate::failure::Line;
use crate::run::{Launch, State};
use crate::sys::{self, Exit};
use boxwright_launcher::abi::{EXIT_SIGNAL, SIGKILL};
use core::sync::atomic::Ordering::SeqCst;

impl Launch {
    /// Says which process the sandbox hangs on.
    pub fn tell_start(&self, pid: u32) {
        self.tell(|line| {
            line.push(b"{\"pid\":");
            line.decimal(pid.into());
            line.push(b"}");
        });
    }

    /// The end of the process that the caller started: what is left of the sandbox ends, and its control groups go.
    pub fn end(&self, status: u8, exit: Option<Exit>) -> ! {
        let mut account = Line::new();
        let out_of_memory = self.leave_cgroups(&mut account);
        let state = self.report.map_or(0, |report| report.state.load(SeqCst));
        let started = state == State::Executed as u32;
        let killed = status == EXIT_SIGNAL + SIGKILL as u8;
        let reason: &[u8] = match started {
            _ if out_of_memory && (killed || !started) => b"out of memory",
            false => b"not started",
            true if self.signal(exit) != 0 => b"killed",
            true => b"exited",
        };
        if out_of_memory && (killed || !started) {
            let mut line = Line::new();
            line.push(self.plan.provenance().name);
            line.push(b": out of memory: a process was killed at cgroup.memory_max");
            line.print(2);
        }
        self.tell(|line| {
            line.push(b"{\"exit\":");
            line.decimal(status.into());
            line.push(b",\"signal\":");
            line.decimal(self.signal(exit).into());
            line.push(b",\"reason\":\"");
            line.push(reason);
            line.push(b"\",\"wall_us\":");
            line.decimal(sys::clock() - self.began);
            line.push(b",\"cpu_us\":");
            line.decimal(exit.map_or(0, |exit| exit.cpu));
            line.push(account.text());
            line.push(b"}");
        });
        sys::exit(status)
    }

    /// The signal that ended the program, or nothing.
    fn signal(&self, exit: Option<Exit>) -> u32 {
        let own = exit.filter(|exit| !exit.exited).map_or(0, |exit| exit.status);
        self.report.map_or(0, |report| report.signal.load(SeqCst)).max(own)
    }

    fn tell(&self, say: impl FnOnce(&mut Line)) {
        if let Some(descriptor) = self.plan.status() {
            let mut line = Line::new();
            say(&mut line);
            line.print(descriptor);
        }
    }
}
