//! Descriptors that the program keeps, and the end of all others.

use super::Launch;
use super::linux::*;
use super::refusals::{DESCRIPTOR_NOT_OPEN, DIRECTORY_KEPT};
use super::step::{Act, Buffer, Call, Else, Fact, Phase, Place, Slot, Step, Value};
use crate::policy::Stream;
use crate::source::{Span, Spanned};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise};

impl Launch<'_> {
    /// Each must be open, and none may be a directory, from which paths lead to the rest of the host: neither the standard
    /// streams nor what is kept beside them.
    pub(super) fn find_kept(self) -> Vec<Step> {
        let find = |words: &str, descriptor: u32, span| {
            let answer = Buffer::Answer.into();
            let stat = [descriptor.into(), "".into(), AT_EMPTY_PATH.into(), STATX_TYPE.into(), answer];
            Step::new(Phase::Start, format!("keep {words} {descriptor}"), span)
                .act(Call::new(number::statx, stat))
                .act(Act::Check {
                    place: Place::Buffer(Buffer::Answer, STATX_MODE),
                    mask: S_IFMT.into(),
                    comparison: Comparison::NotEqual,
                    value: S_IFDIR.into(),
                    otherwise: Else::Fail(DIRECTORY_KEPT.into()),
                })
                .note(EBADF.into(), DESCRIPTOR_NOT_OPEN)
        };
        let inherited = self.numbered_streams().filter(|(_, stream)| stream.value == Stream::Inherit);
        let streams = inherited.map(|(number, stream)| find("standard stream", number, stream.span));
        let kept = self.policy.process.keep_fds.iter();
        streams.chain(kept.map(|kept| find("descriptor", kept.value, kept.span))).collect()
    }

    /// The one for the status must be open too, and is not the program's.
    pub(super) fn find_status(self) -> Option<Step> {
        let Spanned { value, span } = *self.policy.status_fd.as_ref()?;
        let open = Call::new(number::fcntl, [value.into(), F_GETFD.into()]).any();
        Some(
            Step::new(Phase::Start, format!("write the status to descriptor {value}"), span)
                .act(open)
                .note(EBADF.into(), DESCRIPTOR_NOT_OPEN),
        )
    }

    /// Nor one of the sockets that it gets.
    pub(super) fn keep_status(self) -> Option<Step> {
        let Spanned { value, span } = *self.policy.status_fd.as_ref()?;
        self.policy.process.listen.map(|_| {
            Step::new(Phase::Start, format!("keep descriptor {value} from the program"), span).act(
                Act::Check {
                    place: Place::Slot(Slot::Unlistened),
                    mask: 0xffff_ffff,
                    comparison: Comparison::Less,
                    value: u64::from(value) + 1,
                    otherwise: Else::Fail("is one of the sockets that LISTEN_FDS counts".into()),
                },
            )
        })
    }

    /// Closes what lies between the descriptors that are kept, and everything above.
    pub(super) fn close_others(self) -> Step {
        let step = Step::new(Phase::Exec, "close other descriptors", Span::default())
            .promise(Promise::Descriptors)
            .takes(&[Fact::Descriptors]);
        if self.policy.process.listen.is_some() {
            return step.act(Call::new(number::close_range, [Slot::Unlistened.into(), u32::MAX.into()]));
        }
        let kept = self.policy.process.keep_fds.iter().map(|descriptor| descriptor.value);
        let starts = [3].into_iter().chain(kept.clone().map(|descriptor| descriptor + 1));
        let ends = kept.map(|descriptor| descriptor - 1).chain([u32::MAX]);
        let gaps = starts.zip(ends).filter(|(start, end)| start <= end);
        step.acts(gaps.map(|(start, end)| Call::new(number::close_range, [start.into(), end.into()]).into()))
    }
}

/// Whether a descriptor leads to a file system of this kind.
pub(super) fn is_file_system(descriptor: Value, magic: u64, otherwise: &str) -> [Act; 2] {
    [
        Call::new(number::fstatfs, [descriptor, Buffer::Answer.into()]).into(),
        Act::Check {
            place: Place::Buffer(Buffer::Answer, 0),
            mask: u64::MAX,
            comparison: Comparison::Equal,
            value: magic,
            otherwise: Else::Fail(otherwise.into()),
        },
    ]
}
