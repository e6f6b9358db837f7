//! The classes of findings of this room.

use crate::diagnostic::Rule;

pub(super) const INVALID_NAME: Rule = Rule::error("invalid-name", "a name has a form that it must not have")
    .why(
        "Names end up in messages, host names, interfaces, cgroups and environment variables, where the \
        kernel or a reader takes some characters and lengths alone.\n\n\
        Write the name in the form that the finding names.",
    );
pub(super) const INVALID_PATH: Rule = Rule::error("invalid-path", "a path is not absolute and normalised")
    .why(
        "Paths are absolute and in normal form: no `.`, no `..`, no doubled slash. A path that is read in \
        two ways is how sandboxes are left (CVE-2024-21626 in runc was a working directory behind \
        `/proc/self/fd`).\n\n\
        Write the path that is meant, whole.",
    );
pub(super) const INVALID_TEXT: Rule = Rule::error("invalid-text", "a text cannot be handed to the kernel")
    .why(
        "The kernel's texts end at a NUL and have a greatest length, so a text with a NUL in it, or a \
        longer one, would arrive as another.\n\n\
        Shorten it, or take the NUL out.",
    );
pub(super) const INVALID_AMOUNT: Rule =
    Rule::error("invalid-amount", "a size, duration or limit cannot be understood or is out of range").why(
        "Sizes have the units KiB, MiB, GiB and TiB; `512M` is refused because systemd reads 2^20 in it \
        and Kubernetes 10^6. Limits have the ranges that the kernel has.\n\n\
        Write the amount in the form that the finding names.",
    );
pub(super) const INVALID_VERSION: Rule = Rule::error("invalid-version", "a version of Linux is none").why(
    "A version of Linux is two numbers, such as `6.1`. What is compared with it is the table of \
        features by kernel.\n\n\
        Write the oldest kernel that the sandbox has to work on.",
);
pub(super) const INVALID_MAPPING: Rule = Rule::error("invalid-mapping", "an id mapping is out of range").why(
    "An id mapping is a range inside, a range outside and a size, all within 32 bits and none empty \
        (user_namespaces(7)). The last id, 4294967295, is nobody and cannot be mapped.\n\n\
        Correct the range.",
);
pub(super) const INVALID_ADDRESS: Rule =
    Rule::error("invalid-address", "an address is none, or not one that an interface or a route can have")
        .why(
            "An interface has an address with the length of its network, a route leads to a network and not \
        to a host in it, and a gateway is a host. The kernel refuses others, or takes them to mean \
        something else.\n\n\
        Write the address in the form that the finding names.",
        );
pub(super) const INVALID_INTERFACE: Rule = Rule::error(
    "invalid-interface",
    "an interface lacks what its kind needs, or has what another kind has",
)
.why(
    "Each kind of interface needs keys of its own: a veth pair its other end, a macvlan the link that \
        it sits on. Keys of another kind would be without effect.\n\n\
        Add what is missing, take out what belongs to another kind.",
);
pub(super) const UNKNOWN_CAPABILITY: Rule =
    Rule::error("unknown-capability", "the kernel has no such capability").why(
        "Capabilities are named as in capabilities(7), with `CAP_`. One that the kernel does not have \
        cannot be given or kept.\n\n\
        Correct the name.",
    );
pub(super) const UNKNOWN_SYSCALL: Rule =
    Rule::error("unknown-syscall", "the architecture has no such system call").why(
        "A name that no admitted architecture has would be a rule that never matches. In a list of what \
        is refused that would be a hole.\n\n\
        Correct the name; groups begin with `@`.",
    );
pub(super) const UNKNOWN_SIGNAL: Rule =
    Rule::error("unknown-signal", "the kernel has no such signal, or none that ends a program").why(
        "A signal is a name of signal(7) that a program can be ended with. Another one would leave it \
        running until it is killed.\n\n\
        Correct the name.",
    );
pub(super) const UNKNOWN_ERRNO: Rule = Rule::error("unknown-errno", "the kernel has no such errno").why(
    "An errno is a name of errno(3) or its number. Another name stands for none, and the call would \
        fail with what nobody chose.\n\n\
        Correct the name.",
);
pub(super) const UNKNOWN_CONSTANT: Rule =
    Rule::error("unknown-constant", "the kernel's headers have no such constant").why(
        "Arguments are compared with the constants of the kernel's headers. One that is not known has no \
        value.\n\n\
        Correct the name, or write the number.",
    );
pub(super) const UNKNOWN_ARGUMENT: Rule =
    Rule::error("unknown-argument", "a system call has no such argument").why(
        "Arguments are named as in the kernel's prototypes, which say also how wide they are. An argument \
        that a call does not have is not in any register.\n\n\
        Use one of the names that the finding lists, or an index.",
    );
