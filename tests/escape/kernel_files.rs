//! The kernel's own files: settings and secrets in /proc and /sys, control groups, and the host's processes as files.

use crate::attempt::{Attempt, O_GENTLY, O_WRONLY, Probe, expect, open, own_pid, read, write, write_back};
use crate::sys::nr;
use crate::world::World;
use std::fs;

pub const PROBES: &[Probe] = &[
    ("core-pattern", |_| write_back("/proc/sys/kernel/core_pattern")),
    ("modprobe", |_| write_back("/proc/sys/kernel/modprobe")),
    ("hostname", |_| write_back("/proc/sys/kernel/hostname")),
    ("domain-name", |_| write_back("/proc/sys/kernel/domainname")),
    ("panic-on-oops", |_| write_back("/proc/sys/kernel/panic_on_oops")),
    ("randomize-va-space", |_| write_back("/proc/sys/kernel/randomize_va_space")),
    ("pid-max", |_| write_back("/proc/sys/kernel/pid_max")),
    ("overcommit", |_| write_back("/proc/sys/vm/overcommit_memory")),
    ("panic-on-oom", |_| write_back("/proc/sys/vm/panic_on_oom")),
    ("mmap-min-addr", |_| write_back("/proc/sys/vm/mmap_min_addr")),
    ("protected-hardlinks", |_| write_back("/proc/sys/fs/protected_hardlinks")),
    ("suid-dumpable", |_| write_back("/proc/sys/fs/suid_dumpable")),
    ("ip-forward", |_| write_back("/proc/sys/net/ipv4/ip_forward")),
    ("next-pid", |_| write_back("/proc/sys/kernel/ns_last_pid")),
    ("user-namespaces", |_| write_back("/proc/sys/user/max_user_namespaces")),
    ("sysrq", |_| opens("/proc/sysrq-trigger")),
    ("sysrq-mask", |_| write_back("/proc/sys/kernel/sysrq")),
    ("drop-caches", |_| opens("/proc/sys/vm/drop_caches")),
    ("kernel-memory", |_| reads("/proc/kcore")),
    ("kernel-log", |_| open("/proc/kmsg", O_GENTLY).map(drop)),
    ("kernel-addresses", |_| {
        let symbols = fs::read_to_string("/proc/kallsyms")?;
        let is_told = |line: &str| !line.starts_with("0000000000000000") && line.len() > 16;
        expect(symbols.lines().take(1000).any(is_told), "every address is 0")
    }),
    ("page-frames", |_| {
        // Without CAP_SYS_ADMIN the number of the frame is 0; a page of this program is looked at.
        let entry = own_page()?;
        expect(entry & ((1 << 55) - 1) != 0, "no frame is told")
    }),
    ("page-counts", |_| reads("/proc/kpagecount")),
    ("slab", |_| reads("/proc/slabinfo")),
    ("timers", |_| reads("/proc/timer_list")),
    ("virtual-memory-areas", |_| reads("/proc/vmallocinfo")),
    ("sys", |_| expect(fs::read_dir("/sys")?.next().is_some(), "it is empty")),
    ("uevent-helper", |_| opens("/sys/kernel/uevent_helper")),
    ("power-state", |_| opens("/sys/power/state")),
    ("debug", |_| expect(fs::read_dir("/sys/kernel/debug")?.next().is_some(), "it is empty")),
    ("module-parameters", |_| write_back("/sys/module/printk/parameters/time")),
    ("huge-pages", |_| opens("/sys/kernel/mm/transparent_hugepage/enabled")),
    ("block-devices", |_| expect(fs::read_dir("/sys/block")?.next().is_some(), "it is empty")),
    ("cgroup-make", |_| {
        in_cgroups(|path| {
            let made = format!("{path}/boxwright-escape-{}", own_pid());
            fs::create_dir(&made)?;
            Ok(fs::remove_dir(made)?)
        })
    }),
    ("cgroup-leave", |_| in_cgroups(|path| Ok(fs::write(format!("{path}/cgroup.procs"), "0")?))),
    ("cgroup-release-agent", |_| in_cgroups(|path| opens(&format!("{path}/release_agent")))),
    ("cgroup-path", |_| {
        let paths = fs::read_to_string("/proc/self/cgroup")?;
        let own = |line: &str| line.split(':').nth(2).is_none_or(|path| path == "/");
        let shown = fs::metadata("/proc/1/ns/cgroup");
        expect(!paths.lines().all(own) || shown.is_ok(), "the path says nothing")
    }),
    ("processes-of-the-host", |world| {
        let victim = format!("/proc/{}/comm", world.victim()?);
        expect(fs::read_to_string(victim)?.starts_with("escape"), "another process")
            .and_then(|()| is_the_victim(world))
    }),
    ("victim-environment", |world| victim_file(world, "environ")),
    ("victim-command-line", |world| {
        is_the_victim(world)?;
        world.told(&fs::read(format!("/proc/{}/cmdline", world.victim()?))?)
    }),
    ("victim-maps", |world| victim_file(world, "maps")),
    ("victim-descriptors", |world| {
        is_the_victim(world)?;
        expect(fs::read_dir(format!("/proc/{}/fd", world.victim()?))?.count() > 3, "none is shown")
    }),
    ("victim-memory-file", |world| {
        let path = format!("/proc/{}/fd/{}", world.victim()?, world.number("memory_file")?);
        world.told(&fs::read(path)?)
    }),
    ("victim-kept-file", |world| {
        let path = format!("/proc/{}/fd/{}", world.victim()?, world.number("kept_file")?);
        world.told(&fs::read(path)?)
    }),
    ("victim-root", |world| {
        world.told(&fs::read(format!("/proc/{}/root{}", world.victim()?, world.file("read")?))?)
    }),
    ("victim-cwd", |world| {
        is_the_victim(world)?;
        expect(fs::read_dir(format!("/proc/{}/cwd/", world.victim()?))?.next().is_some(), "it is empty")
    }),
    ("victim-memory", |world| {
        let memory = open(&format!("/proc/{}/mem", world.victim()?), 0)?;
        let mut bytes = [0_u8; 64];
        let into = crate::sys::into(&mut bytes);
        let length = world.secret()?.len() as u64;
        crate::attempt::call(nr::PREAD64, [memory, into, length, world.number("address")?])?;
        world.told(&bytes)
    }),
    ("victim-clear-references", |world| {
        is_the_victim(world)?;
        write(open(&format!("/proc/{}/clear_refs", world.victim()?), O_WRONLY)?, b"1").map(drop)
    }),
    ("victim-out-of-memory-score", |world| {
        is_the_victim(world)?;
        write_back(&format!("/proc/{}/oom_score_adj", world.victim()?))
    }),
    ("sockets-of-the-host", |world| {
        let port = format!(":{:04X} 00000000:0000 0A", world.number("port")?);
        expect(fs::read_to_string("/proc/net/tcp")?.contains(&port), "another network")
    }),
    ("abstract-sockets-of-the-host", |world| {
        let sockets = fs::read_to_string("/proc/net/unix")?;
        expect(sockets.contains(world.get("abstract")?), "another network")
    }),
    ("shared-memory-of-the-host", |world| {
        let key = world.get("key")?;
        let table = fs::read_to_string("/proc/sysvipc/shm")?;
        let own = |line: &str| line.split_whitespace().next() == Some(key);
        expect(table.lines().any(own), "other objects")
    }),
    ("binary-formats", |_| opens("/proc/sys/fs/binfmt_misc/register")),
];

