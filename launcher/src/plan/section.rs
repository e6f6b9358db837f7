//! The section table: where each part of a plan starts and ends.

use super::{
    HEADER_BYTES, NOTE_BYTES, Origin, PROVENANCE_BYTES, Reason, Refusal, operation::RECORD_BYTES, word,
};
use core::ops::Range;

/// A part of a plan, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Section {
    /// First operation and count of every list, one word each.
    Lists,
    /// The operations' records.
    Operations,
    /// What the arena starts with; the rest of it is zero.
    Arena,
    /// NUL-terminated strings.
    Strings,
    /// Structs, BPF and lists of words, ready for the kernel.
    Blobs,
    /// What errors say about operations.
    Origins,
    /// What errors say about an errno of an operation.
    Notes,
    /// Where the plan comes from.
    Provenance,
}

/// Where every section lies.
#[derive(Debug, Clone, Copy)]
pub struct Sections([(u32, u32); Self::COUNT]);

impl Section {
    /// Every section, in the order of the file.
    pub const ALL: [Self; Sections::COUNT] = [
        Self::Lists,
        Self::Operations,
        Self::Arena,
        Self::Strings,
        Self::Blobs,
        Self::Origins,
        Self::Notes,
        Self::Provenance,
    ];

    /// Its length is a multiple of this.
    pub(super) fn unit(self) -> usize {
        match self {
            Self::Lists => 8,
            Self::Operations => RECORD_BYTES,
            Self::Arena | Self::Strings | Self::Blobs => 1,
            Self::Origins => Origin::BYTES,
            Self::Notes => NOTE_BYTES,
            Self::Provenance => PROVENANCE_BYTES,
        }
    }
}

impl Sections {
    /// How many sections there are.
    pub const COUNT: usize = 8;

    /// Reads the table at `at`: sections follow each other in order, each starts at the next multiple of eight after
    /// the one before it, the padding is zero, and the last one ends the plan.
    pub(super) fn read(bytes: &[u8], at: usize) -> Result<Self, Refusal> {
        let mut table = [(0, 0); Self::COUNT];
        let mut next = HEADER_BYTES;
        for (section, entry) in Section::ALL.into_iter().zip(&mut table) {
            let field = at + 8 * section as usize;
            let refusal = Refusal { offset: field, reason: Reason::Section };
            let (start, length) = (word(bytes, field), word(bytes, field + 4));
            if start as usize != next || !(length as usize).is_multiple_of(section.unit()) {
                return Err(refusal);
            }
            let end = next.checked_add(length as usize).ok_or(refusal)?;
            next = end.next_multiple_of(8);
            let padding = bytes.get(end..next).ok_or(refusal)?;
            if padding.iter().any(|&byte| byte != 0) {
                return Err(Refusal { offset: end, reason: Reason::Section });
            }
            *entry = (start, length);
        }
        if next == bytes.len() {
            Ok(Self(table))
        } else {
            Err(Refusal { offset: next, reason: Reason::Length })
        }
    }

    /// The bytes of a section.
    pub fn range(&self, section: Section) -> Range<usize> {
        let (start, length) = self.0[section as usize];
        start as usize..start as usize + length as usize
    }
}
