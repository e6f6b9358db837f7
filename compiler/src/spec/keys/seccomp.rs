//! The keys of `[seccomp]`.

use super::{FILTER, Form, Key, Type, Word};

const ACTION: Type = Type::Words(&[
    Word::new("allow", "the call is made"),
    Word::new("errno", "the call fails with default_errno"),
    Word::new("kill_process", "the process dies by SIGSYS"),
    Word::new("kill_thread", "the thread dies by SIGSYS"),
    Word::new("trap", "the thread gets a SIGSYS that it can handle"),
    Word::new("log", "the call is made and logged"),
    Word::new("trace", "a tracer is told; without one the call fails with ENOSYS"),
]);

const ERRNO: Type = Type::Union(&[Type::Integer(1, 4095), Type::String(Form::Errno)]);

pub(super) const SECCOMP: &[Key] = &[
    Key::new("default_action", ACTION, "what happens to a system call that nothing allows")
        .default("\"errno\""),
    Key::new("default_errno", ERRNO, "the errno of default_action = \"errno\"").default("\"EPERM\""),
    Key::new(
        "allow",
        Type::List(&Type::String(Form::Syscall)),
        "system calls and @groups that are allowed; with default_action = \"allow\" there is no filter",
    )
    .default("[\"@minimal\"]"),
    Key::new(
        "deny",
        Type::NotYet(&Type::List(&Type::String(Form::Syscall)), FILTER),
        "system calls and @groups that are denied although another key allows them",
    ),
    Key::new(
        "rules",
        Type::NotYet(&Type::Map(Form::Name, &Type::Table(RULE)), FILTER),
        "named rules that look at arguments",
    ),
];

const RULE: &[Key] = &[
    Key::new("names", Type::List(&Type::String(Form::Syscall)), "the system calls").required(),
    Key::new("action", ACTION, "what happens to them").required(),
    Key::new("errno", ERRNO, "the errno of action = \"errno\""),
    Key::new("args", Type::List(&Type::Table(ARGUMENT)), "what the arguments must be"),
];

const ARGUMENT: &[Key] = &[
    Key::new("name", Type::String(Form::Text), "the argument's name in the kernel's prototype"),
    Key::new("index", Type::Integer(0, 5), "the argument's place"),
    Key::new(
        "op",
        Type::Words(&[
            Word::new("eq", "equal"),
            Word::new("ne", "not equal"),
            Word::new("lt", "less"),
            Word::new("le", "less or equal"),
            Word::new("gt", "greater"),
            Word::new("ge", "greater or equal"),
            Word::new("masked_eq", "equal under the mask"),
        ]),
        "the comparison",
    )
    .required(),
    Key::new("mask", NUMBER, "the mask of masked_eq"),
    Key::new("value", NUMBER, "what it is compared with").required(),
];

const NUMBER: Type = Type::Union(&[Type::Integer(i64::MIN, i64::MAX), Type::String(Form::Text)]);
