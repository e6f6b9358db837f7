//! An id 0 of the host inside the sandbox is the host's root whatever else is taken away.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{IdMapping, MountKind, Namespace, Policy, User};

pub(super) const RULE: Rule = Rule::warning("host-root-mapped", "the program can be the host's root").why(
    "The kernel decides about files of the host by the id outside. A program whose 0 is the host's 0 \
        writes `/proc/sys/kernel/core_pattern`, and with it becomes root on the host, even without \
        capabilities; CVE-2019-5736 in runc overwrote the runtime's own file that way.\n\n\
        Map another id. Launched by root, boxwright refuses an id 0 without a mapping in words.",
);

const WHY: &str = "files and settings that belong to the host's root belong to the program";

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let namespaces = &policy.namespaces;
    let maps = [("user", &namespaces.uid_mappings), ("group", &namespaces.gid_mappings)];
    let mut findings: Vec<Diagnostic> = maps
        .into_iter()
        .flat_map(|(what, mappings)| mappings.iter().map(move |mapping| (what, mapping)))
        .filter(|(_, mapping)| mapping.value.host_id == 0)
        .map(|(what, mapping)| {
            RULE.at(mapping.span, format!("the host's {what} 0 is mapped into the sandbox"))
                .evidence(map_evidence(what, &mapping.value))
                .label(WHY)
        })
        .collect();
    for mount in policy.filesystem.mounts.values() {
        let MountKind::Bind { writable: true, idmap: Some(idmap), .. } = &mount.kind else { continue };
        for mapping in idmap.value.uid.iter().filter(|mapping| mapping.value.host_id == 0) {
            findings.push(
                RULE.at(mapping.span, "what the program writes can belong to the host's user 0 on the disk")
                    .evidence(map_evidence("disk", &mapping.value))
                    .label("a set-user-ID program that it makes is root's to whoever finds it outside")
                    .help("map another `host_id`, or leave `writable` out"),
            );
        }
    }
    let user = &policy.process.user;
    if let User::Ids { uid: 0, .. } = user.value {
        match namespaces.user.value {
            Namespace::Host => {
                findings.push(
                    RULE.at(user.span, "the program runs as the host's user 0")
                        .evidence([Evidence::text("user", "host")])
                        .label(WHY),
                );
            }
            Namespace::New if namespaces.uid_mappings.is_empty() => findings.push(
                RULE.at(
                    user.span,
                    "user 0 has no mapping: launched by root it would be the host's, and is refused",
                )
                .evidence([Evidence::flag("mapped", false)])
                .help("say in `namespaces.user` which id outside it stands for"),
            ),
            // What 0 stands for in a namespace that is joined is looked at when it is.
            Namespace::New | Namespace::Join(_) => {}
        }
    }
    findings
}

/// The ids that a mapping is of.
fn map_evidence(what: &'static str, mapping: &IdMapping) -> [Evidence; 1] {
    let IdMapping { container_id, host_id, size } = mapping;
    [Evidence::text(what, format!("{container_id} {host_id} {size}"))]
}
