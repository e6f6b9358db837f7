//! Capabilities by name: their numbers, and the mask of a list of them.

use super::rules::{DUPLICATE_ENTRY, UNKNOWN_CAPABILITY};
use super::without;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::suggest::{self, Near};
use crate::policy::CAPABILITIES;
use crate::source::Spanned;
use crate::spec::{Leaf, Spec};

/// The bit mask of the named capabilities.
pub(super) fn resolve(leaf: &Leaf<Vec<Spanned<String>>>, findings: &mut Vec<Diagnostic>) -> Spanned<u64> {
    let Some(names) = leaf else { return Spanned::new(0, Spec::NOWHERE) };
    let mut mask = 0;
    for (at, name) in names.value.iter().enumerate() {
        match CAPABILITIES.iter().position(|known| *known == name.value) {
            Some(number) if mask & (1 << number) != 0 => findings.push(
                DUPLICATE_ENTRY
                    .at(name.span, format!("capability `{}` is named twice", name.value))
                    .fix(without(&names.value, at)),
            ),
            Some(number) => mask |= 1 << number,
            None => findings.push(unknown(name, findings.len())),
        }
    }
    Spanned::new(mask, names.span)
}

fn unknown(name: &Spanned<String>, found: usize) -> Diagnostic {
    let finding = UNKNOWN_CAPABILITY.at(name.span, format!("unknown capability `{}`", name.value));
    let prefixed = format!("CAP_{}", name.value.to_ascii_uppercase());
    let near = CAPABILITIES.into_iter().find(|known| *known == prefixed);
    let near = near.map(|name| Near { name, certain: true });
    let near = near.or_else(|| suggest::nearest(&name.value, CAPABILITIES.into_iter(), found));
    match near {
        Some(near) => finding.meant(near),
        None => finding.label("expected a name of capabilities(7) such as `CAP_NET_BIND_SERVICE`"),
    }
}

#[cfg(test)]
mod tests {
    use super::CAPABILITIES;

    /// The header of the system is a second source; it may be newer, never different.
    #[test]
    fn numbers_are_the_headers() {
        let header = std::fs::read_to_string("/usr/include/linux/capability.h").unwrap_or_default();
        let mut compared = 0;
        for (number, name) in CAPABILITIES.iter().enumerate() {
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
