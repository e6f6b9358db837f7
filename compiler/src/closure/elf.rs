//! What an ELF file says that it needs. The file may be anybody's: every length in it is in doubt.

use object::elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_STRTAB, FileHeader32, FileHeader64, Machine, PT_LOAD};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{Endianness, ReadCache, ReadRef};
use std::fs::File;
use std::ops::Range;

/// The longest dynamic section and the longest string that are read, in bytes; real ones are far below.
const SECTION_MAX: u64 = 1 << 20;
const STRING_MAX: u64 = 4096;
/// The most bytes of names of libraries, and the most directories; thousands of files can be looked at.
const NEEDED_MAX: usize = 16 << 10;
pub(super) const DIRECTORIES_MAX: usize = 64;

/// What a file needs to be started or loaded.
#[derive(Debug)]
pub(super) struct Elf {
    /// What libraries it can use: those of the same kind.
    pub(super) kind: Kind,
    /// The dynamic linker.
    pub(super) interpreter: Option<String>,
    /// The libraries, by name or path (`DT_NEEDED`).
    pub(super) needed: Vec<String>,
    /// Where they are, for itself and what it loads (`DT_RPATH`).
    pub(super) rpath: Vec<String>,
    /// Where they are, for itself (`DT_RUNPATH`).
    pub(super) runpath: Vec<String>,
}

/// The machine, and the width of its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    machine: Machine,
    wide: bool,
}

/// Reads a file, if it is an ELF one in order.
pub(super) fn read(file: &File) -> Option<Elf> {
    let data = ReadCache::new(file);
    read_as::<FileHeader64<Endianness>, _>(&data).or_else(|| read_as::<FileHeader32<Endianness>, _>(&data))
}

fn read_as<'data, H, R>(data: R) -> Option<Elf>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, data).ok()?;
    let kind = Kind { machine: header.e_machine(endian), wide: header.is_type_64() };
    let mut elf = Elf { kind, interpreter: None, needed: Vec::new(), rpath: Vec::new(), runpath: Vec::new() };
    let mut entries = Vec::new();
    for segment in segments {
        let size: u64 = segment.p_filesz(endian).into();
        if size > SECTION_MAX {
            continue;
        }
        // The first of each kind counts.
        if elf.interpreter.is_none()
            && size <= STRING_MAX
            && let Ok(Some(path)) = segment.interpreter(endian, data)
        {
            elf.interpreter = String::from_utf8(path.to_vec()).ok();
        }
        if entries.is_empty()
            && let Ok(Some(dynamic)) = segment.dynamic(endian, data)
        {
            entries.extend(dynamic.iter().map(|entry| (entry.d_tag(endian), entry.d_val(endian).into())));
        }
    }
    let strings = entries.iter().find(|(tag, _)| *tag == DT_STRTAB).and_then(|(_, address)| {
        let loaded = segments.iter().filter(|segment| segment.p_type(endian) == PT_LOAD);
        let offset = |segment: &H::ProgramHeader| -> Option<u64> {
            let (start, size): (u64, u64) = (segment.p_vaddr(endian).into(), segment.p_filesz(endian).into());
            let within = address.checked_sub(start).filter(|within| *within < size)?;
            within.checked_add(segment.p_offset(endian).into())
        };
        loaded.filter_map(offset).next()
    });
    let text = |offset: u64| -> Option<String> {
        let start = strings?.checked_add(offset)?;
        let range: Range<u64> = start..data.len().ok()?.min(start.checked_add(STRING_MAX)?);
        String::from_utf8(data.read_bytes_at_until(range, 0).ok()?.to_vec()).ok()
    };
    let mut names = 0;
    for (tag, offset) in &entries {
        match *tag {
            DT_NEEDED if names < NEEDED_MAX => {
                let name = text(*offset);
                names += name.as_ref().map_or(1, |name| name.len() + 1);
                elf.needed.extend(name);
            }
            DT_RPATH if elf.rpath.is_empty() => elf.rpath.extend(directories(text(*offset))),
            DT_RUNPATH if elf.runpath.is_empty() => elf.runpath.extend(directories(text(*offset))),
            _ => {}
        }
    }
    Some(elf)
}

fn directories(list: Option<String>) -> Vec<String> {
    list.iter()
        .flat_map(|list| list.split(':'))
        .filter(|path| !path.is_empty())
        .take(DIRECTORIES_MAX)
        .map(str::to_owned)
        .collect()
}
