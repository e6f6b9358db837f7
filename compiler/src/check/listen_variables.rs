//! What socket activation says to the program is the launcher's to say.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule = Rule::error(
    "listen-variables",
    "a variable of socket activation is set or passed on in another way",
)
.why(
    "With `keep_fds = [\"listen\"]` the launcher says `LISTEN_FDS`, `LISTEN_FDNAMES` and `LISTEN_PID` \
        itself, the last with the program's pid. Another value would be a lie to the program.\n\n\
        Take the variables out.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let process = &policy.process;
    let Some(listen) = process.listen else { return Vec::new() };
    let set = process.env.iter().map(|(name, value)| (name, value.span));
    let passed = process.env_pass.iter().map(|name| (&name.value, name.span));
    let found = set.chain(passed).filter(|(name, _)| name.starts_with("LISTEN_"));
    found
        .map(|(name, span)| {
            RULE.at(span, format!("`{name}` is said by the launcher, beside its sockets"))
                .label("take it out")
                .and(listen, "by this")
        })
        .collect()
}
