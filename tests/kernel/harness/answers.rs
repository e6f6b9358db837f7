//! What the probe said: lines of `key=value`.

use std::collections::BTreeMap;

/// The probe's answers by key; of two with the same key the later counts.
#[derive(Debug, Default)]
pub struct Answers(BTreeMap<String, String>);

impl Answers {
    /// Reads the lines; what is no answer is left out.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.trim_end_matches('\r').split_once('='));
        Self(lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// The answer under this key; a test that asked for it cannot go on without it.
    #[track_caller]
    pub fn get(&self, key: &str) -> &str {
        self.0.get(key).unwrap_or_else(|| panic!("no answer `{key}` in {:#?}", self.0))
    }

    /// The answer under this key, if there is one.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The answer as a number.
    #[track_caller]
    pub fn number(&self, key: &str) -> i64 {
        self.get(key).parse().unwrap_or_else(|_| panic!("{key}={} is not a number", self.get(key)))
    }

    /// The answers whose keys start so, without that start.
    pub fn under<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(start)?, value.as_str())))
    }

    /// Fails when a way up from the root leads to another: to what is mounted over it, such as a root that was left there.
    #[track_caller]
    pub fn expect_one_root(&self) {
        assert_eq!(self.get("list./.."), self.get("list./"), "what `..` in the root shows");
    }

    /// Fails with both values when an answer is another.
    #[track_caller]
    pub fn expect(&self, expected: &[(&str, &str)]) {
        for (key, value) in expected {
            assert_eq!(self.get(key), *value, "{key}");
        }
    }
}
