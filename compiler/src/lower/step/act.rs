//! The operations of a step, with their values still in place.

use super::{Buffer, Slot, Step, Value};
use crate::policy::RunDirectory;
use crate::source::Span;
use boxwright_launcher::plan::operation::{Comparison, Cookie, Role, Row, Rule, Success, Then};

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
        /// Why it fails with a socket that takes no datagrams.
        stream: &'static str,
    },
    /// The process starts a session of its own, in a child when it cannot: [`Slot::Child`], which then finds its parent in
    /// [`Slot::Parent`].
    LeaveSession,
    /// The caller's terminal is found, and its path goes to [`Buffer::Terminal`].
    ShareTerminal,
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
    /// Two processes are started outside that end the sandbox, told by [`Slot::GuardOutside`].
    Guard {
        /// They may lack the right to enter the child's pid namespace.
        may_stay_out: bool,
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
        /// The outside's end of the channel, when it shares the terminal; the inside's follows.
        channel: Option<Slot>,
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
    pub fn on(mut self, errno: u8, then: Then) -> Self {
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
