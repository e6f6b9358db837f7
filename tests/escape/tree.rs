//! The tree itself: directories of the host's in the place of the sandbox's own, and what is the launcher's and the system's.

use crate::attempt::{
    Attempt, O_DIRECTORY, O_NEW, O_WRONLY, Probe, at_path, call, expect, on_path, open, own_pid,
};
use crate::sys::{into, nr};
use crate::world::World;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

pub const PROBES: &[Probe] = &[
    ("host-root", |world| same_place(world, "/")),
    ("host-tmp", |world| same_place(world, "/tmp")),
    ("host-etc", |world| same_place(world, "/etc")),
    ("host-home", |world| same_place(world, "/home")),
    ("host-home-of-root", |world| same_place(world, "/root")),
    ("host-var", |world| same_place(world, "/var")),
    ("host-run", |world| same_place(world, "/run")),
    ("host-dev", |world| same_place(world, "/dev")),
    ("host-shared-memory", |world| same_place(world, "/dev/shm")),
    ("cwd-outside", |_| {
        let mut path = [0_u8; 4096];
        call(nr::GETCWD, [into(&mut path), 4096])?;
        expect(path.starts_with(b"(unreachable)"), "it is inside")
    }),
    ("climb-from-cwd", |world| {
        let path = format!("{}{}", "../".repeat(40), world.file("read")?.trim_start_matches('/'));
        world.told(&crate::attempt::read(open(&path, 0)?)?)
    }),
    ("create-in-the-root", |_| create_in("/")),
    ("create-in-usr", |_| create_in("/usr")),
    ("create-in-usr-bin", |_| create_in("/usr/bin")),
    ("create-in-etc", |_| create_in("/etc")),
    ("create-in-dev", |_| create_in("/dev")),
    ("overwrite-a-library", |_| overwrite("/usr/lib/x86_64-linux-gnu/libc.so.6")),
    ("overwrite-the-loader", |_| overwrite("/lib64/ld-linux-x86-64.so.2")),
    ("overwrite-accounts", |_| overwrite("/etc/passwd")),
    ("make-the-root-writable-by-mode", |_| {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata("/")?.permissions());
        on_path(nr::CHMOD, "/", [u64::from(mode & 0o7777)]).map(drop)
    }),
    ("mark-usr-with-an-attribute", |_| {
        let (name, value) = (c"user.boxwright", "x");
        let name = crate::sys::from(name.to_bytes_with_nul());
        on_path(nr::SETXATTR, "/usr", [name, crate::sys::from(value), 1, 0])?;
        on_path(nr::REMOVEXATTR, "/usr", [name]).map(drop)
    }),
    ("set-user-id-file", set_user_id),
    ("whiteout", |_| {
        let path = crate::attempt::scratch()?;
        on_path(nr::MKNOD, &path, [0o020_000, 0])?;
        Ok(fs::remove_file(path)?)
    }),
];

/// Is this directory the one that the host has there?
fn same_place(world: &World, place: &str) -> Attempt {
    let theirs = world.get(&format!("place.{place}"))?;
    let found = fs::metadata(place)?;
    expect(theirs == format!("{}:{}", found.dev(), found.ino()), "another directory")
}

fn create_in(directory: &str) -> Attempt {
    let path = format!("{directory}/.boxwright-escape-{}", own_pid());
    open(&path, O_NEW)?;
    Ok(fs::remove_file(path)?)
}

/// To have it open for writing is enough, and all that does no harm.
fn overwrite(path: &str) -> Attempt {
    open(path, O_WRONLY | 0o2000).map(drop)
}

/// A file that gives its owner's ids to whoever executes it, where others find it.
fn set_user_id(world: &World) -> Attempt {
    let theirs = world.get("directory")?;
    let found = fs::metadata(theirs)?;
    expect(world.get("identity")? == format!("{}:{}", found.dev(), found.ino()), "another directory")?;
    let directory = open(theirs, O_DIRECTORY)?;
    let name = format!("set-{}", own_pid());
    at_path(nr::OPENAT, directory, &name, [O_NEW, 0o700])?;
    at_path(nr::FCHMODAT, directory, &name, [0o6755])?;
    let mode = fs::metadata(format!("{theirs}/{name}"))?.mode();
    expect(mode & 0o6000 == 0o6000, "the bits are gone")
}
