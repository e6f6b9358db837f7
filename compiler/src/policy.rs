//! What a spec means: every default filled in, every name looked up, every unit converted, spans kept.
//!
//! A `Policy` contains no optional key that still wants a default, no name that still wants a table, no relative
//! path and no duration text. It knows nothing of system calls: that is the [plan](boxwright_launcher::plan)'s.
//! A value that the spec left to its default has the span of the file's first byte.

mod capability;
mod cgroup;
mod date;
mod grants;
mod host_path;
mod idmap;
mod kernel;
pub mod landlock;
mod lifecycle;
mod network;
mod owning_user;
mod scheduling;

pub use capability::CAPABILITIES;
pub use cgroup::{Cgroup, CgroupParent, CgroupSetting};
pub use date::Date;
pub use host_path::{HostPath, PathPart, RunDirectory};
pub use idmap::{IdMap, IdMapping, Inexpressible};
pub use kernel::{FEATURES, Feature, Kernel, LANDLOCK_ABIS};
pub use landlock::Landlock;
pub use lifecycle::{Ending, SIGNALS, TERMINATE};
pub use network::{Interface, InterfaceKind, MacvlanMode, Route, Subnet};
pub use owning_user::OwningUser;
pub use scheduling::{HugePages, IoClass, IoPriority, Personality, Scheduler, Scheduling, SchedulingPolicy};

use crate::source::{Span, Spanned};
use std::collections::BTreeMap;
use std::fmt;

/// A whole sandbox, as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The sandbox's name: the prefix of launch errors. Letters, digits, `-`, `_` and `.`, at most 64 bytes.
    pub name: Spanned<String>,
    /// The host name in the new UTS namespace, at most 64 bytes (sethostname(2)).
    pub hostname: Option<Spanned<String>>,
    /// The NIS domain name in the new UTS namespace, at most 64 bytes (setdomainname(2)).
    pub domainname: Option<Spanned<String>>,
    /// Who the program is and how it starts.
    pub process: Process,
    /// What it sees of files.
    pub filesystem: Filesystem,
    /// Which namespaces are its own.
    pub namespaces: Namespaces,
    /// Bring `lo` up in the new network namespace.
    pub loopback: Option<Span>,
    /// Interfaces of the new network namespace, in the order of the file; each of another name.
    pub interfaces: Vec<Interface>,
    /// Connections are carried out of the new network namespace by the program pasta.
    pub pasta: Option<Span>,
    /// The families of sockets that may be made (socket(2)), by number; `None` restricts nothing.
    pub address_families: Option<Spanned<Vec<u64>>>,
    /// The TCP ports that may be bound, ascending; `None` restricts nothing.
    pub bind_tcp: Option<Spanned<Vec<u16>>>,
    /// The TCP ports that may be connected to, ascending; `None` restricts nothing.
    pub connect_tcp: Option<Spanned<Vec<u16>>>,
    /// What Landlock adds.
    pub landlock: Landlock,
    /// The control group of its own.
    pub cgroup: Option<Cgroup>,
    /// Resource limits, by resource number (setrlimit(2)).
    pub rlimits: Vec<Rlimit>,
    /// The system calls it may make; `None` when the spec asks for no filter, in words.
    pub seccomp: Option<Seccomp>,
    /// How it is ended.
    pub ending: Ending,
    /// The descriptor that the launch's status is written to, above 2.
    pub status_fd: Option<Spanned<u32>>,
    /// The oldest kernel that it has to work on, when somebody says so.
    pub oldest_kernel: Option<Spanned<Kernel>>,
    /// Kill the sandbox when the process that started the launcher dies.
    pub die_with_parent: Option<Span>,
}

