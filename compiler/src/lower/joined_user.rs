//! Joins a user namespace that exists already, where the sandbox has a tree of its own.
//!
//! A mount namespace starts with all mounts of the host, and who has power in the user namespace that owns it may enter it.
//! So it is made, filled and cut off from the host in the user namespace that the launch began in, and the user namespace is
//! joined last. What the joined one has to own, and what its ids mean outside, is found out by a process that enters it first:
//! it makes the other new namespaces there, and shows files that belong to the ids.

use super::Launch;
use super::identity::{Ids, open_proc};
use super::joins::enter;
use super::linux::*;
use super::refusals::*;
use super::start::never;
use super::step::{Act, Buffer, Call, Else, Fact, Part, Phase, Place, Slot, Step, Value};
use crate::policy::{MountKind, Ownership, OwningUser};
use boxwright_launcher::abi::{CLONE_NEWCGROUP, CLONE_NEWUSER, SIGKILL};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise};

/// A namespace that is made in the joined user namespace.
#[derive(Clone, Copy)]
struct Owned {
    number: u8,
    kind: &'static str,
    flag: u64,
}

impl Launch<'_> {
    pub(super) fn joins_user_late(self) -> bool {
        self.policy.namespaces.joins_user_late()
    }

    /// An ordinary user has no power over the mounts outside of the user namespace, so the order cannot be kept.
    pub(super) fn refuse_late_join(self) -> Option<Step> {
        (self.joins_user_late() && !self.privileged).then(|| {
            let words = "join a user namespace beside a new mount namespace";
            Step::new(Phase::Start, words, self.policy.namespaces.user.span)
                .act(never(JOIN_BESIDE_NEW_MOUNTS))
        })
    }

    /// Whether the process that enters the user namespace first makes the namespace of this flag.
    pub(super) fn is_made_there(self, flag: u64) -> bool {
        self.owned().any(|owned| owned.flag == flag)
    }

    fn owned(self) -> impl Iterator<Item = Owned> {
        let kinds = (0..).zip(self.kinds()).zip(self.policy.namespaces.owners());
        kinds.filter_map(move |((number, (kind, _, flag)), (_, owner))| {
            let there = self.joins_user_late() && owner == OwningUser::Joined;
            there.then_some(Owned { number, kind, flag })
        })
    }

    /// The ids inside that files of the launch belong to, the program's first.
    fn file_owners(self) -> Vec<Ids> {
        let Some(program) = self.program() else { return Vec::new() };
        let mut owners = vec![program];
        for entry in self.entries() {
            let (MountKind::Tmpfs { owner, .. } | MountKind::Directory { owner, .. }) = &entry.mount.kind
            else {
                continue;
            };
            let ids = named(owner, program);
            if !owners.contains(&ids) {
                owners.push(ids);
            }
        }
        owners
    }

    /// Where the ids outside of an owner are; `None` for who makes everything.
    pub(super) fn outside_of(self, owner: &Ownership) -> Option<(Slot, Slot)> {
        let ids = named(owner, self.program()?);
        let number =
            self.file_owners().iter().position(|other| *other == ids).filter(|&number| number > 0)?;
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        Some((Slot::OutsideUid(number), Slot::OutsideGid(number)))
    }

    /// On the caller's side, before anything is entered.
    pub(super) fn prepare_user(self) -> Vec<Step> {
        let span = self.policy.namespaces.user.span;
        let owners = self.file_owners();
        let step = |words: &str| Step::new(Phase::Fork, words, span).note(EACCES.into(), TRACING_REFUSED);
        let mut steps: Vec<Step> = self.gate().into_iter().collect();
        // The root of a cgroup namespace is the group of who makes it.
        let cgroup = self.is_made_there(CLONE_NEWCGROUP).then(|| self.cgroup_slot()).flatten();
        let child = self.member(&owners);
        let close = |slot: Slot| Call::new(number::close, [slot.into()]);
        steps.push(
            step("start a process in the user namespace")
                .act(Act::Fork { flags: 0, pid: Slot::Holder, cgroup, child })
                .act(close(Slot::GateInside))
                .note(EAGAIN.into(), PROCESSES_USED_UP)
                .note(ENOSYS.into(), CLONE3_MISSING)
                .note(EBUSY.into(), STRANGERS_IN_CGROUP)
                .note(EOPNOTSUPP.into(), STRANGERS_IN_CGROUP),
        );
        for (number, ids) in (0..).zip(&owners) {
            steps.push(self.find_outside(number, *ids));
        }
        if self.owned().next().is_some() {
            let open = |Owned { number, kind, .. }: Owned| -> Act {
                let file = [Slot::ProcDirectory.into(), file_of(kind).into(), O_CLOEXEC.into()];
                Call::new(number::openat, file).keep(Slot::Namespace(number)).into()
            };
            steps.push(
                step("open the namespaces that it has made")
                    .acts(open_proc(Part::Decimal(Slot::Holder)))
                    .acts(self.owned().map(open))
                    .act(close(Slot::ProcDirectory)),
            );
        }
        let ended = [P_PID.into(), Slot::Holder.into(), Value::Zero, WEXITED.into()];
        steps.push(
            step("end the process in the user namespace")
                .act(Call::new(number::kill, [Slot::Holder.into(), SIGKILL.into()]))
                .act(Call::new(number::waitid, ended))
                .act(close(Slot::GateOutside)),
        );
        steps
    }

    /// The process that enters first. It still has the host's tree, so nobody may trace it, and it is never the owner of mounts.
    fn member(self, owners: &[Ids]) -> Vec<Step> {
        let namespaces = &self.policy.namespaces;
        let step = |words: String| Step::new(Phase::Fork, words, namespaces.user.span);
        let leave = Call::new(number::close, [Slot::GateOutside.into()]);
        let mut steps = vec![step("leave the outside's end".into()).act(leave)];
        steps.extend(self.enter_user());
        steps.extend(self.refuse_host_root());
        steps.extend(self.refuse_hidden_root());
        steps.extend(owners.first().map(|program| self.set_ids(Phase::Fork, *program)));
        let flags = self.owned().fold(0, |flags, owned| flags | owned.flag);
        if flags != 0 {
            let flags = u32::try_from(flags).unwrap_or(u32::MAX);
            steps.push(
                step(format!("make namespaces that {} owns", OwningUser::Joined))
                    .act(Call::new(number::unshare, [flags.into()]))
                    .note(ENOSPC.into(), USER_NAMESPACES_USED_UP),
            );
        }
        let ask = |number| Call::new(number, [Slot::GateInside.into(), Buffer::Answer.into(), 1.into()]);
        for ids in owners {
            let Ids { uid, gid } = *ids;
            let socket = [AF_UNIX.into(), (SOCK_DGRAM | SOCK_CLOEXEC).into()];
            let mut show = step(format!("show a file of uid {uid}, gid {gid}"))
                .act(Call::new(number::socket, socket).keep(Slot::File));
            if owners.first() != Some(ids) {
                let (at, empty) = (AT_EMPTY_PATH, "");
                let give = [Slot::File.into(), empty.into(), uid.into(), gid.into(), at.into()];
                show = show.act(Call::new(number::fchownat, give)).note(EINVAL.into(), OWNER_NOT_MAPPED);
            }
            steps.push(
                show.act(Call::new(number::dup2, [Slot::File.into(), Value::Zero]))
                    .act(Call::new(number::close, [Slot::File.into()]))
                    .act(ask(number::write).equals(2))
                    .act(ask(number::read).equals(2)),
            );
        }
        // Nothing more is sent: it ends with who has started it.
        steps.push(step("wait for the end".into()).act(ask(number::read).equals(2)).act(Act::Hold));
        steps
    }

    /// What the ids are here: whom the file belongs to that the other process shows as its standard input.
    fn find_outside(self, number: u16, Ids { uid, gid }: Ids) -> Step {
        let (outside_uid, outside_gid) = (Slot::OutsideUid(number), Slot::OutsideGid(number));
        let answer = |call| Call::new(call, [Slot::GateOutside.into(), Buffer::Answer.into(), 1.into()]);
        let mask = STATX_WANT_UID | STATX_WANT_GID;
        let file =
            [Slot::Proc.into(), Buffer::Text.into(), Value::Zero, mask.into(), Value::Struct(outside_uid)];
        let mut stat = Call::new(number::statx, file);
        stat.keep = super::Keep::Pair(outside_uid, outside_gid);
        let user = &self.policy.process.user;
        let is_not_root = |slot, id: u32, what: &str| Act::Check {
            place: Place::Slot(slot),
            mask: 0xffff_ffff,
            comparison: Comparison::NotEqual,
            value: 0,
            otherwise: Else::Fail(format!("{what} {id} of the user namespace is the host's {what} 0")),
        };
        let checks = [is_not_root(outside_uid, uid, "user"), is_not_root(outside_gid, gid, "group")];
        Step::new(Phase::Fork, format!("find uid {uid}, gid {gid} of the user namespace"), user.span)
            .act(answer(number::read).equals(2))
            .act(Act::Text(vec![Part::Decimal(Slot::Holder), Part::Literal("/fd/0".into())]))
            .act(stat)
            .acts((number == 0).then_some(checks).into_iter().flatten())
            .act(answer(number::write).equals(2))
            .note(EACCES.into(), TRACING_REFUSED)
    }

    /// On the caller's side, beside the namespaces that exist already.
    pub(super) fn enter_owned(self) -> Vec<Step> {
        let span = self.policy.namespaces.user.span;
        let step = |Owned { number, kind, flag }: Owned| {
            let flag = u32::try_from(flag).unwrap_or(u32::MAX);
            Step::new(Phase::Fork, format!("enter the new {kind} namespace"), span)
                .promise(Promise::Namespaces)
                .act(Call::new(number::setns, [Slot::Namespace(number).into(), flag.into()]))
                .note(EPERM.into(), JOIN_REFUSED)
        };
        self.owned().map(step).collect()
    }

    /// Files that are made from here on belong to the program, whose ids have no meaning yet.
    pub(super) fn become_outside(self) -> Step {
        let thrice = |slot: Slot| [(); 3].map(|()| Value::from(slot));
        Step::new(Phase::Identity, "become the program's ids outside", self.policy.process.user.span)
            .promise(Promise::Identity)
            .needs(&[Fact::Capabilities, Fact::LaunchUser])
            .takes(&[Fact::OwnProc])
            .act(Call::new(number::prctl, [PR_SET_SECUREBITS.into(), SECBIT_NO_SETUID_FIXUP.into()]))
            .act(Call::new(number::setresgid, thrice(Slot::OutsideGid(0))))
            .act(Call::new(number::setresuid, thrice(Slot::OutsideUid(0))))
            .note(EPERM.into(), IDENTITY_REFUSED)
    }

    /// Inside, when nothing of the host is left: what comes after has power in the joined user namespace only.
    pub(super) fn join_user(self) -> Vec<Step> {
        let mut steps: Vec<Step> = self.enter_user().into_iter().collect();
        for step in &mut steps {
            step.phase = Phase::Payload;
            step.needs =
                if self.has_own_tree() { &[Fact::OwnMounts, Fact::NewRoot] } else { &[Fact::OwnMounts] };
            // It leads to every process of the host.
            step.acts.insert(0, Call::new(number::close, [Slot::Proc.into()]).into());
        }
        steps.extend(self.set_groups(Phase::Payload));
        steps.extend(self.program().map(|ids| self.set_ids(Phase::Payload, ids)));
        steps
    }

    fn enter_user(self) -> Option<Step> {
        self.joined().find(|joined| joined.flag == CLONE_NEWUSER).map(enter)
    }
}

