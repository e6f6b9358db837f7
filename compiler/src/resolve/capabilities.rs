//! Capabilities by name: their numbers, and the mask of a list of them.

use super::rules::{DUPLICATE_ENTRY, UNKNOWN_CAPABILITY};
use crate::diagnostic::{Diagnostic, suggest};
use crate::source::Spanned;
use crate::spec::{Leaf, Spec};

/// By number, from include/uapi/linux/capability.h (Linux 6.18).
const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// The bit mask of the named capabilities.
pub(super) fn resolve(leaf: &Leaf<Vec<Spanned<String>>>, findings: &mut Vec<Diagnostic>) -> Spanned<u64> {
    let Some(names) = leaf else { return Spanned::new(0, Spec::NOWHERE) };
    let mut mask = 0;
    for name in &names.value {
        match NAMES.iter().position(|known| *known == name.value) {
            Some(number) if mask & (1 << number) != 0 => findings
                .push(DUPLICATE_ENTRY.at(name.span, format!("capability `{}` is named twice", name.value))),
            Some(number) => mask |= 1 << number,
            None => findings.push(unknown(name, findings.len())),
        }
    }
    Spanned::new(mask, names.span)
}

fn unknown(name: &Spanned<String>, found: usize) -> Diagnostic {
    let finding = UNKNOWN_CAPABILITY.at(name.span, format!("unknown capability `{}`", name.value));
    let prefixed = format!("CAP_{}", name.value.to_ascii_uppercase());
    let near = NAMES.into_iter().find(|known| *known == prefixed);
    let near = near.or_else(|| suggest::nearest(&name.value, NAMES.into_iter(), found));
    match near {
        Some(near) => finding.label(format!("did you mean `{near}`?")),
        None => finding.label("expected a name of capabilities(7) such as `CAP_NET_BIND_SERVICE`"),
    }
}

#[cfg(test)]
mod tests {
    use super::NAMES;

    /// The header of the system is a second source; it may be newer, never different.
    #[test]
    fn numbers_are_the_headers() {
        let header = std::fs::read_to_string("/usr/include/linux/capability.h").unwrap_or_default();
        let mut compared = 0;
        for (number, name) in NAMES.iter().enumerate() {
            let defined = header.lines().find_map(|line| {
                let mut words = line.split_whitespace();
                (words.next() == Some("#define") && words.next() == Some(name)).then(|| words.next())?
            });
            if let Some(defined) = defined {
                assert_eq!(defined, number.to_string(), "{name}");
                compared += 1;
            }
        }
        assert!(compared > 30, "linux/capability.h is not installed (libc6-dev)");
    }
}
