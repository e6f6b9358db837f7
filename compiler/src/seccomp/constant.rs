//! Named constants that rules compare arguments with, as x86_64 has them: flags, commands, families, ioctl requests.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Lines of a name and its value.
const LINUX: &str = include_str!("constant/linux.txt");

static CONSTANTS: LazyLock<BTreeMap<&'static str, u64>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (name, value) = line.split_once(" 0x")?;
        Some((name, u64::from_str_radix(value, 16).ok()?))
    };
    LINUX.lines().filter_map(line).collect()
});

/// The value of a name such as `CLONE_NEWUSER`.
pub fn constant(name: &str) -> Option<u64> {
    CONSTANTS.get(name).copied()
}

/// The names of all constants, sorted, with their values.
pub fn constants() -> impl Iterator<Item = (&'static str, u64)> {
    CONSTANTS.iter().map(|(&name, &value)| (name, value))
}
