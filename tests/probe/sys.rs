//! The one place where the probe makes raw system calls, and the x86_64 numbers that it needs.
#![allow(missing_docs, reason = "the names are the kernel's own")]

use std::ffi::{CString, c_long};
use std::io::Error;

pub mod nr {
    pub const READ: u64 = 0;
    pub const WRITE: u64 = 1;
    pub const CLOSE: u64 = 3;
    pub const MMAP: u64 = 9;
    pub const MPROTECT: u64 = 10;
    pub const RT_SIGACTION: u64 = 13;
    pub const RT_SIGPROCMASK: u64 = 14;
    pub const IOCTL: u64 = 16;
    pub const SHMGET: u64 = 29;
    pub const SHMCTL: u64 = 31;
    pub const DUP2: u64 = 33;
    pub const ALARM: u64 = 37;
    pub const GETPID: u64 = 39;
    pub const SOCKET: u64 = 41;
    pub const CONNECT: u64 = 42;
    pub const SENDTO: u64 = 44;
    pub const SENDMSG: u64 = 46;
    pub const BIND: u64 = 49;
    pub const LISTEN: u64 = 50;
    pub const SOCKETPAIR: u64 = 53;
    pub const FORK: u64 = 57;
    pub const EXECVE: u64 = 59;
    pub const WAIT4: u64 = 61;
    pub const KILL: u64 = 62;
    pub const UNAME: u64 = 63;
    pub const SEMGET: u64 = 64;
    pub const SEMCTL: u64 = 66;
    pub const MSGGET: u64 = 68;
    pub const MSGCTL: u64 = 71;
    pub const FCNTL: u64 = 72;
    pub const TRUNCATE: u64 = 76;
    pub const FCHDIR: u64 = 81;
    pub const UMASK: u64 = 95;
    pub const PTRACE: u64 = 101;
    pub const SETPGID: u64 = 109;
    pub const GETPPID: u64 = 110;
    pub const SETSID: u64 = 112;
    pub const SETGROUPS: u64 = 116;
    pub const GETGROUPS: u64 = 115;
    pub const SETRESUID: u64 = 117;
    pub const GETRESUID: u64 = 118;
    pub const SETRESGID: u64 = 119;
    pub const GETRESGID: u64 = 120;
    pub const GETSID: u64 = 124;
    pub const CAPGET: u64 = 125;
    pub const CAPSET: u64 = 126;
    pub const RT_SIGTIMEDWAIT: u64 = 128;
    pub const MKNOD: u64 = 133;
    pub const PERSONALITY: u64 = 135;
    pub const SETPRIORITY: u64 = 141;
    pub const SCHED_SETSCHEDULER: u64 = 144;
    pub const SCHED_GETSCHEDULER: u64 = 145;
    pub const PRCTL: u64 = 157;
    pub const CHROOT: u64 = 161;
    pub const MOUNT: u64 = 165;
    pub const SCHED_SETAFFINITY: u64 = 203;
    pub const SCHED_GETAFFINITY: u64 = 204;
    pub const UMOUNT2: u64 = 166;
    pub const CLOCK_GETTIME: u64 = 228;
    pub const EXIT_GROUP: u64 = 231;
    pub const MQ_OPEN: u64 = 240;
    pub const MQ_UNLINK: u64 = 241;
    pub const WAITID: u64 = 247;
    pub const ADD_KEY: u64 = 248;
    pub const KEYCTL: u64 = 250;
    pub const IOPRIO_SET: u64 = 251;
    pub const IOPRIO_GET: u64 = 252;
    pub const UNSHARE: u64 = 272;
    pub const PIPE2: u64 = 293;
    pub const NAME_TO_HANDLE_AT: u64 = 303;
    pub const OPEN_BY_HANDLE_AT: u64 = 304;
    pub const PRLIMIT64: u64 = 302;
    pub const SENDMMSG: u64 = 307;
    pub const SCHED_GETATTR: u64 = 315;
    pub const SETNS: u64 = 308;
    pub const RENAMEAT2: u64 = 316;
    pub const SECCOMP: u64 = 317;
    pub const GETRANDOM: u64 = 318;
    pub const MEMFD_CREATE: u64 = 319;
    pub const EXECVEAT: u64 = 322;
    pub const IO_URING_SETUP: u64 = 425;
    pub const LANDLOCK_CREATE_RULESET: u64 = 444;
    pub const LANDLOCK_RESTRICT_SELF: u64 = 446;
    pub const CLONE3: u64 = 435;
    pub const MOUNT_SETATTR: u64 = 442;
}

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

