//! Reads git's index (gitformat-index(5)): which files a repository tracks. git itself is never started, and no configuration
//! is read, so nothing that a repository configures is executed.

use super::discover::SUFFIX;
use boxwright::source::input::{InputError, read_file};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The largest index that is read, in bytes: some 200,000 files.
const MAX_BYTES: usize = 32 << 20;
/// The longest path in it: longer ones name no file (PATH_MAX, linux/limits.h).
const PATH_MAX: usize = 4096;
/// The largest `.git` file.
const LINK_MAX: usize = 16 << 10;
/// The bytes of an entry before its hash, the place of its mode in them, and what kinds of entries are files of another
/// repository, or directories of an index that is not expanded.
const FIXED: usize = 40;
const MODE_AT: usize = 24;
const KIND: u32 = 0o170_000;
const SUBMODULE: u32 = 0o160_000;
const DIRECTORY: u32 = 0o040_000;
/// Of the flags: the length of the name, and whether more flags follow.
const NAME_LENGTH: u16 = 0xfff;
const EXTENDED: u16 = 0x4000;
/// The bytes of a SHA-1 and of a SHA-256.
const HASHES: [usize; 2] = [20, 32];

/// What a repository tracks, as far as it matters here. Paths are from its root.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    /// Specs.
    pub specs: BTreeSet<PathBuf>,
    /// The roots of its submodules.
    submodules: BTreeSet<PathBuf>,
    /// Directories whose files the index does not list one by one.
    directories: BTreeSet<PathBuf>,
    /// The index that this one adds to.
    shared: Option<String>,
}

impl Tracked {
    /// Those of the repository at this root. An index that is not there tracks nothing.
    pub fn of(root: &Path) -> Result<Self, String> {
        let Some(directory) = git_directory(root)? else { return Ok(Self::default()) };
        let read = |name: &str| match read_file(&directory.join(name), MAX_BYTES) {
            Ok(bytes) => {
                parse(&bytes).ok_or_else(|| format!("{name} has a form that is not known")).map(Some)
            }
            Err(InputError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{name}: {error}")),
        };
        let Some(mut tracked) = read("index")? else { return Ok(Self::default()) };
        if let Some(shared) = tracked.shared.take() {
            // What the index takes out of the shared one counts as tracked: that only means that more is checked.
            let shared = read(&shared)?.ok_or("the shared index is not there")?;
            tracked.specs.extend(shared.specs);
            tracked.submodules.extend(shared.submodules);
            tracked.directories.extend(shared.directories);
        }
        Ok(tracked)
    }

    /// Is a file tracked, or the root of a submodule?
    pub fn has(&self, path: &Path) -> bool {
        self.specs.contains(path)
            || self.submodules.contains(path)
            || path.ancestors().skip(1).any(|above| self.directories.contains(above))
    }
}

/// The directory that has the index: `.git`, or what a file of that name leads to (worktrees and submodules).
fn git_directory(root: &Path) -> Result<Option<PathBuf>, String> {
    let git = root.join(".git");
    match git.metadata() {
        Ok(metadata) if metadata.is_dir() => return Ok(Some(git)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!(".git: {error}")),
        Ok(_) => {}
    }
    let link = read_file(&git, LINK_MAX).map_err(|error| format!(".git: {error}"))?;
    let link = link.strip_prefix(b"gitdir: ").ok_or(".git is neither a directory nor a link to one")?;
    let end = link.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    Ok(Some(root.join(OsStr::from_bytes(link.get(..end).unwrap_or_default()))))
}

/// What an index tracks. Which hash it uses is written elsewhere, but only one of them ends where the file does.
fn parse(bytes: &[u8]) -> Option<Tracked> {
    HASHES.iter().find_map(|hash| Reader { bytes, at: 0 }.index(*hash))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn index(mut self, hash: usize) -> Option<Tracked> {
        let end = self.bytes.len().checked_sub(hash)?;
        if self.take(4)? != b"DIRC" {
            return None;
        }
        let version = self.number().filter(|version| (2..=4).contains(version))?;
        let count = self.number()?;
        let (mut tracked, mut path) = (Tracked::default(), Vec::new());
        for _ in 0..count {
            let mode = self.entry(version, hash, &mut path)?;
            let name = || PathBuf::from(OsStr::from_bytes(path.strip_suffix(b"/").unwrap_or(&path)));
            match mode & KIND {
                SUBMODULE => drop(tracked.submodules.insert(name())),
                DIRECTORY => drop(tracked.directories.insert(name())),
                _ if path.ends_with(SUFFIX.as_bytes()) => drop(tracked.specs.insert(name())),
                _ => {}
            }
        }
        while self.at < end {
            let name = self.take(4)?;
            let length = usize::try_from(self.number()?).ok()?;
            let data = self.take(length)?;
            match name {
                b"link" => tracked.shared = shared(data.get(..hash)?),
                b"sdir" => {}
                // One that has to be understood.
                _ if name.first().is_some_and(|first| !first.is_ascii_uppercase()) => return None,
                _ => {}
            }
        }
        (self.at == end).then_some(tracked)
    }

    /// Reads an entry: its mode, and its path, which replaces the one before it.
    fn entry(&mut self, version: u32, hash: usize, path: &mut Vec<u8>) -> Option<u32> {
        let start = self.at;
        let fixed = self.take(FIXED + hash)?;
        let mode = u32::from_be_bytes(fixed.get(MODE_AT..MODE_AT + 4)?.try_into().ok()?);
        let flags = self.short()?;
        if flags & EXTENDED != 0 {
            self.short().filter(|_| version > 2)?;
        }
        if version == 4 {
            let kept = path.len().checked_sub(self.offset()?)?;
            path.truncate(kept);
        } else {
            path.clear();
        }
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().take(PATH_MAX).position(|byte| *byte == 0)?;
        path.extend(self.take(length)?);
        let (told, length) = (usize::from(flags & NAME_LENGTH), path.len());
        // A split index has no name for what it replaces.
        if length > PATH_MAX || told != length.min(usize::from(NAME_LENGTH)) {
            return None;
        }
        // The name ends in at least one NUL; but for version 4 they fill the entry up to a multiple of eight bytes.
        let padding = if version == 4 { 1 } else { 8 - (self.at - start) % 8 };
        self.take(padding)?.iter().all(|byte| *byte == 0).then_some(mode)
    }

    /// A number in the variable form of pack files' offsets.
    fn offset(&mut self) -> Option<usize> {
        let mut byte = *self.take(1)?.first()?;
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *self.take(1)?.first()?;
            value = value.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
        }
        Some(value)
    }
}

