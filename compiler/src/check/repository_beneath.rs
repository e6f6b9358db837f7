//! A repository that the program makes in a directory of its own cannot be told from one that belongs there.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, PathPart, Policy, RunDirectory};

pub(super) const RULE: Rule =
    Rule::note("repository-beneath", "the program can make repositories in subdirectories").why(
        "Git on the host executes hooks and commands of the repository that it is started in, and a \
        program that may write to the working directory can make one in any directory beneath it. No mount \
        prevents that: what does not exist yet has nothing to mount on. The same holds of files of the work \
        tree that tools execute, such as a Makefile or the hooks of `core.hooksPath`.\n\n\
        Use git outside in the top directory, and look at what is new before entering it: \
        `find . -mindepth 2 -name .git`.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let mounts = policy.filesystem.mounts.values();
    let granted = mounts.filter(|mount| match &mount.kind {
        MountKind::Bind { source, writable: true, .. } => {
            source.parts() == [PathPart::Directory(RunDirectory::Cwd)]
        }
        _ => false,
    });
    granted
        .map(|mount| {
            RULE.at(mount.span, "repositories can be made beneath the working directory")
                .evidence(evidence::mount(mount))
                .label("git that is started in one executes what it names")
        })
        .collect()
}
