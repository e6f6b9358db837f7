//! Text to `Spec`: every mistake of syntax, key, type and value in one run.

mod cgroup;
mod conform;
mod extract;
mod filesystem;
mod foreign;
mod hidden;
mod landlock;
mod namespaces;
mod network;
mod process;
mod rules;
mod scheduling;
mod seccomp;
mod sections;
mod syntax;
mod variables;

pub use rules::RULES;

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::spec::{Spec, keys};
use extract::Extract;

/// Reads a spec. What is wrong is in the findings, and absent from the `Spec`.
pub fn parse(source: &Source) -> (Spec, Vec<Diagnostic>) {
    let read = match syntax::read(source) {
        Ok(read) => read,
        Err(refusal) => return (Spec::default(), vec![refusal]),
    };
    let mut findings = read.errors;
    findings.extend(hidden::hidden(&source.text));
    findings.extend(conform::conform(&read.document, keys::ROOT, read.lossy));
    (Spec::extract(read.document.get_ref()).unwrap_or_default(), findings)
}
