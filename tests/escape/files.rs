//! Files of somebody outside, by their path: every way to read, change, move, mark and execute one.

use crate::attempt::{
    AT_FDCWD, Attempt, O_DIRECTORY, O_NEW, O_PATH, O_RDWR, O_WRONLY, Probe, Stopped, at_path, call, execute,
    expect, on_path, open, own_pid, read, write,
};
use crate::sys::{from, into, nr, text};
use crate::world::World;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;

pub const PROBES: &[Probe] = &[
    ("read", |world| world.told(&read(on_path(nr::OPEN, &world.file("read")?, [0, 0])?)?)),
    ("read-by-openat", |world| world.told(&read(open(&world.file("open")?, 0)?)?)),
    ("read-by-openat2", openat2),
    ("read-by-map", map),
    ("read-by-handle", by_handle),
    ("make-a-handle", make_handle),
    ("read-from-above", |world| {
        let path = format!("{}{}", "../".repeat(40), world.file("read")?);
        world.told(&read(open(&path, 0)?)?)
    }),
    ("write", |world| write(open(&world.file("write")?, O_WRONLY)?, b"changed").map(drop)),
    ("write-and-read", |world| write(open(&world.file("write")?, O_RDWR)?, b"changed").map(drop)),
    ("append", |world| write(open(&world.file("append")?, O_WRONLY | 0o2000)?, b"more").map(drop)),
    ("truncate", |world| on_path(nr::TRUNCATE, &world.file("truncate")?, [0]).map(drop)),
    ("truncate-by-creat", |world| {
        outside(world)?;
        on_path(nr::CREAT, &world.file("creat")?, [0o600]).map(drop)
    }),
    ("create", |world| open(&made(world, "file")?, O_NEW).map(drop)),
    ("create-without-a-name", |world| {
        outside(world)?;
        open(world.get("directory")?, 0o20_200_000 | O_RDWR).map(drop)
    }),
    ("make-a-directory", |world| Ok(fs::create_dir(made(world, "directory")?)?)),
    ("make-a-symlink", |world| Ok(symlink("anywhere", made(world, "symlink")?)?)),
    ("make-a-fifo", |world| on_path(nr::MKNOD, &made(world, "fifo")?, [0o010_600, 0]).map(drop)),
    ("make-a-socket", |world| Ok(UnixListener::bind(made(world, "socket")?).map(drop)?)),
    ("remove", |world| Ok(fs::remove_file(world.file("unlink")?)?)),
    ("remove-a-directory", |world| Ok(fs::remove_dir(world.file("empty")?)?)),
    ("rename", |world| Ok(fs::rename(world.file("rename")?, made(world, "renamed")?)?)),
    ("exchange", |world| {
        let (one, other) = (text(&world.file("exchange")?), text(&world.file("read")?));
        let [one, other] = [&one, &other].map(|path| from(path.as_bytes_with_nul()));
        call(nr::RENAMEAT2, [AT_FDCWD, one, AT_FDCWD, other, 2]).map(drop)
    }),
    ("link", |world| Ok(fs::hard_link(world.file("link")?, made(world, "linked")?)?)),
    ("change-the-mode", |world| on_path(nr::CHMOD, &world.file("chmod")?, [0o640]).map(drop)),
    ("change-the-mode-at", |world| at_path(nr::FCHMODAT, AT_FDCWD, &world.file("chmod")?, [0o604]).map(drop)),
    ("change-the-mode-at-2", |world| {
        at_path(nr::FCHMODAT2, AT_FDCWD, &world.file("fchmodat2")?, [0o640, 0]).map(drop)
    }),
    ("change-the-owner", |world| {
        let own = call(nr::GETUID, [])?;
        on_path(nr::CHOWN, &world.file("chown")?, [own, u64::from(u32::MAX)]).map(drop)
    }),
    ("change-the-time", |world| at_path(nr::UTIMENSAT, AT_FDCWD, &world.file("utime")?, [0, 0]).map(drop)),
    ("write-an-attribute", |world| {
        let name = text("user.changed");
        let rest = [from(name.as_bytes_with_nul()), from("yes"), 3, 0];
        on_path(nr::SETXATTR, &world.file("attribute")?, rest).map(drop)
    }),
    ("read-an-attribute", |world| {
        let (name, mut value) = (text("user.secret"), [0_u8; 256]);
        let rest = [from(name.as_bytes_with_nul()), into(&mut value), 256];
        on_path(nr::GETXATTR, &world.file("attribute")?, rest)?;
        world.told(&value)
    }),
    ("read-a-symlink", |world| {
        let target = fs::read_link(world.file("symlink")?)?;
        world.told(target.to_string_lossy().as_bytes())
    }),
    ("stat", |world| expect(fs::metadata(world.file("stat")?)?.len() > 0, "another file")),
    ("ask-for-access", |world| on_path(nr::ACCESS, &world.file("stat")?, [4]).map(drop)),
    ("open-the-path", |world| open(&world.file("path")?, O_PATH).map(drop)),
    ("list", |world| {
        let names: Vec<_> = fs::read_dir(world.get("directory")?)?.flatten().collect();
        expect(names.iter().any(|entry| entry.file_name() == "list"), "another directory")
    }),
    ("go-there", |world| on_path(nr::CHDIR, &world.file("cwd")?, []).map(drop)),
    ("make-it-the-root", |world| on_path(nr::CHROOT, &world.file("root")?, []).map(drop)),
    ("execute", |world| execute(&world.file("program")?)),
    ("lock", |world| {
        let file = open(&world.file("lock")?, 0)?;
        call(nr::FLOCK, [file, 2]).map(drop)
    }),
    ("watch", |world| {
        let instance = call(nr::INOTIFY_INIT1, [0])?;
        at_path(nr::INOTIFY_ADD_WATCH, instance, &world.file("watch")?, [0xfff]).map(drop)
    }),
    ("mark", |world| {
        // FAN_CLASS_NOTIF with FAN_REPORT_FID, which anybody may; FAN_MARK_ADD of FAN_MODIFY.
        let group = call(nr::FANOTIFY_INIT, [0x200, 0])?;
        let file = text(&world.file("mark")?);
        call(nr::FANOTIFY_MARK, [group, 1, 2, AT_FDCWD, from(file.as_bytes_with_nul())]).map(drop)
    }),
    ("shadow", |_| expect(fs::read_to_string("/etc/shadow")?.contains("root:"), "another file")),
    ("chroot-and-climb", climb),
    ("granted-read-only-write", |world| {
        write(open(&world.file("granted/file")?, O_WRONLY)?, b"changed").map(drop)
    }),
    ("granted-read-only-create", |world| open(&made(world, "granted/made")?, O_NEW).map(drop)),
    ("granted-read-only-rename", |world| {
        Ok(fs::rename(world.file("granted/rename")?, made(world, "granted/renamed")?)?)
    }),
    ("granted-read-only-mode", |world| {
        Ok(fs::set_permissions(world.file("granted/chmod")?, fs::Permissions::from_mode(0o640))?)
    }),
    ("granted-move-the-protected", move_protected),
    ("granted-write-the-sealed", |world| {
        write(open(&world.file("beneath/sealed/file")?, O_WRONLY)?, b"changed").map(drop)
    }),
    ("granted-read-the-masked", |world| world.told(&fs::read(world.file("masked/file")?)?)),
    ("granted-make-a-device", |world| device_in(world)),
    ("granted-execute", |world| {
        let copy = made(world, "writable/program")?;
        fs::copy("/proc/self/exe", &copy)?;
        let result = execute(&copy);
        _ = fs::remove_file(&copy);
        result
    }),
];

