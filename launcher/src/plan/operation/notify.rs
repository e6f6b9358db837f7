//! `notify`: lets the program talk to the service manager that has started the launcher (sd_notify(3), sd_watchdog_enabled(3)).

use super::{Malformed, NONE, Record, Sink};

/// What becomes of `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`, when the launcher has them: they are passed on in the
/// environment that was built before, with another `WATCHDOG_PID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notify {
    /// May the socket have an abstract name (unix(7))?
    pub by_name: bool,
    /// `NOTIFY_SOCKET=` and where a socket with a path is inside; [`NONE`] passes its own path on.
    pub variable: u32,
    /// Where in the arena its path goes, NUL-terminated, which starts as zeros; it stays so without one.
    pub socket: u32,
    /// Where in the arena `WATCHDOG_PID=` and the program's own number will be, NUL-terminated: only its process knows that.
    pub watchdog: u32,
    /// Why the launch fails with any other socket.
    pub refused: u32,
    /// Why it fails with a socket that takes no datagrams.
    pub stream: u32,
}

impl Notify {
    pub(super) const NUMBER: u8 = 16;
    /// The size of a path of `struct sockaddr_un`, with its NUL.
    pub const ROOM: u32 = 108;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(28)?;
        if record.byte(3) > 1 || record.half(6) != 0 {
            return Err(Malformed);
        }
        Ok(Self {
            by_name: record.byte(3) == 1,
            variable: record.word(8),
            socket: record.word(12),
            watchdog: record.word(16),
            refused: record.word(20),
            stream: record.word(24),
        })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.byte(3, self.by_name.into());
        record.word(8, self.variable);
        record.word(12, self.socket);
        record.word(16, self.watchdog);
        record.word(20, self.refused);
        record.word(24, self.stream);
    }

    /// The variable that tells where the socket is inside.
    pub fn elsewhere(&self) -> Option<u32> {
        (self.variable != NONE).then_some(self.variable)
    }
}
