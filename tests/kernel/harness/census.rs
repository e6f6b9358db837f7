//! What tests and launchers may leave on a machine: cgroups, files where everybody can write, System V objects with a key and
//! POSIX queues.

use super::tree;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Everything of that kind, by names that stay the same.
pub fn census() -> BTreeSet<String> {
    let cgroups = tree::made().map(|path| path.display().to_string());
    let files = ["/tmp", "/run", "/dev/shm"].into_iter().flat_map(|directory| {
        let own = entries(Path::new(directory)).into_iter().filter(|name| name.contains("boxwright"));
        own.map(move |name| format!("{directory}/{name}"))
    });
    cgroups.chain(files).chain(["msg", "sem", "shm"].into_iter().flat_map(keyed)).chain(queues()).collect()
}

/// What is made since, and stays: other tests may run on the machine, and end theirs.
pub fn left_since(before: &BTreeSet<String>) -> Vec<String> {
    let left = || census().difference(before).cloned().collect::<Vec<_>>();
    for _ in 0..100 {
        if left().is_empty() {
            return Vec::new();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    left()
}

/// System V objects of a kind: each line begins with a key and an id; those without a key are private to programs.
fn keyed(kind: &str) -> Vec<String> {
    let table = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let keyed = lines.filter(|words| words.first().is_some_and(|key| *key != "0"));
    keyed.map(|words| format!("{kind} {}", words[..2].join(" "))).collect()
}

/// POSIX queues, which show in a mount that only one thread has, and only root can make.
fn queues() -> Vec<String> {
    let look = || {
        let none = None::<&str>;
        let own = unshare(CloneFlags::CLONE_NEWNS)
            .and_then(|()| mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none))
            .and_then(|()| mount(none, "/dev/shm", Some("mqueue"), MsFlags::empty(), none));
        own.map(|()| entries(Path::new("/dev/shm"))).unwrap_or_default()
    };
    let names = std::thread::spawn(look).join().expect("no panic here");
    names.into_iter().map(|name| format!("mqueue {name}")).collect()
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
