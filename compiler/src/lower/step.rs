//! The steps of a launch: calls with their values still in place, and what each step needs, gives and takes away.
//!
//! A step knows nothing of offsets: strings, blobs, slots and buffers get theirs in `encode`.

use crate::policy::RunDirectory;
use crate::source::Span;
use boxwright_launcher::plan::operation::{Comparison, Cookie, Promise, Role, Row, Rule, Success};

/// The two ways to launch one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What a launcher with CAP_SETUID and CAP_SETGID does.
    pub privileged: Vec<Step>,
    /// What anybody else's does.
    pub unprivileged: Vec<Step>,
    /// The descriptor that both write their status to.
    pub status: Option<u32>,
}

/// One step: what errors name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does and to what: `mount /srv`.
    pub words: String,
    /// Where the spec asks for it.
    pub span: Span,
    /// Its place in the order of a launch.
    pub phase: Phase,
    /// The promise that its operations keep.
    pub promise: Promise,
    /// What must hold before it.
    pub needs: &'static [Fact],
    /// What holds after it.
    pub gives: &'static [Fact],
    /// What does not hold any more after it.
    pub takes: &'static [Fact],
    /// Its operations.
    pub acts: Vec<Act>,
    /// What to say when one of them fails with this errno: who refuses, and the remedy.
    pub notes: Vec<(u32, String)>,
}

/// The order of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// In the caller's namespaces, before anything changes.
    Start,
    /// What is joined, and the process that goes on inside.
    Fork,
    /// Outside, beside the child.
    Host,
    /// Inside: ids are mapped, clocks are set.
    Inside,
    /// What comes from the old root is opened.
    Sources,
    /// The process becomes somebody.
    Identity,
    /// The new root is in place.
    Root,
    /// The mounts.
    Mounts,
    /// The root is closed for writing.
    Seal,
    /// The program's process, up to exec.
    Payload,
    /// The last: the filter and exec.
    Exec,
}

/// What holds at some point of a launch, and some step relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Paths of the host lead where they lead for the caller.
    HostPaths,
    /// The process may write to its own files in /proc: it is dumpable.
    OwnProc,
    /// The process has the capabilities of its user namespace.
    Capabilities,
    /// Ids of the new user namespace have a meaning.
    IdsMapped,
    /// The mount namespace is the sandbox's own.
    OwnMounts,
    /// `/` is the sandbox's root and nothing leads to the old one.
    NewRoot,
    /// The sandbox's root may be written to.
    RootWritable,
    /// Descriptors of the launcher are still open.
    Descriptors,
    /// No filter refuses the launcher's calls.
    Unfiltered,
    /// argv and envp are built.
    Environment,
    /// no_new_privs is set.
    NoNewPrivileges,
}

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
    /// The address of the struct that ends in a slot: see [`Slot::before`].
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
    /// Where the entry with this number goes.
    Destination(u16),
    /// The directory that something is made in.
    Above,
    /// The controlling terminal.
    Terminal,
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
    /// The variable by which a service manager watches the program's process.
    Watchdog,
    /// The caller's limits of descriptors, soft and hard.
    Descriptors,
    /// Its second word, the hard limit, and another such word behind that: the hard limit as both.
    AllDescriptors,
}

/// What becomes of a call's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// It is stored.
    In(Slot),
    /// The kernel wrote two words: these slots, in this order.
    Pair(Slot, Slot),
}

/// A part of a text that is built at launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Verbatim.
    Literal(String),
    /// A stored word in decimal.
    Decimal(Slot),
    /// A stored text.
    Text(Slot),
}

/// Where a check looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At a slot.
    Slot(Slot),
    /// So many bytes into a buffer.
    Buffer(Buffer, u32),
}

/// What happens when a check does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Else {
    /// The launch fails, with these words.
    Fail(String),
    /// So many acts are skipped.
    Skip(u16),
    /// So many acts are skipped, as the spec said that they may be.
    SkipOptional(u16),
}

