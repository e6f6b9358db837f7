//! Real sandboxes on the running kernel, looked at from inside, once for each person who launches them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test that cannot go on should stop, and says why on the terminal"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod demonstrations;

use harness::{Ground, Need, Person, Stage, conclude, trial};
use libtest_mimic::{Arguments, Trial};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// A test that runs once for each person.
pub struct Test {
    pub name: &'static str,
    /// A test that needs root runs for root alone.
    pub needs: &'static [Need],
    pub run: fn(&Stage),
}

/// The tests, file by file.
const TESTS: &[&[Test]] = &[];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let ground = match Ground::new(env!("CARGO_BIN_EXE_boxwright")) {
        Ok(ground) => Box::leak(Box::new(ground)),
        Err(problem) => {
            println!("no kernel test can run: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let mut missing = BTreeMap::new();
    let mut trials = Vec::new();
    for person in Person::all() {
        let mut account = Account { ground, person, missing: &mut missing, trials: &mut trials };
        demonstrations::add(&mut account);
        TESTS.iter().copied().flatten().for_each(|test| account.add(test.name, test.needs, test.run));
    }
    let code = conclude(&arguments, trials, &missing);
    ground.clear();
    code
}

/// Where trials are gathered, and what they miss.
pub struct Account<'a> {
    pub ground: &'static Ground,
    pub person: Person,
    missing: &'a mut BTreeMap<String, Vec<String>>,
    trials: &'a mut Vec<Trial>,
}

impl Account<'_> {
    /// Adds a test for this person, with what it misses.
    pub fn add(&mut self, name: &str, needs: &[Need], run: impl FnOnce(&Stage) + Send + 'static) {
        let (ground, person) = (self.ground, self.person);
        if person == Person::Nobody && needs.contains(&Need::Root) {
            return;
        }
        let name = format!("{name}/{}", person.word());
        let lacking: Vec<String> =
            needs.iter().filter_map(|need| ground.verdict(*need, person).err()).collect();
        for need in &lacking {
            self.missing.entry(need.clone()).or_default().push(name.clone());
        }
        self.trials.push(trial(name, &lacking, move || run(&ground.stage(person))));
    }
}
