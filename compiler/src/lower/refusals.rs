//! What to say when the kernel, or something in front of it, refuses a whole feature: who refuses, and the remedy.

/// A user namespace cannot be made: EPERM.
pub const USER_NAMESPACE_REFUSED: &str = "user namespaces are refused here, by a container's seccomp filter (run \
    with one that allows clone3 and unshare: docker --security-opt seccomp=...), by kernel.unprivileged_userns_clone = 0, or \
    because the launcher runs in a chroot; a spec without new namespaces needs none";
/// A user namespace cannot be made: ENOSPC.
pub const USER_NAMESPACES_USED_UP: &str = "the limit of a kind of namespace is reached: see the files in \
    /proc/sys/user, max_user_namespaces above all, where 0 switches them off";
/// No process can be made: EAGAIN.
pub const PROCESSES_USED_UP: &str = "the caller's limit of processes is reached: RLIMIT_NPROC (ulimit -u)";
/// clone3 is answered with ENOSYS.
pub const CLONE3_MISSING: &str = "the kernel is older than 5.3, or a container's seccomp filter hides clone3, as \
    Docker's does; run with one that allows it (docker --security-opt seccomp=...), or use a spec without new namespaces";
/// Without privilege and without a user namespace.
pub const NEEDS_PRIVILEGE: &str = "new namespaces without a new user namespace need CAP_SYS_ADMIN: launch as root, or \
    let namespaces.user be \"new\"";
/// A mount operation is refused inside a user namespace.
pub const MOUNT_REFUSED: &str = "mounting is refused inside the user namespace: Ubuntu 24.04's AppArmor does it to \
    programs without a profile (install templates/apparmor.profile, or set kernel.apparmor_restrict_unprivileged_userns = 0), \
    and so do containers' filters (docker --security-opt seccomp=... --security-opt apparmor=...)";
/// The mount API is not there.
pub const MOUNT_API_MISSING: &str =
    "the kernel is older than 5.12, or a container's seccomp filter hides the mount calls";
/// proc cannot be mounted.
pub const PROC_REFUSED: &str = "a new proc needs a fully visible one: the container masks parts of /proc (docker \
    --security-opt systempaths=unconfined, podman --security-opt unmask=ALL), or use filesystem.proc = \"none\"";
/// A FIFO that nobody reads, or a socket.
pub const STREAM_NOT_READ: &str = "a socket cannot be opened, and a FIFO only when somebody reads it";
/// An overlay cannot be made.
pub const OVERLAY_REFUSED: &str = "a directory of the overlay has other mounts beneath it, or its file system cannot be \
    a layer";
/// No overlay at all.
pub const OVERLAY_MISSING: &str = "the kernel has no overlay file system, or its module is not loaded";
/// The working directory has no path: ENOENT.
pub const CWD_REMOVED: &str = "the working directory was removed: start the launcher in another";
/// What a variable of the environment names is not there.
pub const DIRECTORY_NOT_THERE: &str = "it must be a directory that is there when the launcher starts";
/// What process.keep_fds keeps is a directory.
pub const DIRECTORY_KEPT: &str = "is a directory, from which the whole host could be reached";
/// A service manager says something else than how many sockets there are.
pub const LISTEN_FDS_MALFORMED: &str = "LISTEN_FDS is not a number of descriptors from 1 to 1024";
/// What process.keep_fds names is not open.
pub const DESCRIPTOR_NOT_OPEN: &str = "whoever starts the launcher must leave it open there";
/// sysfs cannot be mounted.
pub const SYSFS_REFUSED: &str = "a new sysfs needs a fully visible one: something is mounted over a part of /sys, as \
    container runtimes do, or use filesystem.sys = \"none\"";
/// pivot_root fails.
pub const PIVOT_REFUSED: &str = "the launcher runs in a chroot or on an initramfs, whose root cannot be left";
/// Another root stands where `..` of the new one leads: EXDEV.
pub const ROOT_COVERED: &str =
    "a mount stands over the launcher's own root, so that root cannot be left behind";
/// The session keyring cannot be made: EPERM.
pub const KEYRING_REFUSED: &str =
    "a container's seccomp filter refuses keyctl: set process.keyring = \"inherit\"";
/// The session keyring cannot be made: ENOSYS.
pub const KEYRING_MISSING: &str = "the kernel has no keyrings: set process.keyring = \"inherit\"";
/// Ids cannot be mapped.
pub const MAPPING_REFUSED: &str = "an id outside is not mapped where the launcher runs, or not the caller's own: an \
    ordinary user maps only that one, root maps any that is there";
/// newuidmap(1) cannot be executed.
pub const MAPPING_PROGRAM_MISSING: &str = "an ordinary user's maps are written by it: install the package uidmap (Debian, \
    Ubuntu) or shadow-utils, or map only the caller's own ids, or launch as root";
/// It refused.
pub const MAPPING_PROGRAM_REFUSED: &str = "it maps what /etc/subuid and /etc/subgid give the caller: add a range for the \
    user there, and no no_new_privs may be in force where the launcher starts; or launch as root";
/// Owners cannot be mapped.
pub const IDMAP_REFUSED: &str = "an idmap needs root where the file system was mounted, for the host's that is the host's \
    root: launch as root, or take filesystem's idmap out";
/// A file system without idmaps.
pub const IDMAP_UNKNOWN: &str = "the file system, or one that is mounted beneath, cannot be idmapped by this kernel: ext4 \
    and xfs can since 5.12, btrfs since 5.15, overlay since 5.19, tmpfs since 6.3, proc and sysfs never";
/// A hard limit cannot be raised.
pub const LIMIT_REFUSED: &str =
    "raising a hard limit needs CAP_SYS_RESOURCE outside: launch as root, or ask for less";
/// Capabilities cannot be had.
pub const CAPABILITIES_REFUSED: &str =
    "the launcher does not have them: launch as root, or let namespaces.user be \"new\"";
/// Ids cannot be changed.
pub const IDENTITY_REFUSED: &str =
    "the ids are not mapped in the user namespace, or the launcher may not change to them";
/// The session's leader cannot leave its terminal.
pub const SESSION_REFUSED: &str =
    "the launcher could not leave its session's terminal; start it through setsid(1)";
/// No seccomp.
pub const SECCOMP_REFUSED: &str = "the kernel has no seccomp filters, or refuses this one";
/// A mount point is missing in a tree that is not ours.
pub const NO_MOUNT_POINT: &str = "nothing is created in a tree that is not the sandbox's own: make the mount point there, \
    or use root = \"empty\"";
/// A symlink on the way to a mount point.
pub const SYMLINK_ON_THE_WAY: &str =
    "no symlink is followed to a mount point: name the path that it leads to";
/// The program cannot be found.
pub const PROGRAM_MISSING: &str = "the program, or the interpreter that it names, is not in the sandbox";
