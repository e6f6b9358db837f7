//! Rules that follow from other parts of a spec, which would be false promises without them.

use super::merge::Origin;
use super::request::{Asked, Source};
use super::rule::Operator;
use super::verdict::Verdict;
use crate::policy::landlock::{Access, Scope};
use crate::policy::{Execution, Namespace, Policy, RuleSource, Terminal};

/// Every rule that follows from a key outside of `[seccomp]`, whose origin is added to the others; all of them refuse
/// something.
pub fn implied(policy: &Policy, origins: &mut Vec<Origin>) -> Vec<Asked> {
    let mut origin = |key, span| {
        origins.push(Origin { source: RuleSource::Implied(key), span });
        origins.len() - 1
    };
    let mut rules = vec![];
    let network = &policy.namespaces.network;
    if let Some(families) = &policy.address_families {
        rules.extend(address_families(&families.value, origin("network.address_families", families.span)));
    } else if network.value != Namespace::Host {
        rules.extend(families_of_the_host(origin("namespaces.network", network.span)));
    }
    for (key, ports) in [("network.bind_tcp", &policy.bind_tcp), ("network.connect_tcp", &policy.connect_tcp)]
    {
        if let Some(ports) = ports {
            rules.extend(only_tcp(origin(key, ports.span)));
        }
    }
    let scoped = policy.landlock.scoped.iter().find(|scope| scope.value == Scope::Signal);
    if let Some(scope) = scoped {
        rules.extend(signals_by_descriptor(origin("landlock.scoped", scope.span)));
    }
    let places = policy.landlock_files().rules();
    if !places.is_empty() && places.values().all(|rule| (rule.rights & Access::MAKE_NODES).is_none()) {
        rules.extend(whiteouts(origin("landlock.filesystem", policy.landlock.filesystem.span)));
    }
    if let Execution::Listed(_) = policy.process.exec.value {
        rules.extend(files_nowhere(origin("process.exec", policy.process.exec.span)));
    }
    let terminal = &policy.process.terminal;
    if terminal.value == Terminal::Inherit {
        rules.extend(shared_terminal(origin("process.terminal", terminal.span)));
    }
    let pid = &policy.namespaces.pid;
    if pid.value == Namespace::New {
        let shares_session = terminal.value == Terminal::Inherit;
        rules.extend(first_process(shares_session, origin("namespaces.pid", pid.span)));
    }
    let scheduling = &policy.process.scheduling;
    if let Some(cpus) = &scheduling.cpu_affinity {
        rules.push(refused("sched_setaffinity", origin("process.cpu_affinity", cpus.span)));
    }
    if let Some(priority) = &scheduling.io_priority {
        let origin = origin("process.io_priority", priority.span);
        rules.push(refused("ioprio_set", origin));
        rules.extend(requests_with_a_priority(origin));
    }
    rules
}

/// A call with which every process takes a limit off itself.
fn refused(name: &'static str, origin: usize) -> Asked {
    asked(name, vec![], Verdict::errno(EPERM), origin)
}

/// The origin of the wish that nothing is executed after the launcher's own execve; its rules are the request's.
pub fn exec_once(policy: &Policy, origins: &mut Vec<Origin>) -> Option<usize> {
    let exec = &policy.process.exec;
    (exec.value == Execution::Once).then(|| {
        origins.push(Origin { source: RuleSource::Implied("process.exec"), span: exec.span });
        origins.len() - 1
    })
}

/// ioctl(2) requests that put characters into the terminal's input, where the shell outside reads them as typed
/// (asm-generic/ioctls.h: TIOCSTI; TIOCLINUX pastes on virtual consoles).
const TERMINAL_INPUT: [u64; 2] = [0x5412, 0x541C];

/// The sandbox's init, as its processes know it.
const FIRST: u64 = 1;
/// PRIO_PGRP and PRIO_USER (linux/resource.h).
const PRIO_GROUP_USER: [u64; 2] = [1, 2];
/// IOPRIO_WHO_PGRP and IOPRIO_WHO_USER (linux/ioprio.h).
const IOPRIO_GROUP_USER: [u64; 2] = [2, 3];

