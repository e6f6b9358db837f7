//! The classes of findings of this room.

use crate::diagnostic::Rule;

pub(super) const SYNTAX: Rule = Rule::error("syntax", "the file is not TOML").why(
    "A spec is TOML 1.0. What cannot be read as that is told with its place, all of it in one run, \
        and what could be read is still checked; but nothing is built from a part of a spec.\n\n\
        Correct the line that is shown. Strings stand in quotes, keys are written once, and `#` begins a \
        comment.",
);
pub(super) const DUPLICATE_KEY: Rule = Rule::error("duplicate-key", "a key or section is written twice").why(
    "TOML permits a key once. Two values for one key would mean that a reviewer reads one and the \
        compiler takes the other.\n\n\
        Keep one of them. A section is written once, with all of its keys.",
);
pub(super) const TOML_1_1_SYNTAX: Rule =
    Rule::warning("toml-1.1-syntax", "something is written as only TOML 1.1 permits").why(
        "TOML 1.1 permits line breaks and a last comma in inline tables, and the escapes `\\e` and \
        `\\x41`. This compiler reads them, but the language is TOML 1.0: editors, formatters and \
        libraries of other languages refuse such a file or, worse, read it differently.\n\n\
        Write the table on one line, or as a section of its own; write the escape as `\\u001B`.",
    );
pub(super) const HIDDEN_CHARACTER: Rule =
    Rule::error("hidden-character", "a character that a reviewer cannot see").why(
        "Characters that nobody can see, and marks that reorder text, make a reviewer read another file \
        than the compiler does: CVE-2021-42574, \"Trojan Source\". They are refused everywhere, also in \
        comments.\n\n\
        Take the character out, or write it as an escape in a string in double quotes.",
    );
pub(super) const TOO_DEEP: Rule = Rule::error("too-deep", "keys, arrays or tables are nested too deeply")
    .why(
        "Keys, arrays and tables that are nested without end cost a parser memory and stack, and no spec \
        needs them.\n\n\
        Write fewer levels: no key of the language is deep.",
    );
pub(super) const UNKNOWN_KEY: Rule = Rule::error("unknown-key", "the language has no such key there").why(
    "A key that is not known is an error, never ignored: a misspelt protection would otherwise be \
        none. Words of other tools (compose, systemd, OCI, bubblewrap, the kernel's cgroup files) are \
        answered with ours.\n\n\
        Take the key that the finding names, or look for it in the reference of the language.",
);
pub(super) const MISSING_KEY: Rule = Rule::error("missing-key", "a key that must be there is not").why(
    "Some keys have no default that would be right for anybody: the version of the language, the \
        program, the parts of a mount or a rule.\n\n\
        Add the key that the finding names.",
);
pub(super) const WRONG_TYPE: Rule =
    Rule::error("wrong-type", "a value has a type that its key does not take").why(
        "Every key takes one type, or a few. Nothing is converted, since `\"no\"` is not `false` and \
        `022` is not octal.\n\n\
        Write a value of the type that the finding names.",
    );
pub(super) const WRONG_VALUE: Rule =
    Rule::error("wrong-value", "a value is none of those that its key takes").why(
        "A key that takes one of some words, or numbers of some form, gets another one. Modes are octal, \
        with `0o`, because a decimal mode is nearly always a mistake.\n\n\
        Write one of the values that the finding names.",
    );
pub(super) const CONFLICTING_KEYS: Rule =
    Rule::error("conflicting-keys", "keys stand together that exclude each other").why(
        "An entry says one thing: a mount is a bind or a tmpfs, a namespace is joined by a path or by a \
        descriptor. Two at once leave open which is meant.\n\n\
        Keep the one that is meant.",
    );
