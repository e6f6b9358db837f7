//! The tree of mounts: one destination, one entry, whatever key asks for it.

use super::rules::{
    DUPLICATE_DESTINATION, INVALID_AMOUNT, INVALID_TEXT, OVERLAPPING_LAYERS, REMOVES_NOTHING, TOO_MANY_MOUNTS,
};
use super::{keep, namespaces, paths, units, word};
use crate::diagnostic::Diagnostic;
use crate::policy::{Filesystem, IdMap, Mount, MountKind, Ownership, Propagation, TextPart, View};
use crate::source::{Span, Spanned};
use crate::spec::{self, Amount, Leaf};
use std::collections::BTreeMap;

const MOUNTS: &str = "filesystem.mounts";

/// The longest target of a symbolic link (`PATH_MAX` in linux/limits.h, without the NUL).
const TARGET_MAX: usize = 4095;

/// The most bytes of paths of directories that lead to entries, about twice: thousands of entries with long paths have a
/// tenth of that.
const MADE_MAX: usize = 8 << 20;

const PROPAGATIONS: [(&str, Propagation); 2] =
    [("private", Propagation::Private), ("slave", Propagation::Slave)];

/// What has been asked for so far.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Everything that was asked for at a destination, in the order of the keys; one is right.
    entries: BTreeMap<String, Vec<Mount>>,
    removed: Vec<Spanned<String>>,
}

impl Tree {
    /// Asks for something.
    pub(super) fn give(&mut self, destination: &str, kind: MountKind, span: Span, key: &'static str) {
        self.entries.entry(destination.to_owned()).or_default().push(Mount { kind, span, key });
    }

    /// Asks for what `[filesystem.mounts]` says.
    pub(super) fn mounts(
        &mut self,
        mounts: &[(Spanned<String>, spec::Mount)],
        findings: &mut Vec<Diagnostic>,
    ) {
        for (destination, mount) in mounts {
            let Some(destination) = keep(paths::destination(destination), findings) else { continue };
            match kind(mount, findings) {
                Some(kind) => self.give(&destination.value, kind, destination.span, MOUNTS),
                None => self.removed.push(destination),
            }
        }
    }

    /// The entries, one at each destination; `taken` is where something inherited was taken away before.
    pub(super) fn finish(
        mut self,
        taken: &[Span],
        findings: &mut Vec<Diagnostic>,
    ) -> BTreeMap<String, Mount> {
        for removed in &self.removed {
            if self.entries.remove(&removed.value).is_none() && !taken.contains(&removed.span) {
                findings.push(
                    REMOVES_NOTHING
                        .at(removed.span, format!("nothing else asks for `{}`", removed.value))
                        .label("`false` takes nothing away here"),
                );
            }
        }
        findings.extend(self.excess().or_else(|| self.too_deep()));
        self.entries
            .into_iter()
            .filter_map(|(destination, mut mounts)| {
                findings.extend(mounts.windows(2).filter_map(|pair| duplicate(&destination, pair)));
                (!mounts.is_empty()).then(|| (destination, mounts.swap_remove(0)))
            })
            .collect()
    }
}

impl Tree {
    /// Says where there are too many, in the order in which they are written.
    fn excess(&self) -> Option<Diagnostic> {
        let most = Filesystem::ENTRIES_MAX;
        let mut spans: Vec<Span> = self.entries.values().flatten().map(|mount| mount.span).collect();
        spans.sort();
        let finding = TOO_MANY_MOUNTS
            .at(*spans.get(most)?, format!("the tree has {} entries", spans.len()))
            .label(format!("expected at most {most}"));
        Some(finding.help("bind a directory that has more of them in it"))
    }

    /// Says where the directories that lead to entries would be too much text for a plan: each is made by its whole path.
    fn too_deep(&self) -> Option<Diagnostic> {
        let mut total = 0;
        for (destination, mounts) in &self.entries {
            let above = destination.rmatch_indices('/').map(|(at, _)| &destination[..at]);
            let made = above.take_while(|above| !self.entries.contains_key(*above)).count();
            total += made * destination.len();
            if total > MADE_MAX {
                let finding = TOO_MANY_MOUNTS
                    .at(mounts.first()?.span, "too many directories have to be made on the way to entries");
                return Some(finding.label("too deep").help("write shorter destinations"));
            }
        }
        None
    }
}

fn duplicate(destination: &str, pair: &[Mount]) -> Option<Diagnostic> {
    let [first, second] = pair else { return None };
    let finding = DUPLICATE_DESTINATION
        .at(second.span, format!("`{destination}` is asked for twice"))
        .label(format!("by `{}`", second.key))
        .and(first.span, format!("by `{}`", first.key));
    Some(finding.help("one destination has one entry: take it out of one of them"))
}

