//! What a machine refuses of a policy: it is launched without a program, and again without what was refused.

use crate::commands::run::sealed;
use anyhow::{Context, bail};
use boxwright::Rehearsal;
use boxwright::diagnostic::{Diagnostic, Rule, visible};
use boxwright::policy::Policy;
use boxwright::source::{Source, Span};
use boxwright_launcher::abi::{EXIT_NOT_EXECUTABLE, EXIT_NOT_SET_UP};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

const RULE: Rule =
    Rule::error("cannot-be-honoured", "this machine or this user cannot do what the spec asks for");

/// A step that was refused, and why: `errno; remedy`.
struct Refusal {
    words: String,
    span: Span,
    why: String,
}

/// A finding for every step that is refused here.
pub fn rehearse(source: &Source, policy: &Policy) -> anyhow::Result<Vec<Diagnostic>> {
    let mut rehearsal = Rehearsal::new(policy)?;
    let mut findings = Vec::new();
    while let Some(Refusal { words, span, why }) = launch(source, policy, &rehearsal)? {
        let (errno, remedy) = why.split_once("; ").unwrap_or((&why, ""));
        let mut finding = RULE.at(span, format!("`{words}`: {errno}"));
        if !remedy.is_empty() {
            finding = finding.help(remedy);
        }
        match rehearsal.without(&words) {
            Some(rest) => rehearsal = rest,
            None => {
                findings.push(finding.label("what comes after this was not tried"));
                break;
            }
        }
        findings.push(finding);
    }
    findings.sort_by_key(|finding| finding.span);
    // What was refused early is refused again where it is needed.
    findings.dedup_by(|later, first| later.span == first.span && later.help == first.help);
    Ok(findings)
}

/// The reason of the first step that is refused.
pub fn first_refusal(source: &Source, policy: &Policy) -> anyhow::Result<Option<String>> {
    Ok(launch(source, policy, &Rehearsal::new(policy)?)?.map(|refusal| refusal.why))
}

fn launch(source: &Source, policy: &Policy, rehearsal: &Rehearsal) -> anyhow::Result<Option<Refusal>> {
    let memory = sealed(&rehearsal.executable(source)?)?;
    let output = Command::new(format!("/proc/self/fd/{}", memory.as_raw_fd()))
        .stdin(Stdio::null())
        .output()
        .context("cannot execute the launcher from memory: is /proc there?")?;
    match output.status.code().map(u8::try_from) {
        Some(Ok(EXIT_NOT_EXECUTABLE)) => return Ok(None),
        Some(Ok(EXIT_NOT_SET_UP)) => {}
        _ => bail!("the rehearsal was disturbed: {}", output.status),
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().next_back().unwrap_or_default();
    // Of words that begin alike the longest are those that were said.
    let refused = rehearsal.steps().filter_map(|(words, span)| {
        let place = source.line_column(span.start);
        let name = &policy.name.value;
        let path = source.sealed_name(span.start, name);
        let start = format!("{name}: {path}:{}:{}: {words}: ", place.line, place.column);
        let why = line.strip_prefix(&*visible(&start))?.to_owned();
        Some(Refusal { words: words.to_owned(), span, why })
    });
    let refused = refused.max_by_key(|refusal| refusal.words.len());
    refused.map(Some).with_context(|| format!("the launcher said: {line}"))
}
