//! What the program needs to talk to the service manager is the launcher's to say.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule = Rule::error(
    "notify-variables",
    "a variable of the service manager is set or passed on in another way",
)
.why(
    "With `notify = true` the launcher says `NOTIFY_SOCKET` and the watchdog's variables itself, with \
        the path that the socket has inside and the program's own pid. Other values would be wrong.\n\n\
        Take the variables out.",
);

const VARIABLES: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let process = &policy.process;
    let Some(notify) = process.notify else { return Vec::new() };
    let set = process.env.iter().map(|(name, value)| (name, value.span));
    let passed = process.env_pass.iter().map(|name| (&name.value, name.span));
    let found = set.chain(passed).filter(|(name, _)| VARIABLES.contains(&name.as_str()));
    found
        .map(|(name, span)| {
            RULE.at(span, format!("`{name}` is said by the launcher"))
                .label("take it out")
                .and(notify, "by this")
        })
        .collect()
}
