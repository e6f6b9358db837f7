//! System calls: the one instruction that makes them, and the few that the launcher makes for itself.
//!
//! # Safety
//! A `call` of a plan reaches the kernel with addresses of the plan's and the arena's own bytes only, at offsets that the
//! reader checked, and with numbers below 2^32, where nothing of the launcher is mapped. The reader refuses the calls that
//! change the address space, code or control flow.
#![allow(unsafe_code, reason = "system calls are made by an instruction that the compiler does not know")]

use crate::mem::{self, Pointers};
use boxwright_launcher::abi::{
    CAP_SETGID, CAP_SETUID, CAPABILITY_VERSION_3, CLONE_INTO_CGROUP, CLONE_PIDFD, SIGCHLD, SIGCONT, SIGKILL,
    SIGPIPE, SIGSTOP,
};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Argument, Call, Cookie};
use boxwright_launcher::plan::{LARGEST_PLAN, Plan, Section};
use core::sync::atomic::AtomicU32;

/// An errno.
pub type Errno = u32;

/// `asm-generic/mman-common.h`.
const PROT_READ: usize = 1;
const PROT_READ_WRITE: usize = 3;
const MAP_SHARED_ANONYMOUS: usize = 0x21;
const MAP_PRIVATE_ANONYMOUS: usize = 0x22;
/// `linux/wait.h`.
const P_ALL: usize = 0;
const P_PID: usize = 1;
const P_PIDFD: usize = 3;
const WNOHANG: usize = 1;
const WEXITED: usize = 4;
/// `asm-generic/fcntl.h`.
const O_CLOEXEC: usize = 0o2_000_000;
/// `linux/seccomp.h`.
const SECCOMP_SET_MODE_FILTER: usize = 1;
/// `asm-generic/signal-defs.h`.
const SIG_SETMASK: usize = 2;
/// `linux/prctl.h`.
const PR_SET_PDEATHSIG: usize = 1;
/// `asm-generic/siginfo.h`: `CLD_EXITED`.
const EXITED: u32 = 1;
/// `linux/prctl.h`.
const PR_SET_DUMPABLE: usize = 4;
/// `asm-generic/signal-defs.h`.
const SIG_BLOCK: usize = 0;
const SIG_UNBLOCK: usize = 1;
/// `asm-generic/poll.h`: POLLIN.
pub const READABLE: u32 = 1;
/// `asm-generic/poll.h`: POLLOUT.
pub const WRITABLE: u32 = 4;
/// `linux/fcntl.h`: `AT_FDCWD`.
const HERE: usize = (-100_isize).cast_unsigned();
/// `asm-generic/fcntl.h`.
const O_RDWR: usize = 2;
const O_NOCTTY: usize = 0o400;
/// The size of a signal set: 64 bits.
const SET_BYTES: usize = 8;
/// EINTR.
const EINTR: Errno = 4;
/// EPIPE.
const EPIPE: Errno = 32;
/// ENOENT.
const ENOENT: Errno = 2;
/// EPROTOTYPE.
const EPROTOTYPE: Errno = 91;
/// ECONNREFUSED.
const ECONNREFUSED: Errno = 111;
/// ECHILD.
const ECHILD: Errno = 10;
/// EINVAL.
const EINVAL: Errno = 22;
/// ESRCH.
const ESRCH: Errno = 3;
/// ENOMEM.
const ENOMEM: Errno = 12;

/// What the processes of one launch tell each other: a page that they share.
#[repr(C)]
pub struct Report {
    /// How far the launch is: see [`crate::run::State`].
    pub state: AtomicU32,
    /// The operation that failed.
    pub operation: AtomicU32,
    /// Why: [`crate::failure::Failure::encode`].
    pub failure: [AtomicU32; 2],
    /// The exit status to end with.
    pub status: AtomicU32,
    /// The signal that ended the program, as the reaper saw it.
    pub signal: AtomicU32,
    /// The signal that has stopped it; zero when it goes on.
    pub stopped: AtomicU32,
    /// The outside was told that it has stopped, and has not looked yet.
    pub told: AtomicU32,
}

/// A child's end.
#[derive(Clone, Copy)]
pub struct Exit {
    /// The child's pid.
    pub pid: u32,
    /// Whether it exited by itself; otherwise a signal ended it.
    pub exited: bool,
    /// The exit status or the signal's number.
    pub status: u32,
    /// Its processor time in microseconds, and that of everything that it has waited for.
    pub cpu: u64,
}

/// `linux/sched.h`: `struct clone_args`, version 2.
#[repr(C, align(8))]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// `asm-generic/siginfo.h`: the words of a `siginfo_t`.
#[repr(C, align(8))]
struct SignalInformation([u32; 32]);

/// `linux/resource.h`: the words of a `struct rusage`.
#[repr(C)]
struct Usage([u64; 18]);

/// `linux/filter.h`: `struct sock_fprog`.
#[repr(C)]
struct FilterProgram {
    count: u16,
    instructions: *const u8,
}

