//! What the kernel counts or lists for all of a machine: objects by index, mounts by quota, locks and names.

use crate::attempt::{Probe, call, expect};
use crate::sys::{into, nr};
use crate::world::World;

pub const PROBES: &[Probe] = &[
    ("list-shared-memory", |world| lists(world, nr::SHMCTL, |index| [index, 15, 0, 0])),
    ("list-message-queues", |world| lists(world, nr::MSGCTL, |index| [index, 13, 0, 0])),
    ("list-semaphores", |world| lists(world, nr::SEMCTL, |index| [index, 0, 20, 0])),
    ("find-any-group-of-processes", |world| {
        let victim = world.victim()?;
        expect(call(nr::GETPGID, [victim])? == victim, "another process")
    }),
];

/// `SHM_STAT_ANY` and its like: by index, whoever owns it; the key is the structure's first word.
fn lists(world: &World, control: u64, arguments: fn(u64) -> [u64; 4]) -> crate::attempt::Attempt {
    let key = world.number("key")?;
    let place = if control == nr::SEMCTL { 3 } else { 2 };
    let mut last = expect(false, "none is there");
    for index in 0..64 {
        let mut facts = [0_u32; 64];
        let mut words = arguments(index);
        words[place] = into(&mut facts);
        match call(control, words) {
            Ok(_) if u64::from(facts[0]) == key => return Ok(()),
            Ok(_) => last = expect(false, "others"),
            Err(stopped) => last = last.and(Err(stopped)),
        }
    }
    last
}
