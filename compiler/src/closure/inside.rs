//! What a policy's tree will show, as far as the host's files tell.

use super::files::{self, Files, Node};
use super::search::{CACHE, Needs};
use crate::policy::{Filesystem, HostPath, MountKind, Namespace, PathPart, Policy, Root};
use std::path::Path;

/// The paths that have to be granted beside what a policy shows, so that a program finds what it needs on this host.
pub fn grants(policy: &Policy, needs: &Needs) -> Vec<String> {
    let inside = Inside::of(policy);
    let mut grants = Vec::new();
    for found in &needs.found {
        let hidden = |hop: &&String| matches!(inside.node(hop), Node::Absent);
        let path = found.hops.first().filter(|path| inside.hops(path).is_none());
        grants.extend(path.and_then(|path| found.hops.iter().find(hidden).or(Some(path))).cloned());
        if found.cached && inside.hops(CACHE).is_none() {
            grants.push(CACHE.to_owned());
        }
    }
    grants.sort_unstable();
    grants.dedup();
    grants
}

/// The tree as the program will see it.
pub(super) struct Inside<'a> {
    filesystem: &'a Filesystem,
    /// It is the host's own.
    host: bool,
}

impl Files for Inside<'_> {
    fn node(&self, path: &str) -> Node {
        let mounts = &self.filesystem.mounts;
        let above = mounts.get_key_value(path).map(|(at, _)| at.as_str());
        let Some(at) = above.or_else(|| self.filesystem.container(path)) else { return self.root(path) };
        let Some(mount) = mounts.get(at) else { return Node::Absent };
        let rest = path.get(at.len()..).unwrap_or_default();
        match &mount.kind {
            MountKind::Symlink { target } if rest.is_empty() => Node::Symlink(target.clone()),
            // Asked about on the way, it is never reached.
            MountKind::Symlink { .. } => Node::Unknown,
            MountKind::Bind { source, .. } => bound(source, rest),
            MountKind::Overlay { lower, .. } => {
                let layers = lower.iter().map(|source| bound(source, rest));
                layers.into_iter().find(|node| !matches!(node, Node::Absent)).unwrap_or(Node::Absent)
            }
            MountKind::Seal { .. } => match self.filesystem.container(at) {
                Some(_) => Node::Unknown,
                None => self.root(path),
            },
            MountKind::Text { .. } if rest.is_empty() => Node::Unknown,
            MountKind::Proc { .. } | MountKind::View(_) => Node::Unknown,
            _ if rest.is_empty() || self.is_made(path) => Node::Unknown,
            _ => Node::Absent,
        }
    }
}

impl<'a> Inside<'a> {
    pub(super) fn of(policy: &'a Policy) -> Self {
        let host = policy.namespaces.mount.value != Namespace::New;
        Self { filesystem: &policy.filesystem, host }
    }

    fn root(&self, path: &str) -> Node {
        match &self.filesystem.root.value {
            _ if self.host => files::real(Path::new(path)),
            Root::Host => files::real(Path::new(path)),
            Root::Rootfs(root) | Root::Overlay(root) => {
                match files::real(Path::new(&format!("{root}{path}"))) {
                    Node::Absent if self.is_made(path) => Node::Unknown,
                    node => node,
                }
            }
            Root::Empty if self.is_made(path) => Node::Unknown,
            Root::Empty => Node::Absent,
        }
    }

    /// Is it a directory that is made because something is beneath it?
    fn is_made(&self, path: &str) -> bool {
        self.filesystem
            .mounts
            .keys()
            .any(|entry| entry.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    }
}

/// What a bind shows: its source with the symbolic links that lead there followed, and what is in it as it is.
fn bound(source: &HostPath, rest: &str) -> Node {
    let [PathPart::Literal(source)] = source.parts() else { return Node::Unknown };
    match std::fs::canonicalize(source) {
        Ok(source) if rest.is_empty() => Node::Real(source),
        Ok(source) => files::real(&source.join(rest.trim_start_matches('/'))),
        Err(_) => Node::Absent,
    }
}
