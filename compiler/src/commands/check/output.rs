//! Where findings go and in which format.

use crate::commands::outputs::{Kind, Outputs};
use crate::commands::{STANDARD_OUTPUT, print, style};
use anyhow::Context;
use boxwright::diagnostic::{
    Run, Style, render_concise, render_full, render_github, render_gitlab, render_json, render_junit,
    render_sarif, render_summary,
};
use clap::ValueEnum;
use std::path::Path;

/// How findings are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// With the lines of the spec, as compilers do
    Full,
    /// One line for each: file:line:column: level[rule]: message
    Concise,
    /// One versioned object
    Json,
    /// Annotations of a GitHub workflow
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit's XML: a test for each finding
    Junit,
}

impl Format {
    /// Is it for people?
    pub fn is_text(self) -> bool {
        matches!(self, Self::Full | Self::Concise)
    }
}

/// The largest summary that a step of GitHub may have is one mebibyte, of all that write to it.
const SUMMARY_MAX: usize = 256 << 10;

/// Adds what was found to the summary of a step, when a workflow of GitHub asks for its format.
pub fn summarize(run: &Run, last: &str) -> anyhow::Result<()> {
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else {
        return Ok(());
    };
    let mut text = render_summary(run, last);
    if text.len() > SUMMARY_MAX {
        text = render_summary(&Run { files: &[], ignored: &[], ..*run }, last);
    }
    let context = || format!("cannot write {}", file.display());
    Outputs::append(Path::new(&file), text.as_bytes()).with_context(context)
}

/// Writes what was found to a file, whole or not at all, or to standard output.
pub fn write(run: &Run, format: Format, file: Option<&Path>, outputs: &mut Outputs) -> anyhow::Result<()> {
    let Some(file) = file.filter(|file| *file != Path::new(STANDARD_OUTPUT)) else {
        let style = style(&std::io::stdout(), run.root);
        return print(&render(run, format, style)).context("standard output");
    };
    let text = render(run, format, Style::default());
    outputs.add(file, text.as_bytes(), Kind::Data)
}

fn render(run: &Run, format: Format, style: Style<'_>) -> String {
    let each = |one: &dyn Fn(&boxwright::diagnostic::Checked) -> String| run.files.iter().map(one).collect();
    match format {
        Format::Full => each(&|file| render_full(&file.source, &file.findings, style)),
        Format::Concise => each(&|file| render_concise(&file.source, &file.findings, style)),
        Format::Json => render_json(run),
        Format::Github => render_github(run),
        Format::Gitlab => render_gitlab(run),
        Format::Sarif => render_sarif(run),
        Format::Junit => render_junit(run),
    }
}
