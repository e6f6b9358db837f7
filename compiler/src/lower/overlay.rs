//! Overlays: directories of the host over each other, and memory on top of them when they may be written to.
//!
//! The layers are put together in a file system of their own, attached to the old root for as long as that takes: before
//! Linux 6.15 no layer can be in a detached tree. They are named by short relative names, since a parameter has at most 255
//! bytes; so no path of the host can be read inside either. A file whose owner is not mapped in the user namespace can be read
//! and removed but not changed: its copy would belong to nobody.

use super::Launch;
use super::linux::*;
use super::mount_calls::{PLAIN, attach, attributes, give, make_directory, move_to, new_file_system};
use super::mounts::Entry;
use super::nodes::directory;
use super::refusals::{LAYERS_OVERLAP, MOUNT_REFUSED, OVERLAY_MISSING, OVERLAY_REFUSED};
use super::spot::Spot;
use super::step::{Act, Call, Slot, Step, Value};
use crate::policy::{HostPath, MountKind, Ownership};
use boxwright_launcher::arch::number;

/// What is written; or, of a single directory that is not written to, the second layer that an overlay must have.
const UPPER: &str = "upper";
/// Where the kernel prepares what it writes.
const WORK: &str = "work";

impl Launch<'_> {
    /// Opens the directories while paths lead to the host.
    pub(super) fn open_layers(self, entry: Entry) -> Vec<Step> {
        let MountKind::Overlay { lower, .. } = &entry.mount.kind else { return Vec::new() };
        let open = |(layer, path): (u16, &HostPath)| {
            let slot = Slot::Layer(entry.number, layer);
            let step = self.source_step("open", path, entry.mount.span);
            self.open_source(step, path, slot, false, directory(slot).into())
        };
        (0..).zip(lower).map(open).collect()
    }

    /// Makes the overlay, once its files can belong to somebody.
    pub(super) fn make_overlay(self, entry: Entry) -> Option<Step> {
        let MountKind::Overlay { lower, writable, executable } = &entry.mount.kind else { return None };
        let slots: Vec<Slot> = (0..).zip(lower).map(|(layer, _)| Slot::Layer(entry.number, layer)).collect();
        let step = self.inline_step("layer", entry.destination, entry.mount.span);
        let attributes = attributes(*writable, *executable);
        let owner = give(&here(UPPER), self.owner_for(&Ownership::PROGRAM));
        Some(layered(step, &slots, owner, *writable, attributes, Slot::Source(entry.number)))
    }

    /// The root file system with memory on top, in its place.
    pub(super) fn overlay_root(self) -> Step {
        let step = self.inline_step("layer", "/", self.policy.filesystem.root.span);
        layered(step, &[Slot::Root], None, true, PLAIN, Slot::Root)
    }
}

/// Puts layers together, the topmost first, and makes an overlay of them.
fn layered(
    mut step: Step,
    lower: &[Slot],
    owner: Option<Act>,
    writable: bool,
    attributes: u32,
    to: Slot,
) -> Step {
    let memory = new_file_system("tmpfs", &[("mode", "0755")], PLAIN | MOUNT_ATTR_NOEXEC, Slot::Layers);
    step = step.acts(memory).act(attach(Slot::Layers)).act(Call::new(number::fchdir, [Slot::Layers.into()]));
    let mut names = Vec::new();
    for (layer, slot) in lower.iter().enumerate() {
        let name = format!("l{layer}");
        let spot = here(&name);
        step = step
            .act(make_directory(&spot))
            .act(move_to(*slot, &spot))
            .act(Call::new(number::close, [(*slot).into()]));
        names.push(name);
    }
    step = step.act(make_directory(&here(UPPER))).acts(owner);
    if writable {
        step = step.act(make_directory(&here(WORK)));
    } else if lower.len() == 1 {
        names.push(UPPER.into());
    }
    step.acts(overlay(&names.join(":"), writable, attributes, to))
        .act(Call::new(number::umount2, [".".into(), MNT_DETACH.into()]))
        .act(Call::new(number::chdir, ["/".into()]))
        .act(Call::new(number::close, [Slot::Layers.into()]))
        .note(EINVAL.into(), OVERLAY_REFUSED)
        .note(ELOOP.into(), LAYERS_OVERLAP)
        .note(ENODEV.into(), OVERLAY_MISSING)
        .note(EPERM.into(), MOUNT_REFUSED)
}

/// In the file system of the layers.
fn here(name: &str) -> Spot {
    Spot { directory: AT_FDCWD.into(), path: name.to_owned() }
}

/// What it must remember of files it keeps in attributes that need no privilege (`userxattr`, Linux 5.11).
fn overlay(lower: &str, writable: bool, attributes: u32, to: Slot) -> Vec<Act> {
    let configure = |command: u32, key: Value, value: Value| -> Act {
        Call::new(number::fsconfig, [Slot::Context.into(), command.into(), key, value]).into()
    };
    let mut acts: Vec<Act> =
        vec![Call::new(number::fsopen, ["overlay".into(), FSOPEN_CLOEXEC.into()]).keep(Slot::Context).into()];
    acts.push(configure(FSCONFIG_SET_STRING, "lowerdir".into(), lower.into()));
    if writable {
        acts.push(configure(FSCONFIG_SET_STRING, "upperdir".into(), UPPER.into()));
        acts.push(configure(FSCONFIG_SET_STRING, "workdir".into(), WORK.into()));
    }
    acts.push(configure(FSCONFIG_SET_FLAG, "userxattr".into(), Value::Zero));
    acts.push(configure(FSCONFIG_CMD_CREATE, Value::Zero, Value::Zero));
    let mount = [Slot::Context.into(), FSMOUNT_CLOEXEC.into(), attributes.into()];
    acts.push(Call::new(number::fsmount, mount).keep(to).into());
    acts.push(Call::new(number::close, [Slot::Context.into()]).into());
    acts
}
