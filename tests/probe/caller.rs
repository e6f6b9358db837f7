//! What a caller may leave behind in a process: attributes that survive an exec, and what its first descriptors are.

use crate::sys::{call, from, into, io_errno, nr};
use crate::usage;
use std::fs;
use std::os::fd::IntoRawFd as _;

const PR_SET_PDEATHSIG: u64 = 1;
const PR_SET_TIMERSLACK: u64 = 29;
const PR_SET_CHILD_SUBREAPER: u64 = 36;
const PR_SET_NO_NEW_PRIVS: u64 = 38;
const PR_SET_THP_DISABLE: u64 = 41;
const PR_SET_MDWE: u64 = 65;

/// Applies a condition, when it is one of these.
pub fn apply(name: &str, value: &str) -> Option<Result<(), i32>> {
    let prctl = |option, value| call(nr::PRCTL, [option, value, 0, 0, 0, 0]).map(drop);
    let number = || value.parse().unwrap_or_else(|_| usage(&format!("`{value}` is not a number")));
    Some(match name {
        "lack" => filter(value),
        "landlock" => landlock(value),
        "no_new_privs" => prctl(PR_SET_NO_NEW_PRIVS, 1),
        "parent_death" => prctl(PR_SET_PDEATHSIG, number()),
        "child_subreaper" => prctl(PR_SET_CHILD_SUBREAPER, 1),
        "prctl_answers" => prctl_answers(value),
        "timer_slack" => prctl(PR_SET_TIMERSLACK, number()),
        "no_huge_pages" => prctl(PR_SET_THP_DISABLE, 1),
        "no_write_execute" => prctl(PR_SET_MDWE, 1),
        "scheduler" => scheduler(value),
        "affinity" => call(nr::SCHED_SETAFFINITY, [0, 8, from(&number()), 0, 0, 0]).map(drop),
        "nice" => call(nr::SETPRIORITY, [0, 0, number(), 0, 0, 0]).map(drop),
        // IOPRIO_WHO_PROCESS, the class in the upper bits.
        "io_class" => call(nr::IOPRIO_SET, [1, 0, number() << 13, 0, 0, 0]).map(drop),
        "oom_score_adj" => fs::write("/proc/self/oom_score_adj", value).map_err(io_errno),
        "session" => call(nr::SETSID, [0; 6]).map(drop),
        "process_group" => call(nr::SETPGID, [0; 6]).map(drop),
        "background" => background(),
        "broken_pipe" => broken_pipe(number()),
        "full_pipe" => full_pipe(number()),
        "file_at" => file_at(value),
        "pending" => pending(number()),
        "expired" => expired(),
        "alarm" => call(nr::ALARM, [number(), 0, 0, 0, 0, 0]).map(drop),
        "revoked_keyring" => revoked_keyring(),
        "enter_network" => enter_network(value),
        _ => return None,
    })
}

/// `CALL:CALL...`: a filter, inherited by all that is started, that knows no such calls.
fn filter(value: &str) -> Result<(), i32> {
    let absent: Vec<u32> = value.split(':').filter_map(|number| number.parse().ok()).collect();
    // struct sock_filter: BPF_LD|BPF_W|BPF_ABS of the number; BPF_JMP|BPF_JEQ|BPF_K for each; BPF_RET|BPF_K.
    let instruction = |code: u64, jump: u64, value: u32| code | jump << 16 | u64::from(value) << 32;
    let mut program = vec![instruction(0x20, 0, 0)];
    for (at, number) in absent.iter().enumerate() {
        let distance = u64::try_from(absent.len() - at).unwrap_or(0);
        program.push(instruction(0x15, distance, *number));
    }
    // SECCOMP_RET_ALLOW, and SECCOMP_RET_ERRNO with ENOSYS.
    program.extend([instruction(0x06, 0, 0x7fff_0000), instruction(0x06, 0, 0x0005_0026)]);
    install(&program)
}

fn install(program: &[u64]) -> Result<(), i32> {
    let header = [u64::try_from(program.len()).unwrap_or(0), from(program)];
    // SECCOMP_SET_MODE_FILTER; who is not root needs no_new_privs for it.
    let install = || call(nr::SECCOMP, [1, 0, from(&header), 0, 0, 0]).map(drop);
    install().or_else(|_| {
        call(nr::PRCTL, [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0])?;
        install()
    })
}

/// `ACTION:ERRNO`: a filter that answers so instead of making this prctl(2); 0 looks like a success.
fn prctl_answers(value: &str) -> Result<(), i32> {
    let (action, errno) =
        value.split_once(':').unwrap_or_else(|| usage("`prctl_answers` takes ACTION:ERRNO"));
    let number = |text: &str| text.parse().unwrap_or_else(|_| usage("`prctl_answers` takes ACTION:ERRNO"));
    let instruction = |code: u64, otherwise: u64, value: u32| code | otherwise << 24 | u64::from(value) << 32;
    // The number, prctl; the lower half of its first argument, the action; SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW.
    let program = [
        instruction(0x20, 0, 0),
        instruction(0x15, 3, 157),
        instruction(0x20, 0, 16),
        instruction(0x15, 1, number(action)),
        instruction(0x06, 0, 0x0005_0000 | number(errno)),
        instruction(0x06, 0, 0x7fff_0000),
    ];
    install(&program)
}

