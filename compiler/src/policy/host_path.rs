//! Paths of the host, of which some parts are known to the launch alone.

use std::fmt;

/// A path of the host: absolute, and in normal form but for symlinks, which are followed at launch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPath(Vec<PathPart>);

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathPart {
    /// Verbatim.
    Literal(String),
    /// A directory, at the start of the path alone; a slash or nothing follows.
    Directory(RunDirectory),
    /// The user id of whoever starts the launcher, in decimal.
    CallerUid,
    /// Its group id.
    CallerGid,
    /// What `$NOTIFY_SOCKET` says, alone; nothing when it says nothing. No spec can write it.
    NotifySocket,
    /// The caller's terminal, alone; nothing without one. No spec can write it.
    Terminal,
}

/// A directory that only the launch knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunDirectory {
    /// `${run.cwd}`: where the launcher is started.
    Cwd,
    /// `${run.home}`: what `$HOME` says.
    Home,
    /// `${run.runtime_dir}`: what `$XDG_RUNTIME_DIR` says.
    Runtime,
}

impl HostPath {
    /// A path of these parts.
    pub fn new(parts: Vec<PathPart>) -> Self {
        Self(parts)
    }

    /// Its parts.
    pub fn parts(&self) -> &[PathPart] {
        &self.0
    }

    /// The rest of this path from a directory that it lies in, without a slash before it; `None` elsewhere.
    pub fn from(&self, directory: &Self) -> Option<Self> {
        let common = self.0.iter().zip(&directory.0).take_while(|(own, other)| own == other).count();
        let mut rest = self.0[common..].to_vec();
        let PathPart::Literal(text) = rest.first_mut()? else { return None };
        let inside = match &directory.0[common..] {
            [] => text.strip_prefix('/'),
            [PathPart::Literal(above)] => text
                .strip_prefix(above.as_str())
                .and_then(|rest| rest.strip_prefix('/').or((above == "/").then_some(rest))),
            _ => None,
        }?;
        *text = inside.to_owned();
        let is_some = rest.len() > 1 || rest != [PathPart::Literal(String::new())];
        is_some.then_some(Self(rest))
    }

    /// The directory that it begins in, when only the launch knows that.
    pub fn directory(&self) -> Option<RunDirectory> {
        match self.0.first() {
            Some(PathPart::Directory(directory)) => Some(*directory),
            _ => None,
        }
    }
}

impl PathPart {
    /// What a `${name}` stands for.
    pub const VALUES: [(&'static str, Self); 5] = [
        ("run.cwd", Self::Directory(RunDirectory::Cwd)),
        ("run.home", Self::Directory(RunDirectory::Home)),
        ("run.runtime_dir", Self::Directory(RunDirectory::Runtime)),
        ("run.uid", Self::CallerUid),
        ("run.gid", Self::CallerGid),
    ];
}

impl From<&str> for HostPath {
    fn from(path: &str) -> Self {
        Self(vec![PathPart::Literal(path.to_owned())])
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                PathPart::Literal(text) => formatter.write_str(text)?,
                PathPart::NotifySocket => formatter.write_str("$NOTIFY_SOCKET")?,
                PathPart::Terminal => formatter.write_str("the caller's terminal")?,
                value => {
                    let name = PathPart::VALUES.iter().find(|(_, known)| known == value);
                    write!(formatter, "${{{}}}", name.map_or("", |(name, _)| *name))?;
                }
            }
        }
        Ok(())
    }
}
