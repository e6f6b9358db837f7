//! Evidence that several rules declare: everything about a mount or about rules on system calls that can widen.

use crate::diagnostic::Evidence;
use crate::policy::{IdMap, Mount, MountKind, Ownership, Policy, Propagation};

/// What a mount grants: its kind, its source and its rights.
pub(super) fn mount(mount: &Mount) -> Vec<Evidence> {
    let source = |source: &dyn std::fmt::Display| Evidence::text("source", source);
    let rights = |writable: bool, executable: bool| {
        [Evidence::flag("writable", writable), Evidence::flag("executable", executable)]
    };
    let mut evidence = Vec::new();
    match &mount.kind {
        MountKind::Bind { source: path, writable, executable, propagation, idmap, .. } => {
            evidence.push(source(path));
            evidence.extend(rights(*writable, *executable));
            if *propagation == Propagation::Slave {
                evidence.push(Evidence::text("propagation", "slave"));
            }
            evidence.extend(idmap.iter().flat_map(|idmap| mapped(&idmap.value)));
        }
        MountKind::Overlay { lower, writable, executable } => {
            // Their order decides what is seen.
            let layers: Vec<String> = lower.iter().map(ToString::to_string).collect();
            evidence.push(Evidence::text("lower", layers.join(":")));
            evidence.extend(rights(*writable, *executable));
        }
        // Its size, mode and owner give nothing of the host.
        MountKind::Tmpfs { executable, .. } => {
            evidence.push(Evidence::text("kind", "tmpfs"));
            evidence.push(Evidence::flag("executable", *executable));
        }
        MountKind::Directory { mode, owner } => {
            evidence.push(Evidence::text("kind", "directory"));
            evidence.push(Evidence::text("mode", format!("{mode:#o}")));
            evidence.extend(owned(owner));
        }
        MountKind::Symlink { target } => evidence.push(Evidence::text("target", target)),
        MountKind::Text { mode, .. } => {
            evidence.push(Evidence::text("kind", "text"));
            evidence.push(Evidence::text("mode", format!("{mode:#o}")));
        }
        MountKind::Device { source: path, number, .. } => {
            evidence.extend([source(path), Evidence::text("kind", "device")]);
            evidence
                .extend(number.map(|(major, minor)| Evidence::text("device", format!("{major}:{minor}"))));
        }
        MountKind::Socket { source: path, .. } => {
            evidence.extend([source(path), Evidence::text("kind", "socket")]);
        }
        MountKind::Mask { .. } => evidence.push(Evidence::text("kind", "mask")),
        MountKind::Seal { .. } => evidence.push(Evidence::text("kind", "seal")),
        MountKind::Proc { subset } => {
            evidence.extend([Evidence::text("kind", "proc"), Evidence::flag("subset", *subset)]);
        }
        MountKind::View(view) => evidence.push(Evidence::text("kind", format!("{view:?}").to_lowercase())),
        MountKind::Terminals => evidence.push(Evidence::text("kind", "terminals")),
    }
    evidence
}

fn mapped(idmap: &IdMap) -> Vec<Evidence> {
    let maps = [("uid", &idmap.uid), ("gid", &idmap.gid)];
    let all = maps.into_iter().flat_map(|(name, maps)| maps.iter().map(move |map| (name, map.value)));
    all.map(|(name, map)| Evidence::text(name, format!("{} {} {}", map.container_id, map.host_id, map.size)))
        .collect()
}

fn owned(owner: &Ownership) -> Option<Evidence> {
    match owner {
        Ownership::Builder => None,
        Ownership::Program { uid, gid, .. } => {
            let id = |id: Option<u32>| id.map_or_else(|| "program".to_owned(), |id| id.to_string());
            let (uid, gid) = (uid.as_ref().map(|id| id.value), gid.as_ref().map(|id| id.value));
            Some(Evidence::text("owner", format!("{}:{}", id(uid), id(gid))))
        }
    }
}

/// What the spec says of these system calls, with the arguments that each rule is about, and what holds otherwise.
pub(super) fn calls(policy: &Policy, names: &[&str]) -> Vec<Evidence> {
    let Some(seccomp) = &policy.seccomp else { return Vec::new() };
    let default = Evidence::text("default", format!("{:?}", seccomp.default_action.value).to_lowercase());
    let rules = seccomp.rules.iter().filter(|rule| names.contains(&rule.name));
    let rules = rules.map(|rule| {
        let action = format!("{:?}", rule.action).to_lowercase();
        let conditions = rule.conditions.iter();
        let mut conditions: Vec<String> = conditions
            .map(|(argument, operator)| format!("arg{argument} {}", format!("{operator:?}").to_lowercase()))
            .collect();
        conditions.sort();
        let of = if conditions.is_empty() { "" } else { " if " };
        Evidence::text("rule", format!("{} {action}{of}{}", rule.name, conditions.join(" and ")))
    });
    rules.chain([default]).collect()
}

/// Names, each as one value.
pub(super) fn names<'a>(
    name: &'static str,
    values: impl IntoIterator<Item = &'a (impl std::fmt::Display + ?Sized + 'a)>,
) -> Vec<Evidence> {
    values.into_iter().map(|value| Evidence::text(name, value)).collect()
}
