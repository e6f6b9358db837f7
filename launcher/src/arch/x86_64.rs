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
        read = 0, write = 1, close = 3, poll = 7, mmap = 9, mprotect = 10, munmap = 11, brk = 12, rt_sigaction = 13,
        rt_sigprocmask = 14, rt_sigreturn = 15, ioctl = 16, readv = 19, mremap = 25, shmat = 30, dup2 = 33,
        socket = 41, sendto = 44, recvfrom = 45, recvmsg = 47, socketpair = 53, clone = 56, fork = 57, vfork = 58,
        execve = 59, exit = 60, kill = 62, shmdt = 67, fcntl = 72, chdir = 80, fchdir = 81, umask = 95, getuid = 102,
        getpid = 39, ptrace = 101, getgid = 104, getppid = 110, setsid = 112, setgroups = 116, setresuid = 117, setresgid = 119,
        capget = 125, capset = 126, rt_sigtimedwait = 128, sigaltstack = 131, statfs = 137, fstatfs = 138, modify_ldt = 154,
        pivot_root = 155, prctl = 157, arch_prctl = 158, umount2 = 166, sethostname = 170, setdomainname = 171,
        io_setup = 206, io_submit = 209, remap_file_pages = 216, set_tid_address = 218, exit_group = 231, waitid = 247,
        keyctl = 250, openat = 257, mkdirat = 258, mknodat = 259, fchownat = 260, unlinkat = 263, symlinkat = 266, unshare = 272,
        set_robust_list = 273, vmsplice = 278, preadv = 295, recvmmsg = 299, prlimit64 = 302, setns = 308, process_vm_readv = 310,
        process_vm_writev = 311, seccomp = 317, execveat = 322, bpf = 321, getrandom = 318, userfaultfd = 323, preadv2 = 327,
        pkey_mprotect = 329, statx = 332, rseq = 334, io_uring_setup = 425, io_uring_enter = 426, io_uring_register = 427,
        pidfd_send_signal = 424, open_tree = 428, move_mount = 429, fsopen = 430, fsconfig = 431, fsmount = 432,
        pidfd_open = 434, clone3 = 435, close_range = 436, openat2 = 437, process_madvise = 440, mount_setattr = 442,
        map_shadow_stack = 453,
    }

    /// What no `call` of a plan may be: see `plan::BANNED_CALLS`.
    pub(crate) const BANNED: &[u16] = &[
        mmap,
        mprotect,
        munmap,
        brk,
        rt_sigaction,
        rt_sigreturn,
        readv,
        mremap,
        shmat,
        recvmsg,
        clone,
        fork,
        vfork,
        execve,
        exit,
        shmdt,
        ptrace,
        sigaltstack,
        modify_ldt,
        arch_prctl,
        io_setup,
        io_submit,
        remap_file_pages,
        set_tid_address,
        exit_group,
        set_robust_list,
        vmsplice,
        preadv,
        recvmmsg,
        process_vm_readv,
        process_vm_writev,
        seccomp,
        execveat,
        bpf,
        userfaultfd,
        preadv2,
        pkey_mprotect,
        rseq,
        io_uring_setup,
        io_uring_enter,
        io_uring_register,
        clone3,
        process_madvise,
        map_shadow_stack,
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
