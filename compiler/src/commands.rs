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
pub mod report;
pub mod rules;
pub mod run;
pub mod schema;
pub mod show;
pub mod variables;

use anstream::{AutoStream, ColorChoice};
use boxwright::diagnostic::{Style, render_full, visible};
use boxwright::source::{Source, Span, Spanned, directory};
use boxwright::{Built, understand_with};
use std::io::{self, Write};
use std::path::Path;
use variables::Variables;

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
/// launch tells its status to this descriptor, whatever the spec says.
pub fn compile(path: &Path, variables: &Variables, status_fd: Option<u32>) -> anyhow::Result<Option<Built>> {
    let understood = understand_with(&Source::read(path)?, &variables.options()).without_notes();
    let source = &understood.source;
    let style = style(&io::stderr(), Path::new(""));
    let findings = render_full(source, &understood.findings, Style { links: None, ..style });
    if !findings.is_empty() {
        complain(findings.trim_end());
    }
    match understood.policy {
        Some(mut policy) => {
            if let Some(descriptor) = status_fd {
                policy.status_fd = Some(Spanned::new(descriptor, Span::default()));
            }
            Ok(Some(boxwright::build(source, &policy)?))
        }
        None => Ok(None),
    }
}

/// Writes a file whole or not at all: a temporary file beside it takes its name when it is complete.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write_whole_if(path, bytes, mode, |_| Ok(()))
}

/// The same if there is nothing to say against it when the temporary file is complete.
pub fn write_whole_if(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    ready: impl FnOnce(&std::fs::File) -> io::Result<()>,
) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let directory = directory(path);
    let name = path.file_name().ok_or_else(|| io::Error::other("a file name is expected"))?;
    let temporary = directory.join(format!(".{}.{}", visible(&name.to_string_lossy()), std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| ready(&file)).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| std::fs::rename(&temporary, path));
    if renamed.is_err() {
        // Nothing to do about a second failure: the first is what is told.
        let _ = std::fs::remove_file(&temporary);
    }
    renamed
}
