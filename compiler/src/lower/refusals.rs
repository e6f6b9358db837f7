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
/// The guard cannot enter the child's pid namespace.
pub const GUARD_REFUSED: &str = "setns is refused here, by a container's seccomp filter (run with one that allows it: \
    docker --security-opt seccomp=...); without lifecycle.timeout, lifecycle.kill_timeout and [cgroup] there is no guard";
/// clone3 is answered with ENOSYS.
pub const CLONE3_MISSING: &str = "the kernel is older than 5.3, or a container's seccomp filter hides clone3, as \
    Docker's does; run with one that allows it (docker --security-opt seccomp=...), or use a spec without new namespaces";
/// Without privilege and without a user namespace.
pub const NEEDS_PRIVILEGE: &str = "new namespaces without a new user namespace need CAP_SYS_ADMIN: launch as root, or \
    let namespaces.user be \"new\"";
/// A mount operation is refused inside a user namespace.
pub const MOUNT_REFUSED: &str = "mounting is refused inside the user namespace: Ubuntu 24.04's AppArmor does it to \
    programs without a profile (install templates/apparmor.profile, or set kernel.apparmor_restrict_unprivileged_userns = 0), \
    and so do containers' filters (docker --security-opt seccomp=... --security-opt apparmor=...) and an outer sandbox's \
    Landlock (landlock.filesystem = \"everything\" in its spec)";
/// There is no /proc: ENOENT.
pub const PROC_MISSING: &str = "the launcher runs in a chroot, or nobody has mounted proc";
/// proc cannot be mounted.
pub const PROC_REFUSED: &str = "a new proc needs a fully visible one: the container masks parts of /proc (docker \
    --security-opt systempaths=unconfined, podman --security-opt unmask=ALL), or use filesystem.proc = \"none\"";
/// A FIFO that nobody reads, or a socket.
pub const STREAM_NOT_READ: &str = "a socket cannot be opened, and a FIFO only when somebody reads it";
/// An overlay cannot be made.
pub const OVERLAY_REFUSED: &str = "a directory of the overlay has other mounts beneath it, or its file system cannot be \
    a layer";
/// No descriptor is left: EMFILE.
pub const DESCRIPTORS_USED_UP: &str = "the caller's hard limit of open files is reached, and every mount needs one while the \
    tree is put together: raise it (ulimit -Hn)";
/// Files and directories do not go over each other: EINVAL.
pub const ANOTHER_KIND: &str = "a directory can only be mounted on a directory, and a file on a file";
/// An owner has no meaning inside.
pub const OWNER_NOT_MAPPED: &str = "an owner is not mapped in the user namespace: with its mappings unsaid only the \
    program's own ids are";
/// Layers that overlap: ELOOP.
pub const LAYERS_OVERLAP: &str =
    "one directory of the overlay is, or leads to, another one or something in it";
/// No overlay at all.
pub const OVERLAY_MISSING: &str = "the kernel has no overlay file system, or its module is not loaded";
/// The working directory has no path: ENOENT.
pub const CWD_REMOVED: &str = "the working directory was removed: start the launcher in another";
/// What a variable of the environment names is not there.
pub const DIRECTORY_NOT_THERE: &str = "it must be a directory that is there when the launcher starts";
/// What process.keep_fds keeps is a directory.
pub const DIRECTORY_KEPT: &str = "is a directory, from which the whole host could be reached";
/// The service manager's socket is not where NOTIFY_SOCKET says: ENOENT.
pub const NOTIFY_SOCKET_HIDDEN: &str =
    "the spec hides the socket that NOTIFY_SOCKET names from the program, or there is none";
/// A service manager says something else than how many sockets there are.
pub const LISTEN_FDS_MALFORMED: &str = "LISTEN_FDS is not a number of descriptors from 1 to 1024";
/// What shows a namespace that was joined cannot be mounted: EPERM.
pub const VIEW_OF_JOINED_REFUSED: &str = "only the user namespace that owns a namespace can mount what shows it: join that \
    one too";
/// The namespaces of a process are not shown: EACCES.
pub const NAMESPACE_NOT_SHOWN: &str = "who may not trace a process may not open its namespaces either: launch as root, \
    or as the user that it belongs to";
/// A namespace cannot be joined: EPERM.
pub const JOIN_REFUSED: &str = "joining needs CAP_SYS_ADMIN over the user namespace that owns it: launch as root, or join \
    that user namespace too";
/// A user namespace cannot be joined: EPERM.
pub const JOIN_USER_REFUSED: &str =
    "only root and the user that made a user namespace can join it, and not from within a chroot";
