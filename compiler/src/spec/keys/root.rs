//! The top level of a spec, and the small sections.

use super::{Form, Key, REVIEW, Type, Word};
use super::{cgroup, filesystem, landlock, namespaces, network, process, rlimits, seccomp};

/// The keys of the top level; every other table of the language hangs from it.
pub static ROOT: &[Key] = &[
    Key::new("version", Type::Integer(1, 1), "the version of the spec language").required(),
    Key::new(
        "name",
        Type::String(Form::Name),
        "the sandbox's name, the prefix of launch errors; the file's name without .sandbox.toml when absent",
    ),
    Key::new("description", Type::String(Form::Text), "what the sandbox is for, for people"),
    Key::new(
        "extends",
        Type::List(&Type::String(Form::Text)),
        "specs that this one adds to, the last one first: relative paths or builtin:NAME",
    ),
    Key::new("hostname", Type::String(Form::HostName), "the host name in the new UTS namespace"),
    Key::new("domainname", Type::String(Form::HostName), "the NIS domain name in the new UTS namespace"),
    Key::new(
        "vars",
        Type::Map(
            Form::Name,
            &Type::Union(&[VALUE, Type::Integer(i64::MIN, i64::MAX), Type::Table(VARIABLE)]),
        ),
        "variables for ${name} in strings and mount keys, where $${ is the text ${; one without a value has to be given one",
    ),
    Key::new("process", Type::Table(process::PROCESS), "who the program is and how it starts").required(),
    Key::new("filesystem", Type::Table(filesystem::FILESYSTEM), "what the program sees of files"),
    Key::new("namespaces", Type::Table(namespaces::NAMESPACES), "which namespaces are the sandbox's own"),
    Key::new("network", Type::Table(network::NETWORK), "what the new network namespace has"),
    Key::new(
        "landlock",
        Type::Table(landlock::LANDLOCK),
        "Landlock beyond what follows from the mounts; only narrows",
    ),
    Key::new("seccomp", Type::Table(seccomp::SECCOMP), "which system calls the program may make"),
    Key::new(
        "cgroup",
        Type::Table(cgroup::CGROUP),
        "the sandbox's own control group and its limits; the kernel's files in snake_case",
    ),
    Key::new("rlimits", Type::Table(rlimits::RLIMITS), "resource limits of setrlimit(2)"),
    Key::new("lifecycle", Type::Table(LIFECYCLE), "when the sandbox ends"),
    Key::new("requires", Type::Table(REQUIRES), "what the kernel must offer, and what may be missing"),
    Key::new(
        "accept",
        Type::List(&Type::Table(ACCEPT)),
        "findings that somebody has looked at, and that are not told any more",
    ),
    Key::new(
        "test",
        Type::NotYet(
            &Type::List(&Type::Kinds(&[TEST_SYSCALL, TEST_PATH, TEST_PORT, TEST_CAPABILITY])),
            REVIEW,
        ),
        "what the sandbox must allow or deny",
    ),
];

const VALUE: Type = Type::String(Form::Text);

const VARIABLE: &[Key] = &[
    Key::new(
        "default",
        Type::Union(&[VALUE, Type::Integer(i64::MIN, i64::MAX)]),
        "the value unless a spec that extends this one, or --var, gives another",
    ),
    Key::new("description", Type::String(Form::Text), "what the variable is for"),
];

const LIFECYCLE: &[Key] = &[
    Key::new(
        "timeout",
        Type::Duration(super::Sign::Positive),
        "how long the program may run: then it gets kill_signal, and the launcher ends with 124",
    ),
    Key::new(
        "kill_signal",
        Type::String(Form::Signal),
        "what the program gets when the time is up, and for a SIGTERM to the launcher",
    )
    .default("\"SIGTERM\""),
    Key::new(
        "kill_timeout",
        Type::Duration(super::Sign::Positive),
        "how long after kill_signal everything is killed; when absent 10s beside a timeout, and else whoever ends it decides",
    ),
    Key::new(
        "die_with_parent",
        Type::Boolean,
        "kill the sandbox when the process that started the launcher dies",
    )
    .default("false"),
    Key::new(
        "status_fd",
        Type::Integer(3, i32::MAX as i64),
        "the descriptor, open at launch, that its start and end are told to as lines of JSON; a launch that begins again \
        tells another start, and the last one counts",
    ),
];

const REQUIRES: &[Key] = &[
    Key::new(
        "kernel",
        Type::String(Form::Version),
        "the oldest kernel that the sandbox has to work on; what it lacks is found before anything is launched",
    ),
    Key::new(
        "landlock_abi",
        Type::Integer(2, 1000),
        "the oldest Landlock ABI; without it an older one, or none, leaves to the mounts what follows from them alone",
    ),
    Key::new(
        "optional",
        Type::List(&Type::Words(landlock::FEATURES)),
        "what a machine may leave out that does not have it; an error otherwise",
    )
    .default("[]"),
];

const ACCEPT: &[Key] = &[
    Key::new("rule", Type::String(Form::Name), "the finding's rule").required(),
    Key::new(
        "at",
        Type::String(Form::Place),
        "the key that it is about, such as filesystem.mounts.\"/srv\"; omit it for a finding about the whole spec",
    ),
    Key::new(
        "evidence",
        Type::List(&Type::String(Form::Text)),
        "what the finding rests on, as `check --show-accept` prints it; with other evidence it is found again",
    ),
    Key::new("reason", Type::String(Form::Text), "why it is accepted").required(),
    Key::new("until", Type::String(Form::Date), "the last day on which it is"),
];

const EXPECT: Key = Key::new("expect", Type::String(Form::Text), "allowed, denied, or an errno").required();

const TEST_SYSCALL: &[Key] = &[
    Key::new("syscall", Type::String(Form::Syscall), "the system call").required(),
    Key::new(
        "args",
        Type::List(&Type::Union(&[Type::Integer(i64::MIN, i64::MAX), Type::String(Form::Text)])),
        "its arguments",
    ),
    EXPECT,
];

const TEST_PATH: &[Key] = &[
    Key::new("path", Type::String(Form::Path), "the file").required(),
    Key::new(
        "access",
        Type::Words(&[
            Word::new("read", "open it for reading"),
            Word::new("write", "open it for writing"),
            Word::new("execute", "execute it"),
        ]),
        "what is tried",
    )
    .required(),
    EXPECT,
];

const TEST_PORT: &[Key] =
    &[Key::new("connect_tcp", Type::Integer(0, 65535), "the port to connect to").required(), EXPECT];

const TEST_CAPABILITY: &[Key] =
    &[Key::new("capability", Type::String(Form::Capability), "the capability").required(), EXPECT];
