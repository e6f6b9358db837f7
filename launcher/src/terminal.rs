//! Job control for a program that shares the caller's terminal: what a shell does for its jobs (credentials(7), termios(3)).
//!
//! The program has a process group of its own, so that nothing that it does to "its group" reaches the caller's. The launcher
//! gives that group the terminal and takes it back, stops when the program stops, and passes on the keys that its own group
//! gets.

use crate::run::Launch;
use crate::supervise;
use crate::sys::{self, Errno, Report, Signal};
use boxwright_launcher::abi::{
    SIGCONT, SIGHUP, SIGINT, SIGIO, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH,
};
use boxwright_launcher::plan::operation::{self, Ending, NONE, Role, Supervise};
use core::cell::Cell;
use core::sync::atomic::Ordering::SeqCst;

/// EPERM.
const NOT_PERMITTED: Errno = 1;
/// EAGAIN.
const NOTHING_SAID: Errno = 11;
/// ENXIO: /dev/tty is there, and this session has no terminal.
const NO_TERMINAL: Errno = 6;

/// The program's process is about to execute it.
pub const READY: u8 = b'r';
/// The program has stopped.
pub const STOPPED: u8 = b's';

/// The terminal that the program shares with the caller.
pub struct Terminal {
    /// A descriptor of it, unless the launcher has no controlling terminal.
    descriptor: Option<u32>,
    /// The launcher's own process group.
    group: u32,
    /// The program gets the terminal whenever the launcher's group has it.
    gives: Cell<bool>,
    /// The program's side has it.
    given: Cell<bool>,
    /// Both ends of the channel to the program's side.
    channel: Cell<Option<[u32; 2]>>,
    /// Whether the program's process has got its turn, or waits for it in vain.
    pub turn: Cell<Result<(), Errno>>,
}

impl Launch {
    #[inline(never)]
    pub fn terminal(&mut self, terminal: &operation::Terminal, index: u32) -> Result<(), Errno> {
        match *terminal {
            operation::Terminal::Leave { pid, parent } => self.leave_session(pid, parent, index),
            operation::Terminal::Share { path } => {
                self.terminal = Some(Terminal::find(path)?);
                Ok(())
            }
        }
    }

    /// Others of the caller's may be in the group that this process leads, and a leader cannot leave it.
    fn leave_session(&mut self, pid: u32, parent: u32, index: u32) -> Result<(), Errno> {
        match sys::start_session() {
            Err(NOT_PERMITTED) => {}
            other => return other,
        }
        let launcher = sys::own_pid()?;
        // A service manager starts its services so, and knows them by their process.
        if sys::open_terminal() == Err(NO_TERMINAL) && is_alone(launcher, sys::session_of) {
            return Ok(());
        }
        if self.fork_here(pid)? {
            let ending = Ending { signal: SIGTERM, grace: NONE, origin: 0 };
            let outside =
                Supervise { role: Role::Outside, terminal: false, pid, ending: Some(ending), channel: 0 };
            // It ends there: only a launch that has made a gate begins again.
            let _ = supervise::supervise(self, &outside, index);
            return Err(NOT_PERMITTED);
        }
        crate::mem::store(parent, &launcher.to_le_bytes());
        sys::end_with(launcher)?;
        sys::start_session()
    }
}

impl Terminal {
    /// A descriptor of the caller's own is enough where /dev/tty is missing.
    fn find(path: u32) -> Result<Self, Errno> {
        let group = sys::own_group()?;
        let controls = |descriptor: &u32| sys::controls(*descriptor);
        let descriptor = sys::open_terminal().ok().filter(controls).or_else(|| (0..3).find(controls));
        if let Some(stream) = (0..3).find(controls) {
            sys::find_path(stream, path, operation::Terminal::PATH_ROOM);
        }
        // In a pipeline somebody else may be reading the keyboard: who waits for that one would wait for ever.
        let gives = controls(&0) && controls(&1) && is_alone(group, sys::group_of);
        Ok(Self {
            descriptor,
            group,
            gives: Cell::new(gives),
            given: Cell::new(false),
            channel: Cell::new(None),
            turn: Cell::new(Ok(())),
        })
    }

    /// Begins to listen to the program's side.
    pub fn attend(&self, outside: u32, inside: u32) -> Result<(), Errno> {
        self.channel.set(Some([outside, inside]));
        sys::signal_when_readable(outside)
    }

    /// What was said before anybody listened is there without a signal.
    pub fn catch_up(&self, report: &Report, stays: bool) {
        self.listen(report, stays);
    }

    /// Whether a signal was for this: keys of the terminal go to the program's whole group, as the terminal would send them.
    pub fn hear(&self, signal: Signal, report: Option<&Report>, stays: bool) -> bool {
        match signal {
            Signal { number: SIGIO, from_kernel: true } => {
                if let Some(report) = report {
                    self.listen(report, stays);
                }
            }
            Signal { number: SIGCONT, .. } => self.go_on(),
            Signal { number: SIGTSTP | SIGTTIN | SIGTTOU, .. } => {
                if !self.signal_group(signal.number) {
                    sys::stop_by(signal.number);
                }
            }
            Signal { number: SIGINT | SIGQUIT | SIGWINCH, from_kernel: true } => {
                return self.signal_group(signal.number);
            }
            // The terminal is gone.
            Signal { number: SIGHUP, from_kernel: true } => {
                let heard = self.signal_group(SIGHUP);
                self.signal_group(SIGCONT);
                return heard;
            }
            Signal { from_kernel, .. } => return from_kernel,
        }
        true
    }

