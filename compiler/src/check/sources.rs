//! What of the host a sandbox shows, for rules that know places of the host.

use super::evidence;
use super::tree;
use crate::diagnostic::Evidence;
use crate::policy::{Filesystem, Mount, MountKind, Policy, Root, Stream};
use crate::source::Span;

/// Something of the host in the sandbox.
pub(super) struct Shown<'a> {
    /// Where it is on the host, with the names of what only the launch knows.
    pub source: String,
    /// The entry of the tree; none for the file behind a standard stream.
    entry: Option<(&'a str, &'a Mount)>,
    /// Whether the program can change it.
    pub writable: bool,
    /// Where the spec asks for it.
    pub span: Span,
}

/// How a source lies to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lies {
    /// It is the place, or beneath it.
    Within,
    /// The place is beneath it.
    Above,
}

/// What begins a place in a home directory.
const HOME: &str = "~/";

/// Everything of the host that has a path of its own in the spec.
pub(super) fn shown(policy: &Policy) -> Vec<Shown<'_>> {
    let mounts = policy.filesystem.mounts.iter().flat_map(|(path, mount)| {
        let sources = match &mount.kind {
            MountKind::Bind { .. } | MountKind::Overlay { .. } => mount.kind.sources(),
            _ => &[],
        };
        // What is written to an overlay goes to memory.
        let writable = matches!(mount.kind, MountKind::Bind { writable: true, .. });
        let entry = Some((path.as_str(), mount));
        let span = mount.span;
        sources.iter().map(move |source| Shown { source: source.to_string(), entry, writable, span })
    });
    let streams = policy.process.streams.iter().enumerate().filter_map(|(number, stream)| {
        let Stream::File(source) = &stream.value else { return None };
        Some(Shown { source: source.to_string(), entry: None, writable: number > 0, span: stream.span })
    });
    let root = match &policy.filesystem.root.value {
        Root::Rootfs(path) | Root::Overlay(path) => Some(path.clone()),
        Root::Empty | Root::Host => None,
    };
    let span = policy.filesystem.root.span;
    let root = root.map(|source| Shown { source, entry: None, writable: false, span });
    mounts.chain(streams).chain(root).collect()
}

impl Shown<'_> {
    /// What a finding about it rests on: its rights, and the places beneath it that are shown through it.
    pub fn evidence<K>(&self, places: &[(&str, K)]) -> Vec<Evidence> {
        let own = match self.entry {
            Some((_, mount)) => evidence::mount(mount),
            None => vec![Evidence::text("source", &self.source), Evidence::flag("writable", self.writable)],
        };
        own.into_iter().chain(evidence::names("shows", places.iter().map(|(place, _)| *place))).collect()
    }

    /// The kind of the narrowest place of a table that it is in.
    pub fn within<K: Copy>(&self, table: &[(&str, K)]) -> Option<K> {
        let around = table.iter().filter(|(place, _)| self.lies(place) == Some(Lies::Within));
        around.max_by_key(|(place, _)| place.len()).map(|&(_, kind)| kind)
    }

    /// The places of a table that are beneath it and seen through it.
    pub fn beneath<'t, K: Copy>(&self, table: &[(&'t str, K)], filesystem: &Filesystem) -> Vec<(&'t str, K)> {
        let beneath = |place| self.lies(place) == Some(Lies::Above) && !self.is_covered(filesystem, place);
        table.iter().copied().filter(|(place, _)| beneath(*place)).collect()
    }

    /// How it lies to a place: an absolute path, or one that begins with `~/` and is in whatever home directory; `*` is any one
    /// name. A place in a home directory that has a name of its own is known by that wherever it is.
    pub fn lies(&self, place: &str) -> Option<Lies> {
        let source = canonical(&self.source);
        let Some(place) = place.strip_prefix(HOME) else { return related(&source, place) };
        let in_home = within_home(&source).and_then(|rest| related(rest, place));
        in_home.or_else(|| {
            let anywhere = place.starts_with('.') && contains(&source, place);
            let homes = ["/", "/home", "/var/home"].contains(&source.as_str());
            if anywhere { Some(Lies::Within) } else { homes.then_some(Lies::Above) }
        })
    }

    /// Whether a place beneath it has another entry of the tree over it, so that it is not seen through this one.
    pub fn is_covered(&self, filesystem: &Filesystem, place: &str) -> bool {
        let Some((destination, mount)) = self.entry else { return false };
        let source = canonical(&self.source);
        let rest = match place.strip_prefix(HOME) {
            None => place.strip_prefix(source.trim_end_matches('/')),
            Some(place) => within_home(&source).and_then(|rest| match rest {
                "" => Some(place),
                rest => place.strip_prefix(rest).map(|place| place.trim_start_matches('/')),
            }),
        };
        let Some(rest) = rest else { return false };
        // Beneath a name that may be any the tree is not known.
        let known = rest.split("/*").next().unwrap_or_default().trim_start_matches('/');
        let inside = format!("{}/{known}", destination.trim_end_matches('/'));
        // An optional one does not stand over what the program makes itself.
        let counts = |other: &Mount| !(self.writable && other.kind.is_optional());
        let covering = tree::covering(filesystem, &inside);
        covering.is_some_and(|(_, other)| !std::ptr::eq(other, mount) && counts(other))
    }
}

/// The same place by the path that systems have had for it since it was moved.
fn canonical(source: &str) -> String {
    match source.strip_prefix("/var/run") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/run{rest}"),
        _ => source.to_owned(),
    }
}

/// Of a path in a home directory, or of one itself, the rest.
fn within_home(source: &str) -> Option<&str> {
    let whole = |rest: &'_ str| rest.is_empty() || rest.starts_with('/');
    let named =
        ["/root", "${run.home}"].iter().find_map(|home| source.strip_prefix(home).filter(|rest| whole(rest)));
    let rest = named.or_else(|| {
        let below = ["/home/", "/var/home/"].iter().find_map(|homes| source.strip_prefix(homes))?;
        Some(below.find('/').map_or("", |slash| below.get(slash..).unwrap_or_default()))
    })?;
    Some(rest.trim_start_matches('/'))
}

fn names(path: &str) -> impl Iterator<Item = &str> + Clone {
    path.split('/').filter(|name| !name.is_empty())
}

/// Two paths from the same directory.
fn related(source: &str, place: &str) -> Option<Lies> {
    let (mut source, mut place) = (names(source), names(place));
    loop {
        match (source.next(), place.next()) {
            (_, None) => return Some(Lies::Within),
            (None, Some(_)) => return Some(Lies::Above),
            (Some(name), Some(pattern)) if matches(name, pattern) => {}
            _ => return None,
        }
    }
}

fn contains(source: &str, place: &str) -> bool {
    let source: Vec<&str> = names(source).collect();
    let place: Vec<&str> = names(place).collect();
    source
        .windows(place.len())
        .any(|part| part.iter().zip(&place).all(|(name, pattern)| matches(name, pattern)))
}

/// One name and a pattern, with `*` for any text at its start, at its end or alone; a value of the launch can be any text.
pub(super) fn matches(name: &str, pattern: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (None, None) => name == pattern,
    }
}

/// The first of some places, and how many there are besides.
pub(super) fn and_more<K>(places: &[(&str, K)]) -> String {
    match places {
        [] => String::new(),
        [(place, _)] => format!("`{place}`"),
        [(place, _), more @ ..] => format!("`{place}` and {} more like it", more.len()),
    }
}
