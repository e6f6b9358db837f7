//! The caller's side: what is put in order before anything changes, the gate, and the child.

use super::Launch;
use super::linux::*;
use super::refusals::*;
use super::step::{Act, Buffer, Call, Else, Fact, Keep, Part, Phase, Place, Slot, Step, Value};
use crate::policy::{Namespace, OwningUser, User};
use crate::source::Span;
use boxwright_launcher::abi::{
    CLONE_NEWCGROUP, CLONE_NEWTIME, SIGALRM, SIGKILL, SIGPROF, SIGSTOP, SIGVTALRM,
};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise, Then};

/// All signals but SIGKILL and SIGSTOP, whose dispositions are fixed: a caller may have left any of the others ignored.
const EVERY_DISPOSITION: u64 = !(1 << (SIGKILL - 1) | 1 << (SIGSTOP - 1));

/// The signals of ITIMER_REAL, ITIMER_VIRTUAL and ITIMER_PROF, in the order of their numbers (linux/time.h).
const TIMERS: [u32; 3] = [SIGALRM, SIGVTALRM, SIGPROF];

impl Launch<'_> {
    /// What every launch begins with.
    pub(super) fn start(self) -> Vec<Step> {
        let process = &self.policy.process;
        let mut steps = vec![
            self.raise_descriptors(),
            self.open_streams(),
            self.prepare_signals(),
            Step::new(Phase::Start, "prepare the file mode mask", Span::default())
                .act(Call::new(number::umask, []).any()),
            self.personality(),
            Step::new(Phase::Start, "prepare argv and envp", process.listen.unwrap_or(process.args[0].span))
                .note(EBADF.into(), DESCRIPTOR_NOT_OPEN)
                .gives(&[Fact::Environment])
                .act(Act::Environment {
                    arguments: process.args.iter().map(|argument| argument.value.clone()).collect(),
                    variables: process
                        .env
                        .iter()
                        .map(|(name, value)| format!("{name}={}", value.value))
                        .collect(),
                    passed: process.env_pass.iter().map(|name| format!("{}=", name.value)).collect(),
                    append: process.append_args,
                    listen: process.listen.map(|_| [LISTEN_FDS_MALFORMED, DIRECTORY_KEPT]),
                }),
        ];
        // Before anything is opened: a descriptor of the launch must not be taken for one that was asked for.
        steps.splice(
            2..2,
            self.find_kept().into_iter().chain(self.find_status()).chain(self.find_namespaces()),
        );
        steps.extend(self.notify());
        steps.extend(self.keep_status());
        // Before everything else: who has died by then was never seen.
        steps.splice(0..0, self.die_with_parent(Phase::Start));
        steps.extend(self.terminal());
        steps.push(self.know_caller());
        steps.extend(self.refuse_late_join());
        steps.extend(self.know_landlock());
        steps.extend(self.find_directories());
        steps.extend(self.raise_limits());
        steps.extend(self.set_groups(Phase::Start));
        steps.extend(self.find_proc());
        steps.extend(self.own_oom_score_adj(Phase::Start));
        steps
    }

    /// A set-up descriptor must never become a standard stream of the program.
    fn open_streams(self) -> Step {
        let mut step = Step::new(Phase::Start, "open standard streams", Span::default());
        for stream in 0..3 {
            step = step
                .act(
                    Call::new(number::fcntl, [stream.into(), F_GETFD.into()])
                        .any()
                        .on(EBADF, Then::Continue)
                        .then_skip(1),
                )
                .act(Call::new(number::openat, [AT_FDCWD.into(), "/dev/null".into(), O_RDWR.into()]).any());
        }
        step
    }

    /// exec keeps the caller's interval timers and pending signals (execve(2)): an alarm of the caller must not look like the
    /// spec's own timeout, nor end the program.
    fn prepare_signals(self) -> Step {
        let block = [SIG_SETMASK.into(), words(&[u64::MAX]).into(), Value::Zero, 8.into()];
        let mut step = Step::new(Phase::Start, "prepare signals", Span::default())
            .act(Call::new(number::rt_sigprocmask, block))
            .act(Act::Signals(EVERY_DISPOSITION));
        for timer in 0..TIMERS.len() {
            let timer = u32::try_from(timer).unwrap_or(0);
            let stop = [timer.into(), words(&[0, 0, 0, 0]).into()];
            step = step.act(Call::new(number::setitimer, stop));
        }
        let set = TIMERS.iter().fold(0, |set, signal| set | 1 << (signal - 1));
        // At most one signal of each number is pending.
        for left in (0..TIMERS.len()).rev() {
            let pending = [words(&[set]).into(), Value::Zero, words(&[0, 0]).into(), 8.into()];
            let left = u8::try_from(left).unwrap_or(0);
            let none = if left == 0 { Then::Continue } else { Then::Skip(left) };
            step = step.act(Call::new(number::rt_sigtimedwait, pending).any().on(EAGAIN, none));
        }
        step
    }

    /// Asks for SIGKILL when the caller dies, and makes sure that it has not died since the start. A change of credentials
    /// forgets the request, so it is made again after one.
    pub(super) fn die_with_parent(self, phase: Phase) -> Option<Step> {
        let mut step = Step::new(phase, "die with the parent", self.policy.die_with_parent?);
        if phase == Phase::Start {
            step = step.act(Call::new(number::getppid, []).keep(Slot::Parent));
        }
        // getppid(2) takes no argument: the parent's pid stands there to be compared with the result.
        Some(step.act(end_with_parent()).act(Call::new(number::getppid, [Slot::Parent.into()]).equals(0)))
    }

    /// Who launches, and whether the program may be that user.
    fn know_caller(self) -> Step {
        let user = &self.policy.process.user;
        let step = Step::new(Phase::Start, "process.user", user.span)
            .act(Call::new(number::getuid, []).keep(Slot::Uid))
            .act(Call::new(number::getgid, []).keep(Slot::Gid));
        let caller_is = |slot, id: u32, comparison, words: String| Act::Check {
            place: Place::Slot(slot),
            mask: 0xffff_ffff,
            comparison,
            value: id.into(),
            otherwise: Else::Fail(words),
        };
        let not_root = |words: &str| caller_is(Slot::Uid, 0, Comparison::NotEqual, words.to_owned());
        match user.value {
            User::Caller => step.act(not_root(
                "\"caller\" is uid 0, which no program of a sandbox may be; name ids: user = { uid = 65534, gid = 65534 }",
            )),
            User::Ids { .. } if self.takes_host_root() => step.act(never(
                "id 0 without a mapping would be the host's 0, because root launches; say in namespaces.user which id \
                 outside it stands for",
            )),
            User::Ids { .. } if self.privileged => step,
            User::Ids { uid, gid, .. } if !self.enters_user() => {
                let words = |kind| {
                    format!(
                        "the caller has another {kind}, and changing it needs CAP_SETUID and CAP_SETGID or a new user namespace"
                    )
                };
                step.act(caller_is(Slot::Uid, uid, Comparison::Equal, words("uid")))
                    .act(caller_is(Slot::Gid, gid, Comparison::Equal, words("gid")))
            }
            User::Ids { .. } => step.act(not_root(
                "the caller is uid 0 without CAP_SETUID and CAP_SETGID: the program would be uid 0 outside; launch with them or as another user",
            )),
        }
    }

    /// Whether an id 0 of the program, without any word about it, would be the host's.
    fn takes_host_root(self) -> bool {
        let namespaces = &self.policy.namespaces;
        let User::Ids { uid, gid, groups } = &self.policy.process.user.value else { return false };
        let group = *gid == 0 || groups.iter().flatten().any(|&group| group == 0);
        let unmapped =
            *uid == 0 && namespaces.uid_mappings.is_empty() || group && namespaces.gid_mappings.is_empty();
        self.privileged && self.new_user() && unmapped
    }

    /// The pair of sockets on which both sides notice each other's death.
    pub(super) fn gate(self) -> Option<Step> {
        let mut pair = Call::new(
            number::socketpair,
            [
                AF_UNIX.into(),
                (SOCK_SEQPACKET | SOCK_CLOEXEC).into(),
                Value::Zero,
                Value::Slot(Slot::GateOutside),
            ],
        );
        pair.keep = Keep::Pair(Slot::GateOutside, Slot::GateInside);
        Some(Step::new(Phase::Fork, "connect both sides", Span::default()).act(pair))
    }

    pub(super) fn fork_inside(self, child: Vec<Step>) -> Step {
        let namespaces = &self.policy.namespaces;
        let span = [&namespaces.user, &namespaces.pid].map(|namespace| namespace.span);
        let flags = self.namespace_flags();
        let words = match flags {
            0 if self.joins_pid() => "start a process in the pid namespace".to_owned(),
            0 => "start the program's process".to_owned(),
            _ if self.joins_user_late() => format!("make namespaces that {} owns", OwningUser::Host),
            _ => "make new namespaces".to_owned(),
        };
        let step = Step::new(Phase::Fork, words, span[usize::from(!self.new_user())])
            .promise(Promise::Namespaces)
            .act(Act::Fork { flags, pid: Slot::Child, cgroup: self.cgroup_slot(), child })
            .note(ENOSYS.into(), CLONE3_MISSING)
            .note(ENOSPC.into(), USER_NAMESPACES_USED_UP)
            .note(EAGAIN.into(), PROCESSES_USED_UP);
        let refused = if self.new_user() { USER_NAMESPACE_REFUSED } else { NEEDS_PRIVILEGE };
        if self.policy.cgroup.is_some() {
            let step = step.note(EACCES.into(), CGROUP_ENTRY_REFUSED).note(EPERM.into(), refused);
            return step.note(EBUSY.into(), STRANGERS_IN_CGROUP).note(EOPNOTSUPP.into(), STRANGERS_IN_CGROUP);
        }
        step.note(EPERM.into(), refused).note(EACCES.into(), refused)
    }

    /// The namespaces that clone3(2) or unshare(2) makes. A time namespace with offsets is made by itself, since the
    /// offsets can only be written before a process is in it (time_namespaces(7)).
    pub(super) fn namespace_flags(self) -> u64 {
        let later = if self.has_own_clocks() { CLONE_NEWTIME } else { 0 }
            | if self.roots_cgroups_inside() { CLONE_NEWCGROUP } else { 0 };
        let kinds = self.kinds();
        let new = kinds
            .iter()
            .filter(|(_, namespace, flag)| namespace.value == Namespace::New && !self.is_made_there(*flag));
        new.fold(0, |flags, (_, _, flag)| flags | flag) & !later
    }

    /// Beside the child: its ids are mapped, its interfaces made, then it may go on.
    pub(super) fn host(self) -> Vec<Step> {
        let mut steps = Vec::new();
        // Its owner tells which process the program is.
        if !self.shares_terminal() {
            let leave = Step::new(Phase::Host, "leave the inside's end of the gate", Span::default());
            steps.push(leave.act(Call::new(number::close, [Slot::GateInside.into()])));
        }
        steps.extend(self.guard());
        if self.maps_from_outside() {
            steps.extend(self.map_ids(Part::Decimal(Slot::Child)));
            steps.extend(self.raise_priorities());
        }
        steps.extend(self.interfaces_of_child());
        steps.extend(self.user_mode());
        steps.extend(self.start_timer());
        if self.serves_child() {
            steps.push(
                Step::new(Phase::Host, "open the gate", Span::default()).act(
                    Call::new(number::write, [Slot::GateOutside.into(), "g".into(), 1.into()]).equals(2),
                ),
            );
        }
        steps
    }

    /// In the child: the parent must be alive, and its part done.
    pub(super) fn pass_gate(self) -> Vec<Step> {
        let read = [Slot::GateInside.into(), Buffer::Answer.into(), 1.into()];
        let wait = if self.serves_child() {
            Call::new(number::read, read).equals(2)
        } else {
            // Nothing is ever sent: an answer can only be the end of the file, which is no success.
            let [socket, buffer, one] = read;
            Call::new(number::recvfrom, [socket, buffer, one, MSG_DONTWAIT.into()])
                .equals(2)
                .on(EAGAIN, Then::Continue)
        };
        vec![
            Step::new(Phase::Fork, "wait for the outside", Span::default())
                .needs(&[Fact::Descriptors])
                .act(Call::new(number::close, [Slot::GateOutside.into()]))
                .act(end_with_parent())
                .act(wait),
        ]
    }

    /// Whether the child has to wait for what the outside does for it.
    fn serves_child(self) -> bool {
        self.maps_from_outside() || self.reaches_out() || self.policy.pasta.is_some() || self.is_guarded()
    }

    /// Whether the outside writes the id maps, because only it may or because another program needs them by then; else the child
    /// maps the caller's own ids itself.
    pub(super) fn maps_from_outside(self) -> bool {
        let mapped = !self.policy.namespaces.uid_mappings.is_empty() || self.policy.pasta.is_some();
        self.new_user() && (self.privileged || mapped)
    }
}

/// Asks for SIGKILL when the parent dies; whether it has died before is to be found out after this.
pub(super) fn end_with_parent() -> Call {
    Call::new(number::prctl, [PR_SET_PDEATHSIG.into(), SIGKILL.into()])
}

/// A check that nothing passes: in this way of launching it cannot be done.
pub(super) fn never(words: &str) -> Act {
    Act::Check {
        place: Place::Slot(Slot::Uid),
        mask: 0,
        comparison: Comparison::NotEqual,
        value: 0,
        otherwise: Else::Fail(words.into()),
    }
}
