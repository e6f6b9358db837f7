//! Objects of System V and POSIX that are found by number or name, and keys.

use crate::attempt::{Attempt, Probe, call, expect, on_path, open, reaches, read};
use crate::sys::{from, into, nr, text};
use crate::world::World;

const SESSION: u64 = (-3_i64).cast_unsigned();
const USER: u64 = (-4_i64).cast_unsigned();
const USER_SESSION: u64 = (-5_i64).cast_unsigned();
const KEYCTL_JOIN: u64 = 1;
const KEYCTL_DESCRIBE: u64 = 6;
const KEYCTL_UNLINK: u64 = 9;
const KEYCTL_SEARCH: u64 = 10;
const KEYCTL_READ: u64 = 11;
const KEYCTL_PERSISTENT: u64 = 22;

pub const PROBES: &[Probe] = &[
    ("shared-memory", |world| {
        let memory = call(nr::SHMGET, [world.number("key")?, 4096, 0])?;
        let address = call(nr::SHMAT, [memory, 0, 0o10_000])?;
        let place = std::ptr::with_exposed_provenance::<[u8; 64]>(usize::try_from(address).unwrap_or(0));
        // SAFETY: the kernel has attached a page there, readable.
        world.told(&unsafe { place.read() })
    }),
    ("message-queue", |world| {
        let queue = call(nr::MSGGET, [world.number("key")?, 0])?;
        let mut message = [0_u8; 72];
        // MSG_NOERROR, IPC_NOWAIT and MSG_COPY, which leaves it there.
        call(nr::MSGRCV, [queue, into(&mut message), 64, 0, 0o54_000])?;
        world.told(&message)
    }),
    ("semaphores", |world| call(nr::SEMGET, [world.number("key")?, 1, 0]).map(drop)),
    ("posix-message-queue", |world| {
        let name = format!("boxwright-escape-{}", world.get("key")?);
        let queue = on_path(nr::MQ_OPEN, &name, [0o4000, 0, 0])?;
        // F_GETFD: it is open for reading, and what is in it stays.
        call(nr::FCNTL, [queue, 1]).map(drop)
    }),
    ("posix-shared-memory", |world| {
        world.told(&read(open(&format!("/dev/shm/boxwright-escape-{}", world.get("key")?), 0)?)?)
    }),
    ("key-of-the-caller", |world| search(world, SESSION, "caller_key")),
    ("key-of-the-user", |world| find_user_key(world, USER)),
    ("key-of-the-session-of-the-user", |world| find_user_key(world, USER_SESSION)),
    ("read-a-key-by-number", |world| {
        let mut bytes = [0_u8; 64];
        call(nr::KEYCTL, [KEYCTL_READ, world.number("serial")?, into(&mut bytes), 64])?;
        world.told(&bytes)
    }),
    ("describe-a-key-by-number", |world| {
        let mut bytes = [0_u8; 256];
        call(nr::KEYCTL, [KEYCTL_DESCRIBE, world.number("serial")?, into(&mut bytes), 256]).map(drop)
    }),
    ("request-a-key", |world| {
        let (kind, name) = (text("user"), text(&format!("boxwright-escape-{}", world.get("key")?)));
        let [kind, name] = [&kind, &name].map(|word| from(word.as_bytes_with_nul()));
        // ENOKEY: it was looked for, in keyrings that do not have it.
        reaches(call(nr::REQUEST_KEY, [kind, name, 0, 0]), &[126])
    }),
    ("add-a-key", |_| {
        let (kind, name) = (text("user"), text("boxwright-escape"));
        let [kind, name] = [&kind, &name].map(|word| from(word.as_bytes_with_nul()));
        let serial = call(nr::ADD_KEY, [kind, name, from("x"), 1, USER])?;
        call(nr::KEYCTL, [KEYCTL_UNLINK, serial, USER]).map(drop)
    }),
    ("join-a-session-keyring", |_| call(nr::KEYCTL, [KEYCTL_JOIN, 0]).map(drop)),
    ("persistent-keyring", |_| {
        call(nr::KEYCTL, [KEYCTL_PERSISTENT, u64::from(u32::MAX), (-1_i64).cast_unsigned()]).map(drop)
    }),
    ("keys-in-proc", |world| {
        let keys = std::fs::read_to_string("/proc/keys")?;
        expect(keys.contains(&format!("boxwright-escape-{}", world.get("key")?)), "others")
    }),
];

fn search(world: &World, keyring: u64, fact: &str) -> Attempt {
    let (kind, name) = (text("user"), text(world.get(fact)?));
    let [kind, name] = [&kind, &name].map(|word| from(word.as_bytes_with_nul()));
    call(nr::KEYCTL, [KEYCTL_SEARCH, keyring, kind, name, 0]).map(drop)
}

/// The keyring that all processes of a user share.
fn find_user_key(world: &World, keyring: u64) -> Attempt {
    let (kind, name) = (text("user"), text(&format!("boxwright-escape-{}", world.get("key")?)));
    let [kind, name] = [&kind, &name].map(|word| from(word.as_bytes_with_nul()));
    call(nr::KEYCTL, [KEYCTL_SEARCH, keyring, kind, name, 0]).map(drop)
}
