//! The calls that mounts are made of: opening trees, making file systems, mount points and files, moving things into place.

use super::identity::Id;
use super::linux::*;
use super::spot::Spot;
use super::step::{Act, Buffer, Call, Else, Part, Place, Slot, Value};
use crate::policy::TextPart;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Then};

/// What every mount of the sandbox is: set-user-ID bits and device nodes have no effect in it.
pub(super) const PLAIN: u32 = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
/// The mode of directories that are made for mount points.
pub(super) const DIRECTORY_MODE: u32 = 0o755;
/// The mode of files that are made for mount points.
pub(super) const FILE_MODE: u32 = S_IFREG | 0o444;

/// `acts`, unless an optional thing was not there.
pub(super) fn optionally(slot: Slot, optional: bool, acts: Vec<Act>) -> Vec<Act> {
    let check = optional.then(|| is_set(slot, acts.len()));
    check.into_iter().chain(acts).collect()
}

/// Passes when a descriptor was opened; else the spec's optional acts are skipped.
pub(super) fn is_set(slot: Slot, acts: usize) -> Act {
    Act::Check {
        place: Place::Slot(slot),
        mask: 0xffff_ffff,
        comparison: Comparison::NotEqual,
        value: u32::MAX.into(),
        otherwise: Else::SkipOptional(u16::try_from(acts).unwrap_or(u16::MAX)),
    }
}

/// open_tree(2): a copy of the mounts at a path of the host, whose symlinks are followed.
pub(super) fn open_tree(path: Value) -> Call {
    Call::new(number::open_tree, [AT_FDCWD.into(), path, OPEN_TREE.into()])
}

/// Recursive always: within a user namespace a part of a tree of mounts cannot be copied alone.
const OPEN_TREE: u32 = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;

/// The same of what is at a descriptor, or has a name there.
pub(super) fn open_tree_at(directory: Value, path: &str) -> Call {
    let empty = if path.is_empty() { AT_EMPTY_PATH } else { 0 };
    Call::new(number::open_tree, [directory, path.into(), (OPEN_TREE | empty).into()])
}

/// What a mount with these grants is.
pub(super) fn attributes(writable: bool, executable: bool) -> u32 {
    PLAIN | if writable { 0 } else { MOUNT_ATTR_RDONLY } | if executable { 0 } else { MOUNT_ATTR_NOEXEC }
}

/// mount_setattr(2) for the whole tree of mounts at a place.
pub(super) fn set_attributes(directory: Value, path: &str, attributes: u32, propagation: u64) -> Call {
    let empty = if path.is_empty() { AT_EMPTY_PATH } else { 0 };
    let structure = mount_attributes(attributes, propagation);
    Call::new(
        number::mount_setattr,
        [directory, path.into(), (AT_RECURSIVE | empty).into(), structure.into(), 32.into()],
    )
}

/// The same for a mount alone: what is mounted in it has its own.
pub(super) fn set_alone(directory: Value, path: &str, attributes: u32) -> Call {
    let mut set = set_attributes(directory, path, attributes, 0);
    set.arguments[2] = if path.is_empty() { AT_EMPTY_PATH.into() } else { Value::Zero };
    set
}

/// Puts a mount over the old root, where only a descriptor finds it.
pub(super) fn attach(tree: Slot) -> Call {
    move_to(tree, &Spot { directory: AT_FDCWD.into(), path: "/".into() })
}

/// Puts a mount where nobody else's directories lead.
pub(super) fn move_to(tree: Slot, Spot { directory, path }: &Spot) -> Call {
    let to = [directory.clone(), path.as_str().into(), MOVE_MOUNT_F_EMPTY_PATH.into()];
    let tree: [Value; 2] = [tree.into(), "".into()];
    Call::new(number::move_mount, tree.into_iter().chain(to).collect::<Vec<_>>())
}

pub(super) fn move_onto(tree: Slot, place: Slot) -> Call {
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    Call::new(number::move_mount, [tree.into(), "".into(), place.into(), "".into(), flags.into()])
}

/// statx(2) of an open file, for its type and device number.
pub(super) fn stat(slot: Slot) -> Act {
    let arguments = [slot.into(), "".into(), AT_EMPTY_PATH.into(), STATX_TYPE.into(), Buffer::Answer.into()];
    Call::new(number::statx, arguments).into()
}

/// Looks at the answer of [`stat`]; otherwise the next act is skipped.
pub(super) fn type_is(comparison: Comparison, file_type: u32) -> Act {
    Act::Check {
        place: Place::Buffer(Buffer::Answer, STATX_MODE),
        mask: S_IFMT.into(),
        comparison,
        value: file_type.into(),
        otherwise: Else::Skip(1),
    }
}

