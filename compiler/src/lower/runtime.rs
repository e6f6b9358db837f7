//! What only the launch knows of paths: the directories that they begin in, and the caller's ids.
//!
//! Directories are found by entering them, so their paths have no symlinks. All of it happens first, as the caller: nothing
//! depends on what a path leads to inside.

use super::Launch;
use super::linux::*;
use super::refusals::{CWD_REMOVED, DIRECTORY_NOT_THERE};
use super::step::{Act, Call, Part, Phase, Slot, Step, Value};
use crate::policy::{Handle, HostPath, MountKind, Namespace, PathPart, RunDirectory, Stream};
use crate::source::Span;
use boxwright_launcher::arch::number;

impl<'a> Launch<'a> {
    /// Finds the directories that paths of the host begin in.
    pub(super) fn find_directories(self) -> Vec<Step> {
        let mut steps: Vec<Step> = self.find_cwd().into_iter().flatten().collect();
        for (directory, name, variable) in [
            (RunDirectory::Home, "run.home", "HOME"),
            (RunDirectory::Runtime, "run.runtime_dir", "XDG_RUNTIME_DIR"),
        ] {
            let Some(span) = self.first_use(directory) else { continue };
            let find = Act::Directory {
                variable: format!("{variable}="),
                to: directory,
                beyond: None,
                absent: format!("${variable} is not set to an absolute path"),
                refused: format!("${variable} leads to /"),
                optional: false,
                not_root: true,
            };
            let step = Step::new(Phase::Start, format!("find {name}"), span).act(find);
            steps.push(step.note(ENOENT.into(), DIRECTORY_NOT_THERE));
        }
        // No directory is kept busy for longer than the caller does.
        let last = steps.pop().map(|step| step.act(Call::new(number::chdir, ["/".into()])));
        steps.into_iter().chain(last).collect()
    }

    /// The working directory, and that no grant of it gives the home directory away.
    fn find_cwd(self) -> Option<Vec<Step>> {
        let span = self.first_use(RunDirectory::Cwd)?;
        let granted = self.grant_of_cwd();
        let find = |refused: &str| Act::Directory {
            variable: String::new(),
            to: RunDirectory::Cwd,
            beyond: None,
            absent: "is outside of the launcher's root".into(),
            refused: refused.into(),
            optional: false,
            not_root: granted.is_some(),
        };
        let find = Step::new(Phase::Start, "find run.cwd", span)
            .act(find("is /, which is not granted: start the launcher in another directory"))
            .note(ENOENT.into(), CWD_REMOVED);
        let guard = granted.map(|span| {
            Step::new(Phase::Start, "grant run.cwd", span).act(Act::Directory {
                variable: "HOME=".into(),
                to: RunDirectory::Home,
                beyond: Some(RunDirectory::Cwd),
                absent: "$HOME is not set to an absolute path, so it cannot be told whether this is the home directory: set HOME"
                    .into(),
                refused: "is the home directory or above it, which is not granted: start the launcher in a directory \
                          within"
                    .into(),
                optional: true,
                not_root: false,
            })
        });
        Some([find].into_iter().chain(guard).collect())
    }

    fn first_use(self, directory: RunDirectory) -> Option<Span> {
        self.host_paths().find(|(path, _)| path.directory() == Some(directory)).map(|(_, span)| span)
    }

    /// Where the working directory, or what is in it, is mounted.
    fn grant_of_cwd(self) -> Option<Span> {
        let mounts = self.policy.filesystem.mounts.values();
        let grants = |kind: &MountKind| {
            matches!(kind, MountKind::Bind { .. } | MountKind::Overlay { .. })
                && kind.sources().iter().any(|path| path.directory() == Some(RunDirectory::Cwd))
        };
        mounts.filter(|mount| grants(&mount.kind)).map(|mount| mount.span).next()
    }

    fn host_paths(self) -> impl Iterator<Item = (&'a HostPath, Span)> {
        let streams = self.policy.process.streams.iter().filter_map(|stream| match &stream.value {
            Stream::File(path) => Some((path, stream.span)),
            Stream::Inherit | Stream::Null => None,
        });
        let namespaces =
            self.policy.namespaces.all().into_iter().filter_map(|(_, namespace)| match &namespace.value {
                Namespace::Join(Handle::Path(path)) => Some((path, namespace.span)),
                _ => None,
            });
        let mounts = self.policy.filesystem.mounts.values();
        let mounts = mounts.flat_map(|mount| mount.kind.sources().iter().map(|path| (path, mount.span)));
        streams.chain(namespaces).chain(mounts)
    }
}

/// A call with a path of the host, which is built first when only the launch knows it.
pub(super) fn with_path(path: &HostPath, call: impl FnOnce(Value) -> Call) -> Vec<Act> {
    if let [PathPart::Literal(text)] = path.parts() {
        return vec![call(text.as_str().into()).into()];
    }
    if let [PathPart::NotifySocket] = path.parts() {
        return vec![call(super::Buffer::Notify.into()).into()];
    }
    if let [PathPart::Terminal] = path.parts() {
        return vec![call(super::Buffer::Terminal.into()).into()];
    }
    let part = |part: &PathPart| match part {
        PathPart::Literal(text) => Part::Literal(text.clone()),
        PathPart::Directory(directory) => Part::Text(Slot::Directory(*directory)),
        PathPart::CallerUid => Part::Decimal(Slot::Uid),
        PathPart::CallerGid => Part::Decimal(Slot::Gid),
        PathPart::NotifySocket | PathPart::Terminal => Part::Literal(String::new()),
    };
    let text = Act::Text(path.parts().iter().map(part).collect());
    vec![text, call(super::Buffer::Text.into()).into()]
}
