//! What Landlock adds to the mounts: rights on files by path, TCP ports, scopes, and which of it a kernel must have.

use super::{Execution, Filesystem, MountKind, Namespace, Owner, Policy, Root, View};
use crate::source::{Span, Spanned};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

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
    /// The features that an older kernel may leave out.
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

/// Something that only Landlock enforces.
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
}

/// The rights on files of one rule, by their bits in linux/landlock.h.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Access(u64);

/// The first ABI that is used: before it no file could be renamed from one directory to another, whatever the mounts give.
pub const FIRST_ABI: u32 = 2;
/// The last ABI that this compiler knows, of Linux 7.1.
pub const LAST_ABI: u32 = 9;

/// The kernels that brought each ABI.
const KERNELS: [&str; LAST_ABI as usize] =
    ["5.13", "5.19", "6.2", "6.7", "6.10", "6.12", "6.15", "7.0", "7.1"];

/// The kernel that brought an ABI; one that this compiler does not know is newer than the last.
pub fn kernel(abi: u32) -> String {
    let known = usize::try_from(abi).ok().and_then(|abi| KERNELS.get(abi.checked_sub(1)?));
    known.map_or_else(|| format!("after {}", KERNELS[KERNELS.len() - 1]), |kernel| (*kernel).to_owned())
}

/// The rights on files, in the order of their bits, each with the ABI that brought it.
pub const RIGHTS: [(&str, u32); 17] = [
    ("execute", 1),
    ("write_file", 1),
    ("read_file", 1),
    ("read_dir", 1),
    ("remove_dir", 1),
    ("remove_file", 1),
    ("make_char", 1),
    ("make_dir", 1),
    ("make_reg", 1),
    ("make_sock", 1),
    ("make_fifo", 1),
    ("make_block", 1),
    ("make_sym", 1),
    ("refer", 2),
    ("truncate", 3),
    ("ioctl_dev", 5),
    ("resolve_unix", 9),
];

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

/// `linux/capability.h`: to make device nodes.
const CAP_MKNOD: u64 = 1 << 27;

impl Access {
    /// No right.
    pub const NONE: Self = Self(0);
    /// Every right that this compiler knows.
    pub const ALL: Self = Self((1 << RIGHTS.len()) - 1);
    /// To execute.
    pub const EXECUTE: Self = Self(1);
    /// To read files and directories, and to connect to sockets.
    pub const READ: Self = Self(1 << 2 | 1 << 3 | 1 << 16);
    /// To list directories.
    pub const READ_DIR: Self = Self(1 << 3);
    /// To write to files that are there.
    pub const WRITE_FILE: Self = Self(1 << 1 | 1 << 14);
    /// To make device nodes.
    pub const MAKE_NODES: Self = Self(1 << 6 | 1 << 11);
    /// To control devices.
    pub const IOCTL_DEV: Self = Self(1 << 15);
    /// To connect to sockets.
    pub const RESOLVE_UNIX: Self = Self(1 << 16);
    /// To write to files, and to make, move and remove everything but device nodes.
    pub const WRITE: Self =
        Self(Self::WRITE_FILE.0 | 0b11 << 4 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13);

    /// The right of this name.
    pub fn named(name: &str) -> Option<Self> {
        RIGHTS.iter().position(|(known, _)| *known == name).map(|bit| Self(1 << bit))
    }

    /// The rights with these bits.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits) & Self::ALL
    }

    /// The bits.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// What a kernel of this ABI knows of them.
    pub fn known_to(self, abi: u32) -> Self {
        let known = RIGHTS.iter().enumerate().filter(|(_, (_, since))| *since <= abi);
        self & Self(known.fold(0, |bits, (bit, _)| bits | 1 << bit))
    }

    /// The first ABI that knows them all.
    pub fn abi(self) -> u32 {
        self.each().map(|(_, since)| since).max().unwrap_or(1)
    }

    /// Whether there is none.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The rights' names and ABIs.
    pub fn each(self) -> impl Iterator<Item = (&'static str, u32)> {
        RIGHTS.iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, right)| *right)
    }
}

