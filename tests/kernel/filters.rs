//! What a filter does in the kernel: rules on arguments as the spec states them, and the very bytes of the plan.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Answers, Need, Spec, Stage, wait};
use crate::life::ready;
use boxwright::link::sealed_plan;
use boxwright_launcher::plan::operation::{Filter, Kind, Promise};
use boxwright_launcher::plan::{Plan, Section};
use std::fs;

const NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "filter/typed-arguments", needs: NAMESPACES, run: typed_arguments },
    Test { name: "filter/socket-families", needs: NAMESPACES, run: socket_families },
    Test { name: "filter/clone-flags", needs: NAMESPACES, run: clone_flags },
    Test { name: "filter/init-is-out-of-reach", needs: NAMESPACES, run: init_is_out_of_reach },
    Test { name: "filter/io-priority-of-a-request", needs: NAMESPACES, run: io_priority_of_a_request },
    Test { name: "filter/lists", needs: NAMESPACES, run: lists },
    Test { name: "filter/flags", needs: &[Need::Program("strace")], run: flags },
    Test { name: "filter/is-the-plans", needs: &[Need::Root], run: is_the_plans },
];

fn ask(stage: &Stage, rules: &str, questions: &[&str]) -> Answers {
    stage.ask(Spec::new(PLAIN).with(rules), questions)
}

/// The kernel gets the flags of the spec; without the key it gets none.
fn flags(stage: &Stage) {
    for (key, flags) in [("flags = ['spec_allow', 'log']", "0x6"), ("flags = []", "0")] {
        let spec = in_place(stage).with(&format!("[seccomp]\n{key}"));
        let launcher = stage.build(&spec.asking(&stage.site, &["exit=3".to_owned()]));
        let trace = stage.directory().join("trace");
        let strace = Need::program("strace").expect("strace, which the test needs");
        let paths = [&trace, &launcher].map(|path| path.to_str().expect("a plain path"));
        let run = stage.run(&strace, &["-X", "raw", "-e", "trace=seccomp", "-o", paths[0], paths[1]]);
        assert_eq!(run.status, 3, "{}", run.stderr);
        let text = fs::read_to_string(&trace).expect("the trace");
        assert!(text.contains(&format!("seccomp(0x1, {flags}, {{len=")), "{text}");
    }
}

fn typed_arguments(stage: &Stage) {
    // ioctl(0, ...) and fcntl(99, ...), with bits that the kernel does not read in 32-bit parameters.
    let answers = ask(
        stage,
        "[seccomp.rules.push]
         names = ['ioctl']
         action = 'errno'
         errno = 'EXDEV'
         args = [{ name = 'cmd', op = 'eq', value = ['TIOCSTI', 'TIOCLINUX'] }]
         [seccomp.rules.far]
         names = ['fcntl']
         action = 'errno'
         errno = 'EXDEV'
         args = [{ index = 0, op = 'ge', value = 64 }]",
        &[
            "call=16,0,5412",
            "call=16,0,ffffffff00005412",
            "call=16,0,100005412",
            "call=16,0,541c",
            "call=16,63,5413",
            "call=72,3f,1",
            "call=72,40,1",
            "call=72,10000003f,1",
            "call=72,100000040,1",
        ],
    );
    answers.expect(&[
        ("call.16.0.5412", "EXDEV"),
        ("call.16.0.ffffffff00005412", "EXDEV"),
        ("call.16.0.100005412", "EXDEV"),
        ("call.16.0.541c", "EXDEV"),
        ("call.16.63.5413", "EBADF"),
        ("call.72.3f.1", "EBADF"),
        ("call.72.40.1", "EXDEV"),
        ("call.72.10000003f.1", "EBADF"),
        ("call.72.100000040.1", "EXDEV"),
    ]);
}

fn socket_families(stage: &Stage) {
    // AF_UNIX, AF_NETLINK, AF_ALG, and AF_ALG with a high bit; socketpair of both kinds; io_uring_setup.
    let answers = ask(
        stage,
        "network.address_families = ['AF_UNIX', 'AF_INET']\nseccomp.allow = ['@system-service', 'io_uring_setup']",
        &[
            "call=41,1,1",
            "call=41,2,2",
            "call=41,10,3",
            "call=41,26,5",
            "call=41,100000026,5",
            "call=41,100000001,1",
            "call=53,26,5",
            "call=53,1,1",
            "call=425,1",
        ],
    );
    answers.expect(&[
        ("call.41.1.1", "ok"),
        ("call.41.2.2", "ok"),
        ("call.41.10.3", "EAFNOSUPPORT"),
        ("call.41.26.5", "EAFNOSUPPORT"),
        ("call.41.100000026.5", "EAFNOSUPPORT"),
        ("call.41.100000001.1", "ok"),
        ("call.53.26.5", "EAFNOSUPPORT"),
        ("call.53.1.1", "EFAULT"),
        ("call.425.1", "ENOSYS"),
    ]);
}

