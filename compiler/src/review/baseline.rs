//! Findings that were known before: a file of them, so that only new ones fail.

use crate::diagnostic::{Run, fingerprints, relative};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the file; it grows when an older boxwright would misread it.
const VERSION: u32 = 2;

/// Findings by what outlives lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    findings: Vec<Entry>,
}

/// One finding. All but the fingerprint is for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    rule: String,
    key: String,
    evidence: Vec<String>,
    fingerprint: String,
}

impl Baseline {
    /// Everything that a run has found.
    pub fn of(run: &Run) -> Self {
        let mut findings: Vec<Entry> = run
            .files
            .iter()
            .flat_map(|file| {
                file.findings.iter().zip(fingerprints(file, run.root)).map(|(finding, fingerprint)| Entry {
                    file: relative(file.source.path_at(finding.span.start), run.root)
                        .to_string_lossy()
                        .into_owned(),
                    rule: finding.rule.to_owned(),
                    key: finding.place.clone(),
                    evidence: finding.evidence_texts(),
                    fingerprint,
                })
            })
            .collect();
        findings.sort();
        Self { version: VERSION, findings }
    }

    /// From the text of its file; the error says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match baseline.version {
            VERSION => Ok(baseline),
            other => Err(format!("it has version {other}, and this boxwright reads version {VERSION}")),
        }
    }

    /// As the text of its file: the same findings are the same bytes.
    pub fn text(&self) -> String {
        // Strings and numbers can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// For each file of a run which of its findings are known, and how many known ones are found no more.
    pub fn known(&self, run: &Run) -> (Vec<Vec<bool>>, usize) {
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in &self.findings {
            *left.entry(&entry.fingerprint).or_default() += 1;
        }
        let mut is_known = |fingerprint: &String| match left.get_mut(fingerprint.as_str()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        };
        let known = run
            .files
            .iter()
            .map(|file| fingerprints(file, run.root).iter().map(&mut is_known).collect())
            .collect();
        let names: Vec<String> = run
            .files
            .iter()
            .flat_map(|file| file.source.layers())
            .map(|layer| relative(&layer.path, run.root).to_string_lossy().into_owned())
            .collect();
        // What was not checked may still be found.
        let gone = |entry: &&Entry| {
            left.get(entry.fingerprint.as_str()).is_some_and(|count| *count > 0)
                && names.contains(&entry.file)
        };
        (known, self.findings.iter().filter(gone).count())
    }
}
