//! `boxwright schema`: the JSON Schema of the language.

use super::print;
use anyhow::Context;
use std::process::ExitCode;

/// Print the JSON Schema (draft-07) of the spec language, for editors
///
/// With a first line such as `#:schema sandbox.schema.json` in a spec, language servers for TOML (taplo, tombi) complete
/// its keys, show what they mean, and underline mistakes. `boxwright new` writes both.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright schema > sandbox.schema.json")]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args) -> anyhow::Result<ExitCode> {
    print(&boxwright::reference::schema()?).context("standard output")?;
    Ok(ExitCode::SUCCESS)
}
