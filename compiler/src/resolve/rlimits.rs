//! `[rlimits]`: amounts into the kernel's units.

use super::rules::INVALID_AMOUNT;
use super::{keep, units};
use crate::diagnostic::Diagnostic;
use crate::policy::Rlimit;
use crate::source::Spanned;
use crate::spec::{self, Amount};

/// What the kernel counts a resource in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Count,
    Bytes,
    Seconds,
    Microseconds,
}

/// Names and units by number, from asm-generic/resource.h (x86_64, aarch64 and riscv64 use it as it is).
const RESOURCES: [(&str, Unit); 16] = [
    ("cpu", Unit::Seconds),
    ("fsize", Unit::Bytes),
    ("data", Unit::Bytes),
    ("stack", Unit::Bytes),
    ("core", Unit::Bytes),
    ("rss", Unit::Bytes),
    ("nproc", Unit::Count),
    ("nofile", Unit::Count),
    ("memlock", Unit::Bytes),
    ("as", Unit::Bytes),
    ("locks", Unit::Count),
    ("sigpending", Unit::Count),
    ("msgqueue", Unit::Bytes),
    ("nice", Unit::Count),
    ("rtprio", Unit::Count),
    ("rttime", Unit::Microseconds),
];

/// No limit (RLIM_INFINITY).
const NO_LIMIT: u64 = u64::MAX;

/// By number, so that the order of the file means nothing.
pub(super) fn resolve(
    entries: &[(Spanned<String>, spec::Rlimit)],
    findings: &mut Vec<Diagnostic>,
) -> Vec<Rlimit> {
    let mut rlimits = Vec::new();
    for ((name, unit), resource) in RESOURCES.into_iter().zip(0..) {
        if let Some((key, written)) = entries.iter().find(|(key, _)| key.value == name)
            && let Some((soft, hard)) = limits(name, written, unit, findings)
        {
            rlimits.push(Rlimit { resource, name, soft, hard, span: key.span });
        }
    }
    rlimits
}

fn limits(
    name: &str,
    written: &spec::Rlimit,
    unit: Unit,
    findings: &mut Vec<Diagnostic>,
) -> Option<(u64, u64)> {
    match written {
        spec::Rlimit::Both(both) => {
            let limit = keep(amount(name, both, unit), findings)?;
            Some((limit, limit))
        }
        spec::Rlimit::Pair { soft, hard } => {
            let limits = (keep(amount(name, soft, unit), findings), keep(amount(name, hard, unit), findings));
            let (low, high) = (limits.0?, limits.1?);
            if low > high {
                findings.push(
                    INVALID_AMOUNT
                        .at(soft.span, format!("the soft limit of `rlimits.{name}` is above the hard one"))
                        .label("expected at most the hard limit")
                        .and(hard.span, "the hard limit"),
                );
            }
            Some((low, high))
        }
    }
}

fn amount(name: &str, amount: &Spanned<Amount>, unit: Unit) -> Result<u64, Diagnostic> {
    let text = match &amount.value {
        Amount::Integer(number) => return Ok(*number),
        Amount::Text(text) if text == "max" => return Ok(NO_LIMIT),
        Amount::Text(text) => text,
    };
    let read = match unit {
        // The parser admits no other text for a count.
        Unit::Count => Ok(0),
        Unit::Bytes => units::bytes(text),
        Unit::Seconds => {
            units::duration(text).and_then(|nanoseconds| whole(nanoseconds, 1_000_000_000, "seconds"))
        }
        Unit::Microseconds => {
            units::duration(text).and_then(|nanoseconds| whole(nanoseconds, 1_000, "microseconds"))
        }
    };
    read.map_err(|misread| {
        INVALID_AMOUNT
            .at(amount.span, format!("`rlimits.{name}` `{text}` {}", misread.reason))
            .help(misread.help)
    })
}

fn whole(nanoseconds: u128, unit: u128, name: &str) -> Result<u64, units::Misread> {
    match u64::try_from(nanoseconds / unit) {
        Ok(number) if nanoseconds.is_multiple_of(unit) => Ok(number),
        _ => Err(units::Misread {
            reason: format!("is no whole number of {name}"),
            help: format!("the kernel counts this limit in {name}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::RESOURCES;
    use crate::spec::keys::{ROOT, Type};

    #[test]
    fn numbers_are_the_systems() {
        let number = |name| RESOURCES.iter().position(|(known, _)| *known == name);
        for (name, expected) in [
            ("cpu", nix::libc::RLIMIT_CPU),
            ("fsize", nix::libc::RLIMIT_FSIZE),
            ("data", nix::libc::RLIMIT_DATA),
            ("stack", nix::libc::RLIMIT_STACK),
            ("core", nix::libc::RLIMIT_CORE),
            ("rss", nix::libc::RLIMIT_RSS),
            ("nproc", nix::libc::RLIMIT_NPROC),
            ("nofile", nix::libc::RLIMIT_NOFILE),
            ("memlock", nix::libc::RLIMIT_MEMLOCK),
            ("as", nix::libc::RLIMIT_AS),
            ("locks", nix::libc::RLIMIT_LOCKS),
            ("sigpending", nix::libc::RLIMIT_SIGPENDING),
            ("msgqueue", nix::libc::RLIMIT_MSGQUEUE),
            ("nice", nix::libc::RLIMIT_NICE),
            ("rtprio", nix::libc::RLIMIT_RTPRIO),
            ("rttime", nix::libc::RLIMIT_RTTIME),
        ] {
            assert_eq!(number(name), usize::try_from(expected).ok(), "{name}");
        }
    }

    #[test]
    fn the_key_table_names_the_same_resources() {
        let section = ROOT.iter().find(|key| key.name == "rlimits").map(|key| &key.ty);
        let Some(Type::Table(keys)) = section else { unreachable!("[rlimits] is a table") };
        let mut names: Vec<&str> = RESOURCES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        assert_eq!(names, keys.iter().map(|key| key.name).collect::<Vec<_>>());
    }
}
