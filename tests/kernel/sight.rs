//! What a program sees in a whole sandbox, without what is another each time.

use crate::harness::Answers;
use std::collections::BTreeMap;

/// What is seen in a whole sandbox.
pub struct Whole<'a> {
    outside: &'a Answers,
    /// Namespaces that are neither the host's nor new.
    known: Vec<String>,
    /// What every launch sees alike.
    pub same: BTreeMap<String, String>,
    /// What is another each time, and whether it is the host's.
    others: BTreeMap<String, bool>,
}

impl<'a> Whole<'a> {
    pub fn new([one, other]: [Answers; 2], outside: &'a Answers, known: Vec<String>) -> Self {
        let mut whole = Self { outside, known, same: BTreeMap::new(), others: BTreeMap::new() };
        for (key, value) in one.under("") {
            let (value, is_hosts) = whole.view(key, value);
            let again = other.find(key).map(|value| whole.view(key, value).0);
            if again.as_ref() == Some(&value) {
                whole.same.insert(key.to_owned(), value);
            } else {
                whole.others.insert(key.to_owned(), is_hosts);
            }
        }
        whole
    }

    /// An answer without the numbers that the kernel gives out anew, and whether it is the host's.
    fn view(&self, key: &str, value: &str) -> (String, bool) {
        let is_hosts = self.outside.find(key) == Some(value);
        let value = match key {
            // A new namespace may have the number of one that has just ended.
            _ if key.starts_with("ns.") && !is_hosts && !self.known.iter().any(|known| known == value) => {
                "new".to_owned()
            }
            // Each launch has a terminal of its own.
            "mount./dev/console" => value.replace(|letter: char| letter.is_ascii_digit(), ""),
            _ if key.starts_with("descriptor.") => value.replace(|letter: char| letter.is_ascii_digit(), ""),
            _ => value.to_owned(),
        };
        (value, is_hosts)
    }

    /// What somebody sees otherwise, of all that there is or of what he says.
    pub fn differences(&self, seen: &Answers, all: bool) -> Vec<String> {
        let same = self.same.iter().filter_map(|(key, value)| {
            let (now, _) = self.view(key, seen.find(key)?);
            (now != *value).then(|| format!("{key}={now}, not {value}"))
        });
        let others = self.others.iter().filter_map(|(key, is_hosts)| {
            let (now, as_host) = self.view(key, seen.find(key)?);
            (as_host != *is_hosts).then(|| format!("{key}={now}, which is the host's: {as_host}"))
        });
        let known = |key: &str| self.same.contains_key(key) || self.others.contains_key(key);
        let news =
            seen.under("").filter(|(key, _)| !known(key)).map(|(key, value)| format!("{key}={value}, new"));
        let missing =
            self.same.keys().chain(self.others.keys()).filter(|key| all && seen.find(key).is_none());
        same.chain(others).chain(news).chain(missing.map(|key| format!("{key}, missing"))).collect()
    }
}
