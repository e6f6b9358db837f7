//! Memory: that of the supervisor and the kernel, files in memory, and memory that is both written and executed.

use crate::attempt::{Probe, call, execute, expect, in_child, on_path, open, write};
use crate::sys::{from, into, nr};
use std::fs;

/// `mov eax, 77; ret`.
const CODE: [u8; 6] = [0xb8, 77, 0, 0, 0, 0xc3];

pub const PROBES: &[Probe] = &[
    ("execute-a-file-in-memory", |_| {
        let file = on_path(nr::MEMFD_CREATE, "program", [0])?;
        write(file, &fs::read("/proc/self/exe")?)?;
        let again = open(&format!("/proc/self/fd/{file}"), 0)?;
        call(nr::CLOSE, [file])?;
        execute(&format!("/proc/self/fd/{again}"))
    }),
    ("execute-a-file-in-memory-by-descriptor", |_| {
        let file = on_path(nr::MEMFD_CREATE, "program", [0])?;
        write(file, &fs::read("/proc/self/exe")?)?;
        let again = open(&format!("/proc/self/fd/{file}"), 0)?;
        call(nr::CLOSE, [file])?;
        in_child(|| {
            let (empty, words) = (c"".to_bytes_with_nul(), [c"escape", c"executed"]);
            let argv = [from(words[0].to_bytes_with_nul()), from(words[1].to_bytes_with_nul()), 0];
            // AT_EMPTY_PATH.
            call(nr::EXECVEAT, [again, from(empty), from(&argv), from(&[0_u64]), 0x1000]).map(drop)
        })
    }),
    ("secret-memory", |_| call(nr::MEMFD_SECRET, [0]).map(drop)),
    ("huge-pages-in-memory", |_| on_path(nr::MEMFD_CREATE, "huge", [4]).map(drop)),
    ("write-and-execute", |_| run_code(|| call(nr::MMAP, [0, 4096, 7, 0x22, u64::MAX, 0]), 0)),
    ("write-then-execute", |_| run_code(|| call(nr::MMAP, [0, 4096, 3, 0x22, u64::MAX, 0]), 5)),
    ("fault-handling-by-users", |_| call(nr::USERFAULTFD, [0o2_000_001]).map(drop)),
    ("fault-handling-of-the-kernel", |_| call(nr::USERFAULTFD, [0o2_000_000]).map(drop)),
    ("local-descriptor-table", |_| {
        // A segment of its own: number 0, base 0, limit 0xfffff, 32 bits.
        let segment = [0_u32, 0, 0xfffff, 1];
        call(nr::MODIFY_LDT, [1, from(&segment), 16]).map(drop)
    }),
    ("lowest-page", |_| call(nr::MMAP, [0, 4096, 3, 0x32, u64::MAX, 0]).map(drop)),
    ("executable-personality", |_| {
        // READ_IMPLIES_EXEC.
        call(nr::PERSONALITY, [0x40_0000])?;
        expect(call(nr::PERSONALITY, [0xffff_ffff])? & 0x40_0000 != 0, "it stayed as it was")
    }),
    ("predictable-personality", |_| {
        // ADDR_NO_RANDOMIZE.
        call(nr::PERSONALITY, [0x4_0000])?;
        expect(call(nr::PERSONALITY, [0xffff_ffff])? & 0x4_0000 != 0, "it stayed as it was")
    }),
    ("lock-much", |_| {
        let length = 64 << 20;
        let address = call(nr::MMAP, [0, length, 3, 0x22, u64::MAX, 0])?;
        call(nr::MLOCK, [address, length]).map(drop)
    }),
    ("own-memory-by-file", |_| {
        // Through the file what is read-only is written to.
        static CONSTANT: [u8; 8] = *b"constant";
        let memory = open("/proc/self/mem", 2)?;
        let mut old = [0_u8; 8];
        call(nr::PREAD64, [memory, into(&mut old), 8, from(&CONSTANT)])?;
        call(nr::PWRITE64, [memory, from(&old), 8, from(&CONSTANT)]).map(drop)
    }),
];

/// Writes a function into memory, makes it executable if it is not yet, and calls it.
fn run_code(map: fn() -> Result<u64, crate::attempt::Stopped>, protection: u64) -> crate::attempt::Attempt {
    let address = map()?;
    let place = std::ptr::with_exposed_provenance_mut::<u8>(usize::try_from(address).unwrap_or(0));
    // SAFETY: the kernel has mapped a page there, writable.
    unsafe { place.copy_from_nonoverlapping(CODE.as_ptr(), CODE.len()) };
    if protection != 0 {
        call(nr::MPROTECT, [address, 4096, protection])?;
    }
    // SAFETY: what was written there takes nothing, changes one register that a call may, and returns.
    let function: extern "C" fn() -> i32 = unsafe { std::mem::transmute(place) };
    expect(function() == 77, "another answer")
}
