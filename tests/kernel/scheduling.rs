//! Processors, disks and memory as the spec shares them: read back from inside, given up by nobody, refused in words.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Answers, Need, Spec, Stage};
use crate::life::{expect_gone, kill_launcher, marked, processes_with, ready};
use crate::maps::{mapped, with_ranges};
use nix::libc;
use std::fs;

const NAMESPACES: &[Need] = &[Need::UserNamespaces];
const OF_ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];
const OF_OTHERS: &[Need] = &[Need::Unprivileged, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "scheduling/applied", needs: NAMESPACES, run: applied },
    Test {
        name: "scheduling/applied-beside-newuidmap",
        needs: &[Need::Root, Need::UserNamespaces, Need::Program("newuidmap")],
        run: beside_newuidmap,
    },
    Test { name: "scheduling/not-taken-back", needs: NAMESPACES, run: not_taken_back },
    Test { name: "scheduling/raised-by-root", needs: OF_ROOT, run: raised },
    Test { name: "scheduling/raised-by-nobody", needs: OF_OTHERS, run: refused },
    Test { name: "scheduling/deadline", needs: OF_ROOT, run: deadline },
    Test { name: "scheduling/only-the-program-is-real-time", needs: OF_ROOT, run: only_the_program },
    Test {
        name: "scheduling/busy-real-time-is-killed",
        needs: &[Need::Root, Need::UserNamespaces, Need::Program("taskset")],
        run: busy,
    },
    Test { name: "scheduling/missing-processors", needs: NAMESPACES, run: missing_processors },
    Test { name: "scheduling/oom-score", needs: NAMESPACES, run: oom_score },
    Test { name: "scheduling/persona-of-the-caller", needs: NAMESPACES, run: persona },
    Test { name: "scheduling/core", needs: NAMESPACES, run: core },
    Test { name: "memory/write-execute", needs: NAMESPACES, run: write_execute },
];

/// Without a filter of the spec's own, with a pid namespace and without any namespace.
fn worlds(stage: &Stage) -> [Spec; 2] {
    [Spec::new(PLAIN).with("filesystem.proc = 'own'"), in_place(stage)]
        .map(|spec| spec.with("seccomp = { default_action = 'allow' }"))
}

#[track_caller]
fn expect_refused(stage: &Stage, conditions: &[&str], spec: &Spec, words: &[&str]) {
    let launcher = stage.build(&spec.clone().asking(&stage.site, &["note=it-ran".to_owned()]));
    let run = stage.start(conditions, &launcher);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    for words in words {
        assert!(run.stderr.contains(words), "no `{words}` in: {}", run.stderr);
    }
}

const ALL: &str = "[process]
    scheduler = { policy = 'batch', nice = 7 }
    io_priority = { class = 'best_effort', priority = 6 }
    cpu_affinity = [0]
    oom_score_adj = 500
    timer_slack = '1ms'
    personality = 'linux32'
    transparent_huge_pages = 'never'";

const APPLIED: [(&str, &str); 8] = [
    ("policy", "3"),
    ("nice", "7"),
    ("io_priority", "16390"),
    ("cpus", "1"),
    ("oom_score_adj", "500"),
    ("timer_slack", "1000000"),
    ("personality", "8"),
    ("huge_pages_off", "1"),
];

fn applied(stage: &Stage) {
    let outside = || stage.outside(&["scheduling".to_owned()]);
    let before = outside();
    for spec in worlds(stage) {
        // The control: without the keys nothing of it is so.
        let own = stage.ask(spec.clone(), &["scheduling"]);
        for (key, value) in APPLIED {
            // A machine of one processor has no other set.
            assert!(own.get(key) != value || key == "cpus", "{key} is {value} anyway");
            assert_eq!(own.get(key), before.get(key), "{key} is not the caller's");
        }
        stage.ask(spec.with(ALL), &["scheduling"]).expect(&APPLIED);
    }
    let idle = "[process]\nscheduler.policy = 'idle'\nio_priority.class = 'idle'\ncpu_affinity = '0'";
    for spec in worlds(stage) {
        let answers = stage.ask(spec.with(idle), &["scheduling"]);
        answers.expect(&[("policy", "5"), ("io_priority", "24576"), ("cpus", "1")]);
    }
}

