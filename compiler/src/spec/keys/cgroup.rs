//! `[cgroup]`: the kernel's files in snake_case.

use super::{Form, Key, Type, Word};

const MAX: Type = Type::Words(&[Word::new("max", "no limit")]);
const BYTES: Type = Type::Union(&[MAX, Type::Bytes]);

pub(super) const CGROUP: &[Key] = &[
    Key::new("cpu_max", Type::Union(&[MAX, Type::Cpus]), "how many processors at most"),
    Key::new("cpu_weight", Type::Integer(1, 10000), "share of the processors beside the siblings"),
    Key::new("cpuset_cpus", Type::String(Form::Text), "the processors that may be used"),
    Key::new("memory_high", BYTES, "memory above which the program is slowed down"),
    Key::new("memory_low", BYTES, "memory that is reclaimed last"),
    Key::new("memory_max", BYTES, "memory above which the program is killed"),
    Key::new("memory_min", BYTES, "memory that is never reclaimed"),
    Key::new("memory_oom_group", Type::Boolean, "kill everything when one process runs out of memory"),
    Key::new("memory_swap_max", BYTES, "swap space at most"),
    Key::new("pids_max", Type::Union(&[MAX, Type::Integer(0, i64::MAX)]), "processes and threads at most"),
];
