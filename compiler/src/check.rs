//! `Policy` to findings: contradictions, and hazards that somebody should look at. One rule is one file.

mod address_overlap;
mod ambiguous_rules;
mod broad_capability;
mod burst_above_quota;
mod calls;
mod capability_not_over_host;
mod capability_undoes_mounts;
mod cgroup_too_small;
mod clocks_need_own_process;
mod clone3_overridden;
mod clone3_unfiltered;
mod cpu_weight_twice;
mod credentials_visible;
mod cwd_not_visible;
mod deadline_needs_host_user;
mod deadline_on_some_processors;
mod delegation_needs_cgroup;
mod delegation_unlimited;
mod denylist_seccomp;
mod docker_socket;
mod duplicate_route;
mod env_secret;
mod evidence;
mod execve_denied;
mod filter_too_large;
mod gateway_outside_network;
mod half_mapped;
mod hidden_mount;
mod home_visible;
mod host_namespace;
mod host_network;
mod host_pid;
mod host_processes_visible;
mod host_root_mapped;
mod host_sockets_reachable;
mod hostname_needs_uts;
mod impossible_rule;
mod interfaces_need_host_user;
mod interfaces_need_network;
mod invalid_idmap;
mod io_uring_allowed;
mod joined_twice;
mod joined_user_needs_ids;
mod kernel_interface_visible;
mod landlock_below_allowed;
mod landlock_gap;
mod landlock_hides_mount;
mod landlock_widens;
mod later_mounts_unprotected;
mod leftover_processes;
mod limit_above_parent;
mod listen_alone;
mod listen_variables;
mod listen_without_keep_fds;
mod literal_pattern;
mod loader_listed;
mod loopback_needs_network;
mod mapping_overlap;
mod mask_not_durable;
mod memory_limits_crossed;
mod mount_under_file;
mod mount_under_proc;
mod mounts_need_namespace;
mod mtu_too_small;
mod needs_cgroup_controller;
mod needs_kernel;
mod needs_landlock_abi;
mod needs_root;
mod no_landlock;
mod no_memory_limit;
mod no_pids_limit;
mod nothing_to_protect;
mod notify_denied;
mod notify_variables;
mod owner_not_mapped;
mod pasta_beside_interfaces;
mod pasta_beside_joined;
mod pasta_needs_namespaces;
mod port_without_capability;
mod program_not_executable;
mod program_not_visible;
mod ptrace_allowed;
mod real_time_without_limit;
mod replaceable_host_path;
mod repository_beneath;
mod repository_writable;
mod seccomp_kills_libc;
mod socket_bound;
mod sources;
mod status_kept;
mod symlink_on_host;
mod synonym_allowed;
mod timeout_needs_namespace;
mod tiocsti_allowed;
mod tree;
mod trusted_path_writable;
mod unknown_landlock_abi;
mod unprotected_host_path;
mod unprotected_init;
mod unreachable_listener;
mod unreachable_path;
mod user_not_mapped;
mod userns_allowed;
mod view_needs_namespace;
mod writable_and_exec;

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::seccomp::Meaning;

/// A rule and how it is checked.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The class of its findings.
    pub rule: Rule,
    /// Does it look for something that is not there? What another finding has spoiled is not there either, so such a
    /// rule has nothing to say about a spec that is not whole.
    pub needs_whole: bool,
    look: Look,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
enum Look {
    /// The policy alone.
    Policy(fn(&Policy) -> Vec<Diagnostic>),
    /// What its filter means too, so that there has to be one.
    Filter(fn(&Policy, &Meaning) -> Vec<Diagnostic>),
}

