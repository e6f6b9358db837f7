//! Writes what the launcher has to say, and never waits long for the reader: a pipe may be full, and a terminal stopped.

use crate::sys;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// How long a launch waits for the reader of one descriptor, in milliseconds. It says the rest to that one without waiting.
pub const PATIENCE: u32 = 1000;
/// The same while the program runs: signals and timers wait meanwhile.
pub const HASTE: u32 = 250;

/// EPIPE.
const NO_READER: u32 = 32;
/// EBADF.
const NOT_OPEN: u32 = 9;

/// The descriptors whose reader was too slow: one bit each, which those 32 apart share.
static STALLED: AtomicU32 = AtomicU32::new(0);

/// Writes a text within so many milliseconds, or as much of it as there is room for.
///
/// Whether a write would block cannot be asked beforehand: another writer may be faster. And `O_NONBLOCK` belongs to the
/// open file, so it would change what the caller sees. So the kernel is asked not to block this one write; where it
/// cannot do that, as on terminals, a child writes and is killed when it takes too long.
#[inline(never)]
pub fn write(descriptor: u32, text: &[u8], patience: u32) {
    let written = match sys::write_now(descriptor, text) {
        Ok(written) => written,
        Err(NO_READER | NOT_OPEN) => return,
        Err(_) => 0,
    };
    let rest = text.get(written..).unwrap_or(&[]);
    let stalled = 1 << (descriptor % 32);
    if rest.is_empty() || STALLED.load(SeqCst) & stalled != 0 {
        return;
    }
    let done = match sys::own_pid().and_then(|launcher| Ok((launcher, sys::fork(0, None)?))) {
        Ok((launcher, None)) => {
            if sys::end_with(launcher).is_ok() {
                sys::print(descriptor, rest);
            }
            sys::exit(0)
        }
        Ok((_, Some((_, writer)))) => {
            let done = sys::poll(writer, sys::READABLE, patience);
            sys::discard_child(writer);
            done
        }
        // No process can be made. The sandbox has ended, or has not begun: nobody fills the room that there is.
        Err(_) => {
            let room = sys::poll(descriptor, sys::WRITABLE, patience);
            if room {
                sys::print(descriptor, rest);
            }
            room
        }
    };
    if !done {
        STALLED.fetch_or(stalled, SeqCst);
    }
}
