//! More than a sandbox was given: processes, files, memory, sizes and locks.

use crate::attempt::{Attempt, O_RDWR, Probe, call, ended, expect, fork, open, scratch, write};
use crate::sys::{from, into, nr};
use std::fs;

/// What the specs of the tests give is less.
const PROCESSES: usize = 160;
const DESCRIPTORS: usize = 600;
const FILE: u64 = 24 << 20;
const MEMORY: u64 = 3 << 30;

pub const PROBES: &[Probe] = &[
    ("processes", |_| {
        let mut children = Vec::new();
        let mut last = Ok(0);
        for _ in 0..PROCESSES {
            last = fork();
            match &last {
                Ok(0) => {
                    std::thread::sleep(std::time::Duration::from_secs(4));
                    std::process::exit(0)
                }
                Ok(child) => children.push(*child),
                Err(_) => break,
            }
        }
        for child in &children {
            _ = call(nr::KILL, [*child, 9]);
            _ = ended(*child);
        }
        last.map(drop)
    }),
    ("descriptors", |_| {
        (0..DESCRIPTORS).try_for_each(|_| call(nr::DUP, [0]).or_else(|_| call(nr::DUP, [2])).map(drop))
    }),
    ("size-of-a-file", |_| {
        let path = scratch()?;
        let file = open(&path, 0o102)?;
        let set = call(nr::FTRUNCATE, [file, FILE]);
        _ = fs::remove_file(&path);
        set.map(drop)
    }),
    ("space-in-temporary-files", |_| fill("/tmp")),
    ("space-in-shared-memory", |_| fill("/dev/shm")),
    ("address-space", |_| call(nr::MMAP, [0, MEMORY, 3, 0x4022, u64::MAX, 0]).map(drop)),
    ("locked-memory", |_| {
        let address = call(nr::MMAP, [0, 64 << 20, 3, 0x22, u64::MAX, 0])?;
        call(nr::MLOCK, [address, 64 << 20]).map(drop)
    }),
    ("pending-signals", |_| {
        // Blocked, so that they wait: SIGUSR1 to oneself.
        let set = 1_u64 << 33;
        call(nr::RT_SIGPROCMASK, [0, from(&set), 0, 8])?;
        let mut information = [0_i32; 32];
        information[2] = -1;
        let own = crate::attempt::own_pid();
        (0..300).try_for_each(|_| call(nr::RT_SIGQUEUEINFO, [own, 34, from(&information)]).map(drop))
    }),
    ("raise-the-limit-of-processes", |_| raise(6)),
    ("raise-the-limit-of-descriptors", |_| raise(7)),
    ("raise-the-limit-of-locked-memory", |_| raise(8)),
    ("raise-the-limit-of-address-space", |_| raise(9)),
    ("raise-the-limit-of-a-file", |_| raise(1)),
    ("raise-the-limit-of-core-dumps", |_| raise(4)),
    ("pipes", |_| {
        (0..DESCRIPTORS / 2).try_for_each(|_| {
            let mut pair = [0_u32; 2];
            call(nr::PIPE2, [into(&mut pair), 0]).map(drop)
        })
    }),
];

/// More than fits, taken away again.
fn fill(directory: &str) -> Attempt {
    let path = format!("{directory}/escape-fill-{}", crate::attempt::own_pid());
    let file = open(&path, O_RDWR | 0o100)?;
    let block = vec![0_u8; 1 << 20];
    let written = (0..FILE >> 20).try_for_each(|_| match write(file, &block) {
        Ok(count) if count == block.len() as u64 => Ok(()),
        Ok(_) => expect(false, "it is full"),
        Err(stopped) => Err(stopped),
    });
    _ = fs::remove_file(&path);
    written
}

/// The soft limit as high as nobody has given it.
fn raise(resource: u64) -> Attempt {
    let mut limits = [0_u64; 2];
    call(nr::PRLIMIT64, [0, resource, 0, into(&mut limits)])?;
    let wanted = [u64::MAX, u64::MAX];
    call(nr::PRLIMIT64, [0, resource, from(&wanted), 0]).map(drop)
}