/// A namespace cannot be joined: EINVAL.
pub const JOIN_INVALID: &str = "it is a namespace of another kind";
/// A user namespace cannot be joined: EINVAL.
pub const JOIN_USER_INVALID: &str =
    "it is a namespace of another kind, or the launcher's own, which is called \"host\"";
/// A pid namespace cannot be joined: EINVAL.
pub const JOIN_PID_INVALID: &str =
    "it is a namespace of another kind, or not one beneath the launcher's own pid namespace";
/// An ordinary user's launcher cannot hide or leave the host's tree, and map ids too.
pub const JOIN_WITHOUT_PRIVILEGE: &str =
    "needs CAP_SETUID and CAP_SETGID: launch as root, or join the user namespace that owns it";
/// An ordinary user joins a user namespace, and would make a mount namespace in it.
pub const JOIN_BESIDE_NEW_MOUNTS: &str = "a new mount namespace starts with the host's tree, and processes of the joined user \
    namespace would have power over it: launch as root, or join the mount namespace of that user namespace too";
/// A process of the launch cannot be looked at: EACCES.
pub const TRACING_REFUSED: &str =
    "finding out what ids of the user namespace mean needs CAP_SYS_PTRACE: launch as root";
/// Groups cannot be set in a user namespace that was joined: EPERM.
pub const GROUPS_REFUSED: &str = "setgroups is denied in the user namespace, as it is when an ordinary user has mapped its \
    ids: leave groups out";
/// What process.keep_fds or a namespace's fd names is not open.
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
/// The persona cannot be set.
pub const PERSONALITY_REFUSED: &str = "a seccomp filter around the launcher refuses personality(2), with which a persona \
    that takes protection away is cleared: run with one that allows it";
/// A real-time policy is refused.
pub const REAL_TIME_REFUSED: &str = "real-time needs CAP_SYS_NICE outside (launch as root) or a limit RLIMIT_RTPRIO of \
    that priority (ulimit -r), and real-time left in the control group (cpu.rt_runtime_us)";
/// Another policy is refused.
pub const POLICY_REFUSED: &str = "the launcher runs with a policy that only CAP_SYS_NICE outside or RLIMIT_NICE leads \
    away from: launch as root, or leave the policy out";
/// A deadline is refused: EPERM.
pub const DEADLINE_REFUSED: &str = "the policy deadline needs CAP_SYS_NICE outside, which root has, and every processor \
    of the machine (no taskset, no cpuset)";
/// A deadline is refused: EINVAL.
pub const DEADLINE_OUT_OF_RANGE: &str = "the period is outside of kernel.sched_deadline_period_min_us and \
    kernel.sched_deadline_period_max_us";
/// A deadline is refused: EBUSY.
pub const DEADLINE_BUSY: &str = "other processes have deadlines too, and not so much time is left";
/// The nice value cannot be lowered.
pub const NICE_REFUSED: &str = "a nice value below the caller's needs CAP_SYS_NICE outside (launch as root) or a limit \
    RLIMIT_NICE of 20 minus that value (ulimit -e)";
/// An I/O priority is refused.
pub const IO_PRIORITY_REFUSED: &str = "the class realtime needs CAP_SYS_NICE outside: launch as root";
/// No I/O priorities.
pub const IO_PRIORITY_MISSING: &str = "the kernel has no I/O priorities: leave process.io_priority out";
/// A processor is not there, or not for this caller.
pub const PROCESSOR_MISSING: &str = "a processor of process.cpu_affinity is not there, or a cpuset of the control group \
    does not contain it (/sys/devices/system/cpu/online, cpuset.cpus.effective)";
/// The score cannot be lowered.
pub const OOM_SCORE_REFUSED: &str =
    "a lower oom_score_adj than the caller's needs CAP_SYS_RESOURCE outside: launch as root, or ask for more";
/// No core scheduling.
pub const CORE_SCHEDULING_MISSING: &str = "the kernel was built without core scheduling (CONFIG_SCHED_CORE)";
/// Nothing shares a core.
pub const CORES_NOT_SHARED: &str = "the processors run one thread on a core, so there is no core to share";
/// No transparent huge pages.
pub const HUGE_PAGES_MISSING: &str = "the kernel has no such switch for transparent huge pages";
/// Memory cannot be kept from becoming executable.
pub const MDWE_MISSING: &str = "process.memory_deny_write_execute needs Linux 6.3";
/// Capabilities cannot be had.
pub const CAPABILITIES_REFUSED: &str =
    "the launcher does not have them: launch as root, or let namespaces.user be \"new\"";
