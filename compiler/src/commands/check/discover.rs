//! Finds the specs that the paths of the command line mean: the files that they name, and what is under directories.

use super::ignored::Ignored;
use boxwright::source::STANDARD_INPUT;
use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

/// What a spec file's name ends in.
pub const SUFFIX: &str = ".sandbox.toml";

/// What the paths of a command line lead to.
#[derive(Default)]
pub struct Specs {
    /// The files, each once, in the order of the arguments.
    pub paths: Vec<PathBuf>,
    /// What could not be looked into, and why. The rest is checked anyway.
    pub failures: Vec<String>,
    /// The files that say what is ignored.
    pub read: Vec<PathBuf>,
}

/// The specs that these paths mean.
pub fn specs(arguments: &[PathBuf]) -> Specs {
    let mut specs = Specs::default();
    for path in arguments {
        if path != Path::new(STANDARD_INPUT) && path.is_dir() {
            specs.beneath(path);
        } else {
            specs.paths.push(path.clone());
        }
    }
    if arguments.is_empty() {
        specs.beneath(Path::new("."));
    }
    let mut seen = BTreeSet::new();
    specs.paths.retain(|path| seen.insert(path.clone()));
    specs
}

/// A directory that is still to be listed.
struct Pending {
    /// Without symbolic links.
    real: PathBuf,
    /// As the user named it.
    shown: PathBuf,
}

impl Specs {
    /// Every spec beneath a directory that the repository does not ignore, sorted. Hidden directories are looked into, links
    /// to directories are not, and what only this user or this machine ignores is checked: a run means the same everywhere.
    fn beneath(&mut self, directory: &Path) {
        let real = match directory.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.failed(directory, &error),
        };
        let first = self.paths.len();
        let mut ignored = Ignored::above(&real, &mut self.failures, &mut self.read);
        let mut pending = vec![Pending { real, shown: directory.to_path_buf() }];
        while let Some(Pending { real, shown }) = pending.pop() {
            self.read.extend(ignored.enter(&real, &shown, &mut self.failures));
            let entries = match list(&real) {
                Ok(entries) => entries,
                Err(error) => {
                    self.failed(&shown, &error);
                    continue;
                }
            };
            for entry in entries {
                let (path, name) = (entry.path(), entry.file_name());
                let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if name == ".git" || ignored.names(&path, is_directory) {
                    continue;
                }
                let shown = shown.join(&name);
                if is_directory {
                    pending.push(Pending { real: path, shown });
                } else if name.as_encoded_bytes().ends_with(SUFFIX.as_bytes()) && !path.is_dir() {
                    // A FIFO of that name is no spec either, but reading it says so.
                    self.paths.push(shown.strip_prefix(".").map(Path::to_path_buf).unwrap_or(shown));
                }
            }
        }
        if let Some(found) = self.paths.get_mut(first..) {
            found.sort();
        }
    }

    fn failed(&mut self, directory: &Path, error: &io::Error) {
        self.failures.push(format!("cannot list {}: {error}", directory.display()));
    }
}

/// What is in a directory, the last by name first: the walk takes directories from the end of its list.
fn list(directory: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = directory.read_dir()?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    Ok(entries)
}
