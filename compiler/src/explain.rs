//! Answers to questions about a policy, in words: from the meaning that is enforced, with the rule and its place.

mod question;

pub use question::{Misread, Question};

use crate::diagnostic::visible;
use crate::policy::Policy;
use crate::seccomp::diagram::Diagram;
use crate::seccomp::explain::Answer;
use crate::seccomp::rule::RuleError;
use crate::seccomp::verdict::Verdict;
use crate::seccomp::word::Input;
use crate::seccomp::{Merged, X32_SYSCALL_BIT, call_words, explain, merge};
use crate::source::{Source, Span};
use std::fmt::Write as _;

/// What the policy's filter says to a system call: the verdict, and the rule that it comes from; where it depends on
/// arguments that were left out, each verdict with a call that gets it.
pub fn explain_syscall(source: &Source, policy: &Policy, question: &Question) -> Result<String, RuleError> {
    let asked = &question.words_of_text();
    let Some(merged) = merge(policy) else {
        return Ok(format!("{asked}: allow\n  the spec asks for no filter\n"));
    };
    let filter = merged.request.filter();
    let mut diagram = Diagram::default();
    let meaning = filter.meaning(&mut diagram)?;
    let mut answers = explain(&filter, meaning, &question.words(), &mut diagram)?;
    let once = merged.request.exec_once.filter(|_| question.executes());
    if let Some(once) = once {
        // The launcher's own call is not one that anybody can ask about: the words that it carries are drawn at launch.
        answers.retain(|(_, answer)| answer.rule.is_none_or(|rule| rule.origin != once));
    }
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match answers.as_slice() {
        [(_, one)] => writeln!(text, "{asked}: {}", one.verdict),
        _ => writeln!(text, "{asked}: depends on arguments that are left out"),
    };
    for (input, answer) in &answers {
        if answers.len() > 1 {
            let _ = writeln!(text, "  {} such as {}", answer.verdict, call_words(input));
        }
        let indent = if answers.len() > 1 { "    " } else { "  " };
        let reason = match once.and_then(|once| merged.origins.get(once)) {
            Some(origin) => format!(
                "{}{}: no call but the launcher's own, which starts the program",
                origin.source,
                place(source, origin.span)
            ),
            None => reason(source, policy, &merged, answer, input),
        };
        let _ = writeln!(text, "{indent}{reason}");
    }
    Ok(text)
}

fn reason(source: &Source, policy: &Policy, merged: &Merged, answer: &Answer<'_>, input: &Input) -> String {
    let [audit, number, ..] = *input;
    if let Some(origin) = answer.rule.and_then(|rule| merged.origins.get(rule.origin)) {
        return format!("{}{}", origin.source, place(source, origin.span));
    }
    if answer.rule.is_some() {
        return "clone3 has its flags in memory, where no filter can look: libraries fall back on clone"
            .into();
    }
    let default = policy.seccomp.as_ref().map(|seccomp| &seccomp.default_action);
    let admitted = merged.request.architectures.iter().any(|architecture| architecture.audit() == audit);
    match default {
        _ if !admitted => "seccomp.arches does not name this architecture".into(),
        _ if number >= X32_SYSCALL_BIT => "no filter admits x32".into(),
        Some(default) if Verdict::from(default.value) == answer.verdict => {
            format!("seccomp.default_action{}", place(source, default.span))
        }
        _ => "the tables do not know this number".into(),
    }
}

/// Where the spec says so; a default is nowhere.
fn place(source: &Source, span: Span) -> String {
    if span == Span::default() {
        return ", by default".into();
    }
    let at = source.line_column(span.start);
    format!("  {}:{}:{}", visible(&source.path_at(span.start).display().to_string()), at.line, at.column)
}
