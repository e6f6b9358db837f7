//! Where a spec stands: its directory, and the repository whose files are reviewed together with it.

use std::path::{Path, PathBuf};

/// The file at the root of a repository that says how bad the rules are.
pub const REPOSITORY_FILE: &str = "boxwright.toml";

/// What a repository has at its root, either of them.
const AT_ROOT: [&str; 2] = [".git", REPOSITORY_FILE];

/// The directory that a file is in.
pub fn directory(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The root of the repository that a file is in, if it is in one: the nearest above, as a path without symlinks.
pub fn repository(file: &Path) -> Option<PathBuf> {
    let directory = directory(file).canonicalize().ok()?;
    // A link to nothing counts: whoever reads through it is told so.
    let is_root = |above: &&Path| AT_ROOT.iter().any(|name| above.join(name).symlink_metadata().is_ok());
    directory.ancestors().find(is_root).map(Path::to_path_buf)
}
