//! Where an entry goes: from the descriptor of the mount that it is in, or else from the root.
//!
//! Whoever can rename the directories of a root file system moves what is mounted on them too. A path from the root could then
//! lead into another entry of the spec, such as a writable directory of the host; a descriptor leads where it always did.

use super::Launch;
use super::linux::{AT_FDCWD, ENOENT, ENOTDIR, O_CLOEXEC, O_PATH, RESOLVE_NO_SYMLINKS, open_how};
use super::mounts::Entry;
use super::step::{Act, Call, Slot, Value};
use crate::policy::Owner;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Then;

/// A place in the tree, as system calls take it.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) directory: Value,
    pub(super) path: String,
}

impl Spot {
    /// openat2(2) through no symbolic link at all: no two destinations are one, and nobody else chooses another.
    pub(super) fn resolve(&self, to: Slot, optional: bool) -> Act {
        let how = open_how(O_PATH | O_CLOEXEC, RESOLVE_NO_SYMLINKS);
        let arguments = [self.directory.clone(), self.path.as_str().into(), how.into(), 24.into()];
        let open = Call::new(number::openat2, arguments).keep(to);
        // Nothing is beneath a file either.
        if optional { open.on(ENOENT, Then::Continue).on(ENOTDIR, Then::Continue) } else { open }.into()
    }
}

impl Launch<'_> {
    /// The place of a destination.
    pub(super) fn spot(self, destination: &str) -> Spot {
        self.spot_from(destination, false)
    }

    /// Any place, once the tree is finished: from the descriptors that are still open then.
    pub(super) fn spot_in_finished_tree(self, path: &str) -> Spot {
        self.spot_from(path, true)
    }

    fn spot_from(self, destination: &str, finished: bool) -> Spot {
        match self.nesting.holder(destination, finished) {
            Some((number, above)) => Spot {
                directory: Slot::Source(number).into(),
                path: destination[above.len() + 1..].to_owned(),
            },
            None => Spot { directory: AT_FDCWD.into(), path: destination.to_owned() },
        }
    }

    /// Makes something at a destination. Where somebody else's directories lead to it, the last of them is opened first: making
    /// follows symbolic links.
    pub(super) fn make_at(self, destination: &str, make: impl FnOnce(Spot) -> Vec<Act>) -> Vec<Act> {
        let spot = self.spot(destination);
        if self.policy.filesystem.owner(destination) != Owner::Overlaid {
            return make(spot);
        }
        let (above, name) = destination.rsplit_once('/').unwrap_or_default();
        let above = Spot { directory: spot.directory, path: format!("{above}/") };
        let inner = Spot { directory: Slot::Above.into(), path: name.to_owned() };
        let close = Call::new(number::close, [Slot::Above.into()]).into();
        [above.resolve(Slot::Above, false)].into_iter().chain(make(inner)).chain([close]).collect()
    }

    /// Whether others are found from this entry: its descriptor stays open.
    pub(super) fn holds(self, entry: &Entry) -> bool {
        let inside = format!("{}/", entry.destination);
        let next = self.policy.filesystem.mounts.range(inside.clone()..).next();
        self.nesting.may_hold(entry) && next.is_some_and(|(path, _)| path.starts_with(&inside))
    }
}
