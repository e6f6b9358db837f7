//! Every system call of a launch fails once, with each errno, and at every one the launcher is killed and terminated once: the
//! sandbox is whole or there is none, the error names its step, line and errno, and nothing is left.
//!
//! Of all calls and errnos as many are tried as make every system call fail with every errno, and every place of a launch
//! once; with `BOXWRIGHT_FAULTS=complete` it is the whole product, with figures.

use crate::Account;
use crate::harness::{Run, Stage, guest};
use crate::sight::Whole;
use crate::subjects::{EMPTY_GROUP, SUBJECTS, Scene, Subject};
use std::collections::BTreeMap;
use std::io::Error;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// EPERM, EINTR, EIO, ENOMEM, EMFILE, ENOSPC and ENOSYS. ENOENT is left out, since for something optional it is no failure.
const ERRNOS: [i32; 7] = [1, 4, 5, 12, 24, 28, 38];

/// What is asked of every subject.
const ALWAYS: [&str; 9] = [
    "descriptors",
    "rlimits",
    "signals",
    "place",
    "environment",
    "keyring",
    "call=165",
    "call=321",
    "call=9999",
];

/// The calls of who waits for a child: their failure may come while the program runs.
const WAITS: [u32; 2] = [128, 247];
const EXECVE: u32 = 59;
const SETSID: u32 = 112;
/// What setsid(2) says to a group's leader.
const EPERM: i32 = 1;
/// readlinkat(2), statx(2) and ioctl(2), and what is missing when the path of the terminal was not found by them.
const FINDS_TERMINAL: [u32; 3] = [267, 332, 16];
const NAME_OF_THE_TERMINAL: [&str; 2] = ["mount./dev/console, missing", "list./dev="];
/// What the program ends with: a launcher that has lost it says 0.
const STATUS: i32 = 7;
/// capget(2), since a launcher that cannot look at its capabilities has none, and landlock_create_ruleset(2), where ENOSYS
/// means that there is no Landlock.
const OTHER_WORDS: [(u32, &str); 2] = [(125, ""), (444, "the kernel has no Landlock")];

pub fn add(account: &mut Account) {
    for subject in SUBJECTS {
        for (name, run) in [
            ("errnos", errnos as fn(&Stage, &Subject)),
            ("killed", killed as fn(&Stage, &Subject)),
            ("terminated", terminated as fn(&Stage, &Subject)),
        ] {
            account.add(&format!("fault/{name}/{}", subject.name), subject.needs, move |stage| {
                run(stage, subject)
            });
        }
    }
}

/// A launch that faults are put into.
struct Target<'a> {
    stage: &'a Stage,
    scene: Scene,
    launcher: PathBuf,
    calls: Vec<Call>,
    before: Vec<String>,
    began: Instant,
}

/// A call of the launch: the process that makes it, its place there, and its number.
#[derive(Clone)]
struct Call {
    place: String,
    number: u32,
    /// It belongs to the end of the launch, when the program has run.
    is_late: bool,
}

impl<'a> Target<'a> {
    fn new(stage: &'a Stage, subject: &Subject, questions: &[&str]) -> Option<Self> {
        let scene = (subject.scene)(stage)?;
        let own = scene.questions.iter().filter(|_| questions.is_empty());
        let questions = own.chain(questions).chain(&ALWAYS).map(|&question| question.to_owned());
        let questions: Vec<String> = questions.chain([format!("exit={STATUS}")]).collect();
        let launcher = stage.build(&scene.spec.clone().asking(&stage.site, &questions));
        let before = Vec::new();
        let mut target = Self { stage, scene, launcher, calls: vec![], before, began: Instant::now() };
        target.before = target.outside();
        target.calls = target.record();
        Some(target)
    }

    fn trace(&self, tracer: &[&str]) -> Run {
        let probe = self.stage.ground.probe.to_str().expect("a plain path");
        let conditions = self.scene.conditions.iter().map(String::as_str);
        let start = ["--start"].into_iter().chain(conditions).chain(["--", probe]);
        let launcher = self.launcher.to_str().expect("a plain path");
        let arguments: Vec<&str> = start.chain(tracer.iter().copied()).chain(["--", launcher]).collect();
        self.stage.run(&self.stage.ground.probe, &arguments)
    }

