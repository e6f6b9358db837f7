//! `[namespaces]`: whose they are or where they are found, id mappings and clock offsets.

use super::rules::{INVALID_AMOUNT, INVALID_MAPPING};
use super::{keep, paths, units};
use crate::diagnostic::Diagnostic;
use crate::policy::{ClockOffset, Handle, IdMapping, Namespace, Namespaces};
use crate::source::{Span, Spanned};
use crate::spec::{self, Leaf, Spec, TimeNamespace, UserNamespace};

/// Half of `KTIME_SEC_MAX` (linux/ktime.h), beyond which the kernel refuses a clock.
const OFFSET_MAX: u128 = 4_611_686_018;

const CLOCK_MONOTONIC: u32 = 1;
const CLOCK_BOOTTIME: u32 = 7;

pub(super) fn resolve(namespaces: &spec::Namespaces, findings: &mut Vec<Diagnostic>) -> Namespaces {
    let mut plain = |leaf: &Leaf<spec::Namespace>| {
        let written = leaf.as_ref().map(|leaf| plain(&leaf.value, findings));
        Spanned::new(written.unwrap_or(Namespace::New), place(leaf))
    };
    let [mount, uts, ipc, pid, network, cgroup] = [
        &namespaces.mount,
        &namespaces.uts,
        &namespaces.ipc,
        &namespaces.pid,
        &namespaces.network,
        &namespaces.cgroup,
    ]
    .map(&mut plain);
    let (user, uid_mappings, gid_mappings) = user(&namespaces.user, findings);
    let (time, clock_offsets) = time(&namespaces.time, findings);
    Namespaces {
        mount,
        uts,
        ipc,
        pid,
        network,
        user,
        cgroup,
        time,
        uid_mappings,
        gid_mappings,
        clock_offsets,
    }
}

/// A word that the parser has refused stands for the default.
fn plain(written: &spec::Namespace, findings: &mut Vec<Diagnostic>) -> Namespace {
    match written {
        spec::Namespace::Word(word) if word == "host" => Namespace::Host,
        spec::Namespace::Word(_) => Namespace::New,
        spec::Namespace::Path(path) => Namespace::Join(Handle::Path(paths::of_host(path, findings))),
        spec::Namespace::Descriptor(descriptor) => Namespace::Join(Handle::Descriptor(*descriptor)),
    }
}

fn place<T>(leaf: &Leaf<T>) -> Span {
    leaf.as_ref().map_or(Spec::NOWHERE, |leaf| leaf.span)
}

type Mappings = Vec<Spanned<IdMapping>>;

fn user(
    leaf: &Leaf<UserNamespace>,
    findings: &mut Vec<Diagnostic>,
) -> (Spanned<Namespace>, Mappings, Mappings) {
    let (namespace, uid, gid) = match leaf.as_ref().map(|leaf| &leaf.value) {
        None => (Namespace::New, Vec::new(), Vec::new()),
        Some(UserNamespace::Plain(written)) => (plain(written, findings), Vec::new(), Vec::new()),
        Some(UserNamespace::Mappings { uid, gid }) => {
            (Namespace::New, mappings(uid, findings), mappings(gid, findings))
        }
    };
    (Spanned::new(namespace, place(leaf)), uid, gid)
}

pub(super) fn mappings(written: &[Spanned<spec::IdMapping>], findings: &mut Vec<Diagnostic>) -> Mappings {
    let most = IdMapping::LINES_MAX;
    if let Some(excess) = written.get(most) {
        findings.push(
            INVALID_MAPPING
                .at(excess.span, format!("more than {most} mappings"))
                .label("the kernel takes no more"),
        );
    }
    let mappings: Mappings =
        written.iter().filter_map(|mapping| keep(id_mapping(mapping), findings)).collect();
    let text = IdMapping::text(mappings.iter().map(|mapping| &mapping.value));
    if let Some(last) = mappings.last().filter(|_| text.len() > IdMapping::TEXT_MAX) {
        findings.push(
            INVALID_MAPPING
                .at(last.span, format!("the map is a text of {} bytes", text.len()))
                .label(format!("the kernel takes at most {}", IdMapping::TEXT_MAX)),
        );
    }
    mappings
}

