//! The end of a sandbox whose time is up: the timer, and what the outside does when it runs out.

use super::Launch;
use super::linux::*;
use super::step::{Call, Ending, Phase, Step, Value};
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
