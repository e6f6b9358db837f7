//! `fork`: starts a child by clone3(2) that runs another list; the parent goes on with the next operation.

use super::{Malformed, Record, Sink};

/// A child to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// The list that the child runs.
    pub list: u16,
    /// Which namespaces are new: only [`Fork::FLAGS`].
    pub flags: u64,
    /// The slot for the child's pid.
    pub pid: u32,
}

impl Fork {
    pub(super) const NUMBER: u8 = 7;

    /// The flags of clone3(2) that a plan may ask for: none shares memory or descriptors with the parent.
    pub const FLAGS: u64 = crate::abi::CLONE_NEWNS
        | crate::abi::CLONE_NEWCGROUP
        | crate::abi::CLONE_NEWUTS
        | crate::abi::CLONE_NEWIPC
        | crate::abi::CLONE_NEWUSER
        | crate::abi::CLONE_NEWPID
        | crate::abi::CLONE_NEWNET
        | crate::abi::CLONE_NEWTIME;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(20)?;
        let flags = record.long(8);
        if record.byte(3) != 0 || flags & !Self::FLAGS != 0 {
            return Err(Malformed);
        }
        Ok(Self { list: record.half(6), flags, pid: record.word(16) })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.half(6, self.list);
        record.long(8, self.flags);
        record.word(16, self.pid);
    }
}
