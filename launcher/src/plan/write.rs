//! The writer of a plan: lists and tables in, bytes out.

use super::operation::{Kind, Operation, RECORD_BYTES, Tally};
use super::{HEADER_BYTES, LARGEST_DEPTH, MAGIC, Sections, VERSION, field, hash};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

/// A plan that is being written.
///
/// Whoever fills it keeps its tables within the format's limits; [`super::Plan::read`] says where it did not.
#[derive(Debug, Default)]
pub struct Draft {
    /// The lists; a fork names one by its index here.
    pub lists: Vec<Vec<Operation>>,
    /// The list that a privileged launch starts with, and an unprivileged one.
    pub entries: [u16; 2],
    /// The oldest kernel that has everything in it: major version << 16 | minor.
    pub kernel: u32,
    /// The descriptor for the status, or zero.
    pub status: u32,
    /// What the arena starts with.
    pub arena: Vec<u8>,
    /// The size of the arena in bytes.
    pub arena_bytes: u32,
    /// Strings and what they are interned by.
    strings: Interned,
    /// Blobs likewise.
    blobs: Interned,
    /// Origins' records.
    origins: Vec<[u32; 4]>,
    /// List, operation within it, errno and string of every note.
    notes: Vec<(u16, u32, u32, u32)>,
    /// The provenance section.
    provenance: Vec<u8>,
}

/// Bytes in which equal parts are stored once.
#[derive(Debug, Default)]
struct Interned {
    bytes: Vec<u8>,
    offsets: BTreeMap<Vec<u8>, u32>,
}

/// Where a plan comes from; see [`super::Provenance`].
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    /// The sandbox's name.
    pub name: &'a str,
    /// The compiler's name and version.
    pub compiler: &'a str,
    /// The version of the tables that names were looked up in.
    pub tables: &'a str,
    /// SHA-256 of the spec's text.
    pub spec: [u8; 32],
    /// SHA-256 of what the kernel reads of the launcher that the plan is compiled for.
    pub launcher: [u8; 32],
}

impl Interned {
    fn add(&mut self, part: &[u8]) -> u32 {
        if let Some(&offset) = self.offsets.get(part) {
            return offset;
        }
        let offset = index(self.bytes.len());
        self.bytes.extend_from_slice(part);
        self.offsets.insert(part.to_vec(), offset);
        offset
    }
}

impl Draft {
    /// The offset of `text` among the strings; the text must not contain NUL.
    pub fn string(&mut self, text: &str) -> u32 {
        let mut part = text.as_bytes().to_vec();
        part.push(0);
        self.strings.add(&part)
    }

    /// The offset of `bytes` among the blobs, a multiple of eight.
    pub fn blob(&mut self, bytes: &[u8]) -> u32 {
        let mut part = bytes.to_vec();
        part.resize(bytes.len().next_multiple_of(8), 0);
        self.blobs.add(&part)
    }

    /// The index of an origin with these words and this place.
    pub fn origin(&mut self, words: &str, file: &str, line: u32, column: u32) -> u16 {
        let record = [self.string(words), self.string(file), line, column];
        let known = self.origins.iter().position(|origin| *origin == record);
        let at = known.unwrap_or_else(|| {
            self.origins.push(record);
            self.origins.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// Adds what an error says when operation `at` of `list` fails with `errno`.
    pub fn note(&mut self, list: u16, at: u32, errno: u32, text: &str) {
        let text = self.string(text);
        self.notes.push((list, at, errno, text));
    }

    /// Says where the plan comes from.
    pub fn sources(&mut self, sources: &Sources) {
        let words = [self.string(sources.name), self.string(sources.compiler), self.string(sources.tables)];
        self.provenance = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.provenance.extend_from_slice(&sources.spec);
        self.provenance.extend_from_slice(&sources.launcher);
    }

    /// How many operations of each promise lie on the way from an entry to the program.
    ///
    /// `None` when there is no program at its end, or only past more lists than the reader follows.
    fn tally(&self, list: u16, mut tally: Tally, depth: u8) -> Option<Tally> {
        for operation in self.lists.get(usize::from(list)).filter(|_| depth < LARGEST_DEPTH)? {
            tally.count(operation);
            match operation.kind {
                Kind::Fork(fork) => {
                    let child = self.tally(fork.list, tally, depth + 1);
                    if child.is_some() {
                        return child;
                    }
                }
                Kind::Exec(_) => return Some(tally),
                _ => {}
            }
        }
        None
    }

    /// The bytes of the plan.
    pub fn finish(mut self) -> Vec<u8> {
        // The strings end in NUL even when there are none.
        self.string("");
        let mut lists = Vec::new();
        let mut operations: Vec<u8> = Vec::new();
        let mut firsts = Vec::new();
        for list in &self.lists {
            let first = index(operations.len() / RECORD_BYTES);
            firsts.push(first);
            lists.extend_from_slice(&first.to_le_bytes());
            lists.extend_from_slice(&index(list.len()).to_le_bytes());
            operations.extend(list.iter().flat_map(Operation::write));
        }
        let origins = self.origins.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
        let note = |&(list, at, errno, text): &(u16, u32, u32, u32)| {
            let first = firsts.get(usize::from(list)).copied().unwrap_or(0);
            [text, first + at, errno]
        };
        let notes = self.notes.iter().flat_map(note).flat_map(u32::to_le_bytes).collect();
        let tallies = self.entries.map(|entry| self.tally(entry, Tally::default(), 0).unwrap_or_default());

        let mut bytes = vec![0; HEADER_BYTES];
        bytes[..MAGIC.len()].copy_from_slice(&MAGIC);
        put(&mut bytes, field::VERSION, VERSION);
        put(&mut bytes, field::ARCHITECTURE, crate::arch::AUDIT_ARCHITECTURE);
        put(&mut bytes, field::KERNEL, self.kernel);
        put(&mut bytes, field::STATUS, self.status);
        put(&mut bytes, field::ARENA, self.arena_bytes);
        put(&mut bytes, field::ENTRIES, u32::from(self.entries[0]) | u32::from(self.entries[1]) << 16);
        for (at, count) in tallies.iter().flat_map(|tally| tally.0).enumerate() {
            bytes[field::PROMISES + 2 * at..][..2].copy_from_slice(&count.to_le_bytes());
        }
        let parts: [Vec<u8>; Sections::COUNT] = [
            lists,
            operations,
            self.arena,
            self.strings.bytes,
            self.blobs.bytes,
            origins,
            notes,
            self.provenance,
        ];
        for (number, part) in parts.iter().enumerate() {
            let start = index(bytes.len());
            put(&mut bytes, field::SECTIONS + 8 * number, start);
            put(&mut bytes, field::SECTIONS + 8 * number + 4, index(part.len()));
            bytes.extend_from_slice(part);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        let length = bytes.len() as u64;
        bytes[field::LENGTH..][..8].copy_from_slice(&length.to_le_bytes());
        rehash(&mut bytes);
        bytes
    }
}

/// Writes the hash of a plan's bytes into its header.
pub fn rehash(bytes: &mut [u8]) {
    let hash = hash::hash(bytes, field::HASH);
    if let Some(field) = bytes.get_mut(field::HASH..field::HASH + 8) {
        field.copy_from_slice(&hash.to_le_bytes());
    }
}

/// An index or length of the plan: past 32 bits it is past every limit, which the reader reports.
fn index(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}
