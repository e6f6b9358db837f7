//! What happens inside the virtual machine: the files that it starts from, its script, and the parts of its console.

use super::initramfs::Initramfs;
use super::{machine, runs};
use crate::harness::{Demonstration, Filter, Ground, Need, Site, Spec};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Who launches there.
pub const USERS: [u32; 2] = [0, 65534];

/// The paths there; nothing runs at the same time, so one key serves all.
pub fn site() -> Site {
    Site {
        probe: "/probe".into(),
        marker: "/marker".into(),
        rootfs: "/rootfs".into(),
        inner: "/inner".into(),
        key: 4711,
    }
}

/// The name of one launch.
pub fn title(user: u32, demonstration: &Demonstration, filter: Filter) -> String {
    format!("{}/{user}", launcher(demonstration, filter))
}

fn launcher(demonstration: &Demonstration, filter: Filter) -> String {
    let suffix = if filter == Filter::Off { "/without-filter" } else { "" };
    format!("{}{suffix}", demonstration.name)
}

/// What a machine printed.
#[derive(Debug)]
pub struct Console {
    pub text: String,
}

impl Console {
    /// Boots a kernel with the demonstrations.
    pub fn of(ground: &Ground, kernel: &Path) -> Self {
        let directory = tempfile::TempDir::with_prefix("boxwright-vm-").expect("a directory");
        let archive = directory.path().join("initramfs");
        let overlay = machine::module(kernel, "fs/overlayfs/overlay.ko");
        fs::write(&archive, contents(ground, directory.path(), &overlay)).expect("an initramfs");
        Self { text: machine::boot(kernel, &archive).replace('\r', "") }
    }

    /// The kernel's release, as the probe reads it there.
    pub fn kernel(&self) -> String {
        crate::harness::Answers::parse(&self.section("machine")).get("kernel").to_owned()
    }

    /// The lines between a title and the next.
    pub fn section(&self, title: &str) -> String {
        let start = format!("\n@@ {title}\n");
        let Some(at) = self.text.find(&start) else {
            let lines: Vec<&str> = self.text.lines().collect();
            panic!(
                "no `{title}` on the console, which ends:\n{}",
                lines[lines.len().saturating_sub(20)..].join("\n")
            );
        };
        let rest = &self.text[at + start.len()..];
        rest[..rest.find("\n@@ ").unwrap_or(rest.len())].to_owned()
    }
}

fn contents(ground: &Ground, scratch: &Path, overlay: &Path) -> Vec<u8> {
    let mut archive = Initramfs::default();
    for directory in
        ["dev", "proc", "sys", "newroot", "etc", "usr", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64"]
    {
        archive.directory(directory, 0o755);
    }
    archive.directory("tmp", 0o1777);
    archive.directory("launchers", 0o755);
    for directory in ["bin", "sbin", "lib", "lib64"] {
        archive.link(directory, &format!("usr/{directory}"));
    }
    let busybox = Need::program("busybox").expect("busybox, which the test needs");
    let busybox = fs::read(busybox).expect("busybox");
    let probe = fs::read(&ground.probe).expect("the probe");
    archive.file("usr/bin/busybox", 0o755, &busybox);
    archive.link("usr/bin/sh", "busybox");
    archive.file("marker", 0o644, b"outside\n");
    archive.file("probe", 0o755, &probe);
    let name = overlay.file_name().and_then(|name| name.to_str()).expect("a module");
    archive.file(name, 0o644, &fs::read(overlay).expect("the module"));
    archive.file("init", 0o755, INIT.as_bytes());
    archive.file("demonstrate", 0o755, script().as_bytes());
    for directory in ["rootfs", "rootfs/bin", "rootfs/tmp", "rootfs/proc", "rootfs/dev", "rootfs/etc"] {
        archive.directory(directory, 0o755);
    }
    archive.file("rootfs/probe", 0o755, &probe);
    archive.file("rootfs/bin/tool", 0o755, &probe);
    archive.file("rootfs/hello", 0o644, b"from the rootfs\n");
    launchers(ground, scratch, &mut archive);
    archive.finish()
}

fn launchers(ground: &Ground, scratch: &Path, archive: &mut Initramfs) {
    let mut seal = |path: &str, spec: &Spec| {
        let name = path.replace('/', "-");
        let built = crate::harness::build(&ground.compiler, scratch, &name, &spec.text());
        archive.file(path, 0o755, &fs::read(built).expect("a launcher"));
    };
    seal("inner", &Spec::inner(&site()));
    for (user, demonstration, filter) in runs() {
        if user == 0 {
            let path = format!("launchers/{}", launcher(demonstration, filter).replace('/', "-"));
            seal(&path, &demonstration.spec(&site(), filter));
        }
    }
}

/// An initial file system cannot be pivoted away from, so everything moves to a tmpfs first.
const INIT: &str = "#!/bin/sh
[ ! -e /overlay.ko.xz ] || busybox unxz /overlay.ko.xz
busybox insmod /overlay.ko
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox mkdir -p /dev/shm
busybox mount -t tmpfs -o mode=1777 tmpfs /dev/shm
busybox mount -t tmpfs -o mode=755 tmpfs /newroot
for entry in /*; do case $entry in /dev|/proc|/sys|/newroot) ;; *) busybox cp -a $entry /newroot/ ;; esac; done
for directory in dev proc sys; do busybox mkdir /newroot/$directory; busybox mount --move /$directory /newroot/$directory; done
exec busybox switch_root /newroot /demonstrate
";

/// Everything that is launched, each between titles.
fn script() -> String {
    let mut script =
        "#!/bin/sh\nexec 2>&1\nmark() { echo; echo \"@@ $1\"; }\nmark machine; /probe names\n".to_owned();
    for (user, demonstration, filter) in runs() {
        let title = title(user, demonstration, filter);
        let person = if user == 0 { String::new() } else { format!("/probe --start user={user} -- ") };
        let [before, _, after] = demonstration.asked(&site());
        let path = launcher(demonstration, filter).replace('/', "-");
        let arranged = match demonstration.conditions() {
            [] => String::new(),
            conditions => format!("/probe --start {} -- ", conditions.join(" ")),
        };
        _ = writeln!(script, "mark '{title} before'; {person}/probe {}", before.join(" "));
        _ = writeln!(script, "mark '{title} inside'; {person}{arranged}/launchers/{path}; echo status=$?");
        _ = writeln!(script, "mark '{title} after'; {person}/probe {}", after.join(" "));
    }
    script.push_str("mark end; busybox poweroff -f\n");
    script
}