fn clone_flags(stage: &Stage) {
    // The kernel refuses CLONE_THREAD without CLONE_SIGHAND, so no process is made.
    let answers = ask(
        stage,
        "seccomp.default_errno = 'EXDEV'
         [seccomp.rules.no-new-user-namespaces]
         names = ['clone']
         action = 'allow'
         args = [{ name = 'flags', op = 'masked_eq', mask = 'CLONE_NEWUSER', value = 0 }]",
        &["call=56,10000", "call=56,10010000", "call=56,8000000010000", "call=435", "call=165", "call=9999"],
    );
    answers.expect(&[
        ("call.56.10000", "EINVAL"),
        ("call.56.10010000", "EXDEV"),
        ("call.56.8000000010000", "EINVAL"),
        ("call.435", "ENOSYS"),
        ("call.165", "EXDEV"),
        ("call.9999", "ENOSYS"),
    ]);
}

/// Whoever slows pid 1 down delays the end of the sandbox. The answers to the same calls for the program itself show that
/// only pid 1, and groups of processes that may contain it, are refused.
fn init_is_out_of_reach(stage: &Stage) {
    // sched_setaffinity, sched_setscheduler, sched_setparam, sched_setattr, setpriority, ioprio_set, prlimit64.
    const SAME: [(&str, &str); 18] = [
        ("203,1,8", "EPERM"),
        ("203,100000001,8", "EPERM"),
        ("203,0,8", "EFAULT"),
        ("144,1", "EPERM"),
        ("144,0", "EINVAL"),
        ("142,1", "EPERM"),
        ("142,0", "EINVAL"),
        ("314,1", "EPERM"),
        ("314,0", "EINVAL"),
        ("141,0,1,13", "EPERM"),
        ("141,1,1,13", "EPERM"),
        ("141,2,0,13", "EPERM"),
        ("141,0,0,13", "ok"),
        ("251,1,1,6000", "EPERM"),
        ("251,3,0,6000", "EPERM"),
        ("251,1,0,6000", "ok"),
        ("302,1,7,1000", "EPERM"),
        ("302,1,7", "ok"),
    ];
    for (terminal, own_group) in [("new_session", "ok"), ("inherit", "EPERM")] {
        let calls = SAME.into_iter().chain([("141,1,0,13", own_group), ("251,2,0,6000", own_group)]);
        let questions: Vec<String> = calls.clone().map(|(call, _)| format!("call={call}")).collect();
        let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
        let rules = format!(
            "process.terminal = '{terminal}'\nseccomp = {{ default_action = 'allow', deny = ['@keyring'] }}"
        );
        let answers = ask(stage, &rules, &questions);
        for (call, expected) in calls {
            answers.expect(&[(&format!("call.{}", call.replace(',', ".")), expected)]);
        }
    }
}

/// io_submit(2) and io_uring take a priority with each request, where the filter cannot see it.
fn io_priority_of_a_request(stage: &Stage) {
    // io_setup, io_submit, io_uring_setup.
    let questions = ["call=206", "call=209", "call=425"];
    const RULES: &str = "seccomp = { default_action = 'allow', deny = ['@keyring'] }";
    let without = ask(stage, RULES, &questions[..2]);
    without.expect(&[("call.206", "EFAULT"), ("call.209", "EINVAL")]);
    let rules = format!("process.io_priority = {{ class = 'idle' }}\n{RULES}");
    let answers = ask(stage, &rules, &questions);
    answers.expect(&[("call.206", "ENOSYS"), ("call.209", "ENOSYS"), ("call.425", "ENOSYS")]);
}

fn lists(stage: &Stage) {
    let answers = ask(
        stage,
        "seccomp.deny = ['@keyring', 'umask']\nseccomp.default_errno = 'EXDEV'\nseccomp.log = ['getsid']",
        &["call=250", "call=95", "call=124"],
    );
    answers.expect(&[("call.250", "EXDEV"), ("call.95", "EXDEV"), ("call.124", "ok")]);
    let killed = Spec::new(PLAIN).with("seccomp.kill = ['getsid']");
    let run = stage.launch(&killed.asking(&stage.site, &["call=124".to_owned()]));
    assert_eq!(run.status, 128 + 31, "SIGSYS: {}", run.stderr);
}

fn is_the_plans(stage: &Stage) {
    let spec = in_place(stage).with(
        "network.address_families = ['AF_UNIX']
         seccomp.deny = ['@keyring']",
    );
    let questions = ["sleep=60000".to_owned()];
    let launcher = stage.build(&spec.asking(&stage.site, &questions));
    let bytes = fs::read(&launcher).expect("the launcher");
    let plan = Plan::read(sealed_plan(&bytes).expect("a plan")).expect("the plan");
    let filters = (0..plan.operations()).filter_map(|index| plan.operation(index));
    let expected: Vec<String> = filters
        .filter(|operation| operation.promise == Promise::Seccomp)
        .filter_map(|operation| match operation.kind {
            Kind::Filter(filter) => Some(digits(&plan, filter)),
            _ => None,
        })
        .collect();
    let mut child = stage.spawn(&launcher, &[]);
    ready(&mut child);
    let answers = stage.outside(&[format!("filters={}", child.id())]);
    child.kill().expect("kill");
    wait(child);
    answers.expect(&[("filters", "ENOENT")]);
    let running: Vec<&str> = answers.under("filter.").map(|(_, digits)| digits).collect();
    assert!(!expected.is_empty() && running.contains(&expected[0].as_str()), "{running:?}\n{expected:?}");
}

fn digits(plan: &Plan, filter: Filter) -> String {
    let start = filter.blob as usize;
    let length = usize::from(filter.count) * Filter::INSTRUCTION_BYTES as usize;
    let bytes = &plan.section(Section::Blobs)[start..start + length];
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