/// An ordinary user's outside maps the ids, and so does the rest of its work there too, with the ordinary user's rights.
fn beside_newuidmap(stage: &Stage) {
    let lines =
        "{ container_id = 0, host_id = 65534, size = 1 }, { container_id = 1, host_id = 100000, size = 9 }";
    let launch = |keys: &str, more: &[&str]| {
        let spec = mapped(5, lines).with(keys);
        let launcher = stage.build(&spec.asking(&stage.site, &["scheduling".to_owned()]));
        with_ranges(stage, "nobody:100000:65536\n", more, &launcher)
    };
    let run = launch(ALL, &[]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    run.answers().expect(&APPLIED);
    let run = launch("process.scheduler = { policy = 'fifo', priority = 1 }", &["limit=14:0:0"]);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("RLIMIT_RTPRIO"), "{}", run.stderr);
}

fn not_taken_back(stage: &Stage) {
    // Whatever limits the caller has: none that would let the program raise anything.
    let conditions = ["limit=13:0:0", "limit=14:0:0"];
    let ask = |spec: Spec| -> Answers {
        let questions = ["take_more", "scheduling"].map(str::to_owned);
        let run = stage.start(&conditions, &stage.build(&spec.asking(&stage.site, &questions)));
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        run.answers()
    };
    for spec in worlds(stage) {
        let own = ask(spec.clone());
        own.expect(&[("take.cpus", "ok"), ("take.io", "ok"), ("take.other", "ok")]);
        let limited = spec.with(
            "[process]
             scheduler = { policy = 'idle' }
             io_priority = { class = 'idle' }
             cpu_affinity = [0]",
        );
        let answers = ask(limited);
        for (key, errno) in [("cpus", "EPERM"), ("io", "EPERM"), ("real_time", "EPERM"), ("other", "EPERM")] {
            assert_eq!(answers.get(&format!("take.{key}")), errno, "{key}");
        }
        answers.expect(&[("take.nice", "EACCES"), ("policy", "5"), ("io_priority", "24576"), ("cpus", "1")]);
    }
}

const RAISED: [(&str, &[(&str, &str)]); 4] = [
    (
        "scheduler = { policy = 'fifo', priority = 3 }",
        &[("policy", "1"), ("priority", "3"), ("child.policy", "1")],
    ),
    (
        "scheduler = { policy = 'rr', priority = 2, reset_on_fork = true }",
        &[("policy", "2"), ("policy.flags", "1"), ("child.policy", "0")],
    ),
    ("scheduler.nice = -5", &[("policy", "0"), ("nice", "-5")]),
    ("io_priority = { class = 'realtime', priority = 1 }", &[("io_priority", "8193")]),
];

/// As the privileged launcher does it: in a new user namespace, in one without a reaper, in the host's, in place.
fn privileged(stage: &Stage) -> Vec<Spec> {
    let [own, in_place] = worlds(stage);
    let host = "filesystem = { root = 'host', base = 'none', proc = 'none' }\nnamespaces";
    let without_reaper = own.clone().with(&format!("{host}.pid = 'host'"));
    let host_user = own.clone().with("namespaces.user = 'host'");
    vec![own, without_reaper, host_user, in_place]
}

fn raised(stage: &Stage) {
    for spec in privileged(stage) {
        for (keys, expected) in RAISED {
            let raised = spec.clone().with(&format!("[rlimits]\nnice = 0\nrtprio = 0\n[process]\n{keys}"));
            stage.ask(raised, &["child_policy", "scheduling"]).expect(expected);
        }
    }
}

