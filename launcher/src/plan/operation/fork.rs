//! `fork`: starts a child by clone3(2) that runs another list; the parent goes on with the next operation.

use super::{Malformed, NONE, Record, Sink};

/// A child to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// The list that the child runs.
    pub list: u16,
    /// Which namespaces are new: only [`Fork::FLAGS`].
    pub flags: u64,
    /// The slot for the child's pid.
    pub pid: u32,
    /// The slot with the control group that it is born in; [`super::NONE`] for the parent's.
    pub cgroup: u32,
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
        record.unused_from(24)?;
        let flags = record.long(8);
        if record.byte(3) != 0 || flags & !Self::FLAGS != 0 {
            return Err(Malformed);
        }
        Ok(Self { list: record.half(6), flags, pid: record.word(16), cgroup: record.word(20) })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.half(6, self.list);
        record.long(8, self.flags);
        record.word(16, self.pid);
        record.word(20, self.cgroup);
    }

    /// The slot with its control group, when it has one of its own.
    pub fn own_cgroup(&self) -> Option<u32> {
        (self.cgroup != NONE).then_some(self.cgroup)
    }
}
