//! An OCI bundle as close to S1 of the bench as crun and runc can come, for both to run.

use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What runc calls after it has installed the program's filter: it opens a FIFO, looks through its descriptors, and Go's
/// scheduler goes on.
const AFTER_THE_FILTER: [&str; 14] = [
    "clone",
    "fcntl",
    "fstatfs",
    "futex",
    "getdents64",
    "getpid",
    "madvise",
    "mmap",
    "munmap",
    "nanosleep",
    "openat",
    "rt_sigreturn",
    "sched_yield",
    "tgkill",
];
/// Whom the sandbox's root is outside: both build the sandbox as root inside, so one id is not enough.
const HOST_ID: u32 = 100_000;

/// Makes the bundle of this runtime in the directory. The user namespace of runc 1.1 has no time namespace beside it.
pub fn make(directory: &Path, runtime: &str, program: &Path, allowed: &[String]) {
    let root = directory.join("rootfs");
    for point in ["bin", "dev", "proc", "tmp"] {
        fs::create_dir_all(root.join(point)).expect("a directory of the bundle");
    }
    // The sandbox's root is nobody out here.
    for path in [directory.parent().expect("the bench's directory"), directory, &root] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("chmod");
    }
    fs::copy(program, root.join("bin/busybox")).expect("busybox");
    let configuration = configuration(runtime == "runc", allowed);
    fs::write(directory.join("config.json"), configuration.to_string()).expect("the configuration");
}

fn configuration(is_runc: bool, allowed: &[String]) -> Value {
    let kinds = ["pid", "network", "ipc", "uts", "mount", "cgroup", "user", "time"];
    let kinds = kinds.iter().filter(|kind| !(is_runc && **kind == "time"));
    let namespaces: Vec<Value> = kinds.map(|kind| json!({ "type": kind })).collect();
    let extra = AFTER_THE_FILTER.iter().filter(|_| is_runc).map(|&name| name.to_owned());
    let names: Vec<String> = allowed.iter().cloned().chain(extra).collect();
    let mapping = json!([{ "containerID": 0, "hostID": HOST_ID, "size": 65536 }]);
    let mount = |kind: &str, destination: &str, options: &[&str]| json!({ "destination": destination, "type": kind, "source": kind, "options": options });
    json!({
        "ociVersion": "1.0.2",
        "root": { "path": "rootfs", "readonly": true },
        "process": {
            "user": { "uid": 65534, "gid": 65534 },
            "args": ["/bin/busybox", "true"],
            "cwd": "/",
            "env": [],
            "noNewPrivileges": true,
            "capabilities": {
                "bounding": [], "effective": [], "permitted": [], "inheritable": [], "ambient": [],
            },
        },
        // Both add the six nodes to /dev by themselves.
        "mounts": [
            mount("proc", "/proc", &["nosuid", "nodev", "noexec"]),
            mount("tmpfs", "/dev", &["nosuid", "noexec", "mode=755"]),
            mount("tmpfs", "/tmp", &["nosuid", "nodev", "noexec", "mode=1777"]),
        ],
        "linux": {
            "namespaces": namespaces,
            "uidMappings": mapping,
            "gidMappings": mapping,
            "seccomp": {
                "defaultAction": "SCMP_ACT_ERRNO",
                "architectures": ["SCMP_ARCH_X86_64"],
                "syscalls": [{ "names": names, "action": "SCMP_ACT_ALLOW" }],
            },
        },
    })
}
