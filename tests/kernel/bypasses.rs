//! Known ways around filters: open without one, and closed by the filter alone, in a spec that has no other protection
//! against them.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Answers, Need, Run, Spec, Stage};

const HANDLES: &[Need] = &[Need::Root];

pub const TESTS: &[Test] = &[
    Test { name: "bypass/cve-2017-5226-type-into-the-terminal", needs: &[], run: type_into_terminal },
    Test { name: "bypass/cve-2019-10063-type-with-a-high-bit", needs: &[], run: type_with_a_high_bit },
    Test { name: "bypass/cve-2023-28100-paste-into-the-console", needs: &[], run: paste },
    Test { name: "bypass/libseccomp-383-high-bits-deny-nothing", needs: &[], run: high_bits_deny_nothing },
    Test { name: "bypass/syd-high-bits-allow-nothing", needs: &[], run: high_bits_allow_nothing },
    Test { name: "bypass/cve-2021-41133-new-mount-calls", needs: &[], run: new_mount_calls },
    Test { name: "bypass/moby-42680-clone3-has-a-fallback", needs: &[], run: clone3_has_a_fallback },
    Test { name: "bypass/clone3-hides-its-flags", needs: &[Need::UserNamespaces], run: clone3_hides_flags },
    Test { name: "bypass/firejail-87-x32", needs: &[], run: x32 },
    Test { name: "bypass/int-0x80", needs: &[], run: int_0x80 },
    Test { name: "bypass/socketcall", needs: &[], run: socketcall },
    Test { name: "bypass/birdcage-32-io-uring", needs: &[], run: io_uring },
    Test {
        name: "bypass/families-beyond-namespaces",
        needs: &[Need::UserNamespaces],
        run: families_beyond_namespaces,
    },
    Test { name: "bypass/cve-2017-5206-tracer-swaps-the-call", needs: &[], run: tracer_swaps },
    Test { name: "bypass/open-has-synonyms", needs: &[], run: open_synonyms },
    Test {
        name: "bypass/cve-2022-0492-nested-user-namespace",
        needs: &[Need::UserNamespaces],
        run: nested_user_namespace,
    },
    Test { name: "bypass/cve-2022-0185-fsconfig", needs: &[Need::UserNamespaces], run: fsconfig },
    Test { name: "bypass/shocker-by-the-filter", needs: HANDLES, run: shocker_by_the_filter },
    Test { name: "bypass/shocker-by-capabilities", needs: HANDLES, run: shocker_by_capabilities },
];

/// `EXDEV` is no answer of the kernel to any of these calls: who gets it has been stopped by the filter.
const REFUSED: &str = "EXDEV";
/// 128 and SIGSYS.
const KILLED: i32 = 159;

/// A launch with this filter on the host's own namespaces and tree.
fn filtered(stage: &Stage, filter: &str, conditions: &[&str], questions: &[&str]) -> Run {
    let filter = format!("[seccomp]\ndefault_errno = '{REFUSED}'\n{filter}");
    let base = in_place(stage).without("seccomp").with("process.terminal = 'inherit'");
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    let launcher = stage.build(&base.with(&filter).asking(&stage.site, &questions));
    stage.start(conditions, &launcher)
}

#[track_caller]
fn ask(stage: &Stage, filter: &str, questions: &[&str]) -> Answers {
    let run = filtered(stage, filter, &[], questions);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers()
}

/// The same questions to the bare kernel.
fn bare(stage: &Stage, conditions: &[&str], questions: &[&str]) -> Answers {
    let probe = stage.ground.probe.to_str().expect("a plain path");
    stage.run(&stage.ground.probe, &[&["--start"], conditions, &["--", probe], questions].concat()).answers()
}

/// All but what is named, which is refused.
const ALL: &str = "default_action = 'allow'";
const SERVICE: &str = "allow = ['@system-service']";

/// The terminal is shared, so only the filter stands before it.
fn terminal(stage: &Stage, key: &str, unfiltered: &str) {
    assert_eq!(bare(stage, &["terminal"], &["terminal"]).get(key), unfiltered);
    for filter in [ALL, SERVICE] {
        let run = filtered(stage, filter, &["terminal"], &["terminal"]);
        run.answers().expect(&[("tty", "ok"), (key, "EPERM")]);
    }
}

