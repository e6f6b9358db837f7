//! Questions about the tree that several rules ask.

use crate::policy::{Execution, Filesystem, Mount, MountKind, Policy};
use crate::source::Spanned;

/// As many symbolic links as the kernel follows (`MAXSYMLINKS` in linux/namei.h).
const SYMLINKS_MAX: usize = 40;

/// What is executed: the program, and what the spec lists beside it.
pub(super) fn programs(policy: &Policy) -> impl Iterator<Item = &Spanned<String>> {
    let listed = match &policy.process.exec.value {
        Execution::Listed(programs) => programs.as_slice(),
        Execution::Any | Execution::Once => &[],
    };
    policy.process.args.iter().take(1).chain(listed)
}

/// The nearest entry above a path.
pub(super) fn above<'a>(filesystem: &'a Filesystem, path: &str) -> Option<(&'a str, &'a Mount)> {
    filesystem.mounts.get_key_value(filesystem.container(path)?).map(|(path, mount)| (path.as_str(), mount))
}

/// The entry at a path, or the nearest above it.
pub(super) fn covering<'a>(filesystem: &'a Filesystem, path: &str) -> Option<(&'a str, &'a Mount)> {
    let exact = filesystem.mounts.get_key_value(path).map(|(path, mount)| (path.as_str(), mount));
    exact.or_else(|| above(filesystem, path))
}

/// Is there an entry beneath the path, so that it is a directory that has to be made?
pub(super) fn has_beneath(filesystem: &Filesystem, path: &str) -> bool {
    filesystem.mounts.keys().any(|entry| is_beneath(entry, path))
}

/// Where a path leads through the symbolic links that the spec makes; what is in the files of the host is unknown.
pub(super) fn follow(filesystem: &Filesystem, path: &str) -> String {
    let mut path = path.to_owned();
    for _ in 0..SYMLINKS_MAX {
        let Some((link, Mount { kind: MountKind::Symlink { target }, .. })) = covering(filesystem, &path)
        else {
            break;
        };
        let rest = path.get(link.len()..).unwrap_or_default();
        let base = if target.starts_with('/') { "" } else { parent(link).unwrap_or_default() };
        path = join(&format!("{base}/{target}{rest}"));
    }
    path
}

fn is_beneath(path: &str, directory: &str) -> bool {
    directory == "/" || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

fn parent(path: &str) -> Option<&str> {
    match path.rfind('/')? {
        0 if path == "/" => None,
        0 => Some("/"),
        slash => path.get(..slash),
    }
}

fn join(path: &str) -> String {
    let mut components = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                components.pop();
            }
            _ => components.push(component),
        }
    }
    format!("/{}", components.join("/"))
}
