//! What Landlock does not stop by itself, and ways to be rid of it.

use crate::attempt::{AT_FDCWD, Attempt, O_PATH, Probe, at_path, call, expect, on_path, open, own_pid, read};
use crate::sys::{from, nr, text};
use std::fs;

pub const PROBES: &[Probe] = &[
    ("whiteout-by-rename", |world| {
        let (old, new) = (world.file("swap")?, world.file(&format!("swapped-{}", own_pid()))?);
        let (old, new) = (text(&old), text(&new));
        let [old, new] = [&old, &new].map(|path| from(path.as_bytes_with_nul()));
        call(nr::RENAMEAT2, [AT_FDCWD, old, AT_FDCWD, new, 4]).map(drop)
    }),
    ("stat-outside", |world| expect(fs::metadata(world.file("stat")?)?.is_file(), "another file")),
    ("change-the-mode-outside", |world| on_path(nr::CHMOD, &world.file("chmod")?, [0o644]).map(drop)),
    ("change-the-time-outside", |world| {
        at_path(nr::UTIMENSAT, AT_FDCWD, &world.file("utime")?, [0, 0]).map(drop)
    }),
    ("lock-outside-by-its-path", |world| {
        // O_PATH asks no right of Landlock; through /proc it is opened after all.
        let file = open(&world.file("path")?, O_PATH)?;
        world.told(&read(open(&format!("/proc/self/fd/{file}"), 0)?)?)
    }),
    ("wider-ruleset", |world| {
        // struct landlock_ruleset_attr: READ_FILE is handled, and allowed everywhere.
        let handled = [1_u64 << 2, 0, 0];
        let rules = call(nr::LANDLOCK_CREATE_RULESET, [from(&handled), 8, 0])?;
        let root = open("/", O_PATH)?;
        let mut rule = [0_u8; 12];
        rule[..8].copy_from_slice(&(1_u64 << 2).to_ne_bytes());
        rule[8..].copy_from_slice(&u32::try_from(root).unwrap_or(0).to_ne_bytes());
        call(nr::LANDLOCK_ADD_RULE, [rules, 1, from(&rule), 0])?;
        call(nr::LANDLOCK_RESTRICT_SELF, [rules, 0])?;
        world.told(&read(open(&world.file("read")?, 0)?)?)
    }),
    ("another-thread", |world| {
        let path = world.file("read")?;
        let thread = std::thread::spawn(move || fs::read(path));
        world.told(&thread.join().unwrap_or_else(|_| Ok(Vec::new()))?)
    }),
    ("another-process", |world| crate::attempt::in_child(|| world.told(&fs::read(world.file("read")?)?))),
    ("narrowed-write", |_| narrowed("written", |path| Ok(fs::write(path, "x")?))),
    ("narrowed-make", |_| narrowed("made", |path| Ok(fs::create_dir(path)?))),
    ("trace-across-domains", |world| call(nr::PTRACE, [0x4206, world.victim()?, 0, 0]).map(drop)),
];

/// Where the mounts would let it happen and only a rule of `landlock.path_beneath` stands before it.
fn narrowed(name: &str, change: fn(&str) -> Attempt) -> Attempt {
    let path = format!("/narrow/{name}");
    if fs::metadata("/narrow").is_err() {
        return crate::attempt::beside("no place is narrowed");
    }
    change(&path)
}
