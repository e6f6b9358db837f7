//! Findings that the spec accepts: they are counted and not shown.

use super::rules::{EMPTY_REASON, FIXED_RULE, INVALID_DATE, UNKNOWN_RULE};
use super::{expired_accept, unused_accept};
use crate::diagnostic::{Diagnostic, Level, Rule, Silenced, Silencer, place, suggest};
use crate::policy::Date;
use crate::source::{Source, Spanned};
use crate::spec::{Accept, Spec};

/// Which acceptances count.
#[derive(Debug, Clone, Default)]
pub struct Acceptances {
    /// Those of specs do not; those of built-in profiles do.
    pub none: bool,
    /// Rules whose findings no entry accepts, because the command line calls them errors.
    pub never: Vec<String>,
}

/// What is left.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    /// The findings that are not accepted, and those about what is.
    pub findings: Vec<Diagnostic>,
    /// Those that are, with the reasons.
    pub accepted: Vec<Silenced>,
}

/// Takes out what a spec's entries accept on this day; without a day none has an end. A finding has to know its key.
pub fn accept(
    findings: Vec<Diagnostic>,
    spec: &Spec,
    rules: &[Rule],
    source: &Source,
    today: Option<Date>,
    acceptances: &Acceptances,
) -> Accepted {
    let (mut findings, mild): (Vec<_>, Vec<_>) = findings.into_iter().partition(Diagnostic::is_error);
    let (mut taken, mut wrong): (Vec<Option<&str>>, _) = (vec![None; mild.len()], Vec::new());
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
        let layer = source.layer(entry.rule.span.start);
        let builtin = source.layers().get(layer).is_some_and(|layer| layer.builtin);
        if acceptances.never.contains(&entry.rule.value) || acceptances.none && !builtin {
            continue;
        }
        // Whoever wrote the entry had this file in mind, and what it extends, but nothing that overrides it.
        let known = |finding: &Diagnostic| source.is_above(layer, source.layer(finding.span.start));
        let of_rule = || {
            let of_rule = mild.iter().enumerate().filter(|(_, finding)| finding.rule == entry.rule.value);
            of_rule.filter(|(_, finding)| known(finding))
        };
        let key = entry.at.as_ref().map_or("", |at| &at.value);
        let mut evidence: Vec<&str> = entry.evidence.iter().map(|value| value.value.as_str()).collect();
        evidence.sort_unstable();
        let covered = |finding: &Diagnostic| finding.place == key && texts(finding) == evidence;
        let meant: Vec<usize> =
            of_rule().filter(|(_, finding)| covered(finding)).map(|(index, _)| index).collect();
        // What a layer accepts may well be overridden.
        if meant.is_empty() && layer == 0 {
            let found: Vec<&Diagnostic> = of_rule().map(|(_, finding)| finding).collect();
            wrong.push(unused_accept::finding(entry, &found));
        }
        for index in meant {
            if let Some(taken) = taken.get_mut(index) {
                *taken = Some(entry.reason.value.as_str());
            }
        }
    }
    place(&mut wrong, &spec.places);
    findings.append(&mut wrong);
    let mut accepted = Vec::new();
    for (finding, taken) in mild.into_iter().zip(taken) {
        match taken {
            Some(reason) => accepted.push(Silenced { finding, by: Silencer::Accept(reason.to_owned()) }),
            None => findings.push(finding),
        }
    }
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

/// The evidence of a finding as an entry has it.
fn texts(finding: &Diagnostic) -> Vec<String> {
    let mut texts = finding.evidence_texts();
    texts.sort_unstable();
    texts
}

/// As a string of TOML that is safe to print.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    // As everywhere in a spec, `$${` is the text `${`.
    for c in text.replace("${", "$${").chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => quoted.push(c),
            c => quoted += &format!("\\U{:08X}", u32::from(c)),
        }
    }
    quoted + "\""
}

/// The entry that accepts a finding and nothing else, without its reason; an error cannot be accepted.
pub fn entry(finding: &Diagnostic) -> Option<String> {
    if finding.is_error() {
        return None;
    }
    let mut entry = format!("[[accept]]\nrule = {}\n", quoted(finding.rule));
    if !finding.place.is_empty() {
        entry += &format!("at = {}\n", quoted(&finding.place));
    }
    let evidence: Vec<String> = texts(finding).iter().map(|text| quoted(text)).collect();
    if !evidence.is_empty() {
        entry += &format!("evidence = [{}]\n", evidence.join(", "));
    }
    Some(entry)
}
