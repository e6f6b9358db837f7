//! The tree: what comes from the old root is opened first, then the old root goes, then everything is put in place.
//!
//! Nothing of the host can be reached by path while the tree is populated, so no destination can lead outside. Entries are
//! placed in the order of their paths, parents first, so the result does not depend on the order of the spec.

use super::Launch;
use super::linux::*;
use super::nodes::{device, socket};
use super::refusals::*;
use super::step::{Act, Buffer, Call, Else, Fact, Part, Phase, Place, Slot, Step, Value};
use crate::policy::{Mount, MountKind, Namespace, Owner, Root, TextPart, View};
use crate::source::Span;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise, Then};
use std::collections::BTreeSet;

/// What every mount of the sandbox is: set-user-ID bits and device nodes have no effect in it.
pub(super) const PLAIN: u32 = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
/// The mode of directories that are made for mount points.
const DIRECTORY_MODE: u32 = 0o755;
/// The mode of files that are made for mount points.
const FILE_MODE: u32 = S_IFREG | 0o444;
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
    fn has_own_mounts(self) -> bool {
        self.policy.namespaces.mount.value == Namespace::New
    }

    fn entries(self) -> impl Iterator<Item = Entry<'a>> {
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
        if let Root::Rootfs(path) | Root::Overlay(path) = &self.policy.filesystem.root.value {
            let attributes = MOUNT_ATTR_RDONLY | PLAIN;
            steps.push(
                self.source_step("open root", path, self.root_span())
                    .act(open_tree(path).keep(Slot::Root))
                    .act(set_attributes(Slot::Root.into(), "", attributes, 0)),
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

    pub(super) fn source_step(self, verb: &str, path: &str, span: Span) -> Step {
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
            MountKind::Bind { source: path, writable, executable, optional } => {
                let mut attributes = PLAIN;
                attributes |= if *writable { 0 } else { MOUNT_ATTR_RDONLY };
                attributes |= if *executable { 0 } else { MOUNT_ATTR_NOEXEC };
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

/// `acts`, unless an optional thing was not there.
pub(super) fn optionally(slot: Slot, optional: bool, acts: Vec<Act>) -> Vec<Act> {
    let check = optional.then(|| is_set(slot, acts.len()));
    check.into_iter().chain(acts).collect()
}

/// Opens a source of the host, and does what has to be done with it when it is there.
pub(super) fn open_source(path: &str, to: Slot, optional: bool, then: Vec<Act>) -> Vec<Act> {
    let open = open_tree(path).keep(to);
    let open = if optional { open.on(ENOENT, Then::Continue) } else { open };
    [Act::from(open)].into_iter().chain(optionally(to, optional, then)).collect()
}

/// Passes when a descriptor was opened; else the spec's optional acts are skipped.
fn is_set(slot: Slot, acts: usize) -> Act {
    Act::Check {
        place: Place::Slot(slot),
        mask: 0xffff_ffff,
        comparison: Comparison::NotEqual,
        value: u32::MAX.into(),
        otherwise: Else::SkipOptional(u16::try_from(acts).unwrap_or(u16::MAX)),
    }
}

/// open_tree(2): a copy of the mounts at a path of the host, whose symlinks are followed.
pub(super) fn open_tree(path: &str) -> Call {
    open_tree_at(AT_FDCWD.into(), path)
}

/// Recursive always: within a user namespace a part of a tree of mounts cannot be copied alone.
fn open_tree_at(directory: Value, path: &str) -> Call {
    let empty = if path.is_empty() { AT_EMPTY_PATH } else { 0 };
    let flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | empty;
    Call::new(number::open_tree, [directory, path.into(), flags.into()])
}

/// mount_setattr(2) for the whole tree of mounts at a place.
pub(super) fn set_attributes(directory: Value, path: &str, attributes: u32, propagation: u64) -> Call {
    let empty = if path.is_empty() { AT_EMPTY_PATH } else { 0 };
    let structure = mount_attributes(attributes, propagation);
    Call::new(
        number::mount_setattr,
        [directory, path.into(), (AT_RECURSIVE | empty).into(), structure.into(), 32.into()],
    )
}

/// Puts a mount over the old root, where only a descriptor finds it.
pub(super) fn attach(tree: Slot) -> Call {
    let to = [tree.into(), "".into(), AT_FDCWD.into(), "/".into(), MOVE_MOUNT_F_EMPTY_PATH.into()];
    Call::new(number::move_mount, to)
}

fn move_onto(tree: Slot, place: Slot) -> Call {
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    Call::new(number::move_mount, [tree.into(), "".into(), place.into(), "".into(), flags.into()])
}

/// statx(2) of an open file, for its type and device number.
pub(super) fn stat(slot: Slot) -> Act {
    let arguments = [slot.into(), "".into(), AT_EMPTY_PATH.into(), STATX_TYPE.into(), Buffer::Answer.into()];
    Call::new(number::statx, arguments).into()
}

/// Looks at the answer of [`stat`]; otherwise the next act is skipped.
fn type_is(comparison: Comparison, file_type: u32) -> Act {
    Act::Check {
        place: Place::Buffer(Buffer::Answer, STATX_MODE),
        mask: S_IFMT.into(),
        comparison,
        value: file_type.into(),
        otherwise: Else::Skip(1),
    }
}

/// fsopen(2) to fsmount(2): a new file system, not attached yet.
pub(super) fn new_file_system(
    kind: &str,
    parameters: &[(&str, &str)],
    attributes: u32,
    to: Slot,
) -> Vec<Act> {
    let configure = |command: u32, key: Value, value: Value| {
        Call::new(number::fsconfig, [Slot::Context.into(), command.into(), key, value]).into()
    };
    let mut acts: Vec<Act> =
        vec![Call::new(number::fsopen, [kind.into(), FSOPEN_CLOEXEC.into()]).keep(Slot::Context).into()];
    let set = |(key, value): &(&str, &str)| configure(FSCONFIG_SET_STRING, (*key).into(), (*value).into());
    acts.extend(parameters.iter().map(set));
    acts.push(configure(FSCONFIG_CMD_CREATE, Value::Zero, Value::Zero));
    let mount = [Slot::Context.into(), FSMOUNT_CLOEXEC.into(), attributes.into()];
    acts.push(Call::new(number::fsmount, mount).keep(to).into());
    acts.push(Call::new(number::close, [Slot::Context.into()]).into());
    acts
}

/// Every devpts is a new instance. Its ptmx belongs to who makes it, so it is made when the ids have a meaning; a terminal
/// belongs to who opens it. Its device nodes can be opened in a user namespace too.
fn terminals(to: Slot) -> Vec<Act> {
    let parameters = [("ptmxmode", "0666"), ("mode", "0620")];
    new_file_system("devpts", &parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, to)
}

/// openat2(2) in the sandbox's own root, through no symlink at all: whoever writes to that tree must not choose another place,
/// and no two destinations may be one.
fn resolve(path: &str, to: Slot, optional: bool) -> Act {
    let how = open_how(O_PATH | O_CLOEXEC, RESOLVE_NO_SYMLINKS);
    let open = Call::new(number::openat2, [AT_FDCWD.into(), path.into(), how.into(), 24.into()]).keep(to);
    if optional { open.on(ENOENT, Then::Continue) } else { open }.into()
}

pub(super) fn make_directory(path: &str) -> Call {
    Call::new(number::mkdirat, [AT_FDCWD.into(), path.into(), DIRECTORY_MODE.into()])
}

pub(super) fn give(path: &str, (uid, gid): (u32, u32)) -> Act {
    let flags = AT_SYMLINK_NOFOLLOW.into();
    Call::new(number::fchownat, [AT_FDCWD.into(), path.into(), uid.into(), gid.into(), flags]).into()
}

/// A directory or a file to mount on, as the source is when that is not known; it may be there already or not.
fn make_mount_point(path: &str, source: Slot, directory: Option<bool>, may_exist: bool) -> Vec<Act> {
    let file = Call::new(number::mknodat, [AT_FDCWD.into(), path.into(), FILE_MODE.into()]);
    let file = unless_there(file, may_exist, 0).into();
    match directory {
        Some(true) => vec![unless_there(make_directory(path), may_exist, 0).into()],
        Some(false) => vec![file],
        None => vec![
            stat(source),
            type_is(Comparison::Equal, S_IFDIR),
            unless_there(make_directory(path), may_exist, 1).then_skip(1).into(),
            file,
        ],
    }
}

/// When it may be there already, then that is as good, and as many acts are skipped as after a success.
fn unless_there(make: Call, may_exist: bool, skip: u8) -> Call {
    match (may_exist, skip) {
        (false, _) => make,
        (true, 0) => make.on(EEXIST, Then::Continue),
        (true, skip) => make.on(EEXIST, Then::Skip(skip)),
    }
}

/// A new file with this content.
fn write_file(directory: Value, path: &str, content: &[TextPart], mode: u32) -> Vec<Act> {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    let open = [directory, path.into(), flags.into(), mode.into()];
    let mut acts = vec![Call::new(number::openat, open).keep(Slot::File).into()];
    let (bytes, length) = if let [TextPart::Literal(text)] = content {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        (Value::Bytes(text.as_bytes().to_vec()), length.into())
    } else {
        let part = |part: &TextPart| match part {
            TextPart::Literal(text) => Part::Literal(text.clone()),
            TextPart::CallerUid => Part::Decimal(Slot::Uid),
            TextPart::CallerGid => Part::Decimal(Slot::Gid),
        };
        acts.push(Act::Text(content.iter().map(part).collect()));
        (Buffer::Text.into(), Slot::Length.into())
    };
    acts.push(Call::new(number::write, [Slot::File.into(), bytes, length]).equals(2).into());
    acts.push(Call::new(number::close, [Slot::File.into()]).into());
    acts
}
