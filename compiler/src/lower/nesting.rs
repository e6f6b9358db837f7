//! Finds once which entry of the tree is in which, and whose tree that is.
//!
//! Entries can be nested as deep as a path is long. Whoever asks again for each of them, from each of them upwards, needs
//! time that is cubic in that depth.

use super::mounts::Entry;
use crate::policy::{Filesystem, Mount, MountKind, Owner};

/// What is known of the entries, by their numbers.
#[derive(Debug)]
pub(super) struct Nesting<'a> {
    filesystem: &'a Filesystem,
    entries: Vec<(&'a str, &'a Mount)>,
    /// Whose tree each is in.
    owners: Vec<Owner>,
    /// The nearest entry, itself or above, from whose descriptor others are found.
    holders: Vec<Option<usize>>,
    /// The same once the tree is finished, when fewer descriptors are open.
    finished: Vec<Option<usize>>,
}

impl<'a> Nesting<'a> {
    /// Of a tree's entries: each is behind the one that it is in.
    pub(super) fn of(filesystem: &'a Filesystem) -> Self {
        let entries = filesystem.mounts.iter().map(|(path, mount)| (path.as_str(), mount)).collect();
        let (owners, holders, finished) = (Vec::new(), Vec::new(), Vec::new());
        let mut nesting = Self { filesystem, entries, owners, holders, finished };
        for (number, (destination, mount)) in filesystem.mounts.iter().enumerate() {
            let above = nesting.above(destination);
            let owner = match above.and_then(|above| nesting.entries.get(above)) {
                None => filesystem.root_owner(),
                Some((_, mount)) => mount.kind.owner_inside(|| nesting.owner_at(above)),
            };
            let foreign = matches!(owner, Owner::Foreign | Owner::Overlaid);
            let mounted = foreign && matches!(mount.kind, MountKind::Directory { .. });
            let inside = format!("{destination}/");
            let next = filesystem.mounts.range(inside.clone()..).next();
            let is_above = next.is_some_and(|(path, _)| path.starts_with(&inside));
            let may_hold = may_hold(&mount.kind, mounted);
            let (holder, finished) =
                (nesting.at(&nesting.holders, above), nesting.at(&nesting.finished, above));
            nesting.owners.push(owner);
            nesting.holders.push(if may_hold { Some(number) } else { holder });
            nesting.finished.push(if may_hold && is_above && !mounted { Some(number) } else { finished });
        }
        nesting
    }

    /// Whose tree an entry is in.
    pub(super) fn owner(&self, entry: &Entry) -> Owner {
        self.owner_at(Some(entry.number.into()))
    }

    /// May others be found from this entry's descriptor?
    pub(super) fn may_hold(&self, entry: &Entry) -> bool {
        let number = Some(entry.number.into());
        self.at(&self.holders, number) == number
    }

    /// The nearest entry above a destination, from whose descriptor it is found: its number and path.
    pub(super) fn holder(&self, destination: &str, finished: bool) -> Option<(u16, &'a str)> {
        let number =
            self.at(if finished { &self.finished } else { &self.holders }, self.above(destination))?;
        let (path, _) = self.entries.get(number)?;
        Some((u16::try_from(number).ok()?, path))
    }

    /// The number of the nearest entry above a destination.
    fn above(&self, destination: &str) -> Option<usize> {
        let container = self.filesystem.container(destination)?;
        self.entries.binary_search_by(|(path, _)| (*path).cmp(container)).ok()
    }

    fn owner_at(&self, number: Option<usize>) -> Owner {
        number.and_then(|number| self.owners.get(number)).copied().unwrap_or(Owner::Foreign)
    }

    fn at(&self, list: &[Option<usize>], number: Option<usize>) -> Option<usize> {
        *list.get(number?)?
    }
}

/// What is not there when it may be left out has no descriptor.
fn may_hold(kind: &MountKind, mounted: bool) -> bool {
    match kind {
        MountKind::Bind { optional, .. } => !optional,
        MountKind::Directory { .. } => mounted,
        MountKind::Tmpfs { .. }
        | MountKind::Overlay { .. }
        | MountKind::Proc { .. }
        | MountKind::View(_)
        | MountKind::Terminals => true,
        _ => false,
    }
}
