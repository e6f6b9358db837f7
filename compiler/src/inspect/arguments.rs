//! Arguments of system calls in the kernel's words, for the calls that plans make.

use boxwright_launcher::arch::number;
use boxwright_launcher::plan::{Plan, Section};

/// Names of flags, by value.
type Flags = &'static [(u32, &'static str)];

const OPEN: Flags = &[
    (1, "O_WRONLY"),
    (2, "O_RDWR"),
    (0o100, "O_CREAT"),
    (0o200, "O_EXCL"),
    (0o400, "O_NOCTTY"),
    (0o2000, "O_APPEND"),
    (0o4000, "O_NONBLOCK"),
    (0o200_000, "O_DIRECTORY"),
    (0o2_000_000, "O_CLOEXEC"),
    (0o10_000_000, "O_PATH"),
];
const OPEN_TREE: Flags = &[
    (1, "OPEN_TREE_CLONE"),
    (0o2_000_000, "OPEN_TREE_CLOEXEC"),
    (0x1000, "AT_EMPTY_PATH"),
    (0x8000, "AT_RECURSIVE"),
];
const MOVE_MOUNT: Flags = &[(4, "MOVE_MOUNT_F_EMPTY_PATH"), (0x40, "MOVE_MOUNT_T_EMPTY_PATH")];
const MOUNT_ATTRIBUTES: Flags =
    &[(1, "MOUNT_ATTR_RDONLY"), (2, "MOUNT_ATTR_NOSUID"), (4, "MOUNT_ATTR_NODEV"), (8, "MOUNT_ATTR_NOEXEC")];
const PROPAGATION: Flags = &[(1 << 18, "MS_PRIVATE"), (1 << 19, "MS_SLAVE")];
const NAMESPACES: Flags = &[
    (0x80, "CLONE_NEWTIME"),
    (0x2_0000, "CLONE_NEWNS"),
    (0x200_0000, "CLONE_NEWCGROUP"),
    (0x400_0000, "CLONE_NEWUTS"),
    (0x800_0000, "CLONE_NEWIPC"),
    (0x1000_0000, "CLONE_NEWUSER"),
    (0x2000_0000, "CLONE_NEWPID"),
    (0x4000_0000, "CLONE_NEWNET"),
];
const PRCTL: Flags = &[
    (1, "PR_SET_PDEATHSIG"),
    (4, "PR_SET_DUMPABLE"),
    (24, "PR_CAPBSET_DROP"),
    (28, "PR_SET_SECUREBITS"),
    (29, "PR_SET_TIMERSLACK"),
    (38, "PR_SET_NO_NEW_PRIVS"),
    (41, "PR_SET_THP_DISABLE"),
    (47, "PR_CAP_AMBIENT"),
    (62, "PR_SCHED_CORE"),
    (65, "PR_SET_MDWE"),
];
const POLICIES: Flags =
    &[(0, "SCHED_OTHER"), (1, "SCHED_FIFO"), (2, "SCHED_RR"), (3, "SCHED_BATCH"), (5, "SCHED_IDLE")];
/// A flag of what sched_setscheduler(2) takes as the policy.
const RESET_ON_FORK: u32 = 0x4000_0000;
const IO_CLASSES: Flags = &[(1, "IOPRIO_CLASS_RT"), (2, "IOPRIO_CLASS_BE"), (3, "IOPRIO_CLASS_IDLE")];
const FSCONFIG: Flags = &[(0, "FSCONFIG_SET_FLAG"), (1, "FSCONFIG_SET_STRING"), (6, "FSCONFIG_CMD_CREATE")];

/// A system call's name.
pub fn call_name(number: u16) -> String {
    let known = number::NAMES.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("syscall_{number}"), |(_, name)| (*name).to_owned())
}

/// The flags of clone3(2).
pub fn clone_flags(flags: u64) -> String {
    combine(NAMESPACES, (flags & 0xffff_ffff) as u32)
}

