//! The classes of findings of this room.

use super::{expired_accept, unused_accept};
use crate::diagnostic::Rule;

pub(super) const UNKNOWN_RULE: Rule = Rule::error("unknown-rule", "there is no such rule").why(
    "A rule that does not exist finds nothing, so a level for it or an acceptance of it says nothing. `boxwright rules` lists \
     those that exist.",
);
pub(super) const FIXED_RULE: Rule = Rule::error("fixed-rule", "an error is accepted or made milder").why(
    "What these rules find stops the build: the spec has no meaning, or not the one that it seems to have. There is nothing \
     that could be built in spite of it, so it can only be put right.",
);
pub(super) const EMPTY_REASON: Rule = Rule::error("empty-reason", "an acceptance does not say why")
    .why("The reason is what the next reviewer has. Say who looked and why it is no harm here.");
pub(super) const INVALID_DATE: Rule = Rule::error("invalid-date", "a day that is none")
    .why("`until` is the last day on which something is accepted, as year, month and day: `2027-06-30`.");

/// Every rule of this room.
pub const RULES: &[Rule] =
    &[UNKNOWN_RULE, FIXED_RULE, EMPTY_REASON, INVALID_DATE, unused_accept::RULE, expired_accept::RULE];
