//! What ordinary programs must still be able to do, in the sandboxes that contain every attempt: a matrix, in abilities.toml.

use crate::Account;
use crate::escape::{self, Sandboxes};
use crate::harness::{Need, Stage};
use serde::Deserialize;

const LIST: &str = include_str!("abilities.toml");

/// The page that says how many there are.
const README: &str = include_str!("../../README.md");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    refused: Vec<Refused>,
}

/// What these sandboxes do not grant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    sandboxes: Vec<String>,
    abilities: Vec<String>,
    reason: String,
}

/// A trial for each sandbox.
pub fn add(account: &mut Account) {
    for name in Sandboxes::read().names() {
        let title = format!("abilities/{name}");
        account.add(&title, &[Need::UserNamespaces], move |stage| hold(stage, &name));
    }
}

fn hold(stage: &Stage, name: &str) {
    let list: List = toml::from_str(LIST).unwrap_or_else(|error| panic!("abilities.toml: {error}"));
    let launcher = Sandboxes::read().launcher(stage, name, "able");
    escape::make_lures(stage);
    // builtin:agent works in a repository.
    std::fs::create_dir_all(stage.directory().join(".git")).expect("a directory");
    let run = stage.run(&launcher, &[]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    let outcomes = escape::read(&run);
    assert!(outcomes.len() >= 36, "only {} abilities: {}{}", outcomes.len(), run.stdout, run.stderr);
    let figure = format!("which of {}\nordinary abilities", outcomes.len());
    assert!(README.contains(&figure), "README.md says another figure than {}", outcomes.len());
    let mut problems = Vec::new();
    for (ability, (outcome, detail)) in &outcomes {
        let mut refused = list.refused.iter().filter(|entry| {
            entry.sandboxes.iter().any(|sandbox| sandbox == name) && entry.abilities.contains(ability)
        });
        let refused = refused.next().map(|entry| entry.reason.as_str());
        match (outcome.as_str(), refused) {
            ("works", None) | ("fails", Some(_)) => {}
            (_, reason) => problems.push(format!("{ability} {outcome} {detail} (refused: {reason:?})")),
        }
    }
    assert!(problems.is_empty(), "{} in the sandbox {name}:\n{}", problems.len(), problems.join("\n"));
}
