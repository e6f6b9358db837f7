//! What an attempt knows of the world outside: the facts that it was started with.

use crate::attempt::Stopped;
use std::collections::BTreeMap;

/// Facts by key.
pub struct World(BTreeMap<String, String>);

impl World {
    /// From `key=value`.
    pub fn new(facts: &[&str]) -> Self {
        let pairs = facts.iter().filter_map(|fact| fact.split_once('='));
        Self(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// A fact; an attempt that needs one that nobody knows is beside the point.
    pub fn get(&self, key: &str) -> Result<&str, Stopped> {
        self.0.get(key).map(String::as_str).ok_or_else(|| Stopped::Beside(format!("no {key} is known")))
    }

    /// A fact that is a number.
    pub fn number(&self, key: &str) -> Result<u64, Stopped> {
        self.get(key)?.parse().map_err(|_| Stopped::Beside(format!("{key} is no number")))
    }

    /// A file of the victim, by its name.
    pub fn file(&self, name: &str) -> Result<String, Stopped> {
        Ok(format!("{}/{name}", self.get("directory")?))
    }

    /// The victim's process.
    pub fn victim(&self) -> Result<u64, Stopped> {
        self.number("pid")
    }

    /// What nobody inside may get to know.
    pub fn secret(&self) -> Result<&str, Stopped> {
        self.get("secret")
    }

    /// Has the secret come out?
    pub fn told(&self, bytes: &[u8]) -> Result<(), Stopped> {
        let secret = self.secret()?.as_bytes();
        crate::attempt::expect(bytes.windows(secret.len()).any(|part| part == secret), "not the secret")
    }
}
