//! The keys of `[namespaces]`.

use super::{Form, ID_MAX, Key, Sign, Type, Word};

const WORDS: Type =
    Type::Words(&[Word::new("new", "the sandbox's own"), Word::new("host", "the launcher's own")]);

const PATH: &[Key] =
    &[Key::new("path", Type::String(Form::HostPath), "join the one that is bound there").required()];
const FD: &[Key] =
    &[Key::new("fd", Type::Integer(3, i32::MAX as i64), "join the one that the launcher has open there")
        .required()];

const NAMESPACE: Type = Type::Union(&[WORDS, Type::Kinds(&[PATH, FD])]);

pub(super) const NAMESPACES: &[Key] = &[
    Key::new("mount", NAMESPACE, "mount points").default("\"new\""),
    Key::new("uts", NAMESPACE, "host and domain name").default("\"new\""),
    Key::new("ipc", NAMESPACE, "System V IPC and POSIX message queues").default("\"new\""),
    Key::new("pid", NAMESPACE, "process ids").default("\"new\""),
    Key::new("network", NAMESPACE, "network").default("\"new\""),
    Key::new(
        "user",
        Type::Union(&[WORDS, Type::Kinds(&[MAPPINGS, PATH, FD])]),
        "users, groups and capabilities; new maps only the program's own ids",
    )
    .default("\"new\""),
    Key::new("cgroup", NAMESPACE, "the view of the cgroup tree").default("\"new\""),
    Key::new(
        "time",
        Type::Union(&[WORDS, Type::Kinds(&[TIME, PATH, FD])]),
        "boot and monotonic clocks; a table gives offsets",
    )
    .default("\"new\""),
];

const MAPPINGS: &[Key] = &[
    Key::new("uid_mappings", Type::List(&Type::Table(MAPPING)), "user ids inside and outside"),
    Key::new("gid_mappings", Type::List(&Type::Table(MAPPING)), "group ids inside and outside"),
];

pub(super) const MAPPING: &[Key] = &[
    Key::new("container_id", Type::Integer(0, ID_MAX), "the first id inside").required(),
    Key::new("host_id", Type::Integer(0, ID_MAX), "the first id outside, or on the disk").required(),
    Key::new("size", Type::Integer(1, u32::MAX as i64), "how many").required(),
];

const TIME: &[Key] = &[
    Key::new("monotonic", Type::Duration(Sign::Either), "added to CLOCK_MONOTONIC"),
    Key::new("boottime", Type::Duration(Sign::Either), "added to CLOCK_BOOTTIME"),
];
