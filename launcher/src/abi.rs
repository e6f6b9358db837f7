//! Kernel numbers that are the same on every architecture, and the launcher's exit statuses.
//!
//! Each group names the kernel header that it comes from; `tests` at the end compares them with the C library's.

/// The sandbox's time was up: timeout(1) ends with it too.
pub const EXIT_TIME_UP: u8 = 124;
/// The sandbox could not be set up.
pub const EXIT_NOT_SET_UP: u8 = 125;
/// The program was found but could not be executed.
pub const EXIT_NOT_EXECUTABLE: u8 = 126;
/// The program was not found.
pub const EXIT_NOT_FOUND: u8 = 127;
/// Added to the number of the signal that ended the program.
pub const EXIT_SIGNAL: u8 = 128;

/// `linux/capability.h`: the capabilities by which the launcher counts as privileged: it may map any id.
pub const CAP_SETGID: u32 = 6;
/// See [`CAP_SETGID`].
pub const CAP_SETUID: u32 = 7;
/// `linux/capability.h`: `_LINUX_CAPABILITY_VERSION_3`.
pub const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// `linux/sched.h`.
pub const CLONE_PIDFD: u64 = 0x1000;
/// The child is born in another control group.
pub const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
/// A new mount namespace.
pub const CLONE_NEWNS: u64 = 0x2_0000;
/// A new cgroup namespace.
pub const CLONE_NEWCGROUP: u64 = 0x200_0000;
/// A new UTS namespace.
pub const CLONE_NEWUTS: u64 = 0x400_0000;
/// A new IPC namespace.
pub const CLONE_NEWIPC: u64 = 0x800_0000;
/// A new user namespace.
pub const CLONE_NEWUSER: u64 = 0x1000_0000;
/// A new pid namespace.
pub const CLONE_NEWPID: u64 = 0x2000_0000;
/// A new network namespace.
pub const CLONE_NEWNET: u64 = 0x4000_0000;
/// A new time namespace.
pub const CLONE_NEWTIME: u64 = 0x80;

/// `asm-generic/signal.h`.
pub const SIGHUP: u32 = 1;
/// The terminal asks to end.
pub const SIGINT: u32 = 2;
/// The terminal asks to end with a core.
pub const SIGQUIT: u32 = 3;
/// Cannot be caught.
pub const SIGKILL: u32 = 9;
/// Between the processes of a launch: go on.
pub const SIGUSR1: u32 = 10;
/// Nobody reads what is written.
pub const SIGPIPE: u32 = 13;
/// The time of alarm(2) or setitimer(2) is up.
pub const SIGALRM: u32 = 14;
/// Somebody asks to end.
pub const SIGTERM: u32 = 15;
/// ITIMER_VIRTUAL expired.
pub const SIGVTALRM: u32 = 26;
/// ITIMER_PROF expired.
pub const SIGPROF: u32 = 27;
/// A child changed its state.
pub const SIGCHLD: u32 = 17;
/// Who is stopped goes on.
pub const SIGCONT: u32 = 18;
/// Cannot be caught.
pub const SIGSTOP: u32 = 19;
/// A descriptor can be read.
pub const SIGIO: u32 = 29;
/// The terminal asks to stop.
pub const SIGTSTP: u32 = 20;
/// A background process reads the terminal.
pub const SIGTTIN: u32 = 21;
/// A background process writes to the terminal.
pub const SIGTTOU: u32 = 22;
/// The terminal has another size.
pub const SIGWINCH: u32 = 28;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_system_headers() {
        let pairs: &[(u64, u64)] = &[
            (CLONE_PIDFD, libc::CLONE_PIDFD as u64),
            (CLONE_NEWNS, libc::CLONE_NEWNS as u64),
            (CLONE_NEWCGROUP, libc::CLONE_NEWCGROUP as u64),
            (CLONE_NEWUTS, libc::CLONE_NEWUTS as u64),
            (CLONE_NEWIPC, libc::CLONE_NEWIPC as u64),
            (CLONE_NEWUSER, libc::CLONE_NEWUSER as u64),
            (CLONE_NEWPID, libc::CLONE_NEWPID as u64),
            (CLONE_NEWNET, libc::CLONE_NEWNET as u64),
            (CLONE_NEWTIME, libc::CLONE_NEWTIME as u64),
            (SIGHUP.into(), libc::SIGHUP as u64),
            (SIGINT.into(), libc::SIGINT as u64),
            (SIGQUIT.into(), libc::SIGQUIT as u64),
            (SIGTERM.into(), libc::SIGTERM as u64),
            (SIGKILL.into(), libc::SIGKILL as u64),
            (SIGUSR1.into(), libc::SIGUSR1 as u64),
            (SIGPIPE.into(), libc::SIGPIPE as u64),
            (SIGALRM.into(), libc::SIGALRM as u64),
            (SIGVTALRM.into(), libc::SIGVTALRM as u64),
            (SIGPROF.into(), libc::SIGPROF as u64),
            (SIGIO.into(), libc::SIGIO as u64),
            (SIGCHLD.into(), libc::SIGCHLD as u64),
            (SIGCONT.into(), libc::SIGCONT as u64),
            (SIGSTOP.into(), libc::SIGSTOP as u64),
            (SIGTSTP.into(), libc::SIGTSTP as u64),
            (SIGTTIN.into(), libc::SIGTTIN as u64),
            (SIGTTOU.into(), libc::SIGTTOU as u64),
            (SIGWINCH.into(), libc::SIGWINCH as u64),
        ];
        for (ours, theirs) in pairs {
            assert_eq!(ours, theirs);
        }
    }
}