/// The `[process]` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// argv; never empty, and the first is an absolute path inside the sandbox, which is what is executed.
    pub args: Vec<Spanned<String>>,
    /// May the launcher's own arguments be appended?
    pub append_args: bool,
    /// The ids that the program runs with, as seen inside.
    pub user: Spanned<User>,
    /// The working directory inside, absolute.
    pub cwd: Spanned<String>,
    /// The file mode creation mask, at most 0o777.
    pub umask: Spanned<u32>,
    /// Environment variables with fixed values, by name; names have neither `=` nor NUL and are not empty.
    pub env: BTreeMap<String, Spanned<String>>,
    /// Environment variables that are passed on when the caller has them; none is in `env` too.
    pub env_pass: Vec<Spanned<String>>,
    /// Capabilities after exec, as a bit mask by capability number (capabilities(7)).
    pub capabilities: Spanned<u64>,
    /// What it may execute in turn.
    pub exec: Spanned<Execution>,
    /// Descriptors that the program keeps: each above 2, in ascending order, none twice.
    pub keep_fds: Vec<Spanned<u32>>,
    /// The program keeps the sockets that a service manager has opened for the launcher (sd_listen_fds(3)).
    pub listen: Option<Span>,
    /// The program talks to the service manager that has started the launcher (sd_notify(3)).
    pub notify: Option<Span>,
    /// What becomes of the controlling terminal.
    pub terminal: Spanned<Terminal>,
    /// Standard input, output and error, in this order.
    pub streams: [Spanned<Stream>; 3],
    /// The session keyring.
    pub keyring: Spanned<Keyring>,
    /// How the kernel shares processors and disks with it.
    pub scheduling: Scheduling,
    /// Its execution domain.
    pub personality: Spanned<Personality>,
    /// Memory is never both writable and executable, nor one after the other.
    pub memory_deny_write_execute: Option<Span>,
    /// Whether its memory may come in huge pages.
    pub huge_pages: Spanned<HugePages>,
}

/// The ids of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum User {
    /// Whoever starts the launcher; refused at launch when that is uid 0.
    Caller,
    /// These ids.
    Ids {
        /// The user id inside.
        uid: u32,
        /// The group id inside.
        gid: u32,
        /// Supplementary groups; `None` drops them where the kernel permits it, a list is strict.
        groups: Option<Vec<u32>>,
    },
}

/// What the program may execute in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Execution {
    /// Whatever the mounts let it.
    Any,
    /// Nothing, ever: no process of the sandbox passes execve(2) or execveat(2) again.
    Once,
    /// These files and the program itself, by their absolute paths inside; none twice.
    Listed(Vec<Spanned<String>>),
}

/// What becomes of the controlling terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    /// The program has no controlling terminal.
    NewSession,
    /// The program keeps the launcher's, with its job control, but cannot push input into it.
    Inherit,
}

/// Where a standard stream leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stream {
    /// The launcher's own.
    Inherit,
    /// /dev/null.
    Null,
    /// A file of the host: input is read from its start, output is appended. Nothing is created.
    File(HostPath),
}

/// The session keyring (session-keyring(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyring {
    /// A fresh anonymous one.
    New,
    /// The launcher's own.
    Inherit,
}

/// The `[filesystem]` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filesystem {
    /// What `/` is.
    pub root: Spanned<Root>,
    /// Other owners inside than on the disk, of a root file system.
    pub root_idmap: Option<Spanned<IdMap>>,
    /// Everything that is mounted or made, by normalised absolute destination: what `base`, `etc`, `proc`, `dev`,
    /// `read_only` and `read_write` stand for is expanded into it, what `false` took away is gone. Never `/` itself.
    pub mounts: BTreeMap<String, Mount>,
}

/// What `/` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A new read-only directory with nothing in it but the mounts.
    Empty,
    /// The launcher's own tree; read-only beneath a new mount namespace, untouched in the host's.
    Host,
    /// A root file system unpacked at this absolute path, read-only but for the mounts.
    Rootfs(String),
    /// The same with memory on top, which the program may write to.
    Overlay(String),
}

/// One entry of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// What it is.
    pub kind: MountKind,
    /// Where the spec asks for it.
    pub span: Span,
    /// The words of the key that asks for it, for launch errors and `inspect`: `filesystem.base`, `filesystem.mounts`.
    pub key: &'static str,
}

