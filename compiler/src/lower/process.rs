//! The program's own process, from its session to exec, and the reaper beside it.

use super::Launch;
use super::linux::*;
use super::refusals::*;
use super::start::end_with_parent;
use super::step::{Act, Buffer, Call, Else, Fact, Phase, Place, Slot, Step, Value};
use crate::policy::{Execution, Keyring, Namespace, Rlimit, Terminal};
use crate::source::Span;
use boxwright_launcher::abi::SIGUSR1;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise, Role, Then};

/// `asm-generic/resource.h`.
const RLIMIT_NOFILE: u32 = 7;
/// `asm-generic/resource.h`: limits that would stop the launch itself, so they come last.
const LATE_LIMITS: [u32; 4] = [1, 6, RLIMIT_NOFILE, 9];

impl Launch<'_> {
    /// Everything that is only the program's: from here on nothing is set up for others.
    pub(super) fn payload(self) -> Vec<Step> {
        let process = &self.policy.process;
        let mut steps: Vec<Step> = self.session().into_iter().collect();
        steps.extend(self.streams());
        if !self.reaps() {
            steps.extend(self.become_program());
        }
        steps.extend(self.keyring());
        steps.extend(self.outlive_nobody());
        steps.push(self.change_directory());
        steps.extend(self.reach_manager());
        steps.extend(self.shares());
        steps.push(self.capabilities());
        steps.push(
            Step::new(Phase::Payload, "set no_new_privs", process.capabilities.span)
                .promise(Promise::NoNewPrivileges)
                .gives(&[Fact::NoNewPrivileges])
                .act(Call::new(number::prctl, [PR_SET_NO_NEW_PRIVS.into(), 1.into()])),
        );
        steps.extend(self.refuse_reopening());
        steps.extend(self.restrict());
        steps
    }

    /// The launcher still has descriptors of the host here, and the path is the root file system's to choose: a magic link in
    /// /proc would lead through one of them (CVE-2024-21626). getcwd(2) is asked, too, where the directory is.
    fn change_directory(self) -> Step {
        let cwd = &self.policy.process.cwd;
        let path = Value::from(cwd.value.as_str());
        let step = Step::new(Phase::Payload, format!("change to {}", cwd.value), cwd.span);
        if self.policy.namespaces.mount.value == Namespace::Host {
            // There is no other tree, and openat2(2) may be missing.
            return step.act(Call::new(number::chdir, [path]));
        }
        let how = open_how(O_PATH | O_DIRECTORY | O_CLOEXEC, RESOLVE_NO_MAGICLINKS);
        let reachable = Act::Check {
            place: Place::Buffer(Buffer::Text, 0),
            mask: 0xff,
            comparison: Comparison::Equal,
            value: b'/'.into(),
            otherwise: Else::Fail("is outside of the sandbox's root".into()),
        };
        step.promise(Promise::Root)
            .needs(if self.has_own_tree() { &[Fact::NewRoot] } else { &[] })
            .act(Call::new(number::openat2, [AT_FDCWD.into(), path, how.into(), 24.into()]).keep(Slot::File))
            .act(Call::new(number::fchdir, [Slot::File.into()]))
            .act(Call::new(number::close, [Slot::File.into()]))
            .act(Call::new(number::getcwd, [Buffer::Text.into(), PATH_MAX.into()]).any())
            .act(reachable)
            .note(ELOOP.into(), MAGIC_LINK)
    }

    /// The last steps: what would stop any other step, then the filter, then the program.
    pub(super) fn end(self) -> Vec<Step> {
        let process = &self.policy.process;
        let program = &process.args[0];
        let mut steps: Vec<Step> = self.wait_for_reaper().into_iter().collect();
        steps.extend(self.report_ready());
        steps.extend(self.limits());
        steps.push(
            Step::new(Phase::Exec, "set the file mode mask", process.umask.span)
                .promise(Promise::Limits)
                .act(Call::new(number::umask, [process.umask.value.into()]).any()),
        );
        steps.push(self.close_others());
        steps.push(Step::new(Phase::Exec, "reset the signal mask", Span::default()).act(Call::new(
            number::rt_sigprocmask,
            [SIG_SETMASK.into(), words(&[0]).into(), Value::Zero, 8.into()],
        )));
        steps.extend(self.name_process());
        if let (Some(filter), Some(seccomp)) = (&self.filters.program, &self.policy.seccomp) {
            steps.push(
                Step::new(Phase::Exec, "install the seccomp filter", seccomp.default_action.span)
                    .promise(Promise::Seccomp)
                    .needs(&[Fact::NoNewPrivileges, Fact::Unfiltered])
                    .takes(&[Fact::Unfiltered])
                    .act(Act::Filter(filter.clone()))
                    .note(EINVAL.into(), SECCOMP_REFUSED)
                    .note(ENOSYS.into(), SECCOMP_REFUSED),
            );
        }
        let execute = Step::new(Phase::Exec, format!("execute {}", program.value), program.span)
            .needs(&[Fact::Environment, Fact::NoNewPrivileges])
            .act(Act::Exec(program.value.clone()))
            .note(ENOENT.into(), PROGRAM_MISSING);
        steps.push(match process.exec.value {
            Execution::Listed(_) => execute.note(EACCES.into(), PROGRAM_NOT_LISTED),
            Execution::Any | Execution::Once => execute,
        });
        steps
    }

    /// A session of its own has no controlling terminal. In the caller's session the program has a process group of its own, so
    /// that it neither signals the caller's nor changes its priority by a group.
    fn session(self) -> Option<Step> {
        let span = self.policy.process.terminal.span;
        if self.shares_terminal() {
            let start = Step::new(Phase::Payload, "start a new process group", span);
            return Some(start.promise(Promise::Session).act(own_group()));
        }
        self.forks().then(|| {
            Step::new(Phase::Payload, "start a new session", span)
                .promise(Promise::Session)
                .act(Call::new(number::setsid, []).any())
        })
    }

    /// What becomes of the caller's terminal, at the start, while its path is the host's. A launch in place leaves the session
    /// here.
    pub(super) fn terminal(self) -> Option<Step> {
        let span = self.policy.process.terminal.span;
        if self.shares_terminal() {
            return Some(Step::new(Phase::Start, "find the terminal", span).act(Act::ShareTerminal));
        }
        (!self.forks()).then(|| {
            Step::new(Phase::Start, "start a new session", span)
                .promise(Promise::Session)
                .act(Act::LeaveSession)
                .note(EAGAIN.into(), PROCESSES_USED_UP)
        })
    }

    /// Keys of the terminal are for the outside or for the program: pid 1 must not get them too, nor be in the program's group,
    /// which would be orphaned then and could not be stopped (setpgid(2)).
    pub(super) fn leave_session(self) -> Option<Step> {
        let span = self.policy.process.terminal.span;
        self.reaps().then(|| {
            if self.shares_terminal() {
                return Step::new(Phase::Payload, "leave the caller's process group", span).act(own_group());
            }
            Step::new(Phase::Payload, "leave the caller's session", span)
                .act(Call::new(number::setsid, []).any())
        })
    }

    /// The last before exec: the outside learns which process the program's is, and gives it the terminal.
    fn report_ready(self) -> Option<Step> {
        let gate = || Value::from(Slot::GateInside);
        self.shares_terminal().then(|| {
            Step::new(Phase::Exec, "wait for the terminal", self.policy.process.terminal.span)
                .needs(&[Fact::Descriptors])
                .act(Call::new(number::getpid, []).keep(Slot::Own))
                .act(Call::new(number::fcntl, [gate(), F_SETOWN.into(), Slot::Own.into()]))
                .act(Call::new(number::write, [gate(), "r".into(), 1.into()]).equals(2))
                .act(Call::new(number::read, [gate(), Buffer::Answer.into(), 1.into()]).equals(2))
        })
    }

    /// The program starts when pid 1 has nothing left: until then the program's process waits for its signal.
    fn wait_for_reaper(self) -> Option<Step> {
        let signal = words(&[1 << (SIGUSR1 - 1)]);
        self.reaps().then(|| {
            Step::new(Phase::Payload, "wait for the reaper", Span::default()).act(
                Call::new(number::rt_sigtimedwait, [signal.into(), Value::Zero, Value::Zero, 8.into()]).any(),
            )
        })
    }

    pub(super) fn shares_terminal(self) -> bool {
        self.policy.process.terminal.value == Terminal::Inherit
    }

    fn keyring(self) -> Option<Step> {
        let keyring = &self.policy.process.keyring;
        (keyring.value == Keyring::New).then(|| {
            Step::new(Phase::Payload, "join a new session keyring", keyring.span)
                .promise(Promise::Keyring)
                .act(Call::new(number::keyctl, [KEYCTL_JOIN_SESSION_KEYRING.into()]).any())
                .note(EPERM.into(), KEYRING_REFUSED)
                .note(EACCES.into(), KEYRING_REFUSED)
                .note(ENOSYS.into(), KEYRING_MISSING)
        })
    }

    /// Changing ids forgot the parent-death signal; the program must have one when nothing else ends it.
    fn outlive_nobody(self) -> Option<Step> {
        if !self.forks() {
            return Some(self.die_with_parent(Phase::Payload).unwrap_or_else(|| self.end_with_its_parent()));
        }
        // Pid 1 has it, and takes the whole namespace with it.
        (!self.reaps()).then(|| self.end_with_outside())
    }

    /// In place there is a parent of the launch's own when the session could only be left by a child.
    fn end_with_its_parent(self) -> Step {
        let has_parent = Act::Check {
            place: Place::Slot(Slot::Parent),
            mask: 0xffff_ffff,
            comparison: Comparison::NotEqual,
            value: u32::MAX.into(),
            otherwise: Else::Skip(2),
        };
        Step::new(Phase::Payload, "end with the parent", Span::default())
            .act(has_parent)
            .act(end_with_parent())
            .act(Call::new(number::getppid, [Slot::Parent.into()]).equals(0))
    }

    /// Asks for SIGKILL when the outside dies, and makes sure that it has not died before.
    pub(super) fn end_with_outside(self) -> Step {
        let alive = [Slot::GateInside.into(), Buffer::Answer.into(), 1.into(), MSG_DONTWAIT.into()];
        Step::new(Phase::Payload, "end with the outside", Span::default())
            .needs(&[Fact::Descriptors])
            .act(end_with_parent())
            .act(Call::new(number::recvfrom, alive).equals(2).on(EAGAIN, Then::Continue))
    }

    /// A privileged launcher raises hard limits while it may; the program's process then only lowers them.
    pub(super) fn raise_limits(self) -> Vec<Step> {
        let raise = |limit: &Rlimit| {
            let get = [Value::Zero, limit.resource.into(), Value::Zero, Buffer::Answer.into()];
            let set = [Value::Zero, limit.resource.into(), words(&[limit.hard, limit.hard]).into()];
            Step::new(Phase::Start, format!("raise rlimits.{}", limit.name), limit.span)
                .promise(Promise::Limits)
                .act(Call::new(number::prlimit64, get))
                .act(Act::Check {
                    place: Place::Buffer(Buffer::Answer, 8),
                    mask: u64::MAX,
                    comparison: Comparison::Less,
                    value: limit.hard,
                    otherwise: Else::Skip(1),
                })
                .act(Call::new(number::prlimit64, set))
                .note(EPERM.into(), LIMIT_REFUSED)
        };
        self.policy.rlimits.iter().filter(|_| self.privileged).map(raise).collect()
    }

    /// A launch needs as many descriptors as it may have, whatever the program is to have.
    pub(super) fn raise_descriptors(self) -> Step {
        let get = |to: Buffer| {
            Call::new(number::prlimit64, [Value::Zero, RLIMIT_NOFILE.into(), Value::Zero, to.into()])
        };
        let raise = [Value::Zero, RLIMIT_NOFILE.into(), Buffer::AllDescriptors.into()];
        Step::new(Phase::Start, "raise the soft limit of descriptors", Span::default())
            // Written a word later first, the hard limit stands there twice.
            .act(get(Buffer::AllDescriptors))
            .act(get(Buffer::Descriptors))
            .act(Call::new(number::prlimit64, raise))
    }

    /// Unless the spec says otherwise, the program has the caller's.
    fn restore_descriptors(self) -> Option<Step> {
        let said = self.policy.rlimits.iter().any(|limit| limit.resource == RLIMIT_NOFILE);
        let restore = [Value::Zero, RLIMIT_NOFILE.into(), Buffer::Descriptors.into()];
        (!said).then(|| {
            Step::new(Phase::Exec, "restore the limit of descriptors", Span::default())
                .promise(Promise::Limits)
                .act(Call::new(number::prlimit64, restore))
        })
    }

    fn limits(self) -> Vec<Step> {
        let mut limits: Vec<&Rlimit> = self.policy.rlimits.iter().collect();
        limits.sort_by_key(|limit| LATE_LIMITS.contains(&limit.resource));
        let set = |limit: &Rlimit| {
            let new = words(&[limit.soft, limit.hard]);
            Step::new(Phase::Exec, format!("set rlimits.{}", limit.name), limit.span)
                .promise(Promise::Limits)
                .act(Call::new(number::prlimit64, [Value::Zero, limit.resource.into(), new.into()]))
                .note(EPERM.into(), LIMIT_REFUSED)
        };
        limits.into_iter().map(set).chain(self.restore_descriptors()).collect()
    }

    /// Pid 1 keeps nothing: no capability, no way to more, and no descriptor, but of a channel on which it tells that the program
    /// has stopped.
    pub(super) fn reaper(self) -> Vec<Step> {
        let step = |words: &str| Step::new(Phase::Payload, format!("reaper: {words}"), Span::default());
        let mut steps: Vec<Step> = self.reaper_priority().into_iter().collect();
        let close = |from: Value| Call::new(number::close_range, [from, u32::MAX.into()]);
        let keep = Call::new(number::dup2, [Slot::GateInside.into(), Value::Zero]);
        steps.extend([
            if self.shares_terminal() {
                step("close descriptors").act(keep).act(close(1.into()))
            } else {
                step("close descriptors").act(close(Value::Zero))
            },
            step("set no_new_privs").act(Call::new(number::prctl, [PR_SET_NO_NEW_PRIVS.into(), 1.into()])),
            step("drop capabilities")
                .act(Call::new(number::capset, [capability_header().into(), capability_data(0, 0).into()])),
            step("install its own filter").act(Act::Filter(self.filters.reaper.clone())),
            step("let the program start")
                .act(Call::new(number::kill, [Slot::Program.into(), SIGUSR1.into()])),
            self.supervise(Role::Reaper, Slot::Program),
        ]);
        steps
    }
}

/// `setpgid(0, 0)`.
fn own_group() -> Call {
    Call::new(number::setpgid, [])
}
