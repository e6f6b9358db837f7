//! `[cgroup]`: the kernel's files (`cgroup-v2.rst`) in snake_case.

use super::{Form, Key, Sign, Type, Word};

const MAX: Type = Type::Words(&[Word::new("max", "no limit")]);
const BYTES: Type = Type::Union(&[MAX, Type::Bytes]);
const COUNT: Type = Type::Union(&[MAX, Type::Integer(0, i64::MAX)]);
const PERCENTAGE: Type = Type::Union(&[MAX, Type::String(Form::Percentage)]);

pub(super) const CGROUP: &[Key] = &[
    Key::new(
        "parent",
        Type::Union(&[
            Type::Words(&[Word::new(
                "auto",
                "the launcher's own cgroup, which must be delegated to its user",
            )]),
            Type::String(Form::Path),
        ]),
        "where the sandbox's cgroup is made: \"auto\", the default, or a directory beneath /sys/fs/cgroup",
    ),
    Key::new("cpu_idle", Type::Boolean, "run only when nothing else wants a processor"),
    Key::new(
        "cpu_max",
        Type::Union(&[MAX, Type::Cpus, Type::Table(CPU_MAX)]),
        "how many processors at most; a number is spent anew every 100 ms",
    ),
    Key::new("cpu_max_burst", Type::Duration(Sign::Positive), "unused time that a period may add to its own"),
    Key::new("cpu_uclamp_max", PERCENTAGE, "the largest frequency that is asked for, in percent"),
    Key::new("cpu_uclamp_min", PERCENTAGE, "the smallest frequency that is asked for, in percent"),
    Key::new(
        "cpu_weight",
        Type::Integer(1, 10000),
        "share of the processors beside the siblings; 100 when absent",
    ),
    Key::new("cpu_weight_nice", Type::Integer(-20, 19), "the same as a nice value"),
    Key::new("cpuset_cpus", Type::String(Form::Cpus), "the processors that may be used"),
    Key::new("cpuset_cpus_exclusive", Type::String(Form::Cpus), "those that a partition may have for itself"),
    Key::new(
        "cpuset_cpus_partition",
        Type::Words(&[
            Word::new("member", "processors are shared"),
            Word::new("root", "its processors are nobody else's"),
            Word::new("isolated", "and the scheduler does not balance them"),
        ]),
        "whether the processors are its own",
    ),
    Key::new("cpuset_mems", Type::String(Form::Cpus), "the memory nodes that may be used"),
    Key::new("hugetlb", Type::Map(Form::HugePage, &BYTES), "huge pages at most, by their size"),
    Key::new("hugetlb_rsvd", Type::Map(Form::HugePage, &BYTES), "reserved huge pages at most, by their size"),
    Key::new(
        "io_latency",
        Type::Map(Form::Device, &Type::Duration(Sign::Positive)),
        "latency to aim at, by device",
    ),
    Key::new("io_max", Type::Map(Form::Device, &Type::Table(IO_MAX)), "input and output at most, by device"),
    Key::new(
        "io_prio_class",
        Type::Words(&[
            Word::new("no-change", "as the process says"),
            Word::new("promote-to-rt", "real-time, unless the process asks for more"),
            Word::new("restrict-to-be", "at most best effort"),
            Word::new("idle", "only when nobody else wants the device"),
            Word::new("none-to-rt", "the old name of promote-to-rt"),
        ]),
        "the I/O priority class of its requests",
    ),
    Key::new(
        "io_weight",
        Type::Union(&[Type::Integer(1, 10000), Type::Map(Form::Device, &Type::Integer(1, 10000))]),
        "share of the devices beside the siblings, or by device; 100 when absent",
    ),
    Key::new("max_depth", COUNT, "levels of cgroups beneath this one at most"),
    Key::new("max_descendants", COUNT, "cgroups beneath this one at most"),
    Key::new("memory_high", BYTES, "memory above which the program is slowed down"),
    Key::new("memory_low", BYTES, "memory that is reclaimed last"),
    Key::new("memory_max", BYTES, "memory above which the program is killed"),
    Key::new("memory_min", BYTES, "memory that is never reclaimed"),
    Key::new("memory_oom_group", Type::Boolean, "kill everything when one process runs out of memory"),
    Key::new("memory_swap_high", BYTES, "swap space above which the program is slowed down"),
    Key::new("memory_swap_max", BYTES, "swap space at most"),
    Key::new("memory_zswap_max", BYTES, "compressed swap in memory at most"),
    Key::new("memory_zswap_writeback", Type::Boolean, "may compressed swap go to the disk?"),
    Key::new("misc_max", Type::Map(Form::Text, &COUNT), "resources of the machine at most, by their name"),
    Key::new("pids_max", COUNT, "processes and threads at most, the launcher's one inside included"),
    Key::new("pressure", Type::Boolean, "does the kernel account for pressure?"),
    Key::new("rdma_max", Type::Map(Form::Text, &Type::Table(RDMA_MAX)), "resources of RDMA devices at most"),
];

const CPU_MAX: &[Key] = &[
    Key::new("quota", Type::Duration(Sign::Positive), "processor time in every period").required(),
    Key::new("period", Type::Duration(Sign::Positive), "the period").required(),
];

const IO_MAX: &[Key] = &[
    Key::new("rbps", BYTES, "bytes read in a second"),
    Key::new("wbps", BYTES, "bytes written in a second"),
    Key::new("riops", COUNT, "reads in a second"),
    Key::new("wiops", COUNT, "writes in a second"),
];

const RDMA_MAX: &[Key] =
    &[Key::new("hca_handle", COUNT, "handles"), Key::new("hca_object", COUNT, "objects")];
