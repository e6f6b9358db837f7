//! The operations of a plan: one record of 48 bytes each, read and written side by side in one file each.
//!
//! Every record starts with the same fields; the rest belongs to the operation:
//!
//! | byte | field |
//! |---|---|
//! | 0 | the operation's number |
//! | 1 | its phase, which never decreases along a list |
//! | 2 | the promise that it serves |
//! | 3 | the operation's own |
//! | 4..6 | its origin's index |
//! | 6..48 | the operation's own |

mod assist;
mod call;
mod cgroup;
mod check;
mod directory;
mod each;
mod environment;
mod exec;
mod filter;
mod fork;
mod guard;
mod landlock;
mod netlink;
mod notify;
mod signals;
mod supervise;
mod terminal;
mod text;

pub use assist::Assist;
pub use call::{Argument, Call, Rule, Store, Success, Then};
pub use cgroup::{Cgroup, Make};
pub use check::{Check, Comparison, Otherwise};
pub use directory::Directory;
pub use each::Each;
pub use environment::{Environment, Listen, Strings};
pub use exec::Exec;
pub use filter::{Cookie, Filter};
pub use fork::Fork;
pub use guard::Guard;
pub use landlock::{Action, Landlock, Row};
pub use netlink::{Netlink, Patch};
pub use notify::Notify;
pub use signals::Signals;
pub use supervise::{Ending, Role, Supervise};
pub use terminal::Terminal;
pub use text::{Piece, Text};

/// The size of a record in bytes.
pub const RECORD_BYTES: usize = 48;

/// "No offset" where an offset is optional.
pub const NONE: u32 = u32::MAX;

/// One instruction of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Its place in the proven order: never lower than that of the operation before it.
    pub phase: u8,
    /// The promise that it serves; counted before the program starts.
    pub promise: Promise,
    /// The index of the origin that errors name.
    pub origin: u16,
    /// What it does.
    pub kind: Kind,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Makes a system call.
    Call(Call),
    /// Compares a word that the kernel wrote.
    Check(Check),
    /// Repeats the next call.
    Each(Each),
    /// Builds a text with values that only the launch knows.
    Text(Text),
    /// Resets signal dispositions.
    Signals(Signals),
    /// Builds argv and envp.
    Environment(Environment),
    /// Starts a child that runs another list.
    Fork(Fork),
    /// Installs a seccomp filter.
    Filter(Filter),
    /// Makes, fills or enforces a ruleset of Landlock.
    Landlock(Landlock),
    /// Executes the program: the only way out.
    Exec(Exec),
    /// Waits for the child.
    Supervise(Supervise),
    /// Sends a message to the kernel's network.
    Netlink(Netlink),
    /// Runs a program beside the child.
    Assist(Assist),
    /// Finds or makes control groups.
    Cgroup(Cgroup),
    /// Finds a directory that only the launch knows.
    Directory(Directory),
    /// Passes the service manager's socket on.
    Notify(Notify),
    /// Prepares the end of the sandbox.
    Guard(Guard),
    /// Leaves the caller's session, or finds the terminal that is shared.
    Terminal(Terminal),
}

/// What an operation protects. Executed operations are counted by promise and compared with the header before exec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Promise {
    /// It serves the launch itself.
    None,
    /// New namespaces.
    Namespaces,
    /// User and group ids and their maps.
    Identity,
    /// The new root, and that the old one is gone.
    Root,
    /// What is mounted in it.
    Mounts,
    /// Resource limits.
    Limits,
    /// The session, its terminal and the standard streams.
    Session,
    /// The session keyring.
    Keyring,
    /// Descriptors that are not the program's.
    Descriptors,
    /// Capabilities and securebits.
    Capabilities,
    /// no_new_privs.
    NoNewPrivileges,
    /// The seccomp filter.
    Seccomp,
    /// The Landlock ruleset.
    Landlock,
}

/// How many promises the header has room for.
pub const PROMISES: usize = 16;

/// Executed or declared operations by promise; those that keep none are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally(pub [u16; PROMISES]);

impl Tally {
    /// Counts an operation.
    pub fn count(&mut self, operation: &Operation) {
        if operation.promise != Promise::None
            && let Some(count) = self.0.get_mut(operation.promise as usize)
        {
            // More than a plan may have: a wrong count is a broken promise.
            *count = count.wrapping_add(1);
        }
    }
}

/// A record that no writer makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The bytes of one record.
pub struct Record<'a>(pub(super) &'a [u8; RECORD_BYTES]);

/// A record that is being written.
pub struct Sink([u8; RECORD_BYTES]);

impl Record<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.0[at]
    }

    fn half(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.0[at], self.0[at + 1]])
    }

    fn word(&self, at: usize) -> u32 {
        u32::from_le_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]])
    }

    fn long(&self, at: usize) -> u64 {
        u64::from(self.word(at)) | u64::from(self.word(at + 4)) << 32
    }

    /// Refuses a record with anything but zeros from `start` on: room that a later version may give a meaning.
    fn unused_from(&self, start: usize) -> Result<(), Malformed> {
        if self.0[start..].iter().all(|&byte| byte == 0) { Ok(()) } else { Err(Malformed) }
    }

    /// The same for a record whose own fields all lie from byte 8 up to `end`.
    fn plain_until(&self, end: usize) -> Result<(), Malformed> {
        if self.byte(3) != 0 || self.half(6) != 0 {
            return Err(Malformed);
        }
        self.unused_from(end)
    }
}

