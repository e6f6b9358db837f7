//! Named sets of system calls: systemd's, taken as facts, and ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The systemd whose sets these are; its `@known` is left out, since the tables are what we know.
pub const SYSTEMD_VERSION: &str = include_str!("group/systemd.version").trim_ascii_end();

/// Lines of `@group` or of an indented member, which may be a group of the same or of the other file; one that begins with `#`
/// is a comment.
const SYSTEMD: &str = include_str!("group/systemd.txt");
const BOXWRIGHT: &str = include_str!("group/boxwright.txt");

/// Each group with its members as they are written.
static GROUPS: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(read);

/// The members of a group such as `@basic-io`, sorted, with those of the groups in it. A name need not exist on every
/// architecture.
pub fn group(name: &str) -> Option<BTreeSet<&'static str>> {
    let (mut pending, mut seen, mut members) = (GROUPS.get(name)?.clone(), BTreeSet::new(), BTreeSet::new());
    while let Some(member) = pending.pop() {
        if !member.starts_with('@') {
            members.insert(member);
        } else if seen.insert(member) {
            pending.extend(GROUPS.get(member).into_iter().flatten());
        }
    }
    Some(members)
}

/// The names of all groups, sorted, each with its `@`.
pub fn group_names() -> impl Iterator<Item = &'static str> {
    GROUPS.keys().copied()
}

fn read() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut groups = BTreeMap::new();
    let mut current = &mut Vec::new();
    for line in SYSTEMD.lines().chain(BOXWRIGHT.lines()) {
        if let Some(member) = line.strip_prefix("    ") {
            current.push(member);
        } else if line.starts_with('@') {
            current = groups.entry(line).or_default();
        }
    }
    groups
}
