//! Source texts and the spans that point into them: where every value came from.

mod read;

pub use read::{ReadError, ReadErrorKind, STANDARD_INPUT};

use std::path::{Path, PathBuf};

/// A spec file's name and text, kept for findings and for the origins of a plan.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as the user named it; it is what findings and launch errors print.
    pub path: PathBuf,
    /// The whole text, valid UTF-8 and at most [`MAX_BYTES`] long.
    pub text: String,
    /// Where the lines begin: a hostile file can have 10^5 findings, and each asks for its line.
    line_starts: Vec<usize>,
}

/// The largest spec that is read, in bytes. Real specs are a few kilobytes; the limit keeps a hostile file cheap.
pub const MAX_BYTES: usize = 1 << 20;

/// A half-open range of bytes in a [`Source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A value and the place where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A place as people count it: both numbers start at one, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Span {
    /// A span of the bytes `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

impl Source {
    /// A source with this name and text.
    pub fn new(path: impl AsRef<Path>, text: impl Into<String>) -> Self {
        let text = text.into();
        let after_newlines = text.match_indices('\n').map(|(newline, _)| newline + 1);
        let line_starts = std::iter::once(0).chain(after_newlines).collect();
        Self { path: path.as_ref().to_path_buf(), text, line_starts }
    }

    /// The number of the line that a byte is in, from 1; an offset past the end is in the last.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The bytes of a line without its newline; empty for a line that is not there.
    pub fn line_span(&self, line: usize) -> Span {
        let start = line.checked_sub(1).and_then(|index| self.line_starts.get(index)).copied();
        let start = start.unwrap_or(self.text.len());
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end).unwrap_or_default();
        Span::new(start, start + text.strip_suffix('\r').unwrap_or(text).len())
    }

    /// The line and column of a byte offset; an offset past the end is the end.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line(offset);
        let before = self.text.get(self.line_span(line).start..offset).unwrap_or_default();
        LineColumn { line, column: before.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::{LineColumn, Source, Span};

    #[test]
    fn places_count_lines_and_characters() {
        let source = Source::new("x", "a\r\n\u{e4}b\n\nlast");
        let at = |offset| source.line_column(offset);
        assert_eq!(at(0), LineColumn { line: 1, column: 1 });
        assert_eq!(at(5), LineColumn { line: 2, column: 2 });
        assert_eq!(at(4), at(3), "an offset inside a character is the character's");
        assert_eq!(at(7), LineColumn { line: 3, column: 1 });
        assert_eq!(at(usize::MAX), LineColumn { line: 4, column: 5 });
        assert_eq!(source.line_span(1), Span::new(0, 1));
        assert_eq!(source.line_span(9), Span::new(12, 12));
        assert_eq!(Source::new("x", "").line_column(0), LineColumn { line: 1, column: 1 });
    }
}
