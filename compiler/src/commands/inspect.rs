//! `boxwright inspect`: what a sealed launcher or a plan file does.

use super::{complain, print};
use anyhow::{Context, anyhow, bail};
use boxwright::diagnostic::visible;
use boxwright::inspect::{render_filters, render_sealed};
use boxwright::link::{LAUNCHER, launcher_digest, sealed_plan};
use boxwright::source::input::read_file;
use boxwright_launcher::plan::{MAGIC, Plan};
use std::path::PathBuf;
use std::process::ExitCode;

/// Show what a sealed launcher or a plan file does, step by step
///
/// Under each step stand its system calls, as strace would print them. The launcher that a plan is sealed into is compared with
/// the digest in the plan: `unmodified`, and whether it is the one that this compiler seals plans into.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright inspect web           a sealed launcher
  boxwright inspect web.plan      a plan file
  boxwright inspect --bpf web     its filters

Exit status: 0 it was shown; 1 the launcher is not the one that its plan was compiled for; 2 usage or I/O")]
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

/// The largest file that is read, in bytes: far above what `build` writes.
const MAX_BYTES: usize = 16 << 20;

/// Whose launcher a plan was compiled for.
const OWN: &str = "this compiler's own";
const OTHER: &str = "not this compiler's own";

/// The launcher's code is not what the plan says.
const MODIFIED: u8 = 1;

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let name = args.file.display();
    let bytes = read_file(&args.file, MAX_BYTES).with_context(|| format!("cannot read {name}"))?;
    let is_plan = bytes.starts_with(&MAGIC);
    let plan = if is_plan { Some(&bytes[..]) } else { sealed_plan(&bytes) };
    let Some(plan) = plan else { bail!("{name} is neither a plan nor a launcher with a plan sealed in") };
    let plan = Plan::read(plan).map_err(|refusal| {
        let (why, at) = (refusal.reason.words(), refusal.offset);
        anyhow!("{name}: the launcher would refuse it: {why} at byte {at}")
    })?;
    let recorded = plan.provenance().launcher;
    let own = if launcher_digest(LAUNCHER).is_some_and(|own| own == recorded) { OWN } else { OTHER };
    let modified = !is_plan && launcher_digest(&bytes).is_none_or(|found| found != recorded);
    let launcher = match (is_plan, modified) {
        (true, _) => format!("not in this file, {own}, "),
        (false, true) => "MODIFIED, the plan was compiled for ".to_owned(),
        (false, false) => format!("unmodified, {own}, "),
    };
    let page = if args.bpf { render_filters(&plan) } else { render_sealed(&plan, !args.steps, &launcher) };
    print(&page).context("standard output")?;
    if modified {
        let error =
            format!("error: {name}: launcher: modified: its code does not have the digest in its plan");
        complain(&visible(&error));
        complain(
            "help: the executable may do something else than its plan says: build it again from its spec",
        );
        return Ok(ExitCode::from(MODIFIED));
    }
    Ok(ExitCode::SUCCESS)
}
