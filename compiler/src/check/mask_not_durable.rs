//! A mask on a file that something outside replaces by renaming is gone with the old file.

use super::{evidence, tree};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Mount, MountKind, Policy};

pub(super) const RULE: Rule =
    Rule::warning("mask-not-durable", "a masked file beneath a writable grant can be replaced").why(
        "A mask is mounted over the file that is there at launch. When a program outside saves that file \
        anew, by renaming another over it, the kernel drops the mount with the old file, and the new one \
        is seen inside.\n\n\
        Mask the directory that the file is in.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let masks = filesystem.mounts.iter().filter(|(_, mount)| matches!(mount.kind, MountKind::Mask { .. }));
    masks
        .filter(|(path, _)| looks_like_a_file(path))
        .filter_map(|(path, mask)| {
            let (grant, Mount { kind: MountKind::Bind { writable: true, .. }, span, .. }) =
                tree::above(filesystem, path)?
            else {
                return None;
            };
            let finding = RULE
                .at(mask.span, format!("the mask on `{path}` ends when the host saves the file anew"))
                .evidence(evidence::names("grant", [grant]))
                .label("an editor writes a new file and renames it over this one")
                .and(*span, format!("`{grant}` is writable"));
            Some(finding.help("mask the directory that it is in"))
        })
        .collect()
}

/// What it is shows only at launch; an extension is the best sign there is.
fn looks_like_a_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.trim_start_matches('.').contains('.')
}