/// What stands at a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountKind {
    /// A file or directory of the host.
    Bind {
        /// Where it is on the host.
        source: HostPath,
        /// May it be written to?
        writable: bool,
        /// May files in it be executed?
        executable: bool,
        /// Leave it out when the source does not exist (ENOENT and nothing else).
        optional: bool,
        /// Does what the host mounts beneath the source later appear inside?
        propagation: Propagation,
        /// Other owners inside than on the disk.
        idmap: Option<Spanned<IdMap>>,
    },
    /// A file system in memory.
    Tmpfs {
        /// Its limit in bytes; `None` leaves the kernel's default of half the memory.
        size: Option<u64>,
        /// The mode of its root directory.
        mode: u32,
        /// Whom its root directory belongs to.
        owner: Ownership,
        /// May files in it be executed?
        executable: bool,
    },
    /// A directory of the sandbox's own that holds the entries beneath it and nothing else: made where the tree is the
    /// sandbox's, and as writable as that; a read-only one stands over somebody else's.
    Directory {
        /// Its mode.
        mode: u32,
        /// Whom it belongs to.
        owner: Ownership,
    },
    /// A symbolic link.
    Symlink {
        /// What it points to, verbatim.
        target: String,
    },
    /// A read-only file with this content.
    Text {
        /// The content, in parts.
        content: Vec<TextPart>,
        /// Its mode.
        mode: u32,
    },
    /// What is there already is hidden: an empty directory or an empty file stands over it.
    Mask {
        /// Leave it out when nothing is there.
        optional: bool,
    },
    /// What is there already is made read-only, everything beneath it too.
    Seal {
        /// Leave it out when nothing is there.
        optional: bool,
    },
    /// The proc file system of the new pid namespace, which shows a process those that it may trace (proc(5)).
    Proc {
        /// Only the process directories (`subset=pid`).
        subset: bool,
    },
    /// A device node of the host, bound after it was verified to be one.
    Device {
        /// Where it is on the host.
        source: HostPath,
        /// Major and minor number of the character device that it must be; `None` is any device.
        number: Option<(u32, u32)>,
        /// Leave it out when the source does not exist.
        optional: bool,
    },
    /// A UNIX socket of the host, bound after it was verified to be one.
    Socket {
        /// Where it is on the host.
        source: HostPath,
        /// Leave it out when the source does not exist.
        optional: bool,
    },
    /// Directories of the host over each other; what is written goes to memory.
    Overlay {
        /// Where they are, the topmost first; never empty, at most [`Filesystem::LAYERS_MAX`].
        lower: Vec<HostPath>,
        /// May it be written to?
        writable: bool,
        /// May files in it be executed?
        executable: bool,
    },
    /// What the kernel shows of one of the sandbox's namespaces.
    View(View),
    /// Pseudoterminals of the sandbox's own (pts(4)).
    Terminals,
}

/// Whether mounts that are made later spread (mount_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// Neither in nor out.
    Private,
    /// From the host into the sandbox, with the flags that they have there.
    Slave,
}

/// Whom something that is made belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// The one who builds the sandbox.
    Builder,
    /// The program, but for ids that are named.
    Program {
        /// The user id inside.
        uid: Option<Spanned<u32>>,
        /// The group id inside.
        gid: Option<Spanned<u32>>,
    },
}

/// A part of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Verbatim.
    Literal(String),
    /// The user id of whoever starts the launcher, in decimal.
    CallerUid,
    /// Its group id.
    CallerGid,
}

/// A file system of the kernel that shows a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The POSIX message queues of the IPC namespace (mq_overview(7)).
    MessageQueues,
    /// Devices, and the interfaces of the network namespace, read-only (sysfs(5)).
    Devices,
    /// The tree of the cgroup namespace (cgroups(7)).
    Cgroups {
        /// The program may make cgroups in it.
        writable: bool,
    },
}

/// Whose tree a destination is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The sandbox's own, and closed for writing before the program starts: mount points are made, files are written.
    Sealed,
    /// The sandbox's own, and the program may write to it: mount points are made.
    Writable,
    /// Somebody else's with memory on top: mount points that are missing are made there.
    Overlaid,
    /// Somebody else's: nothing is created, mount points must be there.
    Foreign,
}

impl Filesystem {
    /// Where the service manager's socket is in a tree of the sandbox's own; systemd's container interface has it there.
    pub const NOTIFY_SOCKET: &str = "/run/host/notify";

    /// Where the caller's terminal is, when the program shares it; systemd-nspawn and bubblewrap have it there.
    pub const TERMINAL: &str = "/dev/console";

    /// The most directories of an overlay: their names have to fit into one text of 255 bytes (fsconfig(2)).
    pub const LAYERS_MAX: usize = 50;

    /// The most entries: each costs a launch a dozen operations, of which a plan holds so many
    /// ([`MOST_OPERATIONS`](boxwright_launcher::plan::MOST_OPERATIONS)), and most of them a descriptor.
    pub const ENTRIES_MAX: usize = 2000;
    /// The nodes of `dev = "minimal"`, with their numbers from Documentation/admin-guide/devices.txt.
    pub const MINIMAL_DEVICES: [(&str, (u32, u32)); 6] = [
        ("/dev/full", (1, 7)),
        ("/dev/null", (1, 3)),
        ("/dev/random", (1, 8)),
        ("/dev/tty", (5, 0)),
        ("/dev/urandom", (1, 9)),
        ("/dev/zero", (1, 5)),
    ];

