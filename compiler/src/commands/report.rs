//! `boxwright report`: what a spec allows, as pictures on the terminal or on a page.

use super::outputs::{Kind, Outputs};
use super::variables::Variables;
use super::{STANDARD_OUTPUT, complain, print};
use anyhow::Context;
use boxwright::diagnostic::{Style, render_full, visible};
use boxwright::report::{Report, render_text, report};
use boxwright::source::Source;
use boxwright::understand_with;
use handlebars::Handlebars;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const PAGE: &str = include_str!("../../templates/report.html.hbs");

/// A spec with errors.
const FINDINGS: u8 = 1;

/// Show what a spec allows: a card by area, the tree of files, and the map of system calls
///
/// Everything comes from the policy and the filter that are enforced. There is no total score: a wide grant is no sum of
/// narrow ones.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright report web.sandbox.toml
  boxwright report web.sandbox.toml --html web.html    one file without scripts")]
pub struct Args {
    /// The spec; - is standard input
    spec: PathBuf,
    #[command(flatten)]
    variables: Variables,
    /// Write a page instead; - is standard output
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let understood = understand_with(&Source::read(&args.spec)?, &args.variables.options()?).without_notes();
    let source = &understood.source;
    let Some(policy) = understood.policy else {
        complain(render_full(source, &understood.findings, Style::default()).trim_end());
        return Ok(ExitCode::from(FINDINGS));
    };
    let report = report(source, &policy)?;
    match &args.html {
        None => print(&render_text(&report)).context("standard output")?,
        Some(file) => {
            let mut outputs = Outputs::new();
            source.layers().iter().for_each(|layer| outputs.reads(&layer.path));
            outputs.add(file, page(&report)?.as_bytes(), Kind::Data)?;
            outputs.commit()?;
            if file != Path::new(STANDARD_OUTPUT) {
                complain(&visible(&format!("wrote {}", file.display())));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn page(report: &Report) -> anyhow::Result<String> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.render_template(PAGE, report).context("the report's template")
}
