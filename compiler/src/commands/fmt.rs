//! `boxwright fmt`: specs in their canonical form.

use super::check::discover::{Specs, specs};
use super::outputs::Outputs;
use super::{complain, print};
use anyhow::Context;
use boxwright::diagnostic::{Style, render_full, visible};
use boxwright::source::{STANDARD_INPUT, Source};
use boxwright::{FormatError, formatted};
use similar::TextDiff;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A spec is not in its canonical form, or its syntax is wrong.
const FINDINGS: u8 = 1;
const UNREADABLE: u8 = 2;
const NO_SPEC: u8 = 3;

/// Write specs in their canonical form
///
/// Only space, line ends and the order of sections change, never a word or a comment, and what a spec means is compared
/// before anything is written. One with syntax errors stays as it is. A directory stands for every *.sandbox.toml
/// beneath it, and so does no path at all for the current directory. `-` is standard input, which goes to standard
/// output.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright fmt                     every spec beneath the current directory
  boxwright fmt --check --diff      say what would change; the exit status is 1 when something would
  boxwright fmt - < spec            for editors")]
pub struct Args {
    /// Spec files and directories
    paths: Vec<PathBuf>,
    /// Write nothing; the exit status is 1 when something would change
    #[arg(long)]
    check: bool,
    /// Write nothing, and print what would change
    #[arg(long)]
    diff: bool,
}

/// What became of the specs.
#[derive(Default)]
struct Counts {
    changed: usize,
    unchanged: usize,
    broken: usize,
    unreadable: usize,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Specs { mut paths, failures, .. } = specs(&args.paths);
    for failure in &failures {
        complain(&visible(&format!("error: {failure}")));
    }
    if paths.is_empty() && !failures.is_empty() {
        return Ok(ExitCode::from(UNREADABLE));
    }
    if paths.is_empty() {
        complain("error: no spec found");
        return Ok(ExitCode::from(NO_SPEC));
    }
    // What a link leads to is formatted before it is read again by the link, which is never written.
    if !args.check && !args.diff {
        paths.sort_by_key(|path| path.is_symlink());
    }
    let mut counts = Counts { unreadable: failures.len(), ..Counts::default() };
    for path in &paths {
        match Source::read(path) {
            Ok(source) => one(args, &source, &mut counts)?,
            Err(error) => {
                complain(&visible(&format!("error: {error}")));
                counts.unreadable += 1;
            }
        }
    }
    let would = if args.check || args.diff { "would be " } else { "" };
    complain(&format!("{} {would}formatted, {} in order already", counts.changed, counts.unchanged));
    let found = counts.broken + if args.check { counts.changed } else { 0 };
    Ok(match (counts.unreadable, found) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(FINDINGS),
        _ => ExitCode::from(UNREADABLE),
    })
}

fn one(args: &Args, source: &Source, counts: &mut Counts) -> anyhow::Result<()> {
    let name = source.path.display().to_string();
    let text = match formatted(source) {
        Ok(text) => text,
        Err(FormatError::Syntax(errors)) => {
            complain(render_full(source, &errors, Style::default()).trim_end());
            counts.broken += 1;
            return Ok(());
        }
        Err(FormatError::Meaning) => {
            complain(&visible(&format!("error: {name}: its canonical form would mean something else")));
            counts.unreadable += 1;
            return Ok(());
        }
    };
    let changed = text != source.text;
    let standard_input = source.path == Path::new(STANDARD_INPUT);
    if args.diff && changed {
        let diff = TextDiff::from_lines(&source.text, &text);
        let diff = diff.unified_diff().header(&name, &name).to_string();
        print(&visible_lines(&diff)).context("standard output")?;
    } else if args.check && changed {
        print(&format!("{}\n", visible(&name))).context("standard output")?;
    } else if standard_input {
        print(&text).context("standard output")?;
    } else if changed && let Err(error) = Outputs::replace(&source.path, &source.text, &text) {
        complain(&visible(&format!("error: {error:#}")));
        counts.unreadable += 1;
        return Ok(());
    }
    *if changed { &mut counts.changed } else { &mut counts.unchanged } += 1;
    Ok(())
}

/// What a terminal would obey is visible in each line.
fn visible_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", visible(line))).collect()
}
