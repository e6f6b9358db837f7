//! Devices: those of the host by their path, and nodes for them made where something can be made.

use crate::attempt::{Attempt, O_GENTLY, O_RDWR, Probe, Stopped, expect, on_path, open, read, scratch};
use crate::sys::{errno_name, nr};
use std::fs;
use std::os::unix::fs::MetadataExt as _;

const CHARACTER: u64 = 0o020_600;
const BLOCK: u64 = 0o060_600;

pub const PROBES: &[Probe] = &[
    ("memory", |_| device("mem", CHARACTER, 1, 1)),
    ("ports", |_| device("port", CHARACTER, 1, 4)),
    ("kernel-log", |_| device("kmsg", CHARACTER, 1, 11)),
    ("console", |_| device("console", CHARACTER, 5, 1)),
    ("current-virtual-console", |_| device("tty0", CHARACTER, 4, 0)),
    ("first-virtual-console", |_| device("tty1", CHARACTER, 4, 1)),
    ("screen-of-a-virtual-console", |_| device("vcs1", CHARACTER, 7, 1)),
    ("serial-line", |_| device("ttyS0", CHARACTER, 4, 64)),
    ("file-systems-of-users", |_| device("fuse", CHARACTER, 10, 229)),
    ("virtual-machines", |_| device("kvm", CHARACTER, 10, 232)),
    ("tunnels", |_| device("net/tun", CHARACTER, 10, 200)),
    ("loop-control", |_| device("loop-control", CHARACTER, 10, 237)),
    ("loop-device", |_| device("loop0", BLOCK, 7, 0)),
    ("hardware-random-numbers", |_| device("hwrng", CHARACTER, 10, 183)),
    ("input-injection", |_| device("uinput", CHARACTER, 10, 223)),
    ("wake-up-latency", |_| device("cpu_dma_latency", CHARACTER, 10, 259)),
    ("automounts", |_| device("autofs", CHARACTER, 10, 235)),
    ("snapshot", |_| device("snapshot", CHARACTER, 10, 231)),
    ("model-specific-registers", |_| device("cpu/0/msr", CHARACTER, 202, 0)),
    ("node-of-null", |_| node(CHARACTER, 1, 3)),
    ("node-of-zero", |_| node(CHARACTER, 1, 5)),
    ("node-of-a-block-device", |_| node(BLOCK, 7, 0)),
    ("terminals-of-the-host", |world| {
        let (theirs, own) = (world.get("place./dev/pts")?, fs::metadata("/dev/pts")?);
        expect(theirs == format!("{}:{}", own.dev(), own.ino()), "another instance")
    }),
];

/// The device at its place in /dev, or through a node that is made for it.
fn device(name: &str, kind: u64, major: u64, minor: u64) -> Attempt {
    let path = format!("/dev/{name}");
    match open(&path, O_GENTLY).or_else(|_| open(&path, O_RDWR | O_GENTLY)) {
        Ok(file) => is_it(file, kind, major, minor),
        Err(at_its_place) => node(kind, major, minor).map_err(|other| {
            let words = |stopped: &Stopped| match stopped {
                Stopped::By(errno) => errno_name(*errno),
                Stopped::Because(words) | Stopped::Beside(words) => words.clone(),
            };
            Stopped::Because(format!("{}, and a node: {}", words(&at_its_place), words(&other)))
        }),
    }
}

fn node(kind: u64, major: u64, minor: u64) -> Attempt {
    let path = scratch()?;
    on_path(nr::MKNOD, &path, [kind, major << 8 | minor & 0xff | (minor & !0xff) << 12])?;
    let opened = open(&path, O_GENTLY);
    _ = fs::remove_file(&path);
    is_it(opened?, kind, major, minor)
}

/// Block devices give their first bytes; what character devices do when they are read is better not tried.
fn is_it(file: u64, kind: u64, major: u64, minor: u64) -> Attempt {
    let found = fs::metadata(format!("/proc/self/fd/{file}"));
    let device = found.map(|found| found.rdev());
    if kind == BLOCK {
        // An empty loop device ends at once.
        read(file)?;
    }
    match device {
        Ok(device) => expect(device >> 8 & 0xfff == major, &format!("device {device:x}, not of {minor}")),
        Err(_) => Ok(()),
    }
}
