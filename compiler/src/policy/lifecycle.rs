//! How a sandbox is ended: the signals that ask for it, and how long everything may last.

use super::landlock::Feature;
use super::{Namespace, Policy};
use crate::source::Spanned;
use std::time::Duration;

/// How a sandbox is ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// How long the program may run; never nothing.
    pub timeout: Option<Spanned<Duration>>,
    /// The signal that asks it to end, by its number.
    pub signal: Spanned<u32>,
    /// How long after that everything is killed; always, when there is a timeout, and never nothing.
    pub grace: Option<Spanned<Duration>>,
}

/// SIGTERM.
pub const TERMINATE: u32 = 15;

/// Signals by name (signal(7)): those that a program can be asked to end by. Those that stop it are none, nor is SIGCHLD, which
/// the reaper gets for itself.
pub const SIGNALS: [(&str, u32); 24] = [
    ("SIGHUP", 1),
    ("SIGINT", 2),
    ("SIGQUIT", 3),
    ("SIGILL", 4),
    ("SIGTRAP", 5),
    ("SIGABRT", 6),
    ("SIGBUS", 7),
    ("SIGFPE", 8),
    ("SIGKILL", 9),
    ("SIGUSR1", 10),
    ("SIGSEGV", 11),
    ("SIGUSR2", 12),
    ("SIGPIPE", 13),
    ("SIGALRM", 14),
    ("SIGTERM", TERMINATE),
    ("SIGSTKFLT", 16),
    ("SIGCONT", 18),
    ("SIGURG", 23),
    ("SIGXCPU", 24),
    ("SIGXFSZ", 25),
    ("SIGWINCH", 28),
    ("SIGIO", 29),
    ("SIGPWR", 30),
    ("SIGSYS", 31),
];

impl Policy {
    /// Whether the launcher has to stay beside the program to end it.
    pub fn is_ended(&self) -> bool {
        self.ending.grace.is_some() || self.ending.signal.value != TERMINATE
    }

    /// Whether killing one process, or writing to one file, ends everything that the program has started.
    pub fn is_killed_whole(&self) -> bool {
        let grouped = self.cgroup.is_some() && !self.is_optional(Feature::Cgroup);
        self.namespaces.pid.value == Namespace::New || grouped
    }
}

#[cfg(test)]
mod tests {
    use super::SIGNALS;
    use nix::sys::signal::Signal;

    #[test]
    fn numbers_are_the_systems() {
        for (name, number) in SIGNALS {
            assert_eq!(
                name.parse::<Signal>().map(|signal| signal as i32),
                Ok(number.cast_signed()),
                "{name}"
            );
        }
    }
}
