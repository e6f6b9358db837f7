/* The floor of the bench: what a sealed launcher does for S1, S2 and S3, hard-coded and without looking at any result.
 *
 *     floor S1|S2|S3 reaper|bare PROGRAM ARGUMENT...
 *
 * S1 has all eight namespaces, a read-only root, an own /tmp, /proc and /dev; S2 is S1 with the host's network; S3 has no
 * namespace at all. All drop every capability, take no_new_privs and the filter that is compiled in. `bare` leaves out the
 * reaper of S1 and S2: the program is pid 1. It must be started by root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct sock_filter instructions[] = {
#include FILTER
};
static const struct sock_fprog filter = {sizeof instructions / sizeof *instructions, (struct sock_filter *)instructions};

enum { NOBODY = 65534 };

static void put(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    write(file, text, strlen(text));
    close(file);
}

static void put_of(pid_t pid, const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    put(path, text);
}

static void attributes(int directory, const char *path, unsigned flags, __u64 set, __u64 propagation) {
    struct mount_attr attr = {.attr_set = set, .propagation = propagation};
    syscall(SYS_mount_setattr, directory, path, flags, &attr, sizeof attr);
}

static void become_nobody(void) {
    prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
    setresgid(NOBODY, NOBODY, NOBODY);
    setresuid(NOBODY, NOBODY, NOBODY);
}

static void tree(void) {
    static const char *const devices[] = {"/dev/full", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"};
    static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
                                           {"/proc/self/fd/0", "/dev/stdin"},
                                           {"/proc/self/fd/1", "/dev/stdout"},
                                           {"/proc/self/fd/2", "/dev/stderr"}};
    int trees[6];
    attributes(AT_FDCWD, "/", AT_RECURSIVE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, MS_PRIVATE);
    for (int i = 0; i < 6; i++) {
        trees[i] = syscall(SYS_open_tree, AT_FDCWD, devices[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        attributes(trees[i], "", AT_EMPTY_PATH, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0);
    }
    become_nobody();
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755");
    for (int i = 0; i < 6; i++) {
        mknod(devices[i], S_IFREG | 0444, 0);
        syscall(SYS_move_mount, trees[i], "", AT_FDCWD, devices[i], MOVE_MOUNT_F_EMPTY_PATH);
        close(trees[i]);
    }
    for (int i = 0; i < 4; i++)
        symlink(links[i][0], links[i][1]);
    mkdir("/dev/shm", 0755);
    mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777");
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777");
    attributes(AT_FDCWD, "/dev", 0, MOUNT_ATTR_RDONLY, 0);
}

static void drop_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
        prctl(PR_CAPBSET_DROP, capability);
    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
                                 SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
    syscall(SYS_capset, &header, none);
}

static void execute(char **program) {
    chdir("/");
    drop_capabilities();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    umask(077);
    close_range(3, ~0U, 0);
    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
    char *environment[] = {NULL};
    execve(program[0], program, environment);
    _exit(125);
}

static int status_of(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void inside(int reaper, char **program) {
    tree();
    prctl(PR_SET_DUMPABLE, 0);
    if (reaper) {
        pid_t pid = fork();
        if (pid != 0) {
            close_range(0, ~0U, 0);
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            drop_capabilities();
            int status = status_of(pid);
            _exit(status);
        }
    }
    setsid();
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    execute(program);
}

int main(int argc, char **argv) {
    (void)argc;
    int kind = argv[1][1] - '0', reaper = argv[2][0] == 'r';
    char **program = argv + 3;
    setgroups(0, NULL);
    if (kind == 3) {
        setsid();
        become_nobody();
        execute(program);
    }
    int gate[2];
    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate);
    struct clone_args clone = {
        .flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWTIME,
        .exit_signal = SIGCHLD,
    };
    clone.flags |= kind == 1 ? CLONE_NEWNET : 0;
    pid_t pid = syscall(SYS_clone3, &clone, sizeof clone);
    if (pid == 0) {
        char go;
        close(gate[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        read(gate[1], &go, 1);
        inside(reaper, program);
    }
    close(gate[1]);
    put_of(pid, "setgroups", "deny");
    put_of(pid, "uid_map", "65534 65534 1");
    put_of(pid, "gid_map", "65534 65534 1");
    write(gate[0], "g", 1);
    return status_of(pid);
}
