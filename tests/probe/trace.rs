//! Traces a program and everything that it starts, and answers some of their system calls in the kernel's place.

use crate::sys::{call, errno_name, into, nr, outcome};
use crate::{fact, usage};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, exit};
use std::time::{Duration, Instant};

const TRACEME: u64 = 0;
const GETREGS: u64 = 12;
const SETREGS: u64 = 13;
pub const SYSCALL: u64 = 24;
const SETOPTIONS: u64 = 0x4200;
pub const GETEVENTMSG: u64 = 0x4201;
/// TRACESYSGOOD, TRACEFORK, TRACEVFORK, TRACECLONE, TRACEEXEC and EXITKILL.
const OPTIONS: u64 = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x10_0000;
/// __WALL of linux/wait.h: any child, those of other threads and `clone`d ones too.
const WAIT_ALL: u64 = 0x4000_0000;
const ENOSYS: i64 = 38;
/// Where struct user_regs_struct has the first four arguments, rax and orig_rax.
pub const ARGUMENTS: [usize; 4] = [14, 13, 12, 7];
pub const RAX: usize = 10;
pub const ORIGINAL_RAX: usize = 15;

/// `CALL:ERRNO,... -- PROGRAM ARGUMENT...`: plays a kernel whose security module refuses calls to processes in user
/// namespaces, as Ubuntu 24.04's does.
pub fn refuse(arguments: &[String]) -> ! {
    let (list, program) = split(arguments);
    let refused: BTreeMap<u64, i64> = list.split(',').map(pair).collect();
    let own = fs::read_link("/proc/self/ns/user").unwrap_or_default();
    // A process that may not be looked at has made itself undumpable, which launchers do in their namespaces.
    let foreign =
        |pid| fs::read_link(format!("/proc/{pid}/ns/user")).map_or(true, |namespace| namespace != own);
    trace(program, |_, pid, [number, ..]| refused.get(&number).copied().filter(|_| foreign(pid)))
}

/// `CALL:RESULT -- PROGRAM ARGUMENT...`: plays a kernel that answers the first such call so.
pub fn answer(arguments: &[String]) -> ! {
    let (text, program) = split(arguments);
    let (asked, result) = pair(text);
    let mut over = false;
    trace(program, |_, _, [number, ..]| {
        let first = number == asked && !over;
        over |= first;
        first.then_some(-result)
    })
}

/// `CALL,... -- PROGRAM ARGUMENT...`: says of each call that has one of these numbers which it is, its first two arguments
/// and who owns what the calling process may hide, until the next exec.
pub fn calls(arguments: &[String]) -> ! {
    let (list, program) = split(arguments);
    let told: Vec<u64> = list.split(',').filter_map(|number| number.parse().ok()).collect();
    let mut over = false;
    trace(program, |_, pid, [number, first, second]| {
        over |= number == nr::EXECVE;
        if !over && told.contains(&number) {
            let owner = fs::metadata(format!("/proc/{pid}/ns")).map_or(u32::MAX, |data| data.uid());
            eprintln!("call={number} {first:x} {second:x} owner {owner}");
        }
        None
    })
}

/// `CALL,... -- PROGRAM ARGUMENT...`: plays a kernel that does not know some calls.
pub fn lack(arguments: &[String]) -> ! {
    let (list, program) = split(arguments);
    let absent: Vec<u64> = list.split(',').map(|number| u64::from(whole(number))).collect();
    trace(program, |_, _, [number, ..]| absent.contains(&number).then_some(ENOSYS))
}

/// `NTH -- PROGRAM ARGUMENT...`: kills the program at the nth call of what it has started, counted from the first exec there,
/// and says which call it was.
pub fn orphan(arguments: &[String]) -> ! {
    let (nth, program) = split(arguments);
    let nth = whole(nth);
    let mut seen = None;
    trace(program, |first, pid, [number, ..]| {
        if pid != first {
            let calls =
                seen.map_or_else(|| (number == nr::EXECVE).then_some(0), |calls: u32| Some(calls + 1));
            if calls == Some(nth) && seen != calls {
                eprintln!("fault={number}");
                _ = call(nr::KILL, [first, 9, 0, 0, 0, 0]);
            }
            seen = calls;
        }
        None
    })
}

pub fn whole(text: &str) -> u32 {
    text.parse().unwrap_or_else(|_| usage(&format!("`{text}` is not a number")))
}

