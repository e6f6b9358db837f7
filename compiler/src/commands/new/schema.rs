//! Where the JSON Schema is that a new spec names in its first line.

use std::path::{Path, PathBuf};

/// What the schema's file is called, in a spec's directory or above.
pub const NAME: &str = "sandbox.schema.json";

/// The schema that is there already, as a path from a directory: in it or above, within its repository.
pub fn near(directory: &Path) -> Option<String> {
    let directory = directory.canonicalize().ok()?;
    for (depth, ancestor) in directory.ancestors().enumerate() {
        if ancestor.join(NAME).is_file() {
            let up = if depth == 0 { "./".to_owned() } else { "../".repeat(depth) };
            return Some(up + NAME);
        }
        if ancestor.join(".git").exists() {
            break;
        }
    }
    None
}

/// The directory of a spec.
pub fn directory(spec: &Path) -> PathBuf {
    let parent = spec.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_path_buf()
}