fn refused(stage: &Stage) {
    let words: [&[&str]; 4] = [
        &["scheduling policy fifo", "Operation not permitted", "CAP_SYS_NICE", "RLIMIT_RTPRIO"],
        &["scheduling policy rr", "Operation not permitted", "RLIMIT_RTPRIO"],
        &["nice value -5", "Permission denied", "CAP_SYS_NICE", "RLIMIT_NICE"],
        &["I/O priority realtime 1", "Operation not permitted", "CAP_SYS_NICE"],
    ];
    for spec in worlds(stage) {
        for ((keys, _), words) in RAISED.iter().zip(words) {
            let spec = spec.clone().with(&format!("[process]\n{keys}"));
            expect_refused(stage, &["limit=13:0:0", "limit=14:0:0"], &spec, words);
        }
    }
    let deadline = in_place(stage).with(DEADLINE);
    expect_refused(stage, &[], &deadline, &["policy deadline", "Operation not permitted", "CAP_SYS_NICE"]);
}

const DEADLINE: &str =
    "process.scheduler = { policy = 'deadline', runtime = '1ms', deadline = '50ms', period = '100ms' }";

fn deadline(stage: &Stage) {
    let [own, in_place] = worlds(stage);
    let host_user = own.with("namespaces.user = 'host'");
    for spec in [host_user, in_place] {
        let spec = spec.with(DEADLINE);
        let questions = ["scheduling", "child_policy"];
        let lengths = ("deadline", "1000000,50000000,100000000");
        let answers = stage.ask(spec.clone(), &questions);
        answers.expect(&[("policy", "6"), lengths, ("child", "EAGAIN")]);
        let answers = stage.ask(spec.clone().with("process.scheduler.reset_on_fork = true"), &questions);
        answers.expect(&[("policy", "6"), lengths, ("child", "ok"), ("child.policy", "0")]);
        let long = "process.scheduler = { policy = 'deadline', runtime = '1ms', deadline = '1d' }";
        expect_refused(stage, &[], &spec.with(long), &["Invalid argument", "sched_deadline_period_max_us"]);
    }
}

fn policy_of(pid: i32) -> i32 {
    // SAFETY: the call takes a number and returns one.
    unsafe { libc::sched_getscheduler(pid) }
}

/// Who watches the program is not of its priority.
fn only_the_program(stage: &Stage) {
    let spec = worlds(stage)[0].clone().with("process.scheduler = { policy = 'fifo', priority = 3 }");
    let (launcher, mark) = marked(stage, spec, "sleep=60000");
    let mut child = stage.spawn(&launcher, &[]);
    ready(&mut child);
    let [program] = processes_with(&mark).into_iter().collect::<Vec<_>>()[..] else { panic!("one program") };
    let status = fs::read_to_string(format!("/proc/{program}/status")).expect("its status");
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:\t")).expect("its parent");
    let outside = i32::try_from(child.id()).expect("a pid");
    let reaper: i32 = parent.parse().expect("a pid");
    assert_ne!(reaper, outside);
    assert_eq!([program, reaper, outside].map(policy_of), [1, 0, 0], "program, reaper, outside");
    kill_launcher(child);
    expect_gone(&mark);
}

/// It never blocks, and the reaper may use the same processor: what the kernel's throttling leaves is enough to end it.
fn busy(stage: &Stage) {
    let spec = worlds(stage)[0].clone().with("process.scheduler = { policy = 'fifo', priority = 3 }");
    let (launcher, mark) = marked(stage, spec, "spin=20000");
    let launcher = launcher.to_str().expect("a plain path");
    let taskset = Need::program("taskset").expect("taskset, which the test needs");
    let mut child = stage.spawn(&taskset, &["1", launcher]);
    ready(&mut child);
    kill_launcher(child);
    expect_gone(&mark);
}