/// Every rule of this room.
pub const CHECKS: &[Check] = &[
    sees(address_overlap::RULE, address_overlap::check),
    Check { needs_whole: false, ..asks(ambiguous_rules::RULE, ambiguous_rules::check) },
    sees(broad_capability::RULE, broad_capability::check),
    misses(burst_above_quota::RULE, burst_above_quota::check),
    sees(capability_not_over_host::RULE, capability_not_over_host::check),
    sees(capability_undoes_mounts::RULE, capability_undoes_mounts::check),
    sees(cgroup_too_small::RULE, cgroup_too_small::check),
    sees(clocks_need_own_process::RULE, clocks_need_own_process::check),
    asks(clone3_overridden::RULE, clone3_overridden::check),
    asks(clone3_unfiltered::RULE, clone3_unfiltered::check),
    sees(cpu_weight_twice::RULE, cpu_weight_twice::check),
    sees(credentials_visible::RULE, credentials_visible::check),
    misses(cwd_not_visible::RULE, cwd_not_visible::check),
    sees(deadline_needs_host_user::RULE, deadline_needs_host_user::check),
    sees(deadline_on_some_processors::RULE, deadline_on_some_processors::check),
    misses(delegation_needs_cgroup::RULE, delegation_needs_cgroup::check),
    misses(delegation_unlimited::RULE, delegation_unlimited::check),
    asks(denylist_seccomp::RULE, denylist_seccomp::check),
    sees(docker_socket::RULE, docker_socket::check),
    sees(duplicate_route::RULE, duplicate_route::check),
    sees(env_secret::RULE, env_secret::check),
    asks(execve_denied::RULE, execve_denied::check),
    asks(filter_too_large::RULE, filter_too_large::check),
    misses(gateway_outside_network::RULE, gateway_outside_network::check),
    misses(half_mapped::RULE, half_mapped::check),
    sees(hidden_mount::RULE, hidden_mount::check),
    misses(home_visible::RULE, home_visible::check),
    sees(host_namespace::RULE, host_namespace::check),
    sees(host_network::RULE, host_network::check),
    sees(host_pid::RULE, host_pid::check),
    misses(host_processes_visible::RULE, host_processes_visible::check),
    sees(host_root_mapped::RULE, host_root_mapped::check),
    sees(host_sockets_reachable::RULE, host_sockets_reachable::check),
    sees(hostname_needs_uts::RULE, hostname_needs_uts::check),
    sees(impossible_rule::RULE, impossible_rule::check),
    sees(interfaces_need_host_user::RULE, interfaces_need_host_user::check),
    sees(interfaces_need_network::RULE, interfaces_need_network::check),
    misses(invalid_idmap::RULE, invalid_idmap::check),
    asks(io_uring_allowed::RULE, io_uring_allowed::check),
    sees(joined_twice::RULE, joined_twice::check),
    misses(joined_user_needs_ids::RULE, joined_user_needs_ids::check),
    sees(kernel_interface_visible::RULE, kernel_interface_visible::check),
    sees(landlock_below_allowed::RULE, landlock_below_allowed::check),
    sees(landlock_gap::RULE, landlock_gap::check),
    sees(landlock_hides_mount::RULE, landlock_hides_mount::check),
    sees(landlock_widens::RULE, landlock_widens::check),
    sees(later_mounts_unprotected::RULE, later_mounts_unprotected::check),
    sees(leftover_processes::RULE, leftover_processes::check),
    sees(limit_above_parent::RULE, limit_above_parent::check),
    sees(listen_alone::RULE, listen_alone::check),
    sees(listen_variables::RULE, listen_variables::check),
    misses(listen_without_keep_fds::RULE, listen_without_keep_fds::check),
    sees(literal_pattern::RULE, literal_pattern::check),
    sees(loader_listed::RULE, loader_listed::check),
    sees(loopback_needs_network::RULE, loopback_needs_network::check),
    sees(mapping_overlap::RULE, mapping_overlap::check),
    sees(mask_not_durable::RULE, mask_not_durable::check),
    sees(memory_limits_crossed::RULE, memory_limits_crossed::check),
    sees(mount_under_file::RULE, mount_under_file::check),
    sees(mount_under_proc::RULE, mount_under_proc::check),
    misses(mounts_need_namespace::RULE, mounts_need_namespace::check),
    sees(mtu_too_small::RULE, mtu_too_small::check),
    sees(needs_cgroup_controller::RULE, needs_cgroup_controller::check),
    sees(needs_kernel::RULE, needs_kernel::check),
    sees(needs_landlock_abi::RULE, needs_landlock_abi::check),
    sees(needs_root::RULE, needs_root::check),
    misses(no_landlock::RULE, no_landlock::check),
    misses(no_memory_limit::RULE, no_memory_limit::check),
    misses(no_pids_limit::RULE, no_pids_limit::check),
    misses(nothing_to_protect::RULE, nothing_to_protect::check),
    asks(notify_denied::RULE, notify_denied::check),
    sees(notify_variables::RULE, notify_variables::check),
    misses(owner_not_mapped::RULE, owner_not_mapped::check),
    sees(pasta_beside_interfaces::RULE, pasta_beside_interfaces::check),
    sees(pasta_beside_joined::RULE, pasta_beside_joined::check),
    sees(pasta_needs_namespaces::RULE, pasta_needs_namespaces::check),
    misses(port_without_capability::RULE, port_without_capability::check),
    sees(program_not_executable::RULE, program_not_executable::check),
    misses(program_not_visible::RULE, program_not_visible::check),
    asks(ptrace_allowed::RULE, ptrace_allowed::check),
    misses(real_time_without_limit::RULE, real_time_without_limit::check),
    sees(replaceable_host_path::RULE, replaceable_host_path::check),
    sees(repository_beneath::RULE, repository_beneath::check),
    sees(repository_writable::RULE, repository_writable::check),
    asks(seccomp_kills_libc::RULE, seccomp_kills_libc::check),
    sees(socket_bound::RULE, socket_bound::check),
    sees(status_kept::RULE, status_kept::check),
    sees(symlink_on_host::RULE, symlink_on_host::check),
    asks(synonym_allowed::RULE, synonym_allowed::check),
    misses(timeout_needs_namespace::RULE, timeout_needs_namespace::check),
    asks(tiocsti_allowed::RULE, tiocsti_allowed::check),
    sees(trusted_path_writable::RULE, trusted_path_writable::check),
    sees(unknown_landlock_abi::RULE, unknown_landlock_abi::check),
    sees(unprotected_host_path::RULE, unprotected_host_path::check),
    misses(unprotected_init::RULE, unprotected_init::check),
    misses(unreachable_listener::RULE, unreachable_listener::check),
    misses(unreachable_path::RULE, unreachable_path::check),
    misses(user_not_mapped::RULE, user_not_mapped::check),
    asks(userns_allowed::RULE, userns_allowed::check),
    sees(view_needs_namespace::RULE, view_needs_namespace::check),
    sees(writable_and_exec::RULE, writable_and_exec::check),
];

/// Everything that the rules find; `whole` says that nothing of the spec was lost on the way to this policy.
pub fn check(policy: &Policy, filter: Option<&Meaning>, whole: bool) -> Vec<Diagnostic> {
    let applies = |check: &&Check| whole || !check.needs_whole;
    let found = |check: &Check| match (check.look, filter) {
        (Look::Policy(look), _) => look(policy),
        (Look::Filter(look), Some(filter)) => look(policy, filter),
        (Look::Filter(_), None) => Vec::new(),
    };
    CHECKS.iter().filter(applies).flat_map(found).collect()
}

const fn sees(rule: Rule, look: fn(&Policy) -> Vec<Diagnostic>) -> Check {
    Check { rule, needs_whole: false, look: Look::Policy(look) }
}

const fn misses(rule: Rule, look: fn(&Policy) -> Vec<Diagnostic>) -> Check {
    Check { rule, needs_whole: true, look: Look::Policy(look) }
}

const fn asks(rule: Rule, look: fn(&Policy, &Meaning) -> Vec<Diagnostic>) -> Check {
    Check { rule, needs_whole: true, look: Look::Filter(look) }
}
