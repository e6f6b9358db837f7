//! What the launcher itself reads, writes or joins lies nowhere that the program can change.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Handle, HostPath, Namespace, Policy, Stream};
use crate::source::Span;

pub(super) const RULE: Rule =
    Rule::error("replaceable-host-path", "the program can replace what the launcher opens").why(
        "The launcher opens files of standard streams and of namespaces by itself, with the rights of its caller. In a \
        directory that the spec binds writable, the program can put another file in such a file's place, so the next \
        launch would read or write that one: a file that was moved there, a hard link, or a named pipe. Sources of mounts may \
        lie there; the launcher follows no symbolic link to them.\n\n\
        Use a file outside of every writable bind.",
    );

/// The files that the launcher opens by itself, and where the spec names them.
pub(super) fn opened(policy: &Policy) -> impl Iterator<Item = (&HostPath, Span)> {
    let streams = policy.process.streams.iter().filter_map(|stream| match &stream.value {
        Stream::File(path) => Some((path, stream.span)),
        Stream::Inherit | Stream::Null => None,
    });
    let namespaces =
        policy.namespaces.all().into_iter().filter_map(|(_, namespace)| match &namespace.value {
            Namespace::Join(Handle::Path(path)) => Some((path, namespace.span)),
            _ => None,
        });
    streams.chain(namespaces)
}

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let replaceable = opened(policy).filter_map(|(path, span)| {
        let (grant, _) = policy.grant_above(path)?;
        let finding = RULE
            .at(span, format!("the program can replace `{path}`"))
            .label(format!("`{grant}` is bound writable"));
        Some(finding.help("use a file outside of every writable bind"))
    });
    replaceable.collect()
}
