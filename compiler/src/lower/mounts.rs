//! The tree: what comes from the old root is opened first, then the old root goes, then everything is put in place.
//!
//! Nothing of the host can be reached by path while the tree is populated, so no destination can lead outside. Entries are
//! placed in the order of their paths, parents first, so the result does not depend on the order of the spec.

use super::Launch;
use super::joined_user::give_terminals;
use super::linux::*;
use super::mount_calls::*;
use super::nodes::{device, directory, socket};
use super::refusals::*;
use super::spot::Spot;
use super::step::{Act, Call, Fact, Phase, Slot, Step};
use crate::policy::{Mount, MountKind, Namespace, Owner, Propagation, Root, View};
use crate::source::Span;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Promise;
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
        })
    }

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
            let close = set_attributes(Slot::Root.into(), "", attributes(false, true), 0);
            let then = directory(Slot::Root).into_iter().chain([close.into()]).collect();
            let step = self.source_step("open root", path, self.root_span());
            steps.push(self.open_source(step, &path.as_str().into(), Slot::Root, false, then));
        }
        steps.extend(self.entries().filter_map(|entry| self.open_entry(entry)));
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

    fn owner_of(self, entry: &Entry) -> Owner {
        self.nesting.owner(entry)
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

    /// Opens what goes on hearing of the host's mounts; what is private by then never does.
    pub(super) fn slaves(self) -> Vec<Step> {
        let open = |entry: Entry| {
            let MountKind::Bind { source, propagation: Propagation::Slave, idmap: None, .. } =
                &entry.mount.kind
            else {
                return None;
            };
            let step = Step::new(Phase::Inside, format!("open {source}"), entry.mount.span);
            Some(self.open_bind(step, &entry).needs(&[Fact::HostPaths, Fact::Capabilities]))
        };
        let entries = self.has_own_mounts().then(|| self.entries());
        entries.into_iter().flatten().filter_map(open).collect()
    }

    fn open_entry(self, entry: Entry) -> Option<Step> {
        let Entry { number, mount, .. } = entry;
        let source = Slot::Source(number);
        let step = |path| self.source_step("open", path, mount.span);
        Some(match &mount.kind {
            // With an idmap it was opened outside, and a slave before the mounts were private.
            MountKind::Bind { source: path, propagation: Propagation::Private, idmap: None, .. } => {
                self.open_bind(step(path), &entry)
            }
            MountKind::Device { source: path, number, optional } => {
                self.open_source(step(path), path, source, *optional, device(source, *number))
            }
            MountKind::Socket { source: path, optional } => {
                self.open_source(step(path), path, source, *optional, socket(source))
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
        let (mut pins, mut pinned) = (self.pins(), 0);
        for entry in self.entries() {
            let mut parents = self.make_parents(&entry, &mut made);
            if self.owner_of(&entry) != Owner::Sealed && !parents.is_empty() {
                // What protects is mounted on them, so they are made before that.
                let step = self.mount_step("make what leads to", entry.destination, entry.mount.span);
                steps.push(step.acts(parents.drain(..)));
            }
            steps.extend(self.pin_parents(&entry, &mut pins, &mut pinned));
            steps.extend(self.make_memory(&entry));
            steps.push(self.place(entry, parents));
        }
        if self.policy.filesystem.root.value == Root::Empty {
            let close = self.close("/", self.root_span()).takes(&[Fact::RootWritable]);
            steps.push(close.act(set_alone(AT_FDCWD.into(), "/", MOUNT_ATTR_RDONLY)));
        }
        let own = self.entries().filter(|entry| self.is_mounted_directory(entry));
        steps.extend(own.map(|entry| self.close_directory(&entry)));
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
        Step::new(Phase::Seal, format!("make {path} read-only"), span)
            .promise(Promise::Root)
            .needs(&[Fact::Capabilities])
    }

    fn close_directory(self, entry: &Entry) -> Step {
        let directory = Slot::Source(entry.number);
        self.close(entry.destination, entry.mount.span)
            .act(set_alone(directory.into(), "", MOUNT_ATTR_RDONLY))
            .act(Call::new(number::close, [directory.into()]))
    }

    /// Whether a directory stands over somebody else's tree, instead of being made in the sandbox's own.
    pub(super) fn is_mounted_directory(self, entry: &Entry) -> bool {
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
        let make = |spot: Spot| vec![unless_there(make_directory(&spot), there, 0).into()];
        missing.flat_map(|parent| self.make_at(parent, make)).collect()
    }

    pub(super) fn mount_step(self, verb: &str, path: &str, span: Span) -> Step {
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
        let put_there = || {
            let mut step = step("mount").note(EINVAL.into(), ANOTHER_KIND);
            if !mount.kind.sources().is_empty() {
                // In a tree of the sandbox's own nothing else can be missing.
                step.notes.retain(|(errno, _)| *errno != u32::from(ENOENT));
                let own = self.owner_of(&entry) == Owner::Sealed;
                step = step.note(ENOENT.into(), if own { SOURCE_REPLACED } else { REPLACED_OR_NO_PLACE });
            }
            step
        };
        match &mount.kind {
            MountKind::Bind { optional, .. } => {
                let acts = optionally(source, *optional, self.put(&entry, None));
                put_there().acts(parents).acts(acts)
            }
            MountKind::Device { optional, .. } | MountKind::Socket { optional, .. } => {
                let acts = optionally(source, *optional, self.put(&entry, Some(false)));
                put_there().acts(parents).acts(acts)
            }
            MountKind::Proc { .. }
            | MountKind::View(_)
            | MountKind::Overlay { .. }
            | MountKind::Tmpfs { .. } => put_there().acts(parents).acts(self.put(&entry, Some(true))),
            MountKind::Directory { .. } if self.is_mounted_directory(&entry) => {
                put_there().acts(parents).acts(self.put(&entry, Some(true)))
            }
            MountKind::Terminals => {
                let owned = self.joins_user_late().then(|| give_terminals(source)).into_iter().flatten();
                put_there()
                    .acts(terminals(source))
                    .acts(owned)
                    .acts(parents)
                    .acts(self.put(&entry, Some(true)))
            }
            MountKind::Directory { mode, owner } => {
                let spot = self.spot(destination);
                let arguments = [spot.directory.clone(), spot.path.as_str().into(), (*mode).into()];
                let step = step("make").note(EINVAL.into(), OWNER_NOT_MAPPED);
                let make = Call::new(number::mkdirat, arguments);
                step.acts(parents).act(make).acts(give(&spot, self.owner_for(owner)))
            }
            MountKind::Symlink { target } => {
                let link = |Spot { directory, path }: Spot| {
                    let arguments = [target.as_str().into(), directory, path.as_str().into()];
                    vec![Call::new(number::symlinkat, arguments).into()]
                };
                step("link").acts(parents).acts(self.make_at(destination, link))
            }
            MountKind::Text { content, mode } if self.is_written_in_place(&entry) => {
                let Spot { directory, path } = self.spot(destination);
                step("write").acts(parents).acts(write_file(directory, &path, content, *mode))
            }
            MountKind::Text { .. } => put_there().acts(parents).acts(self.put(&entry, Some(false))),
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

    /// Moves an entry's source to its destination. In a tree of the sandbox's own the mount point is made, a directory or a
    /// file, as the source is when that is not known; in anybody else's it must be there.
    fn put(self, entry: &Entry, directory: Option<bool>) -> Vec<Act> {
        let (source, place) = (Slot::Source(entry.number), Slot::Destination(entry.number));
        let spot = self.spot(entry.destination);
        let mut acts = Vec::new();
        let owner = self.owner_of(entry);
        if owner == Owner::Overlaid {
            let make = |spot: Spot| make_mount_point(&spot, source, directory, true);
            acts.extend(self.make_at(entry.destination, make));
        }
        if matches!(owner, Owner::Foreign | Owner::Overlaid) {
            acts.push(spot.resolve(place, false));
            acts.push(move_onto(source, place).into());
            acts.push(Call::new(number::close, [place.into()]).into());
        } else {
            acts.extend(make_mount_point(&spot, source, directory, false));
            acts.push(move_to(source, &spot).into());
        }
        if !self.holds(entry) && !self.is_mounted_directory(entry) {
            acts.push(Call::new(number::close, [source.into()]).into());
        }
        acts
    }

    /// A bind's source, as closed as the spec says.
    fn open_bind(self, step: Step, entry: &Entry) -> Step {
        let MountKind::Bind { source: path, writable, executable, optional, propagation, .. } =
            &entry.mount.kind
        else {
            return step;
        };
        let attributes = attributes(*writable, *executable);
        // A private one is so from the tree that it is copied from.
        let propagation = if *propagation == Propagation::Slave { MS_SLAVE } else { 0 };
        let source = Slot::Source(entry.number);
        let close = vec![set_attributes(source.into(), "", attributes, propagation).into()];
        self.open_source(step.promise(Promise::Mounts), path, source, *optional, close)
    }
}

/// The directories above a destination, outermost first, without `/`.
pub(super) fn parents(destination: &str) -> impl Iterator<Item = &str> {
    destination.match_indices('/').skip(1).map(|(at, _)| &destination[..at])
}
