//! `network.user_mode`: a program outside carries the connections of the new network namespace.

use super::Launch;
use super::linux::*;
use super::refusals::*;
use super::step::{Act, Buffer, Call, Fact, Keep, Part, Phase, Slot, Step, Value};
use boxwright_launcher::abi::{SIGALRM, SIGIO};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Promise, Then};

/// What pasta is started with: it sets up the interface inside, forwards no port in either direction, and its gateway does not
/// stand for the host. Any of these left out would give the sandbox more than a way out (passt(1)). It stays a child of the
/// launcher, since in the background it would outlive the sandbox, and tells its pid when the network is there.
const ARGUMENTS: [&str; 15] = [
    "/usr/bin/pasta",
    "--quiet",
    "--foreground",
    "--pid",
    "/proc/self/fd/0",
    "--config-net",
    "-t",
    "none",
    "-u",
    "none",
    "-T",
    "none",
    "-U",
    "none",
    "--no-map-gw",
];

/// How many seconds it may take to be ready.
const PATIENCE: u32 = 10;

impl Launch<'_> {
    /// Beside the child: pasta enters its namespaces, and ends with the launcher.
    pub(super) fn user_mode(self) -> Option<Step> {
        let span = self.policy.pasta?;
        let mut arguments: Vec<Value> = ARGUMENTS.map(Value::from).into();
        if self.privileged {
            // It would become nobody, who may not enter a namespace of root's.
            arguments.extend(["--runas".into(), "0".into()]);
        }
        arguments.push(Buffer::Text.into());
        let mut pipe = Call::new(number::pipe2, [Slot::ReadyHere.into(), (O_CLOEXEC | O_NONBLOCK).into()]);
        pipe.keep = Keep::Pair(Slot::ReadyHere, Slot::ReadyThere);
        let here = |command: u32, value: Value| {
            Call::new(number::fcntl, [Slot::ReadyHere.into(), command.into(), value])
        };
        let alarm = |seconds: u32| Call::new(number::alarm, [seconds.into()]).any();
        let close = |slot: Slot| Call::new(number::close, [slot.into()]);
        let step = Step::new(Phase::Host, "hand the network to pasta", span)
            .promise(Promise::Namespaces)
            .needs(&[Fact::HostPaths])
            .act(Call::new(number::getpid, []).keep(Slot::Launcher))
            .act(pipe)
            .act(here(F_SETOWN, Slot::Launcher.into()))
            .act(here(F_SETFL, (O_ASYNC | O_NONBLOCK).into()))
            .act(Act::Text(vec![Part::Decimal(Slot::Child)]))
            .act(alarm(PATIENCE))
            .act(Act::Assist { arguments, ready: Some(Slot::ReadyThere) })
            .act(alarm(0))
            .act(close(Slot::ReadyHere))
            .act(close(Slot::ReadyThere));
        // What came too late must not be passed on to the program.
        let late = [SIGALRM, SIGIO].map(|signal| {
            let wait = [words(&[1 << (signal - 1)]).into(), Value::Zero, words(&[0, 0]).into(), 8.into()];
            Call::new(number::rt_sigtimedwait, wait).any().on(EAGAIN, Then::Continue).into()
        });
        Some(
            step.acts(late)
                .note(ENOENT.into(), PASTA_MISSING)
                .note(EACCES.into(), PASTA_MISSING)
                .note(ETIME.into(), PASTA_HANGS)
                .note(0, PASTA_FAILED),
        )
    }
}
