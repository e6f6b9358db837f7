//! The features of this machine: small specs that are tried, and files that say what is there.

use super::rehearse::first_refusal;
use anyhow::Context;
use boxwright::policy::Kernel;
use boxwright::policy::LANDLOCK_ABIS;
use boxwright::policy::landlock::FIRST_ABI;
use boxwright::source::Source;
use boxwright::understand;
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use nix::unistd::{AccessFlags, User, access, geteuid};
use serde::Serialize;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// What can be had here, or not, and why.
#[derive(Debug, Serialize)]
pub struct Feature {
    pub name: &'static str,
    pub works: bool,
    /// What was found, or who refuses and the remedy; may be empty.
    pub why: String,
}

/// What is tried: its name, the namespaces that are new for it, and other keys.
type Trial = (&'static str, &'static [&'static str], &'static str);

const TRIALS: [Trial; 24] = [
    ("limits, no_new_privs", &[], ""),
    ("seccomp filter", &[], "seccomp.allow = ['@system-service']"),
    ("session keyring", &[], "process.keyring = 'new'"),
    ("user namespace", &["user"], ""),
    ("mount namespace", &["user", "mount"], ""),
    ("uts namespace", &["user", "uts"], ""),
    ("ipc namespace", &["user", "ipc"], ""),
    ("pid namespace", &["user", "pid"], ""),
    ("network namespace", &["user", "network"], ""),
    ("cgroup namespace", &["user", "cgroup"], ""),
    ("time namespace", &["user", "time"], ""),
    ("a root of its own", &["user", "mount"], "filesystem = { root = 'empty', base = 'usr' }"),
    ("a new /proc", &["user", "mount", "pid"], "filesystem = { root = 'empty', base = 'usr', proc = 'own' }"),
    (
        "a new /sys",
        &["user", "mount", "network"],
        "filesystem = { root = 'empty', base = 'usr', sys = 'read_only' }",
    ),
    (
        "overlays",
        &["user", "mount"],
        "filesystem = { root = 'empty', mounts.'/usr' = { overlay = ['/usr'] } }",
    ),
    ("real-time", &[], "process.scheduler = { policy = 'rr', priority = 1 }"),
    ("negative nice values", &[], "process.scheduler.nice = -1"),
    ("I/O priorities", &[], "process.io_priority.class = 'idle'"),
    ("real-time I/O", &[], "process.io_priority.class = 'realtime'"),
    ("core scheduling", &[], "process.core_scheduling = true"),
    ("no new executable memory", &[], "process.memory_deny_write_execute = true"),
    ("no huge pages", &[], "process.transparent_huge_pages = 'never'"),
    ("lowest oom_score_adj", &[], "process.oom_score_adj = -1000"),
    ("files without limit", &[], "rlimits.nofile = 1048576"),
];

/// Every namespace of namespaces(7).
const NAMESPACES: [&str; 8] = ["mount", "uts", "ipc", "pid", "network", "user", "cgroup", "time"];

/// All of them, in the order of the table.
pub fn features() -> anyhow::Result<Vec<Feature>> {
    let mut features = vec![kernel()];
    for trial in TRIALS {
        features.push(tried(trial)?);
    }
    features.extend([landlock()?, seccomp_actions(), several_ids(), control_groups()]);
    Ok(features)
}

fn tried((name, own, keys): Trial) -> anyhow::Result<Feature> {
    let refusal = refusal(own, keys).with_context(|| format!("trying `{name}`"))?;
    Ok(Feature { name, works: refusal.is_none(), why: refusal.unwrap_or_default() })
}

fn refusal(own: &[&str], keys: &str) -> anyhow::Result<Option<String>> {
    let source = Source::new("doctor.sandbox.toml", spec(own, keys));
    let policy = understand(&source).policy.context("its spec has errors")?;
    first_refusal(&source, &policy)
}

/// The newest ABI of Landlock that a launch can ask for (landlock(7)).
fn landlock() -> anyhow::Result<Feature> {
    let mut feature = Feature { name: "Landlock", works: false, why: String::new() };
    for abi in (FIRST_ABI..).take(LANDLOCK_ABIS.len() - 1) {
        let refusal = refusal(&[], &format!("requires.landlock_abi = {abi}"))?;
        feature = match refusal {
            None => Feature { works: true, why: format!("ABI {abi}"), ..feature },
            Some(why) if !feature.works => return Ok(Feature { why, ..feature }),
            Some(_) => break,
        };
    }
    Ok(feature)
}

/// A spec that needs nothing but what is tried; root is nobody in it, since no program of a sandbox may be root.
fn spec(own: &[&str], keys: &str) -> String {
    let user = if geteuid().is_root() { "{ uid = 65534, gid = 65534 }" } else { "'caller'" };
    let mut text = format!("version = 1\nprocess.args = ['/usr/bin/true']\nprocess.user = {user}\n{keys}\n");
    for (key, default) in
        [("process.keyring", "process.keyring = 'inherit'"), ("filesystem", "filesystem.root = 'host'")]
    {
        if !keys.starts_with(key) {
            text += default;
            text.push('\n');
        }
    }
    for name in NAMESPACES {
        let namespace = if own.contains(&name) { "new" } else { "host" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "namespaces.{name} = '{namespace}'");
    }
    text
}

/// What newer ones add is tried.
fn kernel() -> Feature {
    let release = text("/proc/sys/kernel/osrelease");
    let why = format!("{}; launchers want {} or newer", release.trim(), Kernel::OLDEST);
    Feature { name: "kernel", works: Kernel::of_release(&release) >= Some(Kernel::OLDEST), why }
}

/// More ids than the own one for an ordinary user (subuid(5)).
fn several_ids() -> Feature {
    let uid = geteuid();
    let name = User::from_uid(uid).ok().flatten().map_or_else(String::new, |user| user.name);
    let has_range = |file| {
        let owners = text(file);
        let mut owners = owners.lines().filter_map(|line| line.split(':').next());
        owners.any(|owner| owner == name || owner == uid.to_string())
    };
    let program = Path::new("/usr/bin/newuidmap").exists();
    let ranges = has_range("/etc/subuid") && has_range("/etc/subgid");
    let why = match (uid.is_root(), program, ranges) {
        (true, ..) => "root maps any id",
        (_, false, _) => "there is no newuidmap: install Debian's package uidmap",
        (_, _, false) => {
            "this user has no range in /etc/subuid and /etc/subgid: usermod --add-subuids, --add-subgids"
        }
        _ => "through newuidmap",
    };
    Feature { name: "several ids", works: uid.is_root() || program && ranges, why: why.into() }
}

/// What a filter may answer with, apart from what another process decides.
fn seccomp_actions() -> Feature {
    let available = text("/proc/sys/kernel/seccomp/actions_avail");
    let has = |action: &&str| available.split_whitespace().any(|known| known == *action);
    let missing = ["kill_process", "kill_thread", "trap", "errno", "trace", "log", "allow"];
    let missing: Vec<&str> = missing.into_iter().filter(|action| !has(action)).collect();
    let why = match missing.is_empty() {
        true => available.trim().to_owned(),
        false => format!("the kernel does not have {}", missing.join(", ")),
    };
    Feature { name: "seccomp actions", works: missing.is_empty(), why }
}

/// cgroup v2, and whether the own group may be divided (cgroups(7), "Delegation").
fn control_groups() -> Feature {
    let root = Path::new("/sys/fs/cgroup");
    let unified = statfs(root).is_ok_and(|found| found.filesystem_type() == CGROUP2_SUPER_MAGIC);
    let groups = text("/proc/self/cgroup");
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/")).map(|path| root.join(path));
    let writable = |path: &Path| access(path, AccessFlags::W_OK).is_ok();
    let delegated = own.as_deref().is_some_and(|own| writable(own) && writable(&own.join("cgroup.procs")));
    let why = match (unified, delegated) {
        (false, _) => "no cgroup2 file system on /sys/fs/cgroup",
        (true, false) => "the own group is not delegated: systemd-run --user --scope -p Delegate=yes",
        (true, true) => "the own group may be divided",
    };
    Feature { name: "cgroup v2", works: unified && delegated, why: why.into() }
}

/// What a file of the kernel says, or nothing.
fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
