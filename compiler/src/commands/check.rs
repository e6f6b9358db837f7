//! `boxwright check`: findings of one or many specs.

mod discover;
mod examine;
mod output;

use super::complain;
use super::variables::Variables;
use boxwright::diagnostic::{Checked, Level, Run, visible};
use boxwright::policy::Kernel;
use boxwright::source::{ReadError, STANDARD_INPUT, Source};
use boxwright::{Options, rules, understand_with};
use clap::ValueEnum;
use output::Format;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const FINDINGS: u8 = 1;
const UNREADABLE: u8 = 2;
const NO_SPEC: u8 = 3;

/// Check specs and say everything that is wrong with them
///
/// A directory stands for every *.sandbox.toml beneath it that .gitignore does not name, and so does no path at all for
/// the current directory. `-` is standard input.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright check                             every spec beneath the current directory
  boxwright check specs/ --fail-on warning    warnings fail too
  boxwright check --format sarif --output-file boxwright.sarif
  boxwright check - --stdin-filename web.sandbox.toml < web.sandbox.toml")]
pub struct Args {
    /// Spec files and directories
    paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
    /// Write them to this file, whole or not at all
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// The mildest finding that makes the exit status 1
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// What standard input is called in findings
    #[arg(long, value_name = "NAME")]
    stdin_filename: Option<PathBuf>,
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
    let paths = discover::specs(&args.paths)?;
    if paths.is_empty() {
        complain(&format!("error: no spec found: no file's name ends in {}", discover::SUFFIX));
        return Ok(ExitCode::from(NO_SPEC));
    }
    let mut options = args.variables.options();
    options.oldest_kernel = args.kernel;
    let (mut files, mut unreadable) = (Vec::new(), false);
    for checked in examine::each(&paths, |path| check(path, &args, &options))? {
        match checked {
            Ok(checked) => files.push(checked),
            Err(error) => {
                complain(&visible(&format!("error: {error}")));
                unreadable = true;
            }
        }
    }
    let root = std::env::current_dir().unwrap_or_default();
    let run = Run { files: &files, rules: &rules(), root: &root, fails: args.fail_on.level() };
    output::write(&run, args.format, args.output_file.as_deref())?;
    if args.format.is_text() || args.output_file.is_some() {
        complain(&summary(&run));
    }
    let failed = run.findings().any(|(_, finding)| run.is_failure(finding.level));
    Ok(match (unreadable, failed) {
        (true, _) => ExitCode::from(UNREADABLE),
        (false, true) => ExitCode::from(FINDINGS),
        (false, false) => ExitCode::SUCCESS,
    })
}

fn check(path: &Path, args: &Args, options: &Options) -> Result<Checked, ReadError> {
    let mut source = Source::read(path)?;
    if let Some(name) = args.stdin_filename.as_ref().filter(|_| path == Path::new(STANDARD_INPUT)) {
        source = Source::new(name, source.text);
    }
    let understood = understand_with(&source, options);
    let understood = if args.pedantic { understood } else { understood.without_notes() };
    Ok(Checked { left_out: understood.left_out, ..Checked::new(understood.source, understood.findings) })
}

impl FailOn {
    fn level(self) -> Option<Level> {
        match self {
            Self::Error => Some(Level::Error),
            Self::Warning => Some(Level::Warning),
            Self::Never => None,
        }
    }
}

/// "2 errors and 1 warning in 3 specs".
fn summary(run: &Run) -> String {
    let counted = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let levels = [Level::Error, Level::Warning, Level::Note];
    let counts = levels.map(|level| (run.count(level), level.name()));
    let mut found: Vec<String> = counts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|&(number, what)| counted(number, what))
        .collect();
    let last = found.pop().unwrap_or_else(|| "no findings".into());
    let findings = if found.is_empty() { last } else { format!("{} and {last}", found.join(", ")) };
    let sum = |number: fn(&Checked) -> usize| run.files.iter().map(number).sum::<usize>();
    let more = match sum(|file| file.left_out) {
        0 => String::new(),
        left_out => format!(", and {left_out} more that are not shown"),
    };
    format!("{findings} in {}{more}", counted(run.files.len(), "spec"))
}
