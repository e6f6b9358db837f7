//! `[landlock]`, what `[requires]` says of it, and the lists of ports.

use super::rules::WITHOUT_EFFECT;
use super::{at_most, each_once, keep, paths, word};
use crate::diagnostic::{Diagnostic, Evidence};
use crate::policy::landlock::{Access, Feature, LogFlag, PathBeneath, Scope, Start};
use crate::policy::{Filesystem, Landlock, Policy};
use crate::source::Spanned;
use crate::spec::{self, Leaf};

const STARTS: [(&str, Start); 2] = [("mounts", Start::Mounts), ("everything", Start::Everything)];

const SCOPES: [(&str, Scope); 2] =
    [("abstract_unix_socket", Scope::AbstractUnixSocket), ("signal", Scope::Signal)];

const LOG: [(&str, LogFlag); 3] = [
    ("same_exec_off", LogFlag::SameExecOff),
    ("new_exec_on", LogFlag::NewExecOn),
    ("subdomains_off", LogFlag::SubdomainsOff),
];

pub(super) fn resolve(
    section: &spec::Landlock,
    requires: &spec::Requires,
    findings: &mut Vec<Diagnostic>,
) -> Landlock {
    let optional = each_once(&requires.optional, "`requires.optional`", findings);
    let feature = |name: &str| Feature::ALL.into_iter().find(|feature| feature.key() == name);
    Landlock {
        filesystem: word(&section.filesystem, &STARTS, Start::Mounts),
        path_beneath: path_beneath(&section.path_beneath, findings),
        scoped: meanings(&each_once(&section.scoped, "`landlock.scoped`", findings), &SCOPES),
        log: meanings(&each_once(&section.log, "`landlock.log`", findings), &LOG),
        abi: requires.landlock_abi.clone(),
        optional: optional
            .iter()
            .filter_map(|name| Some(Spanned::new(feature(&name.value)?, name.span)))
            .collect(),
    }
}

/// Ports, ascending.
pub(super) fn ports(
    leaf: &Leaf<Vec<Spanned<u32>>>,
    findings: &mut Vec<Diagnostic>,
) -> Option<Spanned<Vec<u16>>> {
    let leaf = leaf.as_ref()?;
    let ports = each_once(&leaf.value, "the list of ports", findings);
    let ports = ports.iter().filter_map(|port| u16::try_from(port.value).ok());
    Some(Spanned::new(ports.collect(), leaf.span))
}

/// What is written and changes nothing.
pub(super) fn without_effect(policy: &Policy) -> Vec<Diagnostic> {
    let needs = policy.landlock_needs();
    let unused = |optional: &&Spanned<Feature>| match optional.value {
        Feature::Cgroup => policy.cgroup.is_none(),
        feature => !needs.iter().any(|need| need.feature == feature),
    };
    let unused = policy.landlock.optional.iter().filter(unused).map(|optional| {
        WITHOUT_EFFECT
            .at(optional.span, format!("nothing asks for `{}`", optional.value.key()))
            .evidence([Evidence::text("feature", optional.value.key())])
            .label("it cannot be missing")
    });
    let log = policy.landlock.log.first().filter(|_| !policy.has_ruleset()).map(|flag| {
        WITHOUT_EFFECT
            .at(flag.span, "`landlock.log` changes nothing: Landlock restricts nothing here")
            .evidence([])
            .label("there is nothing to log")
    });
    unused.chain(log).collect()
}

fn path_beneath(entries: &[spec::PathBeneath], findings: &mut Vec<Diagnostic>) -> Vec<PathBeneath> {
    let places: Vec<Spanned<&spec::PathBeneath>> =
        entries.iter().map(|entry| Spanned::new(entry, entry.path.span)).collect();
    let kept = at_most(Filesystem::ENTRIES_MAX, &places, "`landlock.path_beneath`", findings).len();
    let entries = entries.get(..kept).unwrap_or_default();
    let written: Vec<Spanned<String>> =
        entries.iter().filter_map(|entry| keep(paths::absolute(&entry.path), findings)).collect();
    let places = each_once(&written, "`landlock.path_beneath`", findings);
    let entry = |place: &Spanned<String>| {
        let entry = entries.iter().find(|entry| entry.path.span == place.span)?;
        let names = each_once(&entry.allowed_access.value, "`allowed_access`", findings);
        let allowed = names.iter().filter_map(|name| Access::named(&name.value));
        Some(PathBeneath {
            path: place.clone(),
            allowed: allowed.fold(Access::NONE, |rights, right| rights | right),
        })
    };
    places.iter().filter_map(entry).collect()
}

fn meanings<T: Copy>(names: &[Spanned<String>], meanings: &[(&str, T)]) -> Vec<Spanned<T>> {
    let meaning = |name: &Spanned<String>| {
        let (_, meaning) = meanings.iter().find(|(known, _)| *known == name.value)?;
        Some(Spanned::new(*meaning, name.span))
    };
    names.iter().filter_map(meaning).collect()
}
