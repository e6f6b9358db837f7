//! `boxwright new`: a commented starter spec.

use super::{complain, print};
use anyhow::{Context, bail};
use boxwright::diagnostic::{Style, render_concise, visible};
use boxwright::source::{STANDARD_INPUT, Source};
use boxwright::understand;
use handlebars::Handlebars;
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const STARTER: &str = include_str!("../../templates/starter.sandbox.toml.hbs");

/// Write a commented starter spec
///
/// It passes `boxwright check` as it is. A file that exists is never written to.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright new                                             writes sandbox.sandbox.toml
  boxwright new web.sandbox.toml --program /usr/bin/web
  boxwright new - --program /usr/bin/jq                     writes to standard output")]
pub struct Args {
    /// Where to write it; `-` is standard output [default: NAME.sandbox.toml]
    file: Option<PathBuf>,
    /// The sandbox's name [default: the file's, else the program's]
    #[arg(long)]
    name: Option<String>,
    /// The program, as an absolute path inside the sandbox
    #[arg(long, default_value = "/usr/bin/id")]
    program: String,
}

#[derive(Serialize)]
struct Starter<'a> {
    name: &'a str,
    program: &'a str,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let name = args.name.clone().unwrap_or_else(|| default_name(&args));
    let file = args.file.unwrap_or_else(|| PathBuf::from(format!("{name}.sandbox.toml")));
    let text = starter(&Starter { name: &name, program: &args.program })?;
    let source = Source::new(&file, text);
    let understood = understand(&source).without_notes();
    if understood.policy.is_none() {
        bail!("{}", render_concise(&source, &understood.findings, Style::default()).trim_end());
    }
    if file == Path::new(STANDARD_INPUT) {
        print(&source.text)?;
    } else {
        write_new(&file, &source.text)?;
        complain(&visible(&format!("wrote {}; `boxwright check` reads it", file.display())));
    }
    Ok(ExitCode::SUCCESS)
}

fn default_name(args: &Args) -> String {
    let file = args.file.as_deref().filter(|file| *file != Path::new(STANDARD_INPUT));
    let path = file.unwrap_or(Path::new(&args.program));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split_once('.').map_or(&*name, |(stem, _)| stem).to_owned()
}

fn starter(starter: &Starter<'_>) -> anyhow::Result<String> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(escape);
    handlebars.render_template(STARTER, starter).context("the starter template")
}

/// As the inside of a TOML basic string.
fn escape(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Writes a file that must not exist yet; one that could not be written whole does not stay.
fn write_new(file: &Path, text: &str) -> anyhow::Result<()> {
    let mut open = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .with_context(|| format!("cannot make {}", file.display()))?;
    open.write_all(text.as_bytes()).with_context(|| {
        let _ = std::fs::remove_file(file);
        format!("cannot write {}", file.display())
    })
}
