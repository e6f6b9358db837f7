//! `boxwright inspect`: what a sealed launcher or a plan file does.

use super::print;
use anyhow::{Context, bail};
use boxwright::inspect::{render, render_filters};
use boxwright::link::sealed_plan;
use boxwright_launcher::plan::{MAGIC, Plan};
use std::path::PathBuf;
use std::process::ExitCode;

/// Show what a sealed launcher or a plan file does, step by step
///
/// Under each step stand its system calls, as strace would print them.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright inspect web           a sealed launcher
  boxwright inspect web.plan      a plan file
  boxwright inspect --bpf web     its filters")]
pub struct Args {
    /// The executable or plan
    file: PathBuf,
    /// Print steps only, without their system calls
    #[arg(long)]
    steps: bool,
    /// Print the seccomp filters instead, instruction by instruction
    #[arg(long, conflicts_with = "steps")]
    bpf: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let name = args.file.display();
    let bytes = std::fs::read(&args.file).with_context(|| format!("cannot read {name}"))?;
    let plan = if bytes.starts_with(&MAGIC) { Some(&bytes[..]) } else { sealed_plan(&bytes) };
    let Some(plan) = plan else { bail!("{name} is neither a plan nor a launcher with a plan sealed in") };
    match Plan::read(plan) {
        Ok(plan) if args.bpf => print(&render_filters(&plan)).context("standard output")?,
        Ok(plan) => print(&render(&plan, !args.steps)).context("standard output")?,
        Err(refusal) => {
            bail!(
                "{name}: the launcher would refuse it: {} at byte {}",
                refusal.reason.words(),
                refusal.offset
            )
        }
    }
    Ok(ExitCode::SUCCESS)
}
