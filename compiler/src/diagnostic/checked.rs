//! What a run of the checker has found, file by file: what every renderer shows.

use super::{Diagnostic, Level, Rule, Silenced, Silencer};
use crate::source::Source;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is found in one file.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The file.
    pub source: Source,
    /// Its findings, by position.
    pub findings: Vec<Diagnostic>,
    /// How many more there are.
    pub left_out: usize,
    /// What is not among the findings because something silences it.
    pub silenced: Vec<Silenced>,
}

/// All of it, and what renderers have to know beside.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The files, in the order in which they are shown.
    pub files: &'a [Checked],
    /// Specs that were not checked because `.gitignore` names them.
    pub ignored: &'a [PathBuf],
    /// Every rule that was looked for.
    pub rules: &'a [Rule],
    /// The directory that other programs take paths to be relative to, absolute.
    pub root: &'a Path,
    /// The mildest finding that fails the run, if any does.
    pub fails: Option<Level>,
}

impl Checked {
    /// A file with these findings and nothing else to tell.
    pub fn new(source: Source, findings: Vec<Diagnostic>) -> Self {
        Self { source, findings, left_out: 0, silenced: Vec::new() }
    }

    /// How many findings are this bad.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

impl<'a> Run<'a> {
    /// Every finding, with its file.
    pub fn findings(&self) -> impl Iterator<Item = (&'a Checked, &'a Diagnostic)> {
        self.files.iter().flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
    }

    /// Every finding that something silences, with its file.
    pub fn silenced(&self) -> impl Iterator<Item = (&'a Checked, &'a Silenced)> {
        self.files.iter().flat_map(|file| file.silenced.iter().map(move |silenced| (file, silenced)))
    }

    /// How many findings this kind of thing silences.
    pub fn silenced_by(&self, name: &str) -> usize {
        self.silenced().filter(|(_, silenced)| silenced.by.name() == name).count()
    }

    /// What silences findings, in words: each with its number, and the ignored specs at the end.
    pub fn silencers(&self) -> Vec<String> {
        let mut numbers: BTreeMap<(usize, String), usize> = BTreeMap::new();
        for (_, silenced) in self.silenced() {
            let words = match &silenced.by {
                Silencer::Accept(_) => (0, "accepted".to_owned()),
                Silencer::Baseline(_) => (1, "known before".to_owned()),
                by => (2, by.to_string()),
            };
            *numbers.entry(words).or_default() += 1;
        }
        let mut words: Vec<String> =
            numbers.into_iter().map(|((_, words), number)| format!("{number} {words}")).collect();
        match self.ignored.len() {
            0 => {}
            1 => words.push("1 spec ignored by .gitignore".into()),
            many => words.push(format!("{many} specs ignored by .gitignore")),
        }
        words
    }

    /// How many findings are this bad.
    pub fn count(&self, level: Level) -> usize {
        self.files.iter().map(|file| file.count(level)).sum()
    }

    /// Does a finding of this level fail the run?
    pub fn is_failure(&self, level: Level) -> bool {
        self.fails.is_some_and(|mildest| level <= mildest)
    }
}
