//! The keys of `[process]` about processors, disks and memory: `scheduler`, `io_priority`, `cpu_affinity` and their kin.

use super::{Form, Key, Sign, Type, Word};

/// The largest number of a processor: what sched_getaffinity(2) answers has to fit into the launcher's buffer.
pub const CPU_MAX: u32 = 2047;

pub(super) const SCHEDULER: &[Key] = &[
    Key::new(
        "policy",
        Type::Words(&[
            Word::new("other", "the kernel's default"),
            Word::new("batch", "work that nobody waits for"),
            Word::new("idle", "only what nobody else wants; only RLIMIT_NICE leads back from it"),
            Word::new("fifo", "real-time, until it blocks"),
            Word::new("rr", "real-time, in turns with its equals"),
            Word::new("deadline", "so much time in every period; needs root and the host's user namespace"),
        ]),
        "the scheduling policy of sched(7); the launcher's own when absent",
    ),
    Key::new("nice", Type::Integer(-20, 19), "the nice value; the launcher's own when absent"),
    Key::new("priority", Type::Integer(1, 99), "the real-time priority of fifo and rr"),
    Key::new("runtime", Type::Duration(Sign::Positive), "the time of deadline in every period"),
    Key::new("deadline", Type::Duration(Sign::Positive), "by when in a period deadline gets its runtime"),
    Key::new("period", Type::Duration(Sign::Positive), "the period of deadline; its deadline when absent"),
    Key::new(
        "reset_on_fork",
        Type::Boolean,
        "do the program's children lose real-time and a negative nice value?",
    )
    .default("false"),
];

pub(super) const IO_PRIORITY: &[Key] = &[
    Key::new(
        "class",
        Type::Words(&[
            Word::new("idle", "only when no one else uses the disk"),
            Word::new("best_effort", "by priority"),
            Word::new("realtime", "before all others"),
        ]),
        "the I/O scheduling class of ioprio_set(2)",
    )
    .required(),
    Key::new(
        "priority",
        Type::Integer(0, 7),
        "the priority of best_effort and realtime, 0 the highest; 4 when absent",
    ),
];

pub(super) const CPU_AFFINITY: Type =
    Type::Union(&[Type::List(&Type::Integer(0, CPU_MAX as i64)), Type::String(Form::Cpus)]);

pub(super) const PERSONALITY: Type = Type::Words(&[
    Word::new("linux", "whatever persona the launcher was started with"),
    Word::new("linux32", "uname(2) names a 32-bit machine"),
]);

pub(super) const HUGE_PAGES: Type = Type::Words(&[
    Word::new("inherit", "as the launcher was started"),
    Word::new("never", "none, until the program asks for them again with prctl(2)"),
]);
