//! A virtual machine: one kernel, one initial file system, and what it prints on its serial console.

use super::{compiler, guest};
use crate::harness::{Ground, Need};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs these trials on a kernel, and returns the console's text, which stays in the target directory.
pub fn run(ground: &Ground, kernel: &Kernel, names: &[String]) -> String {
    let scratch = tempfile::TempDir::with_prefix("boxwright-vm-").expect("a directory");
    let archive = scratch.path().join("initramfs");
    std::fs::write(&archive, guest::contents(ground, kernel, scratch.path(), names)).expect("an initramfs");
    let console = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("vm-{}.console", kernel.release));
    let socket = scratch.path().join("compiler");
    std::thread::scope(|scope| {
        scope.spawn(|| compiler::serve(&socket));
        boot(&kernel.image, &archive, &socket, &console).replace('\r', "")
    })
}

/// Boots a kernel, waits until it powers off, and returns the console's text.
///
/// Without hardware virtualisation on purpose: it is not everywhere, and emulation takes seconds.
fn boot(kernel: &Path, initramfs: &Path, compiler: &Path, console: &Path) -> String {
    let emulator = Need::program("qemu-system-x86_64").expect("qemu, which the test needs");
    let output = Command::new("timeout")
        .args(["--signal=KILL", "1800"])
        .arg(emulator)
        .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-M", "pc", "-m", "1024", "-smp", "2"])
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"])
        .args(["-serial", &format!("file:{}", console.display())])
        .args(["-chardev", &format!("socket,id=compiler,path={},server=on,wait=on", compiler.display())])
        .args(["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=compiler,name=compiler"])
        .args([
            "-append",
            "console=ttyS0 quiet loglevel=1 panic=-1 rdinit=/init random.trust_cpu=on tsc=reliable norandmaps",
        ])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs)
        .stdin(Stdio::null())
        .output()
        .expect("qemu starts");
    let console = String::from_utf8_lossy(&std::fs::read(console).unwrap_or_default()).into_owned();
    assert!(output.status.success(), "{}{console}", String::from_utf8_lossy(&output.stderr));
    console
}

/// A kernel that `tests/vm/fetch-kernels` has put into the target directory.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// What uname(2) calls its release.
    pub release: String,
    image: PathBuf,
    modules: PathBuf,
}

impl Kernel {
    /// One of its modules, as it is or compressed; none where it is no module.
    pub fn module(&self, name: &str) -> Option<PathBuf> {
        let kinds = ["ko", "ko.xz"].map(|kind| self.modules.join(format!("kernel/{name}.{kind}")));
        kinds.into_iter().find(|path| path.exists())
    }

    /// Of a directory with its modules; newer packages have the image there too.
    fn of(modules: PathBuf, package: &Path) -> Option<Self> {
        let release = modules.file_name()?.to_str()?.to_owned();
        let images = [package.join(format!("boot/vmlinuz-{release}")), modules.join("vmlinuz")];
        let image = images.into_iter().find(|image| image.exists())?;
        Some(Self { release, image, modules })
    }
}

/// All of them, by release.
pub fn kernels() -> Vec<Kernel> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    let inside = |directory: PathBuf| std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for package in inside(target.join("kernels")).map(|entry| entry.path()) {
        for modules in
            ["lib/modules", "usr/lib/modules"].into_iter().flat_map(|place| inside(package.join(place)))
        {
            found.extend(Kernel::of(modules.path(), &package));
        }
    }
    found.sort_by(|a, b| a.release.cmp(&b.release));
    found
}
