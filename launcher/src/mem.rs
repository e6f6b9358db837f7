//! Memory: the arena, the program's argv and envp, and the functions that compiled code calls.
//!
//! # Safety
//! The arena is one static that only this file and the kernel touch, in a process with one thread. Every offset is
//! compared with its size before it becomes an address.
#![allow(unsafe_code, reason = "memory that the kernel writes to is raw memory")]

use boxwright_launcher::plan::LARGEST_ARENA;
use core::cell::UnsafeCell;

/// The linker script puts it last, so that an unmapped page follows.
#[repr(C, align(8))]
struct Arena(UnsafeCell<[u8; LARGEST_ARENA as usize]>);

// SAFETY: the launcher never has a second thread.
unsafe impl Sync for Arena {}

#[unsafe(link_section = ".bss.arena")]
static ARENA: Arena = Arena(UnsafeCell::new([0; LARGEST_ARENA as usize]));

/// The address of an offset of the arena, for the kernel; an offset past its end is the end, which is unmapped.
pub fn arena_address(offset: u32) -> usize {
    ARENA.0.get() as usize + offset.min(LARGEST_ARENA) as usize
}

/// The eight bytes of the arena at an offset; zero where they would leave it.
pub fn load(offset: u32) -> u64 {
    if offset > LARGEST_ARENA - 8 {
        return 0;
    }
    // SAFETY: the offset leaves eight bytes of the arena; they need no alignment.
    unsafe { (arena_address(offset) as *const u64).read_unaligned() }
}

/// The word of the arena at an offset.
pub fn load_word(offset: u32) -> u32 {
    (load(offset) & 0xffff_ffff) as u32
}

/// The byte of the arena at an offset.
#[inline(never)]
pub fn byte(offset: u32) -> u8 {
    (load(offset) & 0xff) as u8
}

/// Copies bytes into the arena; `false` where they would leave it.
pub fn store(offset: u32, bytes: &[u8]) -> bool {
    let fits = u64::from(offset) + bytes.len() as u64 <= u64::from(LARGEST_ARENA);
    if fits {
        // SAFETY: the arena has room for all bytes at the offset, and a plan never lies in it.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), arena_address(offset) as *mut u8, bytes.len());
        }
    }
    fits
}

/// The bytes of a NUL-terminated string.
///
/// # Safety
/// `string` points to one that is never written to while the slice is used.
pub unsafe fn terminated(string: *const u8) -> &'static [u8] {
    let mut length = 0;
    // SAFETY: the caller's string ends in NUL, and the loop stops there; volatile, or it would become a call of strlen.
    while unsafe { string.add(length).read_volatile() } != 0 {
        length += 1;
    }
    // SAFETY: `length` bytes before the NUL are the string's.
    unsafe { core::slice::from_raw_parts(string, length) }
}

/// argv and envp for execve(2): pointers in memory of their own, each array with a null pointer at its end.
#[derive(Clone, Copy)]
pub struct Pointers {
    start: *mut *const u8,
    capacity: usize,
    used: usize,
    variables: usize,
}

impl Pointers {
    /// Arrays in zeroed memory at `start`, which nothing else refers to and which has room for `capacity` pointers.
    ///
    /// # Safety
    /// The memory is writable and lives until exec.
    pub unsafe fn new(start: *mut u8, capacity: usize) -> Self {
        Self { start: start.cast(), capacity, used: 0, variables: 0 }
    }

    /// Appends a string to the array that is being filled.
    pub fn push(&mut self, string: *const u8) {
        // The last entry stays zero: the second array's end.
        if self.used + 1 < self.capacity {
            // SAFETY: `used` is inside the memory that `new` was given.
            unsafe { *self.start.add(self.used) = string };
            self.used += 1;
        }
    }

    /// Ends argv and begins envp.
    pub fn begin_variables(&mut self) {
        self.push(core::ptr::null());
        self.variables = self.used;
    }

    /// The address of argv.
    pub fn arguments(&self) -> usize {
        self.start as usize
    }

    /// The address of envp.
    pub fn variables(&self) -> usize {
        self.start as usize + self.variables * size_of::<usize>()
    }
}

/// `memcpy(3)`: compiled code calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    // SAFETY: the caller gives two ranges of `count` bytes, as memcpy asks for.
    unsafe { boxwright_launcher::raw_copy_forward!(to, from, count) };
    to
}

/// `memmove(3)`: compiled code may call it; backwards where the ranges overlap that way.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    if (to as usize).wrapping_sub(from as usize) >= count {
        // SAFETY: copying forward never overwrites a byte that is still to be read.
        unsafe { boxwright_launcher::raw_copy_forward!(to, from, count) };
    } else {
        for index in (0..count).rev() {
            // SAFETY: `index` is inside both ranges of the caller.
            let byte = unsafe { from.add(index).read_volatile() };
            // SAFETY: as above; volatile, or the loop would become a call of this function.
            unsafe { to.add(index).write_volatile(byte) };
        }
    }
    to
}

/// `memset(3)`: compiled code calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    // SAFETY: the caller gives a range of `count` bytes, as memset asks for.
    unsafe { boxwright_launcher::raw_fill!(to, byte, count) };
    to
}

/// `memcmp(3)`: compiled code calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
    for index in 0..count {
        // SAFETY: `index` is inside the caller's first range; volatile, or the loop would become a call of this function.
        let left = unsafe { left.add(index).read_volatile() };
        // SAFETY: as above, for the second range.
        let right = unsafe { right.add(index).read_volatile() };
        if left != right {
            return i32::from(left) - i32::from(right);
        }
    }
    0
}

/// `bcmp(3)`: compiled code calls it where only equality counts.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
    // SAFETY: the caller gives what memcmp asks for.
    unsafe { memcmp(left, right, count) }
}
