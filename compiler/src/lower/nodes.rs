//! Devices, sockets and directories of the host: used only after they were verified to be what the spec says.

use super::linux::*;
use super::mount_calls::{PLAIN, set_attributes, stat};
use super::step::{Act, Buffer, Else, Place, Slot};
use boxwright_launcher::plan::operation::Comparison;

/// A character or block device; with a number only that one.
pub(super) fn device(to: Slot, number: Option<(u32, u32)>) -> Vec<Act> {
    let mut acts = vec![stat(to)];
    match number {
        Some((major, minor)) => {
            let not_it = format!("is not the character device {major}:{minor}");
            acts.extend([
                is(STATX_MODE, S_IFMT.into(), S_IFCHR, &not_it),
                is(STATX_RDEV, 0xffff_ffff, major, &not_it),
                is(STATX_RDEV + 4, 0xffff_ffff, minor, &not_it),
            ]);
        }
        None => acts.push(is(STATX_MODE, DEVICE_TYPES.into(), S_IFCHR & DEVICE_TYPES, "is not a device")),
    }
    acts.push(set_attributes(to.into(), "", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0).into());
    acts
}

/// A UNIX socket; connecting to it is no writing.
pub(super) fn socket(to: Slot) -> Vec<Act> {
    let attributes = MOUNT_ATTR_RDONLY | PLAIN | MOUNT_ATTR_NOEXEC;
    vec![
        stat(to),
        is(STATX_MODE, S_IFMT.into(), S_IFSOCK, "is not a socket"),
        set_attributes(to.into(), "", attributes, 0).into(),
    ]
}

/// What nothing but a directory can be.
pub(super) fn directory(opened: Slot) -> [Act; 2] {
    [stat(opened), is(STATX_MODE, S_IFMT.into(), S_IFDIR, "is not a directory")]
}

/// What statx(2) answered; anything else fails with these words.
fn is(at: u32, mask: u64, value: u32, otherwise: &str) -> Act {
    Act::Check {
        place: Place::Buffer(Buffer::Answer, at),
        mask,
        comparison: Comparison::Equal,
        value: value.into(),
        otherwise: Else::Fail(otherwise.to_owned()),
    }
}
