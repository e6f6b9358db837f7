//! The program must be on a mount from which files may be executed.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule =
    Rule::error("program-not-executable", "the program is on a mount that executes nothing");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(program) = policy.process.args.first() else { return Vec::new() };
    let path = tree::follow(&policy.filesystem, &program.value);
    let Some((grant, mount)) = tree::covering(&policy.filesystem, &path) else { return Vec::new() };
    if !matches!(
        mount.kind,
        MountKind::Bind { executable: false, .. } | MountKind::Overlay { executable: false, .. }
    ) {
        return Vec::new();
    }
    vec![
        RULE.at(
            program.span,
            format!("`{}` is beneath `{grant}`, from which nothing is executed", program.value),
        )
        .and(mount.span, format!("by `{}`: writable means not executable", mount.key))
        .help("grant the program itself read-only, outside of what is writable"),
    ]
}
