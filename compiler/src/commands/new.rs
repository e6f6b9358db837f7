//! `boxwright new`: a commented starter spec.

mod program;
mod schema;

use super::outputs::Outputs;
use super::{complain, print};
use anyhow::{Context, bail};
use boxwright::closure::missing_libraries;
use boxwright::diagnostic::{Style, render_concise, visible};
use boxwright::source::{STANDARD_INPUT, Source, directory};
use boxwright::{formatted, understand};
use handlebars::Handlebars;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const STARTER: &str = include_str!("../../templates/starter.sandbox.toml.hbs");

/// Write a commented starter spec
///
/// It passes `boxwright check` as it is. A file that exists is never written to. With --for it grants what the program
/// of this host needs to start: the interpreters and libraries that it names, and those that they name. The program is
/// not executed; what it opens by name while it runs is for you to add. Unless there is a sandbox.schema.json in the
/// spec's directory or above, one is written beside it, for the editor to which the first line names it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright new                                             writes sandbox.sandbox.toml
  boxwright new web.sandbox.toml --program /usr/bin/web
  boxwright new nginx.sandbox.toml --for /usr/sbin/nginx    with the files that it needs here
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
    /// A program of this host, by its path or its name in PATH, which the sandbox is to start
    #[arg(long = "for", value_name = "PROGRAM", conflicts_with = "program")]
    on_host: Option<PathBuf>,
}

#[derive(Serialize)]
struct Starter<'a> {
    schema: Option<String>,
    name: &'a str,
    program: &'a str,
    base: &'a str,
    read_only: Vec<String>,
    path: bool,
    calls: &'a str,
}

/// Runs the command.
pub fn run(mut args: Args) -> anyhow::Result<ExitCode> {
    if let Some(program) = &args.on_host {
        args.program = program::absolute(program)?;
    }
    let name = args.name.clone().unwrap_or_else(|| default_name(&args));
    let file = args.file.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.sandbox.toml")));
    let standard_output = file == Path::new(STANDARD_INPUT);
    let near = schema::near(&file);
    let write_schema = near.is_none() && !standard_output;
    let schema = near.or_else(|| write_schema.then(|| format!("./{}", schema::NAME)));
    let source = Source::new(&file, spec(&args, &name, schema)?);
    let understood = understand(&source).without_notes();
    let Some(policy) = understood.policy else {
        bail!("{}", render_concise(&source, &understood.findings, Style::default()).trim_end());
    };
    if let (Some(_), [missing, ..]) = (&args.on_host, &missing_libraries(&policy)[..]) {
        bail!("{} would not start in it: {}", args.program, missing.message);
    }
    if standard_output {
        print(&source.text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut outputs = Outputs::new();
    outputs.add_new(&file, source.text.as_bytes())?;
    let path = directory(&file).join(schema::NAME);
    if write_schema {
        outputs.add_new(&path, boxwright::reference::schema()?.as_bytes())?;
    }
    outputs.commit()?;
    if write_schema {
        complain(&visible(&format!("wrote {}, for editors", path.display())));
    }
    complain(&visible(&format!("wrote {}; `boxwright check` reads it", file.display())));
    Ok(ExitCode::SUCCESS)
}

fn spec(args: &Args, name: &str, schema: Option<String>) -> anyhow::Result<String> {
    let mut spec = Starter {
        schema,
        name,
        program: &args.program,
        base: "usr",
        read_only: Vec::new(),
        path: false,
        calls: "@minimal",
    };
    if args.on_host.is_some() {
        let grants = program::wanted(&args.program)?;
        // What it calls is not to be seen in a program either.
        spec = Starter {
            base: grants.base,
            read_only: grants.read_only,
            path: grants.script,
            calls: "@system-service",
            ..spec
        };
    }
    let text = starter(&spec)?;
    // Long lists are wrapped; what has no canonical form has findings.
    Ok(formatted(&Source::new("", text.clone())).unwrap_or(text))
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
