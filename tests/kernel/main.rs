//! Real sandboxes on the running kernel, looked at from inside, once for each person who launches them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test that cannot go on should stop, and says why on the terminal"
)]

mod abilities;
mod at_once;
mod attest;
mod builds;
mod bypasses;
mod callers;
mod cgroup_files;
mod cgroups;
mod changed_plans;
mod closure;
mod crowds;
mod demonstrations;
mod doctor;
mod ends;
mod escape;
mod exec_list;
mod exec_once;
mod exits;
mod faults;
mod files;
mod filters;
mod groups;
mod harness;
mod hostile_root;
mod idmaps;
mod in_place;
mod inspected;
mod jobs;
mod joins;
mod kernels;
mod landlock;
mod life;
mod limits;
mod listen;
mod many;
mod maps;
mod mounts;
mod mutants;
mod network;
mod notify;
mod output;
mod owners;
mod planted;
mod ports;
mod privilege;
mod profiles;
mod propagation;
mod protections;
mod readme;
mod refusals;
mod rows;
mod runtime;
mod scarcity;
mod scheduling;
mod sight;
mod sources;
mod starts;
mod subjects;
mod timeout;
#[path = "../vm/mod.rs"]
mod vm;

use harness::{Ground, LACKS, Lack, Missing, Need, Person, Stage, Verdict, conclude, trial};
use libtest_mimic::{Arguments, Trial};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// A test that runs once for each person.
pub struct Test {
    pub name: &'static str,
    /// A test that needs root runs for root alone.
    pub needs: &'static [Need],
    pub run: fn(&Stage),
}

/// The tests, file by file.
const TESTS: &[&[Test]] = &[
    attest::TESTS,
    at_once::TESTS,
    builds::TESTS,
    bypasses::TESTS,
    ends::TESTS,
    exec_list::TESTS,
    exec_once::TESTS,
    exits::TESTS,
    rows::TESTS,
    sources::TESTS,
    starts::TESTS,
    scarcity::TESTS,
    kernels::TESTS,
    life::TESTS,
    timeout::TESTS,
    crowds::TESTS,
    listen::TESTS,
    limits::TESTS,
    cgroups::TESTS,
    cgroup_files::TESTS,
    changed_plans::TESTS,
    closure::TESTS,
    scheduling::TESTS,
    many::TESTS,
    maps::TESTS,
    idmaps::TESTS,
    files::TESTS,
    filters::TESTS,
    hostile_root::TESTS,
    mounts::TESTS,
    mutants::TESTS,
    network::TESTS,
    notify::TESTS,
    output::TESTS,
    owners::TESTS,
    profiles::TESTS,
    propagation::TESTS,
    in_place::TESTS,
    groups::TESTS,
    jobs::TESTS,
    privilege::TESTS,
    joins::TESTS,
    landlock::TESTS,
    planted::TESTS,
    ports::TESTS,
    readme::TESTS,
    doctor::TESTS,
    refusals::TESTS,
    runtime::TESTS,
];

/// What the tests say at their end when something of theirs, or of launchers', stays on the machine.
const LEFT: &str = "left on the machine";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let ground = match Ground::new(env!("CARGO_BIN_EXE_boxwright")) {
        Ok(ground) => Box::leak(Box::new(ground)),
        Err(problem) => {
            let mut missing = Missing::new();
            let trial = trial("kernel".to_owned(), &[problem], &mut missing, || {});
            return conclude(&arguments, vec![trial], &missing);
        }
    };
    let mut missing = Missing::new();
    let mut trials = Vec::new();
    let mut names = Vec::new();
    let people: Vec<_> = Person::all().into_iter().map(|person| (person, ground.verdicts(person))).collect();
    for lack in [None].into_iter().chain(LACKS.iter().map(Some)) {
        for (person, verdicts) in &people {
            let (missing, trials) = (&mut missing, &mut trials);
            let mut account = Account { ground, person: *person, verdicts, lack, added: 0, missing, trials };
            demonstrations::add(&mut account);
            faults::add(&mut account);
            // Their lists speak of the kernel of this machine, and not of those in virtual ones.
            if lack.is_none() && harness::guest::probe().is_none() {
                escape::add(&mut account);
                abilities::add(&mut account);
            }
            callers::add(&mut account);
            TESTS.iter().copied().flatten().for_each(|test| account.add(test.name, test.needs, test.run));
        }
        if lack.is_none() {
            let own = |name: &&str| !["escape/", "abilities/"].iter().any(|start| name.starts_with(start));
            names = trials.iter().map(Trial::name).filter(own).map(str::to_owned).collect();
            // Those that look at other tests say nothing about a kernel.
            names.retain(|name: &String| !name.starts_with("mutants/"));
        }
    }
    trials.extend(vm::trials(ground, &names, &arguments, &mut missing));
    harness::guest::keep_asked(&mut trials);
    let before = harness::census();
    let code = conclude(&arguments, trials, &missing);
    ground.clear();
    let left = if arguments.list { Vec::new() } else { harness::left_since(&before) };
    if left.is_empty() {
        return code;
    }
    // On one line: a virtual machine tells it to its host.
    println!("{LEFT}: {left:?}");
    ExitCode::FAILURE
}

/// Where trials are gathered, and what they miss.
pub struct Account<'a> {
    pub ground: &'static Ground,
    pub person: Person,
    /// Whether the person can run anything, and make user namespaces.
    verdicts: &'a [Verdict; 2],
    lack: Option<&'static Lack>,
    /// How many tests were added.
    added: usize,
    missing: &'a mut Missing,
    trials: &'a mut Vec<Trial>,
}

impl Account<'_> {
    /// Adds a test for this person, with what it misses.
    pub fn add(&mut self, name: &str, needs: &[Need], run: impl FnOnce(&Stage) + Send + 'static) {
        let (ground, person, lack) = (self.ground, self.person, self.lack);
        // Not missing but beside the point: what is about root is not asked of others, and the other way round.
        let own_root = person.uid() == 0;
        let about = if own_root { Need::Unprivileged } else { Need::Root };
        if needs.contains(&about) && (own_root || person == Person::Nobody) {
            return;
        }
        self.added += 1;
        let name = match lack {
            Some(lack) if lack.leaves_out(name, self.added) => return,
            Some(lack) => format!("lacking-{}/{name}/{}", lack.name, person.word()),
            None => format!("{name}/{}", person.word()),
        };
        let [able, namespaces] = self.verdicts;
        let own = needs.iter().map(|need| match need {
            Need::UserNamespaces => namespaces.clone(),
            need => need.verdict(),
        });
        let lacking: BTreeSet<String> = own.chain([able.clone()]).filter_map(Result::err).collect();
        let lacking: Vec<String> = lacking.into_iter().collect();
        self.trials.push(trial(name, &lacking, self.missing, move || match lack {
            Some(_) => Lack::judge(|| run(&ground.stage(person).lacking(lack))),
            None => run(&ground.stage(person)),
        }));
    }
}