/// The file of the index that a split one adds to; none when the hash is nothing but zeros.
fn shared(hash: &[u8]) -> Option<String> {
    let hexadecimal: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    hash.iter().any(|byte| *byte != 0).then(|| format!("sharedindex.{hexadecimal}"))
}

#[cfg(test)]
mod tests {
    use super::{HASHES, Tracked, parse};
    use std::path::Path;

    /// An index of these files, with this hash.
    fn index(version: u32, hash: usize, paths: &[&str]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(u32::try_from(paths.len()).unwrap_or_default().to_be_bytes());
        let mut before = "";
        for path in paths {
            let start = bytes.len();
            bytes.extend([0; 24]);
            bytes.extend(0o100_644_u32.to_be_bytes());
            bytes.extend(vec![1; 12 + hash]);
            bytes.extend(u16::try_from(path.len()).unwrap_or_default().to_be_bytes());
            if version == 4 {
                let same = before.bytes().zip(path.bytes()).take_while(|(one, other)| one == other).count();
                bytes.push(u8::try_from(before.len() - same).unwrap_or_default());
                bytes.extend(path.as_bytes().iter().skip(same));
                bytes.push(0);
                before = path;
            } else {
                bytes.extend(path.as_bytes());
                bytes.extend(vec![0; 8 - (bytes.len() - start) % 8]);
            }
        }
        bytes.extend(b"TREE\0\0\0\x02ab");
        bytes.extend(vec![7; hash]);
        bytes
    }

    #[test]
    fn every_version_and_hash_is_read_and_nothing_else() {
        let paths = ["a/b.sandbox.toml", "a/b.txt", "a/c.sandbox.toml"];
        for version in 2..=4 {
            for hash in HASHES {
                let whole = index(version, hash, &paths);
                let tracked = parse(&whole).unwrap_or_default();
                assert_eq!(tracked.specs.len(), 2, "{version} {hash}");
                assert!(tracked.has(Path::new("a/c.sandbox.toml")) && !tracked.has(Path::new("a/b.txt")));
                for length in 0..whole.len() {
                    let cut = whole.get(..length).unwrap_or_default();
                    // Where all entries are left, the end of the extensions may look like the hash.
                    let same = |found| found == tracked;
                    assert!(parse(cut).is_none_or(same), "{version} {hash} {length}");
                }
            }
        }
        assert_eq!(parse(&index(5, 20, &paths)), None);
        let mut required = index(2, 20, &paths);
        let at = required.len() - 20 - 10;
        if let Some(letter) = required.get_mut(at) {
            *letter = b't';
        }
        assert_eq!(parse(&required), None, "an extension that has to be understood");
        assert_eq!(parse(&index(2, 20, &[])), Some(Tracked::default()));
    }
}
