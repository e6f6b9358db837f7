//! A program that is told of sockets finds them closed.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::warning("listen-without-keep-fds", "the program is told of sockets that it is not given").why(
        "Socket activation is variables and descriptors (sd_listen_fds(3)). The launcher closes every \
        descriptor that the spec does not keep, so a program with `LISTEN_FDS` in its environment and no \
        `keep_fds = [\"listen\"]` finds none; and `LISTEN_PID` is the launcher's, not the program's, so \
        it would not look.\n\n\
        Write `keep_fds = [\"listen\"]` in [process] and take the variables out: the launcher says them \
        then, with the program's own pid.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let process = &policy.process;
    if process.listen.is_some() {
        return Vec::new();
    }
    let set = process.env.iter().map(|(name, value)| (name, value.span));
    let passed = process.env_pass.iter().map(|name| (&name.value, name.span));
    let found = set.chain(passed).filter(|(name, _)| name.starts_with("LISTEN_"));
    found
        .map(|(name, span)| {
            RULE.at(span, format!("`{name}` tells the program of sockets that are closed"))
                .evidence([Evidence::text("variable", name)])
                .help("write `keep_fds = [\"listen\"]` in [process], and take this out")
        })
        .collect()
}