/// A name that no other attempt uses, in the victim's directory and not in one that is only called so.
fn made(world: &World, name: &str) -> Result<String, Stopped> {
    let path = world.file(&format!("{name}-{}", own_pid()))?;
    if !name.contains('/') {
        outside(world)?;
    }
    Ok(path)
}

/// Directories on the way to what is granted have the same names and are others.
fn outside(world: &World) -> Attempt {
    let found = fs::metadata(world.get("directory")?)?;
    expect(world.get("identity")? == format!("{}:{}", found.dev(), found.ino()), "another directory")
}

fn openat2(world: &World) -> Attempt {
    let how = [0_u64, 0, 0];
    let file = at_path(nr::OPENAT2, AT_FDCWD, &world.file("openat2")?, [from(&how), 24])?;
    world.told(&read(file)?)
}

fn map(world: &World) -> Attempt {
    let file = open(&world.file("map")?, O_RDWR)?;
    let address = call(nr::MMAP, [0, 4096, 3, 1, file, 0])?;
    let place = std::ptr::with_exposed_provenance_mut::<u8>(usize::try_from(address).unwrap_or(0));
    // SAFETY: the kernel has mapped the file's page there, and the file is longer than one byte.
    let first = unsafe { place.read_volatile() };
    expect(world.secret()?.as_bytes().first() == Some(&first), "another file")
}

