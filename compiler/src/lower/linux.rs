//! Kernel constants that calls are made with, and the structs that they take, each with its header.

/// `linux/fcntl.h`: paths are relative to the working directory.
pub const AT_FDCWD: u32 = (-100_i32).cast_unsigned();
/// `linux/fcntl.h`: the call is about the descriptor itself.
pub const AT_EMPTY_PATH: u32 = 0x1000;
/// `linux/fcntl.h`: the whole mount tree.
pub const AT_RECURSIVE: u32 = 0x8000;

/// `linux/fcntl.h`: not through a symbolic link at the end.
pub const AT_SYMLINK_NOFOLLOW: u32 = 0x100;

/// `asm-generic/fcntl.h`.
pub const O_WRONLY: u32 = 1;
/// Reading and writing.
pub const O_RDWR: u32 = 2;
/// Make the file.
pub const O_CREAT: u32 = 0o100;
/// It becomes nobody's controlling terminal.
pub const O_NOCTTY: u32 = 0o400;
/// Every write goes to the end.
pub const O_APPEND: u32 = 0o2000;
/// SIGIO comes when it can be read.
pub const O_ASYNC: u32 = 0o20_000;
/// Neither opening nor reading waits.
pub const O_NONBLOCK: u32 = 0o4000;
/// It must be new.
pub const O_EXCL: u32 = 0o200;
/// It must be a directory.
pub const O_DIRECTORY: u32 = 0o200_000;
/// Close it at exec.
pub const O_CLOEXEC: u32 = 0o2_000_000;
/// Only a place in the tree, not the file's content.
pub const O_PATH: u32 = 0o10_000_000;
/// Duplicate to the lowest free descriptor, close at exec.
pub const F_DUPFD_CLOEXEC: u32 = 1030;
/// Set the status flags.
pub const F_SETFL: u32 = 4;
/// Who gets SIGIO.
pub const F_SETOWN: u32 = 8;
/// Descriptor flags: fails when the descriptor is not open.
pub const F_GETFD: u32 = 1;

/// `linux/limits.h`: the longest path, with its NUL.
pub const PATH_MAX: u32 = 4096;

/// `linux/openat2.h`.
pub const RESOLVE_NO_XDEV: u64 = 1;
/// Not through /proc/PID/fd and the like.
pub const RESOLVE_NO_MAGICLINKS: u64 = 2;
/// Nowhere but beneath the directory.
pub const RESOLVE_BENEATH: u64 = 8;
/// Never through a symbolic link, nor /proc/PID/fd and the like.
pub const RESOLVE_NO_SYMLINKS: u64 = 4;

/// `linux/mount.h`.
pub const OPEN_TREE_CLONE: u32 = 1;
/// Close it at exec.
pub const OPEN_TREE_CLOEXEC: u32 = O_CLOEXEC;
/// The source is the descriptor itself.
pub const MOVE_MOUNT_F_EMPTY_PATH: u32 = 4;
/// The destination is the descriptor itself.
pub const MOVE_MOUNT_T_EMPTY_PATH: u32 = 0x40;
/// Close it at exec.
pub const FSOPEN_CLOEXEC: u32 = 1;
/// Close it at exec.
pub const FSMOUNT_CLOEXEC: u32 = 1;
/// Set a parameter that has no value.
pub const FSCONFIG_SET_FLAG: u32 = 0;
/// Set a parameter to a string.
pub const FSCONFIG_SET_STRING: u32 = 1;
/// Make the file system.
pub const FSCONFIG_CMD_CREATE: u32 = 6;
/// Read-only.
pub const MOUNT_ATTR_RDONLY: u32 = 1;
/// Set-user-ID bits and file capabilities have no effect.
pub const MOUNT_ATTR_NOSUID: u32 = 2;
/// Device nodes cannot be opened.
pub const MOUNT_ATTR_NODEV: u32 = 4;
/// Nothing can be executed.
pub const MOUNT_ATTR_NOEXEC: u32 = 8;
/// The owners of its files are others than on the disk.
pub const MOUNT_ATTR_IDMAP: u32 = 0x10_0000;
/// `linux/mount.h`: no propagation in or out.
pub const MS_PRIVATE: u64 = 1 << 18;
/// Propagation in, not out.
pub const MS_SLAVE: u64 = 1 << 19;
/// `linux/fs.h`: detach a mount now, drop it when it is not used any more.
pub const MNT_DETACH: u32 = 2;

