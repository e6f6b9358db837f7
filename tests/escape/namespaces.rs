//! Namespaces: new ones, those of others, and whether the own ones are the host's.

use crate::attempt::{AT_FDCWD, Attempt, Probe, at_path, call, ended, expect, on_path};
use crate::sys::{from, nr};
use crate::world::World;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

const NEWTIME: u64 = 0x80;
const NEWNS: u64 = 0x2_0000;
const NEWCGROUP: u64 = 0x200_0000;
const NEWUTS: u64 = 0x400_0000;
const NEWIPC: u64 = 0x800_0000;
const NEWUSER: u64 = 0x1000_0000;
const NEWPID: u64 = 0x2000_0000;
const NEWNET: u64 = 0x4000_0000;

pub const PROBES: &[Probe] = &[
    ("new-mount", |_| unshare(NEWNS)),
    ("new-host-names", |_| unshare(NEWUTS)),
    ("new-ipc", |_| unshare(NEWIPC)),
    ("new-pid", |_| unshare(NEWPID)),
    ("new-network", |_| unshare(NEWNET)),
    ("new-user", |_| unshare(NEWUSER)),
    ("new-cgroup", |_| unshare(NEWCGROUP)),
    ("new-time", |_| unshare(NEWTIME)),
    ("new-user-with-all-others", |_| unshare(NEWUSER | NEWNS | NEWNET | NEWPID | NEWIPC | NEWUTS)),
    ("new-user-by-clone", |_| by_clone(NEWUSER)),
    ("new-mount-by-clone", |_| by_clone(NEWNS)),
    ("new-user-by-clone-with-high-bits", |_| by_clone(NEWUSER | 1 << 40)),
    ("new-user-by-clone3", |_| by_clone3(NEWUSER)),
    ("new-pid-by-clone3", |_| by_clone3(NEWPID)),
    ("root-in-a-new-user-namespace", root_inside),
    ("mount-in-a-new-user-namespace", |world| {
        root_inside(world)?;
        call(nr::UNSHARE, [NEWNS])?;
        let kind = crate::sys::text("tmpfs");
        let kind = from(kind.as_bytes_with_nul());
        on_path(nr::MOUNT, "tmpfs", [from(c"/".to_bytes_with_nul()), kind, 0, 0]).map(drop)
    }),
    ("network-in-a-new-user-namespace", |world| {
        root_inside(world)?;
        call(nr::UNSHARE, [NEWNET])?;
        // AF_PACKET, SOCK_RAW.
        call(nr::SOCKET, [17, 3, 0]).map(drop)
    }),
    ("enter-mount-of-the-victim", |world| enter(world, "mnt")),
    ("enter-network-of-the-victim", |world| enter(world, "net")),
    ("enter-pid-of-the-victim", |world| enter(world, "pid_for_children")),
    ("enter-ipc-of-the-victim", |world| enter(world, "ipc")),
    ("enter-by-process-descriptor", |world| {
        let victim = call(nr::PIDFD_OPEN, [world.victim()?, 0])?;
        call(nr::SETNS, [victim, NEWNS | NEWNET]).map(drop)
    }),
    ("shares-mount", |world| shares(world, "mnt")),
    ("shares-host-names", |world| shares(world, "uts")),
    ("shares-ipc", |world| shares(world, "ipc")),
    ("shares-pid", |world| shares(world, "pid")),
    ("shares-network", |world| shares(world, "net")),
    ("shares-user", |world| shares(world, "user")),
    ("shares-cgroup", |world| shares(world, "cgroup")),
    ("shares-time", |world| shares(world, "time")),
    ("name-of-the-host", |world| {
        let mut names = [0_u8; 390];
        call(nr::UNAME, [crate::sys::into(&mut names)])?;
        let name = &names[65..130];
        let length = name.iter().position(|byte| *byte == 0).unwrap_or(65);
        expect(&name[..length] == world.get("hostname")?.as_bytes(), "another name")
    }),
    ("set-the-name", |_| {
        let mut names = [0_u8; 390];
        call(nr::UNAME, [crate::sys::into(&mut names)])?;
        let length = names[65..130].iter().position(|byte| *byte == 0).unwrap_or(64);
        call(nr::SETHOSTNAME, [from(&names[65..]), length as u64]).map(drop)
    }),
    ("set-the-domain", |_| call(nr::SETDOMAINNAME, [from("(none)"), 6]).map(drop)),
    ("clocks-of-a-new-time-namespace", |_| {
        unshare(NEWTIME)?;
        Ok(fs::write("/proc/self/timens_offsets", "monotonic 1 0")?)
    }),
];

fn unshare(flags: u64) -> Attempt {
    call(nr::UNSHARE, [flags]).map(drop)
}

/// Through clone(2) the child is a new process like one of fork(2), SIGCHLD in the lowest byte.
fn by_clone(flags: u64) -> Attempt {
    let child = call(nr::CLONE, [flags | 17, 0, 0, 0, 0])?;
    if child == 0 {
        std::process::exit(0);
    }
    ended(child).map(drop)
}

fn by_clone3(flags: u64) -> Attempt {
    let arguments = [flags, 0, 0, 0, 17, 0, 0, 0];
    let child = call(nr::CLONE3, [from(&arguments), 64])?;
    if child == 0 {
        std::process::exit(0);
    }
    ended(child).map(drop)
}

fn root_inside(_: &World) -> Attempt {
    let own = call(nr::GETUID, [])?;
    unshare(NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {own} 1"))?;
    expect(call(nr::GETUID, [])? == 0, "not root")
}

/// A namespace of the victim.
fn enter(world: &World, kind: &str) -> Attempt {
    let victim = world.victim()?;
    let path = format!("/proc/{victim}/ns/{kind}");
    let theirs = world.number(&format!("ns.{}", kind.trim_end_matches("_for_children")))?;
    let namespace = at_path(nr::OPENAT, AT_FDCWD, &path, [0, 0])?;
    expect(fs::metadata(&path)?.ino() == theirs, "another process")?;
    call(nr::SETNS, [namespace, 0]).map(drop)
}

fn shares(world: &World, kind: &str) -> Attempt {
    let theirs = world.number(&format!("ns.{kind}"))?;
    let own = fs::metadata(format!("/proc/self/ns/{kind}"))?.ino();
    expect(own == theirs, "its own")
}
