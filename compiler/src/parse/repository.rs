//! Reads `boxwright.toml`.

use super::extract::{Extract, entries};
use super::{conform, hidden, places, syntax};
use crate::diagnostic::{Diagnostic, place};
use crate::source::Source;
use crate::spec::{Repository, keys};

/// Reads the file of a repository. What is wrong is in the findings, each with its key.
pub fn repository(source: &Source) -> (Repository, Vec<Diagnostic>) {
    let read = match syntax::read(source, 0) {
        Ok(read) => read,
        Err(refusal) => return (Repository::default(), vec![refusal]),
    };
    let mut findings = read.errors;
    findings.extend(hidden::hidden(&source.text));
    findings.extend(conform::conform(&read.document, keys::REPOSITORY, read.lossy));
    let rules = entries(&read.document, "rules", String::extract_spanned);
    let places = places::places(std::slice::from_ref(&read.document));
    place(&mut findings, &places);
    (Repository { rules }, findings)
}
