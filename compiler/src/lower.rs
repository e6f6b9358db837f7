//! Policy to steps: which calls set the sandbox up, in which order, for both kinds of caller.

mod beneath;
mod cgroup;
mod descriptors;
mod identity;
mod idmap;
mod interfaces;
mod joined_user;
mod joins;
mod landlock;
mod lifecycle;
mod linux;
mod manager;
mod memory;
mod mount_calls;
mod mounts;
mod namespaces;
mod nesting;
mod netlink;
mod nodes;
mod order;
mod overlay;
mod process;
mod protection;
mod refusals;
mod rehearsal;
mod reopen;
mod runtime;
mod scheduling;
mod spot;
mod start;
mod step;
mod streams;
mod user_mode;

pub use linux::{PATH_MAX, capability_data, mount_attributes};
pub use order::{Misplaced, prove};
pub use rehearsal::rehearse;
pub use step::{
    Act, Buffer, Call, Else, Ending, Fact, Filter, Keep, Landlock, Part, Phase, Place, Program, Slot, Step,
    Value,
};

use crate::policy::{Namespace, Policy, Terminal};
use crate::source::Span;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Promise, Role};

/// What the rooms of one launch share: whose launch it is, and of what.
#[derive(Clone, Copy)]
struct Launch<'a> {
    policy: &'a Policy,
    filters: &'a Filters,
    /// Which entry of the tree is in which.
    nesting: &'a nesting::Nesting<'a>,
    /// The launcher has CAP_SETUID and CAP_SETGID, so it can map and become any id.
    privileged: bool,
    /// Nothing is executed, and nothing taken that the host might not get back.
    rehearsal: bool,
}

/// The classic BPF of a launch, in the kernel's bytes.
#[derive(Debug, Clone)]
pub struct Filters {
    /// The program's.
    pub program: Option<Filter>,
    /// Pid 1's, which makes only the calls of [`reaper_calls`].
    pub reaper: Filter,
}

/// All that a reaper does: it waits for children and signals, passes signals on, and ends.
const REAPER_CALLS: [u16; 4] = [number::waitid, number::rt_sigtimedwait, number::kill, number::exit_group];

/// The calls of a policy's reaper: it also tells that the program has stopped, when that shares a terminal.
pub fn reaper_calls(policy: &Policy) -> Vec<u16> {
    let tells = policy.process.terminal.value == Terminal::Inherit;
    REAPER_CALLS.into_iter().chain(tells.then_some(number::sendto)).collect()
}

/// The steps of a policy.
pub fn lower(policy: &Policy, filters: &Filters) -> Program {
    both_ways(policy, filters, false)
}

fn both_ways(policy: &Policy, filters: &Filters, rehearsal: bool) -> Program {
    let nesting = &nesting::Nesting::of(&policy.filesystem);
    let steps = |privileged| Launch { policy, filters, nesting, privileged, rehearsal }.steps();
    let status = policy.status_fd.as_ref().map(|descriptor| descriptor.value);
    Program { privileged: steps(true), unprivileged: steps(false), status }
}