/// AF_INET and AF_INET6 (linux/socket.h).
const INTERNET: [u64; 2] = [2, 10];
/// The families that a list of ports leaves: AF_UNIX, AF_NETLINK, which asks the kernel about interfaces, and the Internet's.
const BESIDE_PORTS: [u64; 4] = [1, INTERNET[0], INTERNET[1], 16];
/// AF_VSOCK, which reaches the hypervisor, and AF_QIPCRTR, which reaches the processors beside this one: their addresses
/// belong to the machine (net/vmw_vsock/af_vsock.c, net/qrtr/af_qrtr.c).
const NO_NAMESPACE: [u64; 2] = [40, 42];
const IPPROTO_TCP: u64 = 6;
/// linux/socket.h: connect with the first send.
const MSG_FASTOPEN: u64 = 0x2000_0000;
/// F_SETOWN, F_SETSIG and F_SETOWN_EX (asm-generic/fcntl.h).
const DESCRIPTOR_OWNERS: [u64; 3] = [8, 10, 15];
/// FIOSETOWN and SIOCSPGRP (asm-generic/sockios.h).
const SOCKET_OWNERS: [u64; 2] = [0x8901, 0x8902];
/// linux/fs.h.
const RENAME_WHITEOUT: u64 = 4;
/// linux/memfd.h.
const MFD_NOEXEC_SEAL: u64 = 8;

const EPERM: u16 = 1;
const EINVAL: u16 = 22;
const EPROTONOSUPPORT: u16 = 93;
const EOPNOTSUPP: u16 = 95;
const EAFNOSUPPORT: u16 = 97;

/// Calls that change how pid 1 is scheduled or limited: pid 1 has the program's ids, and has to run to end the sandbox.
/// PRIO_USER and IOPRIO_WHO_USER are always denied, since pid 1 is among the user's processes. Its process group is
/// group 1, which a program in its session can join and then name as its own, 0.
pub fn first_process(shares_session: bool, origin: usize) -> Vec<Asked> {
    let refused = |name, conditions| asked(name, conditions, Verdict::errno(EPERM), origin);
    let is = |argument, value| (argument, Operator::Equal(value));
    let mut rules: Vec<Asked> =
        ["sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler"]
            .map(|name| refused(name, vec![is(0, FIRST)]))
            .into();
    for (name, [group, user]) in [("setpriority", PRIO_GROUP_USER), ("ioprio_set", IOPRIO_GROUP_USER)] {
        rules.push(refused(name, vec![is(1, FIRST)]));
        rules.push(refused(name, vec![is(0, user)]));
        if shares_session {
            rules.push(refused(name, vec![is(0, group), is(1, 0)]));
        }
    }
    // Without new limits the call only reads them.
    rules.push(refused("prlimit64", vec![is(0, FIRST), (2, Operator::NotEqual(0))]));
    rules
}

/// Requests that bring a priority of their own, in memory that the filter cannot read: IOCB_FLAG_IOPRIO of io_submit(2), and
/// `ioprio` of an io_uring entry.
pub fn requests_with_a_priority(origin: usize) -> Vec<Asked> {
    ["io_setup", "io_submit", "io_uring_setup", "io_uring_enter", "io_uring_register"]
        .map(|name| asked(name, vec![], Verdict::ENOSYS, origin))
        .into()
}

/// What a program must not do with a terminal that it shares with its caller.
pub fn shared_terminal(origin: usize) -> Vec<Asked> {
    let conditions = vec![(1, Operator::OneOf(TERMINAL_INPUT.to_vec()))];
    vec![asked("ioctl", conditions, Verdict::errno(EPERM), origin)]
}

