//! Where things are on the machine that a launcher is built for: this one, or the one in the virtual machine.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// The paths that the demonstrations are adjusted to.
#[derive(Debug, Clone)]
pub struct Site {
    /// The static probe.
    pub probe: PathBuf,
    /// A file outside of every sandbox.
    pub marker: PathBuf,
    /// An unpacked root file system with busybox and the probe.
    pub rootfs: PathBuf,
    /// A launcher that the nested demonstration starts.
    pub inner: PathBuf,
    /// A number that no other demonstration uses at the same time.
    pub key: u32,
}

impl Site {
    /// A number that is used once in this process and, most likely, on this machine.
    pub fn fresh_key() -> u32 {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        std::process::id() % 100_000 * 10_000 + NEXT.fetch_add(1, Ordering::Relaxed)
    }
}
