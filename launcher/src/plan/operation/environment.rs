//! `environment`: builds the program's argv and envp out of the plan's strings and the launcher's own.

use super::{Malformed, Record, Sink};

/// What argv and envp are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Environment {
    /// argv.
    pub arguments: Strings,
    /// `NAME=value` strings.
    pub variables: Strings,
    /// `NAME=` strings: the launcher's own variable of that name is passed on when there is one.
    pub passed: Strings,
    /// Whether the launcher's own arguments are appended; arguments that are not are an error.
    pub append: bool,
    /// What becomes of sockets that a service manager has opened for the launcher; `None` passes none on.
    pub listen: Option<Listen>,
}

/// Socket activation (sd_listen_fds(3)): `LISTEN_FDS` and `LISTEN_FDNAMES` are passed on when `LISTEN_PID` is the launcher's
/// process, with another `LISTEN_PID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// The slot for the first descriptor that is not one of them.
    pub end: u32,
    /// Where in the arena `LISTEN_PID=` and the program's own number will be, NUL-terminated: only its process knows that.
    pub text: u32,
    /// Why the launch fails when `LISTEN_FDS` is no number of descriptors.
    pub malformed: u32,
    /// Why it fails when one of them is a directory.
    pub directory: u32,
}

impl Listen {
    /// The first of them (`SD_LISTEN_FDS_START`).
    pub const START: u32 = 3;
    /// The most of them.
    pub const MOST: u32 = 1024;
}

/// A list of strings: word offsets into the strings, in the blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strings {
    /// Where in the blobs the offsets start.
    pub blob: u32,
    /// How many.
    pub count: u32,
}

impl Environment {
    pub(super) const NUMBER: u8 = 6;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        if record.byte(3) > 3 || record.half(6) != 0 {
            return Err(Malformed);
        }
        let listens = record.byte(3) & 2 != 0;
        if !listens {
            record.unused_from(32)?;
        }
        let listen = Listen {
            end: record.word(32),
            text: record.word(36),
            malformed: record.word(40),
            directory: record.word(44),
        };
        let strings = |at| Strings { blob: record.word(at), count: record.word(at + 4) };
        Ok(Self {
            arguments: strings(8),
            variables: strings(16),
            passed: strings(24),
            append: record.byte(3) & 1 != 0,
            listen: listens.then_some(listen),
        })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.byte(3, u8::from(self.append) | u8::from(self.listen.is_some()) << 1);
        for (at, strings) in [(8, self.arguments), (16, self.variables), (24, self.passed)] {
            record.word(at, strings.blob);
            record.word(at + 4, strings.count);
        }
        if let Some(Listen { end, text, malformed, directory }) = self.listen {
            for (at, word) in [(32, end), (36, text), (40, malformed), (44, directory)] {
                record.word(at, word);
            }
        }
    }
}
