//! The rules of `.gitignore` files, as the walk through a repository meets them.

use boxwright::source::input::{InputError, read_file};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// The file's name.
const NAME: &str = ".gitignore";

/// The largest file that is read, in bytes. Real ones have a few hundred lines; a compiled pattern takes many times its
/// length.
const MAX_BYTES: usize = 64 << 10;

/// The most bytes of the files that are in force in one directory.
const TOTAL_MAX: usize = 2 * MAX_BYTES;

/// The files that are in force in a directory, outermost first.
#[derive(Default)]
pub struct Ignored {
    files: Vec<File>,
}

/// One file.
struct File {
    /// How many components of a path lead to its directory.
    depth: usize,
    bytes: usize,
    rules: Gitignore,
    /// The rules of files above it do not hold there: its directory is the root of a repository.
    outermost: bool,
}

impl Ignored {
    /// Those above a directory, which is given without symbolic links: up to the root of its git repository.
    pub fn above(directory: &Path, failures: &mut Vec<String>, read: &mut Vec<PathBuf>) -> Self {
        let mut ignored = Self::default();
        let is_root = |above: &&Path| above.join(".git").symlink_metadata().is_ok();
        let Some(root) = directory.ancestors().find(is_root) else { return ignored };
        let above: Vec<&Path> =
            directory.ancestors().skip(1).take_while(|above| above.starts_with(root)).collect();
        for directory in above.into_iter().rev() {
            read.extend(ignored.enter(directory, directory, failures));
        }
        ignored
    }

    /// Adds the file of a directory, if it has one. `shown` is how the user knows the directory.
    ///
    /// Returns its path if there are rules in it. A file that cannot be read ignores nothing: what it may have named is checked.
    pub fn enter(&mut self, directory: &Path, shown: &Path, failures: &mut Vec<String>) -> Option<PathBuf> {
        let depth = directory.components().count();
        self.files.retain(|file| file.depth < depth);
        let outermost = directory.join(".git").symlink_metadata().is_ok();
        let (bytes, rules) = match self.read(directory, shown) {
            Ok(read) => read,
            Err(failure) => {
                failures.extend(failure);
                (0, Gitignore::empty())
            }
        };
        self.files.push(File { depth, bytes, rules, outermost });
        (bytes > 0).then(|| directory.join(NAME))
    }

    /// The size and the rules of a directory's file; if it cannot be read, why, and if there is none, nothing.
    fn read(&self, directory: &Path, shown: &Path) -> Result<(usize, Gitignore), Option<String>> {
        let failed = |why: &dyn Display| Some(format!("cannot read {}: {why}", shown.join(NAME).display()));
        if directory.join(NAME).is_symlink() {
            return Err(failed(&"is a symbolic link, which git does not follow"));
        }
        let bytes = match read_file(&directory.join(NAME), MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(InputError::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Err(None),
            Err(error) => return Err(failed(&error)),
        };
        let total: usize = self.files.iter().map(|file| file.bytes).sum();
        if total + bytes.len() > TOTAL_MAX {
            let limit = TOTAL_MAX >> 10;
            let why = format!("with those above it, it is larger than {limit} KiB, the most that is read");
            return Err(failed(&why));
        }
        // Patterns are relative to the file; which directory that is, only `depth` knows.
        let mut builder = GitignoreBuilder::new(".");
        for line in String::from_utf8_lossy(&bytes).lines() {
            // git takes no pattern from a line that it cannot parse either.
            let _ = builder.add_line(None, line);
        }
        let rules = builder.build().map_err(|error| failed(&error))?;
        Ok((bytes.len(), rules))
    }

    /// Is a path ignored? The nearest file that has a pattern for it decides.
    pub fn names(&self, path: &Path, is_directory: bool) -> bool {
        for file in self.files.iter().rev() {
            let relative: PathBuf = path.components().skip(file.depth).collect();
            match file.rules.matched(&relative, is_directory) {
                Match::None if file.outermost => return false,
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }
}
