//! `boxwright completions`: what a shell completes.

use super::print;
use anyhow::Context;
use clap_complete::{Shell, generate};
use std::process::ExitCode;

/// Print what a shell needs to complete the commands and their options
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright completions bash > ~/.local/share/bash-completion/completions/boxwright
  boxwright completions zsh > \"${fpath[1]}/_boxwright\"
  boxwright completions fish > ~/.config/fish/completions/boxwright.fish")]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub fn run(args: &Args, command: &mut clap::Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    generate(args.shell, command, "boxwright", &mut script);
    print(&String::from_utf8(script).context("the script")?).context("standard output")?;
    Ok(ExitCode::SUCCESS)
}
