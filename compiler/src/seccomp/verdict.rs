//! What a filter answers: the 32-bit return values of seccomp(2) and their precedence.

use crate::policy::Action;
use std::fmt;

/// A filter's return value: an action in the upper half, its data in the lower (linux/seccomp.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verdict(pub u32);

impl Verdict {
    /// SECCOMP_RET_KILL_PROCESS.
    pub const KILL_PROCESS: Self = Self(0x8000_0000);
    /// SECCOMP_RET_KILL_THREAD.
    pub const KILL_THREAD: Self = Self(0);
    /// SECCOMP_RET_TRAP.
    pub const TRAP: Self = Self(0x0003_0000);
    /// SECCOMP_RET_ERRNO with the errno 0.
    pub const ERRNO: Self = Self(0x0005_0000);
    /// SECCOMP_RET_USER_NOTIF.
    pub const USER_NOTIF: Self = Self(0x7FC0_0000);
    /// SECCOMP_RET_TRACE with the message 0.
    pub const TRACE: Self = Self(0x7FF0_0000);
    /// SECCOMP_RET_LOG.
    pub const LOG: Self = Self(0x7FFC_0000);
    /// SECCOMP_RET_ALLOW.
    pub const ALLOW: Self = Self(0x7FFF_0000);
    /// What the kernel itself answers to a system call that it does not know.
    pub const ENOSYS: Self = Self::errno(38);

    /// The call fails with this errno.
    pub const fn errno(errno: u16) -> Self {
        Self(Self::ERRNO.0 | errno as u32)
    }

    /// The action without its data (SECCOMP_RET_ACTION_FULL).
    pub const fn action(self) -> Self {
        Self(self.0 & 0xFFFF_0000)
    }

    /// The action's data (SECCOMP_RET_DATA).
    pub const fn data(self) -> u32 {
        self.0 & 0xFFFF
    }

    /// Is the call made?
    pub fn permits(self) -> bool {
        [Self::ALLOW, Self::LOG].contains(&self.action())
    }

    /// Its place in the kernel's precedence: of several answers the kernel takes the smallest, read as signed.
    pub const fn precedence(self) -> i32 {
        self.action().0.cast_signed()
    }
}

impl From<Action> for Verdict {
    fn from(action: Action) -> Self {
        match action {
            Action::Allow => Self::ALLOW,
            Action::Errno(errno) => Self::errno(errno),
            Action::KillProcess => Self::KILL_PROCESS,
            Action::KillThread => Self::KILL_THREAD,
            Action::Trap => Self::TRAP,
            Action::Log => Self::LOG,
            Action::Trace(message) => Self(Self::TRACE.0 | u32::from(message)),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.action() {
            Self::KILL_PROCESS => "kill_process",
            Self::KILL_THREAD => "kill_thread",
            Self::TRAP => "trap",
            Self::ERRNO => return write!(formatter, "errno {}", self.data()),
            Self::USER_NOTIF => "user_notif",
            Self::TRACE => return write!(formatter, "trace {}", self.data()),
            Self::LOG => "log",
            Self::ALLOW => "allow",
            _ => return write!(formatter, "{:#010x}", self.0),
        };
        formatter.write_str(name)
    }
}
