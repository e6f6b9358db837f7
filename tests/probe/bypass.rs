//! Known ways around a filter or out of a tree: calls of other architectures, flags behind a pointer, file handles.

use crate::sys::{call, call_i386, errno_name, from, into, nr, outcome, text};
use crate::{fact, usage};
use std::fs::File;
use std::os::fd::AsRawFd as _;

/// A call of i386 without arguments, made from this 64-bit program.
pub fn i386(number: i32) {
    let result = call_i386(number.unsigned_abs(), 0, 0);
    fact(&format!("call_i386.{number}"), outcome(result));
}

/// A socket by way of i386's socketcall(2), whose arguments lie in memory.
pub fn socketcall(family: i32) {
    // PROT_READ and PROT_WRITE; MAP_PRIVATE, MAP_ANONYMOUS and MAP_32BIT.
    let low = call(nr::MMAP, [0, 4096, 3, 0x62, u64::MAX, 0]);
    let Ok(low) = low.and_then(|address| u32::try_from(address).map_err(|_| 14)) else {
        return fact("socketcall", "no memory below 4 GiB");
    };
    let arguments = [family, 1, 0];
    // SAFETY: the kernel has just mapped a page there, which nothing else refers to.
    unsafe { std::ptr::with_exposed_provenance_mut::<[i32; 3]>(low as usize).write(arguments) };
    // SYS_SOCKET of linux/net.h.
    fact("socketcall", outcome(call_i386(102, 1, low)));
}

/// A child that ends at once, made with flags that a filter cannot see.
pub fn clone3(flags: &str) {
    let Ok(flags) = u64::from_str_radix(flags, 16) else { usage("`clone3` takes flags, in hexadecimal") };
    // struct clone_args, version 0; SIGCHLD at its fifth word.
    let arguments = [flags, 0, 0, 0, 17, 0, 0, 0_u64];
    let made = call(nr::CLONE3, [from(&arguments), 64, 0, 0, 0, 0]);
    if made == Ok(0) {
        std::process::exit(0);
    }
    fact("clone3", outcome(made));
}

/// Opens a file by its handle, past every directory on the way, as shocker did with guessed ones.
pub fn handle(path: &str) {
    fact("handle", by_handle(path).map_or_else(errno_name, |()| "ok".to_owned()));
}

fn by_handle(path: &str) -> Result<(), i32> {
    let name = text(path);
    // struct file_handle: its size and type, then at most 128 bytes.
    let mut handle = [0_u32; 34];
    handle[0] = 128;
    let mut mount = 0_i32;
    let here = (-100_i64).cast_unsigned();
    let name = from(name.as_bytes_with_nul());
    call(nr::NAME_TO_HANDLE_AT, [here, name, into(&mut handle), into(&mut mount), 0, 0])?;
    let root = File::open(path).map_err(|error| error.raw_os_error().unwrap_or(0))?;
    let descriptor = u64::from(root.as_raw_fd().unsigned_abs());
    call(nr::OPEN_BY_HANDLE_AT, [descriptor, from(&handle), 0, 0, 0, 0]).map(drop)
}
