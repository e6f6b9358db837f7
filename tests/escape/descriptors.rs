//! Descriptors: what is open at the start, and ways to come by what others have open.

use crate::attempt::{AT_FDCWD, Attempt, O_DIRECTORY, Probe, at_path, call, expect, open, reaches, read};
use crate::sys::nr;
use crate::world::World;
use std::fs;

pub const PROBES: &[Probe] = &[
    ("inherited", |_| {
        let open = |descriptor: &u64| call(nr::FCNTL, [*descriptor, 1]).is_ok();
        // The attempt's own pipe has taken one or two of the lowest numbers.
        let inherited: Vec<u64> = (5..4096).filter(open).collect();
        expect(!inherited.is_empty(), "none but the standard streams")
    }),
    ("inherited-directory", |world| {
        let path = world.file("read")?;
        let found = (0..4096).any(|descriptor| {
            let file = at_path(nr::OPENAT, descriptor, path.trim_start_matches('/'), [0, 0]);
            file.is_ok_and(|file| told(world, file))
        });
        expect(found, "no directory of the host is open")
    }),
    ("inherited-file", |world| {
        expect((5..4096).any(|descriptor| told(world, descriptor)), "no such file is open")
    }),
    ("streams-lead-outside", |world| {
        let path = world.file("read")?;
        let up = "../".repeat(40);
        let found = (0..3).any(|descriptor| {
            let file =
                at_path(nr::OPENAT, descriptor, &format!("{up}{}", path.trim_start_matches('/')), [0, 0]);
            file.is_ok_and(|file| told(world, file))
        });
        expect(found, "none is a directory")
    }),
    ("stream-by-its-name", |_| {
        // What is open for reading is opened for writing again.
        let path = "/proc/self/fd/0";
        let target = fs::read_link(path)?;
        let device = std::os::unix::fs::FileTypeExt::is_char_device(&fs::metadata(path)?.file_type());
        expect(target.is_absolute() && !device, "it is no file")?;
        open(path, 1).map(drop)
    }),
    ("directory-of-the-parent", |world| {
        let parent = call(nr::GETPPID, [])?;
        let grand = fs::read_to_string(format!("/proc/{parent}/stat"))?;
        let grand = grand
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().nth(1))
            .unwrap_or("0")
            .to_owned();
        let directory = open(&format!("/proc/{grand}/root"), O_DIRECTORY)?;
        let path = world.file("read")?;
        world.told(&read(at_path(nr::OPENAT, directory, path.trim_start_matches('/'), [0, 0])?)?)
    }),
    ("root-of-the-first-process", |world| {
        let path = format!("/proc/1/root{}", world.file("read")?);
        world.told(&read(open(&path, 0)?)?)
    }),
    ("cwd-of-the-first-process", |world| {
        let directory = at_path(nr::OPENAT, AT_FDCWD, "/proc/1/cwd", [O_DIRECTORY, 0])?;
        let path = format!("{}{}", "../".repeat(40), world.file("read")?.trim_start_matches('/'));
        world.told(&read(at_path(nr::OPENAT, directory, &path, [0, 0])?)?)
    }),
    ("program-of-the-launcher", |_| {
        // What would be changed is the host's own launcher.
        // Programs that are executed cannot be changed, and who may try hears just that.
        reaches(open("/proc/1/exe", 1), &[26])
    }),
    ("own-program", own_program),
];

fn told(world: &World, file: u64) -> bool {
    let mut bytes = [0_u8; 256];
    call(nr::PREAD64, [file, crate::sys::into(&mut bytes), 256, 0]).is_ok() && world.told(&bytes).is_ok()
}

/// Executing programs are busy; by name they are files like others.
fn own_program(_: &World) -> Attempt {
    let path = fs::read_link("/proc/self/exe")?;
    let path = path.to_string_lossy().into_owned();
    let aside = format!("{path}-aside");
    fs::rename(&path, &aside)?;
    Ok(fs::rename(&aside, &path)?)
}
