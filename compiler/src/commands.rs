//! The commands, and the two ways in which they talk to people.

pub mod check;
pub mod new;

use std::io::{self, Write};

/// Writes to standard output. A reader that has gone away has seen what it wanted; that is no failure.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to standard error; when even that fails there is nobody left to tell.
pub fn complain(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}
