//! What was written: every leaf of a spec with its span, every key optional.
//!
//! A `Spec` contains no default, no looked-up name, no converted unit and no joined path: `"512MiB"` is still text.
//! The parser guarantees the types and ranges that the [key table](keys) states; a value that broke them is absent
//! here and a finding there.

mod accept;
mod cgroup;
pub mod keys;
mod repository;
mod scheduling;
pub mod variable;

pub use accept::Accept;
pub use cgroup::{Cgroup, CgroupValue};
pub use repository::Repository;
pub use scheduling::{Cpus, IoPriority, Scheduler, Scheduling};

use crate::source::{Places, Span, Spanned};

/// A value that may not have been written.
pub type Leaf<T> = Option<Spanned<T>>;

/// A whole spec file.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// Where its keys stand
    pub places: Places,
    /// `name`
    pub name: Leaf<String>,
    /// `hostname`
    pub hostname: Leaf<String>,
    /// `domainname`
    pub domainname: Leaf<String>,
    /// `[process]`
    pub process: Process,
    /// `[filesystem]`
    pub filesystem: Filesystem,
    /// `[namespaces]`
    pub namespaces: Namespaces,
    /// `[network]`
    pub network: Network,
    /// `[landlock]`
    pub landlock: Landlock,
    /// `[cgroup]`
    pub cgroup: Leaf<Cgroup>,
    /// `[rlimits]`, in the order of the file's keys
    pub rlimits: Vec<(Spanned<String>, Rlimit)>,
    /// `[seccomp]`
    pub seccomp: Seccomp,
    /// `[lifecycle]`
    pub lifecycle: Lifecycle,
    /// `[requires]`
    pub requires: Requires,
    /// `[[accept]]`
    pub accept: Vec<Accept>,
}

/// `[process]`
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// `args`; absent when any of them was not a string, because their places matter
    pub args: Leaf<Vec<Spanned<String>>>,
    /// `append_args`
    pub append_args: Leaf<bool>,
    /// `user`
    pub user: Leaf<User>,
    /// `cwd`
    pub cwd: Leaf<String>,
    /// `umask`
    pub umask: Leaf<u32>,
    /// `env`
    pub env: Vec<(Spanned<String>, Spanned<String>)>,
    /// `env_pass`
    pub env_pass: Vec<Spanned<String>>,
    /// `capabilities`
    pub capabilities: Leaf<Vec<Spanned<String>>>,
    /// `keep_fds`
    pub keep_fds: Vec<Spanned<Kept>>,
    /// `notify`
    pub notify: Leaf<bool>,
    /// `terminal`
    pub terminal: Leaf<String>,
    /// `stdin`, `stdout` and `stderr`
    pub streams: [Leaf<Stream>; 3],
    /// `exec`
    pub exec: Leaf<Exec>,
    /// `keyring`
    pub keyring: Leaf<String>,
    /// `scheduler`, `io_priority`, `cpu_affinity` and their kin
    pub scheduling: Scheduling,
    /// `personality`
    pub personality: Leaf<String>,
    /// `memory_deny_write_execute`
    pub memory_deny_write_execute: Leaf<bool>,
    /// `transparent_huge_pages`
    pub transparent_huge_pages: Leaf<String>,
}

/// `process.user`
#[derive(Debug, Clone)]
pub enum User {
    /// `"caller"`
    Caller,
    /// `{ uid, gid, groups }`
    Ids {
        /// `uid`
        uid: Spanned<u32>,
        /// `gid`
        gid: Spanned<u32>,
        /// `groups`
        groups: Leaf<Vec<Spanned<u32>>>,
    },
}

/// One of `process.keep_fds`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A number
    Number(u32),
    /// `"listen"`
    Listen,
}

/// `process.stdin`, `process.stdout` or `process.stderr`
#[derive(Debug, Clone)]
pub enum Stream {
    /// `"inherit"` or `"null"`
    Word(String),
    /// `{ file = ... }`
    File(Spanned<String>),
}