fn by_handle(world: &World) -> Attempt {
    let digits = world.get("handle")?;
    let words = (0..digits.len() / 8).filter_map(|at| digits.get(at * 8..at * 8 + 8));
    let mut handle: Vec<u32> = words.filter_map(|word| u32::from_str_radix(word, 16).ok()).collect();
    for place in ["/", "/usr", "/tmp", "/etc", "."] {
        let Ok(mount) = open(place, O_DIRECTORY) else { continue };
        let opened = call(nr::OPEN_BY_HANDLE_AT, [mount, into(handle.as_mut_slice()), 0]);
        if let Err(Stopped::By(1 | 38)) = opened {
            return opened.map(drop);
        }
        if opened.is_ok_and(|file| read(file).is_ok_and(|bytes| world.told(&bytes).is_ok())) {
            return Ok(());
        }
    }
    expect(false, "no mount has that file")
}

fn make_handle(world: &World) -> Attempt {
    let (mut handle, mut mount) = ([0_u32; 34], 0_i32);
    handle[0] = 128;
    let rest = [into(&mut handle), into(&mut mount), 0];
    at_path(nr::NAME_TO_HANDLE_AT, AT_FDCWD, &world.file("handle")?, rest).map(drop)
}

/// The oldest way out: a directory that is open, a root beneath it, and upwards from there.
fn climb(world: &World) -> Attempt {
    let here = open("/", O_DIRECTORY)?;
    let below = crate::attempt::scratch()?;
    let (place, name) = below.rsplit_once('/').unwrap_or((".", &below));
    let place = open(place, O_DIRECTORY)?;
    fs::create_dir(&below)?;
    let changed = on_path(nr::CHROOT, &below, []);
    // AT_REMOVEDIR, from where it was made: its path means something else now.
    _ = at_path(nr::UNLINKAT, place, name, [0x200]);
    changed?;
    call(nr::FCHDIR, [here])?;
    let path = format!("{}{}", "../".repeat(40), world.file("read")?.trim_start_matches('/'));
    world.told(&read(open(&path, 0)?)?)
}

/// What is protected beneath a writable grant goes with the directory that it is in.
fn move_protected(world: &World) -> Attempt {
    let (from, to) = (world.file("beneath/sealed")?, made(world, "beneath/aside")?);
    fs::rename(&from, &to)?;
    _ = fs::rename(&to, &from);
    Ok(())
}

/// A device node in a grant, and whether it is one: the first is `/dev/zero`.
fn device_in(world: &World) -> Attempt {
    let node = made(world, "writable/node")?;
    on_path(nr::MKNOD, &node, [0o020_600, 0x105])?;
    let opened = fs::File::open(&node);
    let found = fs::metadata(&node)?.rdev();
    _ = fs::remove_file(&node);
    opened?;
    expect(found == 0x105, "another device")
}
