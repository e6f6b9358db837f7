//! The keys of `[seccomp]`.

use super::{Form, Key, OTHER_MACHINES, Type, Word};

const ACTION: Type = Type::Words(&[
    Word::new("allow", "the call is made"),
    Word::new("errno", "the call fails with an errno"),
    Word::new("kill_process", "the process dies by SIGSYS"),
    Word::new("kill_thread", "the thread dies by SIGSYS"),
    Word::new("trap", "the thread gets a SIGSYS that it can handle"),
    Word::new("log", "the call is made and logged"),
    Word::new("trace", "a tracer is told; without one the call fails with ENOSYS"),
]);

const ERRNO: Type = Type::Union(&[Type::Integer(1, 4095), Type::String(Form::Errno)]);

const SYSCALLS: Type = Type::List(&Type::String(Form::Syscall));

pub(super) const SECCOMP: &[Key] = &[
    Key::new(
        "arches",
        Type::List(&Type::Words(&[
            Word::new("x86_64", "64-bit x86 without x32, which the launcher is"),
            Word::new("i386", "32-bit x86, as 64-bit kernels run it too"),
            Word::not_yet("aarch64", "64-bit Arm", OTHER_MACHINES),
            Word::not_yet("riscv64", "64-bit RISC-V", OTHER_MACHINES),
        ])),
        "the architectures whose system calls may be made; a call of any other one kills the process",
    )
    .default("[\"x86_64\"]")
    .in_order(),
    Key::new("default_action", ACTION, "what happens to a system call that no list and no rule decides")
        .default("\"errno\""),
    Key::new("default_errno", ERRNO, "the errno of default_action, of deny, and of rules that name none")
        .default("\"EPERM\""),
    Key::new(
        "allow",
        SYSCALLS,
        "system calls and @groups that are allowed, io_uring's by their names only; a rule that allows some calls takes their place here",
    )
    .default("[\"@minimal\"]"),
    Key::new("deny", SYSCALLS, "system calls and @groups that fail although another key allows them")
        .default("[]"),
    Key::new("log", SYSCALLS, "system calls and @groups that are allowed and logged").default("[]"),
    Key::new("kill", SYSCALLS, "system calls and @groups whose use kills the process").default("[]"),
    Key::new(
        "flags",
        Type::List(&Type::Words(&[
            Word::new("log", "what the filter refuses is logged (SECCOMP_FILTER_FLAG_LOG)"),
            Word::new("spec_allow", "no mitigation of speculation for its sake (SECCOMP_FILTER_FLAG_SPEC_ALLOW)"),
        ])),
        "how the kernel installs the filter",
    )
    .default("[]"),
    Key::new("rules", Type::Map(Form::Name, &Type::Table(RULE)), "named rules that look at arguments"),
];

const RULE: &[Key] = &[
    Key::new("names", SYSCALLS, "the system calls").required(),
    Key::new("action", ACTION, "what happens to the calls that it matches").required(),
    Key::new("errno", ERRNO, "the errno of action = \"errno\"; default_errno when absent"),
    Key::new("args", Type::List(&Type::Table(ARGUMENT)), "what the arguments must be, all of it"),
];

const ARGUMENT: &[Key] = &[
    Key::new("name", Type::String(Form::Text), "the argument's name in the kernel's prototype"),
    Key::new("index", Type::Integer(0, 5), "the argument's place, from 0"),
    Key::new(
        "op",
        Type::Words(&[
            Word::new("eq", "equal, to one of them when value is a list"),
            Word::new("ne", "not equal, to none of them when value is a list"),
            Word::new("lt", "less, unsigned"),
            Word::new("le", "less or equal, unsigned"),
            Word::new("gt", "greater, unsigned"),
            Word::new("ge", "greater or equal, unsigned"),
            Word::new("masked_eq", "equal under the mask"),
        ]),
        "the comparison, of the bits that the kernel reads",
    )
    .required(),
    Key::new("mask", NUMBER, "the bits that masked_eq compares"),
    Key::new(
        "value",
        Type::Union(&[INTEGER, CONSTANT, Type::List(&NUMBER)]),
        "what it is compared with: a number, names of constants joined by |, or a list of them",
    )
    .required(),
];

const INTEGER: Type = Type::Integer(i64::MIN, i64::MAX);
const CONSTANT: Type = Type::String(Form::Constant);
const NUMBER: Type = Type::Union(&[INTEGER, CONSTANT]);
