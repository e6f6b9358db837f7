//! What an ordinary user's manager delegates is not every controller.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{CgroupParent, Policy};
use std::collections::BTreeSet;

pub(super) const RULE: Rule =
    Rule::note("needs-cgroup-controller", "a limit needs a controller that is seldom delegated").why(
        "systemd gives a user's manager the controllers cpu, memory and pids, and no others (`Delegate=` \
        of user@.service; systemd.resource-control(5)); inside a container there may be none. A launch \
        that needs another one fails there, and says which.\n\n\
        Let the administrator add it (`Delegate=cpu cpuset io memory pids`), launch as root, or leave \
        the limit out. `boxwright doctor` tells what a machine has.",
    );

/// What systemd delegates to users by itself.
const DELEGATED: [&str; 3] = ["cpu", "memory", "pids"];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(cgroup) = &policy.cgroup else { return Vec::new() };
    if cgroup.parent.value != CgroupParent::Auto {
        return Vec::new();
    }
    let mut told = BTreeSet::new();
    let rare = cgroup.settings.iter().filter_map(|setting| {
        let controller = setting.controller.filter(|controller| !DELEGATED.contains(controller))?;
        told.insert(controller).then_some((setting, controller))
    });
    rare.map(|(setting, controller)| {
        RULE.at(setting.span, format!("`cgroup.{}` needs the controller {controller}", setting.key))
            .evidence([Evidence::text("controller", controller)])
            .label("systemd delegates cpu, memory and pids to users, and no others")
    })
    .collect()
}
