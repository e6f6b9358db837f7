//! The commands, and the two ways in which they talk to people.

pub mod build;
pub mod check;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod fmt;
pub mod inspect;
pub mod man;
pub mod new;
mod outputs;
pub mod report;
pub mod rules;
pub mod run;
pub mod schema;
pub mod show;
pub mod variables;

use anstream::{AutoStream, ColorChoice};
use boxwright::diagnostic::{Style, render_full};
use boxwright::source::Source;
use boxwright::{Built, Options, understand_with};
use std::io::{self, Write};
use std::path::Path;
use variables::Variables;

/// The path that stands for standard output.
pub const STANDARD_OUTPUT: &str = "-";

/// Writes to standard output. A reader that has gone away has seen what it wanted; that is no failure.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// What this stream can show, by what it is and what the user asks for; links are from this directory.
pub fn style<'a>(stream: &impl anstream::stream::RawStream, root: &'a Path) -> Style<'a> {
    let colours = AutoStream::choice(stream) != ColorChoice::Never;
    // Who wants no colours wants no other escape sequences either.
    let links = colours && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
    Style { colours, links: links.then_some(root) }
}

/// Writes a line to standard error; when even that fails there is nobody left to tell.
pub fn complain(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// Reads and compiles a spec, and says on standard error what is found; `None` when that is an error. The
/// launch tells its status to this descriptor, whatever the spec says. The source names the files that were read.
pub fn compile(
    path: &Path,
    variables: &Variables,
    status_fd: Option<u32>,
) -> anyhow::Result<Option<(Built, Source)>> {
    let options = Options { status_fd, ..variables.options()? };
    let understood = understand_with(&Source::read(path)?, &options).without_notes();
    let source = &understood.source;
    let style = style(&io::stderr(), Path::new(""));
    let findings = render_full(source, &understood.findings, Style { links: None, ..style });
    if !findings.is_empty() {
        complain(findings.trim_end());
    }
    match understood.policy {
        Some(policy) => Ok(Some((boxwright::build(source, &policy)?, understood.source))),
        None => Ok(None),
    }
}