/// `linux/stat.h`: the type bits of a mode.
pub const S_IFMT: u32 = 0o170_000;
/// A directory.
pub const S_IFDIR: u32 = 0o040_000;
/// A regular file.
pub const S_IFREG: u32 = 0o100_000;
/// A character device.
pub const S_IFCHR: u32 = 0o020_000;
/// A socket.
pub const S_IFSOCK: u32 = 0o140_000;
/// The type bits that a character device shares with a block device, and with nothing else.
pub const DEVICE_TYPES: u32 = S_IFMT & !S_IFDIR;
/// `unistd.h`: may it be read, may it be written; `linux/fcntl.h`: for the ids that the kernel goes by.
pub const R_OK: u32 = 4;
/// See above.
pub const W_OK: u32 = 2;
/// See above.
pub const AT_EACCESS: u32 = 0x200;
/// `asm-generic/fcntl.h`: what a descriptor is open for.
pub const F_GETFL: u32 = 3;
/// `linux/stat.h`: ask statx(2) for the number of names; where it is.
pub const STATX_WANT_NLINK: u32 = 4;
/// See above.
pub const STATX_NLINK: u32 = 16;
/// `linux/stat.h`: ask statx(2) for the type.
pub const STATX_TYPE: u32 = 1;
/// Ask for the owner.
pub const STATX_WANT_UID: u32 = 8;
/// Ask for the group.
pub const STATX_WANT_GID: u32 = 0x10;
/// Where the owner is.
pub const STATX_UID: u32 = 20;
/// `linux/stat.h`: the size of `struct statx`.
pub const STATX_BYTES: u32 = 256;
/// Where the group is.
pub const STATX_GID: u32 = 24;
/// Where its mode is.
pub const STATX_MODE: u32 = 28;
/// Where its device number is: major, then minor.
pub const STATX_RDEV: u32 = 128;
/// `linux/magic.h`: the `f_type` of /proc.
pub const PROC_SUPER_MAGIC: u64 = 0x9fa0;
/// The `f_type` of files that stand for namespaces.
pub const NSFS_MAGIC: u64 = 0x6e73_6673;

/// `linux/prctl.h`.
pub const PR_SET_PDEATHSIG: u32 = 1;
/// Whether others of the same user may trace the process.
pub const PR_SET_DUMPABLE: u32 = 4;
/// Remove a capability from the bounding set.
pub const PR_CAPBSET_DROP: u32 = 24;
/// Whether a capability is in the bounding set.
pub const PR_CAPBSET_READ: u32 = 23;
/// Set the securebits.
pub const PR_SET_SECUREBITS: u32 = 28;
/// No exec gains privileges any more.
pub const PR_SET_NO_NEW_PRIVS: u32 = 38;
/// Ambient capabilities.
pub const PR_CAP_AMBIENT: u32 = 47;
/// Add one.
pub const PR_CAP_AMBIENT_RAISE: u32 = 2;
/// How much later than asked a sleep may end, in nanoseconds.
pub const PR_SET_TIMERSLACK: u32 = 29;
/// No transparent huge pages.
pub const PR_SET_THP_DISABLE: u32 = 41;
/// Who may run on the same processor core.
pub const PR_SCHED_CORE: u32 = 62;
/// Only who has the same cookie, which is new.
pub const PR_SCHED_CORE_CREATE: u32 = 1;
/// The whole process.
pub const PR_SCHED_CORE_SCOPE_THREAD_GROUP: u32 = 1;
/// Rights of memory that cannot be gained, since Linux 6.3.
pub const PR_SET_MDWE: u32 = 65;
/// What is not executable never becomes it, and nothing is mapped both writable and executable.
pub const PR_MDWE_REFUSE_EXEC_GAIN: u32 = 1;
/// `linux/securebits.h`: changing ids drops no capabilities.
pub const SECBIT_NO_SETUID_FIXUP: u32 = 1 << 2;
/// uid 0 gets nothing at exec, the changes of the other bits are locked, and no ambient capability can be added:
/// NOROOT, its lock, the locks of NO_SETUID_FIXUP and KEEP_CAPS, NO_CAP_AMBIENT_RAISE and its lock.
pub const SECUREBITS: u32 = 1 | 1 << 1 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7;
/// `linux/capability.h`: change securebits and the bounding set.
pub const CAP_SETPCAP: u32 = 8;