/// Ids cannot be changed.
pub const IDENTITY_REFUSED: &str =
    "the ids are not mapped in the user namespace, or the launcher may not change to them";
/// No seccomp.
pub const SECCOMP_REFUSED: &str = "the kernel has no seccomp filters, or refuses this one";
/// A mount point is missing in a tree that is not ours.
pub const NO_MOUNT_POINT: &str = "nothing is created in a tree that is not the sandbox's own: make the mount point there, \
    or use root = \"empty\"";
/// A source without a name is mounted nowhere: ENOENT.
pub const SOURCE_REPLACED: &str = "the source was replaced or removed while the launch ran: launch again";
/// The same, or no mount point.
pub const REPLACED_OR_NO_PLACE: &str = "the mount point does not exist, and nothing is created in a tree that is not the sandbox's own: \
    make it there, or use root = \"empty\"; or the source was replaced while the launch ran: launch again";
/// A symlink on the way to a mount point.
pub const SYMLINK_ON_THE_WAY: &str =
    "no symlink is followed to a mount point: name the path that it leads to";
/// A symlink where the program may write: ELOOP.
pub const LINK_IN_A_GRANT: &str = "the program may write to this directory, so no symbolic link in it is followed: name the path that \
    it leads to";
/// A symlink on the way to the file of a stream, where the program may write somewhere on the host: ELOOP.
pub const LINK_TO_A_STREAM: &str = "the spec binds a directory writable, so no symbolic link on the way to this file is followed: name \
    the path that it leads to";
/// Where a repository is expected there is none: ENOENT.
pub const NO_REPOSITORY: &str = "start in the top directory of a git work tree (`git init` makes one); with builtin:agent, vars.repository_writable = \
    \"true\" lets the program make one, and git outside then executes what it writes";
/// A file that is kept could be opened once more with more rights.
pub const REOPENED: &str = "the program could open this file again through /proc, for more than the descriptor is open for: pass one \
    that is open for reading and writing, a file that the program's ids may not open so, or leave /proc out (filesystem.proc = \"none\")";
/// Landlock is refused.
pub const LANDLOCK_REFUSED: &str = "a container's seccomp filter refuses Landlock; run with one that allows it, or use \
    landlock.filesystem = \"everything\" and nothing else of Landlock";
/// Too many rulesets over each other: E2BIG.
pub const LANDLOCK_TOO_DEEP: &str =
    "the launcher runs beneath as many Landlock rulesets as the kernel permits";
/// A path of the spec is not there.
pub const NO_SUCH_PLACE: &str = "nothing is at this path inside the sandbox";
/// A symlink on the way to a place whose rights are narrowed.
pub const SYMLINK_TO_A_PLACE: &str = "no symlink is followed there: name the path that it leads to";
/// The way to the working directory is none: ELOOP.
pub const MAGIC_LINK: &str =
    "a link on the way is a loop, or one of /proc that leads out of the sandbox: name the directory itself";
/// The program cannot be executed: EACCES.
pub const PROGRAM_NOT_LISTED: &str = "the interpreter that a program names is executed too: list it in process.exec (readelf \
    -l shows it, the first line of a script says it)";
/// The host's network cannot be changed.
pub const NETWORK_REFUSED: &str = "interfaces that reach the host's network need CAP_NET_ADMIN and CAP_SYS_ADMIN there: \
    launch as root, or use network.user_mode = \"pasta\" instead";
/// The name of a peer is taken.
pub const PEER_TAKEN: &str = "the host has an interface with the name of `peer` already";
/// An interface of the host is not there.
pub const NO_INTERFACE: &str = "the host has no interface of this name";
/// What is called a bridge is none.
pub const NO_BRIDGE: &str = "an interface of this name is there, but it is no bridge";
/// A kind of interface is not there.
pub const INTERFACE_MISSING: &str =
    "the kernel has no interfaces of this kind, or their module is not loaded";
