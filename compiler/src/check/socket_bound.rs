//! Whoever can connect to a socket of the host can ask its service for everything that it does.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule = Rule::warning("socket-bound", "a socket of the host is bound into the sandbox");

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
        .map(|(mount, source, is)| {
            RULE.at(mount.span, format!("`{source}` {is} a socket of the host"))
                .label("the service behind it does not know of the sandbox")
        })
        .collect()
}

/// What a bind shows is known only at launch; its name is the best sign there is.
fn looks_like_a_socket(source: &str) -> bool {
    source.ends_with(".sock") || source.ends_with("socket")
}