    fn listen(&self, report: &Report, stays: bool) {
        let Some([outside, _]) = self.channel.get() else { return };
        let end = loop {
            match sys::receive(outside) {
                Ok(READY) => {
                    if self.is_in_front() && self.gives.get() {
                        self.give();
                    }
                    self.turn.set(sys::send(outside, READY));
                }
                Ok(_) => {}
                Err(errno) => break errno,
            }
        };
        if end != NOTHING_SAID {
            self.turn.set(Err(end));
        }
        report.told.store(0, SeqCst);
        match report.stopped.swap(0, SeqCst) {
            0 => {}
            signal => self.stop(signal, stays),
        }
    }

    /// The program has stopped: whoever has started the launcher sees that it stops too, and continues it.
    pub fn stop(&self, signal: u32, stays: bool) {
        if stays {
            self.signal_group(SIGCONT);
            return;
        }
        // Without a terminal there is no shell that would continue anything.
        if self.descriptor.is_none() {
            return;
        }
        let wants_terminal = matches!(signal, SIGTTIN | SIGTTOU);
        if wants_terminal && self.is_in_front() {
            self.gives.set(true);
            self.give();
            self.signal_group(SIGCONT);
            return;
        }
        self.take_back();
        let alarm = sys::continue_at_alarm();
        sys::stop_by(signal);
        sys::forget_alarm(alarm);
        if sys::take_signal(SIGCONT) {
            self.go_on();
            return;
        }
        // In an orphaned group nobody could continue the launcher, and the kernel has not stopped it. Neither does the
        // program stop, unless it wants a terminal that it will never get.
        if wants_terminal {
            self.signal_group(SIGHUP);
        }
        self.go_on();
    }

    /// The launcher was continued.
    fn go_on(&self) {
        if self.is_in_front() {
            self.given.set(false);
            if self.gives.get() {
                self.give();
            }
        } else if self.foreground() != self.program_group() {
            self.given.set(false);
        }
        self.signal_group(SIGCONT);
    }

    fn give(&self) {
        if let (Some(descriptor), Some(group)) = (self.descriptor, self.program_group()) {
            self.given.set(sys::set_foreground(descriptor, group).is_ok());
        }
    }

    /// The launcher's group has the terminal again, when it had it before.
    pub fn take_back(&self) {
        if let (Some(descriptor), true) = (self.descriptor, self.given.replace(false)) {
            let _ = sys::set_foreground(descriptor, self.group);
        }
    }

    fn foreground(&self) -> Option<u32> {
        self.descriptor.and_then(|descriptor| sys::foreground(descriptor).ok())
    }

    fn is_in_front(&self) -> bool {
        self.foreground() == Some(self.group)
    }

    /// The program's process, by its number outside: it has made itself the owner of the channel's inside, which the kernel
    /// forgets when it ends.
    pub fn program(&self) -> Option<u32> {
        self.channel.get().and_then(|[_, inside]| sys::owner(inside))
    }

    /// The group that it is in now, which is never the launcher's own.
    fn program_group(&self) -> Option<u32> {
        let group = sys::group_of(self.program()?).ok()?;
        (group != self.group && group > 1).then_some(group)
    }

    /// Signals the program's group; `false` when there is none yet.
    fn signal_group(&self, signal: u32) -> bool {
        let group = self.program_group();
        if let Some(group) = group {
            sys::signal_group(group, signal);
        }
        group.is_some()
    }
}

/// Whether this process is the only one of its group or session: it leads it, and no other process in /proc is in it. A process
/// that joins a group later is a child of this one, or of a shell that starts a pipeline; then standard output is no terminal.
/// A /proc that hides processes hides those that this one can neither signal nor change.
fn is_alone(group: u32, group_of: fn(u32) -> Result<u32, Errno>) -> bool {
    let leads = sys::own_pid() == Ok(group) && group_of(group) == Ok(group);
    if !leads {
        return false;
    }
    let Ok(directory) = sys::open_processes() else { return false };
    let mut bytes = [0; 1024];
    let mut members = 0;
    while let Ok(length @ 1..) = sys::list(directory, &mut bytes) {
        let mut rest = bytes.get(..length).unwrap_or(&[]);
        // `linux/dirent.h`: the length of a `struct linux_dirent64` is at byte 16, the name at 19.
        while let (Some(&[low, high]), Some(name)) = (rest.get(16..18), rest.get(19..)) {
            let pid = name
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .fold(0, |pid: u32, byte| pid.wrapping_mul(10).wrapping_add(u32::from(byte - b'0')));
            members += u32::from(pid != 0 && group_of(pid) == Ok(group));
            rest = rest.get(usize::from(u16::from_le_bytes([low, high])).max(1)..).unwrap_or(&[]);
        }
    }
    sys::close(directory);
    members == 1
}
