//! The bytes of a plan: header, sections and their reader. PLAN.md tells the layout byte by byte.

pub mod hash;
pub mod operation;
mod section;
mod verify;
#[cfg(feature = "write")]
pub mod write;

pub use section::{Section, Sections};
pub use verify::{LARGEST_DEPTH, PERMITTED_CALLS, PERMITTED_REQUESTS};

use operation::{Operation, PROMISES, RECORD_BYTES, Tally};

/// The first eight bytes of every plan.
pub const MAGIC: [u8; 8] = *b"boxwplan";
/// The version of the format that this library reads and writes.
pub const VERSION: u32 = 1;
/// The size of the header in bytes.
pub const HEADER_BYTES: usize = 176;
/// Where a sealed plan is mapped: above the launcher, which its linker script puts at 0x10_0000_0000.
pub const PLAN_ADDRESS: u64 = 0x10_4000_0000;
/// The largest plan that is accepted, in bytes.
pub const LARGEST_PLAN: usize = 16 << 20;
/// The largest arena that a plan may ask for, in bytes.
pub const LARGEST_ARENA: u32 = 64 << 10;
/// The largest number of a descriptor.
const MOST_DESCRIPTORS: u32 = i32::MAX as u32;
/// The most operations that a plan may have.
pub const MOST_OPERATIONS: u32 = 64 << 10;

/// Where in the header each field starts.
mod field {
    pub const VERSION: usize = 8;
    pub const ARCHITECTURE: usize = 12;
    pub const LENGTH: usize = 16;
    pub const HASH: usize = 24;
    pub const KERNEL: usize = 32;
    pub const ARENA: usize = 36;
    pub const ENTRIES: usize = 40;
    pub const STATUS: usize = 44;
    pub const PROMISES: usize = 48;
    pub const SECTIONS: usize = 112;
}

/// A plan whose every byte was checked.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    bytes: &'a [u8],
    sections: Sections,
}

/// Why a plan was refused, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The offset of the byte that shows it.
    pub offset: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is shorter than a header, or not as long as it says.
    Length,
    /// It does not start with [`MAGIC`].
    Magic,
    /// Another version of the format.
    Version,
    /// Another architecture.
    Architecture,
    /// The bytes are not those that were written.
    Hash,
    /// The status goes to a standard stream, or to no descriptor at all.
    Status,
    /// A section is out of order, misaligned, overlapping or past the end.
    Section,
    /// The strings or the arena image do not have the shape that they must have.
    Shape,
    /// A record that no writer makes: an unknown operation, flag or value.
    Operation,
    /// A list is empty, out of bounds, or does not end in exec or supervise.
    List,
    /// A system call that belongs to the launcher alone.
    Call,
    /// A pointer outside its section.
    Pointer,
    /// A slot that no earlier operation stores.
    Slot,
    /// A skip past the end of its list, or between `each` and its call.
    Skip,
    /// The phase decreases along a list.
    Phase,
    /// Lists that fork in a circle or too deep, or no program at the end.
    Flow,
    /// The operations do not keep the promises of the header.
    Promise,
}

/// Which way in: what the launcher may do decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The launcher has CAP_SETUID and CAP_SETGID: it may map any id.
    Privileged,
    /// An ordinary user.
    Unprivileged,
}

/// What an error says about an operation: the words of its step and its place in the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The step and its object: `mount /srv`.
    pub words: &'a [u8],
    /// The spec file, as the compiler was given it.
    pub file: &'a [u8],
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
}

/// Where a plan comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance<'a> {
    /// The sandbox's name.
    pub name: &'a [u8],
    /// The compiler's name and version.
    pub compiler: &'a [u8],
    /// The version of the tables that names were looked up in.
    pub tables: &'a [u8],
    /// SHA-256 of the spec's text.
    pub spec: &'a [u8],
    /// SHA-256 of what the kernel reads of the launcher that the plan was compiled for.
    pub launcher: &'a [u8],
}

