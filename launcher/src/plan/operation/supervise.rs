//! `supervise`: waits for the child, passes signals on and ends with its exit status.

use super::{Malformed, Record, Sink};

/// Which supervisor this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supervise {
    /// Its place.
    pub role: Role,
    /// Whether the program shares its terminal: what that sends reaches the program anyway, and is not passed on.
    pub terminal: bool,
    /// The slot with the child's pid; zero for a holder, which has none.
    pub pid: u32,
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
        record.unused_from(12)?;
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
        Ok(Self { role, terminal: terminal == 1, pid })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.byte(3, self.role as u8);
        record.half(6, self.terminal.into());
        record.word(8, self.pid);
    }
}
