//! `landlock`: a ruleset for the running kernel, its rules, and its enforcement (landlock(7)).

use super::{Malformed, Record, Sink};
use crate::plan::{Plan, Section, long};

/// One act of Landlock.
///
/// What a kernel of an ABI knows stands in that ABI's row; rights that it does not know are left out. Where the row has
/// nothing that could be restricted, and on a kernel without Landlock, nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landlock {
    /// Where in the blobs the rows of ABI 1, 2 and so on start.
    pub rows: u32,
    /// How many rows: the last is for every newer ABI too.
    pub count: u16,
    /// The slot with the kernel's ABI, unset when it has none.
    pub abi: u32,
    /// The slot with the ruleset.
    pub ruleset: u32,
    /// What happens.
    pub action: Action,
}

/// What happens to a ruleset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is made, and stored.
    Create,
    /// These rights are allowed beneath, or on, what the slot's descriptor leads to.
    Slot(u32, u64),
    /// The same for a descriptor by its number.
    Descriptor(u32, u64),
    /// These rights are allowed on a port.
    Port(u32, u64),
    /// It is enforced.
    Restrict,
}

/// What a ruleset restricts on kernels of one ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Row {
    /// `handled_access_fs`, `handled_access_net` and `scoped`, as `struct landlock_ruleset_attr` has them.
    pub handled: [u64; 3],
    /// Flags of landlock_restrict_self(2).
    pub flags: u64,
}

impl Row {
    /// The size of a row.
    pub const BYTES: u32 = 32;

    /// The row as it stands in the blobs.
    pub fn to_bytes(self) -> [u8; Self::BYTES as usize] {
        let mut bytes = [0; Self::BYTES as usize];
        let [files, ports, scopes] = self.handled;
        for (index, word) in [files, ports, scopes, self.flags].into_iter().enumerate() {
            bytes[8 * index..8 * index + 8].copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

impl Landlock {
    pub(super) const NUMBER: u8 = 13;

    /// The most rows that a plan may have.
    pub const ROWS: u16 = 64;

    /// `linux/landlock.h`: the rights that a rule on a file may have: to execute, write, read, truncate it, control it as a
    /// device, connect to it as a socket.
    pub const FILE: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15 | 1 << 16;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(32)?;
        let (object, rights) = (record.word(20), record.long(24));
        let action = match (record.byte(3), object, rights) {
            (0, 0, 0) => Action::Create,
            (1, slot, _) => Action::Slot(slot, rights),
            (2, number, _) => Action::Descriptor(number, rights),
            (3, port, _) => Action::Port(port, rights),
            (4, 0, 0) => Action::Restrict,
            _ => return Err(Malformed),
        };
        let count = record.half(6);
        if count == 0 || count > Self::ROWS {
            return Err(Malformed);
        }
        Ok(Self { rows: record.word(8), count, abi: record.word(12), ruleset: record.word(16), action })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        let (number, object, rights) = match self.action {
            Action::Create => (0, 0, 0),
            Action::Slot(slot, rights) => (1, slot, rights),
            Action::Descriptor(number, rights) => (2, number, rights),
            Action::Port(port, rights) => (3, port, rights),
            Action::Restrict => (4, 0, 0),
        };
        record.byte(3, number);
        record.half(6, self.count);
        record.word(8, self.rows);
        record.word(12, self.abi);
        record.word(16, self.ruleset);
        record.word(20, object);
        record.long(24, rights);
    }

    /// The row of an ABI, 0 or a slot's "unset" being none.
    pub fn row(&self, plan: &Plan, abi: u32) -> Row {
        if abi == 0 || abi == u32::MAX {
            return Row::default();
        }
        let index = abi.min(self.count.into()) - 1;
        let at = self.rows as usize + (index * Row::BYTES) as usize;
        let word = |index: usize| long(plan.section(Section::Blobs), at + 8 * index);
        Row { handled: [word(0), word(1), word(2)], flags: word(3) }
    }
}