/// A number that stands at a place of a call.
pub fn number(call: u16, index: usize, value: u32) -> String {
    let at_fdcwd = value == 0xffff_ff9c;
    match (call, index) {
        (_, 0 | 2) if at_fdcwd => "AT_FDCWD".into(),
        (number::openat, 2) => combine(OPEN, value),
        (number::openat, 3) | (number::mkdirat | number::mknodat, 2) | (number::umask, 0) => {
            format!("{value:#o}")
        }
        (number::open_tree, 2) | (number::mount_setattr, 2) => combine(OPEN_TREE, value),
        (number::move_mount, 4) => combine(MOVE_MOUNT, value),
        (number::fsmount, 2) => combine(MOUNT_ATTRIBUTES, value),
        (number::fsconfig, 1) => exact(FSCONFIG, value),
        (number::unshare, 0) | (number::setns, 1) => combine(NAMESPACES, value),
        (number::sched_setscheduler, 1) => {
            let flag = if value & RESET_ON_FORK == 0 { "" } else { "|SCHED_RESET_ON_FORK" };
            exact(POLICIES, value & !RESET_ON_FORK) + flag
        }
        (number::ioprio_set | number::ioprio_get, 2) => {
            format!("IOPRIO_PRIO_VALUE({}, {})", exact(IO_CLASSES, value >> 13), value & 0x1fff)
        }
        (number::setpriority, 2) => value.cast_signed().to_string(),
        (number::prctl, 0) => exact(PRCTL, value),
        (number::prctl, _) | (number::ioctl, 1) => format!("{value:#x}"),
        _ => value.to_string(),
    }
}

/// The struct that a blob is for a call.
pub fn blob(plan: &Plan, call: u16, index: usize, offset: u32) -> String {
    let blobs = plan.section(Section::Blobs);
    let word = |index: usize| -> u64 {
        let bytes = blobs.get(offset as usize + index * 8..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let low = |index| (word(index) & 0xffff_ffff) as u32;
    let limit = |value| if value == u64::MAX { "RLIM64_INFINITY".into() } else { format!("{value}") };
    match call {
        number::mount_setattr => {
            let propagation = match low(2) {
                0 => String::new(),
                kind => format!(", propagation={}", exact(PROPAGATION, kind)),
            };
            format!("{{attr_set={}{propagation}}}", combine(MOUNT_ATTRIBUTES, low(0)))
        }
        number::openat2 => format!("{{flags={}, resolve={:#x}}}", combine(OPEN, low(0)), word(2)),
        number::prlimit64 => format!("{{rlim_cur={}, rlim_max={}}}", limit(word(0)), limit(word(1))),
        number::rt_sigtimedwait if index == 2 => format!("{{{} s, {} ns}}", word(0), word(1)),
        number::rt_sigprocmask | number::rt_sigtimedwait => format!("[{:#x}]", word(0)),
        number::sched_setaffinity => format!("[{:#x}, ...]", word(0)),
        number::sched_setscheduler => format!("{{sched_priority={}}}", low(0)),
        number::sched_setattr => format!(
            "{{sched_policy={}, sched_flags={:#x}, sched_runtime={}, sched_deadline={}, sched_period={}}}",
            word(0) >> 32,
            word(1),
            word(3),
            word(4),
            word(5)
        ),
        number::setitimer => format!("{{it_value={} s {} us, it_interval={} s}}", word(2), word(3), word(0)),
        number::capset => format!("{{{:#x}, ...}}", low(0)),
        _ => format!("blob {offset}"),
    }
}

fn exact(names: Flags, value: u32) -> String {
    let name = names.iter().find(|(known, _)| *known == value);
    name.map_or_else(|| format!("{value:#x}"), |(_, name)| (*name).to_owned())
}

/// Flags joined as strace does it; what has no name stays a number.
fn combine(names: Flags, value: u32) -> String {
    let mut shown: Vec<String> =
        names.iter().filter(|(flag, _)| value & flag == *flag).map(|(_, name)| (*name).to_owned()).collect();
    let rest = names.iter().fold(value, |rest, (flag, _)| rest & !flag);
    if rest != 0 || shown.is_empty() {
        shown.push(if rest == 0 { "0".into() } else { format!("{rest:#x}") });
    }
    shown.join("|")
}
