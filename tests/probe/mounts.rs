//! Makes the mounts that a launch finds: a mount namespace of its own, and what is mounted in it.

use crate::start::user_namespace;
use crate::sys::{call, errno_name, from, io_errno, nr, outcome, text};
use crate::{fact, usage};
use std::fs;
use std::os::fd::AsRawFd as _;

const MS_REMOUNT: u64 = 1 << 5;
const MS_BIND: u64 = 1 << 12;
const MS_REC: u64 = 1 << 14;
const MS_PRIVATE: u64 = 1 << 18;
const MS_SHARED: u64 = 1 << 20;
const CLONE_NEWNS: u64 = 0x2_0000;

/// Flags of mount(2) by their names in the mount table.
const FLAGS: [(&str, u64); 4] = [("ro", 1), ("nosuid", 2), ("nodev", 4), ("noexec", 8)];

/// What every launcher does first.
pub fn make_private() -> Result<(), i32> {
    mount("none", "/", MS_REC | MS_PRIVATE)
}

/// A mount namespace that nothing leaves.
pub fn namespace() -> Result<(), i32> {
    call(nr::UNSHARE, [CLONE_NEWNS, 0, 0, 0, 0, 0])?;
    make_private()
}

/// A mount namespace as the kernel makes it, which shared mounts still tie to the old one.
pub fn tied_namespace() -> Result<(), i32> {
    call(nr::UNSHARE, [CLONE_NEWNS, 0, 0, 0, 0, 0]).map(drop)
}

/// The mount namespace that this process is in.
pub fn enter(pid: &str) -> Result<(), i32> {
    let namespace = fs::File::open(format!("/proc/{pid}/ns/mnt")).map_err(io_errno)?;
    let descriptor = u64::from(namespace.as_raw_fd().unsigned_abs());
    call(nr::SETNS, [descriptor, CLONE_NEWNS, 0, 0, 0, 0]).map(drop)
}

/// A file system in memory over a directory, which is made when it is missing.
pub fn tmpfs(path: &str) -> Result<(), i32> {
    fs::create_dir_all(path).map_err(io_errno)?;
    mount("tmpfs", path, 0)
}

/// One that may not hold anything.
pub fn full(path: &str) -> Result<(), i32> {
    tmpfs(path)?;
    let mut file = fs::File::create(format!("{path}/filler")).map_err(io_errno)?;
    let (options, path) = (text("size=4k"), text(path));
    let arguments = [0, from(path.as_bytes_with_nul()), 0, MS_REMOUNT, from(options.as_bytes_with_nul()), 0];
    call(nr::MOUNT, arguments)?;
    std::io::Write::write_all(&mut file, &[0x5a; 4096]).map_err(io_errno)
}

/// Whatever is mounted there, and beneath, propagates.
pub fn share(path: &str) -> Result<(), i32> {
    mount("none", path, MS_REC | MS_SHARED)
}

/// `PATH:FLAG:FLAG...`: a mount with these flags.
pub fn restrict(value: &str) -> Result<(), i32> {
    let mut words = value.split(':');
    let path = words.next().unwrap_or_default();
    let flag = |word: &str| FLAGS.iter().find(|(name, _)| *name == word).map(|(_, flag)| *flag);
    let flags =
        words.map(|word| flag(word).unwrap_or_else(|| usage(&format!("`{word}` is not a flag of a mount"))));
    mount("none", path, MS_REMOUNT | MS_BIND | flags.fold(0, |all, flag| all | flag))
}

/// What mount(2) says of a file system at a path.
pub fn mount(kind: &str, path: &str, flags: u64) -> Result<(), i32> {
    let (kind, path) = (text(kind), text(path));
    let kind = from(kind.as_bytes_with_nul());
    call(nr::MOUNT, [kind, from(path.as_bytes_with_nul()), kind, flags, 0, 0]).map(drop)
}

/// What is elsewhere in the tree, too.
pub fn bind(value: &str) -> Result<(), i32> {
    let (source, path) = value.split_once(':').unwrap_or_default();
    let (source, path) = (text(source), text(path));
    let arguments =
        [from(source.as_bytes_with_nul()), from(path.as_bytes_with_nul()), 0, MS_BIND | MS_REC, 0, 0];
    call(nr::MOUNT, arguments).map(drop)
}

/// Nothing can be written to, a full disk for instance, but /proc, which is no disk.
pub fn read_only() -> Result<(), i32> {
    // struct mount_attr: MOUNT_ATTR_RDONLY to set, with AT_RECURSIVE, and to clear.
    for (path, flags, attributes) in [("/", 0x8000, [1_u64, 0, 0, 0]), ("/proc", 0, [0, 1, 0, 0])] {
        let path = text(path);
        let (here, path) = ((-100_i64).cast_unsigned(), from(path.as_bytes_with_nul()));
        call(nr::MOUNT_SETATTR, [here, path, flags, from(&attributes), 32, 0])?;
    }
    Ok(())
}

/// As the root of a user namespace of its own takes a mount of its own away, which works, and tries the same with the one beneath
/// it, and to make that writable.
pub fn undo(path: &str) {
    const MNT_DETACH: u64 = 2;
    let mut said = "no namespace".to_owned();
    if user_namespace().is_ok() {
        let point = text(path);
        let detach = || outcome(call(nr::UMOUNT2, [from(point.as_bytes_with_nul()), MNT_DETACH, 0, 0, 0, 0]));
        let own = bind(&format!("{path}:{path}")).map(|()| detach());
        let remounted = mount("none", path, MS_REMOUNT | MS_BIND);
        said = format!("{} {} {}", own.unwrap_or_else(errno_name), detach(), outcome(remounted));
    }
    fact(&format!("undo.{path}"), said);
}

/// Exchanges two paths until somebody ends this process.
pub fn exchange(one: &str, other: &str) -> ! {
    const AT_FDCWD: u64 = (-100_i64).cast_unsigned();
    const RENAME_EXCHANGE: u64 = 2;
    let (one, other) = (text(one), text(other));
    let [from_path, to_path] = [&one, &other].map(|path| from(path.as_bytes_with_nul()));
    loop {
        let renamed = call(nr::RENAMEAT2, [AT_FDCWD, from_path, AT_FDCWD, to_path, RENAME_EXCHANGE, 0]);
        if let Err(errno) = renamed {
            usage(&format!("exchange: {}", errno_name(errno)))
        }
    }
}
