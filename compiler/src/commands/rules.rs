//! `boxwright rules`: what `check` looks for.

use super::print;
use anyhow::Context;
use boxwright::diagnostic::Rule;
use boxwright::rules;
use clap::ValueEnum;
use serde::Serialize;
use std::fmt::Write as _;
use std::process::ExitCode;

/// The version of the form of JSON; it grows when a field goes away or changes its meaning.
const VERSION: u32 = 1;

/// List the rules that specs are checked by
///
/// `boxwright explain RULE` says why one matters and shows an example.
#[derive(clap::Args)]
pub struct Args {
    /// How they are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One line for each: level, name, what it finds
    Text,
    /// One versioned object
    Json,
}

#[derive(Serialize)]
struct Listed {
    version: u32,
    rules: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    level: &'static str,
    summary: &'static str,
    why: &'static str,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let text = match args.format {
        Format::Text => text(&rules()),
        Format::Json => json(&rules())?,
    };
    print(&text).context("standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn text(rules: &[Rule]) -> String {
    let longest = rules.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for rule in rules {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<7}  {:<longest$}  {}", rule.level.name(), rule.name, rule.summary);
    }
    text
}

fn json(rules: &[Rule]) -> anyhow::Result<String> {
    let entry = |rule: &Rule| Entry {
        name: rule.name,
        level: rule.level.name(),
        summary: rule.summary,
        why: rule.why,
    };
    let listed = Listed { version: VERSION, rules: rules.iter().map(entry).collect() };
    Ok(serde_json::to_string_pretty(&listed)? + "\n")
}