    /// All calls but the program's, whichever process makes them, in the order of one launch.
    fn record(&self) -> Vec<Call> {
        let run = self.trace(&["--record"]);
        assert_eq!(run.status, STATUS, "{}", run.stderr);
        let mut calls: Vec<Call> = Vec::new();
        for line in run.stderr.lines().filter_map(|line| line.strip_prefix("call=")) {
            let (place, number) = line.split_once(':').expect("a place and a number");
            let number = number.parse().expect("a number");
            calls.push(Call { place: place.to_owned(), number, is_late: false });
        }
        // Waits are made before the exec on a slower machine.
        let executed = calls.iter().rposition(|call| call.number == EXECVE).expect("an exec");
        let late = calls.iter_mut().skip(executed + 1);
        late.for_each(|call| call.is_late = !WAITS.contains(&call.number));
        calls
    }

    /// Launches with a fault, and makes sure that nothing is left.
    fn run(&self, call: &Call, what: &str) -> Run {
        let run = self.trace(&["--fault", &format!("{}:{what}", call.place)]);
        assert!(!run.stderr.contains("left="), "{what} at {}: {}", call.place, run.stderr);
        assert_ne!(run.status, 142, "it hangs: {what} at {} (number {})", call.place, call.number);
        let place = format!("{what} at {} (number {})", call.place, call.number);
        self.expect_nothing_left(what == "kill", &place);
        run
    }

    /// The kernel takes interfaces away a moment after the namespace that they were in.
    #[track_caller]
    fn expect_nothing_left(&self, killed: bool, what: &str) {
        let end = Instant::now() + guest::slowly(Duration::from_secs(10));
        loop {
            let mut outside = self.outside();
            outside.retain(|line| !killed || self.before.contains(line) || !line.starts_with(EMPTY_GROUP));
            if outside == self.before {
                return;
            }
            let news: Vec<_> = outside.iter().filter(|line| !self.before.contains(line)).collect();
            assert!(Instant::now() < end, "something is left or missing: {what}: {news:#?}");
            sleep(Duration::from_millis(20));
        }
    }

    /// What a launch could leave behind: mounts, files and what the scene has.
    fn outside(&self) -> Vec<String> {
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("the mounts");
        let mut lines: Vec<String> = mounts.lines().map(str::to_owned).collect();
        let mut next = vec![self.stage.directory().to_owned()];
        while let Some(directory) = next.pop() {
            for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
                lines.push(format!("{entry:?}"));
                next.extend(entry.file_type().is_ok_and(|kind| kind.is_dir()).then(|| entry.path()));
            }
        }
        lines.sort();
        lines.extend((self.scene.outside)());
        lines
    }

    fn conclude(&self, launches: usize) {
        let seconds = self.began.elapsed().as_secs_f64();
        if is_complete() {
            println!("{launches} launches, {} calls, {seconds:.1} s", self.calls.len());
        }
        // The next launch takes away what a killed one has left.
        assert_eq!(self.stage.start(&self.conditions(), &self.launcher).status, STATUS);
        self.expect_nothing_left(false, "after all");
    }

    fn conditions(&self) -> Vec<&str> {
        self.scene.conditions.iter().map(String::as_str).collect()
    }
}

fn is_complete() -> bool {
    std::env::var_os("BOXWRIGHT_FAULTS").is_some_and(|value| value == "complete")
}

/// Which calls fail with what.
fn cases(calls: &[Call]) -> Vec<(&Call, i32)> {
    if is_complete() {
        return calls.iter().flat_map(|call| ERRNOS.map(|errno| (call, errno))).collect();
    }
    let mut places: BTreeMap<u32, Vec<&Call>> = BTreeMap::new();
    calls.iter().for_each(|call| places.entry(call.number).or_default().push(call));
    // A round of the stride goes through all calls, and not through one call's errnos.
    let columns: Vec<Vec<_>> = places.values().map(|places| with_each_errno(places)).collect();
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|row| columns.iter().filter_map(move |column| column.get(row).copied())).collect()
}

/// Each of these places fails once, and with each errno one of them.
fn with_each_errno<'a>(places: &[&'a Call]) -> Vec<(&'a Call, i32)> {
    let pair = |at: usize| (places[at % places.len()], ERRNOS[at % ERRNOS.len()]);
    (0..places.len().max(ERRNOS.len())).map(pair).collect()
}

