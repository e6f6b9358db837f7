//! `cgroup`: finds the launcher's own control group, and makes new ones, which end with the launch.

use super::{Malformed, Record, Sink};

/// What to do about control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cgroup {
    /// Finds the launcher's own in what /proc/self/cgroup said.
    Own {
        /// Where in the arena that is, and its path goes, without the first slash.
        text: u32,
        /// The slot with its length.
        length: u32,
    },
    /// Makes one.
    Make(Make),
}

/// A control group to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Make {
    /// Whether it is for the launcher itself, which no process of may stay where others get their limits.
    pub leaf: bool,
    /// The slot with the directory that it is made in, which has not been read yet.
    pub parent: u32,
    /// The beginning of its name, a string: the launcher's pid and [`Make::suffix`] follow.
    pub name: u32,
    /// The slot for its own directory.
    pub directory: u32,
    /// A string: what is written to the parent's cgroup.subtree_control when the launcher has left its leaf.
    pub controllers: u32,
    /// Where in the arena there is room for names: [`Make::ROOM`].
    pub text: u32,
}

impl Make {
    /// Room for names, and for what the kernel says about a group.
    pub const ROOM: u32 = 4096;
    /// The ends of both kinds of names.
    pub const SUFFIXES: [&[u8]; 2] = [b".sandbox\0", b".launcher\0"];

    /// The group in a sandbox's that its program may divide, and the file of it that counts refused processes.
    pub const PROGRAM: &str = "program";
    /// See [`Make::PROGRAM`].
    pub const PROGRAM_PIDS: &[u8] = b"program/pids.events\0";

    /// The end of its name.
    pub fn suffix(&self) -> &'static [u8] {
        Self::SUFFIXES[usize::from(self.leaf)]
    }
}

impl Cgroup {
    pub(super) const NUMBER: u8 = 15;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        let word = |at| record.word(at);
        if record.half(6) != 0 {
            return Err(Malformed);
        }
        match record.byte(3) {
            0 => {
                record.unused_from(16)?;
                Ok(Self::Own { text: word(8), length: word(12) })
            }
            leaf @ 1..=2 => {
                record.unused_from(28)?;
                let (parent, name, directory) = (word(8), word(12), word(16));
                let (controllers, text) = (word(20), word(24));
                Ok(Self::Make(Make { leaf: leaf == 2, parent, name, directory, controllers, text }))
            }
            _ => Err(Malformed),
        }
    }

    pub(super) fn write(&self, record: &mut Sink) {
        match *self {
            Self::Own { text, length } => {
                record.word(8, text);
                record.word(12, length);
            }
            Self::Make(Make { leaf, parent, name, directory, controllers, text }) => {
                record.byte(3, 1 + u8::from(leaf));
                for (at, word) in [(8, parent), (12, name), (16, directory), (20, controllers), (24, text)] {
                    record.word(at, word);
                }
            }
        }
    }
}
