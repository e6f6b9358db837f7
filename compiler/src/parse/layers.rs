//! `extends`: the files that a spec adds to, read and put behind it.

use super::extract::list;
use super::rules::{
    EXTENDS_CYCLE, EXTENDS_OUTSIDE, EXTENDS_TOO_MANY, EXTENDS_TWICE, UNKNOWN_PROFILE, UNREADABLE,
};
use super::{builtin, syntax};
use crate::diagnostic::{Diagnostic, suggest};
use crate::source::input::InputError;
use crate::source::{ReadErrorKind, Source, Spanned, directory, repository};
use crate::spec::keys::alternatives;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// The most files that a spec can be made of; a person has to read them.
const LAYERS_MAX: usize = 32;

/// The spec with everything that it extends behind it, each file before those that it overrides, and what is wrong with that.
pub fn gather(spec: &Source) -> (Source, Vec<Diagnostic>) {
    let mut gather =
        Gather { source: spec.clone(), identities: vec![identity(&spec.path)], findings: Vec::new() };
    // Most specs extend nothing, and are not parsed twice for it.
    if spec.text.contains("extends") {
        gather.extends(0);
    }
    (gather.source, gather.findings)
}

struct Gather {
    source: Source,
    /// Which file each layer is, whatever path led to it.
    identities: Vec<PathBuf>,
    findings: Vec<Diagnostic>,
}

impl Gather {
    /// Reads what a layer extends. The last one that it names overrides the others, and so comes first.
    fn extends(&mut self, layer: usize) {
        let extends = match syntax::read(&self.source, layer) {
            Ok(read) => list(&read.document, "extends"),
            Err(_) => return,
        };
        for name in extends.iter().rev() {
            match self.find(name, layer) {
                Ok((path, text, identity)) => {
                    let next = self.source.layers().len();
                    match name.value.starts_with(builtin::PREFIX) {
                        true => self.source.push_builtin(path, &text, Some(layer)),
                        false => {
                            let shown = self.shown(layer, &name.value, &path);
                            self.source.push(path, &text, Some(layer));
                            self.source.show_last(shown);
                        }
                    }
                    self.identities.push(identity);
                    self.extends(next);
                }
                Err(finding) => self.findings.push(finding),
            }
        }
    }

    /// How a file that a layer names is shown: without `..` where that leads to the same file, so that it has one name,
    /// whichever spec extends it.
    fn shown(&self, layer: usize, name: &str, path: &Path) -> PathBuf {
        let from = self.source.layers().get(layer).map_or(Path::new(""), |layer| &layer.path);
        let mut short = from.parent().unwrap_or(Path::new("")).to_path_buf();
        for component in Path::new(name).components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir
                    if matches!(short.components().next_back(), Some(Component::Normal(_))) =>
                {
                    short.pop();
                }
                component => short.push(component),
            }
        }
        let same =
            short.canonicalize().is_ok_and(|short| path.canonicalize().is_ok_and(|path| path == short));
        if same { short } else { path.to_path_buf() }
    }

    /// The path, the text and the identity of something that a layer extends.
    fn find(&self, name: &Spanned<String>, layer: usize) -> Result<(PathBuf, String, PathBuf), Diagnostic> {
        let (path, text) = match name.value.strip_prefix(builtin::PREFIX) {
            Some(profile) => {
                let text = builtin::text(profile).ok_or_else(|| unknown_profile(name))?;
                (PathBuf::from(&name.value), Some(text.to_owned()))
            }
            None => (self.beside(name, layer)?, None),
        };
        let identity = identity(&path);
        self.refuse_again(name, layer, &identity)?;
        let text = match text {
            Some(text) => text,
            None => {
                let read = Source::read(&path);
                read.map_err(|error| match error.kind {
                    ReadErrorKind::Input(InputError::Io(error)) if error.kind() == ErrorKind::NotFound => {
                        UNREADABLE
                            .at(name.span, format!("`{}` does not exist", name.value))
                            .label("expected a file, by its path from the directory of this one")
                    }
                    _ => UNREADABLE.at(name.span, "what is extended cannot be read").label(error.to_string()),
                })?
                .text
            }
        };
        Ok((path, text, identity))
    }

    /// The path of a file that a layer names.
    fn beside(&self, name: &Spanned<String>, layer: usize) -> Result<PathBuf, Diagnostic> {
        let wrong = |label: &str| {
            UNREADABLE.at(name.span, format!("\"{}\" cannot be extended", name.value)).label(label.to_owned())
        };
        if name.value.is_empty() || Path::new(&name.value).is_absolute() {
            return Err(wrong("expected a path relative to this file, or `builtin:NAME`"));
        }
        let from = self.source.layers().get(layer).map_or(Path::new(""), |layer| &layer.joined);
        if from.to_string_lossy().starts_with(builtin::PREFIX) {
            return Err(wrong("a profile extends profiles only"));
        }
        let path = from.parent().unwrap_or(Path::new("")).join(&name.value);
        let outside = repository(&self.source.path).filter(|root| !identity(&path).starts_with(root));
        match outside {
            None => Ok(path),
            Some(_) => Err(EXTENDS_OUTSIDE
                .at(name.span, format!("`{}` is outside of the repository", name.value))
                .label("expected a file that is reviewed together with this one")),
        }
    }

    /// Each file once: of a second time nobody could say what it overrides.
    fn refuse_again(&self, name: &Spanned<String>, layer: usize, identity: &Path) -> Result<(), Diagnostic> {
        if self.source.layers().len() >= LAYERS_MAX {
            let finding =
                EXTENDS_TOO_MANY.at(name.span, format!("the spec is made of more than {LAYERS_MAX} files"));
            return Err(finding.label("one too many"));
        }
        let Some(first) = self.identities.iter().position(|known| known == identity) else { return Ok(()) };
        Err(match self.source.is_above(first, layer) {
            true => EXTENDS_CYCLE
                .at(name.span, format!("`{}` extends itself", name.value))
                .label("it is one of the files that lead here"),
            false => EXTENDS_TWICE
                .at(name.span, format!("`{}` is extended twice", name.value))
                .label("another file of this spec extends it too")
                .help("keep one of them: what is extended earlier is overridden"),
        })
    }
}

fn unknown_profile(name: &Spanned<String>) -> Diagnostic {
    let finding = UNKNOWN_PROFILE.at(name.span, format!("unknown profile `{}`", name.value));
    let written = name.value.strip_prefix(builtin::PREFIX).unwrap_or(&name.value);
    let finding = match suggest::nearest(written, builtin::names(), 0) {
        Some(near) => finding.label(format!("did you mean `{}{near}`?", builtin::PREFIX)),
        None => finding,
    };
    let names = builtin::names().map(|name| format!("`{}{name}`", builtin::PREFIX));
    finding.help(format!("expected one of {}", alternatives(names)))
}

/// What tells a file from others, whether it exists or not: of one that does not, the nearest directory above that does, and
/// the rest of the path as it is written.
fn identity(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let above = path.ancestors().skip(1);
    let existing = above.map(|above| directory(&above.join("file")).canonicalize().map(|real| (above, real)));
    let Some((above, real)) = existing.flatten().next() else { return path.to_owned() };
    let rest = path.strip_prefix(above).unwrap_or(path);
    rest.components().fold(real, |mut whole, component| {
        match component {
            Component::ParentDir => drop(whole.pop()),
            Component::Normal(name) => whole.push(name),
            _ => {}
        }
        whole
    })
}