/// One operation, with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A system call.
    Call(Call),
    /// A comparison of a word.
    Check {
        /// Where.
        place: Place,
        /// Which bits.
        mask: u64,
        /// How.
        comparison: Comparison,
        /// With what.
        value: u64,
        /// What happens otherwise.
        otherwise: Else,
    },
    /// The next call is made once for every bit of the set.
    Each(u64),
    /// A text is built in [`Buffer::Text`], its length stored in [`Slot::Length`].
    Text(Vec<Part>),
    /// The same in [`Buffer::Watchdog`].
    NameWatched(Vec<Part>),
    /// The dispositions of these signals are reset: bit n - 1 is signal n.
    Signals(u64),
    /// argv and envp are built.
    Environment {
        /// argv.
        arguments: Vec<String>,
        /// `NAME=value`.
        variables: Vec<String>,
        /// `NAME=` of what is passed on.
        passed: Vec<String>,
        /// Whether the launcher's own arguments follow.
        append: bool,
        /// Whether the program keeps the sockets that a service manager has opened: their end is then stored in
        /// [`Slot::Unlistened`], and its own `LISTEN_PID` is the last text that its process builds. Why it fails when their
        /// number is malformed, and when one of them is a directory.
        listen: Option<[&'static str; 2]>,
    },
    /// What the service manager wants to know is passed on, and the path of its socket goes to [`Buffer::Notify`].
    Notify {
        /// Where the socket is inside, when that is another place.
        elsewhere: Option<&'static str>,
        /// May it have an abstract name?
        by_name: bool,
        /// Why the launch fails with any other.
        refused: &'static str,
    },
    /// A directory that only the launch knows is found.
    Directory {
        /// `NAME=` of the variable that says where it is; empty is the working directory.
        variable: String,
        /// Which it is.
        to: RunDirectory,
        /// A directory, found before, that must be neither this one nor above it.
        beyond: Option<RunDirectory>,
        /// Why the launch fails when nothing says where it is.
        absent: String,
        /// Why it fails when it is one that it must not be.
        refused: String,
        /// It need not be there.
        optional: bool,
        /// It must not be `/`.
        not_root: bool,
    },
    /// A child runs these steps.
    Fork {
        /// clone3(2) flags.
        flags: u64,
        /// Its pid.
        pid: Slot,
        /// The control group that it is born in, when that is another.
        cgroup: Option<Slot>,
        /// What it does.
        child: Vec<Step>,
    },
    /// A filter is installed.
    Filter(Filter),
    /// Something happens to the Landlock ruleset.
    Landlock {
        /// What it restricts on kernels of ABI 1, 2 and so on.
        rows: Vec<Row>,
        /// What happens.
        action: Landlock,
    },
    /// The program is executed.
    Exec(String),
    /// A program of the host runs beside the child.
    Assist {
        /// Texts, the first its path, or [`Buffer::Text`].
        arguments: Vec<Value>,
        /// The pipe to which it writes when it is ready, and then stays; without one it has to end well.
        ready: Option<Slot>,
    },
    /// In [`Buffer::Text`] is what /proc/self/cgroup says, [`Slot::Length`] bytes; the path of the launcher's own control
    /// group takes its place.
    FindCgroup,
    /// A control group is made, for as long as the launch.
    MakeCgroup {
        /// Where.
        parent: Slot,
        /// The beginning of its name.
        name: String,
        /// The slot for its directory.
        directory: Slot,
        /// It is the launcher's own, and this is written to the parent's cgroup.subtree_control when that leaves it.
        leaf: Option<String>,
    },
    /// The process is there for its namespaces, until it is killed.
    Hold,
    /// The child is waited for.
    Supervise {
        /// Outside or pid 1.
        role: Role,
        /// Whether the program shares the caller's terminal.
        terminal: bool,
        /// The child.
        pid: Slot,
        /// How the outside ends it.
        ending: Option<Ending>,
    },
    /// A message to the kernel's network; its answer's error is the act's.
    Netlink {
        /// The socket.
        socket: Slot,
        /// The message.
        message: Vec<u8>,
        /// Where in it words of slots go; at most two.
        patches: Vec<(u16, Slot)>,
        /// The slot for the index of the interface that the answer describes.
        keep: Option<Slot>,
        /// This errno is no failure: the next act is its remedy. A success passes over so many.
        otherwise: Option<(u8, u8)>,
    },
}