/// A macvlan cannot be made on an interface.
pub const NO_MACVLAN: &str = "`link` cannot carry it, or cannot have packets of this `mtu`";
/// A macvlan that wants the link for itself.
pub const LINK_BUSY: &str = "`link` is in use by a bridge, or another interface has it for itself";
/// An interface that stays where it is.
pub const NOT_MOVABLE: &str = "the kernel does not let this interface leave its network namespace";
/// The new network cannot be told to be quiet.
pub const SYSCTL_READ_ONLY: &str = "/proc/sys is read-only here, as containers have it";
/// pasta is not there.
pub const PASTA_MISSING: &str = "network.user_mode needs /usr/bin/pasta: install the package passt";
/// pasta failed.
pub const PASTA_FAILED: &str = "what it says stands above; it needs to open /dev/net/tun";
/// pasta hangs.
pub const PASTA_HANGS: &str = "it was not ready after 10 s";
/// No IPv6.
pub const NO_IPV6: &str = "IPv6 is switched off: see net.ipv6.conf.default.disable_ipv6";
/// The program cannot be found.
pub const PROGRAM_MISSING: &str = "the program, or the interpreter that it names, is not in the sandbox";
/// What is there is no hierarchy of version 2.
pub const NOT_CGROUP2: &str = "is not in a cgroup v2 hierarchy: this machine has cgroup v1 there, which is not supported; \
    boot with systemd.unified_cgroup_hierarchy=1, or name a cgroup v2 directory in cgroup.parent";
/// The parent is not the launcher's to divide: EACCES, EPERM, EROFS.
pub const NOT_DELEGATED: &str = "the cgroup is not delegated to the launcher's user: start it by systemd with \
    Delegate=yes (systemd-run --user --scope -p Delegate=yes ...), or launch as root; the cgroup that the launcher is in \
    must be beneath the delegated one too";
/// What a launch says that goes on without one, as the spec allows.
pub const WITHOUT_CGROUP: &str = "goes on without a cgroup and its limits, as requires.optional allows: cgroup v2 is not on \
    /sys/fs/cgroup, or not the launcher's to divide (systemd-run --user --scope -p Delegate=yes ...)";
/// Other processes are where none may be: EBUSY, EOPNOTSUPP.
pub const STRANGERS_IN_CGROUP: &str = "other processes are in the parent cgroup, whose children can then have no \
    limits: give the launcher one of its own (systemd-run --user --scope -p Delegate=yes ...), or name an empty one in \
    cgroup.parent";
/// A controller is not there: ENOENT.
pub const CONTROLLER_MISSING: &str = "the parent cgroup does not have this controller: see its cgroup.controllers, and \
    cgroup.subtree_control of those above (systemd gives a user those of Delegate= in user@.service), or the machine has it in \
    cgroup v1";
/// No more groups: EAGAIN.
pub const CGROUPS_USED_UP: &str = "cgroup.max.descendants or cgroup.max.depth of a cgroup above is reached";
/// The own group is elsewhere.
pub const CGROUP_NOT_VISIBLE: &str = "the launcher's own cgroup, as /proc/self/cgroup names it, is not beneath \
    /sys/fs/cgroup here: name another one in cgroup.parent";
/// The kernel has no such file.
pub const CGROUP_FILE_MISSING: &str = "this kernel, or its configuration, does not have the file";
/// The program could leave its cgroup.
pub const CGROUP_WITHIN_REACH: &str = "in the host's mount namespace the program has the launcher's ids, and can leave its cgroup or change its \
    limits: let namespaces.mount be \"new\", or launch as root with another process.user";
/// A device is not there: ENODEV.
pub const CGROUP_DISK_MISSING: &str = "there is no block device of this number here, or it is a partition, which has no limits of its own: see lsblk";
/// A disk has no weights: EOPNOTSUPP.
pub const CGROUP_WEIGHTS_INACTIVE: &str = "nothing shares this disk by weights: switch that on in io.cost.qos of \
    /sys/fs/cgroup, or give the disk the scheduler bfq";
/// A device of another kind is not there: ENODEV.
pub const CGROUP_RDMA_MISSING: &str = "there is no RDMA device of this name here: see /sys/class/infiniband";
/// The machine has none of a resource: EINVAL.
pub const CGROUP_RESOURCE_MISSING: &str =
    "the machine has nothing of this resource to give: see misc.capacity in /sys/fs/cgroup";
/// A value is refused.
pub const CGROUP_VALUE_REFUSED: &str = "the kernel refuses the value here: see the file's entry in \
    Documentation/admin-guide/cgroup-v2.rst";
/// The kernel has taken a value, and something else holds.
pub const CPUSET_NOT_IN_FORCE: &str = "the parent cgroup has not all that is asked for, or nothing that can be its own: \
    see its cpuset.cpus.effective, cpuset.mems.effective and cpuset.cpus.partition";
/// Nothing can be born in the group.
pub const CGROUP_ENTRY_REFUSED: &str = "a process may enter a cgroup only when it may write cgroup.procs of a cgroup above \
    both its own and that one: the launcher must be beneath the delegated cgroup itself (systemd-run --user --scope -p \
    Delegate=yes ...)";