pub fn split(arguments: &[String]) -> (&str, &[String]) {
    match arguments {
        [first, dashes, program @ ..] if dashes == "--" && !program.is_empty() => (first, program),
        _ => usage("it wants one argument, `--` and a program"),
    }
}

/// `165:13`: two numbers, the second an errno.
fn pair(text: &str) -> (u64, i64) {
    let parsed =
        text.split_once(':').and_then(|(number, errno)| Some((number.parse().ok()?, errno.parse().ok()?)));
    parsed.unwrap_or_else(|| usage(&format!("`{text}` is not a number and an errno")))
}

/// Runs a program to its end, and ends like it. `decide` is asked at the entry of each call, with the program's process, the
/// calling one, and the call's number and first two arguments, whether the call is answered with an errno instead of being made.
fn trace(program: &[String], mut decide: impl FnMut(u64, u64, [u64; 3]) -> Option<i64>) -> ! {
    let first = spawn(&program[0], &program[1..]);
    let mut entered: BTreeMap<u64, Option<i64>> = BTreeMap::new();
    wait_for_all(first, Duration::from_secs(8), |pid, stopped| match stopped {
        None => _ = entered.remove(&pid),
        Some(stopped) => {
            let signal = stop(stopped, pid, &mut entered, |entry| decide(first, pid, entry));
            _ = call(nr::PTRACE, [SYSCALL, pid, 0, signal, 0, 0]);
        }
    })
}

/// Waits for a program and for everything that it started, and ends like the program; says so when something lives on for
/// longer than this. `handle` is told of each process that stops, with its signal and the event in the bits above that, and of
/// each that ends.
pub fn wait_for_all(first: u64, longest: Duration, mut handle: impl FnMut(u64, Option<i32>)) -> ! {
    let mut ended: Option<(i32, Instant)> = None;
    loop {
        let mut status = 0_i32;
        let flags = WAIT_ALL | u64::from(ended.is_some());
        let waited = call(nr::WAIT4, [u64::MAX, into(&mut status), flags, 0, 0, 0]);
        match (waited, ended) {
            (Err(_), ended) => exit(ended.map_or(99, |(own, _)| own)),
            (Ok(0), Some((own, end))) => {
                // What is dying already may take a moment to be gone.
                if end.elapsed() > longest {
                    eprintln!("left=processes");
                    exit(own)
                }
                std::thread::sleep(Duration::from_micros(200));
            }
            (Ok(pid), _) if status & 0x7f != 0x7f => {
                handle(pid, None);
                if pid == first {
                    let signal = status & 0x7f;
                    let own = if signal == 0 { status >> 8 & 0xff } else { 128 + signal };
                    ended = Some((own, Instant::now()));
                }
            }
            (Ok(pid), _) => handle(pid, Some(status >> 8)),
        }
    }
}

/// Handles the stop of a process, and returns the signal that it gets when it goes on.
fn stop(
    stopped: i32,
    pid: u64,
    entered: &mut BTreeMap<u64, Option<i64>>,
    decide: impl FnOnce([u64; 3]) -> Option<i64>,
) -> u64 {
    match stopped & 0xff {
        // A stop of a system call: the entry and the exit alternate.
        0x85 => {
            match entered.remove(&pid) {
                Some(answer) => leave(pid, answer),
                None => _ = entered.insert(pid, enter(pid, decide)),
            }
            0
        }
        // SIGTRAP of exec and fork events, SIGSTOP of new children.
        5 | 19 => 0,
        signal => u64::from(signal.unsigned_abs()),
    }
}

pub fn spawn(program: &str, arguments: &[String]) -> u64 {
    let mut command = Command::new(program);
    command.args(arguments);
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            call(nr::PTRACE, [TRACEME, 0, 0, 0, 0, 0]).map(drop).map_err(std::io::Error::from_raw_os_error)
        })
    };
    #[allow(clippy::zombie_processes, reason = "the tracer's loop waits for every process, this one too")]
    let child = command.spawn().unwrap_or_else(|error| usage(&format!("{program}: {error}")));
    let pid = u64::from(child.id());
    let mut status = 0_i32;
    _ = call(nr::WAIT4, [pid, into(&mut status), 0, 0, 0, 0]);
    if let Err(errno) = call(nr::PTRACE, [SETOPTIONS, pid, 0, OPTIONS, 0, 0]) {
        usage(&format!("PTRACE_SETOPTIONS: {}", errno_name(errno)));
    }
    _ = call(nr::PTRACE, [SYSCALL, pid, 0, 0, 0, 0]);
    pid
}

