//! The keys of `[landlock]`.

use super::{Form, Key, Type, Word};

pub(super) const LANDLOCK: &[Key] = &[
    Key::new(
        "filesystem",
        Type::Words(&[
            Word::new("mounts", "rights on files follow from the mounts, as a second wall"),
            Word::new(
                "everything",
                "the mounts alone decide; what is inside may mount in namespaces of its own",
            ),
        ]),
        "what the rights on files start from",
    )
    .default("\"mounts\""),
    Key::new(
        "path_beneath",
        Type::List(&Type::Table(PATH_BENEATH)),
        "places whose rights are narrowed further; no place above them may give more",
    )
    .default("[]"),
    Key::new(
        "scoped",
        Type::List(&Type::Words(&[
            Word::new("abstract_unix_socket", "no connection to abstract sockets outside"),
            Word::new("signal", "no signal to processes outside"),
        ])),
        "what may not leave the sandbox",
    )
    .default("[]"),
    Key::new(
        "log",
        Type::List(&Type::Words(&[
            Word::new("same_exec_off", "not what is refused before the program executes another"),
            Word::new("new_exec_on", "also what is refused after that"),
            Word::new("subdomains_off", "not what rulesets that the program makes refuse"),
        ])),
        "what the kernel's audit log gets, where that differs from the kernel's defaults",
    )
    .default("[]"),
];

const PATH_BENEATH: &[Key] = &[
    Key::new("path", Type::String(Form::Path), "the path inside").required(),
    Key::new(
        "allowed_access",
        Type::List(&Type::Words(ACCESS)),
        "the rights that are left, by the kernel's names",
    )
    .required(),
];

const ACCESS: &[Word] = &[
    Word::new("execute", "execute files"),
    Word::new("write_file", "write to files"),
    Word::new("read_file", "read files"),
    Word::new("read_dir", "list directories"),
    Word::new("remove_dir", "remove or move directories"),
    Word::new("remove_file", "remove or move files"),
    Word::new("make_char", "make character devices"),
    Word::new("make_dir", "make directories"),
    Word::new("make_reg", "make files"),
    Word::new("make_sock", "make UNIX sockets"),
    Word::new("make_fifo", "make named pipes"),
    Word::new("make_block", "make block devices"),
    Word::new("make_sym", "make symbolic links"),
    Word::new("refer", "move or link files to another directory, since ABI 2"),
    Word::new("truncate", "truncate files, since ABI 3"),
    Word::new("ioctl_dev", "control devices, since ABI 5"),
    Word::new("resolve_unix", "connect to UNIX sockets, since ABI 9"),
];

pub(super) const FEATURES: &[Word] = &[
    Word::new("landlock.path_beneath", "narrowed places"),
    Word::new("landlock.scoped", "scopes"),
    Word::new("landlock.log", "the audit log"),
    Word::new("network.bind_tcp", "ports to bind; the filter's part of it stays"),
    Word::new("network.connect_tcp", "ports to connect to; the filter's part of it stays"),
    Word::new("process.exec", "a list of programs"),
    Word::new(
        "cgroup",
        "the whole section, where there is no cgroup v2 or none that the launcher may divide; the launch says so",
    ),
];
