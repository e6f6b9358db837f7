//! The program must be on a mount from which files may be executed.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};
use crate::source::Spanned;

pub(super) const RULE: Rule =
    Rule::error("program-not-executable", "the program is on a mount that executes nothing").why(
        "What is writable is not executable, unless the spec says so; and `executable = false` says that \
        nothing there is run. A program in such a place fails with EACCES.\n\n\
        Grant the program itself read-only, outside of what is writable.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    tree::programs(policy).filter_map(|program| not_executable(policy, program)).collect()
}

fn not_executable(policy: &Policy, program: &Spanned<String>) -> Option<Diagnostic> {
    let path = tree::follow(&policy.filesystem, &program.value);
    let (grant, mount) = tree::covering(&policy.filesystem, &path)?;
    let refuses = matches!(
        mount.kind,
        MountKind::Bind { executable: false, .. } | MountKind::Overlay { executable: false, .. }
    );
    refuses.then(|| {
        RULE.at(
            program.span,
            format!("`{}` is beneath `{grant}`, from which nothing is executed", program.value),
        )
        .and(mount.span, format!("by `{}`: writable means not executable", mount.key))
        .help("grant the program itself read-only, outside of what is writable")
    })
}