/// The directory of a devpts and its ptmx, which would belong to the host's root.
pub(super) fn give_terminals(file_system: Slot) -> [Act; 2] {
    ["", "ptmx"].map(|path| {
        let at = if path.is_empty() { AT_EMPTY_PATH } else { AT_SYMLINK_NOFOLLOW };
        let [uid, gid] = [Slot::OutsideUid(0), Slot::OutsideGid(0)].map(Value::from);
        Call::new(number::fchownat, [file_system.into(), path.into(), uid, gid, at.into()]).into()
    })
}

/// The ids of an owner, the program's where none is named.
fn named(owner: &Ownership, program: Ids) -> Ids {
    match owner {
        Ownership::Builder => program,
        Ownership::Program { uid, gid } => Ids {
            uid: uid.as_ref().map_or(program.uid, |id| id.value),
            gid: gid.as_ref().map_or(program.gid, |id| id.value),
        },
    }
}

/// Where a process shows the namespace of a kind that its next children are in.
fn file_of(kind: &str) -> &'static str {
    match kind {
        "uts" => "ns/uts",
        "ipc" => "ns/ipc",
        "network" => "ns/net",
        "cgroup" => "ns/cgroup",
        "time" => "ns/time_for_children",
        _ => unreachable!("`{kind}` is made before the user namespace is joined"),
    }
}
