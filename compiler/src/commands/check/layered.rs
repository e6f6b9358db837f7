//! Findings and files that several specs share because they extend the same layers.

use boxwright::diagnostic::{Checked, Diagnostic};
use boxwright::extended;
use boxwright::source::{REPOSITORY_FILE, STANDARD_INPUT, Source};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Takes out what an earlier spec has told already: the same finding at the same place of the same layer, with the same
/// evidence. What differs by spec stays.
pub fn tell_once(files: &mut [Checked]) {
    let mut told = BTreeSet::new();
    for Checked { source, findings, silenced, .. } in files {
        findings.retain(|finding| told.insert(identity(source, finding, "")));
        silenced.retain(|one| told.insert(identity(source, &one.finding, &one.by.to_string())));
    }
}

/// What tells a finding from all others of a run. Two names of one file are two files, as everywhere.
fn identity(source: &Source, finding: &Diagnostic, by: &str) -> (PathBuf, usize, String, Vec<String>) {
    let start = finding.span.start;
    let words = [finding.rule, finding.level.name(), by, &finding.place, &finding.message].join("\0");
    let place = start.saturating_sub(source.start_of_file(start));
    (source.path_at(start).to_path_buf(), place, words, finding.evidence_texts())
}

/// Of these specs those that are among the changed files, or that extend one of them. A spec that extends a file that is not
/// there, or that cannot be read, may be concerned; what a repository says of all specs concerns all.
pub fn affected(specs: Vec<PathBuf>, changed: &[PathBuf]) -> Vec<PathBuf> {
    let of_all = |path: &PathBuf| {
        [REPOSITORY_FILE, ".gitignore"].iter().any(|name| path.file_name() == Some(OsStr::new(name)))
    };
    if changed.is_empty() || changed.iter().any(of_all) {
        return specs;
    }
    let identity = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let changed: BTreeSet<PathBuf> = changed.iter().map(|path| identity(path)).collect();
    let concerned = |spec: &PathBuf| {
        if spec == Path::new(STANDARD_INPUT) || changed.contains(&identity(spec)) {
            return true;
        }
        let Ok(source) = Source::read(spec) else { return true };
        extended(&source).is_none_or(|layers| layers.iter().any(|layer| changed.contains(&identity(layer))))
    };
    specs.into_iter().filter(concerned).collect()
}