/// The only place where a system call is made.
unsafe fn raw(number: u16, arguments: [usize; 6]) -> Result<usize, Errno> {
    // SAFETY: the caller vouches for what the call does to this process; the instruction itself clobbers what it says.
    let result = unsafe { boxwright_launcher::raw_system_call!(number, arguments) };
    // The kernel returns errnos as -4095..=-1 (asm-generic `IS_ERR_VALUE`).
    if (-4095..0).contains(&result) {
        Err(result.unsigned_abs() as Errno)
    } else {
        Ok(result.cast_unsigned())
    }
}

/// The same for most calls, which have at most three arguments.
#[inline(never)]
unsafe fn short(number: u16, [first, second, third]: [usize; 3]) -> Result<usize, Errno> {
    // SAFETY: the caller vouches for it.
    unsafe { raw(number, [first, second, third, 0, 0, 0]) }
}

/// Makes a plan's call. `None` when a slot that it uses was never set.
pub fn execute(plan: &Plan, call: &Call, each: usize) -> Option<Result<u32, Errno>> {
    let mut arguments = [0; 6];
    for (index, slot) in arguments.iter_mut().enumerate() {
        *slot = value(plan, call.arguments[index], each)?;
    }
    // SAFETY: the arguments are those that this file's safety paragraph describes, and `Plan::read` refused every number
    // that could do more with them than read and write the plan's and the arena's bytes.
    Some(unsafe { raw(call.number, arguments) }.map(|result| result as u32))
}

/// What the kernel gets for an argument.
pub fn value(plan: &Plan, argument: Argument, each: usize) -> Option<usize> {
    let section = |section, offset| plan.section(section).as_ptr() as usize + offset as usize;
    Some(match argument {
        Argument::Zero => 0,
        Argument::Immediate(value) => value as usize,
        Argument::String(offset) => section(Section::Strings, offset),
        Argument::Blob(offset) => section(Section::Blobs, offset),
        Argument::Arena(offset) => mem::arena_address(offset),
        // A slot starts as all ones where the plan lets its operation fail; no result of a success is that.
        Argument::Slot(offset) => match mem::load_word(offset) {
            u32::MAX => return None,
            word => word as usize,
        },
        Argument::Each => each,
    })
}

/// `exit_group(status)`.
pub fn exit(status: u8) -> ! {
    // SAFETY: the process ends.
    let _ = unsafe { short(number::exit_group, [status.into(), 0, 0]) };
    // SAFETY: exiting was refused, by a filter; the undefined instruction ends the process by a signal.
    unsafe { boxwright_launcher::raw_stop!() }
}

/// `pwritev2(2)` where the file's position is, without waiting for room: how much was written.
pub fn write_now(descriptor: u32, text: &[u8]) -> Result<usize, Errno> {
    /// `linux/fs.h`.
    const RWF_NOWAIT: usize = 8;
    let vector = [text.as_ptr() as usize, text.len()];
    let arguments = [descriptor as usize, vector.as_ptr() as usize, 1, usize::MAX, usize::MAX, RWF_NOWAIT];
    // SAFETY: the kernel reads one `struct iovec`, and the slice that it describes.
    let written = unsafe { raw(number::pwritev2, arguments) };
    if written == Err(EPIPE) {
        // The signal that comes with it must not be passed on to the program (signal(7): SIGPIPE).
        let _ = take_signal(SIGPIPE);
    }
    written
}

/// `poll(2)`: whether a descriptor is ready within so many milliseconds.
pub fn poll(descriptor: u32, event: u32, patience: u32) -> bool {
    // `struct pollfd`: the descriptor, then two half-words, what is awaited and what came.
    let mut entry = [descriptor, event];
    // SAFETY: the kernel reads one `struct pollfd`, and writes its second half-word.
    let ready = unsafe { short(number::poll, [entry.as_mut_ptr() as usize, 1, patience as usize]) };
    ready == Ok(1) && core::hint::black_box(entry)[1] >> 16 & event != 0
}

/// `write(descriptor, text)`: what cannot be said is lost.
pub fn print(descriptor: u32, text: &[u8]) {
    // SAFETY: the kernel reads the slice.
    let _ = unsafe { short(number::write, [descriptor as usize, text.as_ptr() as usize, text.len()]) };
}

/// `capget(2)`: whether the launcher may map any id.
pub fn is_privileged() -> bool {
    let header = [CAPABILITY_VERSION_3, 0];
    let mut data = [0_u32; 6];
    let arguments = [header.as_ptr() as usize, data.as_mut_ptr() as usize, 0];
    // SAFETY: the kernel reads the header's two words and writes six words (capget(2), version 3).
    let result = unsafe { short(number::capget, arguments) };
    let needed = 1 << CAP_SETUID | 1 << CAP_SETGID;
    result.is_ok() && core::hint::black_box(data)[0] & needed == needed
}

/// `rt_sigaction(signal, SIG_DFL)`.
pub fn reset_disposition(signal: u32) -> Result<(), Errno> {
    let default = [0_u64; 4];
    let arguments = [signal as usize, default.as_ptr() as usize, 0, SET_BYTES, 0, 0];
    // SAFETY: the kernel reads a `struct sigaction` of zeros: SIG_DFL, which holds no address.
    unsafe { raw(number::rt_sigaction, arguments) }.map(|_| ())
}

