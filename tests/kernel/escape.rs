//! The escape suite: every attempt of tests/escape in every sandbox of escape.toml, against what is expected of it there.

use crate::Account;
use crate::harness::{Need, Person, Run, Spec, Stage, command};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};

/// The sandboxes, what is open in them and why, and what cannot be shown here.
const LIST: &str = include_str!("escape.toml");

/// The pages that say how many attempts there are.
const README: &str = include_str!("../../README.md");
const SECURITY: &str = include_str!("../../SECURITY.md");

/// Secrets: of the process outside, and of the environment that the launcher is started with.
fn secrets(stage: &Stage) -> [String; 2] {
    ["victim", "caller"].map(|owner| format!("secret-of-the-{owner}-{}", stage.site.key))
}

/// What is in the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandboxes {
    sandbox: Vec<Sandbox>,
    open: Vec<Accepted>,
    not_applicable: Vec<Accepted>,
    /// Attempts that nobody can show to succeed on this machine.
    without_control: Vec<Accepted>,
}

/// A spec, merged into another one when it has a base.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Sandbox {
    name: String,
    base: Option<String>,
    spec: String,
}

/// Attempts, and why they end as they do in these sandboxes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    #[serde(default)]
    sandboxes: Vec<String>,
    attempts: Vec<String>,
    /// For whoever reads the list.
    #[serde(rename = "reason")]
    _reason: String,
    /// Who launches, when it is not about everybody.
    launched_by: Option<String>,
    /// Whether there is a terminal, when that matters.
    terminal: Option<bool>,
}

impl Accepted {
    fn is_about(&self, sandbox: &str, person: Person) -> bool {
        self.launched_by.as_deref().is_none_or(|word| word == person.word())
            && self.sandboxes.iter().any(|name| name == sandbox)
    }
}

impl Sandboxes {
    pub fn read() -> Self {
        toml::from_str(LIST).unwrap_or_else(|error| panic!("escape.toml: {error}"))
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.sandbox.iter().map(|sandbox| sandbox.name.clone()).collect()
    }

    /// The sandbox of this name, compiled for a victim in the test's directory and for the suite's program.
    pub fn launcher(&self, stage: &Stage, name: &str, how: &str) -> PathBuf {
        let found = |name: &str| {
            let sandbox = self.sandbox.iter().find(|sandbox| sandbox.name == name);
            sandbox.unwrap_or_else(|| panic!("no sandbox {name}"))
        };
        let mut chain = vec![found(name)];
        while let Some(base) = &chain[chain.len() - 1].base {
            chain.push(found(base));
        }
        let escape = stage.ground.escape().display().to_string();
        let values = [("{directory}", lures(stage)), ("{escape}", escape), ("{how}", how.to_owned())];
        let mut spec = Spec::new("");
        for sandbox in chain.iter().rev() {
            let fill = |text: String, (place, value): &(&str, String)| text.replace(place, value);
            spec = spec.with(&values.iter().fold(sandbox.spec.clone(), fill));
        }
        stage.build_text(name, &spec.text())
    }
}

/// A trial for each sandbox, and one for the controls.
pub fn add(account: &mut Account) {
    for name in Sandboxes::read().names() {
        let title = format!("escape/{name}");
        account.add(&title, &[Need::UserNamespaces], move |stage| hold(stage, &name));
    }
    let needs = &[Need::Root, Need::UserNamespaces];
    account.add("escape/every-attempt-succeeds-somewhere", needs, controls);
}

/// What became of an attempt, and the detail.
pub type Outcomes = BTreeMap<String, (String, String)>;

/// No attempt may end otherwise than the list says, and nothing may be on the list in vain.
fn hold(stage: &Stage, name: &str) {
    let list = Sandboxes::read();
    let launcher = list.launcher(stage, name, "run");
    let mut problems = Vec::new();
    let mut met = BTreeSet::new();
    for terminal in [false, true] {
        let outcomes = Victim::new(stage).attempts(stage, &launcher, terminal);
        for (attempt, (outcome, detail)) in &outcomes {
            let accepted = match outcome.as_str() {
                "contained" => continue,
                "ESCAPED" => &list.open,
                _ => &list.not_applicable,
            };
            let here = accepted.iter().filter(|entry| entry.is_about(name, stage.person));
            let here = here.filter(|entry| entry.terminal.is_none_or(|wanted| wanted == terminal));
            let mut listed = here.flat_map(|entry| &entry.attempts);
            match listed.find(|listed| *listed == attempt) {
                Some(_) => _ = met.insert((outcome.clone(), attempt.clone())),
                None => problems.push(format!("{attempt} {outcome} {detail} (terminal: {terminal})")),
            }
        }
    }
    for (outcome, entries) in [("ESCAPED", &list.open), ("not-applicable", &list.not_applicable)] {
        let here = entries.iter().filter(|entry| entry.is_about(name, stage.person));
        for attempt in here.flat_map(|entry| &entry.attempts) {
            if !met.contains(&(outcome.to_owned(), attempt.clone())) {
                problems.push(format!("{attempt} is listed as {outcome}, and is not"));
            }
        }
    }
    assert!(problems.is_empty(), "{} in the sandbox {name}:\n{}", problems.len(), problems.join("\n"));
}

