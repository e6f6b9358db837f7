//! The launcher and a plan to one executable: the launcher's note becomes a segment that the kernel maps at exec.

use boxwright_launcher::plan::PLAN_ADDRESS;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::ops::Range;

/// The launcher that the build script compiled.
pub const LAUNCHER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/launcher"));

/// The kernel maps files in pages of this size on x86_64.
const PAGE: usize = 4096;
/// `linux/elf.h`: segment types, flags and section types.
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const PF_READ: u32 = 4;
const SHT_PROGBITS: u32 = 1;
const SHT_NOTE: u32 = 7;
/// The note of a bare launcher: three words and two texts.
const NOTE_BYTES: usize = 28;
/// A launcher has four; more would be read again and again.
const SEGMENTS_MAX: usize = 8;

/// A launcher that this compiler did not build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotALauncher;

impl fmt::Display for NotALauncher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a launcher: an ELF executable with exactly one note is expected")
    }
}

impl std::error::Error for NotALauncher {}

/// Where `Elf64_Ehdr`, `Elf64_Phdr` and `Elf64_Shdr` (elf(5)) keep what is read or changed.
mod layout {
    pub const PROGRAM_HEADERS: usize = 32;
    pub const SECTION_HEADERS: usize = 40;
    pub const PROGRAM_HEADER_COUNT: usize = 56;
    pub const SECTION_HEADER_COUNT: usize = 60;
    pub const PROGRAM_HEADER_BYTES: usize = 56;
    pub const SECTION_HEADER_BYTES: usize = 64;
    pub const SECTION_HEADER_SIZE: usize = 58;
    pub const HEADER_BYTES: usize = 64;
}

/// One executable: `launcher` with `plan` sealed in.
pub fn link(launcher: &[u8], plan: &[u8]) -> Result<Vec<u8>, NotALauncher> {
    let mut file = launcher.to_vec();
    let start = file.len().next_multiple_of(PAGE);
    let segment = find(
        &file,
        long(&file, layout::PROGRAM_HEADERS)?,
        half(&file, layout::PROGRAM_HEADER_COUNT)?,
        layout::PROGRAM_HEADER_BYTES,
        |header| word(&file, header) == Ok(PT_NOTE),
    )?;
    let section = find(
        &file,
        long(&file, layout::SECTION_HEADERS)?,
        half(&file, layout::SECTION_HEADER_COUNT)?,
        layout::SECTION_HEADER_BYTES,
        |header| word(&file, header + 4) == Ok(SHT_NOTE),
    )?;
    let (offset, length, page) = (start as u64, plan.len() as u64, PAGE as u64);
    put(&mut file, segment, &[PT_LOAD, PF_READ]);
    put_long(&mut file, segment + 8, &[offset, PLAN_ADDRESS, PLAN_ADDRESS, length, length, page]);
    // Or strip(1) would take the plan for rubbish behind the last section.
    put(&mut file, section + 4, &[SHT_PROGBITS]);
    put_long(&mut file, section + 16, &[PLAN_ADDRESS, offset, length]);
    file.resize(start, 0);
    file.extend_from_slice(plan);
    Ok(file)
}

/// The plan in an executable that [`link`] made.
pub fn sealed_plan(file: &[u8]) -> Option<&[u8]> {
    let (elf, segments) = segments(file)?;
    let endian = elf.endian().ok()?;
    segments.iter().find(|segment| is_plan(segment, endian))?.data(endian, file).ok()
}

