//! io_uring makes calls without making system calls, so no filter sees them.

use super::{calls, evidence};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::seccomp::word::Input;
use crate::seccomp::{Meaning, call_words};

pub(super) const RULE: Rule =
    Rule::warning("io-uring-allowed", "io_uring does what the filter refuses as a system call").why(
        "A ring of io_uring(7) carries requests that the kernel executes on the program's behalf: they \
        open files, make sockets, connect and rename, and seccomp is never asked. A filter that refuses \
        `socket` and allows `io_uring_setup` refuses nothing (Docker took the three calls out of its \
        default profile in 2023 for that and for the number of holes found in io_uring: moby/moby#46762; \
        `IORING_OP_SOCKET` and its kin in linux/io_uring.h).\n\n\
        No group allows `io_uring_setup`, `io_uring_enter` and `io_uring_register`, so they are allowed by \
        their names or by `default_action`. Deny them; libuv, liburing and others fall back on system calls. \
        A filter that allows all that io_uring could do gives nothing away, and is not reported. `network.address_families` and lists of ports refuse io_uring by themselves.",
    );

/// System calls that a request of a ring stands for (linux/io_uring.h, as of 6.17).
const OPERATIONS: [&str; 25] = [
    "socket",
    "connect",
    "openat",
    "openat2",
    "accept4",
    "bind",
    "listen",
    "sendmsg",
    "sendto",
    "recvmsg",
    "recvfrom",
    "renameat",
    "renameat2",
    "unlinkat",
    "mkdirat",
    "symlinkat",
    "linkat",
    "statx",
    "setxattr",
    "fsetxattr",
    "getxattr",
    "fgetxattr",
    "fallocate",
    "ftruncate",
    "splice",
];

/// The calls of a ring.
const RINGS: [&str; 3] = ["io_uring_setup", "io_uring_enter", "io_uring_register"];

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let Some(passes) = filter.passes("io_uring_setup", &[]) else { return Vec::new() };
    let refused: Vec<(&str, Input)> =
        OPERATIONS.iter().filter_map(|name| Some((*name, filter.refuses(name, &[])?))).collect();
    let unseen: Vec<&str> = refused.iter().map(|(name, _)| *name).collect();
    let finding = |(_, first): &(&str, Input)| {
        let others = match refused.len() - 1 {
            0 => String::new(),
            others => format!(", and {others} more that it can make"),
        };
        RULE.at(
            calls::place(policy, "io_uring_setup"),
            format!("`{}` is refused, and `{}` passes", call_words(first), call_words(&passes)),
        ).evidence(evidence::names("unseen", &unseen).into_iter().chain(evidence::calls(policy, &RINGS)))
        .label(format!("a ring makes that call unseen{others}"))
        .help("deny `io_uring_setup`, `io_uring_enter` and `io_uring_register`: libraries fall back on system calls")
    };
    refused.first().map(finding).into_iter().collect()
}
