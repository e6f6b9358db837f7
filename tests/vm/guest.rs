//! What a virtual machine starts from: this test program and what its trials need, where they are on the host.

use super::initramfs::Initramfs;
use super::machine::Kernel;
use crate::harness::{Ground, Need};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that trials start, where the host has them; busybox stands for all others.
const PROGRAMS: &[&str] = &[
    "cat",
    "env",
    "id",
    "ip",
    "ls",
    "newgidmap",
    "newuidmap",
    "nice",
    "nsenter",
    "pasta",
    "script",
    "setpriv",
    "sh",
    "sleep",
    "strace",
    "taskset",
    "true",
    "uname",
    "unshare",
];

/// Modules of the kernel, each after what it needs.
const MODULES: &[&str] = &[
    "fs/overlayfs/overlay",
    "drivers/block/loop",
    "drivers/net/veth",
    "drivers/net/macvlan",
    "drivers/net/dummy",
    "drivers/net/tun",
    "net/llc/llc",
    "net/802/stp",
    "net/bridge/bridge",
    "drivers/virtio/virtio_ring",
    "drivers/virtio/virtio",
    "drivers/virtio/virtio_pci_legacy_dev",
    "drivers/virtio/virtio_pci_modern_dev",
    "drivers/virtio/virtio_pci",
    "drivers/char/virtio_console",
];

/// What trials read of the project.
const DATA: &[&str] = &["README.md", "specs"];

/// Files of the guest's own.
const FILES: &[(&str, &str)] = &[
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"),
    ("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    ("etc/subuid", ""),
    ("etc/subgid", ""),
    ("etc/hosts", "127.0.0.1 localhost\n"),
    ("etc/services", "http 80/tcp\n"),
    ("etc/nsswitch.conf", "passwd: files\n"),
];

/// The initial file system for a kernel, whose guest runs these trials.
pub fn contents(ground: &Ground, kernel: &Kernel, scratch: &Path, names: &[String]) -> Vec<u8> {
    let mut guest = Guest::default();
    guest.archive.directory("tmp", 0o1777);
    guest.made.insert("/tmp".into());
    for directory in [
        "dev", "etc", "proc", "sys", "run", "newroot", "root", "home", "media", "mnt", "opt", "srv",
        "var/tmp",
    ] {
        guest.directory(&Path::new("/").join(directory));
    }
    for name in ["bin", "sbin", "lib", "lib64"] {
        guest.directory(&Path::new("/usr").join(name));
        guest.archive.link(name, &format!("usr/{name}"));
    }
    let busybox = Need::program("busybox").expect("busybox, which the test needs");
    guest.program(&busybox, Path::new("/usr/bin/busybox"));
    for path in PROGRAMS.iter().filter_map(|name| Need::program(name)) {
        guest.program(&path, &path);
    }
    let compiler = Path::new(env!("CARGO_BIN_EXE_boxwright"));
    guest.program(&stripped(&super::compiler::path(), scratch), compiler);
    let own = std::env::current_exe().expect("the path of this program");
    guest.program(&stripped(&own, scratch), Path::new("/trials"));
    guest.program(&ground.probe, Path::new("/probe"));
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    guest.directory(home);
    DATA.iter().for_each(|data| guest.tree(&home.parent().expect("the project").join(data)));
    for (number, name) in MODULES.iter().enumerate() {
        if let Some(path) = kernel.module(name) {
            let name = path.file_name().expect("a module").display();
            guest.file(&path, &Path::new("/modules").join(format!("{number:02}-{name}")));
        }
    }
    let texts = [("init", INIT), ("names", &names.join("\n"))];
    texts.iter().chain(FILES).for_each(|(path, text)| guest.archive.file(path, 0o755, text.as_bytes()));
    guest.archive.finish()
}

#[derive(Default)]
struct Guest {
    archive: Initramfs,
    made: BTreeSet<PathBuf>,
}

impl Guest {
    fn directory(&mut self, path: &Path) {
        if path.parent().is_some() && self.made.insert(path.to_owned()) {
            self.directory(path.parent().unwrap_or(path));
            self.archive.directory(&path.display().to_string(), 0o755);
        }
    }

    fn file(&mut self, from: &Path, to: &Path) {
        // The places that are links there.
        let usr = ["/bin", "/sbin", "/lib", "/lib64"].iter().any(|link| to.starts_with(link));
        let to = if usr { Path::new("/usr").join(to.strip_prefix("/").unwrap_or(to)) } else { to.to_owned() };
        if self.made.insert(to.clone()) {
            self.directory(to.parent().expect("a directory"));
            let mode = fs::metadata(from).expect("a file of the host").permissions().mode() & 0o7777;
            let content = fs::read(from).expect("a file of the host");
            self.archive.file(&to.display().to_string(), mode, &content);
        }
    }

    /// A program and the libraries that it is linked with.
    fn program(&mut self, from: &Path, to: &Path) {
        self.file(from, to);
        let listed = Command::new("ldd").arg(from).output().expect("ldd, which the test needs");
        // `NAME => PATH (ADDRESS)`, or the loader's path alone; nothing of a static program.
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        for path in text.split_whitespace().filter(|word| word.starts_with('/')).map(Path::new) {
            self.file(path, path);
        }
    }

    fn tree(&mut self, path: &Path) {
        if !path.is_dir() {
            return self.file(path, path);
        }
        for entry in fs::read_dir(path).expect("a directory of the project") {
            self.tree(&entry.expect("an entry").path());
        }
    }
}

/// A copy without what only a debugger reads, which is most of it.
fn stripped(program: &Path, scratch: &Path) -> PathBuf {
    let copy = scratch.join(program.file_name().expect("a name"));
    let status = Command::new("strip").arg("-o").args([&copy, program]).status();
    assert!(status.expect("strip, which the test needs").success(), "strip {}", program.display());
    copy
}

/// An initial file system cannot be pivoted away from, so everything moves to a tmpfs first. What trials make is on a disk,
/// as it is elsewhere: a tmpfs has no idmaps before Linux 6.3.
const INIT: &str = "#!/usr/bin/busybox sh
set -e
if [ ! -e /moved ]; then
    /usr/bin/busybox --install -s /usr/bin
    for module in /modules/*; do
        case $module in *.xz) unxz $module; module=${module%.xz} ;; esac
        insmod $module
    done
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t devtmpfs devtmpfs /dev
    mkdir -p /dev/shm /dev/pts
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount -t tmpfs -o mode=755,size=80% tmpfs /newroot
    for entry in /*; do case $entry in /dev|/proc|/sys|/newroot) ;; *) cp -a $entry /newroot/ ;; esac; done
    for directory in dev proc sys; do mkdir /newroot/$directory; mount --move /$directory /newroot/$directory; done
    touch /newroot/moved
    exec switch_root /newroot /init
fi
truncate -s 300M /disk.image
mke2fs -F -b 4096 -I 256 /disk.image >/dev/null
mkdir /disk
mount -t ext4 -o loop /disk.image /disk
chmod 1777 /disk
ip link set lo up
ulimit -n 524288
export TMPDIR=/disk PATH=/usr/sbin:/usr/bin:/sbin:/bin BOXWRIGHT_PROBE=/probe BOXWRIGHT_TRIALS=/names BOXWRIGHT_REQUIRE_ALL=1
export BOXWRIGHT_COMPILER_PORT=/dev/vport0p1
echo
/trials --format json --test-threads 4 || true
poweroff -f
";