/// Newer kernels can be told to refuse it to all but root.
fn typing(stage: &Stage) -> &'static str {
    let legacy = std::fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti").unwrap_or_default();
    if legacy.trim() == "0" && stage.person.uid() != 0 { "EIO" } else { "ok" }
}

fn type_into_terminal(stage: &Stage) {
    terminal(stage, "push", typing(stage));
}

fn type_with_a_high_bit(stage: &Stage) {
    terminal(stage, "push.high", typing(stage));
}

/// The request reaches the terminal, which is no virtual console.
fn paste(stage: &Stage) {
    terminal(stage, "paste", "ENOTTY");
}

/// socket(AF_UNIX, SOCK_STREAM), as it is and with bits that the kernel does not look at.
const SOCKETS: [&str; 3] = ["call=41,1,1", "call=41,100000001,1", "call=41,ffffffff00000001,ff00000001"];

fn high_bits_deny_nothing(stage: &Stage) {
    let rule = "allow = ['@minimal']
        [seccomp.rules.local]
        names = ['socket']
        action = 'allow'
        args = [{ index = 0, op = 'eq', value = 1 }, { index = 1, op = 'eq', value = 1 }]";
    let answers = ask(stage, rule, &[&SOCKETS[..], &["call=41,2,1"]].concat());
    for (key, value) in answers.under("call.") {
        assert_eq!(value, if key == "41.2.1" { REFUSED } else { "ok" }, "{key}");
    }
}

/// Every call whose 32-bit argument is denied, without and with its upper half: ioctl, fcntl, prctl, socket, setns, personality
/// and madvise.
const UPPER_HALVES: [(&str, u8, &str, [&str; 2]); 7] = [
    ("ioctl", 1, "0x5401", ["16,63,5401", "16,63,7700005401"]),
    ("fcntl", 1, "1", ["72,0,1", "72,0,100000001"]),
    ("prctl", 0, "3", ["157,3", "157,8000000000000003"]),
    ("socket", 0, "1", ["41,1,1", "41,100000001,1"]),
    ("setns", 1, "0x4000000", ["308,63,4000000", "308,63,ff04000000"]),
    ("personality", 0, "0xffffffff", ["135,ffffffff", "135,1ffffffff"]),
    ("madvise", 2, "4", ["28,0,0,4", "28,0,0,100000004"]),
];

fn high_bits_allow_nothing(stage: &Stage) {
    let rule = |(name, index, value, _): &(&str, u8, &str, [&str; 2])| {
        format!(
            "[seccomp.rules.{name}]\nnames = ['{name}']\naction = 'errno'\nerrno = '{REFUSED}'\n\
             args = [{{ index = {index}, op = 'eq', value = {value} }}]\n"
        )
    };
    let rules: String = UPPER_HALVES.iter().map(rule).collect();
    let questions: Vec<String> =
        UPPER_HALVES.iter().flat_map(|(.., calls)| calls).map(|call| format!("call={call}")).collect();
    let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
    let (open, closed) = (bare(stage, &[], &questions), ask(stage, &format!("{ALL}\n{rules}"), &questions));
    for (name, .., [plain, high]) in UPPER_HALVES {
        let key = |call: &str| format!("call.{}", call.replace(',', "."));
        assert_eq!(open.get(&key(plain)), open.get(&key(high)), "{name}: to the kernel they are one call");
        for call in [plain, high] {
            assert_ne!(open.get(&key(call)), REFUSED, "{call}");
            closed.expect(&[(&key(call), REFUSED)]);
        }
    }
}

/// mount and its successors, which flatpak's list of what is denied did not know; and what no table knows yet.
fn new_mount_calls(stage: &Stage) {
    let calls = ["165", "428", "429", "430", "431", "432", "433", "442", "467"];
    let questions: Vec<String> = calls.iter().map(|call| format!("call={call}")).collect();
    let questions: Vec<&str> = questions.iter().map(String::as_str).chain(["call=600"]).collect();
    let open = bare(stage, &[], &questions);
    let closed = ask(stage, SERVICE, &questions);
    for (key, answer) in closed.under("call.") {
        assert_eq!(answer, if key == "600" { "ENOSYS" } else { REFUSED }, "{key}");
        assert_ne!(open.get(&format!("call.{key}")), REFUSED);
    }
    // What a newer kernel adds stays closed where everything is allowed, too.
    ask(stage, ALL, &["call=600"]).expect(&[("call.600", "ENOSYS")]);
}

