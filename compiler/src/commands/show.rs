//! `boxwright show`: a spec with everything that it inherits, and where each value comes from.

use super::variables::Variables;
use super::{complain, print};
use anyhow::Context;
use boxwright::diagnostic::{Style, render_full};
use boxwright::parse::{Show, show};
use boxwright::source::Source;
use boxwright::understand_with;
use std::path::PathBuf;
use std::process::ExitCode;

/// A spec with errors.
const FINDINGS: u8 = 1;

/// Show a spec with everything that it extends as one document
///
/// What it prints is a spec itself, which means the same.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright show web.sandbox.toml                         what the spec and all that it extends say
  boxwright show web.sandbox.toml --resolved --origin     every value, with the file and line that it comes from")]
pub struct Args {
    /// The spec; - is standard input
    spec: PathBuf,
    /// Show defaults too
    #[arg(long)]
    resolved: bool,
    /// Say after each value which file and line it comes from
    #[arg(long)]
    origin: bool,
    #[command(flatten)]
    variables: Variables,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let options = args.variables.options()?;
    let understood = understand_with(&Source::read(&args.spec)?, &options).without_notes();
    if understood.policy.is_none() {
        complain(render_full(&understood.source, &understood.findings, Style::default()).trim_end());
        return Ok(ExitCode::from(FINDINGS));
    }
    let what = Show { resolved: args.resolved, origin: args.origin };
    print(&show(&understood.source, &options.variables, what)).context("standard output")?;
    Ok(ExitCode::SUCCESS)
}
