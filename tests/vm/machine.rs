//! A virtual machine: one kernel, one initial file system, and what it prints on its serial console.

use crate::harness::Need;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Boots a kernel, waits until it powers off, and returns the console's text.
///
/// Without hardware virtualisation on purpose: it is not everywhere, and emulation takes seconds.
pub fn boot(kernel: &Path, initramfs: &Path) -> String {
    let emulator = Need::program("qemu-system-x86_64").expect("qemu, which the test needs");
    let output = Command::new("timeout")
        .args(["--signal=KILL", "150"])
        .arg(emulator)
        .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-M", "pc", "-m", "512", "-smp", "1"])
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"])
        .args(["-append", "console=ttyS0 quiet panic=-1 rdinit=/init random.trust_cpu=on tsc=reliable"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs)
        .stdin(Stdio::null())
        .output()
        .expect("qemu starts");
    let console = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}{console}", String::from_utf8_lossy(&output.stderr));
    console
}

/// A module of the kernel with this image, as it is or compressed.
pub fn module(kernel: &Path, name: &str) -> PathBuf {
    let image = kernel.file_name().and_then(|name| name.to_str()).expect("an image");
    let release = image.strip_prefix("vmlinuz-").expect("an image");
    let package = kernel.ancestors().nth(2).expect("the package");
    let plain = package.join("lib/modules").join(release).join("kernel").join(name);
    if plain.exists() { plain } else { plain.with_extension("ko.xz") }
}

/// The kernels that `tests/vm/fetch-kernels` has put into the target directory: name and image.
pub fn kernels() -> Vec<(String, PathBuf)> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    let packages = std::fs::read_dir(target.join("kernels")).into_iter().flatten().flatten();
    let images =
        packages.flat_map(|package| std::fs::read_dir(package.path().join("boot")).into_iter().flatten());
    let mut found: Vec<_> = images
        .flatten()
        .filter_map(|file| {
            let release = file.file_name().to_str()?.strip_prefix("vmlinuz-")?.to_owned();
            Some((release, file.path()))
        })
        .collect();
    found.sort();
    found
}