/// With EPERM a C library gives up, and no program can start a thread.
fn clone3_has_a_fallback(stage: &Stage) {
    bare(stage, &[], &["call=435"]).expect(&[("call.435", "EINVAL")]);
    ask(stage, NO_USER_NAMESPACES, &["call=435", "run=/bin/true"])
        .expect(&[("call.435", "ENOSYS"), ("run./bin/true", "0")]);
}

/// clone(2) without CLONE_NEWUSER is allowed, and clone3, which the group has too, keeps its flags in memory.
const NO_USER_NAMESPACES: &str = "allow = ['@system-service']
    deny = ['unshare', 'setns']
    [seccomp.rules.no-new-user-namespaces]
    names = ['clone']
    action = 'allow'
    args = [{ name = 'flags', op = 'masked_eq', mask = 'CLONE_NEWUSER', value = 0 }]";

fn clone3_hides_flags(stage: &Stage) {
    let questions = ["clone3=10000000"];
    bare(stage, &[], &questions).expect(&[("clone3", "ok")]);
    ask(stage, NO_USER_NAMESPACES, &questions).expect(&[("clone3", "ENOSYS")]);
}

/// The bit says x32, the architecture is that of 64-bit calls.
fn x32(stage: &Stage) {
    // getpid; a kernel without x32 does not know it.
    let questions = ["call=1073741863"];
    let open = bare(stage, &[], &questions);
    assert!(["ok", "ENOSYS"].contains(&open.get("call.1073741863")));
    for filter in [ALL, SERVICE] {
        assert_eq!(filtered(stage, filter, &[], &questions).status, KILLED, "{filter}");
    }
}

fn int_0x80(stage: &Stage) {
    let questions = ["call_i386=20"];
    bare(stage, &[], &questions).expect(&[("call_i386.20", "ok")]);
    for filter in [ALL, SERVICE] {
        assert_eq!(filtered(stage, filter, &[], &questions).status, KILLED, "{filter}");
    }
    // Where the spec names the architecture it has its own table: getpid is 20 there, 39 here.
    let both = format!("arches = ['x86_64', 'i386']\n{SERVICE}");
    ask(stage, &both, &questions).expect(&[("call_i386.20", "ok")]);
    ask(stage, &format!("{both}\ndeny = ['getpid']"), &questions).expect(&[("call_i386.20", REFUSED)]);
}

/// The family is in memory, where no filter can look.
fn socketcall(stage: &Stage) {
    let questions = ["socketcall=1", "socketcall=2"];
    bare(stage, &[], &questions).expect(&[("socketcall", "ok")]);
    assert_eq!(filtered(stage, SERVICE, &[], &questions).status, KILLED);
    let families = "arches = ['x86_64', 'i386']\nallow = ['@system-service']
        [network]
        address_families = ['AF_UNIX']";
    ask(stage, families, &questions).expect(&[("socketcall", "ENOSYS")]);
}

/// Rings open files and make sockets without a system call that says so.
fn io_uring(stage: &Stage) {
    let questions = ["call=425", "call=426,63", "call=427,63"];
    let open = bare(stage, &[], &questions);
    open.expect(&[("call.425", "EFAULT"), ("call.426.63", "EBADF"), ("call.427.63", "EBADF")]);
    let names = "['io_uring_setup', 'io_uring_enter', 'io_uring_register']";
    let groups = "allow = ['@system-service', '@aio']";
    for filter in [groups, &format!("{ALL}\ndeny = {names}"), &format!("{ALL}\ndeny = ['@aio']")] {
        let closed = ask(stage, filter, &questions);
        assert!(closed.under("call.").all(|(_, answer)| answer == REFUSED), "{closed:?}");
    }
    let named = format!("allow = ['@system-service', 'io_uring_setup']\nlog = {names}");
    ask(stage, &named, &questions).expect(&[("call.425", "EFAULT"), ("call.426.63", "EBADF")]);
}

