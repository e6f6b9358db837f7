//! Protected memory, the limit that slows down and the one that kills are in this order, or one of them has no effect.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule = Rule::error(
    "memory-limits-crossed",
    "a limit of the cgroup's memory is above one that it has to be below",
)
.why(
    "Protection, throttling and killing are meant in this order: `memory_min` and `memory_low` below \
        `memory_high`, that below `memory_max`. Crossed, one of them never takes effect (cgroup-v2.rst).\n\n\
        Put them in order.",
);

/// Pairs of which the first is at most the second.
const ORDER: [(&str, &str); 6] = [
    ("memory_min", "memory_high"),
    ("memory_min", "memory_max"),
    ("memory_low", "memory_high"),
    ("memory_low", "memory_max"),
    ("memory_high", "memory_max"),
    ("memory_swap_high", "memory_swap_max"),
];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(cgroup) = &policy.cgroup else { return Vec::new() };
    let crossed = |(low, high): (&str, &str)| {
        let (low, high) = (cgroup.setting(low)?, cgroup.setting(high)?);
        // Without a limit nothing is crossed: it is what the kernel starts with.
        let no_limit = low.amount == Some(u64::MAX) && low.key.ends_with("high");
        (low.amount > high.amount && !no_limit).then(|| {
            RULE.at(low.span, format!("`cgroup.{}` is above `cgroup.{}`", low.key, high.key))
                .and(high.span, "the lower one")
        })
    };
    ORDER.into_iter().filter_map(crossed).collect()
}
