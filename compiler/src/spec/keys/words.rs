//! What a type expects, in words for findings and as patterns for editors.

use super::{Form, Key, Presence, Sign, Type};

/// "an integer from 1 to 10", "`own`, `subset` or `none`".
pub fn expected(ty: &Type) -> String {
    match ty {
        Type::Boolean => "true or false".into(),
        Type::Constant(value) => value.to_string(),
        Type::Integer(min, max) => integer(*min, *max),
        Type::Port => "a port from 1 to 65535".into(),
        Type::Mode(max) => format!("an octal literal up to {max:#o}"),
        Type::Bytes => "a number of bytes such as 4096 or \"64MiB\"".into(),
        Type::Duration(Sign::Positive) => "a duration such as \"250ms\" or \"1m30s\"".into(),
        Type::Duration(Sign::Either) => "a duration such as \"1h\" or \"-1m30s\"".into(),
        Type::Cpus => "a number of processors such as 1.5 or \"150%\"".into(),
        Type::String(form) => form.expected().into(),
        Type::Words(words) => {
            alternatives(words.iter().filter(|word| word.not_yet.is_none()).map(|word| quoted(word.name)))
        }
        Type::List(item) => format!("a list, each {}", expected(item)),
        Type::Table(keys) => table(keys),
        Type::Map(form, _) => format!("a table whose keys are each {}", form.expected()),
        Type::Kinds(types) => kinds(types),
        Type::Union(types) => {
            alternatives(types.iter().filter(|ty| !matches!(ty, Type::NotYet(..))).map(expected))
        }
        Type::NotYet(ty, _) => expected(ty),
    }
}

/// "a, b or c".
pub fn alternatives(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.filter(|item| !item.is_empty()).collect();
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// What must be in a table, or else what can be.
fn table(keys: &[Key]) -> String {
    let required: Vec<String> =
        keys.iter().filter(|key| key.presence == Presence::Required).map(ticked).collect();
    match required.is_empty() {
        true => format!("a table with {}", alternatives(supported(keys.iter()))),
        false => format!("a table with {}", required.join(" and ")),
    }
}

fn kinds(kinds: &[&[Key]]) -> String {
    match alternatives(supported(kinds.iter().filter_map(|kind| kind.first()))) {
        names if names.is_empty() => names,
        names => format!("a table with {names}"),
    }
}

fn supported<'a>(keys: impl Iterator<Item = &'a Key>) -> impl Iterator<Item = String> {
    keys.filter(|key| key.is_supported()).map(ticked)
}

fn ticked(key: &Key) -> String {
    format!("`{}`", key.name)
}

fn integer(min: i64, max: i64) -> String {
    match (min, max) {
        (i64::MIN, i64::MAX) => "an integer".into(),
        (_, i64::MAX) => format!("an integer of at least {min}"),
        _ if min == max => format!("the integer {min}"),
        _ => format!("an integer from {min} to {max}"),
    }
}

fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}

impl Form {
    /// The form in words.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Path => "an absolute path",
            Self::HostPath => "an absolute path of the host",
            Self::Variable => "the name of an environment variable",
            Self::HostName => "a name of at most 64 bytes",
            Self::Name => "a name of letters, digits, `-`, `_` and `.`",
            Self::Capability => "a capability such as \"CAP_NET_BIND_SERVICE\"",
            Self::Syscall => "a system call such as \"openat\" or a group such as \"@minimal\"",
            Self::Errno => "an errno such as \"EPERM\"",
            Self::Constant => "a constant such as \"AF_INET\" or \"CLONE_NEWUSER|CLONE_NEWNET\"",
            Self::Cpus => "processors such as \"0-3,5\"",
            Self::Signal => "a signal such as \"SIGTERM\"",
            Self::Address => "an address such as \"10.0.0.2/24\"",
            Self::Interface => "the name of an interface such as \"eth0\"",
            Self::Percentage => "a percentage such as \"33.3%\"",
            Self::HugePage => "a size of huge pages such as \"2MB\"",
            Self::Device => "the numbers of a block device such as \"8:0\"",
            Self::Date => "a date such as \"2027-06-30\"",
            Self::Version => "a version such as \"6.7\"",
            Self::Place => "the name of a key such as \"process.args\"",
        }
    }

    /// A regular expression that every string of this form matches, where one says more than nothing.
    pub fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Path | Self::HostPath => Some("^/"),
            Self::Variable => Some("^[^=]+$"),
            Self::Name => Some("^[A-Za-z0-9_.-]+$"),
            Self::Errno => Some("^E[A-Z0-9]+$"),
            Self::Percentage => Some(r"^[0-9]+(\.[0-9]+)?%$"),
            Self::HugePage => Some("^[0-9]+[KMG]B$"),
            Self::Date => Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
            Self::Version => Some(r"^[0-9]+\.[0-9]+$"),
            _ => None,
        }
    }
}
