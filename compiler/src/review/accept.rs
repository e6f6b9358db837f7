//! Findings that the spec accepts: they are counted and not shown.

use super::rules::{EMPTY_REASON, FIXED_RULE, INVALID_DATE, UNKNOWN_RULE};
use super::{expired_accept, unused_accept};
use crate::diagnostic::{Diagnostic, Level, Rule, place, suggest};
use crate::policy::Date;
use crate::source::{Source, Spanned};
use crate::spec::{Accept, Spec};

/// What is left.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    /// The findings that are not accepted, and those about what is.
    pub findings: Vec<Diagnostic>,
    /// How many are.
    pub accepted: usize,
}

/// Takes out what a spec's entries accept on this day; without a day none has an end. A finding has to know its key.
pub fn accept(
    findings: Vec<Diagnostic>,
    spec: &Spec,
    rules: &[Rule],
    source: &Source,
    today: Option<Date>,
) -> Accepted {
    let (mut findings, mild): (Vec<_>, Vec<_>) = findings.into_iter().partition(Diagnostic::is_error);
    let (mut taken, mut wrong) = (vec![false; mild.len()], Vec::new());
    for entry in &spec.accept {
        let until = match understood(entry, rules) {
            Ok(until) => until,
            Err(refusals) => {
                wrong.extend(refusals);
                continue;
            }
        };
        if let (Some(until), Some(today)) = (until, today)
            && until.value < today
        {
            wrong.push(expired_accept::finding(&entry.rule.value, &until, today));
            continue;
        }
        // Whoever wrote the entry had this file in mind, and what it extends, but nothing that overrides it.
        let layer = source.layer(entry.rule.span.start);
        let known = |finding: &Diagnostic| source.is_above(layer, source.layer(finding.span.start));
        let of_rule = || {
            let of_rule = mild.iter().enumerate().filter(|(_, finding)| finding.rule == entry.rule.value);
            of_rule.filter(|(_, finding)| known(finding))
        };
        let at = |place: &str| entry.at.as_ref().is_none_or(|at| within(place, &at.value));
        let meant: Vec<usize> =
            of_rule().filter(|(_, finding)| at(&finding.place)).map(|(index, _)| index).collect();
        // What a layer accepts may well be overridden.
        if meant.is_empty() && layer == 0 {
            let places =
                of_rule().map(|(_, finding)| finding.place.as_str()).filter(|place| !place.is_empty());
            wrong.push(unused_accept::finding(entry, &places.collect()));
        }
        for index in meant {
            if let Some(taken) = taken.get_mut(index) {
                *taken = true;
            }
        }
    }
    place(&mut wrong, &spec.places);
    findings.append(&mut wrong);
    let accepted = taken.iter().filter(|taken| **taken).count();
    let left = mild.into_iter().zip(taken).filter(|(_, taken)| !taken);
    findings.extend(left.map(|(finding, _)| finding));
    Accepted { findings, accepted }
}

/// The last day of an entry, or all that is wrong with it.
fn understood(entry: &Accept, rules: &[Rule]) -> Result<Option<Spanned<Date>>, Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    match rules.iter().find(|rule| rule.name == entry.rule.value) {
        None => wrong.push(unknown(&entry.rule, rules, wrong.len())),
        Some(rule) if rule.level == Level::Error => wrong.push(
            FIXED_RULE
                .at(entry.rule.span, format!("`{}` cannot be accepted", rule.name))
                .label("what it finds stops the build"),
        ),
        Some(_) => {}
    }
    if entry.reason.value.trim().is_empty() {
        wrong.push(
            EMPTY_REASON
                .at(entry.reason.span, "`accept.reason` is empty")
                .label("expected why it is accepted"),
        );
    }
    let until = entry.until.as_ref().map(|until| match until.value.parse() {
        Ok(date) => Ok(Spanned::new(date, until.span)),
        Err(expected) => {
            Err(INVALID_DATE.at(until.span, format!("`accept.until` is `{}`", until.value)).label(expected))
        }
    });
    let until = until.transpose().unwrap_or_else(|finding| {
        wrong.push(finding);
        None
    });
    if wrong.is_empty() { Ok(until) } else { Err(wrong) }
}

/// What is said of a rule that is none.
pub(super) fn unknown(name: &Spanned<String>, rules: &[Rule], found: usize) -> Diagnostic {
    let finding = UNKNOWN_RULE.at(name.span, format!("unknown rule `{}`", name.value));
    match suggest::nearest(&name.value, rules.iter().map(|rule| rule.name), found) {
        Some(near) => finding.meant(near),
        None => finding.label("`boxwright rules` lists them"),
    }
}

/// Is a key this one, or in it?
fn within(key: &str, of: &str) -> bool {
    key.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