impl BitOr for Access {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Access {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Access {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0) & Self::ALL
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.each().map(|(name, _)| name).collect();
        formatter.write_str(&names.join(", "))
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Access({self})")
    }
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 6] =
        [Self::PathBeneath, Self::Scoped, Self::Log, Self::BindTcp, Self::ConnectTcp, Self::Exec];

    /// Its key.
    pub fn key(self) -> &'static str {
        match self {
            Self::PathBeneath => "landlock.path_beneath",
            Self::Scoped => "landlock.scoped",
            Self::Log => "landlock.log",
            Self::BindTcp => "network.bind_tcp",
            Self::ConnectTcp => "network.connect_tcp",
            Self::Exec => "process.exec",
        }
    }
}

/// A rule on files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rights beneath the place.
    pub rights: Access,
    /// Where the spec asks for it.
    pub span: Span,
    /// What asks for it, in words.
    pub key: &'static str,
    /// May the place be missing?
    pub optional: bool,
    /// Is it a program, which symbolic links may lead to?
    pub program: bool,
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

/// The rights on files of one policy.
#[derive(Debug)]
pub struct Files<'a> {
    policy: &'a Policy,
    /// What the mounts give, by path.
    given: BTreeMap<String, Rule>,
}

impl Files<'_> {
    /// The rules, by path: what the mounts give, the narrowed places in their stead, and programs alone executable where they
    /// are listed. What lies beneath a place has the rights of the place too; a rule that adds nothing is left out.
    pub fn rules(&self) -> BTreeMap<String, Rule> {
        if !self.policy.restricts_files() {
            return BTreeMap::new();
        }
        let mut rules = self.given.clone();
        for PathBeneath { path, allowed } in &self.policy.landlock.path_beneath {
            let (_, given) = self.given(&path.value);
            let rule = Rule { rights: *allowed, span: path.span, key: "landlock.path_beneath", ..given };
            rules.insert(path.value.clone(), rule);
        }
        if let Execution::Listed(programs) = &self.policy.process.exec.value {
            rules.values_mut().for_each(|rule| rule.rights = rule.rights & !Access::EXECUTE);
            for program in programs.iter().chain(self.policy.process.args.first()) {
                let new = Rule::new(Access::NONE, program.span, "process.exec", false);
                let rule = rules.entry(program.value.clone()).or_insert(new);
                rule.rights = rule.rights | Access::EXECUTE;
                rule.program = true;
            }
        }
        let whole = rules.clone();
        rules.retain(|path, rule| !(rule.rights & !inherited(&whole, path)).is_none());
        rules
    }

    /// What is given at a place: by which entry, and its rights.
    pub fn given(&self, path: &str) -> (String, Rule) {
        let Filesystem { mounts, .. } = &self.policy.filesystem;
        let nearest = ancestors(path).find(|at| self.given.contains_key(*at) || mounts.contains_key(*at));
        let at = nearest.unwrap_or("/");
        if let Some(rule) = self.given.get(at) {
            return (at.to_owned(), rule.clone());
        }
        // Something that protects, or holds other entries: what is above it, read-only.
        let mut rule = match at {
            "/" => Rule::new(Access::NONE, Span::default(), "", false),
            _ => self.given(parent(at)).1,
        };
        if self.policy.filesystem.owner(at) != Owner::Writable {
            rule.rights = rule.rights & !(Access::WRITE | Access::MAKE_NODES);
        }
        if let Some(mount) = mounts.get(at) {
            (rule.span, rule.key, rule.optional) = (mount.span, mount.key, mount.kind.is_optional());
        }
        (at.to_owned(), rule)
    }
}

impl Rule {
    fn new(rights: Access, span: Span, key: &'static str, optional: bool) -> Self {
        Self { rights, span, key, optional, program: false }
    }
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

