//! Everything that is particular to x86_64: system call numbers, the entry point and the instructions that need it.
//!
//! A second architecture is a second file with the same items, and nothing else.

/// `linux/audit.h`: `AUDIT_ARCH_X86_64`, as seccomp filters see it.
pub const AUDIT_ARCHITECTURE: u32 = 0xc000_003e;

/// System call numbers (`asm/unistd_64.h`), those that plans and the launcher use.
pub mod number {
    macro_rules! numbers {
        ($($name:ident = $number:literal),* $(,)?) => {
            $(
                #[doc = concat!("`", stringify!($name), "(2)`.")]
                #[allow(non_upper_case_globals, reason = "the kernel's names are easier to look up than shouted ones")]
                pub const $name: u16 = $number;
            )*
            /// Every number of this module with its name, for `inspect`.
            pub const NAMES: &[(u16, &str)] = &[$(($number, stringify!($name))),*];
        };
    }

    numbers! {
        read = 0, write = 1, close = 3, poll = 7, mmap = 9, mprotect = 10, rt_sigaction = 13, rt_sigprocmask = 14,
        ioctl = 16, dup2 = 33, nanosleep = 35, getitimer = 36, alarm = 37, setitimer = 38, getpid = 39, socket = 41, connect = 42,
        sendto = 44, recvfrom = 45,
        socketpair = 53, execve = 59, kill = 62, fcntl = 72, flock = 73, getcwd = 79, chdir = 80, fchdir = 81,
        umask = 95, getuid = 102, getgid = 104, setpgid = 109, getppid = 110,
        getpgrp = 111, setsid = 112, setgroups = 116, setresuid = 117, setresgid = 119, getpgid = 121, getsid = 124, capget = 125, capset = 126,
        rt_sigtimedwait = 128, personality = 135, fstatfs = 138, getpriority = 140, setpriority = 141, sched_setscheduler = 144,
        pivot_root = 155, prctl = 157, umount2 = 166, sethostname = 170, setdomainname = 171,
        sched_setaffinity = 203, sched_getaffinity = 204, getdents64 = 217, timer_create = 222, timer_settime = 223, timer_delete = 226, clock_gettime = 228, exit_group = 231, waitid = 247, keyctl = 250,
        ioprio_set = 251, ioprio_get = 252, openat = 257, mkdirat = 258, mknodat = 259, fchownat = 260, unlinkat = 263,
        symlinkat = 266, readlinkat = 267, unshare = 272, pipe2 = 293, prlimit64 = 302, setns = 308, sched_setattr = 314,
        seccomp = 317, getrandom = 318, pwritev2 = 328, statx = 332, pidfd_send_signal = 424, open_tree = 428,
        move_mount = 429, fsopen = 430, fsconfig = 431, fsmount = 432, clone3 = 435, close_range = 436,
        openat2 = 437, faccessat2 = 439, mount_setattr = 442, landlock_create_ruleset = 444, landlock_add_rule = 445,
        landlock_restrict_self = 446,
    }

    /// The calls that a plan may make: none of them changes the launcher's memory, code or control flow, given addresses of
    /// the plan's and the arena's bytes only. See `plan::PERMITTED_CALLS`.
    pub(crate) const PERMITTED: &[u16] = &[
        alarm,
        capset,
        chdir,
        close,
        close_range,
        dup2,
        faccessat2,
        fchdir,
        fchownat,
        fcntl,
        fsconfig,
        fsmount,
        fsopen,
        fstatfs,
        getcwd,
        getgid,
        getpid,
        getppid,
        getuid,
        ioctl,
        ioprio_get,
        ioprio_set,
        keyctl,
        kill,
        landlock_create_ruleset,
        mkdirat,
        mknodat,
        mount_setattr,
        move_mount,
        open_tree,
        openat,
        openat2,
        personality,
        pipe2,
        pivot_root,
        prctl,
        prlimit64,
        read,
        recvfrom,
        rt_sigprocmask,
        rt_sigtimedwait,
        sched_getaffinity,
        sched_setaffinity,
        sched_setattr,
        sched_setscheduler,
        setdomainname,
        setgroups,
        sethostname,
        setitimer,
        setns,
        setpgid,
        setpriority,
        setresgid,
        setresuid,
        setsid,
        socket,
        socketpair,
        statx,
        symlinkat,
        umask,
        umount2,
        unshare,
        waitid,
        write,
    ];
}

/// The entry point: hands the initial stack to `rust_start`.
#[macro_export]
macro_rules! entry_point {
    () => {
        core::arch::global_asm!(
            ".globl _start",
            "_start:",
            "xor ebp, ebp",
            "mov rdi, rsp",
            "and rsp, -16",
            "call {start}",
            "ud2",
            start = sym rust_start,
        );
    };
}

/// Makes a system call with six arguments: `asm!` for `sys.rs`.
#[macro_export]
macro_rules! raw_system_call {
    ($number:expr, $arguments:expr) => {{
        let result: isize;
        core::arch::asm!(
            "syscall",
            inlateout("rax") $number as usize => result,
            in("rdi") $arguments[0],
            in("rsi") $arguments[1],
            in("rdx") $arguments[2],
            in("r10") $arguments[3],
            in("r8") $arguments[4],
            in("r9") $arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
        result
    }};
}

/// Copies `$count` bytes forward: `asm!` for `mem.rs`, where a loop would be compiled into a call of itself.
#[macro_export]
macro_rules! raw_copy_forward {
    ($to:expr, $from:expr, $count:expr) => {
        core::arch::asm!(
            "rep movsb",
            inout("rcx") $count => _,
            inout("rdi") $to => _,
            inout("rsi") $from => _,
            options(nostack, preserves_flags),
        )
    };
}

/// Fills `$count` bytes with `$byte`.
#[macro_export]
macro_rules! raw_fill {
    ($to:expr, $byte:expr, $count:expr) => {
        core::arch::asm!(
            "rep stosb",
            inout("rcx") $count => _,
            inout("rdi") $to => _,
            in("al") $byte as u8,
            options(nostack, preserves_flags),
        )
    };
}

/// Stops at once: what is left when even exiting is refused.
#[macro_export]
macro_rules! raw_stop {
    () => {
        core::arch::asm!("ud2", options(noreturn, nostack))
    };
}
