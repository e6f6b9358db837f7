//! Text to `Spec`: every mistake of syntax, key, type and value in one run.

mod builtin;
mod cgroup;
mod conform;
mod extract;
mod filesystem;
mod foreign;
mod hidden;
mod landlock;
mod layers;
mod merge;
mod namespaces;
mod network;
mod process;
mod rules;
mod scheduling;
mod seccomp;
mod sections;
mod substitute;
mod syntax;
mod values;
mod variables;

pub use layers::gather;
pub use rules::RULES;

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::spec::{Spec, keys};

/// Reads a spec of all its layers, with values for its variables from outside. What is wrong is in the findings, and absent
/// from the `Spec`.
pub fn parse(source: &Source, given: &[(String, String)]) -> (Spec, Vec<Diagnostic>) {
    let (mut documents, mut findings, mut lossy) = (Vec::new(), Vec::new(), false);
    for layer in 0..source.layers().len() {
        match syntax::read(source, layer) {
            Ok(read) => {
                findings.extend(read.errors);
                lossy |= read.lossy;
                documents.push(read.document);
            }
            Err(refusal) => return (Spec::default(), vec![refusal]),
        }
    }
    findings.extend(hidden::hidden(&source.text));
    let values = values::Values::new(&documents, given);
    let mut substitute = substitute::Substitute::new(&values);
    let documents = documents.into_iter().map(|document| substitute.layer(document, keys::ROOT)).collect();
    lossy |= substitute.lossy;
    let merged = merge::merge(documents, keys::ROOT, source);
    findings.extend(conform::conform(&merged.document, keys::ROOT, lossy));
    findings.extend(substitute.finish());
    findings.extend(merged.findings);
    let mut spec = Spec::of(&merged.document);
    spec.taken = merged.taken;
    findings.extend(values.findings);
    (spec, findings)
}
