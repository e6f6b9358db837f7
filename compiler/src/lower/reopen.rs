//! A descriptor that the program keeps is open for reading or writing; /proc/self/fd opens the file behind it once more, for
//! whatever the program's ids may do with it.
//!
//! Landlock leaves what the descriptor is open for. Where it does not restrict, and for files without a name, which it is never
//! asked about, the launch fails when the kernel would permit more.

use super::Launch;
use super::linux::*;
use super::refusals::REOPENED;
use super::step::{Act, Buffer, Call, Else, Phase, Place, Slot, Step};
use crate::policy::landlock::FIRST_ABI;
use crate::policy::{MountKind, Namespace, Root};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Then};

/// What of a descriptor's flags says what it is open for.
const OPEN_FOR: u32 = O_PATH | 3;
/// Open for writing alone, and for both.
const WRITING: u32 = 1;
const BOTH: u32 = 2;

impl Launch<'_> {
    /// With the program's ids and capabilities, before anything of Landlock is in force.
    pub(super) fn refuse_reopening(self) -> Vec<Step> {
        if !self.shows_proc() {
            return Vec::new();
        }
        let kept = self.policy.process.keep_fds.iter();
        kept.map(|kept| {
            let step = Step::new(
                Phase::Payload,
                format!("look whether descriptor {} is all", kept.value),
                kept.span,
            );
            step.acts(self.reopened(kept.value))
        })
        .collect()
    }

    fn reopened(self, descriptor: u32) -> Vec<Act> {
        let wanted = STATX_TYPE | STATX_WANT_NLINK;
        let look = [descriptor.into(), "".into(), AT_EMPTY_PATH.into(), wanted.into(), Buffer::Answer.into()];
        let mut rest = more(descriptor);
        if self.policy.restricts_files() {
            let abi = |comparison, value, otherwise| Act::Check {
                place: Place::Slot(Slot::LandlockAbi),
                mask: u32::MAX.into(),
                comparison,
                value,
                otherwise,
            };
            let skip = Else::Skip(length(&rest));
            // A file without a name passes over both questions about the kernel's Landlock.
            let in_force = [
                answer(STATX_NLINK, u32::MAX, Comparison::NotEqual, 0, Else::Skip(2)),
                abi(Comparison::NotEqual, u32::MAX.into(), Else::Skip(1)),
                abi(Comparison::Less, FIRST_ABI.into(), skip),
            ];
            rest.splice(0..0, in_force);
        }
        let is_file =
            answer(STATX_MODE, S_IFMT, Comparison::Equal, S_IFREG.into(), Else::Skip(length(&rest)));
        [Call::new(number::statx, look).into(), is_file].into_iter().chain(rest).collect()
    }

    /// Whether paths in the sandbox lead to /proc, as far as the spec shows it.
    fn shows_proc(self) -> bool {
        let filesystem = &self.policy.filesystem;
        let shows = |kind: &MountKind| match kind {
            MountKind::Proc { .. } => true,
            MountKind::Bind { source, .. } => {
                let source = source.to_string();
                source == "/" || source == "/proc" || source.starts_with("/proc/")
            }
            _ => false,
        };
        self.policy.namespaces.mount.value != Namespace::New
            || filesystem.root.value == Root::Host
            || filesystem.mounts.values().any(|mount| shows(&mount.kind))
    }
}

/// Fails where the file could be opened for what the descriptor is not open for.
fn more(descriptor: u32) -> Vec<Act> {
    let flags = |mask: u32, comparison, value: u32, skip| Act::Check {
        place: Place::Slot(Slot::File),
        mask: mask.into(),
        comparison,
        value: value.into(),
        otherwise: Else::Skip(skip),
    };
    let permitted = |access: u32| -> [Act; 2] {
        let arguments = [descriptor.into(), "".into(), access.into(), (AT_EMPTY_PATH | AT_EACCESS).into()];
        let ask = Call::new(number::faccessat2, arguments);
        let ask = ask.on(EACCES, Then::Skip(1)).on(EROFS, Then::Skip(1));
        let fail = Act::Check {
            place: Place::Slot(Slot::File),
            mask: 0,
            comparison: Comparison::NotEqual,
            value: 0,
            otherwise: Else::Fail(REOPENED.into()),
        };
        [ask.into(), fail]
    };
    let mut acts: Vec<Act> =
        vec![Call::new(number::fcntl, [descriptor.into(), F_GETFL.into()]).keep(Slot::File).into()];
    // With O_PATH the lower bits are those of reading.
    acts.push(flags(OPEN_FOR & !O_PATH, Comparison::Equal, 0, 2));
    acts.extend(permitted(W_OK));
    acts.push(flags(OPEN_FOR, Comparison::NotEqual, 0, 3));
    acts.push(flags(OPEN_FOR, Comparison::NotEqual, BOTH, 2));
    acts.extend(permitted(R_OK));
    acts
}

/// What a kept descriptor is open for decides which of two acts are done: what gives reading, and what gives writing.
pub(super) fn as_open(descriptor: u32, reading: Act, writing: Act) -> Vec<Act> {
    let flags = |comparison, value: u32, skip| Act::Check {
        place: Place::Slot(Slot::File),
        mask: OPEN_FOR.into(),
        comparison,
        value: value.into(),
        otherwise: Else::Skip(skip),
    };
    vec![
        Call::new(number::fcntl, [descriptor.into(), F_GETFL.into()]).keep(Slot::File).into(),
        // With O_PATH alone it is open for neither.
        flags(Comparison::Less, O_PATH, 4),
        flags(Comparison::NotEqual, WRITING, 1),
        reading,
        flags(Comparison::NotEqual, 0, 1),
        writing,
    ]
}

fn answer(at: u32, mask: u32, comparison: Comparison, value: u64, otherwise: Else) -> Act {
    Act::Check { place: Place::Buffer(Buffer::Answer, at), mask: mask.into(), comparison, value, otherwise }
}

fn length(acts: &[Act]) -> u16 {
    u16::try_from(acts.len()).unwrap_or(u16::MAX)
}
