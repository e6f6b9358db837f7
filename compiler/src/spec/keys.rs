//! The key table: every key of the language, declared once with its type, default, meaning and status.
//!
//! The parser, "expected one of", "did you mean" and the not-supported-yet findings read it; so will the JSON Schema
//! and the reference. To add a key: an entry here, a field in [`Spec`](super::Spec), a line in `parse/` and one in
//! `resolve/`.

mod cgroup;
mod filesystem;
mod landlock;
mod namespaces;
mod network;
mod process;
mod repository;
mod rlimits;
mod root;
mod scheduling;
mod seccomp;
mod words;

pub use repository::REPOSITORY;
pub use root::ROOT;
pub use scheduling::CPU_MAX;
pub use words::{alternatives, expected};

/// One key of a table.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What may stand to the right of the equals sign.
    pub ty: Type,
    /// What holds when it is not written.
    pub presence: Presence,
    /// What it is for, in one line.
    pub doc: &'static str,
    /// Of a list: does its order matter? A spec then replaces what it inherits, and adds to it otherwise.
    pub in_order: bool,
}

/// What holds when a key is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must be written.
    Required,
    /// Nothing is asked for.
    Optional,
    /// The same as if this TOML value had been written.
    Default(&'static str),
}

/// What may be written as a value.
#[derive(Debug)]
pub enum Type {
    /// `true` or `false`.
    Boolean,
    /// Only this one of the two.
    Constant(bool),
    /// An integer within these bounds.
    Integer(i64, i64),
    /// A TCP port.
    Port,
    /// A file mode as an octal literal, at most this.
    Mode(u32),
    /// A number of bytes: an integer, or a string such as `"64MiB"`.
    Bytes,
    /// A length of time: a string such as `"1m30s"`.
    Duration(Sign),
    /// A share of processors: `1.5`, or a string such as `"150%"`.
    Cpus,
    /// A string of some form.
    String(Form),
    /// One of these strings.
    Words(&'static [Word]),
    /// An array.
    List(&'static Type),
    /// A table with these keys.
    Table(&'static [Key]),
    /// A table whose keys have this form, and whose values are all of one type.
    Map(Form, &'static Type),
    /// A table that is one of several kinds, told by the first key of each kind; a kind whose first key is not
    /// required is told by any of its keys.
    Kinds(&'static [&'static [Key]]),
    /// Any of these; words come before free strings.
    Union(&'static [Type]),
    /// Part of the language that this version does not apply: what will bring it.
    NotYet(&'static Type, &'static str),
}

/// May a duration be negative?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// No.
    Positive,
    /// Yes: `"-1h"`.
    Either,
}

/// What a string stands for; the pass that looks it up checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// An absolute path.
    Path,
    /// An absolute path of the host, in which values that only the launch knows may stand.
    HostPath,
    /// The name of an environment variable.
    Variable,
    /// A host or domain name.
    HostName,
    /// The name of a sandbox, of a rule, of a spec variable.
    Name,
    /// A capability such as CAP_NET_BIND_SERVICE.
    Capability,
    /// A system call, or a group such as @minimal.
    Syscall,
    /// An errno such as EPERM.
    Errno,
    /// Constants that arguments are compared with, such as AF_INET, joined by `|`.
    Constant,
    /// Processors such as 0-3,5.
    Cpus,
    /// A signal such as SIGTERM.
    Signal,
    /// An IP address, with or without a prefix length.
    Address,
    /// The name of a network interface.
    Interface,
    /// A percentage such as 33.3%.
    Percentage,
    /// A size of huge pages such as 2MB.
    HugePage,
    /// A block device by its numbers such as 8:0.
    Device,
    /// A day such as 2027-06-30.
    Date,
    /// A version such as 6.7.
    Version,
    /// A place in a spec such as filesystem.mounts."/srv".
    Place,
}

/// One of the strings of [`Type::Words`].
#[derive(Debug)]
pub struct Word {
    /// As it is written, without the quotes.
    pub name: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
    /// What will bring it, if this version does not apply it.
    pub not_yet: Option<&'static str>,
}

/// The largest id: system calls take the next number for "unchanged".
const ID_MAX: i64 = u32::MAX as i64 - 1;

const REVIEW: &str = "a later version brings it, together with the tools for reviews";
const OTHER_MACHINES: &str = "a later version brings it, together with launchers for other machines";

impl Key {
    /// Does this version apply it?
    pub fn is_supported(&self) -> bool {
        !matches!(self.ty, Type::NotYet(..))
    }

    const fn new(name: &'static str, ty: Type, doc: &'static str) -> Self {
        Self { name, ty, presence: Presence::Optional, doc, in_order: false }
    }

    const fn required(mut self) -> Self {
        self.presence = Presence::Required;
        self
    }

    const fn default(mut self, toml: &'static str) -> Self {
        self.presence = Presence::Default(toml);
        self
    }

    const fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }
}

impl Type {
    /// The type of a key's value in a table of this type.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let of = |keys: &'static [Key]| keys.iter().find(|key| key.name == name).map(|key| &key.ty);
        match self {
            Self::Table(keys) => of(keys),
            Self::Map(_, ty) => Some(ty),
            Self::Kinds(kinds) => kinds.iter().find_map(|keys| of(keys)),
            Self::Union(types) => types.iter().find_map(|ty| ty.member(name)),
            Self::NotYet(ty, _) => ty.member(name),
            _ => None,
        }
    }

    /// The type of an item in a list of this type.
    pub fn item(&self) -> Option<&Self> {
        match self {
            Self::List(ty) => Some(ty),
            Self::Union(types) => types.iter().find_map(Self::item),
            Self::NotYet(ty, _) => ty.item(),
            _ => None,
        }
    }

    /// May `true` or `false` be written?
    pub fn takes_boolean(&self) -> bool {
        match self {
            Self::Boolean | Self::Constant(_) => true,
            Self::Union(types) => types.iter().any(Self::takes_boolean),
            Self::NotYet(ty, _) => ty.takes_boolean(),
            _ => false,
        }
    }

    /// May this be written as a string?
    pub fn takes_text(&self, text: &str) -> bool {
        match self {
            Self::Bytes | Self::Cpus | Self::Duration(_) | Self::String(_) => true,
            Self::Words(words) => words.iter().any(|word| word.name == text),
            Self::Union(types) => types.iter().any(|ty| ty.takes_text(text)),
            Self::NotYet(ty, _) => ty.takes_text(text),
            _ => false,
        }
    }
}

impl Word {
    const fn new(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc, not_yet: None }
    }

    const fn not_yet(name: &'static str, doc: &'static str, milestone: &'static str) -> Self {
        Self { name, doc, not_yet: Some(milestone) }
    }
}
