//! System call names and numbers, one generated table per architecture.

mod aarch64;
mod i386;
mod riscv64;
mod x86_64;

/// The kernel whose system calls the tables hold: what is newer is unknown to every filter.
pub const VERSION: &str = "Linux 7.2-rc1";

/// A machine whose system calls a filter can speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// 64-bit x86, without its x32 numbers.
    X86_64,
    /// 64-bit Arm.
    Aarch64,
    /// 64-bit RISC-V.
    Riscv64,
    /// 32-bit x86, also as 64-bit kernels run it.
    I386,
}

impl Architecture {
    /// Every architecture that has a table.
    pub const ALL: [Self; 4] = [Self::X86_64, Self::Aarch64, Self::Riscv64, Self::I386];

    /// Its name, as specs and tables spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Riscv64 => "riscv64",
            Self::I386 => "i386",
        }
    }

    /// The architecture of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| architecture.name() == name)
    }

    /// What `seccomp_data.arch` holds: AUDIT_ARCH_* of linux/audit.h.
    pub fn audit(self) -> u32 {
        match self {
            Self::X86_64 => 0xC000_003E,
            Self::Aarch64 => 0xC000_00B7,
            Self::Riscv64 => 0xC000_00F3,
            Self::I386 => 0x4000_0003,
        }
    }

    /// Its system calls and their numbers, by name.
    pub fn syscalls(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::X86_64 => x86_64::SYSCALLS,
            Self::Aarch64 => aarch64::SYSCALLS,
            Self::Riscv64 => riscv64::SYSCALLS,
            Self::I386 => i386::SYSCALLS,
        }
    }

    /// The number of a system call; `None` when the architecture does not have it.
    pub fn syscall_number(self, name: &str) -> Option<u32> {
        let table = self.syscalls();
        table.binary_search_by_key(&name, |&(name, _)| name).ok().map(|index| table[index].1)
    }

    /// The system call of a number.
    pub fn syscall_name(self, number: u32) -> Option<&'static str> {
        self.syscalls().iter().find(|&&(_, known)| known == number).map(|&(name, _)| name)
    }
}
