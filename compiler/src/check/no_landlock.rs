//! Without Landlock files have one wall, or none.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule = Rule::warning("no-landlock", "Landlock restricts no files").why(
    "Landlock stands behind the mounts as a second wall: what no entry of the tree gives is denied \
        also where a mount flag is forgotten, where a descriptor leads elsewhere, or where a process \
        mounts anew (Documentation/userspace-api/landlock.rst). With `landlock.filesystem = \
        \"everything\"` only the mounts are left, and in the host's mount namespace nothing is.\n\n\
        Leave the key out, so that the rights follow from the mounts. A sandbox in the sandbox needs \
        \"everything\", since nothing can be mounted under Landlock; narrow places with \
        `[[landlock.path_beneath]]` there, or accept the finding.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    if policy.restricts_files() {
        return Vec::new();
    }
    let mount = &policy.namespaces.mount;
    vec![if mount.value == Namespace::New {
        RULE.at(policy.landlock.filesystem.span, "files are protected by the mounts alone")
            .evidence([])
            .label("the ruleset restricts none")
            .help("leave the key out, or narrow places with `[[landlock.path_beneath]]`")
    } else {
        RULE.at(mount.span, "the mounts are those of others, and Landlock restricts no files")
            .evidence([])
            .help("narrow places with `[[landlock.path_beneath]]`")
    }]
}