/// `process.exec`
#[derive(Debug, Clone)]
pub enum Exec {
    /// `"any"` or `"once"`
    Word(String),
    /// Programs
    List(Vec<Spanned<String>>),
}

/// `[filesystem]`
#[derive(Debug, Clone, Default)]
pub struct Filesystem {
    /// `root`
    pub root: Leaf<Root>,
    /// `base`
    pub base: Leaf<String>,
    /// `etc`
    pub etc: Vec<Spanned<String>>,
    /// `read_only`
    pub read_only: Vec<Spanned<String>>,
    /// `read_write`
    pub read_write: Vec<Spanned<String>>,
    /// `proc`
    pub proc: Leaf<String>,
    /// `dev`
    pub dev: Leaf<String>,
    /// `sys`
    pub sys: Leaf<String>,
    /// `[filesystem.mounts]`
    pub mounts: Vec<(Spanned<String>, Mount)>,
    /// The entries of `mounts` that took away what the spec would have inherited
    pub taken: Vec<Span>,
}

/// `filesystem.root`
#[derive(Debug, Clone)]
pub enum Root {
    /// `"empty"`, `"host"` or a path
    Word(String),
    /// `{ path, overlay, idmap }`
    Rootfs {
        /// `path`
        path: Spanned<String>,
        /// `overlay`
        overlay: Leaf<String>,
        /// `idmap`
        idmap: Leaf<IdMap>,
    },
}

/// One entry of `[filesystem.mounts]`
#[derive(Debug, Clone)]
pub enum Mount {
    /// `{ bind = ... }`
    Bind {
        /// `bind`
        source: Spanned<String>,
        /// `writable`
        writable: Leaf<bool>,
        /// `executable`
        executable: Leaf<bool>,
        /// `optional`
        optional: Leaf<bool>,
        /// `propagation`
        propagation: Leaf<String>,
        /// `idmap`
        idmap: Leaf<IdMap>,
    },
    /// `{ tmpfs = ... }`
    Tmpfs {
        /// `tmpfs`; `true` is written as no size
        size: Leaf<Amount>,
        /// `mode`
        mode: Leaf<u32>,
        /// `uid` and `gid`
        owner: Owner,
        /// `executable`
        executable: Leaf<bool>,
    },
    /// `{ directory = true }`
    Directory {
        /// `mode`
        mode: Leaf<u32>,
        /// `uid` and `gid`
        owner: Owner,
    },
    /// `{ socket = ... }`
    Socket {
        /// `socket`
        source: Spanned<String>,
        /// `optional`
        optional: Leaf<bool>,
    },
    /// `{ device = ... }`
    Device {
        /// `device`
        source: Spanned<String>,
        /// `optional`
        optional: Leaf<bool>,
    },
    /// `{ overlay = [...] }`
    Overlay {
        /// `overlay`
        lower: Spanned<Vec<Spanned<String>>>,
        /// `writable`
        writable: Leaf<bool>,
        /// `executable`
        executable: Leaf<bool>,
    },
    /// `{ mqueue = true }`
    Mqueue,
    /// `{ cgroup2 = true }`
    Cgroup2 {
        /// `writable`
        writable: Leaf<bool>,
    },
    /// `{ symlink = ... }`
    Symlink {
        /// `symlink`
        target: Spanned<String>,
    },
    /// `{ text = ... }`
    Text {
        /// `text`
        content: Spanned<String>,
        /// `mode`
        mode: Leaf<u32>,
    },
    /// `{ mask = true }`
    Mask {
        /// `optional`
        optional: Leaf<bool>,
    },
    /// `{ seal = true }`
    Seal {
        /// `optional`
        optional: Leaf<bool>,
    },
    /// `false`
    Removed,
}

/// Whom an entry belongs to.
#[derive(Debug, Clone)]
pub struct Owner {
    /// `uid`
    pub uid: Leaf<u32>,
    /// `gid`
    pub gid: Leaf<u32>,
}

