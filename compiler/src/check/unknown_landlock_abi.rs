//! An ABI of Landlock that this compiler does not know is one that it can promise nothing of.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Kernel, LANDLOCK_ABIS, Policy};

pub(super) const RULE: Rule =
    Rule::error("unknown-landlock-abi", "`requires.landlock_abi` is newer than any that is known").why(
        "No kernel that this compiler knows has such an ABI, so no machine can be told to have it, and every \
        launch would be refused.\n\n\
        Write an ABI that landlock(7) lists, or use a newer compiler.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let unknown = policy.landlock.abi.iter().filter(|asked| Kernel::of_landlock(asked.value).is_none());
    let last = LANDLOCK_ABIS.len();
    let newest = Kernel::of_landlock(last.try_into().unwrap_or(u32::MAX));
    unknown
        .map(|asked| {
            RULE.at(asked.span, format!("`requires.landlock_abi` is {}, an unknown ABI", asked.value)).label(
                match newest {
                    Some(kernel) => format!("expected at most {last}, of Linux {kernel}"),
                    None => format!("expected at most {last}"),
                },
            )
        })
        .collect()
}
