//! Some mount must be able to contain the program.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Namespace, Policy, Root};

pub(super) const RULE: Rule = Rule::error("program-not-visible", "no mount can contain the program").why(
    "The root is empty, so a program that no entry of the tree contains is not there, and the launch \
        ends with 127.\n\n\
        Write `base = \"usr\"`, or grant the program.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let hidden = tree::programs(policy).filter(|program| !is_visible(policy, &program.value));
    hidden
        .map(|program| {
            RULE.at(program.span, format!("`{}` is not in the tree", program.value))
                .label("no mount can contain it")
                .help(
                    "write `base = \"usr\"` in [filesystem], or grant the program in `filesystem.read_only`",
                )
        })
        .collect()
}

fn is_visible(policy: &Policy, program: &str) -> bool {
    let filesystem = &policy.filesystem;
    let path = tree::follow(filesystem, program);
    match tree::covering(filesystem, &path) {
        Some((at, mount)) => match &mount.kind {
            MountKind::Bind { .. }
            | MountKind::Overlay { .. }
            | MountKind::Proc { .. }
            | MountKind::Seal { .. } => true,
            MountKind::Text { mode, .. } => at == path && mode & 0o111 != 0,
            _ => false,
        },
        None => filesystem.root.value != Root::Empty || policy.namespaces.mount.value != Namespace::New,
    }
}
