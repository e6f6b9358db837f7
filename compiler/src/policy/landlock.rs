//! What Landlock adds to the mounts: rights on files by path, TCP ports, scopes, and which of it a kernel must have.

mod access;
mod files;

pub use access::{Access, RIGHTS};
pub use files::{Files, Rule, ancestors, inherited};

use super::{Execution, Namespace, Policy};
use crate::source::{Span, Spanned};

/// The `[landlock]` section, and what `[requires]` says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landlock {
    /// What the rights on files start from.
    pub filesystem: Spanned<Start>,
    /// Places whose rights are narrowed; none twice.
    pub path_beneath: Vec<PathBeneath>,
    /// What may not leave the sandbox, each once.
    pub scoped: Vec<Spanned<Scope>>,
    /// What the kernel's audit log gets, each once.
    pub log: Vec<Spanned<LogFlag>>,
    /// The oldest ABI, when the spec names one.
    pub abi: Option<Spanned<u32>>,
    /// The features that a machine may leave out.
    pub optional: Vec<Spanned<Feature>>,
}

/// What the rights on files start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// What the mounts give.
    Mounts,
    /// Everything: the mounts alone decide.
    Everything,
}

/// A place and the rights that are left beneath it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathBeneath {
    /// The absolute path inside.
    pub path: Spanned<String>,
    /// The rights.
    pub allowed: Access,
}

/// What may not leave the sandbox, by its bit in `scoped` of `struct landlock_ruleset_attr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u64)]
pub enum Scope {
    /// Connections to abstract UNIX sockets outside.
    AbstractUnixSocket = 1,
    /// Signals to processes outside.
    Signal = 2,
}

/// A flag of landlock_restrict_self(2), by its bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u64)]
pub enum LogFlag {
    /// What the program is refused before it executes another is not logged.
    SameExecOff = 1,
    /// What it is refused after that is logged.
    NewExecOn = 2,
    /// What rulesets of its own refuse is not logged.
    SubdomainsOff = 4,
}

/// Something that a spec may let be left out: all but the last is what only Landlock enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// `landlock.path_beneath`
    PathBeneath,
    /// `landlock.scoped`
    Scoped,
    /// `landlock.log`
    Log,
    /// `network.bind_tcp`
    BindTcp,
    /// `network.connect_tcp`
    ConnectTcp,
    /// `process.exec` as a list
    Exec,
    /// `cgroup`, where the machine has none for the sandbox
    Cgroup,
}

/// The first ABI that is used: before it no file could be renamed from one directory to another, whatever the mounts give.
pub const FIRST_ABI: u32 = 2;
/// The last ABI whose rights this compiler knows.
pub const LAST_ABI: u32 = 9;

/// `LANDLOCK_ACCESS_NET_BIND_TCP`.
pub const BIND_TCP: u64 = 1;
/// `LANDLOCK_ACCESS_NET_CONNECT_TCP`.
pub const CONNECT_TCP: u64 = 2;
/// The ABI that brought the rights on ports.
pub const PORTS_ABI: u32 = 4;
/// The ABI that brought scopes.
pub const SCOPES_ABI: u32 = 6;
/// The ABI that brought flags of landlock_restrict_self(2).
pub const LOG_ABI: u32 = 7;

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 7] = [
        Self::PathBeneath,
        Self::Scoped,
        Self::Log,
        Self::BindTcp,
        Self::ConnectTcp,
        Self::Exec,
        Self::Cgroup,
    ];

    /// Its key.
    pub fn key(self) -> &'static str {
        match self {
            Self::PathBeneath => "landlock.path_beneath",
            Self::Scoped => "landlock.scoped",
            Self::Log => "landlock.log",
            Self::BindTcp => "network.bind_tcp",
            Self::ConnectTcp => "network.connect_tcp",
            Self::Exec => "process.exec",
            Self::Cgroup => "cgroup",
        }
    }
}

/// A feature that the spec asks for, where, and the ABI that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The feature.
    pub feature: Feature,
    /// Where.
    pub span: Span,
    /// The ABI.
    pub abi: u32,
}

impl Policy {
    /// Whether the mounts are what rights on files start from.
    pub fn derives_landlock(&self) -> bool {
        let own = self.namespaces.mount.value == Namespace::New;
        own && self.landlock.filesystem.value == Start::Mounts
    }

    /// Whether Landlock restricts files at all.
    pub fn restricts_files(&self) -> bool {
        let listed = matches!(self.process.exec.value, Execution::Listed(_));
        self.derives_landlock() || !self.landlock.path_beneath.is_empty() || listed
    }

    /// Whether there is anything for a ruleset.
    pub fn has_ruleset(&self) -> bool {
        let ports = self.bind_tcp.is_some() || self.connect_tcp.is_some();
        self.restricts_files() || ports || !self.landlock.scoped.is_empty()
    }

    /// What the spec asks for that only Landlock enforces.
    pub fn landlock_needs(&self) -> Vec<Need> {
        let mut needs = Vec::new();
        let files = self.landlock_files();
        let mut need = |feature, span, abi: u32| needs.push(Need { feature, span, abi: abi.max(FIRST_ABI) });
        for PathBeneath { path, allowed } in &self.landlock.path_beneath {
            // Sockets are `check`'s to speak of, or nothing could be narrowed before Linux 7.1.
            let removed = files.given(&path.value).1.rights & !*allowed & !Access::RESOLVE_UNIX;
            need(Feature::PathBeneath, path.span, removed.abi());
        }
        if let Some(scope) = self.landlock.scoped.first() {
            need(Feature::Scoped, scope.span, SCOPES_ABI);
        }
        if let Some(flag) = self.landlock.log.first() {
            need(Feature::Log, flag.span, LOG_ABI);
        }
        for (feature, ports) in [(Feature::BindTcp, &self.bind_tcp), (Feature::ConnectTcp, &self.connect_tcp)]
        {
            if let Some(ports) = ports {
                need(feature, ports.span, PORTS_ABI);
            }
        }
        if let Execution::Listed(_) = self.process.exec.value {
            need(Feature::Exec, self.process.exec.span, FIRST_ABI);
        }
        needs
    }

    /// Whether a machine may leave the feature out.
    pub fn is_optional(&self, feature: Feature) -> bool {
        self.landlock.optional.iter().any(|optional| optional.value == feature)
    }
}
