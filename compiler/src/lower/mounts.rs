//! The tree: what comes from the old root is opened first, then the old root goes, then everything is put in place.
//!
//! Nothing of the host can be reached by path while the tree is populated, so no destination can lead outside. Entries are
//! placed in the order of their paths, parents first, so the result does not depend on the order of the spec.

use super::Launch;
use super::linux::*;
use super::mount_calls::*;
use super::nodes::{device, socket};
use super::refusals::*;
use super::step::{Act, Call, Fact, Phase, Slot, Step, Value};
use crate::policy::{Mount, MountKind, Namespace, Owner, Root, View};
use crate::source::Span;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise};
use std::collections::BTreeSet;
use std::fmt::Display;

/// The first letters of a file of the scratch file system.
const EMPTY_FILE: &str = "empty";
/// Its empty directory.
const EMPTY_DIRECTORY: &str = "none";

/// One entry, with the number of its slots.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) number: u16,
    pub(super) destination: &'a str,
    pub(super) mount: &'a Mount,
}

impl<'a> Launch<'a> {
    pub(super) fn has_own_mounts(self) -> bool {
        self.policy.namespaces.mount.value == Namespace::New
    }

    pub(super) fn entries(self) -> impl Iterator<Item = Entry<'a>> {
        let numbered = (0..).zip(&self.policy.filesystem.mounts);
        numbered.map(|(number, (destination, mount))| Entry { number, destination, mount })
    }

    fn root_span(self) -> Span {
        self.policy.filesystem.root.span
    }

    /// Whether everything below a host's root may become read-only before anything is cloned from it.
    fn closes_early(self) -> bool {
        let writable = |entry: Entry| matches!(entry.mount.kind, MountKind::Bind { writable: true, .. });
        self.policy.filesystem.root.value == Root::Host && !self.entries().any(writable)
    }

    /// No mount of the sandbox is seen outside, and none of the outside comes in.
    pub(super) fn own_mounts(self) -> Option<Step> {
        let attributes = if self.closes_early() { MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID } else { 0 };
        self.has_own_mounts().then(|| {
            Step::new(Phase::Inside, "make mounts private", self.root_span())
                .promise(Promise::Root)
                .needs(&[Fact::Capabilities])
                .gives(&[Fact::OwnMounts])
                .act(set_attributes(AT_FDCWD.into(), "/", attributes, MS_PRIVATE))
                .note(EPERM.into(), MOUNT_REFUSED)
                .note(EACCES.into(), MOUNT_REFUSED)
                .note(ENOSYS.into(), MOUNT_API_MISSING)
        })
    }

    /// Opens what the tree is made of while paths still lead to the host.
    pub(super) fn sources(self) -> Vec<Step> {
        let mut steps = self.open_targets();
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
                    .act(set_attributes(Slot::Root.into(), "", attributes(false, true), 0)),
            );
        }
        steps.extend(self.entries().filter_map(|entry| self.open_source(entry)));
        steps.extend(self.entries().flat_map(|entry| self.open_layers(entry)));
        steps
    }

    /// Inline files and masks, made by whoever owns the tree while the old root is still there to attach them to.
    fn inline(self) -> Vec<Step> {
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
            .note(ENOSYS.into(), MOUNT_API_MISSING)
    }

    pub(super) fn inline_step(self, verb: &str, path: &str, span: Span) -> Step {
        Step::new(Phase::Root, format!("{verb} {path}"), span)
            .promise(Promise::Mounts)
            .needs(&[Fact::OwnMounts, Fact::HostPaths, Fact::Capabilities])
            .note(EPERM.into(), MOUNT_REFUSED)
            .note(EACCES.into(), MOUNT_REFUSED)
    }

    fn owner_of(self, entry: &Entry) -> Owner {
        self.policy.filesystem.owner(entry.destination)
    }

    fn is_written_in_place(self, entry: &Entry) -> bool {
        self.owner_of(entry) == Owner::Sealed
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

    fn open_source(self, entry: Entry) -> Option<Step> {
        let Entry { number, mount, .. } = entry;
        let source = Slot::Source(number);
        Some(match &mount.kind {
            // Opened outside.
            MountKind::Bind { idmap: Some(_), .. } => return None,
            MountKind::Bind { source: path, writable, executable, optional, idmap: None } => {
                let attributes = attributes(*writable, *executable);
                let close = vec![set_attributes(source.into(), "", attributes, 0).into()];
                self.source_step("open", path, mount.span).acts(open_source(path, source, *optional, close))
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
                    .note(EPERM.into(), PROC_REFUSED)
            }
            _ => return None,
        })
    }

    /// A file system of the kernel, made as early as proc and for the same reason.
    fn view(self, view: View, source: Slot, span: Span) -> Step {
        let (kind, attributes) = match view {
            View::MessageQueues => ("mqueue", 0),
            View::Devices => ("sysfs", MOUNT_ATTR_RDONLY),
            View::Cgroups => ("cgroup2", MOUNT_ATTR_RDONLY),
        };
        self.source_step("make", kind, span)
            .acts(new_file_system(kind, &[], PLAIN | MOUNT_ATTR_NOEXEC | attributes, source))
            .note(EPERM.into(), if view == View::Devices { SYSFS_REFUSED } else { MOUNT_REFUSED })
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

    /// The new root, and everything in it.
    pub(super) fn tree(self) -> Vec<Step> {
        if !self.has_own_mounts() {
            return Vec::new();
        }
        let mut steps = self.inline();
        steps.extend(self.entries().filter_map(|entry| self.make_overlay(entry)));
        match self.policy.filesystem.root.value {
            Root::Host => steps.extend(self.close_host_root()),
            Root::Empty => steps.extend([self.make_root(), self.change_root()]),
            Root::Rootfs(_) => steps.push(self.change_root()),
            Root::Overlay(_) => steps.extend([self.overlay_root(), self.change_root()]),
        }
        let mut made = BTreeSet::new();
        let mut pinned = BTreeSet::new();
        for entry in self.entries() {
            let mut parents = self.make_parents(&entry, &mut made);
            if self.owner_of(&entry) != Owner::Sealed && !parents.is_empty() {
                // What protects is mounted on them, so they are made before that.
                let step = self.mount_step("make what leads to", entry.destination, entry.mount.span);
                steps.push(step.acts(parents.drain(..)));
            }
            steps.extend(self.pin_parents(&entry, &mut pinned));
            steps.push(self.place(entry, parents));
        }
        if self.policy.filesystem.root.value == Root::Empty {
            steps.push(self.close("/", self.root_span()));
        }
        let own = self.entries().filter(|entry| self.is_mounted_directory(entry));
        steps.extend(own.map(|entry| self.close(entry.destination, entry.mount.span)));
        steps
    }

    fn root_step(self, words: &str) -> Step {
        Step::new(Phase::Root, words, self.root_span())
            .promise(Promise::Root)
            .needs(&[Fact::OwnMounts, Fact::Capabilities])
            .note(EPERM.into(), MOUNT_REFUSED)
            .note(EACCES.into(), MOUNT_REFUSED)
    }

    fn make_root(self) -> Step {
        self.root_step("make an empty root")
            .acts(new_file_system("tmpfs", &[("mode", "0755")], PLAIN, Slot::Root))
            .gives(&[Fact::RootWritable])
    }

    /// pivot_root(2) without a directory for the old root: it is stacked on the new one and detached.
    fn change_root(self) -> Step {
        let how = open_how(O_PATH | O_CLOEXEC, RESOLVE_NO_XDEV);
        let above = [AT_FDCWD.into(), "/..".into(), how.into(), 24.into()];
        self.root_step("change the root")
            .gives(&[Fact::NewRoot])
            .takes(&[Fact::HostPaths])
            .act(attach(Slot::Root))
            .act(Call::new(number::fchdir, [Slot::Root.into()]))
            .act(Call::new(number::pivot_root, [".".into(), ".".into()]))
            .act(Call::new(number::umount2, [".".into(), MNT_DETACH.into()]))
            .act(Call::new(number::chdir, ["/".into()]))
            .act(Call::new(number::close, [Slot::Root.into()]))
            .note(EINVAL.into(), PIVOT_REFUSED)
            // A mount that stood over the old root would have been detached in its place, and `..` would lead there.
            .act(Call::new(number::openat2, above).keep(Slot::File))
            .act(Call::new(number::close, [Slot::File.into()]))
            .note(EXDEV.into(), ROOT_COVERED)
    }

    /// The host's tree stays, read-only; the mounts then go over it.
    fn close_host_root(self) -> Option<Step> {
        let close = set_attributes(AT_FDCWD.into(), "/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0);
        (!self.closes_early()).then(|| self.root_step("make the root read-only").act(close))
    }

    fn close(self, path: &str, span: Span) -> Step {
        let mut close = set_attributes(AT_FDCWD.into(), path, MOUNT_ATTR_RDONLY, 0);
        // Only this mount: what is mounted in it has its own flags.
        close.arguments[2] = Value::Zero;
        Step::new(Phase::Seal, format!("make {path} read-only"), span)
            .promise(Promise::Root)
            .needs(&[Fact::Capabilities])
            .takes(if path == "/" { &[Fact::RootWritable] } else { &[] })
            .act(close)
    }

    /// Whether a directory stands over somebody else's tree, instead of being made in the sandbox's own.
    fn is_mounted_directory(self, entry: &Entry) -> bool {
        let foreign = matches!(self.owner_of(entry), Owner::Foreign | Owner::Overlaid);
        foreign && matches!(entry.mount.kind, MountKind::Directory { .. })
    }

    /// Directories that have to be there for a destination, in trees that are the sandbox's own.
    fn make_parents(self, entry: &Entry, made: &mut BTreeSet<String>) -> Vec<Act> {
        made.insert(entry.destination.to_owned());
        if self.owner_of(entry) == Owner::Foreign {
            return Vec::new();
        }
        let container = self.policy.filesystem.container(entry.destination).unwrap_or("");
        let parents = parents(entry.destination).filter(|parent| parent.len() > container.len());
        let missing = parents.filter(|parent| made.insert((*parent).to_owned()));
        let there = self.owner_of(entry) == Owner::Overlaid;
        missing.map(|parent| unless_there(make_directory(parent), there, 0).into()).collect()
    }

    /// Above an entry that a writable grant must not be able to move aside, every directory up to the outermost such grant
    /// becomes a mount, which rename(2) refuses to move.
    fn pin_parents(self, entry: &Entry, pinned: &mut BTreeSet<String>) -> Vec<Step> {
        let mounts = &self.policy.filesystem.mounts;
        let is_writable = |path: &str| mounts.get(path).is_some_and(|mount| mount.kind.is_writable());
        let outermost = match self.policy.filesystem.root.value {
            Root::Overlay(_) => Some(""),
            _ => parents(entry.destination).find(|parent| is_writable(parent)),
        };
        let (Some(grant), false) = (outermost, entry.mount.kind.is_writable()) else { return Vec::new() };
        let between = parents(entry.destination)
            .filter(|parent| parent.len() > grant.len() && !mounts.contains_key(*parent));
        let optional = entry.mount.kind.is_optional();
        let mut steps = Vec::new();
        for parent in between {
            // A slot of its own: what is not there must not be taken for what another pin found.
            let place = Slot::Pin(u16::try_from(pinned.len()).unwrap_or(u16::MAX));
            if pinned.insert(parent.to_owned()) {
                steps.push(self.cover_with_itself(entry, parent, place, 0, optional));
            }
        }
        steps
    }

    /// Mounts what is at `path` on itself, with more attributes.
    fn cover_with_itself(
        self,
        entry: &Entry,
        path: &str,
        place: Slot,
        attributes: u32,
        optional: bool,
    ) -> Step {
        let tree = Slot::Cover;
        let mut acts: Vec<Act> = vec![open_tree_at(place.into(), "").keep(tree).into()];
        if attributes != 0 {
            acts.push(set_attributes(tree.into(), "", attributes, 0).into());
        }
        acts.push(move_onto(tree, place).into());
        acts.push(Call::new(number::close, [tree.into()]).into());
        acts.push(Call::new(number::close, [place.into()]).into());
        let verb = if attributes == 0 { "pin" } else { "seal" };
        self.mount_step(verb, path, entry.mount.span)
            .act(resolve(path, place, optional))
            .acts(optionally(place, optional, acts))
    }

    fn mount_step(self, verb: &str, path: &str, span: Span) -> Step {
        Step::new(Phase::Mounts, format!("{verb} {path}"), span)
            .promise(Promise::Mounts)
            .needs(&[Fact::OwnMounts, Fact::Capabilities])
            .note(ENOENT.into(), NO_MOUNT_POINT)
            .note(ELOOP.into(), SYMLINK_ON_THE_WAY)
    }

    /// Puts an entry in its place.
    fn place(self, entry: Entry, parents: Vec<Act>) -> Step {
        let Entry { number, destination, mount } = entry;
        let source = Slot::Source(number);
        let step = |verb| self.mount_step(verb, destination, mount.span);
        match &mount.kind {
            MountKind::Bind { optional, .. } => {
                let acts = optionally(source, *optional, self.put(&entry, None));
                step("mount").acts(parents).acts(acts)
            }
            MountKind::Device { optional, .. } | MountKind::Socket { optional, .. } => {
                let acts = optionally(source, *optional, self.put(&entry, Some(false)));
                step("mount").acts(parents).acts(acts)
            }
            MountKind::Proc { .. } | MountKind::View(_) | MountKind::Overlay { .. } => {
                step("mount").acts(parents).acts(self.put(&entry, Some(true)))
            }
            MountKind::Tmpfs { size, mode, executable } => {
                let attributes = PLAIN | if *executable { 0 } else { MOUNT_ATTR_NOEXEC };
                self.memory(step("mount"), &entry, parents, *size, *mode, attributes)
            }
            MountKind::Terminals => {
                step("mount").acts(terminals(source)).acts(parents).acts(self.put(&entry, Some(true)))
            }
            MountKind::Directory { mode, .. } if self.is_mounted_directory(&entry) => {
                self.memory(step("mount"), &entry, parents, None, *mode, PLAIN | MOUNT_ATTR_NOEXEC)
            }
            MountKind::Directory { mode, of_program } => {
                let make = Call::new(number::mkdirat, [AT_FDCWD.into(), destination.into(), (*mode).into()]);
                let owner = self.owner().filter(|_| *of_program);
                step("make").acts(parents).act(make).acts(owner.map(|ids| give(destination, ids)))
            }
            MountKind::Symlink { target } => step("link").acts(parents).act(Call::new(
                number::symlinkat,
                [target.as_str().into(), AT_FDCWD.into(), destination.into()],
            )),
            MountKind::Text { content, mode } if self.is_written_in_place(&entry) => {
                step("write").acts(parents).acts(write_file(AT_FDCWD.into(), destination, content, *mode))
            }
            MountKind::Text { .. } => step("mount").acts(parents).acts(self.put(&entry, Some(false))),
            MountKind::Mask { optional } => self.mask(&entry, *optional),
            MountKind::Seal { optional } => self.cover_with_itself(
                &entry,
                destination,
                Slot::Destination(number),
                MOUNT_ATTR_RDONLY,
                *optional,
            ),
        }
    }

    /// A file system in memory at its destination.
    fn memory(
        self,
        step: Step,
        entry: &Entry,
        parents: Vec<Act>,
        size: Option<u64>,
        mode: u32,
        attributes: u32,
    ) -> Step {
        let of_builder = matches!(entry.mount.kind, MountKind::Directory { of_program: false, .. });
        let owner = self.owner().filter(|_| !of_builder);
        let parameters: Vec<(&str, String)> = [
            Some(("mode", format!("{mode:o}"))),
            size.map(|size| ("size", size.to_string())),
            owner.map(|(uid, _)| ("uid", uid.to_string())),
            owner.map(|(_, gid)| ("gid", gid.to_string())),
        ]
        .into_iter()
        .flatten()
        .collect();
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(key, value)| (*key, value.as_str())).collect();
        step.acts(new_file_system("tmpfs", &parameters, attributes, Slot::Source(entry.number)))
            .acts(parents)
            .acts(self.put(entry, Some(true)))
    }

    /// Moves an entry's source to its destination. In a tree of the sandbox's own the mount point is made, a directory or a
    /// file, as the source is when that is not known; in anybody else's it must be there.
    fn put(self, entry: &Entry, directory: Option<bool>) -> Vec<Act> {
        let (source, place) = (Slot::Source(entry.number), Slot::Destination(entry.number));
        let path = entry.destination;
        let mut acts = Vec::new();
        let owner = self.owner_of(entry);
        if owner == Owner::Overlaid {
            acts.extend(make_mount_point(path, source, directory, true));
        }
        if matches!(owner, Owner::Foreign | Owner::Overlaid) {
            acts.push(resolve(path, place, false));
            acts.push(move_onto(source, place).into());
            acts.push(Call::new(number::close, [place.into()]).into());
        } else {
            acts.extend(make_mount_point(path, source, directory, false));
            let to = [source.into(), "".into(), AT_FDCWD.into(), path.into(), MOVE_MOUNT_F_EMPTY_PATH.into()];
            acts.push(Call::new(number::move_mount, to).into());
        }
        acts.push(Call::new(number::close, [source.into()]).into());
        acts
    }

    /// Hides what is there with something empty of the same kind.
    fn mask(self, entry: &Entry, optional: bool) -> Step {
        let (place, directory) = (Slot::Destination(entry.number), Slot::Source(entry.number));
        let file = Slot::EmptyFile(entry.number);
        let duplicate = [file.into(), F_DUPFD_CLOEXEC.into(), Value::Zero];
        // The directory's slot holds what is moved: for anything but a directory the file's descriptor takes its place.
        let acts = vec![
            stat(place),
            type_is(Comparison::NotEqual, S_IFDIR),
            Call::new(number::fcntl, duplicate).keep(directory).into(),
            move_onto(directory, place).into(),
            Call::new(number::close, [place.into()]).into(),
        ];
        self.mount_step("mask", entry.destination, entry.mount.span)
            .act(resolve(entry.destination, place, optional))
            .acts(optionally(place, optional, acts))
    }
}

/// The directories above a destination, outermost first, without `/`.
fn parents(destination: &str) -> impl Iterator<Item = &str> {
    destination.match_indices('/').skip(1).map(|(at, _)| &destination[..at])
}
