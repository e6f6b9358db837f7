//! Paths and links in the forms that other programs take.

use crate::source::STANDARD_INPUT;
use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

/// The path from a directory, if it is beneath; without `.` components, which the user may have typed.
pub fn relative(path: &Path, root: &Path) -> PathBuf {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.components().filter(|component| *component != Component::CurDir).collect()
}

/// The path as a relative reference of RFC 3986, or as a `file:` URL when it is absolute: any bytes are safe in it.
pub(super) fn uri(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut uri = String::from(if path.is_absolute() { "file://" } else { "" });
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte))
            }
            // Writing to a String cannot fail.
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

/// Text that a terminal shows as a link (OSC 8).
pub(super) fn linked(text: &str, url: &str) -> String {
    format!("\u{1b}]8;;{url}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\")
}

/// The name of a file, as a link to it; standard input is none.
pub(super) fn link(name: &str, path: &Path, root: &Path) -> String {
    if path == Path::new(STANDARD_INPUT) { name.to_owned() } else { linked(name, &uri(&root.join(path))) }
}

#[cfg(test)]
mod tests {
    use super::{relative, uri};
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    #[test]
    fn paths_are_from_the_directory() {
        assert_eq!(relative(Path::new("/w/a/b"), Path::new("/w")), Path::new("a/b"));
        assert_eq!(relative(Path::new("./a/./b"), Path::new("/w")), Path::new("a/b"));
        assert_eq!(relative(Path::new("../b"), Path::new("/w")), Path::new("../b"));
        assert_eq!(relative(Path::new("/elsewhere/b"), Path::new("/w")), Path::new("/elsewhere/b"));
    }

    #[test]
    fn every_byte_of_a_path_is_safe_in_a_uri() {
        assert_eq!(uri(Path::new("a b/c.toml")), "a%20b/c.toml");
        assert_eq!(uri(Path::new("/a:b")), "file:///a%3Ab");
        assert_eq!(uri(Path::new(OsStr::from_bytes(b"\xff\n\"<\x1b"))), "%FF%0A%22%3C%1B");
    }
}
