//! The tree: what comes from the old root is opened first, then the old root goes, then everything is put in place.
//!
//! Nothing of the host can be reached by path while the tree is populated, so no destination can lead outside. Entries are
//! placed in the order of their paths, parents first, so the result does not depend on the order of the spec.

use super::Launch;
use super::linux::*;
use super::mount_calls::*;
use super::refusals::*;
use super::spot::Spot;
use super::step::{Act, Call, Fact, Phase, Slot, Step};
use super::structs::open_how;
use crate::policy::{Mount, MountKind, Namespace, Owner, Root};
use crate::source::Span;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Promise;
use std::collections::BTreeSet;

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

    pub(super) fn root_span(self) -> Span {
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

    fn owner_of(self, entry: &Entry) -> Owner {
        self.policy.filesystem.owner(entry.destination)
    }

    pub(super) fn is_written_in_place(self, entry: &Entry) -> bool {
        self.owner_of(entry) == Owner::Sealed
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
        let put_there = || step("mount").note(EINVAL.into(), ANOTHER_KIND);
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
                put_there().acts(terminals(source)).acts(parents).acts(self.put(&entry, Some(true)))
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
}

/// The directories above a destination, outermost first, without `/`.
pub(super) fn parents(destination: &str) -> impl Iterator<Item = &str> {
    destination.match_indices('/').skip(1).map(|(at, _)| &destination[..at])
}
