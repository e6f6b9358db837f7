//! Who talks to a container engine is root.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule =
    Rule::warning("docker-socket", "the socket of a container engine is in the sandbox").why(
        "Docker, Podman, containerd and CRI-O do what they are told on their socket, as root: `docker run \
        --privileged -v /:/host` is one request. A sandbox that has it holds nothing in \
        (docs.docker.com/engine/security: \"only trusted users should be allowed to control your Docker \
        daemon\"). A read-only mount does not help: connecting is not writing.\n\n\
        Take it out. A program that only builds images can use a rootless builder inside; one that reads \
        states can be given a proxy that answers those alone.",
    );

/// Names that engines give their sockets.
const SOCKETS: [&str; 6] =
    ["docker.sock", "podman.sock", "containerd.sock", "crio.sock", "buildkitd.sock", "dockershim.sock"];
/// Directories that have one beneath them when an engine runs.
const DIRECTORIES: [&str; 6] =
    ["/run", "/var/run", "/run/podman", "/run/containerd", "/run/crio", "/run/docker"];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let bound = policy.filesystem.mounts.values().filter_map(|mount| match &mount.kind {
        MountKind::Bind { source, .. } | MountKind::Socket { source, .. } => {
            Some((mount, source.to_string()))
        }
        _ => None,
    });
    bound
        .filter_map(|(mount, source)| {
            let is = is_engine(&source);
            let holds = DIRECTORIES.contains(&source.as_str());
            let what =
                if is { "is the socket of a container engine" } else { "has the sockets of services in it" };
            (is || holds).then(|| {
                RULE.at(mount.span, format!("`{source}` {what}"))
                    .evidence(evidence::mount(mount))
                    .label("who talks to a container engine is root on the host")
                    .help("take it out, or bind the one thing in it that is needed")
            })
        })
        .collect()
}

/// Is it a socket of such an engine, by its name?
pub(super) fn is_engine(source: &str) -> bool {
    source.rsplit('/').next().is_some_and(|name| SOCKETS.contains(&name))
}
