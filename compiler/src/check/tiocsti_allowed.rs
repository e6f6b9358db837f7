//! What is pushed into a terminal's input is read by the shell outside as typed.

use super::{calls, evidence};
use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Namespace, Policy, Stream};
use crate::seccomp::{Bits, Meaning, call_words};

pub(super) const RULE: Rule =
    Rule::warning("tiocsti-allowed", "the program can type into a terminal of its caller").why(
        "The ioctl `TIOCSTI` puts characters into a terminal's input, and `TIOCLINUX` pastes on a virtual \
        console: the shell outside executes them when the sandbox ends (CVE-2017-5226 in bubblewrap, \
        CVE-2023-28100 in flatpak; ioctl_tty(2)). With `terminal = \"inherit\"` the filter refuses both \
        by itself, and without a controlling terminal the kernel does, unless the program has \
        `CAP_SYS_ADMIN` over the host. This finding is about that case: a standard stream or a kept \
        descriptor may be a terminal.\n\n\
        Leave the capability out, give the program other streams, or deny the two requests by a rule on \
        `ioctl`.",
    );

/// linux/capability.h: `CAP_SYS_ADMIN`.
const ADMINISTRATION: u64 = 1 << 21;
/// asm-generic/ioctls.h: `TIOCSTI`, and `TIOCLINUX`.
const TERMINAL_INPUT: [u32; 2] = [0x5412, 0x541C];

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let process = &policy.process;
    let over_host = policy.namespaces.user.value == Namespace::Host;
    if process.capabilities.value & ADMINISTRATION == 0 || !over_host {
        return Vec::new();
    }
    let stream = process.streams.iter().position(|stream| stream.value == Stream::Inherit);
    let stream = stream.and_then(|number| u32::try_from(number).ok());
    let Some(terminal) = stream.or(process.keep_fds.first().map(|kept| kept.value)) else {
        return Vec::new();
    };
    let passes = TERMINAL_INPUT
        .iter()
        .find_map(|&request| filter.passes("ioctl", &[Bits::value(0, terminal), Bits::value(1, request)]));
    let finding = |passes| {
        RULE.at(calls::place(policy, "ioctl"), format!("`{}` passes", call_words(&passes)))
            .evidence(
                evidence::calls(policy, &["ioctl"])
                    .into_iter()
                    .chain([Evidence::number("descriptor", terminal)]),
            )
            .label(format!("descriptor {terminal} may be a terminal, whose shell reads this as typed"))
            .and(process.capabilities.span, "`CAP_SYS_ADMIN` of the host makes the kernel permit it")
            .help("leave the capability out, or refuse `TIOCSTI` and `TIOCLINUX` by a rule on `ioctl`")
    };
    passes.map(finding).into_iter().collect()
}
