//! Reading a spec file without trusting it: what it is, how long it is and what it holds are all in doubt.

use super::input::{InputError, read_file, read_standard_input};
use super::{LineColumn, MAX_BYTES, Source};
use std::fmt;
use std::path::{Path, PathBuf};

/// The path that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// Why there is no text.
#[derive(Debug)]
pub struct ReadError {
    /// The path as the user named it.
    pub path: PathBuf,
    /// What is wrong with it.
    pub kind: ReadErrorKind,
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum ReadErrorKind {
    /// It cannot be read.
    Input(InputError),
    /// The bytes from here on are not UTF-8.
    NotUtf8(LineColumn),
    /// A character that no spec has.
    Forbidden(LineColumn, &'static str),
}

impl Source {
    /// Reads a spec file, or standard input for `-`.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let at_path = |kind| ReadError { path: path.to_path_buf(), kind };
        let bytes = if path == Path::new(STANDARD_INPUT) {
            read_standard_input(MAX_BYTES)
        } else {
            read_file(path, MAX_BYTES)
        };
        let bytes = bytes.map_err(|error| at_path(ReadErrorKind::Input(error)))?;
        let text = text(bytes).map_err(at_path)?;
        Ok(Self::new(path, text))
    }
}

fn text(bytes: Vec<u8>) -> Result<String, ReadErrorKind> {
    let place = |valid: &[u8]| {
        let before = Source::new("", String::from_utf8_lossy(valid));
        before.line_column(before.text.len())
    };
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(ReadErrorKind::Forbidden(place(b""), "a byte order mark; save it as UTF-8 without one"));
    }
    if let Some(nul) = bytes.iter().position(|byte| *byte == 0) {
        let before = bytes.get(..nul).unwrap_or_default();
        return Err(ReadErrorKind::Forbidden(place(before), "a NUL; a spec is text"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        ReadErrorKind::NotUtf8(place(valid))
    })
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            ReadErrorKind::Input(error) => write!(formatter, "{path}: {error}"),
            ReadErrorKind::NotUtf8(LineColumn { line, column }) => {
                write!(formatter, "{path}:{line}:{column}: is not UTF-8 from here on")
            }
            ReadErrorKind::Forbidden(LineColumn { line, column }, what) => {
                write!(formatter, "{path}:{line}:{column}: has {what}")
            }
        }
    }
}

impl std::error::Error for ReadError {}
