//! What the kernel counts or lists for all of a machine: objects by index, mounts by quota, locks and names.

use crate::attempt::{Attempt, Probe, call, expect};
use crate::sys::{into, nr};
use crate::world::World;

pub const PROBES: &[Probe] = &[
    ("list-shared-memory", |world| lists(world, nr::SHMCTL, 15)),
    ("list-message-queues", |world| lists(world, nr::MSGCTL, 13)),
    ("list-semaphores", |world| lists(world, nr::SEMCTL, 20)),
    ("find-any-group-of-processes", |world| {
        let victim = world.victim()?;
        expect(call(nr::GETPGID, [victim])? == victim, "another process")
    }),
];

/// `IPC_INFO`, which answers with the highest index in use.
const INFO: u64 = 3;

/// `SHM_STAT_ANY` or its like, by index, whoever owns it; the key is the structure's first word.
fn lists(world: &World, control: u64, stat_any: u64) -> Attempt {
    let key = world.number("key")?;
    let mut facts = [0_u32; 64];
    let mut look = |index, command| {
        let place = into(&mut facts);
        // A set of semaphores takes the number of one before the command.
        let words =
            if control == nr::SEMCTL { [index, 0, command, place] } else { [index, command, place, 0] };
        call(control, words).map(|answer| (answer, u64::from(facts[0])))
    };
    let (highest, _) = look(0, INFO)?;
    let mut last = expect(false, "none is there");
    for index in 0..=highest {
        match look(index, stat_any) {
            Ok((_, found)) if found == key => return Ok(()),
            Ok(_) => last = expect(false, "others"),
            Err(stopped) => last = last.and(Err(stopped)),
        }
    }
    last
}
