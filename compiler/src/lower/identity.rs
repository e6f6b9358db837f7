//! Who the processes of the sandbox are: id maps, groups, ids, capabilities.

use super::Launch;
use super::descriptors::is_file_system;
use super::linux::*;
use super::refusals::*;
use super::step::{Act, Buffer, Call, Else, Fact, Part, Phase, Place, Slot, Step, Value};
use crate::policy::{CgroupParent, IdMapping, Ownership, User};
use crate::source::Spanned;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise, Then};

/// The capabilities of the oldest kernel that a launch needs (`linux/capability.h`, CAP_LAST_CAP of Linux 5.14).
const KNOWN_CAPABILITIES: u64 = (1 << 41) - 1;

/// The ids that a process takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Whom something is given to.
#[derive(Clone, Copy)]
pub(super) enum Id {
    /// The id in the user namespace that the launch is in by then.
    Known(u32),
    /// What is found out at launch.
    Found(Slot),
}

impl Id {
    /// As a part of a text.
    pub(super) fn part(self) -> Part {
        match self {
            Self::Known(id) => Part::Literal(id.to_string()),
            Self::Found(slot) => Part::Decimal(slot),
        }
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        match id {
            Id::Known(id) => id.into(),
            Id::Found(slot) => slot.into(),
        }
    }
}

