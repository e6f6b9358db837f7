//! The first instructions: reads the initial stack that the kernel laid out.
//!
//! # Safety
//! The kernel puts argc, argv, envp and the auxiliary vector on the stack of every new program (execve(2), and
//! `fs/binfmt_elf.c`: `create_elf_tables`); they stay there, in this order, for as long as the process lives.
#![allow(unsafe_code, reason = "the initial stack is raw memory")]

use crate::mem;
use boxwright_launcher::plan::PLAN_ADDRESS;

/// `linux/auxvec.h`.
mod auxiliary {
    pub const END: usize = 0;
    pub const PROGRAM_HEADERS: usize = 3;
    pub const PROGRAM_HEADER_COUNT: usize = 5;
    pub const SECURE: usize = 23;
}

/// `linux/elf.h`: a segment that is mapped.
const PT_LOAD: u32 = 1;

/// `linux/elf.h`: `Elf64_Phdr`.
#[repr(C)]
struct ProgramHeader {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical: u64,
    file_bytes: u64,
    memory_bytes: u64,
    alignment: u64,
}

/// What the kernel tells a new program.
pub struct Start {
    /// argv.
    pub arguments: Vector,
    /// envp.
    pub variables: Vector,
    /// The plan that is sealed into this executable.
    pub plan: Option<&'static [u8]>,
    /// The program was started with more privilege than its caller has (`AT_SECURE`).
    pub secure: bool,
}

/// argv or envp: pointers to NUL-terminated strings.
#[derive(Clone, Copy)]
pub struct Vector {
    pointers: *const *const u8,
    count: usize,
}

/// The note that `link` turns into the plan's segment: an ELF note named `boxwright` whose description is the format's
/// version (elf(5), "Notes").
#[repr(C, align(4))]
struct Note {
    name_bytes: u32,
    description_bytes: u32,
    kind: u32,
    name: [u8; 12],
    description: u32,
}

#[used]
#[unsafe(link_section = ".note.plan")]
static NOTE: Note = Note {
    name_bytes: 10,
    description_bytes: 4,
    kind: 1,
    name: *b"boxwright\0\0\0",
    description: boxwright_launcher::plan::VERSION,
};

boxwright_launcher::entry_point!();

/// The entry point's second half, with the initial stack pointer.
extern "C" fn rust_start(stack: *const usize) -> ! {
    // SAFETY: `stack` is the kernel's initial stack pointer, where argc stands.
    let count = unsafe { *stack };
    // SAFETY: argv follows argc, and its terminating null pointer ends it after `count` entries.
    let arguments = unsafe { stack.add(1) };
    // SAFETY: envp follows that null pointer.
    let variables = unsafe { arguments.add(count + 1) };
    let mut variable_count = 0;
    // SAFETY: envp ends in a null pointer, and the loop stops there.
    while unsafe { *variables.add(variable_count) } != 0 {
        variable_count += 1;
    }
    // SAFETY: the auxiliary vector follows envp's null pointer.
    let mut entry = unsafe { variables.add(variable_count + 1) };
    let (mut headers, mut header_count, mut secure) = (0, 0, true);
    loop {
        // SAFETY: entries are pairs of words, and the loop stops at the pair that ends the vector.
        let (key, value) = unsafe { (*entry, *entry.add(1)) };
        match key {
            auxiliary::END => break,
            auxiliary::PROGRAM_HEADERS => headers = value,
            auxiliary::PROGRAM_HEADER_COUNT => header_count = value,
            auxiliary::SECURE => secure = value != 0,
            _ => {}
        }
        // SAFETY: the vector goes on, since this pair was not the one that ends it.
        entry = unsafe { entry.add(2) };
    }
    crate::main(Start {
        arguments: Vector { pointers: arguments.cast(), count },
        variables: Vector { pointers: variables.cast(), count: variable_count },
        plan: sealed_plan(headers as *const ProgramHeader, header_count),
        secure,
    })
}

/// The segment that `link` made of the launcher's note.
fn sealed_plan(headers: *const ProgramHeader, count: usize) -> Option<&'static [u8]> {
    if headers.is_null() {
        return None;
    }
    for index in 0..count {
        // SAFETY: AT_PHDR and AT_PHNUM describe the program header table that the kernel mapped with the first segment.
        let header = unsafe { &*headers.add(index) };
        if header.kind == PT_LOAD && header.address == PLAN_ADDRESS {
            // SAFETY: the kernel mapped `file_bytes` bytes of this file, read-only, at the segment's address.
            return Some(unsafe {
                core::slice::from_raw_parts(PLAN_ADDRESS as *const u8, header.file_bytes as usize)
            });
        }
    }
    None
}

impl Vector {
    /// How many strings.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The address of a string.
    pub fn get(&self, index: usize) -> Option<*const u8> {
        // SAFETY: the kernel wrote `count` pointers, and `index` is below it.
        (index < self.count).then(|| unsafe { *self.pointers.add(index) })
    }

    /// A string, without its NUL.
    pub fn bytes(&self, index: usize) -> &'static [u8] {
        match self.get(index) {
            // SAFETY: the kernel wrote NUL-terminated strings that stay on the initial stack.
            Some(string) => unsafe { mem::terminated(string) },
            None => &[],
        }
    }

    /// The first string that begins with `NAME=`.
    #[inline(never)]
    pub fn position(&self, name: &[u8]) -> Option<usize> {
        (0..self.count).find(|index| self.bytes(*index).starts_with(name))
    }

    /// What follows `NAME=` in it; the NUL comes after that.
    #[inline(never)]
    pub fn value(&self, name: &[u8]) -> Option<&'static [u8]> {
        self.bytes(self.position(name)?).get(name.len()..)
    }

    /// Forgets the first string.
    pub fn skip_first(&mut self) {
        if self.count > 0 {
            // SAFETY: one entry further is still inside the array or at its null pointer.
            self.pointers = unsafe { self.pointers.add(1) };
            self.count -= 1;
        }
    }

    /// Overwrites every string with zeros: another process of the sandbox must not read them in ours.
    pub fn wipe(&self) {
        for index in 0..self.count {
            let length = self.bytes(index).len();
            if let Some(string) = self.get(index) {
                // SAFETY: the initial stack is writable and the string has `length` bytes there, which nothing of this
                // process refers to any more: the program has its own copy since the fork.
                unsafe { core::ptr::write_bytes(string.cast_mut(), 0, length) };
            }
        }
    }
}