/// The lists of a plan, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// The index of its first operation.
    pub first: u32,
    /// How many operations.
    pub count: u32,
}

/// The little-endian word at `at`, or zero past the end: bounds were or will be checked by the reader.
fn word(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(chunk) => u32::from_le_bytes(*chunk),
        None => 0,
    }
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from(word(bytes, at)) | u64::from(word(bytes, at + 4)) << 32
}

impl<'a> Plan<'a> {
    /// Checks all of `bytes`: nothing of a plan is used before this succeeded.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let refuse = |offset, reason| Err(Refusal { offset, reason });
        if bytes.len() < HEADER_BYTES {
            return refuse(bytes.len(), Reason::Length);
        }
        if !bytes.starts_with(&MAGIC) {
            return refuse(0, Reason::Magic);
        }
        if word(bytes, field::VERSION) != VERSION {
            return refuse(field::VERSION, Reason::Version);
        }
        if word(bytes, field::ARCHITECTURE) != crate::arch::AUDIT_ARCHITECTURE {
            return refuse(field::ARCHITECTURE, Reason::Architecture);
        }
        let whole = bytes.len() as u64;
        if long(bytes, field::LENGTH) != whole || !whole.is_multiple_of(8) || bytes.len() > LARGEST_PLAN {
            return refuse(field::LENGTH, Reason::Length);
        }
        if long(bytes, field::HASH) != hash::hash(bytes, field::HASH) {
            return refuse(field::HASH, Reason::Hash);
        }
        if !matches!(word(bytes, field::STATUS), 0 | 3..=MOST_DESCRIPTORS) {
            return refuse(field::STATUS, Reason::Status);
        }
        if word(bytes, field::ARENA) > LARGEST_ARENA {
            return refuse(field::ARENA, Reason::Shape);
        }
        let sections = Sections::read(bytes, field::SECTIONS)?;
        let plan = Self { bytes, sections };
        plan.verify()?;
        Ok(plan)
    }

    /// The whole plan.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes of a section.
    pub fn section(&self, section: Section) -> &'a [u8] {
        self.bytes.get(self.sections.range(section)).unwrap_or(&[])
    }

    /// The oldest kernel that has everything in it: major version << 16 | minor.
    pub fn kernel(&self) -> u32 {
        word(self.bytes, field::KERNEL)
    }

    /// The descriptor that the launch's status is written to.
    pub fn status(&self) -> Option<u32> {
        Some(word(self.bytes, field::STATUS)).filter(|&descriptor| descriptor != 0)
    }

    /// The size of the arena in bytes.
    pub fn arena(&self) -> u32 {
        word(self.bytes, field::ARENA)
    }

    /// The list that starts the launch.
    pub fn entry(&self, entry: Entry) -> u16 {
        let both = word(self.bytes, field::ENTRIES).to_le_bytes();
        match entry {
            Entry::Privileged => u16::from_le_bytes([both[0], both[1]]),
            Entry::Unprivileged => u16::from_le_bytes([both[2], both[3]]),
        }
    }

    /// How many operations of each promise must have been executed on the way to exec.
    pub fn promises(&self, entry: Entry) -> Tally {
        let mut tally = Tally::default();
        let start = field::PROMISES + if entry == Entry::Unprivileged { 2 * PROMISES } else { 0 };
        for (index, count) in tally.0.iter_mut().enumerate() {
            let at = start + 2 * index;
            let low = self.bytes.get(at).copied().unwrap_or(0);
            let high = self.bytes.get(at + 1).copied().unwrap_or(0);
            *count = u16::from_le_bytes([low, high]);
        }
        tally
    }

    /// How many lists there are.
    pub fn lists(&self) -> u16 {
        u16::try_from(self.section(Section::Lists).len() / 8).unwrap_or(u16::MAX)
    }

    /// A list by its number.
    pub fn list(&self, number: u16) -> Option<List> {
        if number >= self.lists() {
            return None;
        }
        let at = usize::from(number) * 8;
        let lists = self.section(Section::Lists);
        Some(List { first: word(lists, at), count: word(lists, at + 4) })
    }

    /// How many operations there are.
    pub fn operations(&self) -> u32 {
        u32::try_from(self.section(Section::Operations).len() / RECORD_BYTES).unwrap_or(u32::MAX)
    }

    /// An operation by its index.
    pub fn operation(&self, index: u32) -> Option<Operation> {
        let at = (index as usize).checked_mul(RECORD_BYTES)?;
        let record = self.section(Section::Operations).get(at..)?.first_chunk()?;
        Operation::read(record).ok()
    }

    /// The string at an offset, without its NUL.
    pub fn string(&self, offset: u32) -> &'a [u8] {
        let rest = self.section(Section::Strings).get(offset as usize..).unwrap_or(&[]);
        let length = rest.iter().position(|&byte| byte == 0).unwrap_or(0);
        rest.get(..length).unwrap_or(&[])
    }

    /// The word at an offset of the blobs.
    pub fn blob_word(&self, offset: u32) -> u32 {
        word(self.section(Section::Blobs), offset as usize)
    }

    /// The origin with this index.
    pub fn origin(&self, index: u16) -> Origin<'a> {
        let origins = self.section(Section::Origins);
        let at = usize::from(index) * Origin::BYTES;
        Origin {
            words: self.string(word(origins, at)),
            file: self.string(word(origins, at + 4)),
            line: word(origins, at + 8),
            column: word(origins, at + 12),
        }
    }

    /// What is worth knowing when this operation fails with this errno: who refuses, and the remedy.
    pub fn note(&self, operation: u32, errno: u32) -> Option<&'a [u8]> {
        let notes = self.section(Section::Notes);
        (0..notes.len() / NOTE_BYTES)
            .map(|index| index * NOTE_BYTES)
            .find(|&at| word(notes, at + 4) == operation && word(notes, at + 8) == errno)
            .map(|at| self.string(word(notes, at)))
    }

    /// Where the plan comes from.
    pub fn provenance(&self) -> Provenance<'a> {
        let bytes = self.section(Section::Provenance);
        Provenance {
            name: self.string(word(bytes, 0)),
            compiler: self.string(word(bytes, 4)),
            tables: self.string(word(bytes, 8)),
            spec: bytes.get(12..44).unwrap_or(&[]),
            launcher: bytes.get(44..76).unwrap_or(&[]),
        }
    }
}