impl Launch<'_> {
    /// An ordinary user's child writes its own maps.
    pub(super) fn map_own_ids(self) -> Vec<Step> {
        if self.new_user() && !self.maps_from_outside() {
            self.map_ids(Part::Literal("self".into()))
        } else {
            Vec::new()
        }
    }

    /// Opens the caller's /proc while it is there, and makes sure that it is one.
    pub(super) fn find_proc(self) -> Option<Step> {
        let flags = (O_PATH | O_DIRECTORY | O_CLOEXEC).into();
        let open = [AT_FDCWD.into(), "/proc".into(), flags];
        let idmaps = self.policy.filesystem.idmaps().next().is_some();
        let needed = self.enters_user()
            || self.has_own_clocks()
            || self.reaches_out()
            || self.policy.process.scheduling.oom_score_adj.is_some()
            || idmaps
            || self.policy.cgroup.as_ref().is_some_and(|cgroup| cgroup.parent.value == CgroupParent::Auto);
        needed.then(|| {
            Step::new(Phase::Start, "find /proc", self.policy.namespaces.user.span)
                .needs(&[Fact::HostPaths])
                .act(Call::new(number::openat, open).keep(Slot::Proc))
                .acts(is_file_system(Slot::Proc.into(), PROC_SUPER_MAGIC, "/proc is not a proc file system"))
                .note(ENOENT.into(), PROC_MISSING)
        })
    }

    /// Writes the maps of the process whose directory in /proc is `process`, setgroups(2) denied first.
    pub(super) fn map_ids(self, process: Part) -> Vec<Step> {
        let namespaces = &self.policy.namespaces;
        let phase = if self.maps_from_outside() { Phase::Host } else { Phase::Inside };
        let (uid, gid) = match self.policy.process.user.value {
            User::Caller => (None, None),
            User::Ids { uid, gid, .. } => (Some(uid), Some(gid)),
        };
        let open =
            Step::new(phase, "find the process in /proc", namespaces.user.span).acts(open_proc(process));
        let deny = Step::new(phase, "deny setgroups", namespaces.user.span)
            .promise(Promise::Identity)
            .acts(write_proc("setgroups", vec![Part::Literal("deny".into())]));
        let map = |file: &'static str, id, caller, mappings: &[Spanned<IdMapping>]| {
            let span = mappings.first().map_or(namespaces.user.span, |mapping| mapping.span);
            let write = Step::new(phase, format!("write {file}"), span)
                .promise(Promise::Identity)
                .needs(if self.privileged { &[] } else { &[Fact::OwnProc] })
                .acts(write_proc(file, self.map_text(id, caller, mappings)))
                .note(EPERM.into(), MAPPING_REFUSED);
            if self.privileged || mappings.is_empty() {
                return vec![write];
            }
            self.map_by_program(write, file, caller, mappings)
        };
        let gids = map("gid_map", gid, Slot::Gid, &namespaces.gid_mappings);
        let uids = map("uid_map", uid, Slot::Uid, &namespaces.uid_mappings);
        let close = Step::new(phase, "leave /proc", namespaces.user.span)
            .gives(&[Fact::IdsMapped])
            .act(Call::new(number::close, [Slot::ProcDirectory.into()]));
        [vec![open, deny], gids, uids, vec![close]].into_iter().flatten().collect()
    }

    /// An ordinary user may write a map of nothing but the own id; any other is written by a program that is trusted with
    /// what /etc/subuid and /etc/subgid say.
    fn map_by_program(
        self,
        mut write: Step,
        file: &str,
        caller: Slot,
        mappings: &[Spanned<IdMapping>],
    ) -> Vec<Step> {
        let mut arguments =
            vec![Value::Text(format!("/usr/bin/new{}", file.replace('_', ""))), Buffer::Text.into()];
        for IdMapping { container_id, host_id, size } in mappings.iter().map(|mapping| mapping.value) {
            arguments.extend([container_id, host_id, size].map(|number| Value::Text(number.to_string())));
        }
        let mut program = Step::new(write.phase, format!("write {file} by a program"), write.span)
            .promise(write.promise)
            .needs(write.needs)
            .act(Act::Text(vec![Part::Decimal(Slot::Child)]))
            .act(Act::Assist { arguments, ready: None })
            .note(ENOENT.into(), MAPPING_PROGRAM_MISSING)
            .note(EACCES.into(), MAPPING_PROGRAM_MISSING)
            .note(ENOEXEC.into(), MAPPING_PROGRAM_MISSING)
            .note(0, MAPPING_PROGRAM_REFUSED);
        let [Spanned { value: IdMapping { host_id, size: 1, .. }, .. }] = mappings else {
            return vec![program];
        };
        let is_own = Act::Check {
            place: Place::Slot(caller),
            mask: 0xffff_ffff,
            comparison: Comparison::Equal,
            value: (*host_id).into(),
            otherwise: Else::Skip(u16::try_from(write.acts.len()).unwrap_or(u16::MAX)),
        };
        write.acts.insert(0, is_own);
        if let Some(Act::Call(last)) = write.acts.last_mut() {
            last.skip = u8::try_from(program.acts.len()).unwrap_or(u8::MAX);
        }
        // One of the two is passed over.
        program.promise = Promise::None;
        vec![write, program]
    }

    /// The text of a map. Without mappings only the program's own id is mapped: to itself by a privileged launcher, to the
    /// caller's by anybody else's.
    fn map_text(self, id: Option<u32>, caller: Slot, mappings: &[Spanned<IdMapping>]) -> Vec<Part> {
        if !mappings.is_empty() {
            return vec![Part::Literal(IdMapping::text(mappings.iter().map(|mapping| &mapping.value)))];
        }
        let inside = id.map_or(Part::Decimal(caller), |id| Part::Literal(id.to_string()));
        let outside = match id {
            Some(_) if self.privileged => inside.clone(),
            _ => Part::Decimal(caller),
        };
        vec![inside, Part::Literal(" ".into()), outside, Part::Literal(" 1".into())]
    }

    /// Supplementary groups are changed where they all have a meaning: before a new user namespace, or in one that is joined.
    pub(super) fn set_groups(self, phase: Phase) -> Option<Step> {
        let asked = match &self.policy.process.user.value {
            User::Caller => None,
            User::Ids { groups, .. } => groups.as_deref(),
        };
        let joined = self.joins_user() && (asked.is_some() || !self.privileged);
        // "Dropped where possible": elsewhere an ordinary user cannot, and keeps them.
        let possible = joined || self.privileged || asked.is_some();
        if !possible || joined == (phase == Phase::Start) {
            return None;
        }
        let list = asked.unwrap_or_default();
        let host = list.iter().map(|&gid| outside_id(gid, &self.policy.namespaces.gid_mappings));
        let bytes: Vec<u8> = host.flat_map(u32::to_le_bytes).collect();
        let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
        let mut set = Call::new(number::setgroups, [count.into(), bytes.into()]);
        if asked.is_none() {
            // A user namespace around the launcher may have denied it for good (user_namespaces(7)).
            set = set.on(EPERM, Then::Continue);
        }
        Some(
            Step::new(phase, "set supplementary groups", self.policy.process.user.span)
                .promise(Promise::Identity)
                .act(set)
                .note(EPERM.into(), if joined { GROUPS_REFUSED } else { IDENTITY_REFUSED })
                .note(EINVAL.into(), IDENTITY_REFUSED),
        )
    }

    /// The ids that the sandbox is built with in its user namespace: the root of a new one that has one, or the program's.
    fn builder(self) -> Option<Ids> {
        let program = self.program()?;
        let namespaces = &self.policy.namespaces;
        let has_root =
            |mappings: &[Spanned<IdMapping>]| mappings.iter().any(|mapping| mapping.value.container_id == 0);
        Some(Ids {
            uid: if has_root(&namespaces.uid_mappings) { 0 } else { program.uid },
            gid: if has_root(&namespaces.gid_mappings) { 0 } else { program.gid },
        })
    }

    /// The ids of the program, when the spec names them.
    pub(super) fn program(self) -> Option<Ids> {
        match self.policy.process.user.value {
            User::Caller => None,
            User::Ids { uid, gid, .. } => Some(Ids { uid, gid }),
        }
    }

    /// The same as the host knows them.
    pub(super) fn program_outside(self) -> Option<(u32, u32)> {
        let Ids { uid, gid } = self.program()?;
        let namespaces = &self.policy.namespaces;
        Some((outside_id(uid, &namespaces.uid_mappings), outside_id(gid, &namespaces.gid_mappings)))
    }

    /// Files that are made now belong to the one who makes them, so ids come first; only who has capabilities can.
    pub(super) fn become_builder(self) -> Option<Step> {
        let ids = self.builder().filter(|_| self.capable())?;
        // In a new one an ordinary user's own id is the one that is mapped already.
        let explicit = self.joins_user() || !self.policy.namespaces.uid_mappings.is_empty();
        (self.privileged || explicit).then(|| self.set_ids(Phase::Identity, ids))
    }

    /// The last change of ids, for a program that is not the sandbox's builder.
    pub(super) fn become_program(self) -> Option<Step> {
        let ids = self.program().filter(|_| self.capable())?;
        let already = self.enters_user() && self.builder() == Some(ids);
        (!already).then(|| self.set_ids(Phase::Payload, ids))
    }

    pub(super) fn set_ids(self, phase: Phase, Ids { uid, gid }: Ids) -> Step {
        Step::new(phase, format!("become uid {uid}, gid {gid}"), self.policy.process.user.span)
            .promise(Promise::Identity)
            .needs(&[Fact::Capabilities])
            .takes(&[Fact::OwnProc])
            .act(Call::new(number::prctl, [PR_SET_SECUREBITS.into(), SECBIT_NO_SETUID_FIXUP.into()]))
            .act(Call::new(number::setresgid, [gid.into(), gid.into(), gid.into()]))
            .act(Call::new(number::setresuid, [uid.into(), uid.into(), uid.into()]))
            .note(EPERM.into(), IDENTITY_REFUSED)
            .note(EINVAL.into(), IDENTITY_REFUSED)
    }

    /// The user and the group to give something to, each only when that is not the one who makes it.
    pub(super) fn owner_for(self, owner: &Ownership) -> (Option<Id>, Option<Id>) {
        if self.joins_user_late() {
            let found = self.outside_of(owner);
            return (found.map(|(uid, _)| Id::Found(uid)), found.map(|(_, gid)| Id::Found(gid)));
        }
        let Ownership::Program { uid, gid } = owner else { return (None, None) };
        let made_by_program = |ids| self.enters_user() && self.builder() == Some(ids);
        let program = self.program().filter(|ids| self.capable() && !made_by_program(*ids));
        let named = |id: &Option<Spanned<u32>>| id.as_ref().map(|id| id.value);
        let uid = named(uid).or(program.map(|ids| ids.uid));
        let gid = named(gid).or(program.map(|ids| ids.gid));
        (uid.map(Id::Known), gid.map(Id::Known))
    }

    /// No exec gives a capability that the spec does not promise, in no process of the sandbox.
    ///
    /// Without capabilities over the own user namespace the bounding set cannot be changed: there no_new_privs alone keeps
    /// exec from giving any.
    ///
    /// An errno alone is not believed: a seccomp filter of a container may answer anything. The set is read again after that.
    pub(super) fn bound_capabilities(self) -> Option<Step> {
        let Spanned { value: kept, span } = self.policy.process.capabilities;
        let bound = |action: u32| Call::new(number::prctl, [action.into(), Value::Each]);
        let or_unknown = |action| Act::from(bound(action).on(EINVAL, Then::Continue));
        self.capable().then(|| {
            Step::new(Phase::Payload, "bound capabilities", span)
                .promise(Promise::Capabilities)
                .needs(&[Fact::Capabilities])
                .acts([Act::Each(!kept & KNOWN_CAPABILITIES), bound(PR_CAPBSET_DROP).into()])
                .acts([Act::Each(!kept & KNOWN_CAPABILITIES), bound(PR_CAPBSET_READ).into()])
                // Later kernels may have more of them; the others must not know what they are.
                .acts([Act::Each(!kept & !KNOWN_CAPABILITIES), or_unknown(PR_CAPBSET_DROP)])
                .acts([Act::Each(!kept & !KNOWN_CAPABILITIES), or_unknown(PR_CAPBSET_READ)])
                .note(EPERM.into(), CAPABILITIES_REFUSED)
                .note(EINVAL.into(), CAPABILITIES_REFUSED)
        })
    }

    /// Exactly the capabilities that the spec promises.
    pub(super) fn capabilities(self) -> Step {
        let Spanned { value: kept, span } = self.policy.process.capabilities;
        let mut step = Step::new(Phase::Payload, "set capabilities", span)
            .promise(Promise::Capabilities)
            .takes(&[Fact::Capabilities]);
        let set = |effective, inheritable| {
            Call::new(
                number::capset,
                [capability_header().into(), capability_data(effective, inheritable).into()],
            )
        };
        if kept != 0 {
            // Only ambient capabilities survive exec, and only inheritable ones can be ambient (capabilities(7)).
            let setpcap = if self.capable() { 1 << CAP_SETPCAP } else { 0 };
            step = step.act(set(kept | setpcap, kept)).act(Act::Each(kept)).act(Call::new(
                number::prctl,
                [PR_CAP_AMBIENT.into(), PR_CAP_AMBIENT_RAISE.into(), Value::Each],
            ));
        }
        if self.capable() {
            step = step.act(Call::new(number::prctl, [PR_SET_SECUREBITS.into(), SECUREBITS.into()]));
        }
        step.act(set(kept, kept)).note(EPERM.into(), CAPABILITIES_REFUSED)
    }
}