/// The page for [`Report`], shared with children.
pub fn share_report() -> Result<&'static Report, Errno> {
    let address = map(size_of::<Report>(), MAP_SHARED_ANONYMOUS)?;
    // SAFETY: the kernel returned a fresh page of zeros, and atomics of zeros are a `Report`.
    Ok(unsafe { &*(address as *const Report) })
}

/// Memory for argv and envp with `capacity` pointers in all.
pub fn map_pointers(capacity: usize) -> Result<Pointers, Errno> {
    let bytes = capacity.checked_mul(size_of::<usize>()).ok_or(ENOMEM)?;
    let address = map(bytes, MAP_PRIVATE_ANONYMOUS)?;
    // SAFETY: the kernel returned fresh zeroed memory of that many bytes, which stays until exec.
    Ok(unsafe { Pointers::new(address as *mut u8, capacity) })
}

/// Zeroed memory of this size, and nobody else's.
pub fn map_bytes(bytes: usize) -> Result<&'static mut [u8], Errno> {
    let address = map(bytes, MAP_PRIVATE_ANONYMOUS)?;
    // SAFETY: the kernel returned fresh memory of that many bytes, which stays until exec.
    Ok(unsafe { core::slice::from_raw_parts_mut(address as *mut u8, bytes) })
}

/// `getrandom(2)`: six words that nobody can guess.
pub fn random() -> Result<[u32; Cookie::WORDS as usize], Errno> {
    let mut words = [0; Cookie::WORDS as usize];
    // SAFETY: the kernel writes at most the array's bytes.
    let written = unsafe { short(number::getrandom, [words.as_mut_ptr() as usize, size_of_val(&words), 0]) }?;
    // A request of up to 256 bytes is never answered in part (getrandom(2)).
    if written == size_of_val(&words) { Ok(core::hint::black_box(words)) } else { Err(EINVAL) }
}

fn map(bytes: usize, flags: usize) -> Result<usize, Errno> {
    // SAFETY: without MAP_FIXED the kernel chooses addresses that nothing uses.
    unsafe { raw(number::mmap, [0, bytes, PROT_READ_WRITE, flags, usize::MAX, 0]) }
}

/// `getpid(2)`.
pub fn own_pid() -> Result<u32, Errno> {
    // SAFETY: the call has no arguments.
    unsafe { short(number::getpid, [0; 3]) }.map(|pid| pid as u32)
}

/// `chdir(2)` to what a variable of the environment says.
pub fn enter(path: &'static [u8]) -> Result<(), Errno> {
    // SAFETY: the path is the end of a variable on the initial stack, which ends in NUL.
    unsafe { short(number::chdir, [path.as_ptr() as usize, 0, 0]) }.map(|_| ())
}

/// `getcwd(2)` into the arena, where the reader has found room for `capacity` bytes.
pub fn working_directory(offset: u32, capacity: u32) -> Result<(), Errno> {
    let arguments = [mem::arena_address(offset), capacity as usize, 0];
    // SAFETY: the kernel writes at most `capacity` bytes, which are the arena's.
    unsafe { short(number::getcwd, arguments) }.map(|_| ())
}

/// `statx(2)`: whether a descriptor is open on a directory.
pub fn is_directory(descriptor: u32) -> Result<bool, Errno> {
    const AT_EMPTY_PATH: usize = 0x1000;
    const STATX_TYPE: usize = 1;
    /// `linux/stat.h`: the mode is a half-word at byte 28 of a `struct statx`.
    const MODE: usize = 28 / 4;
    const S_IFMT: u32 = 0o170_000;
    const S_IFDIR: u32 = 0o040_000;
    let mut answer = [0_u32; 64];
    let path = c"".as_ptr() as usize;
    let arguments = [descriptor as usize, path, AT_EMPTY_PATH, STATX_TYPE, answer.as_mut_ptr() as usize, 0];
    // SAFETY: the kernel reads the empty path and writes a `struct statx`, whose 256 bytes `answer` has.
    unsafe { raw(number::statx, arguments) }?;
    Ok(core::hint::black_box(answer)[MODE] & S_IFMT == S_IFDIR)
}

