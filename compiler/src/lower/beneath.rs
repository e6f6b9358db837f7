//! Paths of the host in a directory that the spec gives the program for writing: what an earlier launch has left there never
//! decides where this one looks.
//!
//! The directory is opened as the spec names it, and the rest of the way from its descriptor, through no symbolic link. The
//! rule `replaceable-host-path` refuses there what the launcher itself would read, write or join.

use super::Launch;
use super::linux::*;
use super::mount_calls::{open_tree, open_tree_at, optionally};
use super::refusals::{LINK_IN_A_GRANT, NO_REPOSITORY};
use super::runtime::with_path;
use super::step::{Act, Call, Slot, Step, Value};
use crate::policy::HostPath;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Then;

impl Launch<'_> {
    /// Opens a source of the host, and does what has to be done with it when it is there.
    pub(super) fn open_source(
        self,
        step: Step,
        path: &HostPath,
        to: Slot,
        optional: bool,
        mut then: Vec<Act>,
    ) -> Step {
        // Nothing is beneath a file either.
        let absent = |call: Call| call.on(ENOENT, Then::Continue).on(ENOTDIR, Then::Continue);
        let maybe = |call: Call| if optional { absent(call) } else { call };
        let step = if is_repository(path) { step.note(ENOENT.into(), NO_REPOSITORY) } else { step };
        let Some((grant, rest)) = self.policy.grant_above(path) else {
            let open = with_path(path, |path| maybe(open_tree(path).keep(to)));
            return step.acts(open).acts(optionally(to, optional, then));
        };
        // Those that may stay unset must not have the number of another.
        let outer = if let Slot::Source(number) = to { Slot::Grant(number) } else { Slot::Grant(u16::MAX) };
        let flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
        let open_grant =
            |path| maybe(Call::new(number::openat, [AT_FDCWD.into(), path, flags.into()]).keep(outer));
        let beneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
        let how = open_how(O_PATH | O_CLOEXEC, beneath);
        let open_rest = |path: Value| {
            maybe(Call::new(number::openat2, [outer.into(), path, how.into(), 24.into()]).keep(to))
        };
        then.insert(0, open_tree_at(to.into(), "").keep(to).into());
        let mut inner = with_path(&rest, open_rest);
        inner.push(Call::new(number::close, [outer.into()]).into());
        inner.extend(optionally(to, optional, then));
        step.acts(with_path(grant, open_grant))
            .acts(optionally(outer, optional, inner))
            .note(ELOOP.into(), LINK_IN_A_GRANT)
    }
}

/// Whether it is where git keeps a repository, by its name.
fn is_repository(path: &HostPath) -> bool {
    path.to_string().ends_with("/.git")
}
