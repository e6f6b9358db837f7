//! The values of calls, and the memory that one act fills and others use.

use crate::lower::linux;
use crate::policy::RunDirectory;

/// A value of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Zero.
    Zero,
    /// A number, or several flags.
    Number(u32),
    /// The address of a string.
    Text(String),
    /// The address of a blob.
    Bytes(Vec<u8>),
    /// The address of a buffer.
    Buffer(Buffer),
    /// What an earlier act stored.
    Slot(Slot),
    /// The address of the struct that a slot is a field of: see [`Slot::within`].
    Struct(Slot),
    /// The number that the `Each` before is at.
    Each,
}

/// A word that one act stores and others use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The caller's user id.
    Uid,
    /// The caller's group id.
    Gid,
    /// The process that started the launcher.
    Parent,
    /// The launcher's own process.
    Launcher,
    /// A process that holds a user namespace.
    Holder,
    /// The user namespace that an idmap is taken from.
    IdMap(u16),
    /// The outside's end of the gate.
    GateOutside,
    /// The inside's end of the gate: follows it, as socketpair(2) writes both.
    GateInside,
    /// The launcher's end of the pair that tells the guard of the sandbox's end.
    GuardOutside,
    /// The guard's end of it: follows it, as socketpair(2) writes both.
    GuardInside,
    /// The pidfd of the guard.
    GuardProcess,
    /// The pidfd of the process that keeps a place for the guard's.
    GuardReserve,
    /// The first process inside.
    Child,
    /// The program, seen from the reaper.
    Program,
    /// The caller's /proc.
    Proc,
    /// The directory of a process in it.
    ProcDirectory,
    /// The file of the namespace that is joined and has this number.
    Namespace(u8),
    /// A file that is open for a moment.
    File,
    /// The length of the text that was built last.
    Length,
    /// A file system that is being configured.
    Context,
    /// The new root.
    Root,
    /// The file system that inline files and masks come from.
    Scratch,
    /// The file system that the layers of an overlay are put together in.
    Layers,
    /// Of the overlay with the first number, the directory with the second.
    Layer(u16, u16),
    /// /dev/null of the host.
    Null,
    /// The file that this standard stream leads to.
    Stream(u32),
    /// What the entry with this number mounts.
    Source(u16),
    /// The writable directory of the host that the source of the entry with this number lies in.
    Grant(u16),
    /// Where the entry with this number goes.
    Destination(u16),
    /// The directory that something is made in.
    Above,
    /// What is there already, to be mounted on itself.
    Cover,
    /// Where the pin with this number goes.
    Pin(u16),
    /// The ABI of the kernel's Landlock.
    LandlockAbi,
    /// The Landlock ruleset.
    Ruleset,
    /// The place of the rule with this number.
    Beneath(u16),
    /// The empty file that may stand over the entry with this number.
    EmptyFile(u16),
    /// The first descriptor after those that a service manager has opened for the launcher.
    Unlistened,
    /// The program's process, seen from itself.
    Own,
    /// The path of a directory that only the launch knows: a text, not a word.
    Directory(RunDirectory),
    /// The network namespace that the launch began in.
    HostNetwork,
    /// The sandbox's network namespace.
    Network,
    /// A socket to the kernel in the host's network namespace.
    HostSocket,
    /// One in the sandbox's.
    NetworkSocket,
    /// The host's interface that belongs to the sandbox's with this number: its peer, or what it is on.
    Link(u16),
    /// The end of a pipe on which a program's readiness is noticed.
    ReadyHere,
    /// The end that the program writes to: follows it, as pipe2(2) writes both.
    ReadyThere,
    /// Where version 2 of control groups is mounted.
    CgroupRoot,
    /// The control group that the launch's are made in.
    CgroupParent,
    /// The list of the processes in it, as a sign of who may divide it.
    CgroupProcesses,
    /// The one that the launcher itself is in meanwhile.
    CgroupLeaf,
    /// The sandbox's.
    Cgroup,
    /// One in it that the program may divide.
    CgroupProgram,
    /// The bridge that the peer of the interface with this number joins.
    Bridge(u16),
    /// What the user id of the owner with this number is where the launch began: a field of a `struct statx`.
    OutsideUid(u16),
    /// The same of its group id: the field that follows.
    OutsideGid(u16),
}

/// A piece of memory that the kernel or the launcher writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Buffer {
    /// A text that is built at launch.
    Text,
    /// A struct that a system call fills.
    Answer,
    /// The path of the service manager's socket, or nothing.
    Notify,
    /// The path of the caller's terminal, or nothing.
    Terminal,
    /// The variable by which a service manager watches the program's process.
    Watchdog,
    /// The caller's limits of descriptors, soft and hard.
    Descriptors,
    /// Its second word, the hard limit, and another such word behind that: the hard limit as both.
    AllDescriptors,
}

impl Slot {
    /// How far into a struct it is, when it is a field of one.
    pub fn within(self) -> u32 {
        match self {
            Self::IdMap(_) => 24,
            Self::OutsideUid(_) => linux::STATX_UID,
            _ => 0,
        }
    }

    /// How many bytes it needs, with what follows it in its struct.
    pub fn reach(self) -> u32 {
        match self {
            Self::IdMap(_) => 8,
            Self::OutsideUid(_) => linux::STATX_BYTES - linux::STATX_UID,
            _ => 4,
        }
    }

    /// What stands before it when the kernel reads it as the last field, of 8 bytes, of a struct.
    pub fn before(self) -> Option<Vec<u8>> {
        let attributes = || linux::mount_attributes(linux::MOUNT_ATTR_IDMAP, 0);
        matches!(self, Self::IdMap(_)).then(|| attributes()[..24].to_vec())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        if number == 0 { Self::Zero } else { Self::Number(number) }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Slot> for Value {
    fn from(slot: Slot) -> Self {
        Self::Slot(slot)
    }
}

impl From<Buffer> for Value {
    fn from(buffer: Buffer) -> Self {
        Self::Buffer(buffer)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
