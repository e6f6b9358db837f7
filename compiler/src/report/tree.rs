//! The tree of files as the program will see it: what stands where, with which rights, and who asks for it.

use super::place;
use crate::diagnostic::visible;
use crate::policy::{MountKind, Namespace, Policy, Propagation, Root, View};
use crate::source::Source;
use serde::Serialize;
use std::collections::BTreeMap;

/// One place.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// How many entries are above it.
    pub depth: usize,
    /// For each entry above but `/`, and for itself: whether it is the last in its directory.
    pub last: Vec<bool>,
    /// Its path from the entry above it.
    pub name: String,
    /// Its whole path.
    pub path: String,
    /// What it is.
    pub kind: String,
    /// `rw` or `ro`, then `x` where files may be executed; nothing for what is hidden.
    pub flags: String,
    /// The key that asks for it.
    pub key: &'static str,
    /// Its line, when it is not there by default.
    pub place: String,
}

pub(super) fn tree(source: &Source, policy: &Policy) -> Vec<Entry> {
    let filesystem = &policy.filesystem;
    let root = &filesystem.root;
    let untouched = policy.namespaces.mount.value == Namespace::Host;
    let (kind, flags) = match &root.value {
        Root::Host if untouched => ("the host's whole tree, as it is".to_owned(), "rw x"),
        Root::Empty => ("a new directory".to_owned(), "ro"),
        Root::Host => ("the host's whole tree".to_owned(), "ro x"),
        Root::Rootfs(path) => (format!("the root file system at {path}"), "ro x"),
        Root::Overlay(path) => (format!("the root file system at {path}, with memory on top"), "rw x"),
    };
    let mut entries = vec![Entry {
        depth: 0,
        last: Vec::new(),
        name: "/".into(),
        path: "/".into(),
        kind: visible(&kind).into_owned(),
        flags: flags.into(),
        key: "filesystem.root",
        place: place(source, root.span),
    }];
    let mut inside: Inside<'_> = BTreeMap::new();
    for path in filesystem.mounts.keys() {
        inside.entry(filesystem.container(path)).or_default().push(path);
    }
    beneath(source, policy, &inside, None, &[], &mut entries);
    entries
}

/// The entries that are in each entry, and those that are in none.
type Inside<'a> = BTreeMap<Option<&'a str>, Vec<&'a String>>;

fn beneath(
    source: &Source,
    policy: &Policy,
    inside: &Inside<'_>,
    above: Option<&str>,
    last: &[bool],
    entries: &mut Vec<Entry>,
) {
    let filesystem = &policy.filesystem;
    let paths = inside.get(&above).map(Vec::as_slice).unwrap_or_default();
    for (index, path) in paths.iter().enumerate() {
        let Some(mount) = filesystem.mounts.get(path.as_str()) else { continue };
        let mut lasts = last.to_vec();
        lasts.push(index + 1 == paths.len());
        entries.push(Entry {
            depth: lasts.len(),
            last: lasts.clone(),
            name: visible(path[above.map_or(0, str::len)..].trim_start_matches('/')).into_owned(),
            path: visible(path).into_owned(),
            kind: visible(&kind(&mount.kind)).into_owned(),
            flags: flags(&mount.kind),
            key: mount.key,
            place: place(source, mount.span),
        });
        beneath(source, policy, inside, Some(path), &lasts, entries);
    }
}

fn kind(kind: &MountKind) -> String {
    let optional = if kind.is_optional() { ", if it is there" } else { "" };
    let what = match kind {
        MountKind::Bind { source, propagation, .. } => {
            let later = if *propagation == Propagation::Slave { ", with later mounts" } else { "" };
            format!("{source} of the host{later}")
        }
        MountKind::Tmpfs { size: Some(size), .. } => format!("memory, at most {size} bytes"),
        MountKind::Tmpfs { size: None, .. } => "memory, at most half of all".into(),
        MountKind::Directory { mode, .. } => format!("a directory, mode {mode:o}"),
        MountKind::Symlink { target } => format!("-> {target}"),
        MountKind::Text { .. } => "a text of the spec".into(),
        MountKind::Mask { .. } => "hidden".into(),
        MountKind::Seal { .. } => "what is there, read-only".into(),
        MountKind::Proc { subset: false } => "the processes of the sandbox, and the kernel's files".into(),
        MountKind::Proc { subset: true } => "the processes of the sandbox".into(),
        MountKind::Device { source, .. } => format!("the device {source}"),
        MountKind::Socket { source, .. } => format!("the socket {source}"),
        MountKind::Overlay { lower, .. } => {
            let layers: Vec<String> = lower.iter().map(ToString::to_string).collect();
            format!("{}, with memory on top", layers.join(" over "))
        }
        MountKind::View(View::MessageQueues) => "message queues".into(),
        MountKind::View(View::Devices) => "devices, as the kernel shows them".into(),
        MountKind::View(View::Cgroups { .. }) => "the sandbox's cgroup".into(),
        MountKind::Terminals => "pseudoterminals of the sandbox".into(),
    };
    format!("{what}{optional}")
}

/// The rights of a place, as the mount gives them.
fn flags(kind: &MountKind) -> String {
    let (writable, executable) = match kind {
        MountKind::Bind { writable, executable, .. } | MountKind::Overlay { writable, executable, .. } => {
            (*writable, *executable)
        }
        MountKind::Tmpfs { executable, .. } => (true, *executable),
        MountKind::Text { mode, .. } => (false, mode & 0o111 != 0),
        MountKind::Device { .. } | MountKind::Terminals | MountKind::View(View::MessageQueues) => {
            (true, false)
        }
        MountKind::View(View::Cgroups { writable }) => (*writable, false),
        // Connecting is all that there is.
        MountKind::Socket { .. } => (true, false),
        MountKind::Proc { .. } | MountKind::View(View::Devices) | MountKind::Directory { .. } => {
            (false, false)
        }
        MountKind::Seal { .. } => (false, false),
        MountKind::Mask { .. } | MountKind::Symlink { .. } => return String::new(),
    };
    format!("{}{}", if writable { "rw" } else { "ro" }, if executable { " x" } else { "" })
}
