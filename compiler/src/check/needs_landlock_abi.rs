//! What only Landlock enforces needs the ABI that brought it.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::landlock::Need;
use crate::policy::{Kernel, Policy};

pub(super) const RULE: Rule =
    Rule::error("needs-landlock-abi", "a key needs a newer Landlock than `requires.landlock_abi` asks for")
        .why(
            "`requires.landlock_abi` says which Landlock a machine has to have. A key that needs a newer one \
        would be left out on such a machine, or refused at launch.\n\n\
        Raise it, or name the key in `requires.optional`.",
        );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(asked) = &policy.landlock.abi else { return Vec::new() };
    let newer = policy.landlock_needs().into_iter();
    let newer = newer.filter(|need| need.abi > asked.value && !policy.is_optional(need.feature));
    newer
        .map(|Need { feature, span, abi }| {
            let key = feature.key();
            let of =
                Kernel::of_landlock(abi).map_or_else(String::new, |kernel| format!(", of Linux {kernel}"));
            RULE.at(span, format!("`{key}` needs Landlock ABI {abi}{of}"))
                .and(asked.span, format!("ABI {} is said to be enough", asked.value))
                .help(format!("raise `requires.landlock_abi`, or name `{key}` in `requires.optional`"))
        })
        .collect()
}
