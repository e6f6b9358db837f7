//! Whoever can connect to a socket of the host can ask its service for everything that it does.

use super::{docker_socket, evidence};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule = Rule::warning("socket-bound", "a socket of the host is bound into the sandbox")
    .why(
        "A socket of the host leads to a service of the host, which does for the program what it does for \
        anybody who can connect, with its own rights and not the sandbox's. D-Bus, for one, starts \
        programs.\n\n\
        Bind sockets whose service is meant to be used from inside, and accept the finding for them.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let bound = policy.filesystem.mounts.values().filter_map(|mount| match &mount.kind {
        MountKind::Bind { source, .. } if looks_like_a_socket(&source.to_string()) => {
            Some((mount, source, "seems to be"))
        }
        // A service manager is told things there, and asked for nothing.
        MountKind::Socket { .. } if mount.key == "process.notify" => None,
        MountKind::Socket { source, .. } => Some((mount, source, "is")),
        _ => None,
    });
    bound
        .filter(|(_, source, _)| !docker_socket::is_engine(&source.to_string()))
        .map(|(mount, source, is)| {
            RULE.at(mount.span, format!("`{source}` {is} a socket of the host"))
                .evidence(evidence::mount(mount))
                .label("the service behind it does not know of the sandbox")
        })
        .collect()
}

/// What a bind shows is known only at launch; its name is the best sign there is.
pub(super) fn looks_like_a_socket(source: &str) -> bool {
    source.ends_with(".sock") || source.ends_with("socket")
}