pub(super) const INVALID_CONDITION: Rule = Rule::error(
    "invalid-condition",
    "a condition on an argument has no meaning, holds never or holds always",
)
.why(
    "A condition that always holds refuses everything, one that never holds refuses nothing, and a \
        value with bits that the kernel does not read is compared with something that cannot be there. A \
        64-bit comparison of a 32-bit argument lets a caller set a high bit and pass (CVE-2019-10063 in \
        flatpak, CVE-2019-7303 in snapd); so widths come from the prototypes.\n\n\
        Compare with a value that the argument can have.",
);
pub(super) const EMPTY_RULE: Rule = Rule::error("empty-rule", "a rule speaks of no system call").why(
    "A rule of no system call says nothing, and whoever wrote it believes that it does.\n\n\
        Name system calls, or take the rule out.",
);
pub(super) const TOO_MANY_RULES: Rule =
    Rule::error("too-many-rules", "the rules are more than any filter could hold").why(
        "A filter has at most 4096 instructions. A rule whose alternatives multiply, or a spec with ten \
        thousand rules, cannot become one.\n\n\
        Join values to masks or ranges.",
    );
pub(super) const SCHEDULER_MISMATCH: Rule = Rule::error(
    "scheduler-mismatch",
    "a scheduling policy lacks a parameter of its own, or has one of another's",
)
.why(
    "Each scheduling policy has parameters of its own (sched(7)): real-time ones a priority, `other` \
        and `batch` a nice value, `deadline` three times. A parameter of another policy would be without \
        effect.\n\n\
        Give the policy its own.",
);
pub(super) const DUPLICATE_ENTRY: Rule = Rule::error("duplicate-entry", "a list names something twice").why(
    "A list that names something twice was edited by two people, or copied: one of the entries will \
        be forgotten at the next change.\n\n\
        Take one out.",
);
pub(super) const DUPLICATE_DESTINATION: Rule =
    Rule::error("duplicate-destination", "two keys ask for something at one destination").why(
        "One destination is one entry, so that the result never depends on order. Two keys that ask for \
        something at the same place are a mistake of one of them.\n\n\
        Keep one; `false` in [filesystem.mounts] takes an entry of `base`, `dev` or another short form \
        away.",
    );
pub(super) const OVERLAPPING_LAYERS: Rule =
    Rule::error("overlapping-layers", "a directory of an overlay is in another one of it").why(
        "The kernel's overlay does not take a directory that is inside another one of the same overlay: \
        what would be seen is undefined (overlayfs.rst).\n\n\
        Leave one of them out.",
    );
pub(super) const TOO_MANY_MOUNTS: Rule =
    Rule::error("too-many-mounts", "the tree has more entries than a launch can make").why(
        "Each entry of the tree costs a launch a dozen operations and, meanwhile, a descriptor. A tree \
        with thousands of entries cannot be made.\n\n\
        Grant directories instead of the files in them.",
    );
pub(super) const REMOVES_NOTHING: Rule =
    Rule::error("removes-nothing", "`false` takes away what nothing has given").why(
        "`false` takes away what another key has given. Where nothing has given anything it is a misspelt \
        path, and what was to be taken away is still there.\n\n\
        Correct the path, or take the line out.",
    );
pub(super) const WITHOUT_EFFECT: Rule =
    Rule::warning("without-effect", "a key is written that changes nothing here").why(
        "A key that changes nothing is read by reviewers as if it did.\n\n\
        Take it out, or change what keeps it from having an effect.",
    );
pub(super) const ALLOW_AND_DENY: Rule =
    Rule::warning("allow-and-deny", "a system call is both allowed and refused by name").why(
        "Of several lists the strongest decides: kill, then deny, log, allow. A system call that stands \
        by its own name in a list that allows it and in one that refuses it is refused, and somebody \
        thinks otherwise. A name beside a group is no contradiction: `@system-service` in `allow` and \
        `ptrace` in `deny` is how exceptions are written.\n\n\
        Take one of them out.",
    );
pub(super) const NO_SECCOMP: Rule = Rule::warning("no-seccomp", "the program may make every system call")
    .why(
        "Without a filter the program reaches all of the kernel: about 370 system calls, of which \
        ordinary programs use a hundred and holes are found in the others. CVE-2022-0185 (fsconfig) and \
        CVE-2021-3490 (bpf) were out of reach of every container with Docker's default filter.\n\n\
        Name what is needed in `seccomp.allow`: `@system-service` is a start, `boxwright report` shows \
        what it allows.",
    );

/// Every rule of this room.
pub const RULES: &[Rule] = &[
    INVALID_NAME,
    INVALID_PATH,
    INVALID_TEXT,
    INVALID_AMOUNT,
    INVALID_VERSION,
    INVALID_MAPPING,
    INVALID_ADDRESS,
    INVALID_INTERFACE,
    UNKNOWN_CAPABILITY,
    UNKNOWN_SYSCALL,
    UNKNOWN_SIGNAL,
    UNKNOWN_ERRNO,
    UNKNOWN_CONSTANT,
    UNKNOWN_ARGUMENT,
    INVALID_CONDITION,
    EMPTY_RULE,
    TOO_MANY_RULES,
    SCHEDULER_MISMATCH,
    DUPLICATE_ENTRY,
    DUPLICATE_DESTINATION,
    OVERLAPPING_LAYERS,
    TOO_MANY_MOUNTS,
    REMOVES_NOTHING,
    WITHOUT_EFFECT,
    ALLOW_AND_DENY,
    NO_SECCOMP,
];