    /// Every idmap, the root's first.
    pub fn idmaps(&self) -> impl Iterator<Item = &Spanned<IdMap>> {
        let of_mounts = self.mounts.values().filter_map(|mount| match &mount.kind {
            MountKind::Bind { idmap, .. } => idmap.as_ref(),
            _ => None,
        });
        self.root_idmap.iter().chain(of_mounts)
    }

    /// The nearest entry above a destination.
    pub fn container(&self, destination: &str) -> Option<&str> {
        let above = destination.rmatch_indices('/').map(|(at, _)| &destination[..at]);
        let mut entries = above.filter_map(|path| self.mounts.get_key_value(path));
        entries.next().map(|(path, _)| path.as_str())
    }

    /// Whose tree a destination is in.
    pub fn owner(&self, destination: &str) -> Owner {
        let (mut path, mut directory) = (destination, false);
        let above = |path| self.mounts.get_key_value(self.container(path)?);
        let owner = loop {
            match above(path) {
                None => break self.root_owner(),
                Some((container, Mount { kind: MountKind::Directory { .. }, .. })) => {
                    (path, directory) = (container, true);
                }
                Some((_, mount)) => break mount.kind.owner_inside(|| Owner::Foreign),
            }
        };
        if directory { owner.in_directory() } else { owner }
    }

    /// Whose tree what is in no entry is in.
    pub fn root_owner(&self) -> Owner {
        match self.root.value {
            Root::Empty => Owner::Sealed,
            Root::Overlay(_) => Owner::Overlaid,
            Root::Host | Root::Rootfs(_) => Owner::Foreign,
        }
    }
}

impl Owner {
    /// Whose tree is a directory of the spec in such a tree?
    fn in_directory(self) -> Self {
        match self {
            // Not made in somebody's tree, but mounted over it, and closed.
            Self::Foreign | Self::Overlaid => Self::Sealed,
            own => own,
        }
    }
}

impl Ownership {
    /// The program's own.
    pub const PROGRAM: Self = Self::Program { uid: None, gid: None };
}

impl MountKind {
    /// Whose tree is in it; `own` is whose it is in itself.
    pub fn owner_inside(&self, own: impl FnOnce() -> Owner) -> Owner {
        match self {
            Self::Directory { .. } => own().in_directory(),
            Self::Tmpfs { .. } => Owner::Writable,
            _ => Owner::Foreign,
        }
    }

    /// Whether the program may write to it.
    pub fn is_writable(&self) -> bool {
        matches!(
            self,
            Self::Bind { writable: true, .. } | Self::Overlay { writable: true, .. } | Self::Tmpfs { .. }
        )
    }

    /// What of the host it shows.
    pub fn sources(&self) -> &[HostPath] {
        match self {
            Self::Bind { source, .. } | Self::Device { source, .. } | Self::Socket { source, .. } => {
                std::slice::from_ref(source)
            }
            Self::Overlay { lower, .. } => lower,
            _ => &[],
        }
    }

    /// Whether it is left out when what it is about does not exist.
    pub fn is_optional(&self) -> bool {
        matches!(
            self,
            Self::Bind { optional: true, .. }
                | Self::Mask { optional: true }
                | Self::Seal { optional: true }
                | Self::Device { optional: true, .. }
                | Self::Socket { optional: true, .. }
        )
    }
}

/// The `[namespaces]` section: the eight of namespaces(7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespaces {
    /// Mount points.
    pub mount: Spanned<Namespace>,
    /// Host and domain name.
    pub uts: Spanned<Namespace>,
    /// System V IPC and POSIX message queues.
    pub ipc: Spanned<Namespace>,
    /// Process ids.
    pub pid: Spanned<Namespace>,
    /// Network.
    pub network: Spanned<Namespace>,
    /// Users, groups and capabilities.
    pub user: Spanned<Namespace>,
    /// The view of the cgroup tree.
    pub cgroup: Spanned<Namespace>,
    /// Boot and monotonic clocks.
    pub time: Spanned<Namespace>,
    /// Explicit user id mappings; empty means that only the program's own id is mapped.
    pub uid_mappings: Vec<Spanned<IdMapping>>,
    /// Explicit group id mappings; empty means that only the program's own id is mapped.
    pub gid_mappings: Vec<Spanned<IdMapping>>,
    /// Clock offsets of the new time namespace.
    pub clock_offsets: Vec<Spanned<ClockOffset>>,
}

impl Namespaces {
    /// All eight by their keys, in the order of this struct.
    pub fn all(&self) -> [(&'static str, &Spanned<Namespace>); 8] {
        [
            ("mount", &self.mount),
            ("uts", &self.uts),
            ("ipc", &self.ipc),
            ("pid", &self.pid),
            ("network", &self.network),
            ("user", &self.user),
            ("cgroup", &self.cgroup),
            ("time", &self.time),
        ]
    }
}

/// Whose namespace it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespace {
    /// The sandbox's own.
    New,
    /// The launcher's own.
    Host,
    /// One that exists already, and others may be in.
    Join(Handle),
}