/// fsopen(2) to fsmount(2): a new file system, not attached yet.
pub(super) fn new_file_system(
    kind: &str,
    parameters: &[(&str, &str)],
    attributes: u32,
    to: Slot,
) -> Vec<Act> {
    let configure = |command: u32, key: Value, value: Value| {
        Call::new(number::fsconfig, [Slot::Context.into(), command.into(), key, value]).into()
    };
    let mut acts: Vec<Act> =
        vec![Call::new(number::fsopen, [kind.into(), FSOPEN_CLOEXEC.into()]).keep(Slot::Context).into()];
    let set = |(key, value): &(&str, &str)| configure(FSCONFIG_SET_STRING, (*key).into(), (*value).into());
    acts.extend(parameters.iter().map(set));
    acts.push(configure(FSCONFIG_CMD_CREATE, Value::Zero, Value::Zero));
    let mount = [Slot::Context.into(), FSMOUNT_CLOEXEC.into(), attributes.into()];
    acts.push(Call::new(number::fsmount, mount).keep(to).into());
    acts.push(Call::new(number::close, [Slot::Context.into()]).into());
    acts
}

/// A parameter of the file system that is being configured, whose text is built at launch.
pub(super) fn set_built(key: &str, text: Vec<Part>) -> [Act; 2] {
    let set = [Slot::Context.into(), FSCONFIG_SET_STRING.into(), key.into(), Buffer::Text.into()];
    [Act::Text(text), Call::new(number::fsconfig, set).into()]
}

/// Every devpts is a new instance. Its ptmx belongs to who makes it, so it is made when the ids have a meaning; a terminal
/// belongs to who opens it. Its device nodes can be opened in a user namespace too.
pub(super) fn terminals(to: Slot) -> Vec<Act> {
    let parameters = [("ptmxmode", "0666"), ("mode", "0620")];
    new_file_system("devpts", &parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, to)
}

pub(super) fn make_directory(Spot { directory, path }: &Spot) -> Call {
    Call::new(number::mkdirat, [directory.clone(), path.as_str().into(), DIRECTORY_MODE.into()])
}

/// Nothing when it belongs to the right one already; an id alone leaves the other.
pub(super) fn give(Spot { directory, path }: &Spot, owner: (Option<Id>, Option<Id>)) -> Option<Act> {
    let [uid, gid] = [owner.0, owner.1].map(|id| id.map_or(u32::MAX.into(), Value::from));
    let arguments = [directory.clone(), path.as_str().into(), uid, gid, AT_SYMLINK_NOFOLLOW.into()];
    (owner.0.is_some() || owner.1.is_some()).then(|| Call::new(number::fchownat, arguments).into())
}

/// A directory or a file to mount on, as the source is when that is not known; it may be there already or not.
pub(super) fn make_mount_point(
    spot: &Spot,
    source: Slot,
    directory: Option<bool>,
    may_exist: bool,
) -> Vec<Act> {
    let arguments = [spot.directory.clone(), spot.path.as_str().into(), FILE_MODE.into()];
    let file = Call::new(number::mknodat, arguments);
    let file = unless_there(file, may_exist, 0).into();
    match directory {
        Some(true) => vec![unless_there(make_directory(spot), may_exist, 0).into()],
        Some(false) => vec![file],
        None => vec![
            stat(source),
            type_is(Comparison::Equal, S_IFDIR),
            unless_there(make_directory(spot), may_exist, 1).then_skip(1).into(),
            file,
        ],
    }
}

/// When it may be there already, then that is as good, and as many acts are skipped as after a success.
pub(super) fn unless_there(make: Call, may_exist: bool, skip: u8) -> Call {
    match (may_exist, skip) {
        (false, _) => make,
        (true, 0) => make.on(EEXIST, Then::Continue),
        (true, skip) => make.on(EEXIST, Then::Skip(skip)),
    }
}

/// A new file with this content.
pub(super) fn write_file(directory: Value, path: &str, content: &[TextPart], mode: u32) -> Vec<Act> {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    let open = [directory, path.into(), flags.into(), mode.into()];
    let mut acts = vec![Call::new(number::openat, open).keep(Slot::File).into()];
    let (bytes, length) = if let [TextPart::Literal(text)] = content {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        (Value::Bytes(text.as_bytes().to_vec()), length.into())
    } else {
        let part = |part: &TextPart| match part {
            TextPart::Literal(text) => Part::Literal(text.clone()),
            TextPart::CallerUid => Part::Decimal(Slot::Uid),
            TextPart::CallerGid => Part::Decimal(Slot::Gid),
        };
        acts.push(Act::Text(content.iter().map(part).collect()));
        (Buffer::Text.into(), Slot::Length.into())
    };
    acts.push(Call::new(number::write, [Slot::File.into(), bytes, length]).equals(2).into());
    acts.push(Call::new(number::close, [Slot::File.into()]).into());
    acts
}
