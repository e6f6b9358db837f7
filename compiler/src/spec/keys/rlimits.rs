//! `[rlimits]`: the sixteen resources of setrlimit(2).

use super::{Key, Sign, Type, Word};

/// The largest amount that can be written; `"max"` is no limit.
const AMOUNT_MAX: i64 = i64::MAX;

const MAX: Type = Type::Words(&[Word::new("max", "no limit")]);
const COUNT: Type = Type::Union(&[MAX, Type::Integer(0, AMOUNT_MAX), Type::Table(COUNTS)]);
const BYTES: Type = Type::Union(&[MAX, Type::Bytes, Type::Table(BYTES_PAIR)]);
const TIME: Type =
    Type::Union(&[MAX, Type::Integer(0, AMOUNT_MAX), Type::Duration(Sign::Positive), Type::Table(TIMES)]);

const COUNTS: &[Key] = &[
    Key::new("soft", Type::Union(&[MAX, Type::Integer(0, AMOUNT_MAX)]), "the limit in force").required(),
    Key::new("hard", Type::Union(&[MAX, Type::Integer(0, AMOUNT_MAX)]), "how far the program may raise it")
        .required(),
];
const BYTES_PAIR: &[Key] = &[
    Key::new("soft", Type::Union(&[MAX, Type::Bytes]), "the limit in force").required(),
    Key::new("hard", Type::Union(&[MAX, Type::Bytes]), "how far the program may raise it").required(),
];
const TIMES: &[Key] = &[
    Key::new("soft", TIME_SCALAR, "the limit in force").required(),
    Key::new("hard", TIME_SCALAR, "how far the program may raise it").required(),
];
const TIME_SCALAR: Type = Type::Union(&[MAX, Type::Integer(0, AMOUNT_MAX), Type::Duration(Sign::Positive)]);

pub(super) const RLIMITS: &[Key] = &[
    Key::new("as", BYTES, "address space, in bytes"),
    Key::new("core", BYTES, "size of a core dump, in bytes"),
    Key::new("cpu", TIME, "processor time; an integer is seconds"),
    Key::new("data", BYTES, "data segment, in bytes"),
    Key::new("fsize", BYTES, "size of a written file, in bytes"),
    Key::new("locks", COUNT, "file locks; without effect since Linux 2.4.25"),
    Key::new("memlock", BYTES, "locked memory, in bytes"),
    Key::new("msgqueue", BYTES, "POSIX message queues of the user, in bytes"),
    Key::new("nice", COUNT, "how far nice may be lowered: 20 minus the nice value"),
    Key::new("nofile", COUNT, "one more than the largest descriptor"),
    Key::new("nproc", COUNT, "processes and threads of the user"),
    Key::new("rss", BYTES, "resident memory; without effect since Linux 2.4.30"),
    Key::new("rtprio", COUNT, "real-time priority"),
    Key::new("rttime", TIME, "real-time processor time without a blocking call; an integer is microseconds"),
    Key::new("sigpending", COUNT, "queued signals of the user"),
    Key::new("stack", BYTES, "stack of the main thread, in bytes"),
];
