//! Reads files and standard input that somebody else may have prepared: the only place where the tool opens an input.
//!
//! A repository can hold a symbolic link to `/dev/zero` where a spec, `.gitignore` or a baseline is expected. Every input
//! is therefore a regular file of bounded size, and opening one neither blocks nor acts on a device.

use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// O_NONBLOCK and O_NOCTTY (asm-generic/fcntl.h, which x86_64, aarch64 and riscv64 use unchanged): opening a FIFO does
/// not wait for its writer, and a terminal does not become the controlling one. The standard library adds O_CLOEXEC.
const OPEN_FLAGS: i32 = 0o4000 | 0o400;

/// Why an input was not read. The message does not name the path; callers add it.
#[derive(Debug)]
pub enum InputError {
    /// The kernel refused.
    Io(io::Error),
    /// Not a regular file, but this.
    NotAFile(&'static str),
    /// Larger than the limit, in bytes.
    TooLarge(usize),
}

/// Reads a regular file of at most `limit` bytes.
pub fn read_file(path: &Path, limit: usize) -> Result<Vec<u8>, InputError> {
    bounded(open_file(path, limit)?, limit)
}

/// Opens a regular file of at most `limit` bytes, for a reader that needs only parts of it. The file can grow later.
pub fn open_file(path: &Path, limit: usize) -> Result<File, InputError> {
    // Checked before open, since opening a device can already act; and after, since the file can be replaced in between.
    refuse_special(&std::fs::metadata(path)?, limit)?;
    let file = OpenOptions::new().read(true).custom_flags(OPEN_FLAGS).open(path)?;
    refuse_special(&file.metadata()?, limit)?;
    Ok(file)
}

/// Reads standard input, of at most `limit` bytes.
pub fn read_standard_input(limit: usize) -> Result<Vec<u8>, InputError> {
    bounded(io::stdin().lock(), limit)
}

/// Reads to the end. The size of a file does not bound it: files in /proc claim to be empty, and a file can grow.
fn bounded(reader: impl Read, limit: usize) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    reader.take((limit as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > limit { Err(InputError::TooLarge(limit)) } else { Ok(bytes) }
}

fn refuse_special(metadata: &Metadata, limit: usize) -> Result<(), InputError> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return if metadata.len() > limit as u64 { Err(InputError::TooLarge(limit)) } else { Ok(()) };
    }
    Err(InputError::NotAFile(if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }))
}

impl From<io::Error> for InputError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(formatter),
            Self::NotAFile(what) => write!(formatter, "is {what}, not a file"),
            Self::TooLarge(limit) if *limit < 1 << 10 => {
                write!(formatter, "is larger than {limit} bytes, the most that is read")
            }
            Self::TooLarge(limit) => {
                write!(formatter, "is larger than {} KiB, the most that is read", limit >> 10)
            }
        }
    }
}

impl std::error::Error for InputError {}

#[cfg(test)]
mod tests {
    use super::{InputError, OPEN_FLAGS, bounded, read_file};
    use std::io;
    use std::path::Path;

    #[test]
    fn flags_are_the_systems() {
        assert_eq!(OPEN_FLAGS, nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY);
    }

    #[test]
    fn only_a_bounded_regular_file_is_read() {
        let read = |path: &str, limit| read_file(Path::new(path), limit);
        assert!(matches!(read("/dev/zero", 16), Err(InputError::NotAFile("a device"))));
        assert!(matches!(read("/", 16), Err(InputError::NotAFile("a directory"))));
        assert!(matches!(read("/nothing/here", 16), Err(InputError::Io(_))));
        // The size of this file is 0 until it is read.
        assert!(matches!(read("/proc/self/status", 16), Err(InputError::TooLarge(16))));
        assert!(matches!(bounded(io::repeat(0), 1 << 20), Err(InputError::TooLarge(_))));
        assert_eq!(bounded(&b"four"[..], 4).unwrap_or_default(), b"four");
        assert!(bounded(&b"five."[..], 4).is_err());
    }
}
