//! Named constants that rules compare arguments with, as x86_64 has them: flags, commands, families, ioctl requests.

use super::lines;

/// Lines of a name and its value, sorted.
const LINUX: &str = include_str!("constant/linux.txt");

/// The value of a name such as `CLONE_NEWUSER`.
pub fn constant(name: &str) -> Option<u64> {
    lines::after(name, LINUX).and_then(value)
}

/// The names of all constants, sorted, with their values.
pub fn constants() -> impl Iterator<Item = (&'static str, u64)> {
    LINUX.lines().map(lines::split).filter_map(|(name, written)| Some((name, value(written)?)))
}

fn value(written: &str) -> Option<u64> {
    u64::from_str_radix(written.strip_prefix("0x")?, 16).ok()
}