/// `linux/sched.h`: the default policy.
pub const SCHED_OTHER: u32 = 0;
/// Real-time until it blocks.
pub const SCHED_FIFO: u32 = 1;
/// Real-time in turns.
pub const SCHED_RR: u32 = 2;
/// Work that nobody waits for.
pub const SCHED_BATCH: u32 = 3;
/// What nobody else wants.
pub const SCHED_IDLE: u32 = 5;
/// Time in every period.
pub const SCHED_DEADLINE: u32 = 6;
/// Children lose real-time and a negative nice value: a flag of sched_setscheduler(2)'s policy.
pub const SCHED_RESET_ON_FORK: u32 = 0x4000_0000;
/// The same as a flag of sched_setattr(2).
pub const SCHED_FLAG_RESET_ON_FORK: u64 = 1;
/// Room for a set of processors: 2048 of them, the largest that the language names.
pub const AFFINITY_BYTES: u32 = 256;
/// `linux/resource.h`: one process.
pub const PRIO_PROCESS: u32 = 0;
/// `linux/ioprio.h`: one process.
pub const IOPRIO_WHO_PROCESS: u32 = 1;
/// `linux/personality.h`: uname(2) names a 32-bit machine.
pub const PER_LINUX32: u32 = 8;
/// `linux/wait.h`: the process with this pid.
pub const P_PID: u32 = 1;
/// Wait until it has ended.
pub const WEXITED: u32 = 4;

/// `linux/keyctl.h`.
pub const KEYCTL_JOIN_SESSION_KEYRING: u32 = 1;
/// `asm-generic/signal.h`: replace the signal mask.
pub const SIG_SETMASK: u32 = 2;
/// `linux/socket.h`.
pub const AF_UNIX: u32 = 1;
/// IPv4: any socket will do to talk to the interface.
pub const AF_INET: u32 = 2;
/// The kernel itself.
pub const AF_NETLINK: u32 = 16;
/// Datagrams.
pub const SOCK_DGRAM: u32 = 2;
/// Whole messages as they are.
pub const SOCK_RAW: u32 = 3;
/// Whole messages in order.
pub const SOCK_SEQPACKET: u32 = 5;
/// `linux/netlink.h`: addresses, interfaces and routes.
pub const NETLINK_ROUTE: u32 = 0;
/// Close it at exec.
pub const SOCK_CLOEXEC: u32 = O_CLOEXEC;
/// Do not wait.
pub const MSG_DONTWAIT: u32 = 0x40;
/// `linux/sockios.h`: set an interface's flags.
pub const SIOCSIFFLAGS: u32 = 0x8914;

/// `linux/landlock.h`: ask for the ABI.
pub const LANDLOCK_CREATE_RULESET_VERSION: u32 = 1;

/// `asm-generic/errno-base.h`.
pub const EPERM: u8 = 1;
/// Not there.
pub const ENOENT: u8 = 2;
/// No such device or address.
pub const ENXIO: u8 = 6;
/// No directory.
pub const ENOTDIR: u8 = 20;
/// Too many, or too long.
pub const E2BIG: u8 = 7;
/// Not a program.
pub const ENOEXEC: u8 = 8;
/// Not open.
pub const EBADF: u8 = 9;
/// Nothing now.
pub const EAGAIN: u8 = 11;
/// Not permitted by mode or policy.
pub const EACCES: u8 = 13;
/// In use.
pub const EBUSY: u8 = 16;
/// There already.
pub const EEXIST: u8 = 17;
/// Another file system or mount.
pub const EXDEV: u8 = 18;
/// No such file system.
pub const ENODEV: u8 = 19;
/// Not a valid argument.
pub const EINVAL: u8 = 22;
/// No descriptor is left.
pub const EMFILE: u8 = 24;
/// No room.
pub const ENOSPC: u8 = 28;
/// Read-only.
pub const EROFS: u8 = 30;
/// Nobody reads the pipe.
pub const EPIPE: u8 = 32;
/// Not in this kernel, or refused as if it were not.
pub const ENOSYS: u8 = 38;

/// A symbolic link where none may be.
pub const ELOOP: u8 = 40;

/// The time is up.
pub const ETIME: u8 = 62;
/// Not in this kernel, or not for this.
pub const EOPNOTSUPP: u8 = 95;

