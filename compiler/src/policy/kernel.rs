//! What of the language needs which Linux: the only place that says so.

use super::{Policy, Root};
use crate::source::{Span, Spanned};
use std::fmt;
use std::str::FromStr;

/// A version of Linux, by its first two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kernel {
    /// The first.
    pub major: u16,
    /// The second.
    pub minor: u16,
}

/// Something that the first kernels of launchers do not have.
#[derive(Debug)]
pub struct Feature {
    /// The key, as the table of the language writes it.
    pub place: &'static str,
    /// With what, when it is not the key alone.
    pub with: &'static str,
    /// The first kernel that has it.
    pub since: Kernel,
    asked: fn(&Policy) -> Option<Span>,
}

/// All of them.
pub const FEATURES: &[Feature] = &[
    Feature {
        place: "filesystem.root.overlay",
        with: "idmap",
        since: Kernel::new(5, 19),
        asked: |policy| {
            let root = &policy.filesystem.root;
            let mapped = matches!(root.value, Root::Overlay(_)) && policy.filesystem.root_idmap.is_some();
            mapped.then_some(root.span)
        },
    },
    Feature {
        place: "process.memory_deny_write_execute",
        with: "",
        since: Kernel::new(6, 3),
        asked: |policy| policy.process.memory_deny_write_execute,
    },
];

impl Kernel {
    /// The oldest that has every call of a plan without any of the features: mount_setattr(2) and the rest of the mount
    /// API are whole, and a cgroup can be killed.
    pub const OLDEST: Self = Self::new(5, 14);

    const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Of what uname(2) calls the release: `6.1.0-56-cloud-amd64`.
    pub fn of_release(release: &str) -> Option<Self> {
        let mut numbers = release.split(['.', '-', '+']).map(|part| part.trim().parse().ok());
        Some(Self::new(numbers.next()??, numbers.next()??))
    }
}

impl FromStr for Kernel {
    type Err = &'static str;

    /// Two numbers, and nothing else.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = Self::of_release(text).filter(|kernel| kernel.to_string() == text);
        read.ok_or("a version of Linux is two numbers such as 6.1")
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl Feature {
    /// The key and what it is written with.
    pub fn words(&self) -> String {
        match self.with {
            "" => format!("`{}`", self.place),
            with => format!("`{}` with `{with}`", self.place),
        }
    }
}

impl Policy {
    /// What it asks for beyond the oldest kernel, and where.
    pub fn newer_features(&self) -> impl Iterator<Item = Spanned<&'static Feature>> {
        FEATURES.iter().filter_map(|feature| Some(Spanned::new(feature, (feature.asked)(self)?)))
    }

    /// The oldest kernel that has all that it asks for.
    pub fn kernel(&self) -> Kernel {
        self.newer_features().map(|feature| feature.value.since).fold(Kernel::OLDEST, Kernel::max)
    }
}
