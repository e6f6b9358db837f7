//! What only root can launch.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Namespace, Policy, User};
use crate::source::Span;

pub(super) const RULE: Rule = Rule::note("needs-root", "only root can launch this").why(
    "Interfaces that reach the host's network, idmaps, supplementary groups by name, namespaces \
        without a user namespace of one's own, and a mount namespace beside a joined user namespace are the kernel's to give to who has the capability over \
        the host (user_namespaces(7), setgroups(2), mount_setattr(2)). An ordinary user's launch fails \
        with the step, the errno and the line.\n\n\
        Nothing is wrong when root launches it; this is for who meant it for everybody.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let namespaces = &policy.namespaces;
    let mut needs: Vec<(Span, &str, String)> = Vec::new();
    needs.extend(policy.interfaces.first().map(|interface| {
        (
            interface.name.span,
            "interface",
            format!("the interface `{}` is made with rights over the host's network", interface.name.value),
        )
    }));
    needs.extend(policy.filesystem.idmaps().next().map(|idmap| {
        (idmap.span, "idmap", "an idmap is made with rights over the file system that it is of".to_owned())
    }));
    if let User::Ids { groups: Some(groups), .. } = &policy.process.user.value
        && !groups.is_empty()
        && namespaces.gid_mappings.is_empty()
    {
        needs.push((
            policy.process.user.span,
            "groups",
            "supplementary groups are chosen by root alone".to_owned(),
        ));
    }
    if namespaces.joins_user_late() {
        needs.push((
            namespaces.user.span,
            "joined",
            "a mount namespace is made before the user namespace is joined, in the host's".to_owned(),
        ));
    }
    let host = namespaces.user.value == Namespace::Host;
    let own = namespaces.all().into_iter().find(|(_, namespace)| namespace.value == Namespace::New);
    if let (true, Some((kind, _))) = (host, own) {
        needs.push((
            namespaces.user.span,
            "namespace",
            format!("a new {kind} namespace needs `CAP_SYS_ADMIN` where the user namespace is the host's"),
        ));
    }
    needs
        .into_iter()
        .map(|(span, need, message)| {
            RULE.at(span, message).evidence([Evidence::text("need", need)]).label("only root can launch this")
        })
        .collect()
}