pub fn registers(pid: u64) -> Option<[u64; 27]> {
    let mut registers = [0_u64; 27];
    call(nr::PTRACE, [GETREGS, pid, 0, into(&mut registers), 0, 0]).ok()?;
    Some(registers)
}

pub fn set_registers(pid: u64, registers: &mut [u64; 27]) {
    _ = call(nr::PTRACE, [SETREGS, pid, 0, into(registers), 0, 0]);
}

/// At the entry of a call: takes it away when it is not to be made, and says with what it is answered.
fn enter(pid: u64, decide: impl FnOnce([u64; 3]) -> Option<i64>) -> Option<i64> {
    let mut registers = registers(pid)?;
    let errno = decide([registers[ORIGINAL_RAX], registers[ARGUMENTS[0]], registers[ARGUMENTS[1]]])?;
    // Not -1, which a filter of the traced program takes for a call of another architecture.
    registers[ORIGINAL_RAX] = nr::GETPID;
    set_registers(pid, &mut registers);
    Some(-errno)
}

/// At its exit: answers for it.
fn leave(pid: u64, answer: Option<i64>) {
    if let (Some(answer), Some(mut registers)) = (answer, registers(pid)) {
        registers[RAX] = answer.cast_unsigned();
        set_registers(pid, &mut registers);
    }
}

/// Lets a child ask for its parent and turns that into another call once the kernel has begun with it, and says what the
/// child got.
pub fn swap(number: i32) {
    let child = match call(nr::FORK, [0; 6]) {
        Ok(0) => {
            // A stop for the tracer; the calls after it are traced.
            let traced = call(nr::PTRACE, [TRACEME, 0, 0, 0, 0, 0]);
            let own = call(nr::GETPID, [0; 6]).unwrap_or(0);
            _ = call(nr::KILL, [own, 19, 0, 0, 0, 0]);
            let got = traced.and_then(|_| call(nr::GETPPID, [0; 6]));
            exit(got.err().unwrap_or(0))
        }
        Ok(child) => child,
        Err(errno) => return fact("swap", errno_name(errno)),
    };
    let mut status = 0_i32;
    let mut next = || {
        let waited = call(nr::WAIT4, [child, into(&mut status), WAIT_ALL, 0, 0, 0]);
        waited.is_ok() && status & 0x7f == 0x7f
    };
    while next() {
        if let Some(mut registers) = registers(child)
            && registers[ORIGINAL_RAX] == nr::GETPPID
        {
            registers[ORIGINAL_RAX] = u64::from(number.unsigned_abs());
            set_registers(child, &mut registers);
        }
        if call(nr::PTRACE, [SYSCALL, child, 0, 0, 0, 0]).is_err() {
            // It has stopped for nobody.
            _ = call(nr::KILL, [child, 18, 0, 0, 0, 0]);
        }
    }
    fact("swap", outcome(if status == 0 { Ok(0) } else { Err(status >> 8 & 0xff) }));
}

/// PTRACE_ATTACH, PTRACE_DETACH and PTRACE_SECCOMP_GET_FILTER of linux/ptrace.h.
const ATTACH: u64 = 16;
const DETACH: u64 = 17;
const GET_FILTER: u64 = 0x420C;

/// The seccomp filters that the kernel runs for a process, as hexadecimal instructions.
pub fn filters(pid: i32) {
    let pid = u64::from(pid.unsigned_abs());
    if let Err(errno) = call(nr::PTRACE, [ATTACH, pid, 0, 0, 0, 0]) {
        return fact("filters", errno_name(errno));
    }
    let mut status = 0_i32;
    _ = call(nr::WAIT4, [pid, into(&mut status), WAIT_ALL, 0, 0, 0]);
    for index in 0.. {
        let mut program = [[0_u8; 8]; 4096];
        match call(nr::PTRACE, [GET_FILTER, pid, index, into(&mut program), 0, 0]) {
            Ok(count) => {
                let bytes = program.iter().take(usize::try_from(count).unwrap_or(0)).flatten();
                let digits: String = bytes.map(|byte| format!("{byte:02x}")).collect();
                fact(&format!("filter.{index}"), digits);
            }
            Err(errno) => {
                fact("filters", errno_name(errno));
                break;
            }
        }
    }
    _ = call(nr::PTRACE, [DETACH, pid, 0, 0, 0, 0]);
}