/// SHA-256 of everything that the kernel reads of a launcher when it executes it, but for the plan: the ELF header, the program
/// headers and the bytes of every segment. The same for a bare launcher, a sealed one, and one that strip(1) has laid out anew,
/// so what an executable has is compared with what its plan says. Nothing where there is not exactly one place for a plan.
pub fn launcher_digest(file: &[u8]) -> Option<[u8; 32]> {
    let (elf, segments) = segments(file)?;
    let endian = elf.endian().ok()?;
    if segments.len() > SEGMENTS_MAX {
        return None;
    }
    let is_note = |segment: &Segment| segment.p_type(endian).0 == PT_NOTE;
    let place = |segment: &Segment| is_note(segment) || is_plan(segment, endian);
    let mut places = segments.iter().enumerate().filter(|(_, segment)| place(segment));
    let (Some((number, plan)), None) = (places.next(), places.next()) else { return None };
    let size = plan.p_filesz(endian);
    if !is_note(plan) && (plan.p_flags(endian).0 != PF_READ || plan.p_memsz(endian) != size) {
        return None;
    }
    // What `link` and strip(1) change, and nothing that is executed depends on: where sections are, the note in the place of a
    // plan, which is right behind the program headers, and where in the file segments are. What those are is digested below.
    let sections = layout::SECTION_HEADERS..layout::SECTION_HEADERS + 8;
    let counts = layout::SECTION_HEADER_SIZE..layout::HEADER_BYTES;
    let headers = usize::try_from(elf.e_phoff(endian)).ok()?;
    let end = headers.checked_add(segments.len() * layout::PROGRAM_HEADER_BYTES + NOTE_BYTES)?;
    let changed = [sections, counts, headers..end];
    let mut digest = Sha256::new();
    digest.update(blanked(file, 0, layout::HEADER_BYTES, &changed)?);
    for (at, segment) in segments.iter().enumerate().filter(|(at, _)| *at != number) {
        let start = usize::try_from(segment.p_offset(endian)).ok()?;
        let bytes = usize::try_from(segment.p_filesz(endian)).ok()?;
        digest.update((at as u64).to_le_bytes());
        for word in [segment.p_type(endian).0, segment.p_flags(endian).0] {
            digest.update(word.to_le_bytes());
        }
        let (from, to) = (segment.p_vaddr(endian), segment.p_memsz(endian));
        for word in [from, to, bytes as u64, segment.p_align(endian)] {
            digest.update(word.to_le_bytes());
        }
        digest.update(blanked(file, start, start.checked_add(bytes)?, &changed)?);
    }
    Some(digest.finalize().into())
}

/// The bytes of a part of the file, with zeros for what lies in one of the ranges.
fn blanked(file: &[u8], start: usize, end: usize, ranges: &[Range<usize>]) -> Option<Vec<u8>> {
    let mut bytes = file.get(start..end)?.to_vec();
    for range in ranges {
        let (from, to) = (range.start.clamp(start, end), range.end.clamp(start, end));
        bytes.get_mut(from - start..to - start)?.fill(0);
    }
    Some(bytes)
}

type Header = object::elf::FileHeader64<object::Endianness>;
type Segment = object::elf::ProgramHeader64<object::Endianness>;

fn segments(file: &[u8]) -> Option<(&Header, &[Segment])> {
    let elf = Header::parse(file).ok()?;
    Some((elf, elf.program_headers(elf.endian().ok()?, file).ok()?))
}

fn is_plan(segment: &Segment, endian: object::Endianness) -> bool {
    segment.p_type(endian).0 == PT_LOAD && segment.p_vaddr(endian) == PLAN_ADDRESS
}

use object::read::elf::{FileHeader as _, ProgramHeader as _};

/// The offset of the one header for which `is` holds.
fn find(
    file: &[u8],
    start: u64,
    count: u16,
    bytes: usize,
    is: impl Fn(usize) -> bool,
) -> Result<usize, NotALauncher> {
    let start = usize::try_from(start).map_err(|_| NotALauncher)?;
    let headers = (0..usize::from(count)).filter_map(|index| start.checked_add(index * bytes));
    let mut found = headers.filter(|&header| header.saturating_add(bytes) <= file.len() && is(header));
    match (found.next(), found.next()) {
        (Some(header), None) => Ok(header),
        _ => Err(NotALauncher),
    }
}

fn bytes<const N: usize>(file: &[u8], at: usize) -> Result<[u8; N], NotALauncher> {
    file.get(at..).and_then(<[u8]>::first_chunk).copied().ok_or(NotALauncher)
}

fn half(file: &[u8], at: usize) -> Result<u16, NotALauncher> {
    bytes(file, at).map(u16::from_le_bytes)
}

fn word(file: &[u8], at: usize) -> Result<u32, NotALauncher> {
    bytes(file, at).map(u32::from_le_bytes)
}

fn long(file: &[u8], at: usize) -> Result<u64, NotALauncher> {
    bytes(file, at).map(u64::from_le_bytes)
}

fn put(file: &mut [u8], at: usize, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    file[at..at + bytes.len()].copy_from_slice(&bytes);
}

fn put_long(file: &mut [u8], at: usize, words: &[u64]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    file[at..at + bytes.len()].copy_from_slice(&bytes);
}
