//! The keys of `[filesystem]`.

use super::namespaces::MAPPING;
use super::{Form, ID_MAX, Key, Type, Word};

pub(super) const FILESYSTEM: &[Key] = &[
    Key::new(
        "root",
        Type::Union(&[
            Type::Words(&[
                Word::new("empty", "a new read-only directory with nothing in it but the mounts"),
                Word::new("host", "the launcher's own tree, read-only"),
            ]),
            Type::String(Form::Path),
            Type::Table(ROOTFS),
        ]),
        "what / is; a path is a root file system unpacked there",
    )
    .default("\"empty\""),
    Key::new(
        "base",
        Type::Words(&[
            Word::new("none", "nothing"),
            Word::new("usr", "/usr read-only, ld.so.cache, alternatives and the merged-/usr symlinks"),
        ]),
        "what most dynamic programs need",
    )
    .default("\"none\""),
    Key::new(
        "etc",
        Type::List(&Type::Words(&[
            Word::new("users", "passwd, group and nsswitch.conf, made for process.user"),
            Word::new("tls", "the host's certificates"),
            Word::new("time", "the host's localtime and timezone"),
            Word::new("dns", "the host's resolv.conf, hosts and services, and an nsswitch.conf"),
        ])),
        "what of /etc is made or bound; what the host does not have is left out",
    )
    .default("[]"),
    Key::new(
        "read_only",
        Type::List(&Type::String(Form::Path)),
        "files and directories at the same path inside, read-only",
    )
    .default("[]"),
    Key::new(
        "read_write",
        Type::List(&Type::String(Form::Path)),
        "files and directories at the same path inside, writable and not executable",
    )
    .default("[]"),
    Key::new(
        "proc",
        Type::Words(&[
            Word::new("own", "the new pid namespace; a process sees those that it may trace, not pid 1"),
            Word::new("subset", "the same with nothing but the process directories"),
            Word::new("none", "no /proc"),
        ]),
        "what /proc is",
    )
    .default("\"none\""),
    Key::new(
        "dev",
        Type::Words(&[
            Word::new(
                "minimal",
                "null, zero, full, random, urandom, tty, the fd links, own pseudoterminals and shm",
            ),
            Word::new("none", "no /dev; with `root = \"host\"` the host's"),
        ]),
        "what /dev is; unsaid it is `minimal` with `root = \"host\"` in a mount namespace of the sandbox's own, else `none`",
    ),
    Key::new(
        "sys",
        Type::Words(&[
            Word::new("read_only", "the devices of the new network namespace and of the machine, read-only"),
            Word::new("none", "no /sys"),
        ]),
        "what /sys is",
    )
    .default("\"none\""),
    Key::new(
        "mounts",
        Type::Map(
            Form::Path,
            &Type::Union(&[
                Type::Constant(false),
                Type::Kinds(&[
                    BIND, TMPFS, DIRECTORY, SYMLINK, TEXT, MASK, SEAL, SOCKET, DEVICE, MQUEUE, CGROUP2,
                    OVERLAY,
                ]),
            ]),
        ),
        "everything else, keyed by destination; false takes away what another key gave",
    )
    .default("{}"),
];

const ROOTFS: &[Key] = &[
    Key::new("path", Type::String(Form::Path), "a root file system unpacked there").required(),
    Key::new(
        "overlay",
        Type::Words(&[Word::new("memory", "writes go to memory and are lost")]),
        "where writes go; without it nothing can be written",
    ),
    IDMAP,
];

const IDMAP: Key = Key::new(
    "idmap",
    Type::Table(IDMAPPINGS),
    "what belongs to a host_id on the disk belongs to its container_id inside; only root may launch it",
);

const IDMAPPINGS: &[Key] = &[
    Key::new("uid_mappings", Type::List(&Type::Table(MAPPING)), "user ids inside and on the disk").required(),
    Key::new("gid_mappings", Type::List(&Type::Table(MAPPING)), "group ids inside and on the disk")
        .required(),
];

