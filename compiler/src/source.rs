//! Source texts and the spans that point into them: where every value came from.

pub mod input;
mod places;
mod read;
mod repository;

pub use places::Places;
pub use read::{ReadError, ReadErrorKind, STANDARD_INPUT};
pub use repository::{REPOSITORY_FILE, directory, repository};

use std::path::{Component, Path, PathBuf};

/// The texts of a spec and of the files that it extends, one after the other, kept for findings and for the origins of a plan.
#[derive(Debug, Clone)]
pub struct Source {
    /// The spec's path as the user named it; it is what findings and launch errors print.
    pub path: PathBuf,
    /// Every text, valid UTF-8; one file has at most [`MAX_BYTES`].
    pub text: String,
    /// The files: the spec, and then what it extends, each before those that it overrides.
    layers: Vec<Layer>,
    /// Where the lines begin: a hostile file can have 10^5 findings, and each asks for its line.
    line_starts: Vec<usize>,
}

/// One of the files of a [`Source`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// As findings and launch errors print it.
    pub path: PathBuf,
    /// The same as it came of the paths that the layers name, with `..` and all.
    pub joined: PathBuf,
    /// Its bytes.
    pub span: Span,
    /// The layer that extends it, by its place in the list; none for the spec.
    pub extended_by: Option<usize>,
    /// Is it one of the profiles that come with this program? No path makes a file one.
    pub builtin: bool,
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
        let path = path.as_ref().to_path_buf();
        let mut source =
            Self { path: path.clone(), text: String::new(), layers: Vec::new(), line_starts: Vec::new() };
        source.push(path, &text.into(), None);
        source
    }

    /// Adds a file that the spec extends, behind those that override it.
    pub fn push(&mut self, path: PathBuf, text: &str, extended_by: Option<usize>) {
        if !self.layers.is_empty() {
            // So that no byte is of two files, and no line.
            self.text.push('\n');
        }
        let start = self.text.len();
        self.line_starts.push(start);
        self.line_starts.extend(text.match_indices('\n').map(|(newline, _)| start + newline + 1));
        self.text += text;
        self.layers.push(Layer {
            joined: path.clone(),
            path,
            span: Span::new(start, self.text.len()),
            extended_by,
            builtin: false,
        });
    }

    /// The last file is shown under this path.
    pub fn show_last(&mut self, path: PathBuf) {
        if let Some(layer) = self.layers.last_mut() {
            layer.path = path;
        }
    }

    /// Adds a profile that comes with this program.
    pub fn push_builtin(&mut self, path: PathBuf, text: &str, extended_by: Option<usize>) {
        self.push(path, text, extended_by);
        if let Some(layer) = self.layers.last_mut() {
            layer.builtin = true;
        }
    }

    /// The files: the spec, and then what it extends, each before those that it overrides.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The file that a byte is in, by its place in the list; an offset past the end is in the last.
    pub fn layer(&self, offset: usize) -> usize {
        self.layers.partition_point(|layer| layer.span.start <= offset).saturating_sub(1)
    }

    /// Is a file this one, or extended by it?
    pub fn is_above(&self, layer: usize, below: usize) -> bool {
        let mut chain = std::iter::successors(Some(below), |layer| self.layers.get(*layer)?.extended_by);
        chain.any(|above| above == layer)
    }

    /// Where the file begins that a byte is in.
    pub fn start_of_file(&self, offset: usize) -> usize {
        self.layers.get(self.layer(offset)).map_or(0, |layer| layer.span.start)
    }

    /// The path of the file that a byte is in.
    pub fn path_at(&self, offset: usize) -> &Path {
        self.layers.get(self.layer(offset)).map_or(&self.path, |layer| &layer.path)
    }

    /// The name of the file that a byte is in, as launchers have it: the spec's base name, and of what it extends the path from
    /// the spec's directory. Wherever a spec lies and whatever path led to it, its launcher has the same bytes.
    pub fn sealed_name(&self, offset: usize, sandbox: &str) -> String {
        let layer = self.layer(offset);
        let path = self.layers.get(layer).map_or(&*self.path, |layer| &layer.joined);
        if layer == 0 {
            return match path.file_name() {
                _ if path == Path::new(STANDARD_INPUT) => format!("{sandbox}.sandbox.toml"),
                Some(name) => name.to_string_lossy().into_owned(),
                None => path.to_string_lossy().into_owned(),
            };
        }
        let from = self.path.parent().unwrap_or(Path::new(""));
        let within = path.strip_prefix(from).unwrap_or(path).components();
        let named = within.filter(|component| *component != Component::CurDir);
        named.collect::<PathBuf>().to_string_lossy().into_owned()
    }

    /// The number of the line that a byte is in, from 1 and on through all files; an offset past the end is in the last.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The number of a line of all files within its own.
    pub fn line_in_file(&self, line: usize) -> usize {
        let first = self.line(self.start_of_file(self.line_span(line).start));
        line + 1 - first.min(line)
    }

    /// The bytes of a line without its newline; empty for a line that is not there.
    pub fn line_span(&self, line: usize) -> Span {
        let start = line.checked_sub(1).and_then(|index| self.line_starts.get(index)).copied();
        let start = start.unwrap_or(self.text.len());
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end).unwrap_or_default();
        Span::new(start, start + text.strip_suffix('\r').unwrap_or(text).len())
    }

    /// The line and column of a byte offset in the file that it is in; an offset past the end is the end.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line(offset);
        let before = self.text.get(self.line_span(line).start..offset).unwrap_or_default();
        LineColumn { line: self.line_in_file(line), column: before.chars().count() + 1 }
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

    #[test]
    fn launchers_have_the_same_names_whatever_path_led_to_the_spec() {
        for (spec, layer) in [
            ("s.sandbox.toml", "../common/x.toml"),
            ("./s.sandbox.toml", "./../common/x.toml"),
            ("d/s.sandbox.toml", "d/../common/x.toml"),
            ("d/./s.sandbox.toml", "d/./../common/./x.toml"),
            ("/abs/d/s.sandbox.toml", "/abs/d/../common/x.toml"),
            ("-", "../common/x.toml"),
        ] {
            let mut source = Source::new(spec, "a");
            source.push(layer.into(), "b", Some(0));
            source.push("builtin:cli".into(), "c", Some(0));
            let names = [0, 2, 4].map(|offset| source.sealed_name(offset, "s"));
            assert_eq!(names, ["s.sandbox.toml", "../common/x.toml", "builtin:cli"], "{spec}");
        }
    }

    #[test]
    fn places_are_in_the_file_that_they_are_in() {
        let mut source = Source::new("x", "a\nb");
        source.push("y".into(), "", Some(0));
        source.push("z".into(), "c\nd", Some(1));
        let at = |offset| {
            let LineColumn { line, column } = source.line_column(offset);
            (source.path_at(offset).to_str().unwrap_or_default(), line, column)
        };
        assert_eq!(source.text, "a\nb\n\nc\nd");
        assert_eq!(at(2), ("x", 2, 1));
        assert_eq!(at(3), ("x", 2, 2), "the end of a file is its own");
        assert_eq!(at(4), ("y", 1, 1));
        assert_eq!(at(5), ("z", 1, 1));
        assert_eq!(at(7), ("z", 2, 1));
        assert_eq!(at(99), ("z", 2, 2));
        assert_eq!(source.line_span(2), Span::new(2, 3));
    }
}
