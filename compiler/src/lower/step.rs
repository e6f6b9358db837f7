//! The steps of a launch: what each does, and what it needs, gives and takes away.
//!
//! A step knows nothing of offsets: strings, blobs, slots and buffers get theirs in `encode`.

mod act;
mod value;

pub use act::{Act, Call, Else, Ending, Filter, Keep, Landlock, Part, Place};
pub use value::{Buffer, Slot, Value};

use crate::source::Span;
use boxwright_launcher::plan::operation::Promise;

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
    /// The process is in the user namespace that the launch began in, or in the new one: none that others are in.
    LaunchUser,
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