/// An attempt that never succeeds proves nothing: on the host, or in a sandbox that is weak on purpose, each does.
fn controls(stage: &Stage) {
    let list = Sandboxes::read();
    let escape = stage.ground.escape().display().to_string();
    let mut never: BTreeSet<String> = names(stage);
    let mut seen = |outcomes: &Outcomes| {
        never.retain(|attempt| outcomes.get(attempt).is_none_or(|(outcome, _)| outcome != "ESCAPED"));
    };
    let lure = format!("open=0:{}/kept", lures(stage));
    let ground = stage.ground.escape().parent().expect("a directory");
    let chroot = format!("chroot_alone={}", ground.display());
    // Conditions, the program, how it is to run, and which attempts that is about.
    let hosts: &[(&[&str], &str, &str, &str)] = &[
        (&["inheritable", "limit=4:1000000", "terminal"], &escape, "apart", ""),
        (&["user=65534", "terminal"], &escape, "run", ""),
        (&["user=65534", &lure], &escape, "run", ""),
        (&["unshare=20000000", "init"], &escape, "apart", ""),
        (&["shared_mounts"], &escape, "run", "mounts/propagation"),
        (&["directory_at=0"], &escape, "run", "descriptors/"),
        (&["cwd=/", &chroot], "/escape", "run", "tree/cwd-outside"),
    ];
    for (conditions, program, word, only) in hosts {
        seen(&Victim::new(stage).bare(stage, conditions, &[program, word], only));
    }
    for sandbox in ["namespaces", "root-inside", "landlock"] {
        let launcher = list.launcher(stage, sandbox, "run");
        seen(&Victim::new(stage).attempts(stage, &launcher, false));
    }
    let excused: Vec<&String> = list.without_control.iter().flat_map(|entry| &entry.attempts).collect();
    let figure = format!("{} attempts to get out", names(stage).len());
    for (name, page) in [("README.md", README), ("SECURITY.md", SECURITY)] {
        assert!(page.contains(&figure), "{name} says another figure than {figure}");
    }
    assert!(SECURITY.contains(&format!("but for {} that need", excused.len())), "{}", excused.len());
    let missing: Vec<&String> = never.iter().filter(|attempt| !excused.contains(attempt)).collect();
    assert!(missing.is_empty(), "nothing shows that these could succeed: {missing:#?}");
    let vain: Vec<_> = excused.iter().filter(|attempt| !never.contains(**attempt)).collect();
    assert!(vain.is_empty(), "listed without a control, and has one: {vain:?}");
}

/// The victim's own directory.
fn lures(stage: &Stage) -> String {
    stage.directory().join("victim").display().to_string()
}

/// Makes what specs name of the victim; the rest is for the victim to make.
pub fn make_lures(stage: &Stage) -> String {
    let directory = lures(stage);
    for name in ["", "granted", "masked", "writable", "beneath", "beneath/sealed"] {
        let path = format!("{directory}/{name}");
        std::fs::create_dir(&path).expect("a directory for the victim");
        give(&path);
    }
    let masked = format!("{directory}/masked/file");
    std::fs::write(&masked, "").expect("a file for the victim");
    give(&masked);
    directory
}

/// Launched by root the sandboxes are 65534, and so is the victim: only what is tested stands between the two.
fn give(path: &str) {
    if nix::unistd::geteuid().is_root() {
        nix::unistd::chown(path, Some(65534.into()), Some(65534.into())).expect("chown");
    }
}

/// A process outside, with everything that attempts are about.
struct Victim {
    child: Child,
    stdin: ChildStdin,
    facts: Vec<String>,
    directory: String,
}

