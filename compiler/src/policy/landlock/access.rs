//! Rights on files, by the kernel's names and bits, and the ABI that brought each.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

/// The rights on files of one rule, by their bits in linux/landlock.h.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Access(u64);

/// The rights on files, in the order of their bits, each with the ABI that brought it.
pub const RIGHTS: [(&str, u32); 17] = [
    ("execute", 1),
    ("write_file", 1),
    ("read_file", 1),
    ("read_dir", 1),
    ("remove_dir", 1),
    ("remove_file", 1),
    ("make_char", 1),
    ("make_dir", 1),
    ("make_reg", 1),
    ("make_sock", 1),
    ("make_fifo", 1),
    ("make_block", 1),
    ("make_sym", 1),
    ("refer", 2),
    ("truncate", 3),
    ("ioctl_dev", 5),
    ("resolve_unix", 9),
];

impl Access {
    /// No right.
    pub const NONE: Self = Self(0);
    /// Every right that this compiler knows.
    pub const ALL: Self = Self((1 << RIGHTS.len()) - 1);
    /// To execute.
    pub const EXECUTE: Self = Self(1);
    /// To read files and directories, and to connect to sockets.
    pub const READ: Self = Self(1 << 2 | 1 << 3 | 1 << 16);
    /// To list directories.
    pub const READ_DIR: Self = Self(1 << 3);
    /// To write to files that are there.
    pub const WRITE_FILE: Self = Self(1 << 1 | 1 << 14);
    /// To make device nodes.
    pub const MAKE_NODES: Self = Self(1 << 6 | 1 << 11);
    /// To control devices.
    pub const IOCTL_DEV: Self = Self(1 << 15);
    /// To connect to sockets.
    pub const RESOLVE_UNIX: Self = Self(1 << 16);
    /// To write to files, and to make, move and remove everything but device nodes.
    pub const WRITE: Self =
        Self(Self::WRITE_FILE.0 | 0b11 << 4 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13);

    /// The right of this name.
    pub fn named(name: &str) -> Option<Self> {
        RIGHTS.iter().position(|(known, _)| *known == name).map(|bit| Self(1 << bit))
    }

    /// The rights with these bits.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits) & Self::ALL
    }

    /// The bits.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// What a kernel of this ABI knows of them.
    pub fn known_to(self, abi: u32) -> Self {
        let known = RIGHTS.iter().enumerate().filter(|(_, (_, since))| *since <= abi);
        self & Self(known.fold(0, |bits, (bit, _)| bits | 1 << bit))
    }

    /// The first ABI that knows them all.
    pub fn abi(self) -> u32 {
        self.each().map(|(_, since)| since).max().unwrap_or(1)
    }

    /// Whether there is none.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The rights' names and ABIs.
    pub fn each(self) -> impl Iterator<Item = (&'static str, u32)> {
        RIGHTS.iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, right)| *right)
    }
}

impl BitOr for Access {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Access {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Access {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0) & Self::ALL
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.each().map(|(name, _)| name).collect();
        formatter.write_str(&names.join(", "))
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Access({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::LAST_ABI;
    use super::*;

    /// The rights that each ABI brought (Documentation/userspace-api/landlock.rst), of which only some run here.
    #[test]
    fn every_abi_knows_what_the_kernel_knows() {
        let masks = [0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff, 0xffff, 0xffff, 0xffff, 0x1_ffff];
        for (abi, mask) in (1..=LAST_ABI).zip(masks) {
            assert_eq!(Access::ALL.known_to(abi).bits(), mask, "ABI {abi}");
            assert!(Access::from_bits(mask).abi() <= abi, "ABI {abi}");
        }
    }

    #[test]
    fn every_right_is_given_for_a_reason() {
        let sum = Access::READ | Access::EXECUTE | Access::WRITE | Access::MAKE_NODES | Access::IOCTL_DEV;
        assert_eq!(sum, Access::ALL);
        assert_eq!(Access::named("ioctl_dev"), Some(Access::IOCTL_DEV));
        assert_eq!(Access::named("resolve_unix"), Some(Access::RESOLVE_UNIX));
        assert_eq!(Access::WRITE_FILE.to_string(), "write_file, truncate");
        assert_eq!(Access::MAKE_NODES.to_string(), "make_char, make_block");
    }
}
