//! `supervise`: waits for the child, passes signals on, ends it when its time is up, and ends with its exit status.

use super::{Malformed, NONE, Record, Sink};

/// Which supervisor this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supervise {
    /// Its place.
    pub role: Role,
    /// Whether the program shares the caller's terminal, and the launcher does a shell's work for it.
    pub terminal: bool,
    /// The slot with the child's pid; zero for a holder, which has none.
    pub pid: u32,
    /// How the outside ends it; `None` for all others.
    pub ending: Option<Ending>,
    /// Of an outside that shares the terminal, the first of two slots that follow each other: its own and the inside's end of a
    /// channel. Zero otherwise.
    pub channel: u32,
}

/// How a sandbox is ended: it is asked to, and after a while killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// The signal that the child gets instead of a SIGTERM to the launcher, and when the time is up.
    pub signal: u32,
    /// How long after it everything is killed: a `struct itimerval` in the blobs. [`NONE`] when nothing is, and then there is no
    /// timer either whose SIGALRM would say that the time is up.
    pub grace: u32,
    /// What says how long the sandbox may last.
    pub origin: u16,
}

impl Ending {
    /// The size of a `struct itimerval`.
    pub const TIMER_BYTES: u64 = 32;
    /// The greatest number of a signal.
    const LAST_SIGNAL: u32 = 64;
}

/// The place of a supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Outside, beside the caller: reports what went wrong inside.
    Outside,
    /// Pid 1 of the new pid namespace: reaps every orphan.
    Reaper,
    /// A process that is there for its user namespace alone, and waits to be killed.
    Holder,
}

impl Supervise {
    pub(super) const NUMBER: u8 = 10;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(28)?;
        let role = match record.byte(3) {
            0 => Role::Outside,
            1 => Role::Reaper,
            2 => Role::Holder,
            _ => return Err(Malformed),
        };
        let terminal = record.half(6);
        let pid = record.word(8);
        if terminal > 1 || (role == Role::Holder && (terminal != 0 || pid != 0)) {
            return Err(Malformed);
        }
        let channel = record.word(24);
        if record.half(22) != 0 || (channel != 0) != (role == Role::Outside && terminal == 1) {
            return Err(Malformed);
        }
        let ending = Ending { signal: record.word(12), grace: record.word(16), origin: record.half(20) };
        let ending = match role {
            Role::Outside if (1..=Ending::LAST_SIGNAL).contains(&ending.signal) => Some(ending),
            Role::Outside => return Err(Malformed),
            Role::Reaper | Role::Holder => {
                record.unused_from(12)?;
                None
            }
        };
        Ok(Self { role, terminal: terminal == 1, pid, ending, channel })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.byte(3, self.role as u8);
        record.half(6, self.terminal.into());
        record.word(8, self.pid);
        record.word(24, self.channel);
        if let Some(Ending { signal, grace, origin }) = self.ending {
            record.word(12, signal);
            record.word(16, grace);
            record.half(20, origin);
        }
    }

    /// Where in the blobs the timer is that ends the outside's patience.
    pub fn grace(&self) -> Option<u32> {
        self.ending.map(|ending| ending.grace).filter(|&grace| grace != NONE)
    }
}
