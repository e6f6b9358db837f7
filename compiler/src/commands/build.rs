//! `boxwright build`: one spec to one executable.

use super::outputs::{Kind, Outputs};
use super::variables::Variables;
use super::{compile, complain};
use boxwright::Built;
use boxwright::link::LAUNCHER;
use boxwright::seccomp::Compiled;
use clap::ArgGroup;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// A spec with errors.
const FINDINGS: u8 = 1;

/// Compile a spec and seal it into one static executable
///
/// The same spec gives the same bytes, on every machine. Nothing is written unless everything could be compiled.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright build web.sandbox.toml -o web         one executable: ./web starts the program in its sandbox
  boxwright build web.sandbox.toml --plan web.plan --launcher launcher
                                                  the same in two files: ./launcher web.plan")]
#[command(group = ArgGroup::new("outputs").required(true).multiple(true).args(["output", "plan", "launcher"]))]
pub struct Args {
    /// The spec; - is standard input
    spec: PathBuf,
    #[command(flatten)]
    variables: Variables,
    /// Write the sealed launcher here
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the plan alone here, for the bare launcher
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Write the bare launcher here: it takes a plan file as its first argument
    #[arg(long, value_name = "FILE")]
    launcher: Option<PathBuf>,
    /// Say what was proven of the filter, and how long everything took
    #[arg(short, long)]
    verbose: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let Some((built, source)) = compile(&args.spec, &args.variables, None)? else {
        complain("nothing was built");
        return Ok(ExitCode::from(FINDINGS));
    };
    if args.verbose {
        complain(&filter_words(&built));
        complain(&format!("compiled in {:.1} ms", start.elapsed().as_secs_f64() * 1e3));
    }
    let files = [
        (&args.output, &built.executable[..], Kind::Executable),
        (&args.plan, &built.plan, Kind::Data),
        (&args.launcher, LAUNCHER, Kind::Executable),
    ];
    let mut outputs = Outputs::new();
    source.layers().iter().for_each(|layer| outputs.reads(&layer.path));
    for (path, bytes, kind) in files {
        if let Some(path) = path {
            outputs.add(path, bytes, kind)?;
        }
    }
    outputs.commit()?;
    Ok(ExitCode::SUCCESS)
}

fn filter_words(built: &Built) -> String {
    match &built.filter {
        None => "filter: none".into(),
        Some(Compiled { proof, no_opinion: None, .. }) => {
            format!("filter: {proof}; proven, and seccompiler agrees")
        }
        Some(Compiled { proof, no_opinion: Some(reason), .. }) => {
            format!("filter: {proof}; proven, without a second opinion: {reason}")
        }
    }
}
