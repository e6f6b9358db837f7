//! The host's /proc, /sys and /dev hold switches of the whole machine, and devices are the machine.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Filesystem, MountKind, PathPart, Policy};

pub(super) const RULE: Rule =
    Rule::warning("kernel-interface-visible", "files of the host's kernel are bound into the sandbox").why(
        "The host's /proc, /sys and /dev are the kernel's switches: core_pattern, sysrq, uevent_helper, \
        memory and disks. Containers that bound them were left through them (CVE-2022-0492 through \
        cgroup's release_agent; `core_pattern` in many write-ups).\n\n\
        `filesystem.proc`, `sys` and `dev` make the sandbox's own. A device that is needed is bound \
        alone; accept the finding for it.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let bound = policy.filesystem.mounts.iter().filter_map(|(path, mount)| match &mount.kind {
        MountKind::Bind { source, .. } if is_kernels(&source.to_string()) => Some((path, mount, source)),
        // The terminal that the program shares it has anyway.
        MountKind::Device { source, .. } if source.parts() == [PathPart::Terminal] => None,
        MountKind::Device { source, number: None, .. } if !is_of_nobody(&source.to_string()) => {
            Some((path, mount, source))
        }
        _ => None,
    });
    bound
        .map(|(path, mount, source)| {
            let finding = RULE
                .at(mount.span, format!("`{path}` is the host's `{source}`"))
                .evidence(evidence::mount(mount));
            match mount.kind {
                MountKind::Device { .. } => finding
                    .label("its driver does for the program what it does for every user of the device")
                    .help("remove it, or accept the finding for the device that the program needs"),
                _ => finding
                    .label("it shows and may change the whole machine")
                    .help("`filesystem.proc` and `filesystem.dev` make the sandbox's own"),
            }
        })
        .collect()
}

/// The devices that every sandbox with `dev = "minimal"` has: they hold no state of the machine.
fn is_of_nobody(source: &str) -> bool {
    Filesystem::MINIMAL_DEVICES.iter().any(|(path, _)| *path == source)
}

/// The directories themselves, what is in the two that the kernel makes up, and a root that has them all.
fn is_kernels(source: &str) -> bool {
    matches!(source, "/" | "/proc" | "/sys" | "/dev")
        || source.starts_with("/proc/")
        || source.starts_with("/sys/")
}
