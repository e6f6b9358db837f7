//! Socket activation: a service manager's sockets reach the program, with the variables that say so, and nobody else's do.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Answers, Need, Run, Spec, Stage};

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "listen/sockets", needs: USER_NAMESPACES, run: sockets },
    Test { name: "listen/sockets-with-the-hosts-pids", needs: USER_NAMESPACES, run: with_the_hosts_pids },
    Test { name: "listen/sockets-in-place", needs: &[], run: sockets_in_place },
    Test { name: "listen/of-another-process", needs: &[], run: of_another_process },
    Test { name: "listen/nothing-to-keep", needs: USER_NAMESPACES, run: nothing_to_keep },
    Test { name: "listen/malformed", needs: &[], run: malformed },
    Test { name: "listen/no-directory", needs: USER_NAMESPACES, run: no_directory },
    Test { name: "listen/a-filter-that-refuses-getpid", needs: USER_NAMESPACES, run: without_getpid },
];

const KEEP: &str = "process.keep_fds = ['listen']";

fn started(stage: &Stage, conditions: &[&str], spec: Spec) -> Run {
    let questions = ["listening", "environment", "descriptors", "identity"].map(str::to_owned);
    stage.start(conditions, &stage.build(&spec.asking(&stage.site, &questions)))
}

#[track_caller]
fn answers(run: &Run) -> Answers {
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers()
}

/// Two sockets, among descriptors that nobody asked for.
fn expect_two(stage: &Stage, spec: Spec) -> Answers {
    let conditions = [
        "descriptors=50",
        "listen=2",
        "listen_pid",
        "environment=LISTEN_FDS=2",
        "environment=LISTEN_FDNAMES=web:admin",
        "environment=LISTEN_PIDFDID=7",
        "environment=SECRET=1",
    ];
    let answers = answers(&started(stage, &conditions, spec.with("process.env = { FIXED = 'yes' }")));
    answers.expect(&[
        ("listen.own", "true"),
        ("listen.3", "to 3"),
        ("listen.4", "to 4"),
        ("env.LISTEN_FDS", "2"),
        ("env.LISTEN_FDNAMES", "web:admin"),
        ("env.FIXED", "yes"),
        // `listening` has closed what it accepted from.
        ("descriptors", "0,1,2"),
    ]);
    let names: Vec<&str> = answers.under("env.LISTEN_").map(|(name, _)| name).collect();
    assert_eq!(names, ["FDNAMES", "FDS", "PID"]);
    assert_eq!(answers.under("env.SECRET").count(), 0);
    answers
}

fn sockets(stage: &Stage) {
    let answers = expect_two(stage, Spec::new(PLAIN).with(KEEP));
    assert_eq!(answers.get("env.LISTEN_PID"), "2");
}

fn with_the_hosts_pids(stage: &Stage) {
    expect_two(stage, Spec::new(PLAIN).with(KEEP).with("namespaces.pid = 'host'"));
}

fn sockets_in_place(stage: &Stage) {
    expect_two(stage, in_place(stage).with(KEEP));
}

#[track_caller]
fn expect_none(answers: &Answers) {
    answers.expect(&[("listen.own", "false"), ("descriptors", "0,1,2")]);
    assert_eq!(answers.under("env.LISTEN_").count(), 0);
}

fn of_another_process(stage: &Stage) {
    for spec in [in_place(stage), Spec::new(PLAIN)] {
        for pid in ["1", "", "-1", "0", "18446744073709551617", "x"] {
            let pid = format!("environment=LISTEN_PID={pid}");
            let conditions = ["listen=2", &pid, "environment=LISTEN_FDS=2", "environment=LISTEN_FDNAMES=a:b"];
            expect_none(&answers(&started(stage, &conditions, spec.clone().with(KEEP))));
        }
        let conditions = ["listen=2", "environment=LISTEN_FDS=2"];
        expect_none(&answers(&started(stage, &conditions, spec.clone().with(KEEP))));
        // Nor does a program get them that did not ask.
        let conditions = ["listen=2", "listen_pid", "environment=LISTEN_FDS=2"];
        expect_none(&answers(&started(stage, &conditions, spec)));
    }
}

fn nothing_to_keep(stage: &Stage) {
    expect_none(&answers(&started(stage, &["no_environment"], Spec::new(PLAIN).with(KEEP))));
    expect_none(&answers(&started(stage, &["listen=1", "listen_pid"], Spec::new(PLAIN).with(KEEP))));
}

#[track_caller]
fn expect_refused(run: &Run, words: &str) {
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("prepare argv and envp: ") && run.stderr.contains(words), "{}", run.stderr);
}

fn malformed(stage: &Stage) {
    for count in ["", "0", "-1", "+1", " 1", "1 ", "0x1", "1025", "4294967297", "two"] {
        let count = format!("environment=LISTEN_FDS={count}");
        let run = started(stage, &["listen=2", "listen_pid", &count], in_place(stage).with(KEEP));
        expect_refused(&run, "LISTEN_FDS is not a number of descriptors from 1 to 1024");
    }
    // More than there are.
    let conditions = ["listen=2", "listen_pid", "environment=LISTEN_FDS=3"];
    expect_refused(&started(stage, &conditions, in_place(stage).with(KEEP)), "Bad file descriptor; whoever");
}

/// A directory would be a way out of every root.
fn no_directory(stage: &Stage) {
    let conditions = ["listen=2", "directory_at=4", "listen_pid", "environment=LISTEN_FDS=2"];
    let run = started(stage, &conditions, Spec::new(PLAIN).with(KEEP));
    expect_refused(&run, "is a directory, from which the whole host could be reached");
}

/// The process is named before the filter is there.
fn without_getpid(stage: &Stage) {
    let spec = Spec::new(PLAIN).with("seccomp.deny = ['getpid']").with(KEEP);
    let conditions = ["listen=1", "listen_pid", "environment=LISTEN_FDS=1"];
    let answers = answers(&started(stage, &conditions, spec));
    answers.expect(&[("env.LISTEN_PID", "2"), ("listen.3", "to 3"), ("pid", "0")]);
}
