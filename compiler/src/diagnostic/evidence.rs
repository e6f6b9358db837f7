//! What a finding rests on: the values of the spec that a rule looked at, in a form that does not depend on its words.

use super::Diagnostic;
use std::fmt;

/// One value that a rule declares for a finding. An acceptance or a baseline covers a finding with these values only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// What the value is of, such as `source`.
    pub name: &'static str,
    /// The value.
    pub value: Value,
}

/// A value with its type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A path or a name.
    Text(String),
    /// An amount, an id, a port.
    Number(u64),
    /// A permission that is or is not there.
    Flag(bool),
}

impl Evidence {
    /// A path or a name.
    pub fn text(name: &'static str, value: impl fmt::Display) -> Self {
        Self { name, value: Value::Text(value.to_string()) }
    }

    /// An amount, an id, a port.
    pub fn number(name: &'static str, value: impl Into<u64>) -> Self {
        Self { name, value: Value::Number(value.into()) }
    }

    /// A permission.
    pub fn flag(name: &'static str, value: bool) -> Self {
        Self { name, value: Value::Flag(value) }
    }
}

impl fmt::Display for Evidence {
    /// As it is written in `accept.evidence`: `source=/srv`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Text(text) => write!(formatter, "{}={text}", self.name),
            Value::Number(number) => write!(formatter, "{}={number}", self.name),
            Value::Flag(flag) => write!(formatter, "{}={flag}", self.name),
        }
    }
}

impl Diagnostic {
    /// The same finding with the values that it rests on, in canonical order; none where its key already says it all.
    pub fn evidence(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        let mut evidence: Vec<Evidence> = evidence.into_iter().collect();
        evidence.sort();
        evidence.dedup();
        self.evidence = Some(evidence);
        self
    }

    /// Its evidence as text, in canonical order.
    pub fn evidence_texts(&self) -> Vec<String> {
        self.evidence.iter().flatten().map(Evidence::to_string).collect()
    }
}
