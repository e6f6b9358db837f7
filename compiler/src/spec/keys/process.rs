//! The keys of `[process]`.

use super::scheduling::{CPU_AFFINITY, HUGE_PAGES, IO_PRIORITY, PERSONALITY, SCHEDULER};
use super::{Form, ID_MAX, Key, Sign, Type, Word};

const STREAM: Type = Type::Union(&[
    Type::Words(&[Word::new("inherit", "the launcher's own"), Word::new("null", "/dev/null")]),
    Type::Table(FILE),
]);

const FILE: &[Key] = &[Key::new(
    "file",
    Type::String(Form::HostPath),
    "a file of the host, which must be there; it is opened for appending and not truncated at launch, but the program can overwrite it",
)
.required()];

pub(super) const PROCESS: &[Key] = &[
    Key::new(
        "args",
        Type::List(&Type::String(Form::Text)),
        "the program and its arguments; the first is an absolute path inside, and is what is executed",
    )
    .required()
    .in_order(),
    Key::new("append_args", Type::Boolean, "may the launcher's own arguments be appended?").default("false"),
    Key::new(
        "user",
        Type::Union(&[
            Type::Words(&[Word::new("caller", "whoever starts the launcher; refused when that is root")]),
            Type::Table(USER),
        ]),
        "the ids of the program, as seen inside",
    )
    .default("\"caller\""),
    Key::new("cwd", Type::String(Form::Path), "the working directory inside").default("\"/\""),
    Key::new("umask", Type::Mode(0o777), "the file mode creation mask").default("0o077"),
    Key::new(
        "env",
        Type::Map(Form::Variable, &Type::String(Form::Text)),
        "environment variables with fixed values; nothing else is in the environment",
    )
    .default("{}"),
    Key::new(
        "env_pass",
        Type::List(&Type::String(Form::Variable)),
        "environment variables that are passed on when the caller has them",
    )
    .default("[]"),
    Key::new(
        "capabilities",
        Type::List(&Type::String(Form::Capability)),
        "what the program has after exec; everything else is gone for good",
    )
    .default("[]"),
    Key::new(
        "exec",
        Type::Union(&[
            Type::Words(&[
                Word::new("any", "whatever the mounts let it execute"),
                Word::new("once", "the program can never execute another: the filter lets only the launcher's own execve pass"),
            ]),
            Type::List(&Type::String(Form::Path)),
        ]),
        "what the program may execute in turn; a list names files: programs, and the interpreters that they name",
    )
    .default("\"any\""),
    Key::new(
        "keep_fds",
        Type::List(&Type::Union(&[
            Type::Integer(3, i32::MAX as i64),
            Type::Words(&[Word::new(
                "listen",
                "the sockets that a service manager has opened for the launcher, with LISTEN_FDS, LISTEN_FDNAMES and the program's LISTEN_PID",
            )]),
        ])),
        "descriptors of the launcher that the program keeps, which must be open; all others are closed",
    )
    .default("[]"),
    Key::new(
        "notify",
        Type::Boolean,
        "may it tell the service manager that it is ready and alive? NOTIFY_SOCKET, which is bound at /run/host/notify, and the watchdog's variables are passed on",
    )
    .default("false"),
    Key::new(
        "terminal",
        Type::Words(&[
            Word::new("new_session", "the program has no controlling terminal"),
            Word::new("inherit", "the program shares the launcher's in a process group of its own, as a shell's job; the filter refuses to push input into it, and `dev = \"minimal\"` has it at /dev/console"),
        ]),
        "what becomes of the controlling terminal",
    )
    .default("\"new_session\""),
    Key::new("stdin", STREAM, "where standard input comes from").default("\"inherit\""),
    Key::new("stdout", STREAM, "where standard output goes").default("\"inherit\""),
    Key::new("stderr", STREAM, "where standard error goes").default("\"inherit\""),
    Key::new(
        "keyring",
        Type::Words(&[
            Word::new("new", "a fresh session keyring"),
            Word::new("inherit", "the launcher's own, where a container forbids keyctl"),
        ]),
        "the session keyring",
    )
    .default("\"new\""),
    Key::new("scheduler", Type::Table(SCHEDULER), "how the kernel gives it processor time"),
    Key::new("io_priority", Type::Table(IO_PRIORITY), "how the kernel gives it disks; the filter keeps it so"),
    Key::new(
        "cpu_affinity",
        CPU_AFFINITY,
        "the processors that it may run on, all of which must be there; the filter keeps it to them",
    ),
    Key::new(
        "oom_score_adj",
        Type::Integer(-1000, 1000),
        "how readily it is killed when memory runs out; the launcher's own when absent",
    ),
    Key::new(
        "timer_slack",
        Type::Duration(Sign::Positive),
        "how much later than asked its sleep may end; the launcher's own when absent",
    ),
    Key::new("core_scheduling", Type::Boolean, "does it share processor cores only with its own processes?")
        .default("false"),
    Key::new("personality", PERSONALITY, "its execution domain; flags such as ADDR_NO_RANDOMIZE are cleared")
        .default("\"linux\""),
    Key::new(
        "memory_deny_write_execute",
        Type::Boolean,
        "is memory that was writable, or is, never executable?",
    )
    .default("false"),
    Key::new("transparent_huge_pages", HUGE_PAGES, "does its memory come in huge pages?")
        .default("\"inherit\""),
];

const USER: &[Key] = &[
    Key::new("uid", Type::Integer(0, ID_MAX), "the user id").required(),
    Key::new("gid", Type::Integer(0, ID_MAX), "the group id").required(),
    Key::new(
        "groups",
        Type::List(&Type::Integer(0, ID_MAX)),
        "supplementary groups, exactly these; dropped where the kernel permits it when absent",
    ),
];
