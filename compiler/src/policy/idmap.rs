//! Id mappings: what an id stands for outside, and whom the files of a mount belong to.

use super::{Namespace, Namespaces, Policy, User};
use crate::source::Spanned;

/// One line of a uid_map or gid_map (user_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdMapping {
    /// The first id inside.
    pub container_id: u32,
    /// The first id outside.
    pub host_id: u32,
    /// How many; at least 1, and neither range overflows 32 bits.
    pub size: u32,
}

/// Other owners inside than on the disk: what belongs to a `host_id` there belongs to its `container_id` inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdMap {
    /// User ids.
    pub uid: Vec<Spanned<IdMapping>>,
    /// Group ids.
    pub gid: Vec<Spanned<IdMapping>>,
}

/// Why no map of a mount says what an idmap means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inexpressible {
    /// This id inside stands for nobody outside.
    Unmapped(Spanned<u32>),
    /// It needs more lines or a longer text than the kernel takes.
    TooLong,
}

impl IdMapping {
    /// The most lines of a map (`UID_GID_MAP_MAX_EXTENTS` in linux/user_namespace.h).
    pub const LINES_MAX: usize = 340;
    /// The longest text of a map: the kernel takes less than a page (user_namespaces(7)).
    pub const TEXT_MAX: usize = 4095;

    /// The id outside that `id` inside stands for.
    pub fn outside(&self, id: u32) -> Option<u32> {
        let at = id.checked_sub(self.container_id)?;
        (at < self.size).then(|| self.host_id + at)
    }

    /// The text of a map.
    pub fn text<'a>(lines: impl IntoIterator<Item = &'a Self>) -> String {
        let line = |Self { container_id, host_id, size }: &Self| format!("{container_id} {host_id} {size}\n");
        lines.into_iter().map(line).collect()
    }
}

impl Policy {
    /// The user and group maps of a mount. To the kernel, which compares the ids of a process as they are outside, the first
    /// id of a line is the one on the disk and the second what it becomes outside: what the id inside stands for there.
    pub fn mount_maps(&self, idmap: &IdMap) -> [Result<Vec<IdMapping>, Inexpressible>; 2] {
        let Namespaces { uid_mappings, gid_mappings, .. } = &self.namespaces;
        let own = match self.process.user.value {
            User::Ids { uid, gid, .. } => Some((uid, gid)),
            User::Caller => None,
        };
        [
            mount_map(&idmap.uid, &self.meanings(uid_mappings, own.map(|(uid, _)| uid))),
            mount_map(&idmap.gid, &self.meanings(gid_mappings, own.map(|(_, gid)| gid))),
        ]
    }

    /// What ids inside stand for outside; without mappings only the program's own id is there, as itself. Who the caller is
    /// nobody knows before the launch, nor what ids mean in a namespace that is joined.
    fn meanings(&self, mappings: &[Spanned<IdMapping>], own: Option<u32>) -> Vec<IdMapping> {
        let itself = |id, size| vec![IdMapping { container_id: id, host_id: id, size }];
        match (&self.namespaces.user.value, own) {
            (Namespace::Join(_), _) => Vec::new(),
            (Namespace::New, _) if !mappings.is_empty() => {
                mappings.iter().map(|mapping| mapping.value).collect()
            }
            (Namespace::New, Some(id)) => itself(id, 1),
            _ => itself(0, u32::MAX),
        }
    }
}

/// Ranges are split where the ids inside are.
fn mount_map(idmap: &[Spanned<IdMapping>], meanings: &[IdMapping]) -> Result<Vec<IdMapping>, Inexpressible> {
    let mut lines = Vec::new();
    for Spanned { value: IdMapping { container_id, host_id, size }, span } in idmap {
        let mut at = 0;
        while at < *size {
            let inside = container_id + at;
            let found = meanings.iter().find_map(|meaning| Some((meaning, meaning.outside(inside)?)));
            let (meaning, outside) = found.ok_or(Inexpressible::Unmapped(Spanned::new(inside, *span)))?;
            let length = (meaning.size - (inside - meaning.container_id)).min(size - at);
            lines.push(IdMapping { container_id: host_id + at, host_id: outside, size: length });
            if lines.len() > IdMapping::LINES_MAX {
                return Err(Inexpressible::TooLong);
            }
            at += length;
        }
    }
    if IdMapping::text(&lines).len() > IdMapping::TEXT_MAX { Err(Inexpressible::TooLong) } else { Ok(lines) }
}

#[cfg(test)]
mod tests {
    use super::{IdMapping, Inexpressible, mount_map};
    use crate::source::{Span, Spanned};

    fn line(container_id: u32, host_id: u32, size: u32) -> IdMapping {
        IdMapping { container_id, host_id, size }
    }

    fn map(idmap: &[IdMapping], meanings: &[IdMapping]) -> Result<Vec<IdMapping>, Inexpressible> {
        let idmap: Vec<_> = idmap.iter().map(|line| Spanned::new(*line, Span::default())).collect();
        mount_map(&idmap, meanings)
    }

    #[test]
    fn ranges_are_split_where_ids_inside_are() {
        let meanings = [line(0, 100_000, 10), line(10, 5000, 10)];
        assert_eq!(map(&[line(4, 0, 3)], &meanings), Ok(vec![line(0, 100_004, 3)]));
        assert_eq!(
            map(&[line(8, 1000, 4)], &meanings),
            Ok(vec![line(1000, 100_008, 2), line(1002, 5000, 2)])
        );
        assert_eq!(
            map(&[line(18, 0, 4)], &meanings),
            Err(Inexpressible::Unmapped(Spanned::new(20, Span::default())))
        );
        assert_eq!(
            map(&[line(0, 7, u32::MAX - 7)], &[line(0, 0, u32::MAX)]),
            Ok(vec![line(7, 0, u32::MAX - 7)])
        );
    }

    #[test]
    fn no_more_lines_than_the_kernel_takes() {
        let single = |id| line(id, 2 * id, 1);
        let meanings: Vec<_> = (0..2000).map(single).collect();
        assert_eq!(map(&[line(0, 0, 300)], &meanings).map(|lines| lines.len()), Ok(300));
        assert_eq!(map(&[line(0, 0, 341)], &meanings), Err(Inexpressible::TooLong));
        assert_eq!(map(&[line(1000, 1_000_000, 300)], &meanings), Err(Inexpressible::TooLong));
    }
}
