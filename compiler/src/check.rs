//! `Policy` to findings: contradictions, and hazards that somebody should look at. One rule is one file.

mod ambiguous_rules;
mod capability_undoes_mounts;
mod cwd_not_visible;
mod execve_denied;
mod filter_too_large;
mod half_mapped;
mod host_namespace;
mod host_processes_visible;
mod host_root_mapped;
mod hostname_needs_uts;
mod impossible_rule;
mod invalid_idmap;
mod kernel_files_bound;
mod listen_alone;
mod listen_variables;
mod loopback_needs_network;
mod mapping_overlap;
mod mask_not_durable;
mod mount_under_file;
mod mount_under_mask;
mod mount_under_proc;
mod mounts_need_namespace;
mod nothing_to_protect;
mod program_not_executable;
mod program_not_visible;
mod socket_bound;
mod symlink_on_host;
mod tree;
mod user_not_mapped;
mod view_needs_namespace;
mod writable_and_executable;

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

/// A rule and how it is checked.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The class of its findings.
    pub rule: Rule,
    /// Does it look for something that is not there? What another finding has spoiled is not there either, so such a
    /// rule has nothing to say about a spec that is not whole.
    pub needs_whole: bool,
    check: fn(&Policy) -> Vec<Diagnostic>,
}

/// Every rule of this room.
pub const CHECKS: &[Check] = &[
    sees(ambiguous_rules::RULE, ambiguous_rules::check),
    sees(capability_undoes_mounts::RULE, capability_undoes_mounts::check),
    misses(cwd_not_visible::RULE, cwd_not_visible::check),
    misses(execve_denied::RULE, execve_denied::check),
    misses(filter_too_large::RULE, filter_too_large::check),
    misses(half_mapped::RULE, half_mapped::check),
    sees(host_namespace::RULE, host_namespace::check),
    misses(host_processes_visible::RULE, host_processes_visible::check),
    sees(host_root_mapped::RULE, host_root_mapped::check),
    sees(hostname_needs_uts::RULE, hostname_needs_uts::check),
    sees(impossible_rule::RULE, impossible_rule::check),
    misses(invalid_idmap::RULE, invalid_idmap::check),
    sees(kernel_files_bound::RULE, kernel_files_bound::check),
    sees(listen_alone::RULE, listen_alone::check),
    sees(listen_variables::RULE, listen_variables::check),
    sees(loopback_needs_network::RULE, loopback_needs_network::check),
    sees(mapping_overlap::RULE, mapping_overlap::check),
    sees(mask_not_durable::RULE, mask_not_durable::check),
    sees(mount_under_file::RULE, mount_under_file::check),
    sees(mount_under_mask::RULE, mount_under_mask::check),
    sees(mount_under_proc::RULE, mount_under_proc::check),
    misses(mounts_need_namespace::RULE, mounts_need_namespace::check),
    misses(nothing_to_protect::RULE, nothing_to_protect::check),
    sees(program_not_executable::RULE, program_not_executable::check),
    misses(program_not_visible::RULE, program_not_visible::check),
    sees(socket_bound::RULE, socket_bound::check),
    sees(symlink_on_host::RULE, symlink_on_host::check),
    misses(user_not_mapped::RULE, user_not_mapped::check),
    sees(view_needs_namespace::RULE, view_needs_namespace::check),
    sees(writable_and_executable::RULE, writable_and_executable::check),
];

/// Everything that the rules find; `whole` says that nothing of the spec was lost on the way to this policy.
pub fn check(policy: &Policy, whole: bool) -> Vec<Diagnostic> {
    let applies = |check: &&Check| whole || !check.needs_whole;
    CHECKS.iter().filter(applies).flat_map(|check| (check.check)(policy)).collect()
}

const fn sees(rule: Rule, check: fn(&Policy) -> Vec<Diagnostic>) -> Check {
    Check { rule, needs_whole: false, check }
}

const fn misses(rule: Rule, check: fn(&Policy) -> Vec<Diagnostic>) -> Check {
    Check { rule, needs_whole: true, check }
}