impl Launch<'_> {
    /// The caller's side; everything when no namespace needs a second process.
    fn steps(self) -> Vec<Step> {
        let mut steps = self.start();
        steps.extend(self.cgroup());
        steps.extend(self.idmapped());
        steps.extend(self.keep_host_network());
        steps.extend(self.join());
        if self.forks() {
            let inside = self.inside();
            steps.extend(self.gate());
            steps.push(self.fork_inside(inside));
            steps.extend(self.host());
            steps.push(self.supervise(Role::Outside, Slot::Child));
        } else {
            steps.extend(self.unshare());
            steps.extend(self.own_interfaces());
            steps.extend(self.enter());
            steps.extend(self.payload());
            steps.extend(self.end());
        }
        steps
    }

    /// The first process inside: everything that needs its capabilities, then the program or its reaper.
    fn inside(self) -> Vec<Step> {
        let mut steps = self.pass_gate();
        steps.extend(self.map_own_ids());
        steps.extend(self.enter());
        // Pid 1 has the program's ids, or without capabilities it could not signal it.
        let program = self.reaps().then(|| self.become_program()).flatten();
        let forgot = program.is_some() || self.become_builder().is_some();
        steps.extend(program);
        // Changing ids forgot the request that was made at the gate.
        steps.extend(forgot.then(|| self.end_with_outside()));
        steps.push(self.hide(Phase::Payload, self.policy.namespaces.pid.span));
        steps.extend(self.leave_session());
        let mut payload = self.payload();
        payload.extend(self.end());
        if self.reaps() {
            steps.push(self.fork_payload(payload));
            steps.extend(self.reaper());
        } else {
            steps.extend(payload);
        }
        steps
    }

    /// What happens in the new namespaces, whoever made them.
    fn enter(self) -> Vec<Step> {
        let mut steps: Vec<Step> = self.own_oom_score_adj(Phase::Inside).into_iter().collect();
        steps.extend(self.cgroup_namespace());
        steps.extend(self.clocks());
        steps.extend(self.names());
        steps.extend(self.loopback());
        // From a private mount nothing is heard of the host's any more.
        steps.extend(self.slaves());
        steps.extend(self.own_mounts());
        steps.extend(self.sources());
        if self.joins_user_late() {
            steps.push(self.become_outside());
        } else if self.enters_user() {
            steps.extend(self.become_builder());
        }
        steps.extend(self.tree());
        steps.extend(self.ruleset());
        if self.joins_user_late() {
            steps.extend(self.join_user());
        }
        steps.extend(self.bound_capabilities());
        steps
    }

    /// No other process of the sandbox may look into this one: it still has what the program must not have.
    fn hide(self, phase: Phase, span: Span) -> Step {
        Step::new(phase, "become untraceable", span)
            .takes(&[Fact::OwnProc])
            .act(Call::new(number::prctl, [linux::PR_SET_DUMPABLE.into()]))
    }

    fn fork_payload(self, payload: Vec<Step>) -> Step {
        Step::new(Phase::Payload, "start the program's process", self.policy.namespaces.pid.span)
            .promise(Promise::Namespaces)
            .act(Act::Fork { flags: 0, pid: Slot::Program, cgroup: None, child: payload })
    }

    fn supervise(self, role: Role, pid: Slot) -> Step {
        Step::new(Phase::Exec, "wait for the program", self.policy.process.args[0].span).act(Act::Supervise {
            role,
            terminal: self.shares_terminal(),
            pid,
            ending: (role == Role::Outside).then(|| self.ending()),
            channel: (role == Role::Outside && self.shares_terminal()).then_some(Slot::GateOutside),
        })
    }

    /// Whether the sandbox needs a process besides the caller's: ids are mapped from outside, a process is in the pid
    /// namespace that it was born in, and somebody has to take its cgroup away, to end it, to tell its end, or to do a shell's work
    /// at the terminal.
    fn forks(self) -> bool {
        self.new_user()
            || self.reaps()
            || self.joins_pid()
            || self.policy.cgroup.is_some()
            || self.policy.status_fd.is_some()
            || self.policy.is_ended()
            || self.shares_terminal()
    }

    fn new_user(self) -> bool {
        self.policy.namespaces.user.value == Namespace::New
    }

    /// Whether the program's ids are those of another user namespace than the launcher's.
    fn enters_user(self) -> bool {
        self.new_user() || self.joins_user()
    }

    /// Whether pid 1 is the sandbox's own, and so a reaper.
    fn reaps(self) -> bool {
        self.policy.namespaces.pid.value == Namespace::New
    }

    /// Whether the process that sets things up has the capabilities of a user namespace.
    fn capable(self) -> bool {
        self.privileged || self.enters_user()
    }
}
