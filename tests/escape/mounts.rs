//! Mounts: making, changing, moving and uncovering them, by the old calls and the new, and what their flags let through.

use crate::attempt::{AT_FDCWD, Attempt, Probe, apart, at_path, call, expect, on_path, scratch};
use crate::sys::{from, into, nr, text};
use crate::world::World;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

const MS_RDONLY: u64 = 1;
const MS_REMOUNT: u64 = 32;
const MS_BIND: u64 = 4096;
const MS_MOVE: u64 = 8192;
const MS_SHARED: u64 = 1 << 20;
const MNT_DETACH: u64 = 2;
const AT_RECURSIVE: u64 = 0x8000;

pub const PROBES: &[Probe] = &[
    ("tmpfs", |_| mount("tmpfs", "tmpfs")),
    ("proc", |_| mount("proc", "proc")),
    ("sysfs", |_| mount("sysfs", "sysfs")),
    ("cgroup2", |_| mount("cgroup2", "cgroup2")),
    ("devpts", |_| mount("devpts", "devpts")),
    ("mqueue", |_| mount("mqueue", "mqueue")),
    ("ramfs", |_| mount("ramfs", "ramfs")),
    ("devtmpfs", |_| mount("devtmpfs", "devtmpfs")),
    ("bpf", |_| mount("bpf", "bpf")),
    ("overlay", overlay),
    ("bind", |_| old("/", "/tmp", "", MS_BIND)),
    ("bind-with-everything-beneath", |_| old("/", "/tmp", "", MS_BIND | 0x4000)),
    ("remount-the-root-writable", |_| writable("/")),
    ("remount-usr-writable", |_| writable("/usr")),
    ("remount-usr-with-devices", |_| old("none", "/usr", "", MS_REMOUNT | MS_BIND | MS_RDONLY)),
    ("remount-proc", |_| old("none", "/proc", "", MS_REMOUNT | MS_BIND)),
    ("remount-temporary-files-executable", |_| old("none", "/tmp", "", MS_REMOUNT | MS_BIND)),
    ("resize-temporary-files", |_| old("none", "/tmp", "size=99%", MS_REMOUNT)),
    ("share", |_| old("none", "/", "", MS_SHARED)),
    ("move", |_| old("/usr", "/tmp", "", MS_MOVE)),
    ("unmount-proc", |_| unmount("/proc", MNT_DETACH)),
    ("unmount-usr", |_| unmount("/usr", MNT_DETACH)),
    ("unmount-temporary-files", |_| unmount("/tmp", MNT_DETACH)),
    ("unmount-the-root", |_| unmount("/", MNT_DETACH)),
    ("unmount-the-mask", |world| {
        let masked = world.file("masked/file")?;
        unmount(&masked, MNT_DETACH)?;
        world.told(&fs::read(masked)?)
    }),
    ("pivot-root", pivot),
    ("open-tree", |_| at_path(nr::OPEN_TREE, AT_FDCWD, "/", [1]).map(drop)),
    ("open-tree-with-everything-beneath", |_| {
        at_path(nr::OPEN_TREE, AT_FDCWD, "/", [1 | AT_RECURSIVE]).map(drop)
    }),
    ("move-mount", |_| {
        apart();
        let tree = at_path(nr::OPEN_TREE, AT_FDCWD, "/", [1])?;
        let (none, to) = (text(""), text("/tmp"));
        let [none, to] = [&none, &to].map(|word| from(word.as_bytes_with_nul()));
        call(nr::MOVE_MOUNT, [tree, none, AT_FDCWD, to, 4]).map(drop)
    }),
    ("file-system-context", |_| on_path(nr::FSOPEN, "tmpfs", [0]).map(drop)),
    ("file-system-of-its-own", |_| {
        let context = on_path(nr::FSOPEN, "tmpfs", [0])?;
        call(nr::FSCONFIG, [context, 6, 0, 0, 0])?;
        call(nr::FSMOUNT, [context, 0, 0]).map(drop)
    }),
    ("pick-the-root", |_| at_path(nr::FSPICK, AT_FDCWD, "/", [0]).map(drop)),
    ("attributes-of-the-root", |_| attributes("/", [0, 1, 0, 0])),
    ("attributes-of-usr", |_| attributes("/usr", [0, 1, 0, 0])),
    ("attributes-nosuid", |_| attributes("/usr", [0, 2, 0, 0])),
    ("attributes-share", |_| attributes("/", [0, 0, MS_SHARED, 0])),
    ("propagation-to-others", |_| says(" shared:")),
    ("set-user-id-on-some-mount", |_| lacks("nosuid", &[])),
    ("devices-on-some-mount", |_| lacks("nodev", &["devtmpfs", "devpts"])),
    ("writable-host-directory", |_| {
        let table = fs::read_to_string("/proc/self/mountinfo")?;
        let system = ["/", "/usr", "/etc", "/bin", "/lib", "/boot"];
        let bad = |line: &&str| {
            let words: Vec<&str> = line.split(' ').collect();
            system.contains(&words[4]) && words[5].starts_with("rw") && !line.contains(" - tmpfs")
        };
        expect(table.lines().find(bad).is_some(), "all of the system is read-only")
    }),
];

