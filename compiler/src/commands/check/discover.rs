//! Which specs are meant: the paths of the command line, and what is beneath directories.

use anyhow::Context;
use boxwright::source::STANDARD_INPUT;
use ignore::{DirEntry, WalkBuilder};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a spec file's name ends in.
pub const SUFFIX: &str = ".sandbox.toml";

/// The files to check, each once, in the order of the arguments.
pub fn specs(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    if paths.is_empty() {
        return beneath(Path::new("."));
    }
    let mut specs = Vec::new();
    for path in paths {
        if path != Path::new(STANDARD_INPUT) && path.is_dir() {
            specs.extend(beneath(path)?);
        } else {
            specs.push(path.clone());
        }
    }
    let mut seen = BTreeSet::new();
    specs.retain(|path| seen.insert(path.clone()));
    Ok(specs)
}

/// Every spec beneath a directory that the repository does not ignore, sorted. Hidden directories are looked into, links to
/// directories are not, and what only this user or this machine ignores is checked: a run means the same everywhere.
fn beneath(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut walk = WalkBuilder::new(directory);
    walk.hidden(false).follow_links(false).require_git(false);
    walk.ignore(false).git_global(false).git_exclude(false);
    walk.sort_by_file_path(Path::cmp);
    walk.filter_entry(|entry| entry.file_name() != ".git");
    let mut specs = Vec::new();
    for entry in walk.build() {
        let entry = entry.with_context(|| format!("cannot list {}", directory.display()))?;
        if is_spec(&entry) {
            let path = entry.into_path();
            specs.push(path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path));
        }
    }
    Ok(specs)
}

/// A FIFO of that name is no spec either, but reading it says so; a link to a directory is a directory that is not followed.
fn is_spec(entry: &DirEntry) -> bool {
    let named = entry.file_name().as_encoded_bytes().ends_with(SUFFIX.as_bytes());
    let directory =
        |entry: &DirEntry| entry.file_type().is_some_and(|kind| kind.is_dir()) || entry.path().is_dir();
    named && !directory(entry)
}
