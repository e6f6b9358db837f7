//! `boxwright check`: findings of one or many specs.

use super::variables::Variables;
use super::{complain, print};
use anstream::{AutoStream, ColorChoice};
use anyhow::Context;
use boxwright::diagnostic::{Diagnostic, Level, render_concise, render_full, render_json, visible};
use boxwright::policy::Kernel;
use boxwright::source::{STANDARD_INPUT, Source};
use boxwright::understand_with;
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a spec file's name ends in.
const SUFFIX: &str = ".sandbox.toml";

/// Directories that hold no specs of the project itself.
const SKIPPED: [&str; 2] = [".git", "target"];

const FINDINGS: u8 = 1;
const UNREADABLE: u8 = 2;
const NO_SPEC: u8 = 3;

/// Check specs and say everything that is wrong with them
///
/// A directory stands for every *.sandbox.toml beneath it, and so does no path at all for the current directory.
/// `-` is standard input.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright check                             every spec beneath the current directory
  boxwright check specs/ --fail-on warning    warnings fail too
  boxwright check --format json - < spec      for other programs")]
pub struct Args {
    /// Spec files and directories
    paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
    /// The mildest finding that makes the exit status 1
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Also find what this kernel lacks, such as 5.15; instead of the one in `requires.kernel`
    #[arg(long, value_name = "VERSION")]
    kernel: Option<Kernel>,
    /// Tell notes too: what could be tighter, and what the spec asks of a machine
    #[arg(long)]
    pedantic: bool,
    #[command(flatten)]
    variables: Variables,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// With the lines of the spec, as compilers do
    Full,
    /// One line for each: file:line:column: level[rule]: message
    Concise,
    /// One versioned object
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    /// Only errors
    Error,
    /// Warnings too
    Warning,
    /// Nothing that is found
    Never,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let paths = specs(&args.paths)?;
    if paths.is_empty() {
        complain(&format!("error: no spec found: no file's name ends in {SUFFIX}"));
        return Ok(ExitCode::from(NO_SPEC));
    }
    let mut options = args.variables.options();
    options.oldest_kernel = args.kernel;
    let mut reports = Vec::new();
    let (mut left_out, mut unreadable) = (0, false);
    for path in &paths {
        match Source::read(path) {
            Ok(source) => {
                let understood = understand_with(&source, &options);
                let understood = if args.pedantic { understood } else { understood.without_notes() };
                left_out += understood.left_out;
                reports.push((understood.source, understood.findings));
            }
            Err(error) => {
                complain(&visible(&format!("error: {error}")));
                unreadable = true;
            }
        }
    }
    print(&render(&reports, left_out, args.format)).context("standard output")?;
    if matches!(args.format, Format::Full | Format::Concise) {
        complain(&summary(&reports, left_out));
    }
    Ok(status(&reports, args.fail_on, unreadable))
}

/// The files to check, each once, in the order of the arguments.
fn specs(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    if paths.is_empty() {
        return beneath(Path::new(""));
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

/// Every spec beneath a directory, sorted. Links to directories are not followed, so there is an end to it.
fn beneath(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut specs, mut pending) = (Vec::new(), vec![directory.to_path_buf()]);
    while let Some(directory) = pending.pop() {
        let named = if directory.as_os_str().is_empty() { Path::new(".") } else { &directory };
        let context = || format!("cannot list {}", named.display());
        for entry in named.read_dir().with_context(context)? {
            let entry = entry.with_context(context)?;
            let name = entry.file_name();
            let path = directory.join(&name);
            if entry.file_type().with_context(context)?.is_dir() {
                if !SKIPPED.iter().any(|skipped| name == *skipped) {
                    pending.push(path);
                }
            } else if name.to_string_lossy().ends_with(SUFFIX) {
                specs.push(path);
            }
        }
    }
    specs.sort();
    Ok(specs)
}

fn render(reports: &[(Source, Vec<Diagnostic>)], left_out: usize, format: Format) -> String {
    let each = |render: &dyn Fn(&Source, &[Diagnostic]) -> String| {
        reports.iter().map(|(source, findings)| render(source, findings)).collect()
    };
    match format {
        Format::Full => {
            let styled = AutoStream::choice(&std::io::stdout()) != ColorChoice::Never;
            each(&|source, findings| render_full(source, findings, styled))
        }
        Format::Concise => each(&render_concise),
        Format::Json => render_json(reports, left_out),
    }
}

/// "2 errors and 1 warning in 3 specs".
fn summary(reports: &[(Source, Vec<Diagnostic>)], left_out: usize) -> String {
    let counted = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let levels = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")];
    let counts = levels.map(|(level, what)| (count(reports, level), what));
    let mut found: Vec<String> = counts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|&(number, what)| counted(number, what))
        .collect();
    let last = found.pop().unwrap_or_else(|| "no findings".into());
    let findings = if found.is_empty() { last } else { format!("{} and {last}", found.join(", ")) };
    let more =
        if left_out == 0 { String::new() } else { format!(", and {left_out} more that are not shown") };
    format!("{findings} in {}{more}", counted(reports.len(), "spec"))
}

fn count(reports: &[(Source, Vec<Diagnostic>)], level: Level) -> usize {
    reports.iter().flat_map(|(_, findings)| findings).filter(|finding| finding.level == level).count()
}

fn status(reports: &[(Source, Vec<Diagnostic>)], fail_on: FailOn, unreadable: bool) -> ExitCode {
    let found = match fail_on {
        FailOn::Error => count(reports, Level::Error),
        FailOn::Warning => count(reports, Level::Error) + count(reports, Level::Warning),
        FailOn::Never => 0,
    };
    match (unreadable, found) {
        (true, _) => ExitCode::from(UNREADABLE),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(FINDINGS),
    }
}