/// The id outside that `id` inside stands for; without mappings it is itself.
fn outside_id(id: u32, mappings: &[Spanned<IdMapping>]) -> u32 {
    mappings.iter().find_map(|mapping| mapping.value.outside(id)).unwrap_or(id)
}

/// Opens the directory of a process in /proc, past no other mount.
pub(super) fn open_proc(process: Part) -> [Act; 2] {
    let how = open_how(O_PATH | O_DIRECTORY | O_CLOEXEC, RESOLVE_NO_XDEV);
    let open = [Slot::Proc.into(), Buffer::Text.into(), how.into(), 24.into()];
    [Act::Text(vec![process]), Call::new(number::openat2, open).keep(Slot::ProcDirectory).into()]
}

/// Writes a text to a file of the open directory of /proc, in one write, past no symlink and no other mount.
pub(super) fn write_proc(file: &str, text: Vec<Part>) -> [Act; 4] {
    let how = open_how(O_WRONLY | O_CLOEXEC, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
    let open = [Slot::ProcDirectory.into(), file.into(), how.into(), 24.into()];
    let write = [Slot::File.into(), Buffer::Text.into(), Slot::Length.into()];
    [
        Call::new(number::openat2, open).keep(Slot::File).into(),
        Act::Text(text),
        Call::new(number::write, write).equals(2).into(),
        Call::new(number::close, [Slot::File.into()]).into(),
    ]
}
