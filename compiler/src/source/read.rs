//! Reading a spec file without trusting it: what it is, how long it is and what it holds are all in doubt.

use super::{LineColumn, MAX_BYTES, Source};
use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The path that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// O_NONBLOCK and O_NOCTTY (asm-generic/fcntl.h, which x86_64, aarch64 and riscv64 use as it is): opening a FIFO does
/// not wait for its writer, and opening a terminal does not make it ours.
const OPEN_FLAGS: i32 = 0o4000 | 0o400;

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
    /// The system refused.
    Io(io::Error),
    /// Not a file: what it is instead.
    NotAFile(&'static str),
    /// More than [`MAX_BYTES`].
    TooLarge,
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
            limited(io::stdin().lock())
        } else {
            open(path).and_then(limited)
        };
        let text = text(bytes.map_err(at_path)?).map_err(at_path)?;
        Ok(Self::new(path, text))
    }
}

fn open(path: &Path) -> Result<File, ReadErrorKind> {
    // Looked at before it is opened, because opening a device can already do something; and after, because it may have
    // been replaced in between.
    refuse_special(&std::fs::metadata(path)?)?;
    let file = OpenOptions::new().read(true).custom_flags(OPEN_FLAGS).open(path)?;
    refuse_special(&file.metadata()?)?;
    Ok(file)
}

fn refuse_special(metadata: &Metadata) -> Result<(), ReadErrorKind> {
    let kind = metadata.file_type();
    let what = if kind.is_file() {
        return if metadata.len() > MAX_BYTES as u64 { Err(ReadErrorKind::TooLarge) } else { Ok(()) };
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(ReadErrorKind::NotAFile(what))
}

/// Everything, if it is not too much; a file of /proc says that it is empty and a file can grow while it is read.
fn limited(reader: impl Read) -> Result<Vec<u8>, ReadErrorKind> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES { Err(ReadErrorKind::TooLarge) } else { Ok(bytes) }
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

impl From<io::Error> for ReadErrorKind {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            ReadErrorKind::Io(error) => write!(formatter, "{path}: {error}"),
            ReadErrorKind::NotAFile(what) => write!(formatter, "{path}: is {what}, not a file"),
            ReadErrorKind::TooLarge => {
                write!(formatter, "{path}: is larger than {} KiB, the most that is read", MAX_BYTES >> 10)
            }
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

#[cfg(test)]
mod tests {
    use super::OPEN_FLAGS;

    #[test]
    fn flags_are_the_systems() {
        assert_eq!(OPEN_FLAGS, nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY);
    }
}
