//! Every system call of a launch fails once, and at every one the launcher is killed once: the sandbox is whole or there
//! is none, and nothing is left.

use crate::Test;
use crate::exits::in_place;
use crate::harness::{Answers, Need, Run, Spec, Stage, guest};
use std::path::Path;

pub const TESTS: &[Test] = &[
    Test { name: "fault/contained", needs: &[Need::UserNamespaces], run: contained },
    Test { name: "fault/in-place", needs: &[], run: in_place_too },
    Test { name: "fault/killed", needs: &[Need::UserNamespaces], run: killed },
    Test { name: "fault/terminated", needs: &[Need::UserNamespaces], run: terminated },
];

/// EPERM, EINTR, EIO, ENOMEM and ENOSYS: a call gets the next one each time. ENOENT is left out, since for something
/// optional it is no failure.
const ERRNOS: [u32; 5] = [1, 4, 5, 12, 38];

fn contained(stage: &Stage) {
    let questions = [
        "identity",
        "maps",
        "namespaces",
        "names",
        "network",
        "scheduling",
        "mounts",
        "list=/",
        "list=/..",
        "list=/dev",
        "list=/work/inner",
        "list=/here",
    ];
    each_call(stage, everything(stage), &questions);
}

/// A spec with every kind of step.
pub fn everything(stage: &Stage) -> Spec {
    let path = shared(stage);
    Spec::demonstration("contained").with(&format!(
        "seccomp.allow = ['@system-service']
         [process]
         stdin = 'inherit'
         keep_fds = ['listen']
         scheduler = {{ policy = 'batch', nice = 7 }}
         io_priority = {{ class = 'best_effort', priority = 6 }}
         cpu_affinity = [0]
         oom_score_adj = 500
         timer_slack = '1ms'
         transparent_huge_pages = 'never'
         [namespaces]
         time = {{ monotonic = '25h' }}
         [filesystem.mounts]
         '/work' = {{ bind = '{path}', writable = true }}
         '/work/inner' = {{ mask = true }}
         '/here' = {{ bind = '${{run.cwd}}/work' }}
         '/optional' = {{ bind = '/does/not/exist', optional = true }}"
    ))
}

fn in_place_too(stage: &Stage) {
    each_call(stage, in_place(stage), &["identity", "namespaces"]);
}

/// A directory with another in it, for a grant and a mask in it.
fn shared(stage: &Stage) -> String {
    let path = stage.directory().join("work");
    std::fs::create_dir_all(path.join("inner")).expect("directories");
    path.display().to_string()
}

pub fn each_call(stage: &Stage, spec: Spec, questions: &[&str]) {
    let also = ["descriptors", "rlimits", "signals", "place", "environment", "keyring"];
    let questions: Vec<String> = questions.iter().chain(&also).map(|&question| question.to_owned()).collect();
    let launcher = stage.build(&spec.asking(&stage.site, &questions));
    let outside = stage.outside(&["namespaces".to_owned(), "keyring".to_owned()]);
    let whole = sight(&stage.run(&launcher, &[]).answers(), &outside);
    assert!(whole.contains("no_new_privs=1") && whole.contains("seccomp=2"), "{whole}");
    let mut refused = 0;
    for nth in (1..).step_by(guest::stride()) {
        let errno = ERRNOS[nth % ERRNOS.len()];
        let run = faulted(stage, &launcher, &format!("{nth}:{errno}"));
        let Some(call) = run.stderr.lines().find_map(|line| line.strip_prefix("fault=")) else {
            assert!(nth > 30, "only {nth} calls were made: {}", run.stderr);
            break;
        };
        assert!(!run.stderr.contains("left="), "call {nth}: {}", run.stderr);
        let what = format!("call {nth} (number {call}) failed with errno {errno}: {}", run.stderr);
        if run.stdout.is_empty() {
            assert!((125..=127).contains(&run.status), "status {} when {what}", run.status);
            refused += 1;
        } else {
            assert_eq!(sight(&run.answers(), &outside), whole, "the sandbox is another when {what}");
            // 125 means that nothing ran: the program starts when pid 1, too, has nothing left that can fail.
            assert_eq!(run.status, 0, "{what}");
        }
    }
    assert!(refused * guest::stride() > 20, "only {refused} failures stopped the launch");
}

fn killed(stage: &Stage) {
    let questions = ["identity".to_owned()];
    let launcher = stage.build(&everything(stage).asking(&stage.site, &questions));
    let mounts = || std::fs::read_to_string("/proc/self/mountinfo").expect("the mounts");
    let before = mounts();
    for nth in (1..).step_by(guest::stride()) {
        let run = faulted(stage, &launcher, &format!("{nth}:kill"));
        assert!(!run.stderr.contains("left="), "killed at call {nth}: {}", run.stderr);
        if !run.stderr.contains("fault=") {
            assert!(nth > 30, "only {nth} calls were made: {}", run.stderr);
            break;
        }
        assert_eq!(run.status, 137, "killed at call {nth}");
    }
    assert_eq!(mounts(), before);
}

/// A signal that comes while the sandbox is being set up is not lost: it ends the launcher or, once there is one, the program.
/// Between the two it ends the process that is about to execute the program, and the launcher says so.
fn terminated(stage: &Stage) {
    let questions = ["sleep=1000".to_owned()];
    let launcher = stage.build(&everything(stage).asking(&stage.site, &questions));
    for nth in (1..6).chain((6..).step_by(5 * guest::stride())) {
        let run = faulted(stage, &launcher, &format!("{nth}:term"));
        if !run.stderr.contains("fault=") {
            assert!(nth > 30 && run.status == 0, "status {} after {nth} calls", run.status);
            break;
        }
        assert!(!run.stderr.contains("left="), "terminated at call {nth}: {}", run.stderr);
        let early = run.status == 125 && run.stderr.contains("ended before the program started");
        assert!(run.status == 143 || early, "status {} at call {nth}: {}", run.status, run.stderr);
    }
}

fn faulted(stage: &Stage, launcher: &Path, fault: &str) -> Run {
    let launcher = launcher.to_str().expect("a plain path");
    stage.run(&stage.ground.probe, &["--fault", fault, "--", launcher])
}

/// What was seen inside, without the numbers that are others each time: a namespace is the host's or it is not.
fn sight(inside: &Answers, outside: &Answers) -> String {
    let lines = inside.under("").map(|(key, value)| match key {
        "pid" | "ppid" | "sid" | "descriptor.1" | "descriptor.2" => format!("{key}\n"),
        _ if key == "keyring" || key.starts_with("ns.") => {
            format!("{key} of the host: {}\n", value == outside.get(key))
        }
        _ => format!("{key}={value}\n"),
    });
    lines.collect()
}
