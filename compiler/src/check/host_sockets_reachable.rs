//! A socket is connected to by its path, also where the tree is read-only.

use super::{evidence, tree};
use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{MountKind, Namespace, Policy, Root};
use crate::source::Span;

pub(super) const RULE: Rule =
    Rule::warning("host-sockets-reachable", "sockets of host services can be connected to").why(
        "Connecting to a UNIX socket needs its path and write permission on it, and a read-only mount does not \
        take that away (unix(7)). The services behind them, such as a session's bus, an agent that holds keys \
        or a display server, act outside for whoever connects.\n\n\
        Remove `AF_UNIX` from `network.address_families`, or mask the directories of sockets: `/run` and `/tmp` \
        have most. Accept the finding where the services are meant to be reached.",
    );

/// Where services have their sockets. A bind of `/run` itself is `docker-socket`'s.
const DIRECTORIES: [&str; 5] = ["/run/user", "/run/dbus", "/run/systemd", "/tmp", "${run.runtime_dir}"];
/// What has most of them in the host's tree.
const IN_THE_TREE: [&str; 2] = ["/run", "/tmp"];
/// `bits/socket.h`: AF_UNIX.
const AF_UNIX: u64 = 1;

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let mut found: Vec<(Span, String, Vec<Evidence>)> = Vec::new();
    let filesystem = &policy.filesystem;
    if filesystem.root.value == Root::Host && policy.namespaces.mount.value != Namespace::Host {
        let is_open = |path: &str| match tree::covering(filesystem, path) {
            Some((_, mount)) => matches!(mount.kind, MountKind::Seal { .. }) || mount.kind.is_optional(),
            None => true,
        };
        let open: Vec<&str> = IN_THE_TREE.into_iter().filter(|path| is_open(path)).collect();
        if let Some(path) = open.first() {
            let what = format!("`{path}` of the host has sockets of services in it");
            found.push((filesystem.root.span, what, evidence::names("path", open)));
        }
    } else if filesystem.root.value == Root::Host {
        found.push((
            policy.namespaces.mount.span,
            "every socket of the host has its path".to_owned(),
            Vec::new(),
        ));
    }
    found.extend(filesystem.mounts.values().filter_map(|mount| {
        let MountKind::Bind { source, .. } = &mount.kind else { return None };
        let source = source.to_string();
        let is_one = DIRECTORIES.contains(&source.as_str()) || source.starts_with("/run/user/");
        is_one.then(|| {
            let what = format!("`{source}` has sockets of services in it");
            (mount.span, what, evidence::mount(mount))
        })
    }));
    if found.is_empty() || !may_connect(policy) {
        return Vec::new();
    }
    found
        .into_iter()
        .map(|(span, what, evidence)| {
            RULE.at(span, what)
                .evidence(evidence)
                .label("the services behind them do not know of the sandbox")
                .help("remove `AF_UNIX` from `network.address_families`, or mask what has sockets in it")
        })
        .collect()
}

/// As far as the lists and rules of the spec say it: the filter of no other key lets more pass.
fn may_connect(policy: &Policy) -> bool {
    let family = policy.address_families.as_ref().is_none_or(|families| families.value.contains(&AF_UNIX));
    let passes = policy.seccomp.as_ref().is_none_or(|seccomp| {
        let mut rules = seccomp.rules.iter().filter(|rule| rule.name == "connect");
        let refused = rules.clone().any(|rule| rule.conditions.is_empty() && rule.action.refuses());
        !refused && (seccomp.default_action.value.permits() || rules.any(|rule| rule.action.permits()))
    });
    family && passes
}