/// `[namespaces]`
#[derive(Debug, Clone, Default)]
pub struct Namespaces {
    /// `mount`
    pub mount: Leaf<Namespace>,
    /// `uts`
    pub uts: Leaf<Namespace>,
    /// `ipc`
    pub ipc: Leaf<Namespace>,
    /// `pid`
    pub pid: Leaf<Namespace>,
    /// `network`
    pub network: Leaf<Namespace>,
    /// `user`
    pub user: Leaf<UserNamespace>,
    /// `cgroup`
    pub cgroup: Leaf<Namespace>,
    /// `time`
    pub time: Leaf<TimeNamespace>,
}

/// What any of the eight can be.
#[derive(Debug, Clone)]
pub enum Namespace {
    /// `"new"` or `"host"`
    Word(String),
    /// `{ path }`
    Path(Spanned<String>),
    /// `{ fd }`
    Descriptor(u32),
}

/// `namespaces.user`
#[derive(Debug, Clone)]
pub enum UserNamespace {
    /// What any of them can be.
    Plain(Namespace),
    /// `{ uid_mappings, gid_mappings }`
    Mappings {
        /// `uid_mappings`
        uid: Vec<Spanned<IdMapping>>,
        /// `gid_mappings`
        gid: Vec<Spanned<IdMapping>>,
    },
}

/// The `idmap` of a mount
#[derive(Debug, Clone)]
pub struct IdMap {
    /// `uid_mappings`
    pub uid: Vec<Spanned<IdMapping>>,
    /// `gid_mappings`
    pub gid: Vec<Spanned<IdMapping>>,
}

/// One line of a uid or gid map.
#[derive(Debug, Clone)]
pub struct IdMapping {
    /// `container_id`
    pub container_id: Spanned<u32>,
    /// `host_id`
    pub host_id: Spanned<u32>,
    /// `size`
    pub size: Spanned<u32>,
}

/// `namespaces.time`
#[derive(Debug, Clone)]
pub enum TimeNamespace {
    /// What any of them can be.
    Plain(Namespace),
    /// `{ monotonic, boottime }`
    Offsets {
        /// `monotonic`
        monotonic: Leaf<String>,
        /// `boottime`
        boottime: Leaf<String>,
    },
}

/// `[network]`
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// `loopback`
    pub loopback: Leaf<bool>,
    /// `bind_tcp`
    pub bind_tcp: Leaf<Vec<Spanned<u32>>>,
    /// `connect_tcp`
    pub connect_tcp: Leaf<Vec<Spanned<u32>>>,
    /// `address_families`
    pub address_families: Leaf<Vec<Spanned<String>>>,
    /// `user_mode`
    pub user_mode: Leaf<String>,
    /// `interfaces`
    pub interfaces: Vec<Spanned<Interface>>,
}

/// One of `[[network.interfaces]]`; one address that is not in a list is a list of one.
#[derive(Debug, Clone)]
pub struct Interface {
    /// `kind`
    pub kind: Spanned<String>,
    /// `name`
    pub name: Spanned<String>,
    /// `address`
    pub address: Vec<Spanned<String>>,
    /// `gateway`
    pub gateway: Vec<Spanned<String>>,
    /// `routes`
    pub routes: Vec<Spanned<Route>>,
    /// `mtu`
    pub mtu: Leaf<u32>,
    /// `mac`
    pub mac: Leaf<String>,
    /// `peer`
    pub peer: Leaf<String>,
    /// `peer_address`
    pub peer_address: Vec<Spanned<String>>,
    /// `bridge`
    pub bridge: Leaf<String>,
    /// `link`
    pub link: Leaf<String>,
    /// `mode`
    pub mode: Leaf<String>,
}

/// One entry of an interface's `routes`
#[derive(Debug, Clone)]
pub struct Route {
    /// `destination`
    pub destination: Spanned<String>,
    /// `gateway`
    pub gateway: Spanned<String>,
}