/// `connect(2)`: whether the socket that a service manager names takes datagrams. What nobody is bound to is not there,
/// which is not for this call to tell.
pub fn takes_datagrams(name: &[u8]) -> Result<bool, Errno> {
    const AF_UNIX: u16 = 1;
    const SOCK_DGRAM: usize = 2;
    const SOCK_CLOEXEC: usize = 0o2_000_000;
    // `linux/un.h`: `struct sockaddr_un`, and in place of `@` the NUL of an abstract name (unix(7)).
    let mut address = [0; 110];
    let [family, path] = [0..2, 2..2 + name.len()];
    if let Some(room) = address.get_mut(path) {
        room.copy_from_slice(name);
    }
    if name.first() == Some(&b'@') {
        address[2] = 0;
    }
    address[family].copy_from_slice(&AF_UNIX.to_le_bytes());
    // SAFETY: no memory is touched.
    let socket = unsafe { short(number::socket, [AF_UNIX as usize, SOCK_DGRAM | SOCK_CLOEXEC, 0]) }?;
    let length = (2 + name.len()).min(address.len());
    // SAFETY: the kernel reads `length` bytes, which the address has.
    let connected = unsafe { short(number::connect, [socket, address.as_ptr() as usize, length]) };
    // SAFETY: the descriptor is this function's own.
    unsafe { short(number::close, [socket, 0, 0]) }?;
    match connected {
        Ok(_) | Err(ENOENT) => Ok(true),
        // Nobody can be bound to a file any more that nobody is bound to, but to a name; and there types are apart.
        Err(ECONNREFUSED) => Ok(name.first() == Some(&b'/')),
        Err(EPROTOTYPE) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// `clone3(2)` as fork: `Ok(None)` in the child, its pid and pidfd in the parent; with a control group to be born in.
pub fn fork(flags: u64, cgroup: Option<u32>) -> Result<Option<(u32, u32)>, Errno> {
    let mut pidfd = u32::MAX;
    let arguments = CloneArguments {
        flags: flags | CLONE_PIDFD | if cgroup.is_some() { CLONE_INTO_CGROUP } else { 0 },
        pidfd: &raw mut pidfd as u64,
        child_tid: 0,
        parent_tid: 0,
        exit_signal: SIGCHLD.into(),
        stack: 0,
        stack_size: 0,
        tls: 0,
        set_tid: 0,
        set_tid_size: 0,
        cgroup: cgroup.unwrap_or(0).into(),
    };
    let size = size_of::<CloneArguments>();
    // SAFETY: without CLONE_VM the child has a copy of this process, its stack included; `Fork::FLAGS` has no flag that
    // shares memory, and the kernel writes the descriptor's number to `pidfd`.
    let pid = unsafe { short(number::clone3, [&raw const arguments as usize, size, 0]) }?;
    Ok(if pid == 0 { None } else { Some((pid as u32, core::hint::black_box(pidfd))) })
}

/// `seccomp(SECCOMP_SET_MODE_FILTER)` with `count` instructions.
pub fn install_filter(instructions: &[u8], count: u16, flags: u32) -> Result<(), Errno> {
    if instructions.len() < usize::from(count) * 8 {
        return Err(EINVAL);
    }
    let program = FilterProgram { count, instructions: instructions.as_ptr() };
    let arguments = [SECCOMP_SET_MODE_FILTER, flags as usize, &raw const program as usize];
    // SAFETY: the kernel reads the struct and `count` instructions of eight bytes, which the slice has.
    unsafe { short(number::seccomp, arguments) }.map(|_| ())
}

/// `execve(2)`, with the cookie in the three arguments that it does not have: returns only on failure.
pub fn execute_program(path: &[u8], pointers: &Pointers, cookie: &[u32; Cookie::WORDS as usize]) -> Errno {
    let [first, second, third] = [0, 2, 4].map(|at| (cookie[at] as usize) << 32 | cookie[at + 1] as usize);
    let arguments =
        [path.as_ptr() as usize, pointers.arguments(), pointers.variables(), first, second, third];
    // SAFETY: the path lies in the plan's strings, which end in NUL; both arrays end in a null pointer and point to
    // strings of the plan or of the initial stack.
    match unsafe { raw(number::execve, arguments) } {
        Ok(_) => EINVAL,
        Err(errno) => errno,
    }
}

/// `landlock_create_ruleset(2)`: a ruleset for `struct landlock_ruleset_attr`; an older kernel ignores zeros at its end.
pub fn create_ruleset(handled: &[u64; 3]) -> Result<u32, Errno> {
    let arguments = [handled.as_ptr() as usize, size_of_val(handled), 0];
    // SAFETY: the kernel reads the array.
    unsafe { short(number::landlock_create_ruleset, arguments) }.map(|ruleset| ruleset as u32)
}

/// `landlock_add_rule(2)`: rights on a port, or beneath what a descriptor leads to.
pub fn add_rule(ruleset: u32, kind: usize, rights: u64, object: u32) -> Result<(), Errno> {
    // `struct landlock_net_port_attr`; `struct landlock_path_beneath_attr` is its first twelve bytes.
    let rule = [rights, object.into()];
    let arguments = [ruleset as usize, kind, rule.as_ptr() as usize];
    // SAFETY: the kernel reads at most the array.
    unsafe { short(number::landlock_add_rule, arguments) }.map(|_| ())
}

/// `landlock_restrict_self(2)`.
pub fn restrict_self(ruleset: u32, flags: u64) -> Result<(), Errno> {
    // SAFETY: no memory is touched.
    unsafe { short(number::landlock_restrict_self, [ruleset as usize, flags as usize, 0]) }.map(|_| ())
}

/// A signal that arrived.
#[derive(Clone, Copy)]
pub struct Signal {
    /// Its number.
    pub number: u32,
    /// The kernel sent it, for the terminal for instance, and no process.
    pub from_kernel: bool,
}

/// Waits for one of these signals, bit n - 1 for signal n, which are blocked; `None` when the wait was interrupted.
pub fn wait_for_signal(set: u64) -> Result<Option<Signal>, Errno> {
    let mut information = SignalInformation([0; 32]);
    let arguments = [&raw const set as usize, &raw mut information as usize, 0, SET_BYTES, 0, 0];
    // SAFETY: the kernel reads the set and writes a `siginfo_t`, whose 128 bytes `information` has.
    let number = match unsafe { raw(number::rt_sigtimedwait, arguments) } {
        Ok(number) => number as u32,
        Err(EINTR) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    // `si_code` is positive for what the kernel sends (sigaction(2)).
    let code = core::hint::black_box(information).0[2].cast_signed();
    Ok(Some(Signal { number, from_kernel: code > 0 }))
}

/// The end of the child of this pidfd, or of any child; `None` while there is none.
pub fn wait_for_exit(pidfd: Option<u32>, block: bool) -> Result<Option<Exit>, Errno> {
    let mut information = SignalInformation([0; 32]);
    let (kind, id) = pidfd.map_or((P_ALL, 0), |pidfd| (P_PIDFD, pidfd as usize));
    let options = if block { WEXITED } else { WEXITED | WNOHANG };
    let mut usage = Usage([0; 18]);
    loop {
        let arguments = [kind, id, &raw mut information as usize, options, &raw mut usage as usize, 0];
        // SAFETY: the kernel writes a `siginfo_t`, whose 128 bytes `information` has, and a `struct rusage` of 18 words.
        match unsafe { raw(number::waitid, arguments) } {
            Ok(_) => break,
            Err(EINTR) => {}
            Err(ECHILD) => return Ok(None),
            Err(errno) => return Err(errno),
        }
    }
    let words = core::hint::black_box(information).0;
    // The pid stays zero when no child ended (waitid(2), WNOHANG).
    // Seconds and microseconds of the program's own time, and of the kernel's for it.
    let Usage([seconds, microseconds, more_seconds, more_microseconds, ..]) = core::hint::black_box(usage);
    let cpu = (seconds + more_seconds) * 1_000_000 + microseconds + more_microseconds;
    let exit = Exit { pid: words[4], exited: words[2] == EXITED, status: words[6], cpu };
    Ok((words[4] != 0).then_some(exit))
}

/// Before an assistant is executed: it blocks no signal, hears nothing of the terminal's, has the standard streams alone, and
/// ends with the launcher, whose pid this is.
pub fn leave_launch(launcher: u32) -> Result<(), Errno> {
    let none = 0_u64;
    // SAFETY: the kernel reads the set's 64 bits.
    unsafe { raw(number::rt_sigprocmask, [SIG_SETMASK, &raw const none as usize, 0, SET_BYTES, 0, 0]) }?;
    // SAFETY: the descriptors are not used any more.
    unsafe { short(number::close_range, [3, u32::MAX as usize, 0]) }?;
    start_session()?;
    end_with(launcher)
}

/// Ends with the launcher, whose pid this is: `prctl(PR_SET_PDEATHSIG)`.
pub fn end_with(launcher: u32) -> Result<(), Errno> {
    // SAFETY: the kernel gets two numbers.
    unsafe { short(number::prctl, [PR_SET_PDEATHSIG, SIGKILL as usize, 0]) }?;
    // SAFETY: the kernel gets nothing. Who died before was never heard of.
    if unsafe { short(number::getppid, [0; 3]) }? as u32 == launcher { Ok(()) } else { Err(ESRCH) }
}

/// `pidfd_send_signal(2)`: kills the child of this pidfd and waits until it is gone. One that cannot be killed ends with
/// this process.
pub fn kill_child(pidfd: u32) {
    let arguments = [pidfd as usize, SIGKILL as usize, 0];
    // SAFETY: a signal to another process; without a `siginfo_t` nothing is read.
    if unsafe { short(number::pidfd_send_signal, arguments) }.is_ok() {
        let _ = wait_for_exit(Some(pidfd), true);
    }
}

/// Kills the child of this pidfd if it is still there, without waiting for one that cannot be killed.
pub fn discard_child(pidfd: u32) {
    // SAFETY: a signal to another process; without a `siginfo_t` nothing is read.
    let _ = unsafe { short(number::pidfd_send_signal, [pidfd as usize, SIGKILL as usize, 0]) };
    let _ = wait_for_exit(Some(pidfd), false);
    close(pidfd);
}

/// Whether others with the same ids may look into this process, in /proc and its memory, and it leaves a core.
#[inline(never)]
pub fn be_open(open: bool) -> Result<(), Errno> {
    // SAFETY: the kernel gets two numbers.
    unsafe { short(number::prctl, [PR_SET_DUMPABLE, usize::from(open), 0]) }.map(drop)
}

/// Ends by a signal, as the program did, without a core of its own. Returns when the signal does not end this process, as
/// in pid 1 of a namespace.
pub fn end_by(signal: u32) {
    let _ = be_open(false);
    let set = 1_u64 << (signal - 1);
    let arguments = [SIG_UNBLOCK, &raw const set as usize, 0, SET_BYTES, 0, 0];
    // SAFETY: the kernel reads the set's 64 bits.
    let _ = unsafe { raw(number::rt_sigprocmask, arguments) };
    if let Ok(pid) = own_pid() {
        signal_pid(pid, signal);
    }
}

/// `kill(2)`, for this process or a child that it alone can reap, so that the pid is still its own.
pub fn signal_pid(pid: u32, signal: u32) {
    // SAFETY: a signal to another process.
    let _ = unsafe { short(number::kill, [pid as usize, signal as usize, 0]) };
}

/// `CLOCK_MONOTONIC`, in microseconds.
pub fn clock() -> u64 {
    let mut time = [0_u64; 2];
    // SAFETY: the kernel writes the two words of a `struct timespec`.
    let _ = unsafe { short(number::clock_gettime, [1, time.as_mut_ptr() as usize, 0]) };
    let [seconds, nanoseconds] = core::hint::black_box(time);
    seconds * 1_000_000 + nanoseconds / 1000
}

/// `linux/sched/types.h`: `struct sched_attr`, its first version.
#[repr(C)]
struct SchedulingAttributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// `sched_setattr(2)`: this process is to run soon after it wakes, even among a thousand busy ones of its own session or
/// control group. It asks for the shortest time slices, which the scheduler serves first (Linux 6.12), and for the lowest
/// nice value where it may have that. Other policies than those with nice values stay as they are.
pub fn be_prompt() {
    /// `linux/sched.h`.
    const SCHED_FLAG_KEEP_POLICY: u64 = 8;
    const LOWEST_NICE: i32 = -20;
    const SHORTEST_SLICE: u64 = 100_000;
    // SAFETY: the kernel gets numbers. It answers with 20 minus the nice value (getpriority(2), "C library/kernel differences").
    let Ok(own) = (unsafe { short(number::getpriority, [0; 3]) }) else { return };
    let mut attributes = SchedulingAttributes {
        size: size_of::<SchedulingAttributes>() as u32,
        policy: 0,
        flags: SCHED_FLAG_KEEP_POLICY,
        nice: LOWEST_NICE,
        priority: 0,
        runtime: SHORTEST_SLICE,
        deadline: 0,
        period: 0,
    };
    for nice in [LOWEST_NICE, 20 - own.cast_signed() as i32] {
        attributes.nice = nice;
        // SAFETY: the kernel reads the struct, whose size is in it.
        let set = unsafe { short(number::sched_setattr, [0, &raw const attributes as usize, 0]) };
        if set.is_ok() {
            return;
        }
    }
}

/// Waits for others to end.
pub fn sleep_a_millisecond() {
    let duration = [0, 1_000_000_u64];
    // SAFETY: the kernel reads the two words of a `struct timespec`.
    let _ = unsafe { short(number::nanosleep, [duration.as_ptr() as usize, 0, 0]) };
}

/// `setsid(2)`.
pub fn start_session() -> Result<(), Errno> {
    // SAFETY: the call has no arguments.
    unsafe { short(number::setsid, [0; 3]) }.map(|_| ())
}

/// `getpgrp(2)`.
pub fn own_group() -> Result<u32, Errno> {
    // SAFETY: the call has no arguments.
    unsafe { short(number::getpgrp, [0; 3]) }.map(|group| group as u32)
}

/// `getpgid(2)`.
pub fn group_of(pid: u32) -> Result<u32, Errno> {
    // SAFETY: the kernel gets a number.
    unsafe { short(number::getpgid, [pid as usize, 0, 0]) }.map(|group| group as u32)
}

/// `getsid(2)`.
pub fn session_of(pid: u32) -> Result<u32, Errno> {
    // SAFETY: the kernel gets a number.
    unsafe { short(number::getsid, [pid as usize, 0, 0]) }.map(|session| session as u32)
}

/// `kill(2)` of a process group.
pub fn signal_group(group: u32, signal: u32) {
    let group = (group as usize).wrapping_neg();
    // SAFETY: a signal to other processes.
    let _ = unsafe { short(number::kill, [group, signal as usize, 0]) };
}

/// Opens the controlling terminal.
pub fn open_terminal() -> Result<u32, Errno> {
    open(c"/dev/tty", O_RDWR | O_NOCTTY)
}

/// Opens the directory of all processes.
pub fn open_processes() -> Result<u32, Errno> {
    const O_DIRECTORY: usize = 0o200_000;
    open(c"/proc", O_DIRECTORY)
}

fn open(path: &core::ffi::CStr, flags: usize) -> Result<u32, Errno> {
    let arguments = [HERE, path.as_ptr() as usize, flags | O_CLOEXEC];
    // SAFETY: the path ends in NUL.
    unsafe { short(number::openat, arguments) }.map(|descriptor| descriptor as u32)
}

/// `getdents64(2)`: how many bytes of entries there are.
pub fn list(directory: u32, bytes: &mut [u8]) -> Result<usize, Errno> {
    let arguments = [directory as usize, bytes.as_mut_ptr() as usize, bytes.len()];
    // SAFETY: the kernel writes at most the slice's bytes.
    unsafe { short(number::getdents64, arguments) }
}

/// `close(2)`.
pub fn close(descriptor: u32) {
    // SAFETY: the descriptor is not used any more.
    let _ = unsafe { short(number::close, [descriptor as usize, 0, 0]) };
}

/// Puts the path of a standard stream into the arena, where the reader has found this room, which starts as zeros; the last byte
/// stays zero. In another mount namespace than the stream's the path may lead elsewhere: then there is none.
pub fn find_path(stream: u32, offset: u32, room: u32) {
    let links = [c"/proc/self/fd/0", c"/proc/self/fd/1", c"/proc/self/fd/2"];
    let Some(link) = links.get(stream as usize) else { return };
    let path = mem::arena_address(offset);
    let arguments = [HERE, link.as_ptr() as usize, path, room as usize - 1, 0, 0];
    // SAFETY: the path ends in NUL, and the kernel writes at most `room` bytes, which are the arena's.
    let _ = unsafe { raw(number::readlinkat, arguments) };
    if file(HERE, path).is_none_or(|found| file(stream as usize, c"".as_ptr() as usize) != Some(found)) {
        mem::store(offset, &[0; 4]);
    }
}

/// Which file it is: its number, that of the device that it is, and that of the file system.
fn file(directory: usize, path: usize) -> Option<[u64; 3]> {
    const AT_EMPTY_PATH: usize = 0x1000;
    const AT_SYMLINK_NOFOLLOW: usize = 0x100;
    const STATX_INO: usize = 0x100;
    let mut answer = [0_u64; 32];
    let flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
    let arguments = [directory, path, flags, STATX_INO, answer.as_mut_ptr() as usize, 0];
    // SAFETY: the path ends in NUL, and the kernel writes a `struct statx` of 256 bytes.
    unsafe { raw(number::statx, arguments) }.ok()?;
    // `linux/stat.h`: `stx_ino` is at byte 32, the devices at 128 and 136.
    let answer = core::hint::black_box(answer);
    Some([answer[4], answer[16], answer[17]])
}

/// Whether a descriptor is of the controlling terminal, whose master would answer as well (ioctl_tty(2)).
pub fn controls(descriptor: u32) -> bool {
    const TIOCGPTN: usize = 0x8004_5430;
    let mut number = 0_u32;
    // SAFETY: the kernel writes a number.
    let is_master =
        unsafe { short(number::ioctl, [descriptor as usize, TIOCGPTN, &raw mut number as usize]) };
    is_master.is_err() && foreground(descriptor).is_ok()
}

/// `TIOCGPGRP`: the foreground process group of the controlling terminal, when the descriptor is of that.
pub fn foreground(descriptor: u32) -> Result<u32, Errno> {
    let mut group = 0_u32;
    let arguments = [descriptor as usize, 0x540f, &raw mut group as usize];
    // SAFETY: the kernel writes the group's number.
    unsafe { short(number::ioctl, arguments) }?;
    Ok(core::hint::black_box(group))
}

/// `TIOCSPGRP`. SIGTTOU is blocked, so a background process may ask too.
pub fn set_foreground(descriptor: u32, group: u32) -> Result<(), Errno> {
    // SAFETY: the kernel reads the group's number.
    unsafe { short(number::ioctl, [descriptor as usize, 0x5410, &raw const group as usize]) }.map(|_| ())
}

fn control(descriptor: u32, command: usize, value: usize) -> Result<usize, Errno> {
    // SAFETY: the commands of this file take and give numbers.
    unsafe { short(number::fcntl, [descriptor as usize, command, value]) }
}

/// Asks for SIGIO when there is something to read.
pub fn signal_when_readable(descriptor: u32) -> Result<(), Errno> {
    const F_SETFL: usize = 4;
    const F_SETOWN: usize = 8;
    const O_ASYNC: usize = 0o20_000;
    control(descriptor, F_SETOWN, own_pid()? as usize)?;
    control(descriptor, F_SETFL, O_ASYNC).map(|_| ())
}

/// The living process that has made itself the owner of a descriptor, by its number here.
pub fn owner(descriptor: u32) -> Option<u32> {
    const F_GETOWN: usize = 9;
    control(descriptor, F_GETOWN, 0).ok().map(|pid| pid as u32).filter(|&pid| pid != 0)
}

/// `linux/socket.h`: MSG_DONTWAIT, and with it MSG_NOSIGNAL.
const MSG_DONTWAIT: usize = 0x40;
const MSG_NOSIGNAL: usize = 0x4000;

/// Sends a byte over a channel, unless that is full.
pub fn send(channel: u32, byte: u8) -> Result<(), Errno> {
    let arguments = [channel as usize, &raw const byte as usize, 1, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0];
    // SAFETY: the kernel reads one byte.
    unsafe { raw(number::sendto, arguments) }.map(drop)
}

/// The next byte that came over a channel; an error when there is none, and at its end.
pub fn receive(channel: u32) -> Result<u8, Errno> {
    let mut byte = 0_u8;
    let arguments = [channel as usize, &raw mut byte as usize, 1, MSG_DONTWAIT, 0, 0];
    // SAFETY: the kernel writes at most one byte.
    match unsafe { raw(number::recvfrom, arguments) }? {
        1 => Ok(core::hint::black_box(byte)),
        _ => Err(EPIPE),
    }
}

/// Takes a signal that is blocked and pending; whether there was one.
pub fn take_signal(signal: u32) -> bool {
    let (set, none) = (1_u64 << (signal - 1), [0_u64; 2]);
    let arguments = [&raw const set as usize, 0, none.as_ptr() as usize, SET_BYTES, 0, 0];
    // SAFETY: the kernel reads the set and a `struct timespec` of zeros.
    unsafe { raw(number::rt_sigtimedwait, arguments) }.is_ok()
}

/// Stops this process by a signal of the terminal, whose dispositions are the default; the kernel does not do that in an
/// orphaned process group (setpgid(2)). Returns when it was continued.
pub fn stop_by(signal: u32) {
    let set = 1_u64 << (signal - 1);
    if let Ok(pid) = own_pid() {
        signal_pid(pid, signal);
    }
    for how in [SIG_UNBLOCK, SIG_BLOCK] {
        // SAFETY: the kernel reads the set's 64 bits.
        let _ = unsafe { raw(number::rt_sigprocmask, [how, &raw const set as usize, 0, SET_BYTES, 0, 0]) };
    }
}

/// When ITIMER_REAL runs: a timer that continues this process a moment after that, since who is stopped hears no alarm.
pub fn continue_at_alarm() -> Option<u32> {
    let mut left = [0_u64; 4];
    // SAFETY: the kernel writes a `struct itimerval`: the interval, and what is left, in seconds and microseconds.
    let _ = unsafe { short(number::getitimer, [0, left.as_mut_ptr() as usize, 0]) };
    let [_, _, seconds, microseconds] = core::hint::black_box(left);
    if seconds == 0 && microseconds == 0 {
        return None;
    }
    // `asm-generic/siginfo.h`: `struct sigevent`: a value, the signal, and SIGEV_SIGNAL, which is zero.
    let event = [0, u64::from(SIGCONT), 0, 0, 0, 0, 0, 0];
    let mut timer = 0_u32;
    let arguments = [1, event.as_ptr() as usize, &raw mut timer as usize];
    // SAFETY: the kernel reads a `struct sigevent` and writes the timer's number.
    unsafe { short(number::timer_create, arguments) }.ok()?;
    let timer = core::hint::black_box(timer);
    // A `struct itimerspec`: no interval, and one millisecond later.
    let when = [0, 0, seconds + (microseconds + 1000) / 1_000_000, (microseconds + 1000) % 1_000_000 * 1000];
    // SAFETY: the kernel reads a `struct itimerspec`.
    let _ = unsafe { short(number::timer_settime, [timer as usize, 0, when.as_ptr() as usize]) };
    Some(timer)
}

/// Takes such a timer away.
pub fn forget_alarm(timer: Option<u32>) {
    if let Some(timer) = timer {
        // SAFETY: the kernel gets a number.
        let _ = unsafe { short(number::timer_delete, [timer as usize, 0, 0]) };
    }
}

/// What has become of the child of this pidfd since it was asked last: the signal that has stopped it, or zero when it goes on.
pub fn wait_for_stop(pidfd: u32) -> Option<u32> {
    stop_of(P_PIDFD, pidfd)
}

/// The same of a child by its pid.
pub fn wait_for_stop_of(pid: u32) -> Option<u32> {
    stop_of(P_PID, pid)
}

fn stop_of(kind: usize, id: u32) -> Option<u32> {
    /// `linux/wait.h`.
    const WSTOPPED: usize = 2;
    const WCONTINUED: usize = 8;
    /// `asm-generic/siginfo.h`: `CLD_STOPPED`.
    const STOPPED: u32 = 5;
    let mut information = SignalInformation([0; 32]);
    let options = WSTOPPED | WCONTINUED | WNOHANG;
    let arguments = [kind, id as usize, &raw mut information as usize, options, 0, 0];
    // SAFETY: the kernel writes a `siginfo_t`, whose 128 bytes `information` has.
    unsafe { raw(number::waitid, arguments) }.ok()?;
    let words = core::hint::black_box(information).0;
    (words[4] != 0).then(|| if words[2] == STOPPED { words[6] } else { 0 })
}

/// Stops this process as the terminal asked.
pub fn stop() {
    // Pid 0 is every process of the group; the launcher asks for itself.
    if let Ok(pid) = own_pid() {
        signal_pid(pid, SIGSTOP);
    }
}

/// Reads a plan file into memory of its own, so that it cannot change after it was checked.
pub fn read_plan(path: *const u8) -> Option<&'static [u8]> {
    // SAFETY: the path is a NUL-terminated string of argv.
    let file = unsafe { short(number::openat, [HERE, path as usize, O_CLOEXEC]) }.ok()?;
    let address = map(LARGEST_PLAN, MAP_PRIVATE_ANONYMOUS).ok()?;
    let mut length = 0;
    while length < LARGEST_PLAN {
        // SAFETY: the kernel writes at most what is left of the mapping.
        match unsafe { short(number::read, [file, address + length, LARGEST_PLAN - length]) } {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(_) => return None,
        }
    }
    // SAFETY: the descriptor is this function's own.
    unsafe { short(number::close, [file, 0, 0]) }.ok()?;
    // SAFETY: the mapping is this function's own, and nothing refers to it yet.
    unsafe { short(number::mprotect, [address, LARGEST_PLAN, PROT_READ]) }.ok()?;
    // SAFETY: `length` bytes were read into the mapping, which is now read-only and stays until exec.
    Some(unsafe { core::slice::from_raw_parts(address as *const u8, length) })
}

/// Nothing in the launcher panics on purpose; what would is stopped at once.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    exit(boxwright_launcher::abi::EXIT_NOT_SET_UP)
}
