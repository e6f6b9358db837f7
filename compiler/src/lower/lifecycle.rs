//! The end of a sandbox whose time is up: the timer, and what the outside does when it runs out.

use super::Launch;
use super::linux::*;
use super::refusals::*;
use super::step::{Act, Call, Ending, Keep, Phase, Slot, Step, Value};
use crate::source::Spanned;
use boxwright_launcher::arch::number;
use std::time::Duration;

/// `linux/time.h`: the clock runs while the process does not.
const ITIMER_REAL: Value = Value::Zero;

impl Launch<'_> {
    /// Beside the child, before it may go on, and after others have used the alarm.
    pub(super) fn start_timer(self) -> Option<Step> {
        let Spanned { value, span } = *self.policy.ending.timeout.as_ref()?;
        let arm = Call::new(number::setitimer, [ITIMER_REAL, timer(value).into()]);
        Some(Step::new(Phase::Host, format!("start the timer of {value:?}"), span).act(arm))
    }

    /// What ends the sandbox when its time is up, or when the launcher is killed while nothing else would end it. The child
    /// waits meanwhile: an ordinary user may enter its namespaces only as long as it is dumpable.
    pub(super) fn guard(self) -> Option<Step> {
        let mut pair = Call::new(
            number::socketpair,
            [
                AF_UNIX.into(),
                (SOCK_SEQPACKET | SOCK_CLOEXEC).into(),
                Value::Zero,
                Value::Slot(Slot::GuardOutside),
            ],
        );
        pair.keep = Keep::Pair(Slot::GuardOutside, Slot::GuardInside);
        let grace = self.policy.ending.grace.as_ref().map(|grace| grace.span);
        let span = grace.or(self.policy.cgroup.as_ref().map(|cgroup| cgroup.span))?;
        Some(
            Step::new(Phase::Host, "start the guard", span)
                .act(pair)
                // In a joined user namespace the launcher has become undumpable, and its child with it.
                .act(Act::Guard { may_stay_out: self.joins_user() })
                .note(EAGAIN.into(), PROCESSES_USED_UP)
                .note(EPERM.into(), GUARD_REFUSED),
        )
    }

    /// Whether a guard ends the sandbox: whoever writes for how long the program may resist, or has a cgroup to kill.
    pub(super) fn is_guarded(self) -> bool {
        self.policy.ending.grace.is_some() || self.policy.cgroup.is_some()
    }

    pub(super) fn ending(self) -> Ending {
        let ending = &self.policy.ending;
        Ending {
            signal: ending.signal.value,
            grace: ending.grace.as_ref().map(|grace| timer(grace.value)),
            timeout: ending
                .timeout
                .as_ref()
                .map(|timeout| (format!("lifecycle.timeout of {:?}", timeout.value), timeout.span)),
        }
    }
}

/// A `struct itimerval` that goes off once, and then every second: a SIGALRM of somebody else's can be taken for one of its
/// own while that is not read.
fn timer(first: Duration) -> Vec<u8> {
    words(&[1, 0, first.as_secs(), first.subsec_micros().into()])
}
