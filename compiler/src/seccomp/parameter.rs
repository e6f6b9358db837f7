//! The parameters of system calls: their names, and how much of each argument the kernel reads.

use super::lines;
use super::rule::Width;
use super::table::Architecture;

/// The kernel whose prototypes were read.
pub const VERSION: &str = include_str!("parameter/linux.version").trim_ascii_end();

/// Lines of a system call and its parameters, `name:bits` each, sorted; `#` starts a comment. The second come before the first.
const LINUX: &str = include_str!("parameter/linux.txt");
const BY_HAND: &str = include_str!("parameter/by_hand.txt");

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, after the kernel's prototype or the manual page.
    pub name: &'static str,
    /// How much of it the kernel reads.
    pub width: Width,
}

/// The parameters of a system call; `None` when they are not known, so that no rule can look at them.
pub fn parameters(syscall: &str) -> Option<Vec<Parameter>> {
    let written = lines::after(syscall, BY_HAND).or_else(|| lines::after(syscall, LINUX))?;
    Some(written.split(' ').take_while(|word| *word != "#").filter_map(parameter).collect())
}

/// The parameters of a system call that are each an argument of their own on an architecture. Not on i386 are those that
/// the call takes in memory or as two registers, and what comes after them.
pub fn parameters_on(architecture: Architecture, syscall: &str) -> Option<Vec<Parameter>> {
    let mut parameters = parameters(syscall)?;
    let split = ON_I386.iter().find(|&&(name, _)| name == syscall && architecture == Architecture::I386);
    if let Some(&(_, whole)) = split {
        parameters.truncate(whole);
    }
    Some(parameters)
}

/// How many parameters come first that are whole arguments (arch/x86/entry/syscalls/syscall_32.tbl, sys_ia32.c).
const ON_I386: [(&str, usize); 13] = [
    ("fadvise64", 1),
    ("fadvise64_64", 1),
    ("fallocate", 2),
    ("fanotify_mark", 2),
    ("ftruncate64", 1),
    ("lookup_dcookie", 0),
    ("mmap", 0),
    ("pread64", 3),
    ("pwrite64", 3),
    ("readahead", 1),
    ("select", 0),
    ("sync_file_range", 1),
    ("truncate64", 1),
];

/// How much of a parameter the kernel reads on an architecture, where registers may have only 32 bits.
pub fn width_on(architecture: Architecture, width: Width) -> Width {
    if architecture == Architecture::I386 { width.min(Width::Bits32) } else { width }
}

fn parameter(word: &'static str) -> Option<Parameter> {
    let (name, bits) = word.split_once(':')?;
    let width = match bits {
        "16" => Width::Bits16,
        "32" => Width::Bits32,
        _ => Width::Bits64,
    };
    Some(Parameter { name, width })
}

#[cfg(test)]
mod tests {
    use super::{BY_HAND, LINUX, lines};

    #[test]
    fn every_line_is_found() {
        for text in [LINUX, BY_HAND] {
            let lines = text.lines().map(lines::split).filter(|(name, _)| *name != "#");
            for (name, written) in lines {
                assert_eq!(lines::after(name, text), Some(written), "{name}");
            }
        }
    }
}
