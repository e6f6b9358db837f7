//! Git obeys what is in a repository: who may write there has commands executed by whoever uses it outside.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{HostPath, MountKind, PathPart, Policy, RunDirectory};

pub(super) const RULE: Rule =
    Rule::warning("repository-writable", "git on the host executes what the program writes").why(
        "Git executes the hooks of a repository and the commands that its configuration names \
        (`core.fsmonitor`, filters, pagers), and looks for both wherever `commondir`, `config.worktree` or a \
        `.git` file says (gitrepository-layout(5)). `git status` in such a directory, or an editor that \
        calls it, executes outside what the program has written.\n\n\
        Bind `.git` read-only over it: `git status`, `diff` and `log` work inside all the same. Accept the \
        finding where the program has to commit, and use the repository outside only after looking at `.git`.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let writable = filesystem.mounts.iter().filter_map(|(path, mount)| match &mount.kind {
        MountKind::Bind { source, writable: true, .. } => Some((path, mount, source)),
        _ => None,
    });
    writable
        .filter_map(|(path, mount, source)| {
            let repository = format!("{}/.git", path.trim_end_matches('/'));
            // What is left out where it is missing stands over nothing that the program makes itself.
            let over = filesystem.mounts.get(&repository);
            let covered = over.is_some_and(|over| over.kind.is_writable() || !over.kind.is_optional());
            let what = if is_repository(source) {
                format!("`{source}` is writable")
            } else if is_working_directory(source) && !covered {
                format!("`{source}/.git` is writable, and can be made where there is none")
            } else {
                return None;
            };
            let finding = RULE
                .at(mount.span, what)
                .evidence(evidence::mount(mount))
                .label("git outside executes what it names");
            Some(finding.help("bind `.git` read-only over it, as builtin:agent does"))
        })
        .collect()
}

fn is_repository(source: &HostPath) -> bool {
    source.to_string().split('/').any(|name| name == ".git")
}

fn is_working_directory(source: &HostPath) -> bool {
    source.parts() == [PathPart::Directory(RunDirectory::Cwd)]
}