/// `syscall(2)`: the call's result, or the errno.
pub fn call(number: u64, arguments: [u64; 6]) -> Result<u64, i32> {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the pointers that the probe passes come from live locals of its callers, as large as the call writes;
    // fork is called while there is one thread.
    let result = unsafe { syscall(number.cast_signed(), a, b, c, d, e, f) };
    if result == -1 {
        return Err(Error::last_os_error().raw_os_error().unwrap_or(0));
    }
    Ok(result.cast_unsigned())
}

/// A call of i386, by its number there; addresses are those below 4 GiB.
pub fn call_i386(number: u32, first: u32, second: u32) -> Result<u64, i32> {
    let result: i32;
    // SAFETY: the kernel takes the arguments from the registers as i386 has them, and keeps all others but the four that
    // the compiler is told of; rbx is not the compiler's to give, so it is exchanged.
    unsafe {
        std::arch::asm!(
            "xchg rbx, {first}",
            "int 0x80",
            "xchg rbx, {first}",
            first = inout(reg) u64::from(first) => _,
            inlateout("eax") number => result,
            in("ecx") second,
            in("edx") 0,
            lateout("r8") _,
            lateout("r9") _,
            lateout("r10") _,
            lateout("r11") _,
        );
    }
    if result < 0 { Err(-result) } else { Ok(u64::from(result.unsigned_abs())) }
}

/// The address of a value that a call reads.
pub fn from<T: ?Sized>(value: &T) -> u64 {
    (&raw const *value).cast::<u8>().addr() as u64
}

/// The address of a value that a call fills in.
pub fn into<T: ?Sized>(value: &mut T) -> u64 {
    (&raw mut *value).cast::<u8>().expose_provenance() as u64
}

/// A text as the kernel takes it; what follows a NUL is cut.
pub fn text(value: &str) -> CString {
    CString::new(value.split('\0').next().unwrap_or_default()).unwrap_or_default()
}

/// What a call came to in a word: `ok`, or the errno's name.
pub fn outcome<T>(result: Result<T, i32>) -> String {
    result.map_or_else(errno_name, |_| "ok".to_owned())
}

/// The errno that the standard library reports.
pub fn io_errno(error: Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

/// The same for what the standard library reports.
pub fn io_outcome<T>(result: std::io::Result<T>) -> String {
    outcome(result.map_err(io_errno))
}

/// The names of the errnos that tests speak of; any other is its number.
pub fn errno_name(errno: i32) -> String {
    let name = match errno {
        1 => "EPERM",
        2 => "ENOENT",
        5 => "EIO",
        6 => "ENXIO",
        8 => "ENOEXEC",
        9 => "EBADF",
        10 => "ECHILD",
        11 => "EAGAIN",
        12 => "ENOMEM",
        13 => "EACCES",
        14 => "EFAULT",
        16 => "EBUSY",
        17 => "EEXIST",
        18 => "EXDEV",
        20 => "ENOTDIR",
        21 => "EISDIR",
        22 => "EINVAL",
        25 => "ENOTTY",
        26 => "ETXTBSY",
        28 => "ENOSPC",
        30 => "EROFS",
        38 => "ENOSYS",
        40 => "ELOOP",
        93 => "EPROTONOSUPPORT",
        95 => "EOPNOTSUPP",
        101 => "ENETUNREACH",
        111 => "ECONNREFUSED",
        113 => "EHOSTUNREACH",
        126 => "ENOKEY",
        _ => return format!("errno {errno}"),
    };
    name.to_owned()
}
