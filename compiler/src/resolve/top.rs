//! The top level: names, and the sections in order.

use super::rules::INVALID_NAME;
use super::{
    asked, cgroup, families, filesystem, interfaces, keep, landlock, lifecycle, namespaces, process,
    requires, rlimits, seccomp,
};
use crate::diagnostic::Diagnostic;
use crate::policy::landlock::Scope;
use crate::policy::{Execution, Namespace, Policy, Terminal, User};
use crate::source::{Source, Spanned};
use crate::spec::{Leaf, Spec};

/// The most bytes of a host or domain name (`__NEW_UTS_LEN` in linux/utsname.h), and of a sandbox's name.
const NAME_MAX: usize = 64;

pub(super) fn resolve(spec: &Spec, source: &Source, findings: &mut Vec<Diagnostic>) -> Option<Policy> {
    let name = name(&spec.name, source, findings);
    let hostname = host_name("hostname", &spec.hostname, findings);
    let domainname = host_name("domainname", &spec.domainname, findings);
    let process = process::resolve(&spec.process, findings);
    let user = process.as_ref().map_or(&User::Caller, |process| &process.user.value);
    let shared = process.as_ref().filter(|process| process.terminal.value == Terminal::Inherit);
    let shared = shared.map(|process| process.terminal.span);
    let namespaces = namespaces::resolve(&spec.namespaces, findings);
    let own_mounts = namespaces.mount.value == Namespace::New;
    let notify = asked(&spec.process.notify);
    let filesystem = filesystem::resolve(&spec.filesystem, user, notify, shared, own_mounts, findings);
    let rlimits = rlimits::resolve(&spec.rlimits, findings);
    let cgroup = cgroup::resolve(spec.cgroup.as_ref(), findings);
    let interfaces = interfaces::resolve(&spec.network.interfaces, findings);
    let address_families = families::resolve(&spec.network.address_families, findings);
    let ports = |leaf, findings: &mut _| landlock::ports(leaf, findings);
    let bind_tcp = ports(&spec.network.bind_tcp, findings);
    let connect_tcp = ports(&spec.network.connect_tcp, findings);
    let landlock = landlock::resolve(&spec.landlock, &spec.requires, findings);
    let scoped = landlock.scoped.iter().any(|scope| scope.value == Scope::Signal);
    let needed = process.as_ref().is_some_and(|process| {
        process.exec.value != Execution::Any
            || process.terminal.value == Terminal::Inherit
            || process.scheduling.needs_filter()
    });
    let needed = needed || scoped;
    let sockets = [
        address_families.as_ref().map(|list| ("network.address_families", list.span, list.value.len())),
        bind_tcp.as_ref().map(|list| ("network.bind_tcp", list.span, list.value.len())),
        connect_tcp.as_ref().map(|list| ("network.connect_tcp", list.span, list.value.len())),
    ];
    let sockets: Vec<_> = sockets.into_iter().flatten().collect();
    let implied = seccomp::Implied { sockets: &sockets, needed };
    let seccomp = seccomp::resolve(&spec.seccomp, &implied, findings);
    let policy = Policy {
        name,
        hostname,
        domainname,
        process: process?,
        filesystem,
        namespaces,
        loopback: asked(&spec.network.loopback),
        interfaces,
        pasta: spec.network.user_mode.as_ref().filter(|word| word.value == "pasta").map(|word| word.span),
        address_families,
        bind_tcp,
        connect_tcp,
        landlock,
        cgroup,
        rlimits,
        seccomp,
        ending: lifecycle::resolve(&spec.lifecycle, findings),
        status_fd: spec.lifecycle.status_fd.clone(),
        oldest_kernel: requires::kernel(&spec.requires.kernel, findings),
        die_with_parent: asked(&spec.lifecycle.die_with_parent),
    };
    findings.extend(landlock::without_effect(&policy));
    Some(policy)
}

fn name(leaf: &Leaf<String>, source: &Source, findings: &mut Vec<Diagnostic>) -> Spanned<String> {
    let named = leaf.clone().unwrap_or_else(|| {
        let file = source.path.file_name().unwrap_or_default().to_string_lossy();
        let stem = file.strip_suffix(".sandbox.toml").or(file.strip_suffix(".toml")).unwrap_or(&file);
        // Standard input has no name to take over.
        Spanned::new(if stem == "-" { "sandbox".into() } else { stem.into() }, Spec::NOWHERE)
    });
    if let Err(reason) = checked_name(&named.value) {
        let finding = INVALID_NAME.at(named.span, format!("the sandbox's name {reason}"));
        findings.push(if leaf.is_some() {
            finding
        } else {
            finding.help("the name comes from the file's; write `name = \"...\"` to give it another")
        });
    }
    named
}

fn host_name(key: &str, leaf: &Leaf<String>, findings: &mut Vec<Diagnostic>) -> Leaf<String> {
    let name = leaf.clone()?;
    let checked =
        checked_name(&name.value).map_err(|reason| INVALID_NAME.at(name.span, format!("`{key}` {reason}")));
    keep(checked, findings).map(|()| name)
}

pub(super) fn checked_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        Err("is empty".into())
    } else if name.len() > NAME_MAX {
        Err(format!("has {} bytes; at most {NAME_MAX} are allowed", name.len()))
    } else if let Some(odd) =
        name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'))
    {
        Err(format!("contains `{odd}`; letters, digits, `-`, `_` and `.` are allowed"))
    } else if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        Err("does not begin with a letter or digit".into())
    } else {
        Ok(())
    }
}