/// What stands at the destination; nothing when it is taken away.
fn kind(mount: &spec::Mount, findings: &mut Vec<Diagnostic>) -> Option<MountKind> {
    Some(match mount {
        spec::Mount::Bind { source, writable, executable, optional, propagation, idmap: owners } => {
            let writable = is(writable);
            MountKind::Bind {
                source: paths::of_host(source, findings),
                writable,
                executable: executable.as_ref().map_or(!writable, |executable| executable.value),
                optional: is(optional),
                propagation: word(propagation, &PROPAGATIONS, Propagation::Private).value,
                idmap: idmap(owners, findings),
            }
        }
        spec::Mount::Tmpfs { size, mode, owner, executable } => MountKind::Tmpfs {
            size: size.as_ref().and_then(|size| keep(tmpfs_size(size), findings)),
            mode: mode.as_ref().map_or(0o1777, |mode| mode.value),
            owner: ownership(owner),
            executable: is(executable),
        },
        spec::Mount::Directory { mode, owner } => MountKind::Directory {
            mode: mode.as_ref().map_or(0o755, |mode| mode.value),
            owner: ownership(owner),
        },
        spec::Mount::Socket { source, optional } => {
            MountKind::Socket { source: paths::of_host(source, findings), optional: is(optional) }
        }
        spec::Mount::Device { source, optional } => MountKind::Device {
            source: paths::of_host(source, findings),
            number: None,
            optional: is(optional),
        },
        spec::Mount::Overlay { lower, writable, executable } => {
            keep(layers(lower), findings);
            findings.extend(overlap(&lower.value));
            let writable = is(writable);
            MountKind::Overlay {
                lower: lower.value.iter().map(|path| paths::of_host(path, findings)).collect(),
                writable,
                executable: executable.as_ref().map_or(!writable, |executable| executable.value),
            }
        }
        spec::Mount::Mqueue => MountKind::View(View::MessageQueues),
        spec::Mount::Cgroup2 { writable } => MountKind::View(View::Cgroups { writable: is(writable) }),
        spec::Mount::Symlink { target } => {
            keep(symlink_target(target), findings);
            MountKind::Symlink { target: target.value.clone() }
        }
        spec::Mount::Text { content, mode } => MountKind::Text {
            content: vec![TextPart::Literal(content.value.clone())],
            mode: mode.as_ref().map_or(0o444, |mode| mode.value),
        },
        spec::Mount::Mask { optional } => MountKind::Mask { optional: is(optional) },
        spec::Mount::Seal { optional } => MountKind::Seal { optional: is(optional) },
        spec::Mount::Removed => return None,
    })
}

fn ownership(owner: &spec::Owner) -> Ownership {
    Ownership::Program { uid: owner.uid.clone(), gid: owner.gid.clone() }
}

/// Other owners inside than on the disk.
pub(super) fn idmap(leaf: &Leaf<spec::IdMap>, findings: &mut Vec<Diagnostic>) -> Option<Spanned<IdMap>> {
    let Spanned { value, span } = leaf.as_ref()?;
    let uid = namespaces::mappings(&value.uid, findings);
    let gid = namespaces::mappings(&value.gid, findings);
    Some(Spanned::new(IdMap { uid, gid }, *span))
}

fn is(leaf: &Leaf<bool>) -> bool {
    leaf.as_ref().is_some_and(|leaf| leaf.value)
}

fn tmpfs_size(size: &Spanned<Amount>) -> Result<u64, Diagnostic> {
    let invalid = |reason: &str| INVALID_AMOUNT.at(size.span, format!("the size of the tmpfs {reason}"));
    match &size.value {
        // To the kernel a size of 0 is no limit at all (tmpfs(5)).
        Amount::Integer(0) => Err(invalid("is 0, which the kernel takes for no limit")
            .help("write how much it may hold, or `true` for the kernel's limit of half the memory")),
        Amount::Integer(bytes) => Ok(*bytes),
        Amount::Text(text) => match units::bytes(text) {
            Ok(0) => Err(invalid("is 0, which the kernel takes for no limit")),
            Ok(bytes) => Ok(bytes),
            Err(misread) => Err(invalid(&format!("`{text}` {}", misread.reason)).help(misread.help)),
        },
    }
}

fn layers(lower: &Spanned<Vec<Spanned<String>>>) -> Result<(), Diagnostic> {
    let most = Filesystem::LAYERS_MAX;
    match lower.value.len() {
        0 => Err(INVALID_AMOUNT
            .at(lower.span, "the overlay is of no directory")
            .label("expected at least one")),
        count if count > most => {
            let finding = INVALID_AMOUNT.at(lower.span, format!("the overlay is of {count} directories"));
            Err(finding.label(format!("expected at most {most}")))
        }
        _ => Ok(()),
    }
}

/// The kernel refuses layers of which one holds another.
fn overlap(lower: &[Spanned<String>]) -> Option<Diagnostic> {
    let is_in = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || outer == "/")
    };
    lower.iter().enumerate().find_map(|(at, second)| {
        let overlaps = |first: &&Spanned<String>| {
            is_in(&first.value, &second.value) || is_in(&second.value, &first.value)
        };
        let first = lower[..at].iter().find(overlaps)?;
        let finding = OVERLAPPING_LAYERS
            .at(second.span, format!("`{}` and `{}` overlap", first.value, second.value))
            .and(first.span, "a layer above it");
        Some(finding.help("name directories that are beside each other"))
    })
}

fn symlink_target(target: &Spanned<String>) -> Result<(), Diagnostic> {
    let fault = if target.value.is_empty() {
        "is empty"
    } else if target.value.contains('\0') {
        "contains a NUL"
    } else if target.value.len() > TARGET_MAX {
        "is longer than 4095 bytes"
    } else {
        return Ok(());
    };
    Err(INVALID_TEXT.at(target.span, format!("the target of the symbolic link {fault}")))
}
