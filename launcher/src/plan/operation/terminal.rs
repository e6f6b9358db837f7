//! `terminal`: gets the process out of its caller's session, or looks at the terminal that the program is to share.

use super::{Malformed, Record, Sink};

/// What becomes of the terminal of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    /// The process starts a session of its own. A leader of a process group cannot: it starts a child that can and that goes on
    /// in its place, and waits for it.
    Leave {
        /// The slot for the child's pid.
        pid: u32,
        /// The slot in which the child finds the pid of its parent, unset without a child.
        parent: u32,
    },
    /// The launcher finds its controlling terminal, for as long as the launch.
    Share {
        /// Where in the arena its path goes, which stays empty when it has none.
        path: u32,
    },
}

impl Terminal {
    pub(super) const NUMBER: u8 = 18;
    /// Room for the path of a terminal.
    pub const PATH_ROOM: u32 = 64;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        if record.half(6) != 0 {
            return Err(Malformed);
        }
        match record.byte(3) {
            0 => {
                record.unused_from(16)?;
                Ok(Self::Leave { pid: record.word(8), parent: record.word(12) })
            }
            1 => {
                record.unused_from(12)?;
                Ok(Self::Share { path: record.word(8) })
            }
            _ => Err(Malformed),
        }
    }

    pub(super) fn write(&self, record: &mut Sink) {
        match *self {
            Self::Leave { pid, parent } => {
                record.word(8, pid);
                record.word(12, parent);
            }
            Self::Share { path } => {
                record.byte(3, 1);
                record.word(8, path);
            }
        }
    }
}
