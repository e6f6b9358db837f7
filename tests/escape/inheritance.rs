//! What a program gets from whoever started it: environment, limits, signals, masks, and memory that still says something.

use crate::attempt::{Probe, call, expect, open};
use crate::sys::{from, into, nr};

pub const PROBES: &[Probe] = &[
    ("environment", |_| expect(std::env::vars_os().any(|(name, _)| name == "BOXWRIGHT_SECRET"), "not there")),
    ("variables-of-the-linker", |_| {
        let loads = |name: &str| name.starts_with("LD_") || name == "GLIBC_TUNABLES";
        expect(std::env::vars().any(|(name, _)| loads(&name)), "none is there")
    }),
    ("secret-in-own-memory", |world| {
        // Everything between the lowest and the highest mapping that is written to, but for where facts are.
        let secret = world.get("caller_secret")?;
        let stack = own_stack()?;
        let wanted = format!("BOXWRIGHT_SECRET={secret}");
        let memory = open("/proc/self/mem", 0)?;
        let mut bytes = vec![0_u8; usize::try_from(stack.1 - stack.0).unwrap_or(0)];
        call(nr::PREAD64, [memory, into(bytes.as_mut_slice()), bytes.len() as u64, stack.0])?;
        expect(bytes.windows(wanted.len()).any(|part| part == wanted.as_bytes()), "not there")
    }),
    ("ignored-signals", |_| expect(status("SigIgn:")? & !(1 << 12) != 0, "none, but what Rust ignores")),
    ("blocked-signals", |_| expect(status("SigBlk:")? != 0, "none")),
    ("core-dumps", |_| {
        let mut limits = [0_u64; 2];
        call(nr::PRLIMIT64, [0, 4, 0, into(&mut limits)])?;
        expect(limits[0] > 0, "none is written")
    }),
    ("core-dumps-again", |_| {
        let mut limits = [0_u64; 2];
        call(nr::PRLIMIT64, [0, 4, 0, into(&mut limits)])?;
        let wanted = [4096, limits[1].max(4096)];
        call(nr::PRLIMIT64, [0, 4, from(&wanted), 0]).map(drop)
    }),
    ("personality", |_| {
        // ADDR_NO_RANDOMIZE of whoever started the launcher.
        expect(call(nr::PERSONALITY, [0xffff_ffff])? & 0x4_0000 != 0, "the ordinary one")
    }),
    ("parent-outside", |_| {
        // The parent of the program is the first process inside, or outside of it all.
        let parent = call(nr::GETPPID, [])?;
        let status = std::fs::read_to_string(format!("/proc/{parent}/status"))?;
        let grand =
            status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap_or("0").trim().to_owned();
        expect(grand != "1" && grand != "0", "it is inside")
    }),
];

/// Where the own stack is.
fn own_stack() -> Result<(u64, u64), crate::attempt::Stopped> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let line = maps.lines().find(|line| line.ends_with("[stack]")).unwrap_or_default();
    let (from, rest) = line.split_once('-').unwrap_or_default();
    let to = rest.split(' ').next().unwrap_or_default();
    let number = |digits| u64::from_str_radix(digits, 16).unwrap_or(0);
    Ok((number(from), number(to)))
}

fn status(name: &str) -> Result<u64, crate::attempt::Stopped> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let digits = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    Ok(u64::from_str_radix(digits.trim(), 16).unwrap_or(0))
}