fn errnos(stage: &Stage, subject: &Subject) {
    let Some(target) = Target::new(stage, subject, &[]) else { return };
    let outside = stage.outside(&["namespaces".to_owned(), "keyring".to_owned()]);
    // Nothing fails at the place 0.
    let launch = || target.trace(&["--fault", "0:1"]).answers();
    let whole = Whole::new([launch(), launch()], &outside, target.scene.known.clone());
    assert!(whole.same["no_new_privs"] == "1" && whole.same["seccomp"] == "2", "{:?}", whole.same);
    let (mut launches, mut refused, mut missed) = (0, 0, 0);
    for (call, errno) in cases(&target.calls).into_iter().step_by(guest::stride()) {
        let run = target.run(call, &errno.to_string());
        let what = format!("call {} (number {}) failed with errno {errno}", call.place, call.number);
        launches += 1;
        if !run.stderr.starts_with("fault=") {
            // A process that others end when they need it no more may not come so far.
            missed += 1;
            assert_eq!((run.status, run.stderr.as_str()), (STATUS, ""), "{what}");
            continue;
        }
        if run.status == STATUS {
            let said = run.stderr.lines().count();
            // Nothing is left, so a control group that stays for a while is nothing to tell.
            assert_eq!(said, 1, "{what}: {}", run.stderr);
            let mut found = whole.differences(&run.answers(), true);
            // A launcher that leads its group starts the program in place as a child that ends with it.
            if subject.name == "in-place" && (call.number, errno) == (SETSID, EPERM) {
                let forked = found.iter().position(|fact| fact.starts_with("parent_death_signal=9,"));
                found.remove(forked.unwrap_or_else(|| panic!("{what}: no child: {found:?}")));
            }
            // The name of the terminal is for programs that ask for it, and protects nothing.
            if subject.name == "terminal" && FINDS_TERMINAL.contains(&call.number) {
                found.retain(|fact| !NAME_OF_THE_TERMINAL.iter().any(|start| fact.starts_with(start)));
            }
            assert!(found.is_empty(), "{what}: another sandbox: {}", found.join(", "));
        } else {
            assert!(!call.is_late, "{what}: the program has run: {} {}", run.status, run.stderr);
            refused += 1;
            let expected = if call.number == EXECVE { 126 } else { 125 };
            assert_eq!(run.status, expected, "{what}: {}", run.stderr);
            // 125 means that nothing ran, or that whoever waited for the program can do so no more.
            assert!(run.stdout.is_empty() || WAITS.contains(&call.number), "{what}: {}", run.stdout);
            expect_reason(&run, call, errno, &what);
        }
    }
    assert!(refused * 2 > launches, "only {refused} of {launches} failures stopped the launch");
    assert!(missed * 20 < launches, "{missed} of {launches} calls were not made");
    target.conclude(launches);
}

/// One line: `name: file:line:column: step: reason`.
#[track_caller]
fn expect_reason(run: &Run, call: &Call, errno: i32, what: &str) {
    let lines: Vec<&str> = run.stderr.lines().skip(1).collect();
    let [line] = lines[..] else { panic!("{what}: {lines:?}") };
    let place = line.split(": ").nth(1).unwrap_or_default();
    let numbers: Vec<&str> = place.split(':').skip(1).collect();
    let is_place = place.contains(".sandbox.toml:")
        && numbers.len() == 2
        && numbers.iter().all(|number| number.parse::<u32>().is_ok_and(|number| number > 0));
    assert!(is_place && line.split(": ").count() > 3, "{what}: {line}");
    let words = Error::from_raw_os_error(errno).to_string();
    let words = words.split(" (os error").next().unwrap_or_default();
    let other = OTHER_WORDS.iter().any(|(number, words)| *number == call.number && line.contains(words));
    assert!(line.contains(words) || other, "{what}: {line}");
}

/// Of the places up to the program's exec as many as are tried with a signal.
fn some(calls: &[Call]) -> impl Iterator<Item = &Call> {
    let executed = calls.iter().rposition(|call| call.number == EXECVE).map_or(0, |at| at + 1);
    calls[..executed].iter().step_by(if is_complete() { 1 } else { 5 * guest::stride() })
}

fn killed(stage: &Stage, subject: &Subject) {
    let Some(target) = Target::new(stage, subject, &["note=ran"]) else { return };
    let mut launches = 0;
    for call in some(&target.calls) {
        let run = target.run(call, "kill");
        let missed = run.status == STATUS && !run.stderr.contains("fault=");
        assert!(run.status == 137 || missed, "killed at {}: {} {}", call.place, run.status, run.stderr);
        launches += 1;
    }
    target.conclude(launches);
}

/// A signal that comes while the sandbox is being set up is not lost: it ends the launcher or, once there is one, the program.
/// Between the two it ends the process that is about to execute the program, and the launcher says so.
fn terminated(stage: &Stage, subject: &Subject) {
    let Some(target) = Target::new(stage, subject, &["sleep=1000"]) else { return };
    let mut launches = 0;
    for call in some(&target.calls) {
        let run = target.run(call, "term");
        let early = run.status == 125 && run.stderr.contains("ended before the program started");
        let missed = run.status == STATUS && !run.stderr.contains("fault=");
        assert!(
            run.status == 143 || early || missed,
            "status {} at {}: {}",
            run.status,
            call.place,
            run.stderr
        );
        launches += 1;
    }
    target.conclude(launches);
}
