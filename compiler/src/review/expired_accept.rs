//! Acceptances whose time is over.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::Date;
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule::warning("expired-accept", "something was accepted up to a day that is past").why(
    "What was accepted for a time is found again after it. Look at it anew: put it right, or accept it up to a later day.",
);

pub(super) fn finding(rule: &str, until: &Spanned<Date>, today: Date) -> Diagnostic {
    RULE.at(until.span, format!("`{rule}` was accepted up to {}, and it is {today}", until.value))
        .evidence([Evidence::text("until", until.value)])
        .label("the last day")
        .help("look at what is found, and accept it up to a later day or put it right")
}
