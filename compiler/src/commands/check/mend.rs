//! `--fix` and `--diff`: what a program can do about findings, written to the spec or shown.

use crate::commands::outputs::Outputs;
use anyhow::bail;
use boxwright::diagnostic::visible;
use boxwright::source::STANDARD_INPUT;
use similar::TextDiff;
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
    if path == Path::new(STANDARD_INPUT) {
        bail!("--fix cannot write standard input; --diff shows what it would write");
    }
    Outputs::replace(path, before, after)
}
