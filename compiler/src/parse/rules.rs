//! The classes of findings of this room.

use crate::diagnostic::Rule;

pub(super) const SYNTAX: Rule = Rule::error("syntax", "the file is not TOML");
pub(super) const DUPLICATE_KEY: Rule = Rule::error("duplicate-key", "a key or section is written twice");
pub(super) const HIDDEN_CHARACTER: Rule =
    Rule::error("hidden-character", "a character that a reviewer cannot see");
pub(super) const TOO_DEEP: Rule = Rule::error("too-deep", "keys, arrays or tables are nested too deeply");
pub(super) const UNKNOWN_KEY: Rule = Rule::error("unknown-key", "the language has no such key there");
pub(super) const MISSING_KEY: Rule = Rule::error("missing-key", "a key that must be there is not");
pub(super) const WRONG_TYPE: Rule =
    Rule::error("wrong-type", "a value has a type that its key does not take");
pub(super) const WRONG_VALUE: Rule =
    Rule::error("wrong-value", "a value is none of those that its key takes");
pub(super) const CONFLICTING_KEYS: Rule =
    Rule::error("conflicting-keys", "keys stand together that exclude each other");
pub(super) const UNKNOWN_VARIABLE: Rule = Rule::error("unknown-variable", "there is no such `${name}`");
pub(super) const MISPLACED_VALUE: Rule = Rule::error(
    "misplaced-value",
    "a value that only the launch knows stands where the compiler has to know it",
);
pub(super) const MISSING_VARIABLE: Rule =
    Rule::error("missing-variable", "a variable has neither a default nor a value");
pub(super) const CYCLIC_VARIABLE: Rule =
    Rule::error("cyclic-variable", "the value of a variable depends on itself");
pub(super) const UNUSED_VARIABLE: Rule = Rule::warning("unused-variable", "nothing uses a variable");
pub(super) const UNREADABLE: Rule = Rule::error("unreadable-layer", "a file that is extended cannot be read");
pub(super) const UNKNOWN_PROFILE: Rule =
    Rule::error("unknown-profile", "no profile of this name comes with the compiler");
pub(super) const EXTENDS_OUTSIDE: Rule =
    Rule::error("extends-outside", "a file outside of the repository is extended");
pub(super) const EXTENDS_CYCLE: Rule = Rule::error("extends-cycle", "a file extends itself");
pub(super) const EXTENDS_TWICE: Rule = Rule::error("extends-twice", "a file is extended on two ways");
pub(super) const EXTENDS_TOO_MANY: Rule =
    Rule::error("extends-too-many", "a spec is made of more files than anybody can review");
pub(super) const SHADOWED_VALUE: Rule =
    Rule::warning("shadowed-value", "of two files that are extended one overrides the other unasked");
pub(super) const NOT_SUPPORTED_YET: Rule =
    Rule::error("not-supported-yet", "the language has it, this version does not apply it");

/// Every rule of this room.
pub const RULES: &[Rule] = &[
    SYNTAX,
    DUPLICATE_KEY,
    HIDDEN_CHARACTER,
    TOO_DEEP,
    UNKNOWN_KEY,
    MISSING_KEY,
    WRONG_TYPE,
    WRONG_VALUE,
    CONFLICTING_KEYS,
    UNKNOWN_VARIABLE,
    MISPLACED_VALUE,
    MISSING_VARIABLE,
    CYCLIC_VARIABLE,
    UNUSED_VARIABLE,
    UNREADABLE,
    UNKNOWN_PROFILE,
    EXTENDS_OUTSIDE,
    EXTENDS_CYCLE,
    EXTENDS_TWICE,
    EXTENDS_TOO_MANY,
    SHADOWED_VALUE,
    NOT_SUPPORTED_YET,
];
