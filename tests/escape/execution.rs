//! Executing: what was brought along or made inside, by every way that a program can be started.

use crate::attempt::{Attempt, O_NEW, Probe, call, execute, in_child, on_path, open, own_pid, write};
use crate::sys::{from, nr, text};
use crate::world::World;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

pub const PROBES: &[Probe] = &[
    ("copy-in-temporary-files", |_| copied("/tmp")),
    ("copy-in-shared-memory", |_| copied("/dev/shm")),
    ("copy-in-the-root", |_| copied("")),
    ("copy-in-run", |_| copied("/run")),
    ("script-in-temporary-files", |_| {
        let path = format!("/tmp/escape-script-{}", own_pid());
        let program = fs::read_link("/proc/self/exe")?;
        fs::write(&path, format!("#!{} executed\n", program.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        // The script's own path is its interpreter's second argument, which that ends over: any end is an execution.
        let words = text(&path);
        let argv = [from(words.as_bytes_with_nul()), 0];
        let run = in_child(|| {
            call(nr::EXECVE, [from(words.as_bytes_with_nul()), from(&argv), from(&[0_u64])]).map(drop)
        });
        _ = fs::remove_file(&path);
        match run {
            // `escape` with arguments that it does not know.
            Err(crate::attempt::Stopped::By(99)) => Ok(()),
            run => run,
        }
    }),
    ("library-in-temporary-files", |_| mapped("/tmp")),
    ("library-in-shared-memory", |_| mapped("/dev/shm")),
    ("through-the-loader", |_| {
        let path = "/tmp/escape-loaded";
        fs::copy("/bin/true", path)?;
        let run = std::process::Command::new("/lib64/ld-linux-x86-64.so.2").arg(path).status();
        _ = fs::remove_file(path);
        crate::attempt::expect(run?.success(), "the loader failed")
    }),
    ("program-of-the-host", |_| {
        let run = std::process::Command::new("/usr/bin/env").arg("true").status()?;
        crate::attempt::expect(run.success(), "it failed")
    }),
    ("shell-of-the-host", |_| {
        let run = std::process::Command::new("/bin/sh").args(["-c", "exit 0"]).status()?;
        crate::attempt::expect(run.success(), "it failed")
    }),
    ("itself-again", |_| execute("/proc/self/exe")),
    ("through-a-descriptor", |_| {
        let program = open("/proc/self/exe", 0)?;
        execute(&format!("/proc/self/fd/{program}"))
    }),
    ("program-of-the-victim", |world| execute(&format!("/proc/{}/exe", world.victim()?))),
    ("program-beside-the-victim", |world| execute(&world.file("program")?)),
    ("program-in-a-grant", |world| in_grant(world)),
];

/// A copy of this program, made there.
fn copied(directory: &str) -> Attempt {
    let path = format!("{directory}/escape-copy-{}", own_pid());
    let file = open(&path, O_NEW)?;
    let program = fs::read("/proc/self/exe")?;
    let mut written = 0;
    while written < program.len() {
        written += usize::try_from(write(file, &program[written..])?).unwrap_or(0);
    }
    call(nr::CLOSE, [file])?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    let result = execute(&path);
    _ = fs::remove_file(&path);
    result
}

/// A file that is mapped to be executed, as a dynamic linker does it.
fn mapped(directory: &str) -> Attempt {
    let path = format!("{directory}/escape-library-{}", own_pid());
    fs::write(&path, "code")?;
    let mapped = open(&path, 0).and_then(|file| call(nr::MMAP, [0, 4096, 5, 2, file, 0]));
    _ = fs::remove_file(&path);
    mapped.map(drop)
}

fn in_grant(world: &World) -> Attempt {
    let path = world.file("writable/copy")?;
    fs::copy("/proc/self/exe", &path)?;
    on_path(nr::CHMOD, &path, [0o755])?;
    let result = execute(&path);
    _ = fs::remove_file(&path);
    result
}
