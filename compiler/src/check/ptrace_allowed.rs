//! Who traces a process is that process.

use super::{calls, evidence};
use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Namespace, Policy};
use crate::seccomp::{Bits, Meaning, call_words};

pub(super) const RULE: Rule =
    Rule::warning("ptrace-allowed", "a process of the sandbox may take over its others").why(
        "ptrace(2) reads and writes the memory and registers of another process of the same user. Inside \
        one sandbox it makes all processes one: a helper that was started with less, or holds a secret, \
        is open to the others. With the host's pid namespace it reaches the host's processes of that \
        user. It is also a part of the kernel with a history (CVE-2019-13272, `PTRACE_TRACEME`).\n\n\
        Only debuggers and tracers need it: deny `ptrace`, and allow it in the spec of those alone.",
    );

/// linux/ptrace.h: `PTRACE_ATTACH` and `PTRACE_SEIZE`.
const TAKE_OVER: [u32; 2] = [16, 0x4206];

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let passes = TAKE_OVER.iter().find_map(|&request| filter.passes("ptrace", &[Bits::value(0, request)]));
    let host = policy.namespaces.pid.value == Namespace::Host;
    let finding = |passes| {
        let of_host = Evidence::flag("host_pid", host);
        let whose = if host {
            "it reaches the host's processes of the same user"
        } else {
            "it reaches every process of the sandbox"
        };
        RULE.at(calls::place(policy, "ptrace"), format!("`{}` passes", call_words(&passes)))
            .evidence(evidence::calls(policy, &["ptrace"]).into_iter().chain([of_host]))
            .label(whose)
            .help("deny `ptrace`, unless the program is a debugger")
    };
    passes.map(finding).into_iter().collect()
}
