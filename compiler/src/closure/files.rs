//! Files by their paths, as the host has them or as a sandbox will.

use crate::source::input::{InputError, open_file};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// As many symbolic links as the kernel follows (`MAXSYMLINKS` in linux/namei.h).
const SYMLINKS_MAX: usize = 40;

/// The largest file that is looked at, in bytes.
const BYTES_MAX: usize = 1 << 30;

/// What is at a path.
#[derive(Debug)]
pub enum Node {
    /// Nothing.
    Absent,
    /// A symbolic link with this target.
    Symlink(String),
    /// Something else, which the host has here.
    Real(PathBuf),
    /// Something else, which only the launch knows or makes.
    Unknown,
}

/// A tree of files.
pub trait Files {
    /// What is at an absolute path whose directories are no symbolic links.
    fn node(&self, path: &str) -> Node;

    /// Where a path leads: itself, and then every path that it becomes by a symbolic link; none when that is nowhere.
    fn hops(&self, path: &str) -> Option<(Vec<String>, Node)> {
        let mut hops = vec![path.to_owned()];
        'links: for _ in 0..SYMLINKS_MAX {
            let path = hops.last()?.clone();
            let ends = path.match_indices('/').skip(1).map(|(at, _)| at).chain([path.len()]);
            let mut last = Node::Absent;
            for end in ends {
                let (prefix, rest) = path.split_at(end);
                last = self.node(prefix);
                if let Node::Symlink(target) = &last {
                    let directory = if target.starts_with('/') { "" } else { parent(prefix) };
                    hops.push(normal(&format!("{directory}/{target}{rest}")));
                    continue 'links;
                }
            }
            return (!matches!(last, Node::Absent)).then_some((hops, last));
        }
        None
    }
}

/// The host's own tree.
#[derive(Debug)]
pub struct Host;

impl Files for Host {
    fn node(&self, path: &str) -> Node {
        real(Path::new(path))
    }
}

/// What the host has at a path.
pub(super) fn real(path: &Path) -> Node {
    match fs::symlink_metadata(path) {
        Err(_) => Node::Absent,
        Ok(metadata) if metadata.is_symlink() => {
            let target =
                fs::read_link(path).ok().and_then(|target| target.into_os_string().into_string().ok());
            target.map_or(Node::Absent, Node::Symlink)
        }
        Ok(_) => Node::Real(path.to_path_buf()),
    }
}

/// Opens a file that can be looked at: a regular one, and not a huge one.
pub(super) fn open(path: &Path) -> Result<File, InputError> {
    open_file(path, BYTES_MAX)
}

/// The directory that something is in; empty for what is at the top.
pub(super) fn parent(path: &str) -> &str {
    path.rfind('/').and_then(|slash| path.get(..slash)).unwrap_or_default()
}

/// Without `.`, `..` and doubled slashes.
pub(super) fn normal(path: &str) -> String {
    let mut components = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(components.pop()),
            _ => components.push(component),
        }
    }
    format!("/{}", components.join("/"))
}