/// `[landlock]`
#[derive(Debug, Clone, Default)]
pub struct Landlock {
    /// `filesystem`
    pub filesystem: Leaf<String>,
    /// `scoped`
    pub scoped: Vec<Spanned<String>>,
    /// `log`
    pub log: Vec<Spanned<String>>,
    /// `[[landlock.path_beneath]]`
    pub path_beneath: Vec<PathBeneath>,
}

/// One entry of `[[landlock.path_beneath]]`
#[derive(Debug, Clone)]
pub struct PathBeneath {
    /// `path`
    pub path: Spanned<String>,
    /// `allowed_access`
    pub allowed_access: Spanned<Vec<Spanned<String>>>,
}

/// `[requires]`
#[derive(Debug, Clone, Default)]
pub struct Requires {
    /// `kernel`
    pub kernel: Leaf<String>,
    /// `landlock_abi`
    pub landlock_abi: Leaf<u32>,
    /// `optional`
    pub optional: Vec<Spanned<String>>,
}

/// One entry of `[rlimits]`
#[derive(Debug, Clone)]
pub enum Rlimit {
    /// One amount for both.
    Both(Spanned<Amount>),
    /// `{ soft, hard }`
    Pair {
        /// `soft`
        soft: Spanned<Amount>,
        /// `hard`
        hard: Spanned<Amount>,
    },
}

/// A number, or a text with a unit, or `"max"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// A plain number.
    Integer(u64),
    /// Text that is yet to be understood.
    Text(String),
}

/// `[seccomp]`
#[derive(Debug, Clone, Default)]
pub struct Seccomp {
    /// `arches`
    pub arches: Leaf<Vec<Spanned<String>>>,
    /// `flags`
    pub flags: Leaf<Vec<Spanned<String>>>,
    /// `default_action`
    pub default_action: Leaf<String>,
    /// `default_errno`
    pub default_errno: Leaf<Amount>,
    /// `allow`
    pub allow: Leaf<Vec<Spanned<String>>>,
    /// `deny`
    pub deny: Leaf<Vec<Spanned<String>>>,
    /// `log`
    pub log: Leaf<Vec<Spanned<String>>>,
    /// `kill`
    pub kill: Leaf<Vec<Spanned<String>>>,
    /// `[seccomp.rules]`, in the order of the file
    pub rules: Vec<(Spanned<String>, SyscallRule)>,
}

/// One entry of `[seccomp.rules]`
#[derive(Debug, Clone)]
pub struct SyscallRule {
    /// `names`
    pub names: Spanned<Vec<Spanned<String>>>,
    /// `action`
    pub action: Spanned<String>,
    /// `errno`
    pub errno: Leaf<Amount>,
    /// `args`
    pub args: Vec<Spanned<Condition>>,
}

/// One entry of a rule's `args`
#[derive(Debug, Clone)]
pub struct Condition {
    /// `name`
    pub name: Leaf<String>,
    /// `index`
    pub index: Leaf<u32>,
    /// `op`
    pub op: Spanned<String>,
    /// `mask`
    pub mask: Leaf<Number>,
    /// `value`; one that is not a list is a list of one
    pub value: Spanned<Vec<Spanned<Number>>>,
    /// Is `value` written as a list?
    pub is_list: bool,
}

/// A number, or names of constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Number {
    /// A plain number.
    Integer(i64),
    /// Text that is yet to be looked up.
    Text(String),
}

/// `[lifecycle]`
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    /// `timeout`
    pub timeout: Leaf<String>,
    /// `kill_signal`
    pub kill_signal: Leaf<String>,
    /// `kill_timeout`
    pub kill_timeout: Leaf<String>,
    /// `die_with_parent`
    pub die_with_parent: Leaf<bool>,
    /// `status_fd`
    pub status_fd: Leaf<u32>,
}

impl Spec {
    /// The place of values that nobody wrote: the file's first byte.
    pub const NOWHERE: Span = Span { start: 0, end: 0 };
}
