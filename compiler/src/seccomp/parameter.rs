//! The parameters of system calls: their names, and how much of each argument the kernel reads.

use super::rule::Width;
use super::table::Architecture;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The kernel whose prototypes were read.
pub const VERSION: &str = include_str!("parameter/linux.version").trim_ascii_end();

/// Lines of a system call and its parameters, `name:bits` each; `#` starts a comment.
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

static PARAMETERS: LazyLock<BTreeMap<&'static str, Vec<Parameter>>> =
    LazyLock::new(|| LINUX.lines().chain(BY_HAND.lines()).filter_map(call).collect());

/// The parameters of a system call; `None` when they are not known, so that no rule can look at them.
pub fn parameters(syscall: &str) -> Option<&'static [Parameter]> {
    PARAMETERS.get(syscall).map(Vec::as_slice)
}

/// How much of a parameter the kernel reads on an architecture, where registers may have only 32 bits.
pub fn width_on(architecture: Architecture, width: Width) -> Width {
    if architecture == Architecture::I386 { width.min(Width::Bits32) } else { width }
}

fn call(line: &'static str) -> Option<(&'static str, Vec<Parameter>)> {
    let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
    let name = words.next()?;
    Some((name, words.filter_map(parameter).collect()))
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