/// Sockets of other address families than these. socketcall has its arguments in memory, and io_uring makes sockets
/// without a system call of theirs: neither can be looked at, so neither is there.
pub fn address_families(families: &[u64], origin: usize) -> Vec<Asked> {
    let others = || families.iter().map(|&family| (0, Operator::NotEqual(family))).collect();
    let family = Verdict::errno(EAFNOSUPPORT);
    let mut rules =
        vec![asked("socket", others(), family, origin), asked("socketpair", others(), family, origin)];
    // A ring may have been made by somebody else and be kept, so none can be used either.
    for call in ["socketcall", "io_uring_setup", "io_uring_enter", "io_uring_register"] {
        rules.push(asked(call, vec![], Verdict::ENOSYS, origin));
    }
    rules
}

/// Sockets that reach beyond every network namespace: who asked for another one than the host's has to name them.
pub fn families_of_the_host(origin: usize) -> Vec<Asked> {
    let families = vec![(0, Operator::OneOf(NO_NAMESPACE.to_vec()))];
    vec![
        asked("socket", families, Verdict::errno(EAFNOSUPPORT), origin),
        asked("socketcall", vec![], Verdict::ENOSYS, origin),
    ]
}

/// What a list of TCP ports does not speak of: sockets that reach others and are not TCP's, MPTCP among them, and
/// connections that a first send makes.
pub fn only_tcp(origin: usize) -> Vec<Asked> {
    let refused = |conditions| asked("socket", conditions, Verdict::errno(EPROTONOSUPPORT), origin);
    let mut rules = address_families(&BESIDE_PORTS, origin);
    for family in INTERNET {
        let family = (0, Operator::Equal(family));
        // Any bit that makes the type another one than SOCK_STREAM.
        rules.extend(
            [(1, 0), (2, 2), (4, 4), (8, 8)].map(|(mask, value)| {
                refused(vec![family.clone(), (1, Operator::MaskedEqual { mask, value })])
            }),
        );
        let protocols = [0, IPPROTO_TCP].map(|protocol| (2, Operator::NotEqual(protocol)));
        rules.push(refused([family].into_iter().chain(protocols).collect()));
    }
    let fast = Operator::MaskedEqual { mask: MSG_FASTOPEN, value: MSG_FASTOPEN };
    for (call, flags) in [("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)] {
        rules.push(asked(call, vec![(flags, fast.clone())], Verdict::errno(EOPNOTSUPP), origin));
    }
    rules
}

/// A descriptor can be told to signal somebody, and with which signal (fcntl(2), socket(7)).
pub fn signals_by_descriptor(origin: usize) -> Vec<Asked> {
    let refused = Verdict::errno(EPERM);
    let one_of = |values: &[u64]| vec![(1, Operator::OneOf(values.to_vec()))];
    vec![
        asked("fcntl", one_of(&DESCRIPTOR_OWNERS), refused, origin),
        asked("fcntl64", one_of(&DESCRIPTOR_OWNERS), refused, origin),
        asked("ioctl", one_of(&SOCKET_OWNERS), refused, origin),
    ]
}

/// A rename that leaves a device node behind, which Landlock does not count as making one.
pub fn whiteouts(origin: usize) -> Vec<Asked> {
    let flag = Operator::MaskedEqual { mask: RENAME_WHITEOUT, value: RENAME_WHITEOUT };
    vec![asked("renameat2", vec![(4, flag)], Verdict::errno(EINVAL), origin)]
}

/// A file in memory is nowhere in the tree, so no rule speaks of it: none that could be executed is made.
pub fn files_nowhere(origin: usize) -> Vec<Asked> {
    let executable = Operator::MaskedEqual { mask: MFD_NOEXEC_SEAL, value: 0 };
    vec![asked("memfd_create", vec![(1, executable)], Verdict::errno(EPERM), origin)]
}

fn asked(name: &'static str, conditions: Vec<(u8, Operator)>, verdict: Verdict, origin: usize) -> Asked {
    Asked { name, conditions, verdict, source: Source::Implied, origin }
}
