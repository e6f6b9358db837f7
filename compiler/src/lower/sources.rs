//! What the tree is made of: opened, or made, while the old root is there.

use super::Launch;
use super::linux::*;
use super::mount_calls::*;
use super::mounts::Entry;
use super::nodes::{device, directory, socket};
use super::refusals::*;
use super::step::{Call, Fact, Phase, Slot, Step};
use crate::policy::{MountKind, Propagation, Root, View};
use crate::source::Span;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Promise;
use std::fmt::Display;

/// The first letters of a file of the scratch file system.
const EMPTY_FILE: &str = "empty";
/// Its empty directory.
const EMPTY_DIRECTORY: &str = "none";

impl Launch<'_> {
    /// Opens what the tree is made of while paths still lead to the host.
    pub(super) fn sources(self) -> Vec<Step> {
        let mut steps = if self.joins_mount() { Vec::new() } else { self.open_targets(Phase::Sources) };
        if !self.has_own_mounts() {
            return steps;
        }
        let filesystem = &self.policy.filesystem;
        if let Root::Rootfs(path) | Root::Overlay(path) = &filesystem.root.value
            && filesystem.root_idmap.is_none()
        {
            steps.push(
                self.source_step("open root", path, self.root_span())
                    .act(open_tree(path.as_str().into()).keep(Slot::Root))
                    .acts(directory(Slot::Root))
                    .act(set_attributes(Slot::Root.into(), "", attributes(false, true), 0)),
            );
        }
        steps.extend(self.entries().filter_map(|entry| self.open_source(entry)));
        steps.extend(self.entries().flat_map(|entry| self.open_layers(entry)));
        steps
    }

    /// Inline files and masks, made by whoever owns the tree while the old root is still there to attach them to.
    pub(super) fn inline(self) -> Vec<Step> {
        let inline: Vec<Step> = self.entries().filter_map(|entry| self.make_inline(entry)).collect();
        if inline.is_empty() {
            return inline;
        }
        [self.make_scratch()].into_iter().chain(inline).chain([self.leave_scratch()]).collect()
    }

    pub(super) fn source_step(self, verb: &str, path: impl Display, span: Span) -> Step {
        Step::new(Phase::Sources, format!("{verb} {path}"), span)
            .promise(Promise::Mounts)
            .needs(&[Fact::OwnMounts, Fact::HostPaths, Fact::Capabilities])
            .note(EMFILE.into(), DESCRIPTORS_USED_UP)
    }

    pub(super) fn inline_step(self, verb: &str, path: &str, span: Span) -> Step {
        Step::new(Phase::Root, format!("{verb} {path}"), span)
            .promise(Promise::Mounts)
            .needs(&[Fact::OwnMounts, Fact::HostPaths, Fact::Capabilities])
            .note(EPERM.into(), MOUNT_REFUSED)
            .note(EACCES.into(), MOUNT_REFUSED)
            .note(EMFILE.into(), DESCRIPTORS_USED_UP)
    }

    /// A file system in memory, attached to the old root until that goes: a tree cannot be cloned out of a detached one
    /// before Linux 6.15.
    fn make_scratch(self) -> Step {
        let directory = [Slot::Scratch.into(), EMPTY_DIRECTORY.into(), 0o555.into()];
        let file = [Slot::Scratch.into(), EMPTY_FILE.into(), (S_IFREG | 0o444).into()];
        self.inline_step("make", "inline files", self.root_span())
            .acts(new_file_system("tmpfs", &[("mode", "0755")], PLAIN | MOUNT_ATTR_NOEXEC, Slot::Scratch))
            .act(attach(Slot::Scratch))
            .act(Call::new(number::mkdirat, directory))
            .act(Call::new(number::mknodat, file))
    }

    /// Nothing may stand over the old root when that goes.
    fn leave_scratch(self) -> Step {
        Step::new(Phase::Root, "leave inline files", self.root_span())
            .act(Call::new(number::fchdir, [Slot::Scratch.into()]))
            .act(Call::new(number::umount2, [".".into(), MNT_DETACH.into()]))
            .act(Call::new(number::chdir, ["/".into()]))
            .act(Call::new(number::close, [Slot::Scratch.into()]))
    }

    /// Opens what goes on hearing of the host's mounts; what is private by then never does.
    pub(super) fn slaves(self) -> Vec<Step> {
        let open = |entry: Entry| {
            let MountKind::Bind { source, propagation: Propagation::Slave, idmap: None, .. } =
                &entry.mount.kind
            else {
                return None;
            };
            let step = Step::new(Phase::Inside, format!("open {source}"), entry.mount.span);
            Some(open_bind(step, &entry).needs(&[Fact::HostPaths, Fact::Capabilities]))
        };
        let entries = self.has_own_mounts().then(|| self.entries());
        entries.into_iter().flatten().filter_map(open).collect()
    }

    fn open_source(self, entry: Entry) -> Option<Step> {
        let Entry { number, mount, .. } = entry;
        let source = Slot::Source(number);
        Some(match &mount.kind {
            // With an idmap it was opened outside, and a slave before the mounts were private.
            MountKind::Bind { source: path, propagation: Propagation::Private, idmap: None, .. } => {
                open_bind(self.source_step("open", path, mount.span), &entry)
            }
            MountKind::Device { source: path, number, optional } => {
                self.source_step("open", path, mount.span).acts(device(path, source, *number, *optional))
            }
            MountKind::Socket { source: path, optional } => {
                self.source_step("open", path, mount.span).acts(socket(path, source, *optional))
            }
            MountKind::View(view) => self.view(*view, source, mount.span),
            MountKind::Proc { subset } => {
                // Pid 1 has been the launcher, and processes of other ids are none of the program's business.
                let hidden = ("hidepid", "invisible");
                let parameters: &[(&str, &str)] =
                    if *subset { &[hidden, ("subset", "pid")] } else { &[hidden] };
                // While the old root's proc is visible: a user namespace may not mount one that shows more.
                self.source_step("make", "proc", mount.span)
                    .acts(new_file_system("proc", parameters, PLAIN | MOUNT_ATTR_NOEXEC, source))
                    .note(EPERM.into(), if self.joins_pid() { VIEW_OF_JOINED_REFUSED } else { PROC_REFUSED })
            }
            _ => return None,
        })
    }

    /// A file system of the kernel, made as early as proc and for the same reason.
    fn view(self, view: View, source: Slot, span: Span) -> Step {
        let namespaces = &self.policy.namespaces;
        let (kind, attributes, shown, refused) = match view {
            View::MessageQueues => ("mqueue", 0, &namespaces.ipc, MOUNT_REFUSED),
            View::Devices => ("sysfs", MOUNT_ATTR_RDONLY, &namespaces.network, SYSFS_REFUSED),
            View::Cgroups { writable } => {
                let attributes = if writable { 0 } else { MOUNT_ATTR_RDONLY };
                ("cgroup2", attributes, &namespaces.cgroup, MOUNT_REFUSED)
            }
        };
        let refused = if shown.value.is_joined() { VIEW_OF_JOINED_REFUSED } else { refused };
        self.source_step("make", kind, span)
            .acts(new_file_system(kind, &[], PLAIN | MOUNT_ATTR_NOEXEC | attributes, source))
            .note(EPERM.into(), refused)
    }

    /// A mount of the scratch file system, for an entry that is not a file in a directory that is closed later.
    fn make_inline(self, entry: Entry) -> Option<Step> {
        let Entry { number, destination, mount } = entry;
        let source = Slot::Source(number);
        Some(match &mount.kind {
            MountKind::Mask { .. } => {
                let clone = |name, slot| open_tree_at(Slot::Scratch.into(), name).keep(slot);
                let close = |slot: Slot| set_attributes(slot.into(), "", MOUNT_ATTR_RDONLY, 0);
                let file = Slot::EmptyFile(number);
                self.inline_step("prepare mask of", destination, mount.span)
                    .act(clone(EMPTY_DIRECTORY, source))
                    .act(close(source))
                    .act(clone(EMPTY_FILE, file))
                    .act(close(file))
            }
            MountKind::Text { content, mode } if !self.is_written_in_place(&entry) => {
                let name = format!("text{number}");
                self.inline_step("write text for", destination, mount.span)
                    .acts(write_file(Slot::Scratch.into(), &name, content, *mode))
                    .act(open_tree_at(Slot::Scratch.into(), &name).keep(source))
                    .act(set_attributes(source.into(), "", MOUNT_ATTR_RDONLY, 0))
            }
            _ => return None,
        })
    }
}

/// A bind's source, as closed as the spec says.
fn open_bind(step: Step, entry: &Entry) -> Step {
    let MountKind::Bind { source: path, writable, executable, optional, propagation, .. } = &entry.mount.kind
    else {
        return step;
    };
    let attributes = attributes(*writable, *executable);
    // A private one is so from the tree that it is copied from.
    let propagation = if *propagation == Propagation::Slave { MS_SLAVE } else { 0 };
    let source = Slot::Source(entry.number);
    let close = vec![set_attributes(source.into(), "", attributes, propagation).into()];
    step.promise(Promise::Mounts).acts(open_source(path, source, *optional, close))
}
