//! The process that watches over the sandbox, which is the first of its pid namespace, and what came before it.

use crate::attempt::{Attempt, O_RDWR, Probe, call, expect, open, read};
use crate::sys::{from, into, nr};
use crate::world::World;
use std::fs;

pub const PROBES: &[Probe] = &[
    ("environment", |_| not_empty("environ")),
    ("maps", |_| not_empty("maps")),
    ("auxiliary-vector", |_| not_empty("auxv")),
    ("kernel-stack", |_| not_empty("stack")),
    ("call-in-progress", |_| not_empty("syscall")),
    ("input-and-output", |_| not_empty("io")),
    ("descriptors", |_| expect(fs::read_dir("/proc/1/fd")?.next().is_some(), "none")),
    ("descriptor-information", |_| expect(fs::read_dir("/proc/1/fdinfo")?.next().is_some(), "none")),
    ("mapped-files", |_| expect(fs::read_dir("/proc/1/map_files")?.next().is_some(), "none")),
    ("memory", |_| {
        open("/proc/1/mem", 0)?;
        not_empty("maps")
    }),
    ("memory-to-write", |_| open("/proc/1/mem", O_RDWR).map(drop)),
    ("program", |_| fs::read_link("/proc/1/exe").map(drop).map_err(Into::into)),
    ("root-directory", |_| fs::read_link("/proc/1/root").map(drop).map_err(Into::into)),
    ("working-directory", |_| fs::read_link("/proc/1/cwd").map(drop).map_err(Into::into)),
    ("namespaces", |_| fs::read_link("/proc/1/ns/mnt").map(drop).map_err(Into::into)),
    ("trace", |_| call(nr::PTRACE, [0x4206, 1, 0, 0]).map(drop)),
    ("read-memory", |_| {
        let mut bytes = [0_u8; 8];
        let (here, there) = ([into(&mut bytes), 8], [0x1000_u64, 8]);
        // Where nothing is mapped the answer is another than where it may not be looked.
        crate::attempt::reaches(call(nr::PROCESS_VM_READV, [1, from(&here), 1, from(&there), 1, 0]), &[14])
    }),
    ("take-a-descriptor", |_| {
        let first = call(nr::PIDFD_OPEN, [1, 0])?;
        let taken = (0..64).find_map(|number| call(nr::PIDFD_GETFD, [first, number, 0]).ok());
        expect(taken.is_some(), "none can be taken")
    }),
    ("enter-its-namespaces", |_| {
        let first = call(nr::PIDFD_OPEN, [1, 0])?;
        call(nr::SETNS, [first, 0x2_0000]).map(drop)
    }),
    ("secret-in-some-environment", |world| in_some_process(world, "environ")),
    ("secret-in-some-arguments", |world| in_some_process(world, "cmdline")),
];

/// A file of the first process, which another user's process or none at all may not read.
fn not_empty(name: &str) -> Attempt {
    let file = open(&format!("/proc/1/{name}"), 0)?;
    expect(!read(file)?.is_empty(), "nothing is in it")
}

/// The secret, other than with whom it was told as a fact.
fn in_some_process(world: &World, name: &str) -> Attempt {
    let secret = world.get("caller_secret")?;
    let own = [u64::from(std::process::id()), call(nr::GETPPID, [])?].map(|pid| pid.to_string());
    for entry in fs::read_dir("/proc")?.flatten() {
        let pid = entry.file_name().to_string_lossy().into_owned();
        if !pid.starts_with(|first: char| first.is_ascii_digit()) || name == "cmdline" && own.contains(&pid) {
            continue;
        }
        if let Ok(bytes) = fs::read(format!("/proc/{pid}/{name}"))
            && bytes.windows(secret.len()).any(|part| part == secret.as_bytes())
        {
            return Ok(());
        }
    }
    expect(false, "nowhere")
}
