//! Paths: absolute and in normal form, so that one place has one name.

use super::keep;
use super::rules::INVALID_PATH;
use crate::diagnostic::Diagnostic;
use crate::policy::{HostPath, PathPart};
use crate::source::Spanned;
use crate::spec::variable::{self, Piece};

/// The longest path without its NUL (`PATH_MAX` in linux/limits.h).
const PATH_MAX: usize = 4095;

/// The longest component (`NAME_MAX` in linux/limits.h).
const NAME_MAX: usize = 255;

/// How many characters of a path a message repeats; the snippet shows it too.
const SHOWN_MAX: usize = 80;

/// A path that may be `/`.
pub(super) fn absolute(path: &Spanned<String>) -> Result<Spanned<String>, Diagnostic> {
    if path.value.contains("${") {
        // The parser has said that it cannot depend on the launch.
        return Ok(path.clone());
    }
    of_text(path)
}

/// A path in a place for any text, where `${` is nothing else.
pub(super) fn of_text(path: &Spanned<String>) -> Result<Spanned<String>, Diagnostic> {
    checked(path, &path.value)
}

/// A path of the host, which may depend on the launch.
pub(super) fn of_host(path: &Spanned<String>, findings: &mut Vec<Diagnostic>) -> HostPath {
    let parts: Option<Vec<PathPart>> = variable::pieces(&path.value).into_iter().map(part).collect();
    // What the parser has refused has no parts.
    let Some(parts) = parts else { return path.value.as_str().into() };
    let example = |part: &PathPart| match part {
        PathPart::Literal(text) => text.clone(),
        PathPart::Directory(_) => "/directory".into(),
        PathPart::CallerUid | PathPart::CallerGid => "0".into(),
        PathPart::NotifySocket | PathPart::Terminal => String::new(),
    };
    let example: String = parts.iter().map(example).collect();
    keep(checked(path, &example).map_err(|finding| of_the_caller(finding, &path.value)), findings);
    HostPath::new(parts)
}

fn part(piece: Piece<'_>) -> Option<PathPart> {
    match piece {
        Piece::Text(text) => Some(PathPart::Literal(text.to_owned())),
        Piece::Variable(name) => {
            let value = PathPart::VALUES.into_iter().find(|(known, _)| *known == name);
            value.map(|(_, part)| part)
        }
        Piece::Unclosed(_) | Piece::Escaped => None,
    }
}

/// Whether a path is in order that looks like the example at launch.
fn checked(path: &Spanned<String>, example: &str) -> Result<Spanned<String>, Diagnostic> {
    match fault(example) {
        None => Ok(path.clone()),
        Some((what, label)) => {
            let shown = match path.value.chars().take(SHOWN_MAX).collect::<String>() {
                shown if shown.is_empty() => "the path".into(),
                shown => format!("`{shown}`"),
            };
            let finding = INVALID_PATH.at(path.span, format!("{shown} {what}")).label(label);
            Err(match normalised(&path.value) {
                Some(better) => finding.help(format!("write `{better}`")),
                None => finding,
            })
        }
    }
}

/// What is to be written for a path that a shell would take for one of the caller's directories.
fn of_the_caller(finding: Diagnostic, path: &str) -> Diagnostic {
    let shell = [
        ("~", "${run.home}"),
        ("$HOME", "${run.home}"),
        ("$PWD", "${run.cwd}"),
        ("$XDG_RUNTIME_DIR", "${run.runtime_dir}"),
        (".", "${run.cwd}"),
    ];
    let meant = shell.iter().find_map(|(start, value)| {
        let rest = path.strip_prefix(start)?.trim_end_matches('/');
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{value}{rest}"))
    });
    match meant.filter(|path| !path.contains("/..")) {
        Some(meant) => finding.help(format!("write `{meant}`")),
        None if !path.is_empty() && !path.starts_with(['/', '~', '$', '.']) => {
            let shown: String = path.chars().take(SHOWN_MAX).collect();
            finding
                .help(format!("for a path from where the launcher is started write `${{run.cwd}}/{shown}`"))
        }
        None => finding,
    }
}

/// A place inside the sandbox where something can be mounted or made: any but `/`.
pub(super) fn destination(path: &Spanned<String>) -> Result<Spanned<String>, Diagnostic> {
    if path.value == "/" {
        return Err(INVALID_PATH
            .at(path.span, "`/` cannot be an entry of the tree")
            .label("expected a path beneath it")
            .help("`filesystem.root` says what `/` is"));
    }
    absolute(path)
}

/// What is wrong with a path, and what was expected.
fn fault(path: &str) -> Option<(&'static str, &'static str)> {
    let component = |wanted: &str| path.split('/').any(|component| component == wanted);
    if path.is_empty() {
        Some(("is empty", "expected an absolute path"))
    } else if path.contains('\0') {
        Some(("contains a NUL", "the kernel would end the path there"))
    } else if !path.starts_with('/') {
        Some(("is not absolute", "expected a path that begins with `/`"))
    } else if path.len() > PATH_MAX {
        Some(("is too long", "expected at most 4095 bytes"))
    } else if path.split('/').any(|component| component.len() > NAME_MAX) {
        Some(("has a component that is too long", "expected at most 255 bytes between slashes"))
    } else if component("..") {
        Some(("contains `..`", "where it leads would depend on symbolic links"))
    } else if component(".") {
        Some(("contains `.`", "expected a path in normal form"))
    } else if path.contains("//") {
        Some(("contains `//`", "expected a path in normal form"))
    } else if path.len() > 1 && path.ends_with('/') {
        Some(("ends with `/`", "expected a path in normal form"))
    } else {
        None
    }
}

/// The same path in normal form, when that is beyond doubt.
fn normalised(path: &str) -> Option<String> {
    let components: Vec<&str> =
        path.split('/').filter(|component| !component.is_empty() && *component != ".").collect();
    let better = format!("/{}", components.join("/"));
    (path.starts_with('/') && fault(&better).is_none()).then_some(better)
}
