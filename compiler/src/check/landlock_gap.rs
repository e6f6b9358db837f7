//! What a key seems to promise and the kernel's Landlock does not keep.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::landlock::{Access, PathBeneath};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule = Rule::warning("landlock-gap", "something passes that a key seems to forbid")
    .why(
        "Some things pass that a key seems to forbid, because the kernel's Landlock does not ask about \
        them: connecting to a UNIX socket by its path before ABI 9, listening on a socket that was never \
        bound. What can be closed by the filter boxwright closes by itself (UDP, MPTCP, fast open, \
        io_uring); the rest is this finding, with what stays open.\n\n\
        Do what the finding says, or accept it.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    sockets(policy).into_iter().chain(listening(policy)).collect()
}

/// Connecting to a UNIX socket by its path is a right since ABI 9 only.
fn sockets(policy: &Policy) -> Vec<Diagnostic> {
    let abi = Access::RESOLVE_UNIX.abi();
    if policy.landlock.abi.as_ref().is_some_and(|asked| asked.value >= abi) {
        return Vec::new();
    }
    let files = policy.landlock_files();
    let removed = |PathBeneath { path, allowed }: &PathBeneath| {
        let given = files.given(&path.value).1.rights;
        !(given & !*allowed & Access::RESOLVE_UNIX).is_none()
    };
    let narrowed = policy.landlock.path_beneath.iter().filter(|entry| removed(entry));
    narrowed
        .map(|PathBeneath { path, .. }| {
            RULE.at(path.span, format!("sockets beneath `{}` can be connected to before ABI {abi}", path.value)).evidence([Evidence::text("path", &path.value)])
                .label("`resolve_unix` is not left here")
                .help(format!(
                    "write `requires.landlock_abi = {abi}`, grant no directory with sockets, or list `resolve_unix`"
                ))
        })
        .collect()
}

/// listen(2) on a socket that is not bound takes any port that is free.
fn listening(policy: &Policy) -> Option<Diagnostic> {
    let ports = policy.bind_tcp.as_ref()?;
    (policy.namespaces.network.value != Namespace::New).then(|| {
        RULE.at(ports.span, "a socket that listens without being bound gets a port of the kernel's choice")
            .evidence([])
            .label("no port of the list, and none that another program waits for")
            .and(policy.namespaces.network.span, "it can be reached where the host can be")
            .help("deny `listen` in [seccomp] when the program only connects")
    })
}
