//! What a run of the checker has found, file by file: what every renderer shows.

use super::{Diagnostic, Level, Rule};
use crate::source::Source;
use std::path::Path;

/// What is found in one file.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The file.
    pub source: Source,
    /// Its findings, by position.
    pub findings: Vec<Diagnostic>,
    /// How many more there are.
    pub left_out: usize,
    /// How many the spec accepts, which are not among the findings.
    pub accepted: usize,
    /// How many were known before, which are not among the findings either.
    pub known: usize,
}

/// All of it, and what renderers have to know beside.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The files, in the order in which they are shown.
    pub files: &'a [Checked],
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
        Self { source, findings, left_out: 0, accepted: 0, known: 0 }
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

    /// How many findings are this bad.
    pub fn count(&self, level: Level) -> usize {
        self.files.iter().map(|file| file.count(level)).sum()
    }

    /// Does a finding of this level fail the run?
    pub fn is_failure(&self, level: Level) -> bool {
        self.fails.is_some_and(|mildest| level <= mildest)
    }
}