/// `linux/mount.h`: `struct mount_attr`.
pub fn mount_attributes(set: u32, propagation: u64) -> Vec<u8> {
    words(&[set.into(), 0, propagation, 0])
}

/// `linux/openat2.h`: `struct open_how`.
pub fn open_how(flags: u32, resolve: u64) -> Vec<u8> {
    words(&[flags.into(), 0, resolve])
}

/// `linux/capability.h`: `struct __user_cap_data_struct[2]` with the same set thrice, or another inheritable one.
pub fn capability_data(effective: u64, inheritable: u64) -> Vec<u8> {
    capability_words([effective, effective, inheritable])
}

/// The same with the effective, the permitted and the inheritable set.
pub fn capability_words(halves: [u64; 3]) -> Vec<u8> {
    let low = halves.map(|set| (set & 0xffff_ffff) as u32);
    let high = halves.map(|set| (set >> 32) as u32);
    low.iter().chain(&high).flat_map(|word| word.to_le_bytes()).collect()
}

/// `linux/capability.h`: `struct __user_cap_header_struct` for this process.
pub fn capability_header() -> Vec<u8> {
    [boxwright_launcher::abi::CAPABILITY_VERSION_3, 0].iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// `linux/sched/types.h`: `struct sched_param`.
pub fn parameter(priority: u32) -> Vec<u8> {
    priority.to_le_bytes().to_vec()
}

/// `linux/sched/types.h`: `struct sched_attr` of its first version, for a deadline; three lengths in nanoseconds.
pub fn deadline_attributes(flags: u64, lengths: [u64; 3]) -> Vec<u8> {
    const BYTES: u32 = 48;
    let policy = [BYTES, SCHED_DEADLINE].iter().flat_map(|word| word.to_le_bytes());
    // Nice value and priority belong to other policies.
    policy.chain(words(&[flags, 0])).chain(words(&lengths)).collect()
}

/// `linux/if.h`: `struct ifreq` for `lo` with `IFF_UP`.
pub fn loopback_up() -> Vec<u8> {
    let mut request = vec![0; 40];
    request[..2].copy_from_slice(b"lo");
    request[16] = 1;
    request
}

/// 64-bit words as the kernel reads them.
pub fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::libc;

    #[test]
    fn numbers_are_the_system_headers() {
        let pairs: &[(u64, u64)] = &[
            (AT_FDCWD.into(), libc::AT_FDCWD.cast_unsigned().into()),
            (AT_EMPTY_PATH.into(), libc::AT_EMPTY_PATH as u64),
            (AT_RECURSIVE.into(), libc::AT_RECURSIVE as u64),
            (AT_SYMLINK_NOFOLLOW.into(), libc::AT_SYMLINK_NOFOLLOW as u64),
            (O_CREAT.into(), libc::O_CREAT as u64),
            (O_EXCL.into(), libc::O_EXCL as u64),
            (O_DIRECTORY.into(), libc::O_DIRECTORY as u64),
            (O_CLOEXEC.into(), libc::O_CLOEXEC as u64),
            (O_NOCTTY.into(), libc::O_NOCTTY as u64),
            (O_APPEND.into(), libc::O_APPEND as u64),
            (O_NONBLOCK.into(), libc::O_NONBLOCK as u64),
            (F_SETFL.into(), libc::F_SETFL as u64),
            (O_PATH.into(), libc::O_PATH as u64),
            (F_DUPFD_CLOEXEC.into(), libc::F_DUPFD_CLOEXEC as u64),
            (RESOLVE_NO_XDEV, libc::RESOLVE_NO_XDEV),
            (RESOLVE_BENEATH, libc::RESOLVE_BENEATH),
            (RESOLVE_NO_SYMLINKS, libc::RESOLVE_NO_SYMLINKS),
            (MS_PRIVATE, libc::MS_PRIVATE),
            (MS_SLAVE, libc::MS_SLAVE),
            (MNT_DETACH.into(), libc::MNT_DETACH as u64),
            (S_IFMT.into(), libc::S_IFMT.into()),
            (S_IFSOCK.into(), libc::S_IFSOCK.into()),
            ((S_IFCHR & DEVICE_TYPES).into(), (libc::S_IFBLK & DEVICE_TYPES).into()),
            (STATX_MODE.into(), std::mem::offset_of!(libc::statx, stx_mode) as u64),
            (R_OK.into(), libc::R_OK as u64),
            (W_OK.into(), libc::W_OK as u64),
            (AT_EACCESS.into(), libc::AT_EACCESS as u64),
            (F_GETFL.into(), libc::F_GETFL as u64),
            (STATX_WANT_NLINK.into(), libc::STATX_NLINK.into()),
            (STATX_NLINK.into(), std::mem::offset_of!(libc::statx, stx_nlink) as u64),
            (STATX_WANT_UID.into(), libc::STATX_UID.into()),
            (STATX_WANT_GID.into(), libc::STATX_GID.into()),
            (STATX_BYTES.into(), size_of::<libc::statx>() as u64),
            (STATX_UID.into(), std::mem::offset_of!(libc::statx, stx_uid) as u64),
            (STATX_GID.into(), std::mem::offset_of!(libc::statx, stx_gid) as u64),
            (STATX_RDEV.into(), std::mem::offset_of!(libc::statx, stx_rdev_major) as u64),
            (PROC_SUPER_MAGIC, libc::PROC_SUPER_MAGIC as u64),
            (NSFS_MAGIC, libc::NSFS_MAGIC as u64),
            (PR_SET_PDEATHSIG.into(), libc::PR_SET_PDEATHSIG as u64),
            (PR_SET_DUMPABLE.into(), libc::PR_SET_DUMPABLE as u64),
            (PR_CAPBSET_DROP.into(), libc::PR_CAPBSET_DROP as u64),
            (PR_CAPBSET_READ.into(), libc::PR_CAPBSET_READ as u64),
            (PR_SET_SECUREBITS.into(), libc::PR_SET_SECUREBITS as u64),
            (PR_SET_NO_NEW_PRIVS.into(), libc::PR_SET_NO_NEW_PRIVS as u64),
            (PR_CAP_AMBIENT.into(), libc::PR_CAP_AMBIENT as u64),
            (PR_CAP_AMBIENT_RAISE.into(), libc::PR_CAP_AMBIENT_RAISE as u64),
            (PR_SET_TIMERSLACK.into(), libc::PR_SET_TIMERSLACK as u64),
            (PR_SET_THP_DISABLE.into(), libc::PR_SET_THP_DISABLE as u64),
            (PR_SCHED_CORE.into(), libc::PR_SCHED_CORE as u64),
            (PR_SCHED_CORE_CREATE.into(), libc::PR_SCHED_CORE_CREATE as u64),
            (PR_SCHED_CORE_SCOPE_THREAD_GROUP.into(), libc::PR_SCHED_CORE_SCOPE_THREAD_GROUP as u64),
            (PR_SET_MDWE.into(), libc::PR_SET_MDWE as u64),
            (PR_MDWE_REFUSE_EXEC_GAIN.into(), libc::PR_MDWE_REFUSE_EXEC_GAIN.into()),
            (SCHED_OTHER.into(), libc::SCHED_OTHER as u64),
            (SCHED_FIFO.into(), libc::SCHED_FIFO as u64),
            (SCHED_RR.into(), libc::SCHED_RR as u64),
            (SCHED_BATCH.into(), libc::SCHED_BATCH as u64),
            (SCHED_IDLE.into(), libc::SCHED_IDLE as u64),
            (SCHED_DEADLINE.into(), libc::SCHED_DEADLINE as u64),
            (SCHED_RESET_ON_FORK.into(), libc::SCHED_RESET_ON_FORK as u64),
            (SCHED_FLAG_RESET_ON_FORK, libc::SCHED_FLAG_RESET_ON_FORK as u64),
            (PRIO_PROCESS.into(), libc::PRIO_PROCESS.into()),
            (deadline_attributes(0, [0; 3]).len() as u64, size_of::<libc::sched_attr>() as u64),
            (KEYCTL_JOIN_SESSION_KEYRING.into(), libc::KEYCTL_JOIN_SESSION_KEYRING.into()),
            (SIOCSIFFLAGS.into(), libc::SIOCSIFFLAGS),
            (P_PID.into(), libc::P_PID.into()),
            (WEXITED.into(), libc::WEXITED as u64),
            (MSG_DONTWAIT.into(), libc::MSG_DONTWAIT as u64),
        ];
        for (index, (ours, theirs)) in pairs.iter().enumerate() {
            assert_eq!(ours, theirs, "pair {index}");
        }
    }
}
