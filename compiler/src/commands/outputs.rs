//! Writes files for the commands: the only place where the tool creates or replaces one.
//!
//! An output is a regular file, complete or unchanged. A repository can hold a symbolic link or a FIFO where an output is
//! expected, and in CI the user is often root: nothing is ever opened for writing at the path itself. The text goes into a
//! file without a name, which takes the name when every output of the command is complete.

use super::STANDARD_OUTPUT;
use anyhow::{Context, bail};
use boxwright::source::input::read_file;
use boxwright::source::{STANDARD_INPUT, directory};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat, renameat};
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};
use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// What a file is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is read.
    Data,
    /// It is executed.
    Executable,
}

/// Which file something is, whatever path leads to it.
type Identity = (u64, u64);

/// The outputs of one command, none of which has its name before all are complete.
pub struct Outputs {
    /// Files that no output may replace, and what each of them is.
    kept: Vec<(Identity, String)>,
    ready: Vec<Ready>,
    /// The signals that were blocked before; none while nothing has a temporary name.
    mask: Option<SigSet>,
}

/// A complete file that does not have its name yet.
struct Ready {
    shown: PathBuf,
    content: Content,
}

enum Content {
    /// For standard output.
    Standard(Vec<u8>),
    File {
        file: File,
        place: Place,
        temporary: Option<OsString>,
    },
}

/// Where a file goes.
struct Place {
    directory: OwnedFd,
    name: OsString,
    /// The file that is replaced.
    old: Option<FileStat>,
}

impl Outputs {
    /// None yet.
    pub fn new() -> Self {
        let mut outputs = Self { kept: Vec::new(), ready: Vec::new(), mask: None };
        outputs.keep(fstat(io::stdin()), "is standard input");
        outputs.keep(fstat(io::stdout()), "is standard output too");
        outputs.keep(fstat(io::stderr()), "is standard error too");
        outputs
    }

    /// The command reads this file, so that no output may replace it.
    pub fn reads(&mut self, path: &Path) {
        if path != Path::new(STANDARD_INPUT) {
            self.keep(fstatat(AT_FDCWD, path, AtFlags::empty()), "is an input of this command");
        }
    }

    fn keep(&mut self, found: nix::Result<FileStat>, what: &str) {
        // What cannot be looked at cannot be replaced either.
        if let Some(found) = found.ok().filter(|found| kind(found) == SFlag::S_IFREG) {
            self.kept.push(((found.st_dev, found.st_ino), what.to_owned()));
        }
    }

    /// Adds a file, which may replace another; `-` is standard output.
    pub fn add(&mut self, path: &Path, bytes: &[u8], kind: Kind) -> anyhow::Result<()> {
        let cannot = || format!("cannot write {}", path.display());
        let content = if path == Path::new(STANDARD_OUTPUT) {
            if kind == Kind::Executable && io::stdout().is_terminal() {
                bail!("standard output is a terminal, and this is not text: redirect it, or name a file");
            }
            if self.ready.iter().any(|ready| matches!(ready.content, Content::Standard(_))) {
                bail!("standard output is named for two outputs");
            }
            Content::Standard(bytes.to_vec())
        } else {
            let place = Place::of(path).with_context(cannot)?;
            self.refuse(path, &place)?;
            self.complete(place, bytes, kind).with_context(cannot)?
        };
        self.ready.push(Ready { shown: path.to_owned(), content });
        Ok(())
    }

    /// Adds a file that must not exist.
    pub fn add_new(&mut self, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        let cannot = || format!("cannot make {}", path.display());
        let place = Place::of(path).with_context(cannot)?;
        if place.old.is_some() {
            bail!("cannot make {}: File exists; remove it, or name another file", path.display());
        }
        self.refuse(path, &place)?;
        let content = self.complete(place, bytes, Kind::Data).with_context(cannot)?;
        self.ready.push(Ready { shown: path.to_owned(), content });
        Ok(())
    }

    /// Replaces the text of a file that still is what was read from it.
    pub fn replace(path: &Path, before: &str, after: &str) -> anyhow::Result<()> {
        let name = path.display();
        let cannot = || format!("cannot write {name}");
        let place = Place::of(path).with_context(cannot)?;
        match place.old.map(|old| old.st_nlink) {
            None => bail!("cannot write {name}: it was removed meanwhile"),
            Some(1) => {}
            Some(_) => {
                bail!("{name} has other names too and was left as it is: they would keep the old text")
            }
        }
        let mut outputs = Self { kept: Vec::new(), ready: Vec::new(), mask: None };
        let content = outputs.complete(place, after.as_bytes(), Kind::Data).with_context(cannot)?;
        let unchanged = read_file(path, before.len()).is_ok_and(|now| now == before.as_bytes());
        if !unchanged {
            bail!("cannot write {name}: it was changed meanwhile, and was left as it is");
        }
        outputs.ready.push(Ready { shown: path.to_owned(), content });
        outputs.commit()
    }

