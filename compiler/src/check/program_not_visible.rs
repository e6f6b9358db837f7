//! Some mount must be able to contain the program.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Namespace, Policy, Root};

pub(super) const RULE: Rule = Rule::error("program-not-visible", "no mount can contain the program");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(program) = policy.process.args.first() else { return Vec::new() };
    let filesystem = &policy.filesystem;
    let path = tree::follow(filesystem, &program.value);
    let visible = match tree::covering(filesystem, &path) {
        Some((at, mount)) => match &mount.kind {
            MountKind::Bind { .. }
            | MountKind::Overlay { .. }
            | MountKind::Proc { .. }
            | MountKind::Seal { .. } => true,
            MountKind::Text { mode, .. } => at == path && mode & 0o111 != 0,
            _ => false,
        },
        None => filesystem.root.value != Root::Empty || policy.namespaces.mount.value != Namespace::New,
    };
    if visible {
        return Vec::new();
    }
    let finding = RULE.at(program.span, format!("`{}` is not in the tree", program.value));
    vec![
        finding
            .label("no mount can contain it")
            .help("write `base = \"usr\"` in [filesystem], or grant the program in `filesystem.read_only`"),
    ]
}
