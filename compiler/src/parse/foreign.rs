//! Words of other tools, and ours for them.

/// What another tool calls it, which tool, and where it is here.
const WORDS: &[(&str, &str, &str)] = &[
    ("AmbientCapabilities", "systemd", "process.capabilities"),
    ("CPUAffinity", "systemd", "process.cpu_affinity"),
    ("CPUSchedulingPolicy", "systemd", "process.scheduler.policy"),
    ("CPUSchedulingPriority", "systemd", "process.scheduler.priority"),
    ("CPUSchedulingResetOnFork", "systemd", "process.scheduler.reset_on_fork"),
    ("CapabilityBoundingSet", "systemd", "process.capabilities"),
    ("IOSchedulingClass", "systemd", "process.io_priority.class"),
    ("IOSchedulingPriority", "systemd", "process.io_priority.priority"),
    ("MemoryDenyWriteExecute", "systemd", "process.memory_deny_write_execute"),
    ("MemoryMax", "systemd", "cgroup.memory_max"),
    ("Nice", "systemd", "process.scheduler.nice"),
    ("NoNewPrivileges", "systemd", "always on, so there is no key for it"),
    ("OOMScoreAdjust", "systemd", "process.oom_score_adj"),
    ("Personality", "systemd", "process.personality"),
    ("PrivateDevices", "systemd", "filesystem.dev = \"minimal\""),
    ("PrivateNetwork", "systemd", "namespaces.network = \"new\", the default"),
    ("PrivateTmp", "systemd", "\"/tmp\" = { tmpfs = \"64MiB\" } in filesystem.mounts"),
    ("ProtectSystem", "systemd", "filesystem.base = \"usr\", which is read-only"),
    ("ReadOnlyPaths", "systemd", "filesystem.read_only"),
    ("ReadWritePaths", "systemd", "filesystem.read_write"),
    ("RestrictAddressFamilies", "systemd", "network.address_families"),
    ("SystemCallArchitectures", "systemd", "seccomp.arches"),
    ("SystemCallErrorNumber", "systemd", "seccomp.default_errno"),
    ("SystemCallFilter", "systemd", "seccomp.allow and seccomp.deny"),
    ("TimerSlackNSec", "systemd", "process.timer_slack"),
    ("bind_ro", "nsjail", "filesystem.read_only"),
    ("cap_add", "compose", "process.capabilities"),
    ("cap_drop", "compose", "everything that process.capabilities does not name"),
    ("command", "compose", "process.args"),
    ("cpu.max", "the kernel", "cgroup.cpu_max"),
    ("cpus", "compose", "cgroup.cpu_max"),
    ("cpuset", "compose", "process.cpu_affinity"),
    ("entrypoint", "compose", "process.args"),
    ("environment", "compose", "process.env"),
    ("ioPriority", "OCI", "process.io_priority"),
    ("mem_limit", "compose", "cgroup.memory_max"),
    ("memory.high", "the kernel", "cgroup.memory_high"),
    ("memory.max", "the kernel", "cgroup.memory_max"),
    ("noNewPrivileges", "OCI", "always on, so there is no key for it"),
    ("no_new_privs", "the kernel", "always on, so there is no key for it"),
    ("oomScoreAdj", "OCI", "process.oom_score_adj"),
    ("pids.max", "the kernel", "cgroup.pids_max"),
    ("pids_limit", "compose", "cgroup.pids_max"),
    ("ro_bind", "bubblewrap", "filesystem.read_only"),
    ("tmpfs", "compose", "\"/path\" = { tmpfs = \"64MiB\" } in filesystem.mounts"),
    ("ulimits", "compose", "rlimits"),
    ("volumes", "compose", "filesystem.read_only, filesystem.read_write and filesystem.mounts"),
    ("working_dir", "compose", "process.cwd"),
];

/// Words that other tools take for a key, and why there is none here.
const REFUSED: &[(&str, &str, &str)] = &[
    ("propagation", "rshared", OUTSIDE),
    ("propagation", "shared", OUTSIDE),
    ("propagation", "unbindable", "nothing of a sandbox is bound again: \"private\" is as good"),
];

const OUTSIDE: &str = "mounts of the sandbox would appear outside of it";

/// Why a word of another tool has no place here.
pub(super) fn refused(key: &str, word: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(of, name, _)| *of == key && *name == word).map(|(_, _, why)| *why)
}

/// "compose calls it mem_limit; here it is cgroup.memory_max".
pub(super) fn ours(word: &str) -> Option<String> {
    let same = |name: &str| name.replace('-', "_") == word.replace('-', "_");
    let (name, tool, here) = WORDS.iter().find(|(name, _, _)| same(name))?;
    Some(format!("{tool} calls it {name}; here it is {here}"))
}
