//! `boxwright check`: findings of one or many specs.

pub(super) mod discover;
mod examine;
mod ignored;
mod index;
mod known;
mod layered;
mod levels;
mod mend;
mod output;
mod progress;

use super::outputs::Outputs;
use super::variables::Variables;
use super::{complain, print};
use anyhow::{Context, bail};
use boxwright::diagnostic::{Checked, Level, Run, visible};
use boxwright::policy::{Date, Kernel};
use boxwright::review::{Acceptances, entry};
use boxwright::source::{STANDARD_INPUT, Source};
use boxwright::{Options, fix, rules, understand_with};
use clap::ValueEnum;
use known::KnownArgs;
use levels::{LevelArgs, Repositories};
use mend::MendArgs;
use output::Format;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

const FINDINGS: u8 = 1;
const UNREADABLE: u8 = 2;
const NO_SPEC: u8 = 3;

/// Check specs and say everything that is wrong with them
///
/// A directory stands for every *.sandbox.toml beneath it that .gitignore does not name, and so does no path at all for
/// the current directory. `-` is standard input. boxwright.toml at the root of a repository says in [rules] how bad the
/// findings of a rule are there, and [[accept]] in a spec which of them somebody has looked at.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright check                             every spec beneath the current directory
  boxwright check specs/ --fail-on warning    warnings fail too
  boxwright check --diff                      what --fix would write
  boxwright check --write-baseline known.json, and from then on --baseline known.json
  boxwright check --format sarif --output-file boxwright.sarif
  boxwright check - --stdin-filename web.sandbox.toml < web.sandbox.toml")]
pub struct Args {
    /// Spec files and directories
    paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
    /// Write them to this file, atomically; - is standard output
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// The mildest finding that makes the exit status 1
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    #[command(flatten)]
    levels: LevelArgs,
    /// Take the paths for files that have changed, and check the specs that are or extend one of them
    #[arg(long)]
    affected: bool,
    /// Ignore the [[accept]] entries of specs; the baseline of another branch says then what is accepted
    #[arg(long)]
    no_accept: bool,
    /// Print the [[accept]] entry of each finding that can be accepted, instead of findings
    #[arg(long, conflicts_with_all = ["output_file", "diff"])]
    show_accept: bool,
    #[command(flatten)]
    known: KnownArgs,
    #[command(flatten)]
    mend: MendArgs,
    /// What standard input is called in findings
    #[arg(long, value_name = "NAME")]
    stdin_filename: Option<PathBuf>,
    /// Also find what this kernel lacks, such as 5.15; instead of the one in `requires.kernel`
    #[arg(long, value_name = "VERSION")]
    kernel: Option<Kernel>,
    /// Tell notes too: what could be tighter, and what the spec asks of a machine
    #[arg(long)]
    pedantic: bool,
    /// The day for what is accepted up to a day [default: today]
    #[arg(long, value_name = "DAY")]
    today: Option<Date>,
    #[command(flatten)]
    variables: Variables,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    /// Only errors
    Error,
    /// Warnings too
    Warning,
    /// Notes too, which --pedantic tells
    Note,
    /// Nothing that is found
    Never,
}

