//! System V and POSIX message queues, semaphores and shared memory of one key.

use crate::sys::{call, from, io_outcome, nr, outcome, text};
use crate::{fact, usage};
use std::fs;

const CREATE: u64 = 0o1000;
const EXCLUSIVE: u64 = 0o2000;
const MODE: u64 = 0o666;

/// Makes an object of each kind, which must not exist.
pub fn make(key: &str) {
    each("made", key, CREATE | EXCLUSIVE | MODE, 0o100 | 0o200 | 2);
    let memory = fs::OpenOptions::new().write(true).create_new(true).open(shared_memory(key));
    fact("made.posix_shared_memory", io_outcome(memory));
}

/// Looks for an object of each kind.
pub fn find(key: &str) {
    each("found", key, 0, 2);
    fact("found.posix_shared_memory", io_outcome(fs::File::open(shared_memory(key))));
}

/// Removes what `make` made.
pub fn remove(key: &str) {
    let number = parse(key);
    for (get, control, arguments) in [
        (nr::MSGGET, nr::MSGCTL, [0, 0]),
        (nr::SHMGET, nr::SHMCTL, [4096, 0]),
        (nr::SEMGET, nr::SEMCTL, [1, 0]),
    ] {
        if let Ok(id) = call(get, [number, arguments[0], arguments[1], 0, 0, 0]) {
            // IPC_RMID is command 0; semctl has a number of the semaphore before it, zero too.
            _ = call(control, [id, 0, 0, 0, 0, 0]);
        }
    }
    let name = text(&format!("boxwright-{key}"));
    _ = call(nr::MQ_UNLINK, [from(name.as_bytes_with_nul()), 0, 0, 0, 0, 0]);
    _ = fs::remove_file(shared_memory(key));
}

fn each(verb: &str, key: &str, flags: u64, open_flags: u64) {
    let number = parse(key);
    let name = text(&format!("boxwright-{key}"));
    let queue = from(name.as_bytes_with_nul());
    for (object, result) in [
        ("message_queue", call(nr::MSGGET, [number, flags, 0, 0, 0, 0])),
        ("shared_memory", call(nr::SHMGET, [number, 4096, flags, 0, 0, 0])),
        ("semaphores", call(nr::SEMGET, [number, 1, flags, 0, 0, 0])),
        ("posix_queue", call(nr::MQ_OPEN, [queue, open_flags, 0o666, 0, 0, 0])),
    ] {
        fact(&format!("{verb}.{object}"), outcome(result));
    }
}

fn shared_memory(key: &str) -> String {
    format!("/dev/shm/boxwright-{key}")
}

fn parse(key: &str) -> u64 {
    key.parse().unwrap_or_else(|_| usage("`ipc` takes a number as its key"))
}
