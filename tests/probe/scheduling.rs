//! What the kernel gives the process of processors, disks and memory, and what of it the process can take by itself.

use crate::fact;
use crate::sys::{call, errno_name, from, into, nr, outcome};
use std::fs;

/// The policy with its parameters, I/O priority, processors, score, slack, persona and switches of memory.
pub fn scheduling() {
    let mut attributes = [0_u32; 14];
    let got = call(nr::SCHED_GETATTR, [0, into(&mut attributes), 56, 0, 0, 0]);
    // struct sched_attr: size, policy, 64 bits of flags, nice, priority, and three lengths of 64 bits.
    fact("policy", got.map_or_else(errno_name, |_| attributes[1].to_string()));
    fact("policy.flags", attributes[2]);
    fact("nice", attributes[4].cast_signed());
    fact("priority", attributes[5]);
    let length = |at: usize| u64::from(attributes[at + 1]) << 32 | u64::from(attributes[at]);
    fact("deadline", format!("{},{},{}", length(6), length(8), length(10)));
    number("io_priority", call(nr::IOPRIO_GET, [1, 0, 0, 0, 0, 0]));
    fact("cpus", processors().map_or_else(errno_name, |set| format!("{set:x}")));
    let score = fs::read_to_string("/proc/self/oom_score_adj");
    fact("oom_score_adj", score.as_deref().map_or("?", str::trim));
    number("timer_slack", call(nr::PRCTL, [30, 0, 0, 0, 0, 0]));
    number("personality", call(nr::PERSONALITY, [0xffff_ffff, 0, 0, 0, 0, 0]));
    number("huge_pages_off", call(nr::PRCTL, [42, 0, 0, 0, 0, 0]));
    let mut cookie = 0_u64;
    let got = call(nr::PRCTL, [62, 0, 0, 0, into(&mut cookie), 0]);
    number("core_cookie", got.map(|_| cookie));
    number("write_execute_denied", call(nr::PRCTL, [66, 0, 0, 0, 0, 0]));
}

fn number(key: &str, got: Result<u64, i32>) {
    fact(key, got.map_or_else(errno_name, |number| number.to_string()));
}

/// The first 64.
fn processors() -> Result<u64, i32> {
    let mut set = [0_u64; 32];
    call(nr::SCHED_GETAFFINITY, [0, 256, into(&mut set), 0, 0, 0])?;
    Ok(set[0])
}

/// Tries to take more than it was given.
pub fn take_more() {
    fact("take.cpus", outcome(call(nr::SCHED_SETAFFINITY, [0, 8, from(&u64::MAX), 0, 0, 0])));
    fact("take.nice", outcome(call(nr::SETPRIORITY, [0, 0, (-20_i64).cast_unsigned(), 0, 0, 0])));
    fact("take.real_time", outcome(call(nr::SCHED_SETSCHEDULER, [0, 1, from(&99_u32), 0, 0, 0])));
    fact("take.other", outcome(call(nr::SCHED_SETSCHEDULER, [0, 0, from(&0_u32), 0, 0, 0])));
    fact("take.io", outcome(call(nr::IOPRIO_SET, [1, 0, 2 << 13, 0, 0, 0])));
    // A bit beyond the one that the program has, since this one cannot be taken back.
    fact("take.write_execute", outcome(call(nr::PRCTL, [65, 0, 0, 0, 0, 0])));
}

/// Memory that is writable and executable, at once and one after the other.
pub fn write_execute() {
    const PRIVATE_ANONYMOUS: u64 = 0x22;
    let map = |protection| call(nr::MMAP, [0, 4096, protection, PRIVATE_ANONYMOUS, u64::MAX, 0]);
    fact("memory.at_once", outcome(map(7)));
    let protect = |address, protection| call(nr::MPROTECT, [address, 4096, protection, 0, 0, 0]);
    fact("memory.afterwards", outcome(map(3).and_then(|address| protect(address, 5))));
    fact("memory.given_up", outcome(map(5).and_then(|address| protect(address, 1))));
}

/// Uses its processor for so many milliseconds, without ever blocking.
pub fn spin(milliseconds: u64) {
    fact("ready", "yes");
    let start = std::time::Instant::now();
    while start.elapsed() < std::time::Duration::from_millis(milliseconds) {}
}

/// Makes pid 1 the last of all processes, and then so many that keep its only processor busy for half a minute.
pub fn crowd(count: i32) {
    let first = 1_u64;
    fact("crowd.cpus", outcome(call(nr::SCHED_SETAFFINITY, [1, 8, from(&first), 0, 0, 0])));
    fact("crowd.policy", outcome(call(nr::SCHED_SETSCHEDULER, [1, 5, from(&0_u32), 0, 0, 0])));
    fact("crowd.nice", outcome(call(nr::SETPRIORITY, [0, 1, 19, 0, 0, 0])));
    let mut gate = [0_i32; 2];
    _ = call(nr::PIPE2, [into(&mut gate), 0, 0, 0, 0, 0]);
    let [read, write] = gate.map(|end| u64::from(end.unsigned_abs()));
    let made = (0..count).filter(|_| {
        let child = call(nr::FORK, [0; 6]);
        if child == Ok(0) {
            _ = call(nr::CLOSE, [write, 0, 0, 0, 0, 0]);
            _ = call(nr::SCHED_SETAFFINITY, [0, 8, from(&first), 0, 0, 0]);
            // Until all are there: those that are busy would keep the others from being made.
            let mut byte = 0_u8;
            _ = call(nr::READ, [read, into(&mut byte), 1, 0, 0, 0]);
            let start = std::time::Instant::now();
            while start.elapsed() < std::time::Duration::from_secs(30) {}
            std::process::exit(0)
        }
        child.is_ok()
    });
    fact("crowd", made.count());
    fact("ready", "yes");
    _ = call(nr::CLOSE, [write, 0, 0, 0, 0, 0]);
    std::thread::sleep(std::time::Duration::from_secs(60));
}

/// The policy of a child.
pub fn child_policy() {
    let child = call(nr::FORK, [0; 6]);
    if child == Ok(0) {
        let policy = call(nr::SCHED_GETSCHEDULER, [0; 6]);
        fact("child.policy", policy.map_or_else(errno_name, |policy| policy.to_string()));
        std::process::exit(0)
    }
    fact("child", outcome(child));
    _ = call(nr::WAIT4, [child.unwrap_or(0), 0, 0, 0, 0, 0]);
}
