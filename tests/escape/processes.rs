//! Processes outside: signals, scheduling, limits and everything else that takes the number of a process.

use crate::attempt::{Attempt, Probe, call, expect, own_pid};
use crate::sys::{from, into, nr};
use crate::world::World;

const SIGUSR1: u64 = 10;

pub const PROBES: &[Probe] = &[
    ("signal", |world| call(nr::KILL, [outside(world)?, SIGUSR1]).map(drop)),
    ("signal-a-thread", |world| call(nr::TKILL, [outside(world)?, SIGUSR1]).map(drop)),
    ("signal-a-thread-of-a-group", |world| {
        let victim = outside(world)?;
        call(nr::TGKILL, [victim, victim, SIGUSR1]).map(drop)
    }),
    ("signal-its-group", |world| call(nr::KILL, [outside(world)?.wrapping_neg(), SIGUSR1]).map(drop)),
    ("queue-a-signal", |world| {
        // si_code SI_QUEUE, which is for everybody to send.
        let mut information = [0_i32; 32];
        information[2] = -1;
        call(nr::RT_SIGQUEUEINFO, [outside(world)?, SIGUSR1, from(&information)]).map(drop)
    }),
    ("process-descriptor", |world| call(nr::PIDFD_OPEN, [outside(world)?, 0]).map(drop)),
    ("signal-by-descriptor", |world| {
        let descriptor = call(nr::PIDFD_OPEN, [outside(world)?, 0])?;
        call(nr::PIDFD_SEND_SIGNAL, [descriptor, SIGUSR1, 0, 0]).map(drop)
    }),
    ("descriptor-of-its-descriptor", |world| {
        let descriptor = call(nr::PIDFD_OPEN, [outside(world)?, 0])?;
        let file = call(nr::PIDFD_GETFD, [descriptor, world.number("memory_file")?, 0])?;
        let mut bytes = [0_u8; 64];
        call(nr::PREAD64, [file, into(&mut bytes), 64, 0])?;
        world.told(&bytes)
    }),
    ("trace-by-seizing", |world| {
        let victim = outside(world)?;
        call(nr::PTRACE, [0x4206, victim, 0, 0])?;
        // It stays traced until its tracer ends, which this process now does.
        Ok(())
    }),
    ("trace-by-attaching", |world| {
        let victim = outside(world)?;
        call(nr::PTRACE, [16, victim, 0, 0])?;
        call(nr::WAIT4, [victim, 0, 0x4000_0000])?;
        call(nr::PTRACE, [17, victim, 0, 0])?;
        // What stopped it may have been another signal: then the SIGSTOP of attaching is still to come.
        call(nr::KILL, [victim, 18]).map(drop)
    }),
    ("read-its-memory", |world| {
        let mut bytes = [0_u8; 64];
        let length = world.secret()?.len() as u64;
        let (here, there) = ([into(&mut bytes), length], [world.number("address")?, length]);
        call(nr::PROCESS_VM_READV, [world.victim()?, from(&here), 1, from(&there), 1, 0])?;
        world.told(&bytes)
    }),
    ("write-its-memory", |world| {
        // What is there already.
        let same = 0x600d_600d_u32;
        let (here, there) = ([from(&same), 4], [world.number("overwrite")?, 4]);
        outside(world)?;
        call(nr::PROCESS_VM_WRITEV, [world.victim()?, from(&here), 1, from(&there), 1, 0]).map(drop)
    }),
    ("advise-its-memory", |world| {
        let descriptor = call(nr::PIDFD_OPEN, [outside(world)?, 0])?;
        let there = [world.number("address")? / 4096 * 4096, 4096];
        // MADV_COLD.
        call(nr::PROCESS_MADVISE, [descriptor, from(&there), 1, 20, 0]).map(drop)
    }),
    ("compare-with-it", |world| call(nr::KCMP, [own_pid(), outside(world)?, 2, 0, 0]).map(drop)),
    ("its-limits", |world| {
        let mut limits = [0_u64; 2];
        let victim = outside(world)?;
        call(nr::PRLIMIT64, [victim, 7, 0, into(&mut limits)])?;
        call(nr::PRLIMIT64, [victim, 7, from(&limits), 0]).map(drop)
    }),
    ("its-priority", |world| {
        let victim = outside(world)?;
        // The call answers 20 less than the nice value, downwards.
        let nice = 20_u64.wrapping_sub(call(nr::GETPRIORITY, [0, victim])?);
        call(nr::SETPRIORITY, [0, victim, nice]).map(drop)
    }),
    ("its-processors", |world| {
        let (victim, mut set) = (outside(world)?, [0_u64; 16]);
        let length = call(nr::SCHED_GETAFFINITY, [victim, 128, into(&mut set)])?;
        call(nr::SCHED_SETAFFINITY, [victim, length, from(&set)]).map(drop)
    }),
    ("its-scheduling", |world| {
        let victim = outside(world)?;
        let policy = call(nr::SCHED_GETSCHEDULER, [victim])?;
        call(nr::SCHED_SETSCHEDULER, [victim, policy, from(&0_u32)]).map(drop)
    }),
    ("its-io-priority", |world| {
        let victim = outside(world)?;
        let priority = call(nr::IOPRIO_GET, [1, victim])?;
        call(nr::IOPRIO_SET, [1, victim, priority]).map(drop)
    }),
    ("its-locks", |world| {
        let (mut head, mut length) = (0_u64, 0_u64);
        call(nr::GET_ROBUST_LIST, [outside(world)?, into(&mut head), into(&mut length)]).map(drop)
    }),
    ("its-pages", |world| {
        let (pages, mut status) = ([world.number("address")? / 4096 * 4096], [0_i32; 1]);
        call(nr::MOVE_PAGES, [outside(world)?, 1, from(&pages), 0, into(&mut status), 0]).map(drop)
    }),
    ("its-nodes", |world| {
        let node = [1_u64];
        call(nr::MIGRATE_PAGES, [outside(world)?, 2, from(&node), from(&node)]).map(drop)
    }),
    ("its-events", |world| {
        // PERF_TYPE_SOFTWARE with PERF_COUNT_SW_TASK_CLOCK, user space only.
        let mut event = [0_u32; 32];
        event[..2].copy_from_slice(&[1, 128]);
        event[2] = 1;
        event[10] = 0b110_0000;
        call(nr::PERF_EVENT_OPEN, [from(&event), outside(world)?, u64::MAX, u64::MAX, 0]).map(drop)
    }),
    ("its-session", |world| {
        let victim = world.victim()?;
        expect(call(nr::GETSID, [victim])? == victim, "another process").and_then(|()| ours(victim))
    }),
    ("signals-through-a-descriptor", through_a_descriptor),
];

/// The victim, if it is a process that this one can see at all: a number means another process in another namespace, but only
/// outside does one lead a session of that number without being a relative.
fn outside(world: &World) -> Result<u64, crate::attempt::Stopped> {
    let victim = world.victim()?;
    let parent = call(nr::GETPPID, [])?;
    expect(victim != own_pid() && victim != parent, "a relative")?;
    Ok(victim)
}

fn ours(victim: u64) -> Attempt {
    let own = call(nr::GETSID, [0])?;
    expect(own != victim, "its own session")
}

/// `F_SETOWN`: the kernel sends SIGIO for this process, which asks nobody then.
fn through_a_descriptor(world: &World) -> Attempt {
    let mut pair = [0_u32; 2];
    call(nr::SOCKETPAIR, [1, 1, 0, into(&mut pair)])?;
    let [one, other] = pair.map(u64::from);
    call(nr::FCNTL, [one, 8, outside(world)?])?;
    // F_SETFL with O_ASYNC; then something to tell about.
    call(nr::FCNTL, [one, 4, 0o20_000])?;
    crate::attempt::write(other, b"!").map(drop)
}
