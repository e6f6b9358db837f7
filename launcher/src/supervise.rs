//! The two supervisors: the outside, beside the caller, and the reaper, pid 1 of the new pid namespace.

use crate::failure::{Failure, Words};
use crate::mem;
use crate::run::{Launch, State};
use crate::sys::{self, Errno, Exit, Report, Signal};
use crate::terminal::{STOPPED, Terminal};
use boxwright_launcher::abi::{
    EXIT_NOT_SET_UP, EXIT_SIGNAL, EXIT_TIME_UP, SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGKILL,
    SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU,
};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Argument, Call, Role, Supervise};
use core::convert::Infallible;
use core::sync::atomic::Ordering::SeqCst;

/// ETIME.
const TIMER_EXPIRED: u32 = 62;

/// Waits for the child and ends with its exit status, unless the launch begins again.
pub fn supervise(launch: &mut Launch, supervise: &Supervise, index: u32) -> Result<u32, Failure> {
    match (supervise.role, launch.child) {
        (Role::Reaper, _) => {
            let Err(errno) = reap(launch, supervise);
            launch.fail(index, Failure::Errno(errno))
        }
        (Role::Holder, _) => loop {
            let _ = sys::wait_for_signal(0);
        },
        (Role::Outside, Some(child)) => {
            // A program with the same ids that sees this process would find the caller's environment and root directory.
            if let Err(errno) = sys::be_open(false) {
                launch.fail(index, Failure::Errno(errno))
            }
            sys::be_prompt();
            if let Some(terminal) = launch.terminal.as_ref().filter(|_| supervise.terminal) {
                let [outside, inside] = [0, 4].map(|at| mem::load_word(supervise.channel + at));
                if let Err(errno) = terminal.attend(outside, inside) {
                    launch.fail(index, Failure::Errno(errno))
                }
            }
            launch.tell_start(mem::load_word(supervise.pid));
            let mut ending = End { launch, supervise, asked: false, time_up: false };
            let watched = watch(&mut ending, child);
            let End { asked, time_up, .. } = ending;
            match watched {
                Ok(exit) => match if asked { None } else { launch.again(index) } {
                    Some(skip) => Ok(skip),
                    None => end(launch, exit, index, time_up),
                },
                Err(errno) => launch.fail(index, Failure::Errno(errno)),
            }
        }
        (Role::Outside, None) => sys::exit(EXIT_NOT_SET_UP),
    }
}

/// How far the end of the child has come.
struct End<'a> {
    launch: &'a Launch,
    supervise: &'a Supervise,
    /// It has got its signal.
    asked: bool,
    /// Because it has lasted as long as it may.
    time_up: bool,
}

/// Passes every signal on to the child until it ended.
fn watch(end: &mut End, child: u32) -> Result<Exit, Errno> {
    if let (Some(terminal), Some(report)) = (end.terminal(), end.launch.report) {
        terminal.catch_up(report, end.asked);
    }
    loop {
        end.terminal().map_or(Ok(()), |terminal| terminal.turn.get())?;
        match sys::wait_for_signal(u64::MAX)? {
            // Another child may have ended as well: the caller's, before it became this program.
            Some(Signal { number: SIGCHLD, .. }) | None => {
                if let Some(exit) = sys::wait_for_exit(Some(child), false)? {
                    return Ok(exit);
                }
                end.see_stop(child);
            }
            Some(signal) => end.hear(signal),
        }
    }
}

/// Ends as the child did, or says why there was no program.
fn end(launch: &Launch, exit: Exit, index: u32, time_up: bool) -> ! {
    let executed = launch.report.is_some_and(|report| report.state.load(SeqCst) == State::Executed as u32);
    match launch.report.and_then(reported) {
        Some((operation, failure, status)) => {
            launch.end(status, Some(exit), false, Some((operation, failure)))
        }
        None if executed && time_up => {
            launch.end(EXIT_TIME_UP, Some(exit), true, Some((index, Failure::Words(Words::TimeUp))))
        }
        None if executed => launch.end(status(exit), Some(exit), false, None),
        None => launch.fail(index, Failure::Words(if time_up { Words::TimeUp } else { Words::Died })),
    }
}

impl End<'_> {
    fn hear(&mut self, signal: Signal) {
        match signal {
            // Only a timer of the plan comes from the kernel.
            Signal { number: SIGALRM, from_kernel: true } if self.supervise.grace().is_some() => {
                if self.asked {
                    self.kill();
                } else {
                    self.time_up = true;
                    self.ask();
                }
            }
            Signal { number: SIGTERM, .. } => self.ask(),
            _ if self
                .terminal()
                .is_some_and(|terminal| terminal.hear(signal, self.launch.report, self.asked)) => {}
            _ => {
                self.send(signal.number);
                if stops(signal) {
                    sys::stop();
                }
            }
        }
    }

    /// The terminal that the program shares.
    fn terminal(&self) -> Option<&Terminal> {
        self.launch.terminal.as_ref().filter(|_| self.supervise.terminal)
    }

    /// Of a program that is the launcher's own child; what is in a pid namespace its first process sees.
    fn see_stop(&self, child: u32) {
        if let Some(terminal) = self.terminal()
            && terminal.program() == Some(mem::load_word(self.supervise.pid))
            && let Some(signal) = sys::wait_for_stop(child).filter(|&signal| signal != 0)
        {
            terminal.stop(signal, self.asked);
        }
    }

    fn send(&self, signal: u32) {
        sys::signal_pid(mem::load_word(self.supervise.pid), signal);
    }

    /// Ends everything at once.
    fn kill(&self) {
        self.send(SIGKILL);
        self.launch.finish();
    }

    /// Asks the program to end, and gives it a while for that.
    fn ask(&mut self) {
        self.send(self.supervise.ending.map_or(SIGTERM, |ending| ending.signal));
        if let Some(grace) = self.supervise.grace() {
            // Who is stopped hears nothing.
            self.send(SIGCONT);
            let mut arm = Call::new(number::setitimer);
            arm.arguments[1] = Argument::Blob(grace);
            if !self.asked && self.launch.call(&arm, 0).is_err() {
                self.kill();
            }
        }
        self.asked = true;
    }
}