/// `files` or `ports`: a domain that handles something of these and allows nothing of it.
fn landlock(value: &str) -> Result<(), i32> {
    // LANDLOCK_ACCESS_FS_MAKE_BLOCK or LANDLOCK_ACCESS_NET_BIND_TCP.
    let handled = if value == "files" { [1_u64 << 11, 0] } else { [0, 1] };
    let ruleset = call(nr::LANDLOCK_CREATE_RULESET, [from(&handled), 16, 0, 0, 0, 0])?;
    call(nr::PRCTL, [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0])?;
    call(nr::LANDLOCK_RESTRICT_SELF, [ruleset, 0, 0, 0, 0, 0])?;
    call(nr::CLOSE, [ruleset, 0, 0, 0, 0, 0]).map(drop)
}

/// `POLICY:PRIORITY`.
fn scheduler(value: &str) -> Result<(), i32> {
    let (policy, priority) = value.split_once(':').unwrap_or((value, "0"));
    let number = |text: &str| text.parse().unwrap_or_else(|_| usage("`scheduler` takes POLICY:PRIORITY"));
    let priority: u32 = number(priority);
    call(nr::SCHED_SETSCHEDULER, [0, u64::from(number(policy)), from(&priority), 0, 0, 0]).map(drop)
}

/// In a process group that the terminal is not for, which stops whoever writes to it: TOSTOP. A terminal is standard input.
fn background() -> Result<(), i32> {
    // TCGETS and TCSETS of a struct termios, whose fourth word has TOSTOP.
    let mut settings = [0_u32; 16];
    call(nr::IOCTL, [0, 0x5401, into(&mut settings), 0, 0, 0])?;
    settings[3] |= 0o400;
    call(nr::IOCTL, [0, 0x5402, from(&settings), 0, 0, 0])?;
    crate::start::go_on_in_child()?;
    call(nr::SETPGID, [0; 6]).map(drop)
}

fn pipe() -> Result<[u64; 2], i32> {
    let mut ends = [0_u32; 2];
    call(nr::PIPE2, [into(&mut ends), 0, 0, 0, 0, 0])?;
    Ok(ends.map(u64::from))
}

fn place(source: u64, target: u64) -> Result<(), i32> {
    if source != target {
        call(nr::DUP2, [source, target, 0, 0, 0, 0])?;
        call(nr::CLOSE, [source, 0, 0, 0, 0, 0])?;
    }
    Ok(())
}

/// A pipe that nobody reads.
fn broken_pipe(target: u64) -> Result<(), i32> {
    let [reader, writer] = pipe()?;
    call(nr::CLOSE, [reader, 0, 0, 0, 0, 0])?;
    place(writer, target)
}

/// A pipe with no room, whose writer is told so.
fn full_pipe(target: u64) -> Result<(), i32> {
    let [reader, writer] = pipe()?;
    // F_SETFL with O_NONBLOCK.
    call(nr::FCNTL, [writer, 4, 0o4000, 0, 0, 0])?;
    let bytes = [0_u8; 4096];
    while call(nr::WRITE, [writer, from(&bytes), 4096, 0, 0, 0]).is_ok() {}
    place(reader, 9)?;
    place(writer, target)
}

/// `TARGET:PATH`: open for reading and writing, as far as that is possible.
fn file_at(value: &str) -> Result<(), i32> {
    let (target, path) = value.split_once(':').unwrap_or_else(|| usage("`file_at` takes TARGET:PATH"));
    let open = |write| fs::OpenOptions::new().read(true).write(write).open(path);
    let file = open(true).or_else(|_| open(false)).map_err(io_errno)?;
    let target = target.parse().unwrap_or_else(|_| usage("`file_at` takes a descriptor"));
    let source = u64::from(file.into_raw_fd().unsigned_abs());
    place(source, target)?;
    call(nr::FCNTL, [target, 2, 0, 0, 0, 0]).map(drop)
}

/// A blocked signal that has come already.
fn pending(signal: u64) -> Result<(), i32> {
    call(nr::RT_SIGPROCMASK, [0, from(&(1_u64 << (signal - 1))), 0, 8, 0, 0])?;
    call(nr::KILL, [u64::from(std::process::id()), signal, 0, 0, 0, 0]).map(drop)
}

/// Signals of interval timers that the kernel has sent already, and that are blocked.
fn expired() -> Result<(), i32> {
    // ITIMER_REAL and SIGALRM, ITIMER_VIRTUAL and SIGVTALRM, ITIMER_PROF and SIGPROF.
    for (timer, signal) in [(0, 14), (1, 26), (2, 27)] {
        call(nr::RT_SIGPROCMASK, [0, from(&(1_u64 << (signal - 1))), 0, 8, 0, 0])?;
        call(nr::SETITIMER, [timer, from(&[0_u64, 0, 0, 1]), 0, 0, 0, 0])?;
        let mut pending = 0_u64;
        while pending >> (signal - 1) & 1 == 0 {
            call(nr::RT_SIGPENDING, [into(&mut pending), 8, 0, 0, 0, 0])?;
        }
    }
    Ok(())
}

/// KEYCTL_JOIN_SESSION_KEYRING, then KEYCTL_REVOKE of that.
fn revoked_keyring() -> Result<(), i32> {
    let keyring = call(nr::KEYCTL, [1, 0, 0, 0, 0, 0])?;
    call(nr::KEYCTL, [3, keyring, 0, 0, 0, 0]).map(drop)
}

/// A network namespace by its path.
fn enter_network(path: &str) -> Result<(), i32> {
    let namespace = fs::File::open(path).map_err(io_errno)?;
    let descriptor = u64::from(namespace.into_raw_fd().unsigned_abs());
    call(nr::SETNS, [descriptor, 0x4000_0000, 0, 0, 0, 0])?;
    call(nr::CLOSE, [descriptor, 0, 0, 0, 0, 0]).map(drop)
}
