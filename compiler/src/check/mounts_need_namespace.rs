//! A root and mounts of the sandbox's own need a mount namespace of its own.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy, Root};
use crate::spec::Spec;
use std::collections::BTreeMap;

pub(super) const RULE: Rule =
    Rule::error("mounts-need-namespace", "a tree is asked for in a mount namespace of others").why(
        "In the host's mount namespace, or in one that is joined, a mount would be made for others too.\n\n\
        Let `namespaces.mount` be new, or write `root = \"host\"` and no mounts.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let (namespace, filesystem) = (&policy.namespaces.mount, &policy.filesystem);
    let whose = match namespace.value {
        Namespace::New => return Vec::new(),
        Namespace::Host => "the host's",
        Namespace::Join(_) => "joined",
    };
    // One `base` or `dev` asks for many entries at one place.
    let mut asked: BTreeMap<_, String> = filesystem
        .mounts
        .values()
        .map(|mount| (mount.span, format!("`{}` asks for a mount", mount.key)))
        .collect();
    if filesystem.root.value != Root::Host {
        asked.insert(filesystem.root.span, "`filesystem.root` asks for a new root".into());
    }
    if asked.is_empty() {
        return Vec::new();
    }
    let default_root = filesystem.root.span == Spec::NOWHERE && asked.remove(&Spec::NOWHERE).is_some();
    let finding = RULE
        .at(namespace.span, format!("the mount namespace is {whose}, where nothing may be mounted"))
        .help(if default_root {
            "write `root = \"host\"` in [filesystem]: the default is an empty root"
        } else {
            "write `root = \"host\"` and no mounts, or let the mount namespace be new"
        });
    vec![asked.into_iter().fold(finding, |finding, (span, label)| finding.and(span, label))]
}
