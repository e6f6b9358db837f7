//! A C library makes system calls before the program's own first instruction, and more when it ends.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::Policy;
use crate::seccomp::verdict::Verdict;
use crate::seccomp::{Architecture, Meaning, call_words};
use crate::source::Span;

pub(super) const RULE: Rule =
    Rule::warning("seccomp-kills-libc", "the filter kills or stops every program at its start").why(
        "Before `main` the dynamic linker and the C library open and map libraries, set up thread-local \
        storage, robust lists, restartable sequences and random numbers. When one of these calls is \
        answered with death the program dies of SIGSYS without a word; when `mmap`, `arch_prctl` or \
        `exit_group` fails, it ends with a message of the linker that names no filter. The calls are \
        those that strace(1) shows of glibc's dynamic linker.\n\n\
        Allow `@minimal`, which has all of them, beside what the program itself needs. For a program \
        without a C library, accept the finding.",
    );

/// What every program of glibc and musl calls between exec and exit.
const START: [&str; 18] = [
    "mmap",
    "arch_prctl",
    "exit_group",
    "brk",
    "munmap",
    "mprotect",
    "openat",
    "read",
    "pread64",
    "close",
    "fstat",
    "newfstatat",
    "access",
    "set_tid_address",
    "set_robust_list",
    "rseq",
    "prlimit64",
    "getrandom",
];

/// So many of them no program goes without.
const ESSENTIAL: usize = 3;

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let Some(seccomp) = &policy.seccomp else { return Vec::new() };
    if !filter.merged.request.architectures.contains(&Architecture::X86_64) {
        return Vec::new();
    }
    let place = |name: &str| -> Span {
        let rules = seccomp.rules.iter().filter(|rule| rule.name == name);
        let mut refusing = rules.filter(|rule| !rule.action.permits());
        refusing.next().map_or(seccomp.default_action.span, |rule| rule.span)
    };
    // All calls have to be answered so: a rule on arguments may mean others than a library's.
    let kills = START.iter().find_map(|name| {
        let survives = filter.find(Architecture::X86_64, name, &[], |verdict| !is_death(verdict));
        if survives.is_some() { None } else { Some((name, filter.refuses(name, &[])?)) }
    });
    let fails = || {
        let never = |name: &&&str| filter.passes(name, &[]).is_none();
        START.iter().take(ESSENTIAL).find(never).and_then(|name| Some((name, filter.refuses(name, &[])?)))
    };
    let finding = match (kills, fails()) {
        (Some((name, call)), _) => RULE
            .at(place(name), format!("`{}` is answered with death", call_words(&call)))
            .evidence([Evidence::text("kills", name)])
            .label("every C library makes this call"),
        (None, Some((name, call))) => RULE
            .at(place(name), format!("`{}` fails", call_words(&call)))
            .evidence([Evidence::text("fails", name)])
            .label("no program of a C library starts or ends without this call"),
        (None, None) => return Vec::new(),
    };
    vec![finding.help("allow `@minimal`, which has all that a C library needs")]
}

fn is_death(verdict: Verdict) -> bool {
    [Verdict::KILL_PROCESS, Verdict::KILL_THREAD, Verdict::TRAP].contains(&verdict.action())
}
