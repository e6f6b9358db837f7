//! What `[lifecycle]` means: how long the sandbox may last, and how it is asked to end.

use super::rules::{INVALID_AMOUNT, UNKNOWN_SIGNAL};
use super::{keep, units};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::suggest::{self, Near};
use crate::policy::{Ending, SIGNALS, TERMINATE};
use crate::source::Spanned;
use crate::spec::{Leaf, Lifecycle, Spec};
use std::time::Duration;

/// How long a program that has a timeout may take to end, unless the spec says so.
const GRACE: Duration = Duration::from_secs(10);

/// The C library's SIGRTMIN (signal(7)), and how many signals come after it.
const REAL_TIME: (u32, u32) = (34, 30);

pub(super) fn resolve(lifecycle: &Lifecycle, findings: &mut Vec<Diagnostic>) -> Ending {
    let length = |key, leaf: &Leaf<String>, findings: &mut Vec<Diagnostic>| {
        keep(duration(key, leaf.as_ref()?), findings)
    };
    let timeout = length("timeout", &lifecycle.timeout, findings);
    let grace = length("kill_timeout", &lifecycle.kill_timeout, findings);
    let by_default = timeout.as_ref().map(|_| Spanned::new(GRACE, Spec::NOWHERE));
    let named = lifecycle.kill_signal.as_ref().and_then(|name| keep(signal(name, findings.len()), findings));
    Ending {
        timeout,
        signal: named.unwrap_or(Spanned::new(TERMINATE, Spec::NOWHERE)),
        grace: grace.or(by_default),
    }
}

fn duration(key: &str, text: &Spanned<String>) -> Result<Spanned<Duration>, Diagnostic> {
    let invalid =
        |reason: &str| INVALID_AMOUNT.at(text.span, format!("`lifecycle.{key}` `{}` {reason}", text.value));
    let length =
        units::duration(&text.value).map_err(|misread| invalid(&misread.reason).help(misread.help))?;
    if length == 0 {
        return Err(invalid("is no time at all").help(match key {
            "timeout" => "leave it out for no limit",
            _ => "write `kill_signal = \"SIGKILL\"` to kill at once",
        }));
    }
    let length =
        u64::try_from(length).map_err(|_| invalid("is too long").help("leave it out for no limit"))?;
    Ok(Spanned::new(Duration::from_nanos(length), text.span))
}

fn signal(name: &Spanned<String>, found: usize) -> Result<Spanned<u32>, Diagnostic> {
    let known = SIGNALS.iter().find(|(known, _)| *known == name.value).map(|(_, number)| *number);
    if let Some(number) = known.or_else(|| real_time(&name.value)) {
        return Ok(Spanned::new(number, name.span));
    }
    let finding = UNKNOWN_SIGNAL.at(name.span, format!("`lifecycle.kill_signal` is `{}`", name.value));
    let prefixed = format!("SIG{}", name.value.to_ascii_uppercase());
    let mut names = SIGNALS.iter().map(|(name, _)| *name);
    let near = names.clone().find(|known| *known == prefixed).map(|name| Near { name, certain: true });
    Err(match near.or_else(|| suggest::nearest(&name.value, names.by_ref(), found)) {
        Some(near) => finding.meant(near),
        None => finding.label(
            "expected a signal of signal(7) that may end a program, such as `SIGTERM` or `SIGRTMIN+3`",
        ),
    })
}

/// `SIGRTMIN+3`.
fn real_time(name: &str) -> Option<u32> {
    let (first, most) = REAL_TIME;
    let digits = match name.strip_prefix("SIGRTMIN")? {
        "" => "0",
        rest => rest.strip_prefix('+').filter(|rest| rest.chars().all(|c| c.is_ascii_digit()))?,
    };
    digits.parse().ok().filter(|beyond| *beyond <= most).map(|beyond: u32| first + beyond)
}
