//! In the host's own tree, the ids of the program alone decide whether it can replace what the launcher opens.

use super::replaceable_host_path::opened;
use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::landlock::{Access, inherited};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::warning("unprotected-host-path", "no mount keeps the program from a file that the launcher opens").why(
        "With `namespaces.mount = \"host\"` the program can write wherever its user and groups can. Where that includes the \
        directory of a file that the launcher opens for a standard stream or a namespace, the program can put a symbolic link \
        or another file in its place, and the next launch opens that one with the rights of its caller.\n\n\
        Use `\"inherit\"` and let the caller open the file, or a new mount namespace. Accept the finding if the program's \
        user cannot write to any directory on the way.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    if policy.namespaces.mount.value != Namespace::Host {
        return Vec::new();
    }
    let rules = policy.restricts_files().then(|| policy.landlock_files().rules());
    let unprotected = opened(policy).filter_map(|(path, span)| {
        let path = path.to_string();
        let is_writable =
            rules.as_ref().is_none_or(|rules| !(inherited(rules, &path) & Access::WRITE).is_none());
        is_writable.then(|| {
            RULE.at(span, format!("the mounts do not protect `{path}` from the program"))
                .label("the launcher opens it")
                .evidence([Evidence::text("path", &path)])
                .and(policy.namespaces.mount.span, "the program has the host's tree")
                .help("use \"inherit\" and let the caller open the file, or a new mount namespace")
        })
    });
    unprotected.collect()
}