/// What would harm when written is only opened; the kernel asks then.
fn opens(path: &str) -> Attempt {
    open(path, O_WRONLY | O_GENTLY).map(drop)
}

fn reads(path: &str) -> Attempt {
    expect(!read(open(path, O_GENTLY)?)?.is_empty(), "nothing is in it")
}

/// The entry of /proc/self/pagemap for a page that is in memory.
fn own_page() -> Result<u64, crate::attempt::Stopped> {
    let page = vec![1_u8; 8192];
    let map = open("/proc/self/pagemap", 0)?;
    let mut entry = 0_u64;
    let at = crate::sys::from(page.as_slice()) / 4096 * 8;
    crate::attempt::call(nr::PREAD64, [map, crate::sys::into(&mut entry), 8, at])?;
    Ok(entry)
}

/// Whatever control groups are mounted, of either version.
fn in_cgroups(change: fn(&str) -> Attempt) -> Attempt {
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    let is_one = |line: &&str| line.contains(" - cgroup");
    let places = table.lines().filter(is_one).filter_map(|line| line.split(' ').nth(4));
    let mut last = expect(false, "none is mounted");
    for place in places {
        last = change(place);
        if last.is_ok() {
            break;
        }
    }
    last
}

/// A number of a process means another one in another pid namespace: this one leads a session and is no relative.
fn is_the_victim(world: &World) -> Attempt {
    let victim = world.victim()?;
    let status = fs::read_to_string(format!("/proc/{victim}/cmdline"))?;
    expect(status.contains("victim"), "another process")
}

fn victim_file(world: &World, name: &str) -> Attempt {
    is_the_victim(world)?;
    let file = format!("/proc/{}/{name}", world.victim()?);
    expect(!fs::read(file)?.is_empty(), "nothing is in it")
}