    /// Adds to a regular file that is there already: a summary that a CI service gives to each step.
    pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
        let regular = |metadata: &std::fs::Metadata| match metadata.is_file() {
            true => Ok(()),
            false => Err(io::Error::other("it is not a regular file")),
        };
        // Opening a FIFO or a device may have an effect, so it is looked at before as well.
        regular(&path.symlink_metadata()?)?;
        let append =
            OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let mut file = File::from(open(path, append, Mode::empty())?);
        regular(&file.metadata()?)?;
        file.write_all(bytes)
    }

    /// Gives every file its name.
    pub fn commit(mut self) -> anyhow::Result<()> {
        self.block();
        for at in 0..self.ready.len() {
            let Some(ready) = self.ready.get_mut(at) else { break };
            let cannot = || format!("cannot write {}", ready.shown.display());
            match &mut ready.content {
                Content::Standard(bytes) => {
                    let mut stdout = io::stdout().lock();
                    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
                        // The reader has seen what it wanted.
                        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                        result => result.context("standard output")?,
                    }
                }
                Content::File { file, place, temporary } => {
                    place.fill(file, temporary).with_context(cannot)?;
                }
            }
        }
        Ok(())
    }

    fn refuse(&self, path: &Path, place: &Place) -> anyhow::Result<()> {
        let identity = place.old.map(|old| (old.st_dev, old.st_ino));
        if let Some((_, what)) = self.kept.iter().find(|(kept, _)| Some(*kept) == identity) {
            bail!("{} {what}, and nothing was written; name another file", path.display());
        }
        for ready in &self.ready {
            let Content::File { place: other, .. } = &ready.content else { continue };
            if place.is(other)? {
                let other = ready.shown.display();
                bail!("{} and {other} are one file, and nothing was written; name two", path.display());
            }
        }
        Ok(())
    }

    /// A complete file for a place.
    fn complete(&mut self, place: Place, bytes: &[u8], kind: Kind) -> io::Result<Content> {
        let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
        let (mut file, temporary) = match openat(&place.directory, ".", flags, place.mode(kind)) {
            Ok(file) => (File::from(file), None),
            // The file system has no files without names, or the kernel does not know of any.
            Err(Errno::EOPNOTSUPP | Errno::EISDIR | Errno::ENOENT | Errno::EINVAL) => {
                self.block();
                let (file, name) = place.temporary(place.mode(kind))?;
                (file, Some(name))
            }
            Err(error) => return Err(error.into()),
        };
        let written = file.write_all(bytes).and_then(|()| place.adopt(&file, kind));
        let written = written.and_then(|()| file.sync_all());
        let content = Content::File { file, place, temporary };
        // It has to be removed by name after a failure too.
        match written {
            Ok(()) => Ok(content),
            Err(error) => {
                content.discard();
                Err(error)
            }
        }
    }

    /// Blocks signals until no temporary name is left.
    fn block(&mut self) {
        if self.mask.is_none() {
            self.mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK).ok();
        }
    }
}

impl Drop for Outputs {
    fn drop(&mut self) {
        self.ready.iter().for_each(|ready| ready.content.discard());
        if let Some(mask) = self.mask {
            // The mask was this thread's before.
            let _ = mask.thread_set_mask();
        }
    }
}

impl Content {
    /// Removes what has a temporary name.
    fn discard(&self) {
        if let Self::File { place, temporary: Some(name), .. } = self {
            // The first failure is what is reported.
            let _ = unlinkat(&place.directory, name.as_os_str(), UnlinkatFlags::NoRemoveDir);
        }
    }
}

impl Place {
    /// Where a path leads, if a file may be written there.
    fn of(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().filter(|_| !path.as_os_str().as_bytes().ends_with(b"/"));
        let name = name.context("the path of a file is expected")?.to_owned();
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(directory(path), flags, Mode::empty())?;
        let old = look(&directory, &name)?;
        let what = match old.as_ref().map(kind) {
            None | Some(SFlag::S_IFREG) => return Ok(Self { directory, name, old }),
            Some(SFlag::S_IFLNK) if ["/dev", "/proc"].iter().any(|system| path.starts_with(system)) => {
                "is a symbolic link; write `-` for standard output"
            }
            Some(SFlag::S_IFLNK) => "is a symbolic link; name the file that it leads to",
            Some(SFlag::S_IFDIR) => "is a directory; name a file in it",
            Some(SFlag::S_IFIFO) => "is a FIFO, not a file; write to standard output instead",
            Some(SFlag::S_IFSOCK) => "is a socket, not a file; write to standard output instead",
            Some(_) => "is a device, not a file; write to standard output instead",
        };
        bail!("it {what}")
    }