impl Sink {
    fn byte(&mut self, at: usize, value: u8) {
        self.0[at] = value;
    }

    fn half(&mut self, at: usize, value: u16) {
        self.0[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }

    fn word(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn long(&mut self, at: usize, value: u64) {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
}

impl Promise {
    /// Every promise, in the order of the header's counts.
    pub const ALL: [Self; 13] = [
        Self::None,
        Self::Namespaces,
        Self::Identity,
        Self::Root,
        Self::Mounts,
        Self::Limits,
        Self::Session,
        Self::Keyring,
        Self::Descriptors,
        Self::Capabilities,
        Self::NoNewPrivileges,
        Self::Seccomp,
        Self::Landlock,
    ];
}

impl Operation {
    /// Reads one record; a number, flag or value that no writer makes is [`Malformed`].
    pub fn read(bytes: &[u8; RECORD_BYTES]) -> Result<Self, Malformed> {
        let record = Record(bytes);
        let kind = match record.byte(0) {
            Call::NUMBER => Kind::Call(Call::read(&record)?),
            Check::NUMBER => Kind::Check(Check::read(&record)?),
            Each::NUMBER => Kind::Each(Each::read(&record)?),
            Text::NUMBER => Kind::Text(Text::read(&record)?),
            Signals::NUMBER => Kind::Signals(Signals::read(&record)?),
            Environment::NUMBER => Kind::Environment(Environment::read(&record)?),
            Fork::NUMBER => Kind::Fork(Fork::read(&record)?),
            Filter::NUMBER => Kind::Filter(Filter::read(&record)?),
            Landlock::NUMBER => Kind::Landlock(Landlock::read(&record)?),
            Exec::NUMBER => Kind::Exec(Exec::read(&record)?),
            Supervise::NUMBER => Kind::Supervise(Supervise::read(&record)?),
            Netlink::NUMBER => Kind::Netlink(Netlink::read(&record)?),
            Assist::NUMBER => Kind::Assist(Assist::read(&record)?),
            Cgroup::NUMBER => Kind::Cgroup(Cgroup::read(&record)?),
            Directory::NUMBER => Kind::Directory(Directory::read(&record)?),
            Notify::NUMBER => Kind::Notify(Notify::read(&record)?),
            Guard::NUMBER => Kind::Guard(Guard::read(&record)?),
            Terminal::NUMBER => Kind::Terminal(Terminal::read(&record)?),
            _ => return Err(Malformed),
        };
        let promise = *Promise::ALL.get(usize::from(record.byte(2))).ok_or(Malformed)?;
        Ok(Self { phase: record.byte(1), promise, origin: record.half(4), kind })
    }

    /// Writes the record that [`Operation::read`] reads back.
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut record = Sink([0; RECORD_BYTES]);
        let number = match &self.kind {
            Kind::Call(call) => {
                call.write(&mut record);
                Call::NUMBER
            }
            Kind::Check(check) => {
                check.write(&mut record);
                Check::NUMBER
            }
            Kind::Each(each) => {
                each.write(&mut record);
                Each::NUMBER
            }
            Kind::Text(text) => {
                text.write(&mut record);
                Text::NUMBER
            }
            Kind::Signals(signals) => {
                signals.write(&mut record);
                Signals::NUMBER
            }
            Kind::Environment(environment) => {
                environment.write(&mut record);
                Environment::NUMBER
            }
            Kind::Fork(fork) => {
                fork.write(&mut record);
                Fork::NUMBER
            }
            Kind::Filter(filter) => {
                filter.write(&mut record);
                Filter::NUMBER
            }
            Kind::Landlock(landlock) => {
                landlock.write(&mut record);
                Landlock::NUMBER
            }
            Kind::Exec(exec) => {
                exec.write(&mut record);
                Exec::NUMBER
            }
            Kind::Supervise(supervise) => {
                supervise.write(&mut record);
                Supervise::NUMBER
            }
            Kind::Netlink(netlink) => {
                netlink.write(&mut record);
                Netlink::NUMBER
            }
            Kind::Assist(assist) => {
                assist.write(&mut record);
                Assist::NUMBER
            }
            Kind::Cgroup(cgroup) => {
                cgroup.write(&mut record);
                Cgroup::NUMBER
            }
            Kind::Directory(directory) => {
                directory.write(&mut record);
                Directory::NUMBER
            }
            Kind::Notify(notify) => {
                notify.write(&mut record);
                Notify::NUMBER
            }
            Kind::Guard(guard) => {
                guard.write(&mut record);
                Guard::NUMBER
            }
            Kind::Terminal(terminal) => {
                terminal.write(&mut record);
                Terminal::NUMBER
            }
        };
        record.byte(0, number);
        record.byte(1, self.phase);
        record.byte(2, self.promise as u8);
        record.half(4, self.origin);
        record.0
    }

    /// Whether a list ends here: the program runs, or the child is waited for.
    pub fn ends_list(&self) -> bool {
        matches!(self.kind, Kind::Exec(_) | Kind::Supervise(_))
    }
}