const WRITABLE: Key = Key::new("writable", Type::Boolean, "may it be written to?").default("false");
const EXECUTABLE: Key =
    Key::new("executable", Type::Boolean, "may files in it be executed? true unless writable");
const OPTIONAL: Key =
    Key::new("optional", Type::Boolean, "leave it out when it does not exist?").default("false");

const BIND: &[Key] = &[
    Key::new("bind", Type::String(Form::HostPath), "a file or directory of the host").required(),
    WRITABLE,
    EXECUTABLE,
    OPTIONAL,
    Key::new(
        "propagation",
        Type::Words(&[
            Word::new("private", "nothing that the host mounts beneath it later appears inside"),
            Word::new(
                "slave",
                "what the host mounts beneath it later appears inside too, with its own flags",
            ),
        ]),
        "does what the host mounts later appear inside?",
    )
    .default("\"private\""),
    IDMAP,
];

const UID: Key = Key::new(
    "uid",
    Type::Integer(0, ID_MAX),
    "the user inside that it belongs to; the program's when absent",
);
const GID: Key = Key::new(
    "gid",
    Type::Integer(0, ID_MAX),
    "the group inside that it belongs to; the program's when absent",
);

const TMPFS: &[Key] = &[
    Key::new(
        "tmpfs",
        Type::Union(&[Type::Constant(true), Type::Bytes]),
        "a file system in memory of this size; true leaves the kernel's limit of half the memory",
    )
    .required(),
    Key::new("mode", Type::Mode(0o7777), "the mode of its root directory").default("0o1777"),
    UID,
    GID,
    Key::new("executable", Type::Boolean, "may files in it be executed?").default("false"),
];

const DIRECTORY: &[Key] = &[
    Key::new("directory", Type::Constant(true), "an empty directory").required(),
    Key::new("mode", Type::Mode(0o1777), "its mode").default("0o755"),
    UID,
    GID,
];

const SYMLINK: &[Key] =
    &[Key::new("symlink", Type::String(Form::Text), "a symbolic link with this target").required()];

const TEXT: &[Key] = &[
    Key::new("text", Type::String(Form::Text), "a read-only file with this content").required(),
    Key::new("mode", Type::Mode(0o7777), "its mode").default("0o444"),
];

const MASK: &[Key] = &[
    Key::new("mask", Type::Constant(true), "hide what is there: nothing can be read or written").required(),
    OPTIONAL,
];

const SEAL: &[Key] = &[
    Key::new("seal", Type::Constant(true), "make what is there read-only, with everything beneath")
        .required(),
    OPTIONAL,
];

const OVERLAY: &[Key] = &[
    Key::new(
        "overlay",
        Type::List(&Type::String(Form::HostPath)),
        "these directories of the host over each other, the first on top",
    )
    .required(),
    Key::new("writable", Type::Boolean, "may it be written to? what is written goes to memory")
        .default("false"),
    EXECUTABLE,
];

const SOCKET: &[Key] = &[
    Key::new("socket", Type::String(Form::HostPath), "a UNIX socket of the host, and nothing else")
        .required(),
    OPTIONAL,
];

const DEVICE: &[Key] = &[
    Key::new("device", Type::String(Form::HostPath), "a device node of the host, and nothing else")
        .required(),
    OPTIONAL,
];

const MQUEUE: &[Key] =
    &[Key::new("mqueue", Type::Constant(true), "the POSIX message queues of the new IPC namespace")
        .required()];

const CGROUP2: &[Key] = &[
    Key::new("cgroup2", Type::Constant(true), "the tree of the new cgroup namespace").required(),
    Key::new(
        "writable",
        Type::Boolean,
        "the program may divide its cgroup, beneath the limits of `[cgroup]`, which it does not see",
    )
    .default("false"),
];
