//! Some capabilities over the host are all of them.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{CAPABILITIES, Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::warning("broad-capability", "a capability over the host is as good as being its root").why(
        "With the host's user namespace a capability is one over the whole machine, and many of them lead \
        to all others: modules are code of the kernel, `CAP_SYS_PTRACE` is every process, \
        `CAP_DAC_READ_SEARCH` opens any file by its handle (the escape called shocker), `CAP_SETUID` \
        becomes whoever owns the files (capabilities(7); Brad Spengler's \"False Boundaries and \
        Arbitrary Code Execution\" goes through them).\n\n\
        Let `namespaces.user` be new, where they are over the sandbox alone, or leave them out.",
    );

/// Numbers of linux/capability.h: over files, ids, processes, devices and the kernel itself.
const BROAD: [usize; 18] = [0, 1, 2, 3, 6, 7, 12, 16, 17, 18, 19, 21, 22, 27, 31, 32, 33, 39];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let capabilities = &policy.process.capabilities;
    let has = |number: &&usize| capabilities.value >> **number & 1 == 1;
    let broad: Vec<String> = BROAD
        .iter()
        .filter(has)
        .filter_map(|&number| CAPABILITIES.get(number).map(|name| format!("`{name}`")))
        .collect();
    if broad.is_empty() || policy.namespaces.user.value != Namespace::Host {
        return Vec::new();
    }
    vec![
        RULE.at(capabilities.span, format!("the program has {} over the host", broad.join(", ")))
            .evidence(evidence::names("capability", &broad))
            .label("enough to become the host's root")
            .and(policy.namespaces.user.span, "the user namespace is the host's")
            .help("leave them out, or let `namespaces.user` be new"),
    ]
}