/// Waits until an assistant ended well, or one that stays says that it is ready; in every other case it ends here.
pub fn await_assistant(child: Option<u32>, assistant: u32, stays: bool) -> Result<u32, Failure> {
    let helped = await_help(child, assistant, stays);
    if helped.is_err() {
        sys::kill_child(assistant);
    }
    helped
}

/// When the child ends before, or somebody asks the launcher to end, there is nothing left to help.
fn await_help(child: Option<u32>, assistant: u32, stays: bool) -> Result<u32, Failure> {
    const AWAITED: u64 = 1 << (SIGCHLD - 1)
        | 1 << (SIGTERM - 1)
        | 1 << (SIGINT - 1)
        | 1 << (SIGHUP - 1)
        | 1 << (SIGQUIT - 1)
        | 1 << (SIGALRM - 1)
        | 1 << (SIGIO - 1);
    // Other signals wait for the supervisor.
    loop {
        match sys::wait_for_signal(AWAITED).map_err(Failure::Errno)? {
            None | Some(Signal { number: SIGCHLD, .. }) => {}
            Some(Signal { number: SIGIO, from_kernel: true }) if stays => return Ok(0),
            // A step before has bounded the time.
            Some(Signal { number: SIGALRM, .. }) => return Err(Failure::Errno(TIMER_EXPIRED)),
            Some(_) => return Err(Failure::Words(Words::Died)),
        }
        let ended = |pidfd| sys::wait_for_exit(Some(pidfd), false).map_err(Failure::Errno);
        if let Some(child) = child
            && ended(child)?.is_some()
        {
            return Err(Failure::Words(Words::Died));
        }
        match ended(assistant)?.map(status) {
            Some(0) if !stays => return Ok(0),
            Some(status) => return Err(Failure::Status(status.into())),
            None => {}
        }
    }
}

/// Reaps every process of the namespace; when the program ended this ends, and with it everything that is left.
fn reap(launch: &Launch, supervise: &Supervise) -> Result<Infallible, Errno> {
    let program = mem::load_word(supervise.pid);
    launch.start.arguments.wipe();
    launch.start.variables.wipe();
    loop {
        while let Some(exit) = sys::wait_for_exit(None, false)? {
            if exit.pid == program {
                if let (false, Some(report)) = (exit.exited, launch.report) {
                    report.signal.store(exit.status, SeqCst);
                }
                sys::exit(status(exit))
            }
        }
        if let Some(report) = launch.report.filter(|_| supervise.terminal) {
            tell_stops(report, program);
        }
        match sys::wait_for_signal(u64::MAX)? {
            Some(signal) if signal.number != SIGCHLD => {
                // In a session of its own nobody could continue the program, so the kernel ignores the terminal's stops
                // there (setpgid(2), orphaned process groups); the outside continues it.
                let stops = stops(signal) && !supervise.terminal;
                sys::signal_pid(program, if stops { SIGSTOP } else { signal.number });
            }
            _ => {}
        }
    }
}

/// Whether the terminal asks to stop.
fn stops(signal: Signal) -> bool {
    matches!(signal.number, SIGTSTP | SIGTTIN | SIGTTOU)
}

/// Nobody outside of a pid namespace sees that a process in it stops: no wait and no signal of the kernel's tells (waitid(2)).
/// The outside is told over the channel, which is descriptor 0 here; one word waits there at most, so that it never fills up.
fn tell_stops(report: &Report, program: u32) {
    while let Some(signal) = sys::wait_for_stop_of(program) {
        report.stopped.store(signal, SeqCst);
        if signal != 0 && report.told.swap(1, SeqCst) == 0 {
            let _ = sys::send(0, STOPPED);
        }
    }
}

/// The failure that a process of the launch left in the shared page.
pub fn reported(report: &Report) -> Option<(u32, Failure, u8)> {
    if report.state.load(SeqCst) != State::Failed as u32 {
        return None;
    }
    let words = [report.failure[0].load(SeqCst), report.failure[1].load(SeqCst)];
    let status = u8::try_from(report.status.load(SeqCst)).unwrap_or(EXIT_NOT_SET_UP);
    Some((report.operation.load(SeqCst), Failure::decode(words), status))
}

/// The exit status that stands for a child's end: its own, or 128 and the signal.
fn status(exit: Exit) -> u8 {
    let status = (exit.status & 0xff) as u8;
    if exit.exited { status } else { EXIT_SIGNAL.wrapping_add(status) }
}