/// A new file system somewhere, seen there and taken away.
fn mount(kind: &str, source: &str) -> Attempt {
    apart();
    let place = ["/tmp", "/mnt", "/usr"].iter().copied().find(|place| fs::metadata(place).is_ok());
    let place = place.unwrap_or("/");
    let before = fs::metadata(place)?.dev();
    let kind = text(kind);
    mount_at(&text(source), place, from(kind.as_bytes_with_nul()), 0, 0)?;
    let after = fs::metadata(place)?.dev();
    _ = on_path(nr::UMOUNT2, place, [MNT_DETACH]);
    expect(before != after, "nothing is mounted there")
}

fn mount_at(
    source: &std::ffi::CString,
    place: &str,
    kind: u64,
    flags: u64,
    data: u64,
) -> Result<u64, crate::attempt::Stopped> {
    let place = text(place);
    call(nr::MOUNT, [from(source.as_bytes_with_nul()), from(place.as_bytes_with_nul()), kind, flags, data])
}

fn old(source: &str, place: &str, data: &str, flags: u64) -> Attempt {
    apart();
    let data = text(data);
    mount_at(&text(source), place, 0, flags, from(data.as_bytes_with_nul())).map(drop)
}

fn writable(place: &str) -> Attempt {
    old("none", place, "", MS_REMOUNT | MS_BIND)?;
    let mut facts = [0_u64; 15];
    on_path(nr::STATFS, place, [into(&mut facts)])?;
    // f_flags has ST_RDONLY as its lowest bit.
    expect(facts[10] & 1 == 0, "still read-only")
}

fn overlay(_: &World) -> Attempt {
    apart();
    let place = scratch()?;
    fs::create_dir(&place)?;
    let (source, kind) = (text("overlay"), text("overlay"));
    let data = text("lowerdir=/usr:/etc");
    let done = mount_at(&source, &place, from(kind.as_bytes_with_nul()), 0, from(data.as_bytes_with_nul()));
    _ = on_path(nr::UMOUNT2, &place, [MNT_DETACH]);
    _ = fs::remove_dir(&place);
    done.map(drop)
}

fn unmount(place: &str, flags: u64) -> Attempt {
    apart();
    on_path(nr::UMOUNT2, place, [flags]).map(drop)
}

fn pivot(_: &World) -> Attempt {
    apart();
    let place = "/tmp";
    let kind = text("tmpfs");
    mount_at(&text("tmpfs"), place, from(kind.as_bytes_with_nul()), 0, 0)?;
    on_path(nr::CHDIR, place, [])?;
    let here = text(".");
    let here = from(here.as_bytes_with_nul());
    call(nr::PIVOT_ROOT, [here, here]).map(drop)
}

/// `struct mount_attr`: set, clear, propagation, user namespace.
fn attributes(place: &str, change: [u64; 4]) -> Attempt {
    apart();
    at_path(nr::MOUNT_SETATTR, AT_FDCWD, place, [0, from(&change), 32]).map(drop)
}

/// Some line of the mount table has this.
fn says(word: &str) -> Attempt {
    expect(fs::read_to_string("/proc/self/mountinfo")?.contains(word), "no mount has it")
}

/// Some mount, but of these kinds, is without a flag.
fn lacks(flag: &str, kinds: &[&str]) -> Attempt {
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    let lacking = |line: &&str| {
        let options = line.split(' ').nth(5).unwrap_or_default();
        let kind = line.split(" - ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        !options.split(',').any(|option| option == flag) && !kinds.contains(&kind)
    };
    expect(table.lines().any(|line| lacking(&line)), "every mount has it")
}
