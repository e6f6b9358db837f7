//! Text to `Spec`: every mistake of syntax, key, type and value in one run.

mod conform;
mod extract;
mod filesystem;
mod foreign;
mod namespaces;
mod process;
mod rules;
mod sections;
mod syntax;

pub use rules::RULES;

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::spec::{Spec, keys};
use extract::Extract;
use toml::de::DeValue;

/// Reads a spec. What is wrong is in the findings, and absent from the `Spec`.
pub fn parse(source: &Source) -> (Spec, Vec<Diagnostic>) {
    let (document, broken) = match syntax::read(source) {
        Ok(document) => document,
        Err(refusal) => return (Spec::default(), vec![refusal]),
    };
    let document = toml::Spanned::new(document.span(), DeValue::Table(document.into_inner()));
    let mut findings = conform::conform(&document, keys::ROOT);
    // What recovery made of a broken line is not what anybody wrote.
    findings.retain(|finding| !broken.iter().any(|syntax| syntax.spoils(finding, source)));
    findings.extend(broken.into_iter().map(syntax::Broken::into_finding));
    let spec = Spec::extract(document.get_ref()).unwrap_or_default();
    (spec, findings)
}
