//! `Policy` to findings: contradictions, and hazards that somebody should look at. One rule is one file.

mod address_overlap;
mod ambiguous_rules;
mod burst_above_quota;
mod capability_undoes_mounts;
mod cgroup_too_small;
mod clocks_need_own_process;
mod cpu_weight_twice;
mod cwd_not_visible;
mod deadline_needs_host_user;
mod deadline_on_some_processors;
mod delegation_needs_cgroup;
mod duplicate_route;
mod execve_denied;
mod filter_too_large;
mod gateway_outside_network;
mod half_mapped;
mod host_namespace;
mod host_processes_visible;
mod host_root_mapped;
mod hostname_needs_uts;
mod impossible_rule;
mod interfaces_need_host_user;
mod interfaces_need_network;
mod invalid_idmap;
mod joined_twice;
mod joined_user_needs_ids;
mod kernel_files_bound;
mod landlock_abi;
mod landlock_below_allowed;
mod landlock_gap;
mod landlock_widens;
mod later_mounts_unprotected;
mod listen_alone;
mod listen_variables;
mod loader_listed;
mod loopback_needs_network;
mod mapping_overlap;
mod mask_not_durable;
mod memory_limits_crossed;
mod mount_under_file;
mod mount_under_mask;
mod mount_under_proc;
mod mounts_need_namespace;
mod mtu_too_small;
mod needs_kernel;
mod nothing_to_protect;
mod notify_denied;
mod notify_variables;
mod owner_not_mapped;
mod pasta_beside_interfaces;
mod pasta_beside_joined;
mod pasta_needs_namespaces;
mod program_not_executable;
mod program_not_visible;
mod real_time_without_limit;
mod socket_bound;
mod status_kept;
mod symlink_on_host;
mod timeout_needs_namespace;
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
    sees(address_overlap::RULE, address_overlap::check),
    sees(ambiguous_rules::RULE, ambiguous_rules::check),
    misses(burst_above_quota::RULE, burst_above_quota::check),
    sees(capability_undoes_mounts::RULE, capability_undoes_mounts::check),
    sees(cgroup_too_small::RULE, cgroup_too_small::check),
    sees(clocks_need_own_process::RULE, clocks_need_own_process::check),
    sees(cpu_weight_twice::RULE, cpu_weight_twice::check),
    misses(cwd_not_visible::RULE, cwd_not_visible::check),
    sees(deadline_needs_host_user::RULE, deadline_needs_host_user::check),
    sees(deadline_on_some_processors::RULE, deadline_on_some_processors::check),
    misses(delegation_needs_cgroup::RULE, delegation_needs_cgroup::check),
    sees(duplicate_route::RULE, duplicate_route::check),
    misses(execve_denied::RULE, execve_denied::check),
    misses(filter_too_large::RULE, filter_too_large::check),
    misses(gateway_outside_network::RULE, gateway_outside_network::check),
    misses(half_mapped::RULE, half_mapped::check),
    sees(host_namespace::RULE, host_namespace::check),
    misses(host_processes_visible::RULE, host_processes_visible::check),
    sees(host_root_mapped::RULE, host_root_mapped::check),
    sees(hostname_needs_uts::RULE, hostname_needs_uts::check),
    sees(impossible_rule::RULE, impossible_rule::check),
    sees(interfaces_need_host_user::RULE, interfaces_need_host_user::check),
    sees(interfaces_need_network::RULE, interfaces_need_network::check),
    misses(invalid_idmap::RULE, invalid_idmap::check),
    sees(joined_twice::RULE, joined_twice::check),
    misses(joined_user_needs_ids::RULE, joined_user_needs_ids::check),
    sees(kernel_files_bound::RULE, kernel_files_bound::check),
    sees(landlock_abi::RULE, landlock_abi::check),
    sees(landlock_below_allowed::RULE, landlock_below_allowed::check),
    sees(landlock_gap::RULE, landlock_gap::check),
    sees(landlock_widens::RULE, landlock_widens::check),
    sees(loader_listed::RULE, loader_listed::check),
    sees(later_mounts_unprotected::RULE, later_mounts_unprotected::check),
    sees(listen_alone::RULE, listen_alone::check),
    sees(listen_variables::RULE, listen_variables::check),
    sees(loopback_needs_network::RULE, loopback_needs_network::check),
    sees(mapping_overlap::RULE, mapping_overlap::check),
    sees(mask_not_durable::RULE, mask_not_durable::check),
    sees(memory_limits_crossed::RULE, memory_limits_crossed::check),
    sees(mount_under_file::RULE, mount_under_file::check),
    sees(mount_under_mask::RULE, mount_under_mask::check),
    sees(mount_under_proc::RULE, mount_under_proc::check),
    misses(mounts_need_namespace::RULE, mounts_need_namespace::check),
    sees(mtu_too_small::RULE, mtu_too_small::check),
    sees(needs_kernel::RULE, needs_kernel::check),
    misses(nothing_to_protect::RULE, nothing_to_protect::check),
    misses(notify_denied::RULE, notify_denied::check),
    sees(notify_variables::RULE, notify_variables::check),
    misses(owner_not_mapped::RULE, owner_not_mapped::check),
    sees(pasta_beside_interfaces::RULE, pasta_beside_interfaces::check),
    sees(pasta_beside_joined::RULE, pasta_beside_joined::check),
    sees(pasta_needs_namespaces::RULE, pasta_needs_namespaces::check),
    sees(program_not_executable::RULE, program_not_executable::check),
    misses(program_not_visible::RULE, program_not_visible::check),
    misses(real_time_without_limit::RULE, real_time_without_limit::check),
    sees(socket_bound::RULE, socket_bound::check),
    sees(status_kept::RULE, status_kept::check),
    sees(symlink_on_host::RULE, symlink_on_host::check),
    misses(timeout_needs_namespace::RULE, timeout_needs_namespace::check),
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
