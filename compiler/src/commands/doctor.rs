//! `boxwright doctor`: what this kernel and this user can do, and which lines of a spec could not be honoured here.

mod machine;
mod rehearse;

use super::variables::Variables;
use super::{complain, print, style};
use anyhow::Context;
use boxwright::closure::{missing_libraries, refused_interpreters};
use boxwright::diagnostic::{Checked, Diagnostic, Run, render_full, render_json, visible};
use boxwright::source::Source;
use boxwright::understand_with;
use clap::ValueEnum;
use machine::Feature;
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Something of the spec cannot be honoured, or the spec has errors.
const FINDINGS: u8 = 1;

/// The version of the table's JSON form; it grows when a field goes away or changes its meaning.
const VERSION: u32 = 1;

/// Say what this machine lets you do, or which lines of a spec could not be honoured here, each with the remedy
///
/// Everything is tried for real, as the user who asks, by launchers that set a sandbox up and then execute nothing.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright doctor                      what this kernel and this user can do
  boxwright doctor web.sandbox.toml     what of this spec cannot be honoured here

Exit status: 0 the spec can be honoured, or none was named; 1 something of it cannot, or it has errors; 2 usage or I/O")]
pub struct Args {
    /// The spec; - is standard input
    spec: Option<PathBuf>,
    #[command(flatten)]
    variables: Variables,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Full,
    /// One versioned object; with a spec the same as that of check
    Json,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.spec {
        Some(path) => spec(path, &args.variables, args.format),
        None => {
            let features = machine::features()?;
            print(&table(&features, args.format)).context("standard output")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn spec(path: &Path, variables: &Variables, format: Format) -> anyhow::Result<ExitCode> {
    let understood = understand_with(&Source::read(path)?, &variables.options()?).without_notes();
    let source = &understood.source;
    let Some(policy) = understood.policy else {
        tell(source, understood.findings, format)?;
        return Ok(ExitCode::from(FINDINGS));
    };
    let mut findings = missing_libraries(&policy);
    findings.extend(refused_interpreters(&policy));
    findings.extend(rehearse::rehearse(source, &policy)?);
    let clean = findings.is_empty();
    tell(source, findings, format)?;
    if clean && format == Format::Full {
        complain("everything in the spec can be honoured here");
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(FINDINGS) })
}

fn tell(source: &Source, findings: Vec<Diagnostic>, format: Format) -> anyhow::Result<()> {
    let text = match format {
        Format::Json => {
            let files = [Checked::new(source.clone(), findings)];
            render_json(&Run { files: &files, ignored: &[], rules: &[], root: Path::new(""), fails: None })
        }
        Format::Full => render_full(source, &findings, style(&std::io::stdout(), Path::new(""))),
    };
    print(&text).context("standard output")
}

#[derive(Serialize)]
struct Table<'a> {
    version: u32,
    features: &'a [Feature],
}

fn table(features: &[Feature], format: Format) -> String {
    let mut text = String::new();
    if format == Format::Json {
        // Strings and booleans can always be written.
        return serde_json::to_string_pretty(&Table { version: VERSION, features }).unwrap_or_default()
            + "\n";
    }
    for Feature { name, works, why } in features {
        let (mark, colour) = if *works { ("yes", "\u{1b}[32m") } else { ("no", "\u{1b}[31m") };
        let line = format!("{colour}{mark:<4}\u{1b}[0m{name:<26}{}", visible(why));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
