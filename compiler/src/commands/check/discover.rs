//! Finds the specs that the paths of the command line mean: the files that they name, and what is under directories.

use super::ignored::Ignored;
use super::index::Tracked;
use boxwright::source::STANDARD_INPUT;
use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

/// What a spec file's name ends in.
pub const SUFFIX: &str = ".sandbox.toml";

/// The most entries that are listed beneath directories that are ignored, to name the specs there.
const IGNORED_MAX: usize = 200_000;

/// What the paths of a command line lead to.
#[derive(Default)]
pub struct Specs {
    /// The files, each once, in the order of the arguments.
    pub paths: Vec<PathBuf>,
    /// Those that are not checked, because `.gitignore` names them and git does not track them.
    pub ignored: Vec<PathBuf>,
    /// What could not be looked into, and why. The rest is checked anyway.
    pub failures: Vec<String>,
    /// The files that say what is ignored.
    pub read: Vec<PathBuf>,
    /// What could not be asked about ignored files, which are therefore all checked.
    pub notes: Vec<String>,
    /// How many entries of ignored directories were listed.
    listed: usize,
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
    specs.ignored.retain(|path| seen.insert(path.clone()));
    specs
}

/// A directory that is still to be listed.
struct Pending {
    /// Without symbolic links.
    real: PathBuf,
    /// As the user named it.
    shown: PathBuf,
    /// Is it ignored, so that only what git tracks in it is checked?
    ignored: bool,
    /// Does nothing of it belong to the repository, whatever its own index says?
    foreign: bool,
}

/// A repository, and what it tracks; none when its index cannot be read.
struct Repository {
    root: PathBuf,
    tracked: Option<Tracked>,
}

/// The repositories that a walk is in, outermost first.
#[derive(Default)]
struct Repositories {
    list: Vec<Repository>,
}

impl Repositories {
    /// Adds the repository at this directory.
    fn enter(&mut self, root: &Path, shown: &Path, notes: &mut Vec<String>) {
        let tracked = Tracked::of(root).map_err(|why| {
            notes.push(format!(
                "what git tracks in {} is not known, so nothing in it is ignored: {why}",
                shown.display()
            ));
        });
        self.list.push(Repository { root: root.to_path_buf(), tracked: tracked.ok() });
    }

    /// The nearest repository around a path, and the path from its root.
    fn nearest<'a>(&self, path: &'a Path) -> Option<(&Repository, &'a Path)> {
        let around = |repository: &Repository| path.strip_prefix(&repository.root).ok();
        let found = self.list.iter().filter_map(|repository| Some((repository, around(repository)?)));
        found
            .filter(|(_, rest)| !rest.as_os_str().is_empty())
            .min_by_key(|(_, rest)| rest.components().count())
    }

    /// Does git track a file, or may it?
    fn tracks(&self, path: &Path) -> bool {
        let Some((repository, rest)) = self.nearest(path) else { return false };
        repository.tracked.as_ref().is_none_or(|tracked| tracked.has(rest))
    }
}

impl Specs {
    /// Every spec beneath a directory that git tracks or that the repository does not ignore, sorted. Hidden directories are looked into, links
    /// to directories are not, and what only this user or this machine ignores is checked: a run means the same everywhere.
    fn beneath(&mut self, directory: &Path) {
        let real = match directory.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.failed(directory, &error),
        };
        let (first, start_real) = (self.paths.len(), real.clone());
        let mut ignored = Ignored::above(&real, &mut self.failures, &mut self.read);
        let mut repositories = Repositories::default();
        let is_root = |path: &Path| path.join(".git").symlink_metadata().is_ok();
        if let Some(root) = real.ancestors().skip(1).find(|above| is_root(above)) {
            repositories.enter(root, root, &mut self.notes);
        }
        let start = Pending { real, shown: directory.to_path_buf(), ignored: false, foreign: false };
        let mut pending = vec![start];
        while let Some(Pending { real, shown, ignored: within, foreign }) = pending.pop() {
            let foreign = foreign || within && is_root(&real) && !repositories.tracks(&real);
            if is_root(&real) && !foreign {
                repositories.enter(&real, &shown, &mut self.notes);
            }
            self.read.extend(ignored.enter(&real, &shown, &mut self.failures));
            let listed = list(&real);
            if let (true, Ok(entries)) = (within, &listed) {
                self.listed = self.listed.saturating_add(entries.len());
            }
            let entries = match listed {
                Ok(entries) => entries,
                // What is ignored may well be somebody else's.
                Err(_) if within => continue,
                Err(error) => {
                    self.failed(&shown, &error);
                    continue;
                }
            };
            for entry in entries {
                let (path, name) = (entry.path(), entry.file_name());
                let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if name == ".git" {
                    continue;
                }
                let (shown, ignored) = (shown.join(&name), within || ignored.names(&path, is_directory));
                if is_directory {
                    if !ignored || self.listed < IGNORED_MAX {
                        pending.push(Pending { real: path, shown, ignored, foreign });
                    }
                } else if name.as_encoded_bytes().ends_with(SUFFIX.as_bytes()) && !path.is_dir() {
                    // A FIFO of that name is no spec either, but reading it says so.
                    let skipped = ignored && (foreign || !repositories.tracks(&path));
                    let list = if skipped { &mut self.ignored } else { &mut self.paths };
                    list.push(without_dot(shown));
                }
            }
        }
        self.add_tracked(&repositories, &start_real, directory, first);
        if let Some(found) = self.paths.get_mut(first..) {
            found.sort();
        }
    }

    /// Adds what git tracks and the walk did not come to, because too much is ignored.
    fn add_tracked(&mut self, repositories: &Repositories, real: &Path, shown: &Path, first: usize) {
        if self.listed < IGNORED_MAX {
            return;
        }
        let known: BTreeSet<PathBuf> = self.paths.iter().skip(first).cloned().collect();
        for Repository { root, tracked } in &repositories.list {
            let Some(tracked) = tracked else {
                self.failures.push(format!("too much is ignored in {} to check all of it", root.display()));
                continue;
            };
            for path in tracked.specs.iter().map(|path| root.join(path)) {
                let Ok(rest) = path.strip_prefix(real) else { continue };
                // A link to a directory is not followed.
                let directory = path.parent().and_then(|parent| parent.canonicalize().ok());
                if directory.as_deref() == path.parent() && path.symlink_metadata().is_ok() && !path.is_dir()
                {
                    let shown = without_dot(shown.join(rest));
                    if !known.contains(&shown) {
                        self.paths.push(shown);
                    }
                }
            }
        }
        self.notes
            .push(format!("more than {IGNORED_MAX} files are ignored; specs among the rest are not named"));
    }

    fn failed(&mut self, directory: &Path, error: &io::Error) {
        self.failures.push(format!("cannot list {}: {error}", directory.display()));
    }
}

/// A path as it is shown: from here, and not from `./`.
fn without_dot(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path)
}

/// What is in a directory, the last by name first: the walk takes directories from the end of its list.
fn list(directory: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = directory.read_dir()?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    Ok(entries)
}
