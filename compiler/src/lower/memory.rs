//! File systems in memory, made when the ids that they belong to have a meaning.

use super::Launch;
use super::linux::{EINVAL, MOUNT_ATTR_NOEXEC};
use super::mount_calls::{PLAIN, new_file_system, set_built};
use super::mounts::Entry;
use super::refusals::OWNER_NOT_MAPPED;
use super::step::{Fact, Phase, Slot, Step};
use crate::policy::MountKind;
use boxwright_launcher::plan::operation::Promise;

impl Launch<'_> {
    /// Of an entry that is one, or a directory that stands over somebody else's tree.
    pub(super) fn make_memory(self, entry: &Entry) -> Option<Step> {
        let (size, mode, owner, executable) = match &entry.mount.kind {
            MountKind::Tmpfs { size, mode, owner, executable } => (*size, mode, owner, *executable),
            MountKind::Directory { mode, owner } if self.is_mounted_directory(entry) => {
                (None, mode, owner, false)
            }
            _ => return None,
        };
        let attributes = PLAIN | if executable { 0 } else { MOUNT_ATTR_NOEXEC };
        let (uid, gid) = self.owner_for(owner);
        let parameters: Vec<(&str, String)> =
            [Some(("mode", format!("{mode:o}"))), size.map(|size| ("size", size.to_string()))]
                .into_iter()
                .flatten()
                .collect();
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let mut acts = new_file_system("tmpfs", &parameters, attributes, Slot::Source(entry.number));
        let own = [("uid", uid), ("gid", gid)].into_iter().filter_map(|(key, id)| Some((key, id?)));
        // After the first, which opens the context.
        acts.splice(1..1, own.flat_map(|(key, id)| set_built(key, vec![id.part()])));
        Some(
            Step::new(Phase::Mounts, format!("make memory for {}", entry.destination), entry.mount.span)
                .promise(Promise::Mounts)
                .needs(&[Fact::OwnMounts, Fact::Capabilities])
                .acts(acts)
                .note(EINVAL.into(), OWNER_NOT_MAPPED),
        )
    }
}
