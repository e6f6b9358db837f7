//! Where the JSON Schema is that a new spec names in its first line.

use boxwright::source::{directory, repository};
use std::path::Path;

/// What the schema's file is called, in a spec's directory or above.
pub const NAME: &str = "sandbox.schema.json";

/// The schema that is there already, as a path from a spec: beside it or above, within its repository.
pub fn near(spec: &Path) -> Option<String> {
    let directory = directory(spec).canonicalize().ok()?;
    let root = repository(spec);
    let within = |above: &&Path| root.as_ref().is_none_or(|root| above.starts_with(root));
    let depth = directory.ancestors().take_while(within).position(|above| above.join(NAME).is_file())?;
    let up = if depth == 0 { "./".to_owned() } else { "../".repeat(depth) };
    Some(up + NAME)
}