pub(super) const UNKNOWN_VARIABLE: Rule = Rule::error("unknown-variable", "there is no such `${name}`").why(
    "`${name}` in a string stands for a value. One that is not known is an error, since an empty text \
        in its place could be a path nobody meant.\n\n\
        Correct the name. Where it is a text for the program, as in a command of a shell, write `$${name}`.",
);
pub(super) const MISPLACED_VALUE: Rule = Rule::error(
    "misplaced-value",
    "a value that only the launch knows stands where the compiler has to know it",
)
.why(
    "`${run.cwd}` and its kin are known only at launch. They may begin the path of something of the \
        host, and stand nowhere else: the compiler would have to know them to check or to build what \
        they are in.\n\n\
        Use such a value at the start of a host path, or write the path itself.",
);
pub(super) const MISSING_VARIABLE: Rule =
    Rule::error("missing-variable", "a variable has neither a default nor a value").why(
        "A variable of `[vars]` without a default is one that whoever uses the spec has to say something \
        about: a limit of memory, the directory of state. An empty text in its place would be a value \
        that nobody chose.\n\n\
        Give it with `--var NAME=VALUE`, or write a default.",
    );
pub(super) const CYCLIC_VARIABLE: Rule =
    Rule::error("cyclic-variable", "the value of a variable depends on itself").why(
        "The value of a variable may have others in it. One that leads back to itself has no value.\n\n\
        Write one of them out.",
    );
pub(super) const UNUSED_VARIABLE: Rule = Rule::warning("unused-variable", "nothing uses a variable").why(
    "A variable that nothing uses is left over, or misspelt where it was to be used; a reviewer who \
    changes it changes nothing.\n\n\
    Take it out, or use it.",
);
pub(super) const UNREADABLE: Rule = Rule::error("unreadable-layer", "a file that is extended cannot be read")
    .why(
        "A file that is extended is a part of the spec. When it cannot be read what it protects would be \
        missing, so nothing is built.\n\n\
        Correct the path, which is relative to the file that extends, or the file's permissions.",
    );
pub(super) const UNKNOWN_PROFILE: Rule =
    Rule::error("unknown-profile", "no profile of this name comes with the compiler").why(
        "`builtin:NAME` is one of the profiles that come with the compiler. There is no search path, and \
        so nothing else that could be meant.\n\n\
        Use one of those that the finding names, or the path of a file.",
    );
pub(super) const EXTENDS_OUTSIDE: Rule =
    Rule::error("extends-outside", "a file outside of the repository is extended").why(
        "What a spec extends belongs to the same repository, and is reviewed with it. A path that leads \
        out of it, through `..` or a symbolic link, would let a file that nobody reviewed widen the \
        sandbox.\n\n\
        Copy the file into the repository.",
    );
pub(super) const EXTENDS_CYCLE: Rule = Rule::error("extends-cycle", "a file extends itself").why(
    "A file that extends itself, over others or directly, has no first layer to begin with.\n\n\
    Take one of the lines out.",
);
pub(super) const EXTENDS_TWICE: Rule = Rule::error("extends-twice", "a file is extended on two ways").why(
    "A file that is extended on two ways would be merged twice, and which of its values hold would \
    depend on the order.\n\n\
    Extend it once, from the file that both have in common.",
);
pub(super) const EXTENDS_TOO_MANY: Rule =
    Rule::error("extends-too-many", "a spec is made of more files than anybody can review").why(
        "Each file of a spec is one more that a reviewer has to read to know what holds. Beyond the limit \
        nobody does.\n\n\
        Join some of them; `boxwright show --resolved --origin` prints what they come to.",
    );
pub(super) const SHADOWED_VALUE: Rule =
    Rule::warning("shadowed-value", "of two files that are extended one overrides the other unasked").why(
        "Of two files that are extended side by side the later one overrides the earlier. Where both set \
        a key the author of the first does not know that it no longer holds.\n\n\
        Say in the spec itself which value is meant, or take one out. `boxwright show --resolved \
        --origin` tells where each value comes from.",
    );
pub(super) const NOT_SUPPORTED_YET: Rule =
    Rule::error("not-supported-yet", "the language has it, this version does not apply it").why(
        "The language is larger than what this version applies. A key that would be ignored is refused \
        instead, or a spec would promise more than it does.\n\n\
        Take it out, or wait for a version that has it.",
    );

/// Every rule of this room.
pub const RULES: &[Rule] = &[
    SYNTAX,
    DUPLICATE_KEY,
    TOML_1_1_SYNTAX,
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
