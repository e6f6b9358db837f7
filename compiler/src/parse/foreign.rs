//! Words of other tools, and ours for them.

use crate::spec::keys::{ROOT, Type};

/// What another tool calls it, which tool, and where it is here.
const WORDS: &[(&str, &str, &str)] = &[
    ("AllowedCPUs", "systemd", "cgroup.cpuset_cpus"),
    ("AllowedMemoryNodes", "systemd", "cgroup.cpuset_mems"),
    ("AmbientCapabilities", "systemd", "process.capabilities"),
    ("CPUAffinity", "systemd", "process.cpu_affinity"),
    ("CPUQuota", "systemd", "cgroup.cpu_max"),
    ("CPUSchedulingPolicy", "systemd", "process.scheduler.policy"),
    ("CPUSchedulingPriority", "systemd", "process.scheduler.priority"),
    ("CPUSchedulingResetOnFork", "systemd", "process.scheduler.reset_on_fork"),
    ("CPUWeight", "systemd", "cgroup.cpu_weight"),
    ("CapabilityBoundingSet", "systemd", "process.capabilities"),
    ("IOSchedulingClass", "systemd", "process.io_priority.class"),
    ("IOSchedulingPriority", "systemd", "process.io_priority.priority"),
    ("IOWeight", "systemd", "cgroup.io_weight"),
    ("MemoryDenyWriteExecute", "systemd", "process.memory_deny_write_execute"),
    ("MemoryHigh", "systemd", "cgroup.memory_high"),
    ("MemoryLow", "systemd", "cgroup.memory_low"),
    ("MemoryMax", "systemd", "cgroup.memory_max"),
    ("MemoryMin", "systemd", "cgroup.memory_min"),
    ("MemorySwapMax", "systemd", "cgroup.memory_swap_max"),
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
    ("TasksMax", "systemd", "cgroup.pids_max"),
    ("TimerSlackNSec", "systemd", "process.timer_slack"),
    ("bind_ro", "nsjail", "filesystem.read_only"),
    ("cap_add", "compose", "process.capabilities"),
    ("cap_drop", "compose", "everything that process.capabilities does not name"),
    ("command", "compose", "process.args"),
    ("cpus", "compose", "cgroup.cpu_max"),
    ("cpuset", "compose", "process.cpu_affinity"),
    ("entrypoint", "compose", "process.args"),
    ("environment", "compose", "process.env"),
    ("ioPriority", "OCI", "process.io_priority"),
    ("mem_limit", "compose", "cgroup.memory_max"),
    ("noNewPrivileges", "OCI", "always on, so there is no key for it"),
    ("no_new_privs", "the kernel", "always on, so there is no key for it"),
    ("oomScoreAdj", "OCI", "process.oom_score_adj"),
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
    match WORDS.iter().find(|(name, _, _)| same(name)) {
        Some((name, tool, here)) => Some(format!("{tool} calls it {name}; here it is {here}")),
        None => file(word).map(|key| format!("the kernel calls it {word}; here it is cgroup.{key}")),
    }
}

/// Our key for a word, if it is in the section that the word is in.
pub(super) fn key(word: &str, section: &str) -> Option<&'static str> {
    let bare = |key: &&str| key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    match WORDS.iter().find(|(name, _, _)| *name == word) {
        Some((_, _, here)) => here.strip_prefix(section)?.strip_prefix('.').filter(bare),
        None => {
            let same = word.strip_prefix("cgroup.").unwrap_or(word).replace('.', "_");
            file(word).filter(|key| section == "cgroup" && *key == same)
        }
    }
}

/// The key for a file of the kernel's control groups.
fn file(name: &str) -> Option<&'static str> {
    let own = name.strip_prefix("cgroup.").unwrap_or(name).replace('.', "_");
    let section = ROOT.iter().find(|key| key.name == "cgroup")?;
    let Type::Table(keys) = &section.ty else { return None };
    let sized = name
        .strip_prefix("hugetlb.")
        .map(|rest| if rest.contains("rsvd") { "hugetlb_rsvd" } else { "hugetlb" });
    let is_file = name.contains('.');
    keys.iter().map(|key| key.name).find(|key| is_file && (*key == own || sized == Some(*key)))
}
