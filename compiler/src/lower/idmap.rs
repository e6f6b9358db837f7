//! Idmapped mounts: files that belong to others inside than on the disk (mount_setattr(2)).
//!
//! The kernel takes the mapping from a user namespace, so a process is made that has one, its maps are written, the namespace
//! is opened and the process ends. Only who has CAP_SYS_ADMIN where the file system was mounted may map its owners, so all of
//! it happens outside; the trees are handed on and put in place inside.

use super::Launch;
use super::identity::{open_proc, write_proc};
use super::linux::*;
use super::mount_calls::{attributes, set_attributes};
use super::nodes::directory;
use super::refusals::*;
use super::start::end_with_parent;
use super::step::{Act, Call, Fact, Part, Phase, Slot, Step, Value};
use crate::policy::{HostPath, IdMap, IdMapping, MountKind, Propagation, Root};
use crate::source::Spanned;
use boxwright_launcher::abi::{CLONE_NEWUSER, SIGKILL};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Promise;

/// A tree of the host that is mounted with other owners.
struct Tree<'a> {
    path: HostPath,
    slot: Slot,
    attributes: u32,
    optional: bool,
    propagation: Propagation,
    idmap: &'a Spanned<IdMap>,
}

impl<'a> Launch<'a> {
    /// The namespaces that idmaps are taken from, one for equal ones, and the trees that are mounted with them.
    pub(super) fn idmapped(self) -> Vec<Step> {
        let (mut known, mut steps) = (Vec::new(), Vec::new());
        for tree in self.trees() {
            // The rule `invalid-idmap` has found what cannot be expressed.
            let maps = self.policy.mount_maps(&tree.idmap.value).map(Result::unwrap_or_default);
            let found = known.iter().position(|other| *other == maps);
            let map = Slot::IdMap(u16::try_from(found.unwrap_or(known.len())).unwrap_or(u16::MAX));
            if found.is_none() {
                steps.push(self.hold(map, tree.idmap, &maps));
                known.push(maps);
            }
            steps.push(self.open_mapped(&tree, map));
        }
        steps
    }

    fn trees(self) -> Vec<Tree<'a>> {
        if !self.has_own_mounts() {
            return Vec::new();
        }
        let filesystem = &self.policy.filesystem;
        let root = match (&filesystem.root.value, &filesystem.root_idmap) {
            (Root::Rootfs(path) | Root::Overlay(path), Some(idmap)) => {
                let attributes = attributes(false, true);
                let propagation = Propagation::Private;
                Some(Tree {
                    path: path.as_str().into(),
                    slot: Slot::Root,
                    attributes,
                    optional: false,
                    propagation,
                    idmap,
                })
            }
            _ => None,
        };
        let binds = self.entries().filter_map(|entry| match &entry.mount.kind {
            MountKind::Bind { source, writable, executable, optional, propagation, idmap: Some(idmap) } => {
                Some(Tree {
                    path: source.clone(),
                    slot: Slot::Source(entry.number),
                    attributes: attributes(*writable, *executable),
                    optional: *optional,
                    propagation: *propagation,
                    idmap,
                })
            }
            _ => None,
        });
        root.into_iter().chain(binds).collect()
    }

    /// A user namespace with these maps, by a process that is there until it is open.
    fn hold(self, map: Slot, idmap: &Spanned<IdMap>, [uid, gid]: &[Vec<IdMapping>; 2]) -> Step {
        let holder = Step::new(Phase::Start, "hold a user namespace", idmap.span)
            .act(end_with_parent())
            .act(Call::new(number::getppid, [Slot::Launcher.into()]).equals(0))
            .act(Act::Hold);
        let write = |file, lines| write_proc(file, vec![Part::Literal(IdMapping::text(lines))]);
        let namespace = [Slot::ProcDirectory.into(), "ns/user".into(), O_CLOEXEC.into()];
        let ended = [P_PID.into(), Slot::Holder.into(), Value::Zero, WEXITED.into()];
        Step::new(Phase::Start, "make a user namespace for an idmap", idmap.span)
            .needs(&[Fact::OwnProc])
            .act(Call::new(number::getpid, []).keep(Slot::Launcher))
            .act(Act::Fork { flags: CLONE_NEWUSER, pid: Slot::Holder, cgroup: None, child: vec![holder] })
            .acts(open_proc(Part::Decimal(Slot::Holder)))
            .acts(write("gid_map", gid))
            .acts(write("uid_map", uid))
            .act(Call::new(number::openat, namespace).keep(map))
            .act(Call::new(number::close, [Slot::ProcDirectory.into()]))
            .act(Call::new(number::kill, [Slot::Holder.into(), SIGKILL.into()]))
            .act(Call::new(number::waitid, ended))
            .note(EPERM.into(), IDMAP_REFUSED)
            .note(ENOSYS.into(), CLONE3_MISSING)
            .note(ENOSPC.into(), USER_NAMESPACES_USED_UP)
            .note(EAGAIN.into(), PROCESSES_USED_UP)
    }

    fn open_mapped(self, tree: &Tree, map: Slot) -> Step {
        let structure =
            [tree.slot.into(), "".into(), (AT_RECURSIVE | AT_EMPTY_PATH).into(), Value::Struct(map)];
        let arguments: Vec<Value> = structure.into_iter().chain([32.into()]).collect();
        // Outside the tree may share what is mounted in it, in both directions.
        let propagation = if tree.propagation == Propagation::Slave { MS_SLAVE } else { MS_PRIVATE };
        let mut then = vec![
            set_attributes(tree.slot.into(), "", tree.attributes, propagation).into(),
            Call::new(number::mount_setattr, arguments).into(),
        ];
        then.extend((tree.slot == Slot::Root).then(|| directory(tree.slot)).into_iter().flatten());
        let words = format!("open {} with other owners", tree.path);
        let step = Step::new(Phase::Start, words, tree.idmap.span)
            .promise(Promise::Mounts)
            .needs(&[Fact::HostPaths]);
        self.open_source(step, &tree.path, tree.slot, tree.optional, then)
            .note(EPERM.into(), IDMAP_REFUSED)
            .note(EINVAL.into(), IDMAP_UNKNOWN)
    }
}