    /// Is it the same place, or the same file?
    fn is(&self, other: &Self) -> io::Result<bool> {
        let file = |place: &Self| place.old.map(|old| (old.st_dev, old.st_ino));
        if let (Some(one), Some(other)) = (file(self), file(other)) {
            return Ok(one == other);
        }
        let (one, two) = (fstat(&self.directory)?, fstat(&other.directory)?);
        Ok((one.st_dev, one.st_ino) == (two.st_dev, two.st_ino) && self.name == other.name)
    }

    /// The mode of a new file, of which the kernel takes the umask; one that replaces another is private at first.
    fn mode(&self, kind: Kind) -> Mode {
        Mode::from_bits_truncate(match (self.old, kind) {
            (Some(_), _) => 0o600,
            (None, Kind::Data) => 0o644,
            (None, Kind::Executable) => 0o755,
        })
    }

    /// Gives a file the owner and the mode of the one that it replaces, whatever the umask is.
    fn adopt(&self, file: &File, kind: Kind) -> io::Result<()> {
        let Some(old) = self.old else { return Ok(()) };
        let mut mode = old.st_mode & 0o777;
        let new = fstat(file)?;
        if new.st_gid != old.st_gid && fchown(file, None, Some(old.st_gid)).is_err() {
            // Another group gets no more than everybody.
            mode &= 0o707 | (mode & 0o007) << 3;
        }
        if new.st_uid != old.st_uid {
            // Only a privileged user can; otherwise the file belongs to whoever writes it.
            let _ = fchown(file, Some(old.st_uid), None);
        }
        if kind == Kind::Executable {
            mode |= (mode & 0o444) >> 2;
        }
        file.set_permissions(Permissions::from_mode(mode))
    }

    /// Gives a complete file its name.
    fn fill(&self, file: &mut File, temporary: &mut Option<OsString>) -> io::Result<()> {
        let now = look(&self.directory, &self.name)?;
        let identity = |found: &FileStat| (found.st_dev, found.st_ino);
        if now.as_ref().map(identity) != self.old.as_ref().map(identity) {
            return Err(io::Error::other("another file was put there meanwhile"));
        }
        if temporary.is_none() {
            if self.old.is_none() {
                match link(file, &self.directory, &self.name) {
                    Ok(()) => return Ok(()),
                    Err(Errno::EEXIST) => {
                        return Err(io::Error::other("another file was put there meanwhile"));
                    }
                    Err(_) => {}
                }
            }
            *temporary = Some(self.linked(file)?);
        }
        let Some(name) = temporary.as_ref() else { return Ok(()) };
        renameat(&self.directory, name.as_os_str(), &self.directory, self.name.as_os_str())?;
        *temporary = None;
        Ok(())
    }

    /// A temporary name for a file without one.
    fn linked(&self, file: &mut File) -> io::Result<OsString> {
        for _ in 0..ATTEMPTS {
            let name = random();
            match link(file, &self.directory, &name) {
                Ok(()) => return Ok(name),
                Err(Errno::EEXIST) => {}
                Err(_) => break,
            }
        }
        // Without /proc it cannot have a name: what is in it goes into a file that has one.
        let (mut copy, name) = self.temporary(Mode::from_bits_truncate(0o600))?;
        let copied = file.rewind().and_then(|()| io::copy(file, &mut copy)).and_then(|_| {
            let from = fstat(&*file)?;
            fchown(&copy, Some(from.st_uid), Some(from.st_gid))?;
            copy.set_permissions(Permissions::from_mode(from.st_mode & 0o777))?;
            copy.sync_all()
        });
        if copied.is_err() {
            let _ = unlinkat(&self.directory, name.as_os_str(), UnlinkatFlags::NoRemoveDir);
        }
        copied.map(|()| name)
    }

    /// A new file with a name that no other file has.
    fn temporary(&self, mode: Mode) -> io::Result<(File, OsString)> {
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut last = Errno::EEXIST;
        for _ in 0..ATTEMPTS {
            let name = random();
            match openat(&self.directory, name.as_os_str(), flags, mode) {
                Ok(file) => return Ok((file.into(), name)),
                Err(Errno::EEXIST) => {}
                Err(error) => {
                    last = error;
                    break;
                }
            }
        }
        Err(last.into())
    }
}

/// How often another random name is tried; the second is already hardly ever needed.
const ATTEMPTS: usize = 16;

/// A name of 64 random bits: the hasher's keys come from the system.
fn random() -> OsString {
    format!(".boxwright-{:016x}", RandomState::new().hash_one(0)).into()
}

/// What has a name in a directory, itself and not what a link leads to.
fn look(directory: &OwnedFd, name: &OsString) -> io::Result<Option<FileStat>> {
    match fstatat(directory, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives a name to a file that has none (open(2), O_TMPFILE).
fn link(file: &File, directory: &OwnedFd, name: &OsString) -> nix::Result<()> {
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(AT_FDCWD, unnamed.as_str(), directory.as_fd(), name.as_os_str(), AtFlags::AT_SYMLINK_FOLLOW)
}

fn kind(found: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT
}
