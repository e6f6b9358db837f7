//! The classes of findings of this room.

use crate::diagnostic::Rule;

pub(super) const INVALID_NAME: Rule = Rule::error("invalid-name", "a name has a form that it must not have");
pub(super) const INVALID_PATH: Rule = Rule::error("invalid-path", "a path is not absolute and normalised");
pub(super) const INVALID_TEXT: Rule = Rule::error("invalid-text", "a text cannot be handed to the kernel");
pub(super) const INVALID_AMOUNT: Rule =
    Rule::error("invalid-amount", "a size, duration or limit cannot be understood or is out of range");
pub(super) const INVALID_VERSION: Rule = Rule::error("invalid-version", "a version of Linux is none");
pub(super) const INVALID_MAPPING: Rule = Rule::error("invalid-mapping", "an id mapping is out of range");
pub(super) const INVALID_ADDRESS: Rule =
    Rule::error("invalid-address", "an address is none, or not one that an interface or a route can have");
pub(super) const INVALID_INTERFACE: Rule =
    Rule::error("invalid-interface", "an interface lacks what its kind needs, or has what another kind has");
pub(super) const UNKNOWN_CAPABILITY: Rule =
    Rule::error("unknown-capability", "the kernel has no such capability");
pub(super) const UNKNOWN_SYSCALL: Rule =
    Rule::error("unknown-syscall", "the architecture has no such system call");
pub(super) const UNKNOWN_SIGNAL: Rule =
    Rule::error("unknown-signal", "the kernel has no such signal, or none that ends a program");
pub(super) const UNKNOWN_ERRNO: Rule = Rule::error("unknown-errno", "the kernel has no such errno");
pub(super) const UNKNOWN_CONSTANT: Rule =
    Rule::error("unknown-constant", "the kernel's headers have no such constant");
pub(super) const UNKNOWN_ARGUMENT: Rule =
    Rule::error("unknown-argument", "a system call has no such argument");
pub(super) const INVALID_CONDITION: Rule = Rule::error(
    "invalid-condition",
    "a condition on an argument has no meaning, holds never or holds always",
);
pub(super) const EMPTY_RULE: Rule = Rule::error("empty-rule", "a rule speaks of no system call");
pub(super) const TOO_MANY_RULES: Rule =
    Rule::error("too-many-rules", "the rules are more than any filter could hold");
pub(super) const SCHEDULER_MISMATCH: Rule = Rule::error(
    "scheduler-mismatch",
    "a scheduling policy lacks a parameter of its own, or has one of another's",
);
pub(super) const DUPLICATE_ENTRY: Rule = Rule::error("duplicate-entry", "a list names something twice");
pub(super) const DUPLICATE_DESTINATION: Rule =
    Rule::error("duplicate-destination", "two keys ask for something at one destination");
pub(super) const OVERLAPPING_LAYERS: Rule =
    Rule::error("overlapping-layers", "a directory of an overlay is in another one of it");
pub(super) const TOO_MANY_MOUNTS: Rule =
    Rule::error("too-many-mounts", "the tree has more entries than a launch can make");
pub(super) const REMOVES_NOTHING: Rule =
    Rule::error("removes-nothing", "`false` takes away what nothing has given");
pub(super) const WITHOUT_EFFECT: Rule =
    Rule::warning("without-effect", "a key is written that changes nothing here");
pub(super) const NO_SECCOMP: Rule = Rule::warning("no-seccomp", "the program may make every system call");

/// Every rule of this room.
pub const RULES: &[Rule] = &[
    INVALID_NAME,
    INVALID_PATH,
    INVALID_TEXT,
    INVALID_AMOUNT,
    INVALID_VERSION,
    INVALID_MAPPING,
    INVALID_ADDRESS,
    INVALID_INTERFACE,
    UNKNOWN_CAPABILITY,
    UNKNOWN_SYSCALL,
    UNKNOWN_SIGNAL,
    UNKNOWN_ERRNO,
    UNKNOWN_CONSTANT,
    UNKNOWN_ARGUMENT,
    INVALID_CONDITION,
    EMPTY_RULE,
    TOO_MANY_RULES,
    SCHEDULER_MISMATCH,
    DUPLICATE_ENTRY,
    DUPLICATE_DESTINATION,
    OVERLAPPING_LAYERS,
    TOO_MANY_MOUNTS,
    REMOVES_NOTHING,
    WITHOUT_EFFECT,
    NO_SECCOMP,
];