impl Namespace {
    /// Whether it is one that exists already, other than the launcher's own.
    pub fn is_joined(&self) -> bool {
        matches!(self, Self::Join(_))
    }
}

/// Where a namespace is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handle {
    /// At this path of the host.
    Path(HostPath),
    /// Open in the launcher, as this descriptor: above 2.
    Descriptor(u32),
}

impl fmt::Display for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(formatter),
            Self::Descriptor(descriptor) => write!(formatter, "descriptor {descriptor}"),
        }
    }
}

/// One line of timens_offsets (time_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    /// The clock id: 1 is CLOCK_MONOTONIC, 7 is CLOCK_BOOTTIME.
    pub clock: u32,
    /// Whole seconds, may be negative.
    pub seconds: i64,
    /// Nanoseconds, below 10^9.
    pub nanoseconds: u32,
}

/// A soft and a hard limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rlimit {
    /// The resource's number (bits/resource.h).
    pub resource: u32,
    /// Its key: `nofile`.
    pub name: &'static str,
    /// The soft limit; `u64::MAX` is no limit.
    pub soft: u64,
    /// The hard limit; `u64::MAX` is no limit.
    pub hard: u64,
    /// Where it stands.
    pub span: Span,
}

/// The `[seccomp]` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seccomp {
    /// What happens to a system call that no rule decides.
    pub default_action: Spanned<Action>,
    /// The architectures whose system calls may be made, as the kernel's tables are called; every other one is refused.
    pub architectures: Vec<Spanned<&'static str>>,
    /// How the kernel installs the filter, each flag once.
    pub flags: Vec<FilterFlag>,
    /// What is said of system calls, the lists first.
    pub rules: Vec<SyscallRule>,
}

/// A flag of seccomp(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FilterFlag {
    /// What the filter refuses is logged.
    Log,
    /// No mitigation of speculation for the filter's sake.
    SpecAllow,
}

/// A verdict on calls of one system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyscallRule {
    /// The system call, as the kernel's tables name it; one of the architectures has it.
    pub name: &'static str,
    /// What arguments, by index, have to be, all of it; nothing matches every call.
    pub conditions: Vec<(u8, Operator)>,
    /// The verdict.
    pub action: Action,
    /// Who says so.
    pub source: RuleSource,
    /// Where.
    pub span: Span,
}

/// Who asks for a rule on system calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleSource {
    /// A list of names, by its key: it speaks of all calls, and of several lists the kernel's precedence decides.
    List(&'static str),
    /// An entry of `seccomp.rules`, by its name: two that contradict each other are a mistake.
    Named(String),
    /// Another key, from which it follows: the kernel's precedence decides.
    Implied(&'static str),
}

impl fmt::Display for RuleSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(key) | Self::Implied(key) => formatter.write_str(key),
            Self::Named(name) => write!(formatter, "seccomp.rules.{name}"),
        }
    }
}

/// What an argument has to be; numbers are unsigned, and only the bits that the kernel reads count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// This value.
    Equal(u64),
    /// Any other value.
    NotEqual(u64),
    /// A smaller value.
    Less(u64),
    /// This value or a smaller one.
    LessOrEqual(u64),
    /// A greater value.
    Greater(u64),
    /// This value or a greater one.
    GreaterOrEqual(u64),
    /// Under the mask, this value.
    MaskedEqual {
        /// The bits that count.
        mask: u64,
        /// What they have to be.
        value: u64,
    },
    /// One of these values.
    OneOf(Vec<u64>),
}

/// A verdict of the filter (seccomp(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The call is made.
    Allow,
    /// The call fails with this errno.
    Errno(u16),
    /// The process dies by SIGSYS.
    KillProcess,
    /// The thread dies by SIGSYS.
    KillThread,
    /// The thread gets a SIGSYS that it can handle.
    Trap,
    /// The call is made and logged.
    Log,
    /// A tracer is told; without one the call fails with ENOSYS.
    Trace(u16),
}

impl Action {
    /// Whether the call is made, whoever looks on.
    pub fn permits(self) -> bool {
        matches!(self, Self::Allow | Self::Log)
    }

    /// Whether the call is made in no case.
    pub fn refuses(self) -> bool {
        !self.permits() && !matches!(self, Self::Trace(_))
    }
}
