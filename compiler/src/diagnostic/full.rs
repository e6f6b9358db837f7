//! Findings with their lines, as rustc shows them.

use super::{Diagnostic, Level, Style, location, url, visible};
use crate::source::{LineColumn, Source, Span};
use annotate_snippets::{Annotation, AnnotationKind, Group, Origin, Renderer, Snippet};
use std::ops::RangeInclusive;

/// The longest line that is shown whole, in bytes; of a longer one only what is around the place.
const LINE_MAX: usize = 1000;

/// Places at most so many lines apart are shown as one piece.
const PIECE_MAX: usize = 100;

/// How many characters of a long line are shown before and after the place.
const BEFORE: usize = 40;
const AFTER: usize = 80;

/// A place with its words.
struct Mark<'a> {
    span: Span,
    label: &'a str,
    kind: AnnotationKind,
}

/// Findings with snippets.
pub fn render_full(source: &Source, findings: &[Diagnostic], style: Style<'_>) -> String {
    let renderer = if style.colours { Renderer::styled() } else { Renderer::plain() };
    findings.iter().map(|finding| renderer.render(&[group(source, finding, style)]) + "\n\n").collect()
}

fn group<'a>(source: &Source, finding: &'a Diagnostic, style: Style<'_>) -> Group<'a> {
    let level = match finding.level {
        Level::Error => annotate_snippets::Level::ERROR,
        Level::Warning => annotate_snippets::Level::WARNING,
        Level::Note => annotate_snippets::Level::NOTE,
    };
    let title = level.primary_title(visible(&finding.message)).id(finding.rule);
    let title = if style.links.is_some() { title.id_url(url(finding.rule)) } else { title };
    let group = pieces(source, finding, style)(Group::with_title(title));
    match &finding.help {
        Some(help) => group.element(annotate_snippets::Level::HELP.message(visible(help))),
        None => group,
    }
}

/// The places of a finding.
fn pieces<'a>(
    source: &Source,
    finding: &'a Diagnostic,
    style: Style<'_>,
) -> impl FnOnce(Group<'a>) -> Group<'a> + use<'a> {
    let mut marks = vec![Mark { span: finding.span, label: &finding.label, kind: AnnotationKind::Primary }];
    marks.extend(finding.secondary.iter().map(|(span, label)| Mark {
        span: *span,
        label,
        kind: AnnotationKind::Context,
    }));
    // The files in the order in which they are spoken of, and in each the places as one piece or one by one.
    let mut files: Vec<Vec<Mark<'a>>> = Vec::new();
    for mark in marks {
        let layer = source.layer(mark.span.start);
        let same = |marks: &&mut Vec<Mark<'_>>| {
            marks.first().is_some_and(|first| source.layer(first.span.start) == layer)
        };
        match files.iter_mut().find(same) {
            Some(marks) => marks.push(mark),
            None => files.push(vec![mark]),
        }
    }
    let elements: Vec<_> = files.iter().flat_map(|marks| of_file(source, marks, style)).collect();
    move |group| {
        elements.into_iter().fold(group, |group, (origin, snippet)| match origin {
            Some(origin) => group.element(origin).element(snippet),
            None => group.element(snippet),
        })
    }
}

/// The places in one file: as one piece of it, or each on its own where they are far apart or on endless lines.
fn of_file<'a>(
    source: &Source,
    marks: &[Mark<'a>],
    style: Style<'_>,
) -> Vec<(Option<Origin<'a>>, Snippet<'a, Annotation<'a>>)> {
    let lines = || marks.iter().map(|mark| source.line(mark.span.start));
    let (first, last) = (lines().min().unwrap_or(1), lines().max().unwrap_or(1));
    let together = last - first <= PIECE_MAX
        && (first..=last).all(|line| {
            let span = source.line_span(line);
            span.end - span.start <= LINE_MAX
        });
    let start = marks.first().map_or(0, |mark| mark.span.start);
    let name = visible(&source.path_at(start).to_string_lossy()).into_owned();
    let path = match style.links {
        Some(root) => location::link(&name, source.path_at(start), root),
        None => name,
    };
    if together {
        return vec![(None, piece(source, first..=last, marks).path(path))];
    }
    let alone = |mark: &Mark<'a>| {
        let LineColumn { line, column } = source.line_column(mark.span.start);
        (Some(Origin::path(path.clone()).line(line).char_column(column)), excerpt(source, mark))
    };
    marks.iter().map(alone).collect()
}

/// Whole lines, with every place marked on the first line of its own.
fn piece<'a>(
    source: &Source,
    lines: RangeInclusive<usize>,
    marks: &[Mark<'a>],
) -> Snippet<'a, Annotation<'a>> {
    let (mut text, mut annotations) = (String::new(), Vec::new());
    let first = *lines.start();
    for line in lines {
        let whole = source.line_span(line);
        let part = |from: usize, to: usize| shown(source.text.get(from..to).unwrap_or_default());
        for mark in marks.iter().filter(|mark| source.line(mark.span.start) == line) {
            let start = mark.span.start.clamp(whole.start, whole.end);
            let end = mark.span.end.clamp(start, whole.end);
            let from = text.len() + part(whole.start, start).len();
            annotations.push(mark.on(from..from + part(start, end).len()));
        }
        text += &part(whole.start, whole.end);
        text.push('\n');
    }
    Snippet::source(text).line_start(source.line_in_file(first)).annotations(annotations)
}

/// What is around a place of a long line.
fn excerpt<'a>(source: &Source, mark: &Mark<'a>) -> Snippet<'a, Annotation<'a>> {
    let line = source.line(mark.span.start);
    let whole = source.line_span(line);
    let start = mark.span.start.clamp(whole.start, whole.end);
    let end = mark.span.end.clamp(start, whole.end);
    let part = |from: usize, to: usize| source.text.get(from..to).unwrap_or_default();
    let before = shown(tail(part(whole.start, start), BEFORE));
    let marked = shown(head(part(start, end), AFTER));
    let after = shown(head(part(end, whole.end), AFTER));
    let place = before.len()..before.len() + marked.len();
    Snippet::source(before + &marked + &after)
        .line_start(source.line_in_file(line))
        .annotation(mark.on(place))
}

impl<'a> Mark<'a> {
    fn on(&self, place: std::ops::Range<usize>) -> Annotation<'a> {
        self.kind.span(place).label((!self.label.is_empty()).then(|| visible(self.label)))
    }
}

/// The last characters of a text.
fn tail(text: &str, most: usize) -> &str {
    let from = text.char_indices().rev().nth(most).map_or(0, |(index, c)| index + c.len_utf8());
    text.get(from..).unwrap_or_default()
}

/// The first characters of a text.
fn head(text: &str, most: usize) -> &str {
    let to = text.char_indices().nth(most).map_or(text.len(), |(index, _)| index);
    text.get(..to).unwrap_or_default()
}

/// Tabs are left to the renderer, which aligns with them; everything else that is active gets its picture.
fn shown(text: &str) -> String {
    text.split('\t').map(visible).collect::<Vec<_>>().join("\t")
}