/// AF_VSOCK and AF_QIPCRTR have the machine's addresses in every network namespace.
fn families_beyond_namespaces(stage: &Stage) {
    let sockets = ["call=41,28,1", "call=41,2a,2"];
    let new = |text: &str| stage.ask(Spec::new(PLAIN).with(text), &[&sockets[..], &["call=41,1,1"]].concat());
    // A kernel without them answers as the filter does.
    let bare = bare(stage, &[], &sockets);
    let open = new("network.address_families = ['AF_UNIX', 'AF_VSOCK', 'AF_QIPCRTR']");
    let free = new("namespaces.network = 'host'");
    let closed = new("");
    for key in ["call.41.28.1", "call.41.2a.2"] {
        assert_eq!([&open, &free].map(|answers| answers.get(key)), [bare.get(key); 2], "{key}");
        assert_eq!(closed.get(key), "EAFNOSUPPORT", "{key}");
    }
    closed.expect(&[("call.41.1.1", "ok")]);
}

/// Before Linux 4.8 the tracer came after the filter.
fn tracer_swaps(stage: &Stage) {
    // getppid becomes uname, to which its arguments are no memory.
    let questions = ["swap=63"];
    bare(stage, &[], &questions).expect(&[("swap", "EFAULT")]);
    ask(stage, &format!("{ALL}\ndeny = ['uname']"), &questions).expect(&[("swap", REFUSED)]);
    let refused = ask(stage, SERVICE, &["call=101"]);
    refused.expect(&[("call.101", REFUSED)]);
}

/// open, creat, openat, openat2 and open_by_handle_at: a program that may not use files has none of them.
fn open_synonyms(stage: &Stage) {
    let questions = ["call=2", "call=85", "call=257", "call=437,0,0,0,18", "call=304,63"];
    let open = bare(stage, &[], &questions);
    let closed = ask(
        stage,
        "allow = ['@default', '@basic-io', '@process', '@signal', 'brk', 'mmap', 'munmap', 'mprotect', 'poll', 'fcntl', 'ioctl']",
        &questions,
    );
    for (key, answer) in closed.under("call.") {
        assert_eq!(answer, REFUSED, "{key}");
        assert_ne!(open.get(&format!("call.{key}")), REFUSED, "{key}");
    }
}

/// Root of a nested user namespace could mount cgroups there and name a program in release_agent.
fn nested_user_namespace(stage: &Stage) {
    let questions = ["user_namespace"];
    bare(stage, &[], &questions).expect(&[("user_namespace", "ok")]);
    let closed = ask(stage, NO_USER_NAMESPACES, &questions);
    closed.expect(&[("user_namespace", "unshare: EXDEV")]);
    // clone and clone3 make one as well.
    let ways = ["call=56,10010000", "clone3=10000000"];
    bare(stage, &[], &ways).expect(&[("call.56.10010000", "EINVAL"), ("clone3", "ok")]);
    ask(stage, NO_USER_NAMESPACES, &ways).expect(&[("call.56.10010000", REFUSED), ("clone3", "ENOSYS")]);
}

/// The kernel's overflow was reached by root of a user namespace.
fn fsconfig(stage: &Stage) {
    let questions = ["call=430", "call=431,63,5"];
    bare(stage, &["user_namespace"], &questions)
        .expect(&[("call.430", "EFAULT"), ("call.431.63.5", "EINVAL")]);
    ask(stage, SERVICE, &questions).expect(&[("call.430", REFUSED), ("call.431.63.5", REFUSED)]);
}

/// The capability that makes handles dangerous, so that only the filter is in the way.
const HANDLES_MAY_BE_OPENED: &str = "process.capabilities = ['CAP_DAC_READ_SEARCH']";

fn shocker(stage: &Stage, capabilities: &str, filter: &str, answer: &str) {
    let question = format!("handle={}", stage.site.marker.display());
    let spec = in_place(stage)
        .without("seccomp")
        .with(&format!("{capabilities}\n[seccomp]\ndefault_errno = '{REFUSED}'\n{filter}"));
    stage.ask(spec, &[&question]).expect(&[("handle", answer)]);
}

fn shocker_by_the_filter(stage: &Stage) {
    shocker(stage, HANDLES_MAY_BE_OPENED, ALL, "ok");
    shocker(stage, HANDLES_MAY_BE_OPENED, SERVICE, REFUSED);
}

fn shocker_by_capabilities(stage: &Stage) {
    shocker(stage, HANDLES_MAY_BE_OPENED, ALL, "ok");
    shocker(stage, "", ALL, "EPERM");
}
