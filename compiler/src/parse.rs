//! Text to `Spec`: every mistake of syntax, key, type and value in one run.

mod accept;
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
mod newer;
mod places;
mod process;
mod repository;
mod rules;
mod scheduling;
mod seccomp;
mod sections;
mod show;
mod substitute;
mod syntax;
mod values;
mod variables;

pub use layers::gather;
pub use repository::repository;
pub use rules::RULES;
pub use show::{Show, show};

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::spec::{Spec, keys};
use toml::de::{DeTable, DeValue};

/// Reads a spec of all its layers, with values for its variables from outside. What is wrong is in the findings, and absent
/// from the `Spec`.
pub fn parse(source: &Source, given: &[(String, String)]) -> (Spec, Vec<Diagnostic>) {
    let layers: Vec<syntax::Read<'_>> = match layers(source) {
        Ok(layers) => layers,
        Err(refusal) => return (Spec::default(), vec![refusal]),
    };
    let mut lossy = layers.iter().any(|read| read.lossy);
    let mut findings: Vec<Diagnostic> = hidden::hidden(&source.text).collect();
    if layers.iter().all(|read| read.errors.is_empty()) {
        findings.extend(newer::newer(&source.text));
    }
    let mut documents = Vec::new();
    for layer in layers {
        findings.extend(layer.errors);
        documents.push(layer.document);
    }
    let places = places::places(&documents);
    let values = values::Values::new(&documents, given);
    let (merged, substitute) = one_document(documents, &values, source);
    lossy |= substitute.lossy;
    findings.extend(conform::conform(&merged.document, keys::ROOT, lossy));
    findings.extend(substitute.finish());
    findings.extend(merged.findings);
    let mut spec = Spec::of(&merged.document);
    spec.places = places;
    spec.filesystem.taken = merged.taken;
    drop(merged.document);
    findings.extend(values.findings);
    (spec, findings)
}

/// Every layer as it is written; one that is too deep to be held is a reason to look at none.
fn layers(source: &Source) -> Result<Vec<syntax::Read<'_>>, Diagnostic> {
    (0..source.layers().len()).map(|layer| syntax::read(source, layer)).collect()
}

/// All layers in one, with what the variables stand for in their places, and what replacing them has met.
fn one_document<'a>(
    mut layers: Vec<DeTable<'a>>,
    values: &'a values::Values,
    source: &Source,
) -> (merge::Merged<'a>, substitute::Substitute<'a>) {
    let mut substitute = substitute::Substitute::new(values);
    layers.iter_mut().for_each(|layer| substitute.layer(layer, keys::ROOT));
    (merge::merge(layers, keys::ROOT, source), substitute)
}

/// The errors of a spec's syntax alone.
pub fn syntax(source: &Source) -> Vec<Diagnostic> {
    match syntax::read(source, 0) {
        Ok(read) => read.errors,
        Err(refusal) => vec![refusal],
    }
}

/// Are two texts the same document, whatever the order of their keys?
pub fn same(one: &str, other: &str) -> bool {
    let document = |text| {
        let (document, errors) = DeTable::parse_recoverable(text);
        errors.is_empty().then(|| DeValue::Table(document.into_inner()))
    };
    document(one).zip(document(other)).is_some_and(|(one, other)| merge::same(&one, &other))
}
