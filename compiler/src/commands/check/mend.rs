//! `--fix` and `--diff`: what a program can do about findings, written to the spec or shown.

use crate::commands::write_whole_if;
use anyhow::{Context, bail};
use boxwright::diagnostic::visible;
use boxwright::source::input::read_file;
use boxwright::source::{MAX_BYTES, STANDARD_INPUT};
use similar::TextDiff;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

/// What is done about findings that a program can do something about.
#[derive(clap::Args)]
pub struct MendArgs {
    /// Write what a program can mend to the specs, and tell what is left
    #[arg(long, conflicts_with_all = ["diff", "baseline", "write_baseline"])]
    pub fix: bool,
    /// Show what --fix would write, instead of findings
    #[arg(long, conflicts_with_all = ["output_file", "write_baseline"])]
    pub diff: bool,
}

/// The difference as patch(1) takes it.
pub fn difference(path: &Path, before: &str, after: &str) -> String {
    let name = path.display();
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().header(&format!("a/{name}"), &format!("b/{name}")).to_string();
    text.split_inclusive('\n').map(|line| shown(line.trim_end_matches('\n')) + "\n").collect()
}

/// Tabs are a part of the text; what terminals act on is not.
fn shown(line: &str) -> String {
    line.split('\t').map(visible).collect::<Vec<_>>().join("\t")
}

/// Writes a spec anew, whole or not at all, if it still is what was read.
pub fn write(path: &Path, before: &str, after: &str) -> anyhow::Result<()> {
    let name = path.display();
    if path == Path::new(STANDARD_INPUT) {
        bail!("--fix cannot write standard input; --diff shows what it would write");
    }
    let metadata = path.symlink_metadata().with_context(|| format!("cannot write {name}"))?;
    if !metadata.is_file() {
        bail!("{name} is a symbolic link and was left as it is; name the file that it leads to");
    }
    if metadata.nlink() > 1 {
        bail!("{name} has other names too and was left as it is: they would keep the old text");
    }
    let unchanged = |file: &std::fs::File| {
        keep_owner(file, &metadata)?;
        let now = path.symlink_metadata()?;
        let same = now.ino() == metadata.ino()
            && now.dev() == metadata.dev()
            && read_file(path, MAX_BYTES).map_err(io::Error::other)? == before.as_bytes();
        if same { Ok(()) } else { Err(io::Error::other("it was changed meanwhile, and was left as it is")) }
    };
    write_whole_if(path, after.as_bytes(), 0o600, unchanged).with_context(|| format!("cannot write {name}"))
}

/// Whoever mends a file does not become its owner.
fn keep_owner(file: &std::fs::File, metadata: &Metadata) -> io::Result<()> {
    let now = file.metadata()?;
    if (now.uid(), now.gid()) != (metadata.uid(), metadata.gid()) {
        fchown(file, Some(metadata.uid()), Some(metadata.gid()))?;
    }
    file.set_permissions(std::fs::Permissions::from_mode(metadata.mode() & 0o7777))
}