    /// The rights on files, before and after they are narrowed.
    pub fn landlock_files(&self) -> Files<'_> {
        Files { policy: self, given: self.given_rules() }
    }

    /// The rules that narrow nothing yet.
    fn given_rules(&self) -> BTreeMap<String, Rule> {
        let root = &self.filesystem.root;
        if !self.derives_landlock() {
            let everything =
                Rule::new(Access::ALL, self.landlock.filesystem.span, "landlock.filesystem", false);
            return BTreeMap::from([("/".to_owned(), everything)]);
        }
        let mut rules = BTreeMap::new();
        let read = Access::READ | Access::EXECUTE;
        let rights = match root.value {
            Root::Empty => Access::READ_DIR,
            Root::Host | Root::Rootfs(_) => read,
            Root::Overlay(_) => read | self.write(),
        };
        rules.insert("/".to_owned(), Rule::new(rights, root.span, "filesystem.root", false));
        if root.value == Root::Host {
            // Read-only mounts leave devices writable.
            let devices = read | Access::WRITE_FILE | Access::IOCTL_DEV;
            rules.insert("/dev".to_owned(), Rule::new(devices, root.span, "filesystem.root", true));
        }
        for (path, mount) in &self.filesystem.mounts {
            if let Some(rights) = self.rights_of(&mount.kind) {
                rules
                    .insert(path.clone(), Rule::new(rights, mount.span, mount.key, mount.kind.is_optional()));
            }
        }
        rules
    }

    /// What an entry of the tree gives; nothing for what only stands for, or takes away from, what is around it.
    fn rights_of(&self, kind: &MountKind) -> Option<Access> {
        let if_so = |given: bool, rights: Access| if given { rights } else { Access::NONE };
        Some(match kind {
            MountKind::Bind { writable, executable, .. }
            | MountKind::Overlay { writable, executable, .. } => {
                Access::READ | if_so(*writable, self.write()) | if_so(*executable, Access::EXECUTE)
            }
            MountKind::Tmpfs { executable, .. } => {
                Access::READ | self.write() | if_so(*executable, Access::EXECUTE)
            }
            MountKind::Text { mode, .. } => {
                Access::READ & !Access::READ_DIR | if_so(mode & 0o111 != 0, Access::EXECUTE)
            }
            MountKind::Proc { .. } => Access::READ | Access::WRITE_FILE,
            MountKind::Device { .. } => {
                Access::READ & !Access::READ_DIR | Access::WRITE_FILE | Access::IOCTL_DEV
            }
            MountKind::Terminals => Access::READ | Access::WRITE_FILE | Access::IOCTL_DEV,
            MountKind::Socket { .. } => Access::RESOLVE_UNIX,
            MountKind::View(View::MessageQueues) => Access::READ | Access::WRITE,
            MountKind::View(View::Devices | View::Cgroups) => Access::READ,
            MountKind::Directory { .. }
            | MountKind::Symlink { .. }
            | MountKind::Mask { .. }
            | MountKind::Seal { .. } => return None,
        })
    }

    fn write(&self) -> Access {
        let nodes = self.process.capabilities.value & CAP_MKNOD != 0;
        if nodes { Access::WRITE | Access::MAKE_NODES } else { Access::WRITE }
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

    /// Whether an older kernel may leave the feature out.
    pub fn is_optional(&self, feature: Feature) -> bool {
        self.landlock.optional.iter().any(|optional| optional.value == feature)
    }
}

/// The rights that a place has from the rules above it.
pub fn inherited(rules: &BTreeMap<String, Rule>, path: &str) -> Access {
    let above = ancestors(path).skip(1).filter_map(|at| rules.get(at));
    above.fold(Access::NONE, |rights, rule| rights | rule.rights)
}

/// The path and every directory above it, up to `/`.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |at| (*at != "/").then(|| parent(at)))
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(slash) => &path[..slash],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rights that each ABI brought (Documentation/userspace-api/landlock.rst), of which only some run here.
    #[test]
    fn every_abi_knows_what_the_kernel_knows() {
        let masks = [0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff, 0xffff, 0xffff, 0xffff, 0x1_ffff];
        for (abi, mask) in (1..=LAST_ABI).zip(masks) {
            assert_eq!(Access::ALL.known_to(abi).bits(), mask, "ABI {abi}");
            assert!(Access::from_bits(mask).abi() <= abi, "ABI {abi}");
        }
    }

    #[test]
    fn every_right_is_given_for_a_reason() {
        let sum = Access::READ | Access::EXECUTE | Access::WRITE | Access::MAKE_NODES | Access::IOCTL_DEV;
        assert_eq!(sum, Access::ALL);
        assert_eq!(Access::named("ioctl_dev"), Some(Access::IOCTL_DEV));
        assert_eq!(Access::named("resolve_unix"), Some(Access::RESOLVE_UNIX));
        assert_eq!(Access::WRITE_FILE.to_string(), "write_file, truncate");
        assert_eq!(Access::MAKE_NODES.to_string(), "make_char, make_block");
    }

    #[test]
    fn paths_have_ancestors() {
        assert_eq!(ancestors("/a/b").collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
        assert_eq!(ancestors("/").collect::<Vec<_>>(), ["/"]);
    }
}