/// What came of one spec.
struct Examined {
    checked: Checked,
    /// How many findings were mended.
    mended: usize,
    /// What would be, or why it was not.
    difference: String,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    // What has changed names files of any kind; which specs they concern is looked for in all.
    let discover::Specs { mut paths, ignored, mut failures, notes, read, .. } =
        discover::specs(if args.affected { &[] } else { &args.paths });
    notes.iter().for_each(|note| complain(&visible(&format!("note: {note}"))));
    if args.stdin_filename.is_some() && !paths.iter().any(|path| path == Path::new(STANDARD_INPUT)) {
        bail!("--stdin-filename names standard input, and `-` is not among the specs");
    }
    if paths.is_empty() && !failures.is_empty() {
        tell(&failures);
        return Ok(ExitCode::from(UNREADABLE));
    }
    if args.affected {
        paths = layered::affected(paths, &args.paths);
        if paths.is_empty() && failures.is_empty() {
            complain("no spec is affected");
            return Ok(ExitCode::SUCCESS);
        }
    }
    if paths.is_empty() {
        complain(&format!("error: no spec found: no file's name ends in {}", discover::SUFFIX));
        return Ok(ExitCode::from(NO_SPEC));
    }
    // One that was removed has no path; what is named by absolute paths can be checked anyway.
    let root = std::env::current_dir().unwrap_or_default();
    let mut options = args.variables.options()?;
    options.oldest_kernel = args.kernel;
    options.today = args.today.or_else(today);
    options.acceptances = Acceptances { none: args.no_accept, never: args.levels.errors.clone() };
    let repositories = Repositories::of(&paths, &args.levels, &root, &mut failures)?;
    let (mut files, mut mended, mut difference) = (repositories.wrong.clone(), 0, String::new());
    for examined in examine::each(&paths, |path| examine(path, &args, &options, &repositories))? {
        match examined {
            Ok(examined) => {
                files.push(examined.checked);
                mended += examined.mended;
                difference += &examined.difference;
            }
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    tell(&failures);
    let specs = files.len() - repositories.wrong.len();
    let mut outputs = Outputs::new();
    let layers = files.iter().flat_map(|file| file.source.layers()).map(|layer| &layer.path);
    layers.chain(&paths).chain(&read).chain(repositories.files()).for_each(|path| outputs.reads(path));
    layered::tell_once(&mut files);
    args.known.sort_out(&mut files, &root, &mut outputs)?;
    let run =
        Run { files: &files, ignored: &ignored, rules: &rules(), root: &root, fails: args.fail_on.level() };
    if args.show_accept {
        print(&entries(&run)).context("standard output")?;
    } else if args.mend.diff {
        print(&difference).context("standard output")?;
    } else {
        output::write(&run, args.format, args.output_file.as_deref(), &mut outputs)?;
    }
    outputs.commit()?;
    // Where no spec was read, nothing can be said about findings.
    if specs > 0 && (args.format.is_text() || args.output_file.is_some()) {
        complain(&summary(&run, specs, mended));
    }
    if args.format == Format::Github {
        output::summarize(&run, &summary(&run, specs, mended))?;
    }
    let failed = run.findings().any(|(_, finding)| run.is_failure(finding.level));
    Ok(match (failures.is_empty(), failed) {
        (false, _) => ExitCode::from(UNREADABLE),
        (true, true) => ExitCode::from(FINDINGS),
        (true, false) => ExitCode::SUCCESS,
    })
}

/// Says what could not be read, a line each.
fn tell(failures: &[String]) {
    for failure in failures {
        complain(&visible(&format!("error: {failure}")));
    }
}

fn examine(
    path: &Path,
    args: &Args,
    options: &Options,
    repositories: &Repositories,
) -> anyhow::Result<Examined> {
    let mut source = Source::read(path)?;
    if let Some(name) = args.stdin_filename.as_ref().filter(|_| path == Path::new(STANDARD_INPUT)) {
        source = Source::new(name, source.text);
    }
    let (mut mended, mut difference) = (0, String::new());
    if args.mend.fix || args.mend.diff {
        let (text, count) = fix(&source, options);
        if args.mend.diff {
            difference = mend::difference(&source.path, &source.text, &text);
        } else if count > 0 {
            mend::write(path, &source.text, &text)?;
            (source, mended) = (Source::new(&source.path, text), count);
        }
    }
    let understood = understand_with(&source, options).with_levels(&repositories.levels(path));
    let understood = if args.pedantic { understood } else { understood.without_notes() };
    let (left_out, silenced) = (understood.left_out, understood.silenced);
    let checked = Checked { left_out, silenced, ..Checked::new(understood.source, understood.findings) };
    Ok(Examined { checked, mended, difference })
}

/// What would accept each finding, with the place that it is about.
fn entries(run: &Run) -> String {
    let mut text = String::new();
    for (file, finding) in run.findings() {
        let Some(entry) = entry(finding) else { continue };
        let path = file.source.path_at(finding.span.start).to_string_lossy();
        text += &format!(
            "# {}:{}: {}\n{entry}reason = \"\"\n\n",
            visible(&path),
            file.source.line_column(finding.span.start).line,
            visible(&finding.message)
        );
    }
    text
}

/// The day, in UTC. Nothing else in this program looks at a clock to decide something.
fn today() -> Option<Date> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Date::after_epoch(now.as_secs() / (24 * 60 * 60))
}

impl FailOn {
    fn level(self) -> Option<Level> {
        match self {
            Self::Error => Some(Level::Error),
            Self::Warning => Some(Level::Warning),
            Self::Note => Some(Level::Note),
            Self::Never => None,
        }
    }
}

/// "2 errors and 1 warning in 3 specs, 1 accepted".
fn summary(run: &Run, specs: usize, mended: usize) -> String {
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
    let mut text = format!("{findings} in {}", counted(specs, "spec"));
    let mended = (mended > 0).then(|| format!("{mended} mended"));
    for words in mended.into_iter().chain(run.silencers()) {
        text += &format!(", {words}");
    }
    match sum(|file| file.left_out) {
        0 => text,
        left_out => format!("{text}, and {left_out} more that are not shown"),
    }
}