impl Origin<'_> {
    /// The size of an origin's record: words, file, line, column.
    pub const BYTES: usize = 16;
}

/// The size of a note's record: string, operation, errno.
pub const NOTE_BYTES: usize = 12;
/// The size of the provenance section.
pub const PROVENANCE_BYTES: usize = 76;

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::Length,
        Self::Magic,
        Self::Version,
        Self::Architecture,
        Self::Hash,
        Self::Status,
        Self::Section,
        Self::Shape,
        Self::Operation,
        Self::List,
        Self::Call,
        Self::Pointer,
        Self::Slot,
        Self::Skip,
        Self::Phase,
        Self::Flow,
        Self::Promise,
    ];

    /// What a person reads.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Length => "wrong length",
            Self::Magic => "not a plan",
            Self::Version => "unknown version",
            Self::Architecture => "wrong architecture",
            Self::Hash => "checksum mismatch",
            Self::Status => "no status descriptor",
            Self::Section => "section out of place",
            Self::Shape => "malformed section",
            Self::Operation => "unknown value",
            Self::List => "malformed list",
            Self::Call => "forbidden system call",
            Self::Pointer => "pointer out of bounds",
            Self::Slot => "unset slot",
            Self::Skip => "skip out of its list",
            Self::Phase => "wrong order",
            Self::Flow => "no program at the end",
            Self::Promise => "a broken promise",
        }
    }
}