fn missing_processors(stage: &Stage) {
    for spec in worlds(stage) {
        for (cpus, errno) in [("[2047]", "Invalid argument"), ("[0, 2047]", ""), ("'0,64-2000'", "")] {
            let spec = spec.clone().with(&format!("process.cpu_affinity = {cpus}"));
            let words = ["set the processors", "cpuset", errno];
            expect_refused(stage, &[], &spec, &words);
        }
    }
}

fn oom_score(stage: &Stage) {
    let outside = stage.outside(&["scheduling".to_owned()]).number("oom_score_adj");
    let lower = outside - 5;
    // The control: may this person lower it at all? A launcher's caller with CAP_SYS_RESOURCE may have left room for it.
    let write = format!("echo {lower} > /proc/self/oom_score_adj");
    let may = stage.run("/bin/sh".as_ref(), &["-c", &write]).status == 0;
    for spec in worlds(stage) {
        let spec = spec.with(&format!("process.oom_score_adj = {lower}"));
        if may {
            stage.ask(spec, &["scheduling"]).expect(&[("oom_score_adj", &lower.to_string())]);
        } else {
            let words = [&format!("write {lower} to oom_score_adj"), "Permission denied", "CAP_SYS_RESOURCE"];
            expect_refused(stage, &[], &spec, &words);
        }
    }
}

/// ADDR_NO_RANDOMIZE, which exec would keep.
fn persona(stage: &Stage) {
    let fixed = "personality=262144";
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let control = stage.run(&stage.ground.probe, &["--start", fixed, "--", probe, "scheduling"]).answers();
    control.expect(&[("personality", "262144")]);
    for spec in worlds(stage) {
        let launcher = stage.build(&spec.asking(&stage.site, &["scheduling".to_owned()]));
        stage.start(&[fixed], &launcher).answers().expect(&[("personality", "0")]);
    }
}

/// The kernels at hand have no core scheduling; where one has, the program has a cookie and the caller none.
fn core(stage: &Stage) {
    let outside = stage.outside(&["scheduling".to_owned()]).get("core_cookie").to_owned();
    for spec in worlds(stage) {
        let spec = spec.with("process.core_scheduling = true");
        match outside.as_str() {
            "EINVAL" => {
                let words = ["core scheduling cookie", "Invalid argument", "CONFIG_SCHED_CORE"];
                expect_refused(stage, &[], &spec, &words);
            }
            "errno 19" => expect_refused(stage, &[], &spec, &["No such device", "one thread on a core"]),
            _ => assert_ne!(stage.ask(spec, &["scheduling"]).get("core_cookie"), outside),
        }
    }
}

fn write_execute(stage: &Stage) {
    let known = stage.outside(&["scheduling".to_owned()]).get("write_execute_denied") != "EINVAL";
    let probes = ["/probe", stage.site.probe.to_str().expect("a plain path")];
    for (spec, probe) in worlds(stage).into_iter().zip(probes) {
        // In the program, and in what it executes in a child.
        let again = format!("run={probe},as=again.,write_execute");
        let questions = ["write_execute", "take_more", "scheduling", &again];
        let ways = ["at_once", "afterwards", "given_up"];
        let control = stage.ask(spec.clone(), &questions);
        for key in ways.iter().flat_map(|way| [format!("memory.{way}"), format!("again.memory.{way}")]) {
            assert_eq!(control.get(&key), "ok", "{key}");
        }
        let spec = spec.with("process.memory_deny_write_execute = true");
        if !known {
            expect_refused(stage, &[], &spec, &["Invalid argument", "Linux 6.3"]);
            continue;
        }
        let answers = stage.ask(spec.clone(), &questions);
        answers.expect(&[("take.write_execute", "EPERM"), ("write_execute_denied", "1")]);
        for start in ["", "again."] {
            let found = ways.map(|way| answers.get(&format!("{start}memory.{way}")));
            assert_eq!(found, ["EACCES", "EACCES", "ok"], "{start}");
        }
    }
}
