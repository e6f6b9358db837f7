//! In home directories are keys, tokens and shell profiles.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Namespace, Policy, Root};

pub(super) const RULE: Rule = Rule::warning("home-visible", "whole home directories are in the sandbox").why(
    "A home directory has `.ssh`, `.aws`, `.config/gh`, browsers' cookies and, where it is writable, \
        the shell's start files, which run outside the next time somebody logs in. Malicious packages \
        look there first.\n\n\
        Bind the directories that the program works in, `${run.cwd}` for the one where it is started, \
        and mask `/home` beneath `root = \"host\"`.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let bound = filesystem.mounts.values().filter_map(|mount| match &mount.kind {
        MountKind::Bind { source, .. } => Some((mount, source.to_string())),
        _ => None,
    });
    let mut findings: Vec<Diagnostic> = bound
        .filter(|(_, source)| is_home(source))
        .map(|(mount, source)| {
            RULE.at(
                mount.span,
                format!(
                    "`{source}` {}",
                    if source == "/home" { "is everybody's home" } else { "is a home directory" }
                ),
            )
            .evidence(evidence::mount(mount))
            .label("keys, tokens and shell profiles are in there")
            .help("bind the directories that the program works in")
        })
        .collect();
    let own = policy.namespaces.mount.value == Namespace::New;
    if own && filesystem.root.value == Root::Host && !filesystem.mounts.contains_key("/home") {
        findings.push(
            RULE.at(filesystem.root.span, "home directories come with `root = \"host\"`")
                .evidence([])
                .label("keys and tokens of the program's user are in there")
                .help("mask it: `\"/home\" = { mask = true }` in [filesystem.mounts]"),
        );
    }
    findings
}

/// Whether it is a home directory, or all of them, by its path.
pub(super) fn is_home(source: &str) -> bool {
    let of_somebody = source.strip_prefix("/home/").is_some_and(|name| !name.contains('/'));
    of_somebody || matches!(source, "/home" | "/root" | "${run.home}")
}