/// How the outside ends its child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What the child gets for a SIGTERM, and when the timer runs out.
    pub signal: u32,
    /// A `struct itimerval`: how long after that the child is killed.
    pub grace: Option<Vec<u8>>,
    /// What says how long it may last, in words, and where.
    pub timeout: Option<(String, Span)>,
}

/// What happens to the Landlock ruleset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landlock {
    /// It is made.
    Create,
    /// These rights are allowed on, and beneath, what the slot's descriptor leads to.
    Slot(Slot, u64),
    /// The same for a descriptor by its number.
    Descriptor(u32, u64),
    /// These rights are allowed on a port.
    Port(u32, u64),
    /// It is enforced.
    Restrict,
}

/// Classic BPF for seccomp(2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Its instructions, in the kernel's bytes.
    pub instructions: Vec<u8>,
    /// The instructions whose constants are the words of a cookie that is drawn at launch.
    pub cookie: Option<[u32; Cookie::WORDS as usize]>,
    /// Flags of seccomp(2).
    pub flags: u32,
}

/// A system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number.
    pub number: u16,
    /// Its arguments; what is missing is zero.
    pub arguments: Vec<Value>,
    /// What counts as success.
    pub success: Success,
    /// What becomes of the result.
    pub keep: Keep,
    /// What an errno means other than failure; at most three.
    pub rules: Vec<Rule>,
    /// How many acts to skip after a success.
    pub skip: u8,
}

impl Slot {
    /// What stands before it when the kernel reads it as the last field, of 8 bytes, of a struct.
    pub fn before(self) -> Option<Vec<u8>> {
        let attributes = || super::linux::mount_attributes(super::linux::MOUNT_ATTR_IDMAP, 0);
        matches!(self, Self::IdMap(_)).then(|| attributes()[..24].to_vec())
    }
}

impl Step {
    /// A step without operations yet.
    pub fn new(phase: Phase, words: impl Into<String>, span: Span) -> Self {
        Self {
            words: words.into(),
            span,
            phase,
            promise: Promise::None,
            needs: &[],
            gives: &[],
            takes: &[],
            acts: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The promise that it keeps.
    pub fn promise(mut self, promise: Promise) -> Self {
        self.promise = promise;
        self
    }

    /// What must hold before it.
    pub fn needs(mut self, facts: &'static [Fact]) -> Self {
        self.needs = facts;
        self
    }

    /// What holds after it.
    pub fn gives(mut self, facts: &'static [Fact]) -> Self {
        self.gives = facts;
        self
    }

    /// What does not hold any more after it.
    pub fn takes(mut self, facts: &'static [Fact]) -> Self {
        self.takes = facts;
        self
    }

    /// Adds an operation.
    pub fn act(mut self, act: impl Into<Act>) -> Self {
        self.acts.push(act.into());
        self
    }

    /// Adds operations.
    pub fn acts(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.acts.extend(acts);
        self
    }

    /// Says what an errno of it means.
    pub fn note(mut self, errno: u32, text: impl Into<String>) -> Self {
        self.notes.push((errno, text.into()));
        self
    }
}

impl Call {
    /// A call that must return zero.
    pub fn new(number: u16, arguments: impl Into<Vec<Value>>) -> Self {
        Self {
            number,
            arguments: arguments.into(),
            success: Success::Zero,
            keep: Keep::Nothing,
            rules: Vec::new(),
            skip: 0,
        }
    }

    /// Everything that is not an errno is a success.
    pub fn any(mut self) -> Self {
        self.success = Success::NonNegative;
        self
    }

    /// Only the value of this argument is a success.
    pub fn equals(mut self, argument: u8) -> Self {
        self.success = Success::Equals(argument);
        self
    }

    /// The result is stored.
    pub fn keep(mut self, slot: Slot) -> Self {
        self.success = Success::NonNegative;
        self.keep = Keep::In(slot);
        self
    }

    /// What an errno means.
    pub fn on(mut self, errno: u8, then: boxwright_launcher::plan::operation::Then) -> Self {
        self.rules.push(Rule { errno, then });
        self
    }

    /// A success skips acts.
    pub fn then_skip(mut self, acts: u8) -> Self {
        self.skip = acts;
        self
    }
}

impl From<Call> for Act {
    fn from(call: Call) -> Self {
        Self::Call(call)
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