fn id_mapping(mapping: &Spanned<spec::IdMapping>) -> Result<Spanned<IdMapping>, Diagnostic> {
    let spec::IdMapping { container_id, host_id, size } = &mapping.value;
    for (name, first) in [("container_id", container_id), ("host_id", host_id)] {
        // 2^32 - 1 is no id: system calls take it for "unchanged".
        if first.value.checked_add(size.value).is_none() {
            return Err(INVALID_MAPPING
                .at(
                    size.span,
                    format!("{} ids from `{name}` {} on are more than there are", size.value, first.value),
                )
                .label(format!("expected at most {}", u32::MAX - first.value))
                .and(first.span, "the first id"));
        }
    }
    let resolved = IdMapping { container_id: container_id.value, host_id: host_id.value, size: size.value };
    Ok(Spanned::new(resolved, mapping.span))
}

fn time(
    leaf: &Leaf<TimeNamespace>,
    findings: &mut Vec<Diagnostic>,
) -> (Spanned<Namespace>, Vec<Spanned<ClockOffset>>) {
    let (namespace, offsets) = match leaf.as_ref().map(|leaf| &leaf.value) {
        None => (Namespace::New, Vec::new()),
        Some(TimeNamespace::Plain(written)) => (plain(written, findings), Vec::new()),
        Some(TimeNamespace::Offsets { monotonic, boottime }) => {
            let clocks = [(CLOCK_MONOTONIC, monotonic), (CLOCK_BOOTTIME, boottime)];
            let offset = |(clock, leaf): (u32, &Leaf<String>)| keep(offset(clock, leaf.as_ref()?), findings);
            (Namespace::New, clocks.into_iter().filter_map(offset).collect())
        }
    };
    (Spanned::new(namespace, place(leaf)), offsets)
}

/// The kernel wants the nanoseconds of a negative offset counted upwards from its whole seconds.
fn offset(clock: u32, text: &Spanned<String>) -> Result<Spanned<ClockOffset>, Diagnostic> {
    let invalid =
        |reason: &str| INVALID_AMOUNT.at(text.span, format!("clock offset `{}` {reason}", text.value));
    let (negative, length) = match text.value.strip_prefix('-') {
        Some(length) => (true, length),
        None => (false, text.value.as_str()),
    };
    let nanoseconds =
        units::duration(length).map_err(|misread| invalid(&misread.reason).help(misread.help))?;
    let (whole, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    let (Ok(seconds), Ok(nanoseconds), true) =
        (i64::try_from(whole), u32::try_from(rest), whole < OFFSET_MAX)
    else {
        return Err(invalid("is out of range").label("expected less than 146 years"));
    };
    let offset = match (negative, nanoseconds) {
        (false, _) => ClockOffset { clock, seconds, nanoseconds },
        (true, 0) => ClockOffset { clock, seconds: -seconds, nanoseconds: 0 },
        (true, _) => ClockOffset { clock, seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds },
    };
    Ok(Spanned::new(offset, text.span))
}

#[cfg(test)]
mod tests {
    use super::{CLOCK_BOOTTIME, CLOCK_MONOTONIC, offset};
    use crate::source::{Span, Spanned};

    #[test]
    fn clocks_are_the_systems() {
        assert_eq!(u32::try_from(nix::libc::CLOCK_MONOTONIC), Ok(CLOCK_MONOTONIC));
        assert_eq!(u32::try_from(nix::libc::CLOCK_BOOTTIME), Ok(CLOCK_BOOTTIME));
    }

    #[test]
    fn negative_offsets_count_nanoseconds_upwards() {
        let read = |text: &str| {
            let text = Spanned::new(text.to_owned(), Span::default());
            offset(7, &text).ok().map(|offset| (offset.value.seconds, offset.value.nanoseconds))
        };
        assert_eq!(read("1500ms"), Some((1, 500_000_000)));
        assert_eq!(read("-1h"), Some((-3600, 0)));
        assert_eq!(read("-1500ms"), Some((-2, 500_000_000)));
        assert_eq!(read("--1h"), None);
        assert_eq!(read("-"), None);
        assert_eq!(read("60000d"), None);
    }
}
