//! What a spec gives the program for writing, as paths of the host: a later launch must not trust the names in it.

use super::{HostPath, MountKind, Namespace, Policy};

impl Policy {
    /// The outermost directory of the host that the program may write to and that this path lies in, and the rest of the path
    /// from there; as far as the spec shows it.
    pub fn grant_above(&self, path: &HostPath) -> Option<(&HostPath, HostPath)> {
        let grants = self.grants().filter_map(|grant| Some((grant, path.from(grant)?)));
        grants.max_by_key(|(_, rest)| rest.to_string().len())
    }

    /// Whether there is any such directory.
    pub fn has_grant(&self) -> bool {
        self.grants().next().is_some()
    }

    /// Whether a place in the sandbox lies in such a directory; what the launcher makes there on the way counts as well.
    pub fn is_in_grant(&self, place: &str) -> bool {
        let tree = &self.filesystem;
        let mut above = tree.container(place);
        while let Some(path) = above {
            match tree.mounts.get(path).map(|mount| &mount.kind) {
                Some(MountKind::Directory { .. }) => above = tree.container(path),
                kind => return matches!(kind, Some(MountKind::Bind { writable: true, .. })),
            }
        }
        false
    }

    fn grants(&self) -> impl Iterator<Item = &HostPath> {
        let own = self.namespaces.mount.value == Namespace::New;
        let mounts = self.filesystem.mounts.values().filter(move |_| own);
        mounts.filter_map(|mount| match &mount.kind {
            MountKind::Bind { source, writable: true, .. } => Some(source),
            _ => None,
        })
    }
}