impl Victim {
    fn new(stage: &Stage) -> Self {
        let directory = make_lures(stage);
        let [secret, of_the_caller] = secrets(stage);
        let person = if stage.person.uid() == 0 { Person::Nobody } else { stage.person };
        let mut command = command(person, stage.ground.escape(), &["victim", &directory, &secret]);
        let mut child = command
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the victim");
        let stdin = child.stdin.take().expect("a pipe");
        let mut reader = BufReader::with_capacity(1, child.stdout.as_mut().expect("a pipe"));
        let mut facts = vec![format!("caller_secret={of_the_caller}"), format!("caller_key={}", key(stage))];
        loop {
            let mut line = String::new();
            assert_ne!(reader.read_line(&mut line).expect("a fact"), 0, "the victim has ended");
            if line == "ready=yes\n" {
                break;
            }
            facts.push(line.trim_end().to_owned());
        }
        Self { child, stdin, facts, directory }
    }

    /// Every attempt in a sandbox, started as a hostile caller would start it.
    fn attempts(self, stage: &Stage, launcher: &Path, terminal: bool) -> Outcomes {
        let stdin = if terminal { "terminal".to_owned() } else { format!("open=0:{}/kept", self.directory) };
        let outcomes = self.run(stage, &[&stdin], &[&launcher.display().to_string()], "");
        let missing: Vec<String> =
            names(stage).into_iter().filter(|name| !outcomes.contains_key(name)).collect();
        assert!(missing.is_empty(), "not attempted: {missing:?}");
        outcomes
    }

    /// The attempts whose names begin so, without a sandbox.
    fn bare(self, stage: &Stage, conditions: &[&str], program: &[&str], only: &str) -> Outcomes {
        self.run(stage, conditions, program, only)
    }

    fn run(self, stage: &Stage, conditions: &[&str], program: &[&str], only: &str) -> Outcomes {
        // Where profiles let a program work, and nothing else of the victim's is.
        let work = stage.directory().join("work");
        std::fs::create_dir_all(work.join(".git/hooks")).expect("a directory to work in");
        give(&work.display().to_string());
        let own = [
            format!("environment=BOXWRIGHT_SECRET={}", secrets(stage)[1]),
            "environment=LD_LIBRARY_PATH=/nowhere".to_owned(),
            format!("session_key={}", key(stage)),
            format!("open=8:{}/kept", self.directory),
            "directory_at=9".to_owned(),
            format!("cwd={}", work.display()),
            // No grant of the working directory is of the home directory.
            "environment=HOME=/nonexistent".to_owned(),
            "block=10".to_owned(),
            "ignore=10".to_owned(),
            "personality=262144".to_owned(),
        ];
        let mut arguments = vec!["--start"];
        arguments.extend(own.iter().map(String::as_str));
        if stage.person.uid() == 0 {
            arguments.push("groups=3");
        }
        arguments.extend(conditions);
        arguments.push("--");
        arguments.extend(program);
        arguments.extend(self.facts.iter().map(String::as_str));
        let only = format!("only={only}");
        arguments.push(&only);
        let run = stage.run(&stage.ground.probe, &arguments);
        let outcomes = read(&run);
        assert!(!outcomes.is_empty(), "{conditions:?}: nothing was attempted: {}{}", run.stdout, run.stderr);
        self.expect_untouched(&outcomes);
        outcomes
    }

    /// Where nothing has escaped, the victim has noticed nothing.
    fn expect_untouched(self, outcomes: &Outcomes) {
        let Self { child, stdin, directory, .. } = self;
        drop(stdin);
        let account = crate::harness::wait(child).answers();
        let escaped = |subject: &str| {
            outcomes.iter().any(|(name, (outcome, _))| name.starts_with(subject) && outcome == "ESCAPED")
        };
        if !["processes/", "network/", "memory/", "landlock/"].iter().any(|subject| escaped(subject)) {
            account.expect(&[("signals", "0"), ("visits", "0"), ("memory", "true")]);
        }
        std::fs::remove_dir_all(directory).expect("the victim's directory");
    }
}

/// Everything that is attempted.
fn names(stage: &Stage) -> BTreeSet<String> {
    stage.run(stage.ground.escape(), &["names"]).stdout.lines().map(str::to_owned).collect()
}

/// The name of the key that the caller's session has.
fn key(stage: &Stage) -> String {
    format!("boxwright-caller-{}", stage.site.key)
}

/// `NAME OUTCOME DETAIL`, line by line.
pub fn read(run: &Run) -> Outcomes {
    let lines = run.stdout.lines().filter_map(|line| {
        let (name, rest) = line.trim_end_matches('\r').split_once(' ')?;
        let (outcome, detail) = rest.split_once(' ')?;
        Some((name.to_owned(), (outcome.to_owned(), detail.to_owned())))
    });
    lines.collect()
}
