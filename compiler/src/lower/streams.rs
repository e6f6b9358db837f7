//! Standard streams that lead to /dev/null or to a file of the host: opened while the host's paths are there.

use super::Launch;
use super::linux::*;
use super::refusals::{LINK_TO_A_STREAM, STREAM_NOT_READ};
use super::runtime::with_path;
use super::step::{Call, Fact, Phase, Slot, Step};
use crate::policy::{HostPath, Stream};
use crate::source::Spanned;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Promise;

impl<'a> Launch<'a> {
    /// Standard streams by their descriptors.
    pub(super) fn numbered_streams(self) -> impl Iterator<Item = (u32, &'a Spanned<Stream>)> {
        (0_u32..).zip(&self.policy.process.streams)
    }

    /// What the streams lead to: before another mount namespace is joined, or beside everything else of the host.
    pub(super) fn open_targets(self, phase: Phase) -> Vec<Step> {
        let null = self.numbered_streams().find(|(_, stream)| stream.value == Stream::Null);
        let null = null.map(|(_, stream)| {
            let open = [AT_FDCWD.into(), "/dev/null".into(), (O_RDWR | O_CLOEXEC).into()];
            Step::new(phase, "open /dev/null", stream.span)
                .needs(&[Fact::HostPaths])
                .act(Call::new(number::openat, open).keep(Slot::Null))
        });
        let files = self.numbered_streams().filter_map(|(number, stream)| match &stream.value {
            Stream::File(path) => Some(self.open_file(phase, number, path, stream)),
            Stream::Inherit | Stream::Null => None,
        });
        null.into_iter().chain(files).collect()
    }

    /// Puts them in the place of the launcher's own.
    pub(super) fn streams(self) -> Vec<Step> {
        let lead = |(number, stream): (u32, &Spanned<Stream>)| {
            let (from, to) = match &stream.value {
                Stream::Inherit => return None,
                Stream::Null => (Slot::Null, "/dev/null".into()),
                Stream::File(path) => (Slot::Stream(number), path.to_string()),
            };
            Some(
                Step::new(Phase::Payload, format!("lead standard stream {number} to {to}"), stream.span)
                    .promise(Promise::Session)
                    .needs(&[Fact::Descriptors])
                    .act(Call::new(number::dup2, [from.into(), number.into()]).equals(1)),
            )
        };
        self.numbered_streams().filter_map(lead).collect()
    }

    /// A FIFO that nobody holds open must not stop the launch, so opening does not wait; the program's reading does.
    /// A link of the host may lead into a directory of the program's by another name, so none is followed where there is one.
    fn open_file(self, phase: Phase, number: u32, path: &HostPath, stream: &Spanned<Stream>) -> Step {
        let (access, status) = if number == 0 { (0, 0) } else { (O_WRONLY, O_APPEND) };
        let flags = access | status | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        let slot = Slot::Stream(number);
        let kernel_made = ["/dev/", "/proc/"].iter().any(|above| path.to_string().starts_with(above));
        let follows = kernel_made || !self.policy.has_grant();
        let how = open_how(flags, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
        let open = |path| match follows {
            true => Call::new(number::openat, [AT_FDCWD.into(), path, flags.into()]).keep(slot),
            false => Call::new(number::openat2, [AT_FDCWD.into(), path, how.into(), 24.into()]).keep(slot),
        };
        let step = Step::new(phase, format!("open {path}"), stream.span)
            .needs(&[Fact::HostPaths])
            .acts(with_path(path, open))
            .act(Call::new(number::fcntl, [slot.into(), F_SETFL.into(), status.into()]))
            .note(ENXIO.into(), STREAM_NOT_READ);
        if follows { step } else { step.note(ELOOP.into(), LINK_TO_A_STREAM) }
    }
}
