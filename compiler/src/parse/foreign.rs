//! Words of other tools, and ours for them.

use crate::spec::keys::{ROOT, Type};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Tools, and indented beneath each its words and our answers.
const WORDS: &str = include_str!("foreign.txt");

/// What an answer begins with when there is no key, but a reason.
const NO_KEY: &str = "no key: ";

/// A tool, what it calls it, and what it is here.
type Word = (&'static str, &'static str, &'static str);

/// The words as they are looked up; the first tool that knows one speaks.
static FOLDED: LazyLock<BTreeMap<String, Word>> =
    LazyLock::new(|| words().map(|word| (folded(word.1), word)).rev().collect());

/// All words that are known.
fn words() -> impl DoubleEndedIterator<Item = Word> {
    let mut tool = "";
    let word = |line: &'static str| match line.strip_prefix("  ").and_then(|line| line.split_once(' ')) {
        Some((word, answer)) => Some((tool, word, answer.trim_start())),
        None => {
            tool = line;
            None
        }
    };
    let lines = WORDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(word).collect::<Vec<_>>().into_iter()
}

/// Words that other tools take for a key, and why there is none here.
const REFUSED: &[(&str, &str, &str)] = &[
    ("propagation", "rshared", OUTSIDE),
    ("propagation", "shared", OUTSIDE),
    ("propagation", "unbindable", "nothing of a sandbox is bound again: \"private\" is as good"),
];

const OUTSIDE: &str = "mounts of the sandbox would appear outside of it";

/// Why a word of another tool has no place here.
pub(super) fn refused(key: &str, word: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(of, name, _)| *of == key && *name == word).map(|(_, _, why)| *why)
}

/// Words that are taken for keys of one section: the key of that section, or what there is instead.
const IN_SECTION: &[(&str, &[&str], &str)] = &[
    ("namespaces", &["net"], "network"),
    ("namespaces", &["mnt"], "mount"),
    ("namespaces", &["cgroups"], "cgroup"),
    ("namespaces", &["users", "userns"], "user"),
    ("namespaces", &["pids"], "pid"),
    (
        "network",
        &["allow", "allowed", "deny", "domains", "hosts", "allow_hosts", "allowed_domains", "allowed_hosts"],
        "hosts cannot be named here: ports can, in network.connect_tcp and bind_tcp, kinds of sockets in \
        network.address_families, and addresses are for the host's firewall",
    ),
    ("cgroup", &["memory", "mem"], "memory_max"),
    ("cgroup", &["cpu", "cpus"], "cpu_max"),
    ("cgroup", &["pids", "processes", "tasks"], "pids_max"),
    (
        "rlimits",
        &["memory", "mem"],
        "write memory_max in [cgroup]; rlimits.as is the address space of each process",
    ),
    (
        "rlimits",
        &["pids", "processes", "tasks"],
        "write pids_max in [cgroup]; rlimits.nproc counts all processes of the user",
    ),
];

/// What a word in a section stands for there.
pub(super) fn in_section(section: &str, word: &str) -> Option<&'static str> {
    let known = IN_SECTION.iter().find(|(of, words, _)| *of == section && words.contains(&word));
    known.map(|(.., answer)| *answer)
}

/// The key for a section that is given a word as if it were one key.
pub(super) fn of_section(section: &str, word: &str) -> Option<String> {
    match (section, word) {
        ("network", "pasta") => Some("network.user_mode = \"pasta\"".into()),
        ("network", "host" | "none" | "new") => {
            Some(format!("namespaces.network = \"{}\"", if word == "host" { word } else { "new" }))
        }
        ("seccomp", word) if word.starts_with('@') => Some(format!("seccomp.allow = [\"{word}\"]")),
        _ => None,
    }
}

/// "compose calls it mem_limit; here it is cgroup.memory_max".
pub(super) fn ours(word: &str) -> Option<String> {
    match FOLDED.get(&folded(word)) {
        Some((tool, name, answer)) => Some(match answer.strip_prefix(NO_KEY) {
            Some(reason) => format!("{tool} calls it {name}; there is no key for it: {reason}"),
            None => format!("{tool} calls it {name}; here it is {answer}"),
        }),
        None => file(word).map(|key| format!("the kernel calls it {word}; here it is cgroup.{key}")),
    }
}

/// Our key for a word, if it is in the section that the word is in.
pub(super) fn key(word: &str, section: &str) -> Option<&'static str> {
    let bare = |key: &&str| key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    match FOLDED.get(&folded(word)) {
        Some((_, _, here)) => here.strip_prefix(section)?.strip_prefix('.').filter(bare),
        None => {
            let same = word.strip_prefix("cgroup.").unwrap_or(word).replace('.', "_");
            file(word).filter(|key| section == "cgroup" && *key == same)
        }
    }
}

/// A word without what tools write differently: `--ro-bind`, `ro_bind` and `roBind` are one, `-c` and `-C` are two.
fn folded(word: &str) -> String {
    if word.len() == 2 && word.starts_with('-') {
        return word.to_owned();
    }
    word.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
}

/// The key for a file of the kernel's control groups.
fn file(name: &str) -> Option<&'static str> {
    let own = name.strip_prefix("cgroup.").unwrap_or(name).replace('.', "_");
    let section = ROOT.iter().find(|key| key.name == "cgroup")?;
    let Type::Table(keys) = &section.ty else { return None };
    let sized = name
        .strip_prefix("hugetlb.")
        .map(|rest| if rest.contains("rsvd") { "hugetlb_rsvd" } else { "hugetlb" });
    let is_file = name.contains('.');
    keys.iter().map(|key| key.name).find(|key| is_file && (*key == own || sized == Some(*key)))
}

#[cfg(test)]
mod tests {
    use super::{NO_KEY, ROOT, folded, ours, words};
    use crate::spec::keys::{Key, Type};
    use std::collections::BTreeSet;

    /// Is there a key at this place?
    fn is_key(keys: &[Key], place: &str) -> bool {
        let (name, rest) = place.split_once('.').unwrap_or((place, ""));
        keys.iter().any(|key| key.name == name && (rest.is_empty() || inside(&key.ty, rest)))
    }

    fn inside(ty: &Type, place: &str) -> bool {
        match ty {
            Type::Table(keys) => is_key(keys, place),
            Type::Kinds(kinds) => kinds.iter().any(|keys| is_key(keys, place)),
            Type::Union(types) => types.iter().any(|ty| inside(ty, place)),
            Type::List(ty) | Type::Map(_, ty) | Type::NotYet(ty, _) => inside(ty, place),
            _ => false,
        }
    }

    /// The names of keys in an answer: words with a dot of sections that there are, outside of quotes.
    fn places(answer: &str) -> Vec<&str> {
        let unquoted = answer.split('"').step_by(2);
        let words =
            unquoted.flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_')));
        words.map(|word| word.trim_matches('.')).filter(|word| word.contains('.')).collect()
    }

    #[test]
    fn every_answer_names_a_key_or_says_why_there_is_none() {
        let mut known = 0;
        for (tool, word, answer) in words() {
            let places = places(answer);
            let top = |key: &Key| answer == key.name || answer.starts_with(&format!("{} = ", key.name));
            assert!(
                answer.starts_with(NO_KEY) || !places.is_empty() || ROOT.iter().any(top),
                "{tool} {word}: {answer}"
            );
            for place in places {
                assert!(is_key(ROOT, place), "{tool} {word}: there is no {place}");
            }
            assert!(!answer.ends_with('.') && answer.len() > 3, "{tool} {word}: {answer}");
            known += 1;
        }
        assert!(known > 350, "{known} words");
    }

    #[test]
    fn words_are_found_however_they_are_written() {
        for word in ["mem_limit", "mem-limit", "memLimit", "--mem-limit"] {
            assert!(ours(word).is_some_and(|ours| ours.ends_with("cgroup.memory_max")), "{word}");
        }
        assert_eq!(ours("-C").as_deref(), Some("minijail calls it -C; here it is filesystem.root"));
        assert!(ours("-c").is_some_and(|ours| ours.ends_with("process.capabilities")));
        assert!(ours("c").is_none() && ours("").is_none());
        assert!(ours("noNewPrivileges").is_some_and(|ours| ours.contains("there is no key for it: ")));
        assert!(ours("memory.high").is_some_and(|ours| ours.ends_with("cgroup.memory_high")));
    }

    /// Each word of each tool gets that tool's answer, or that of a tool above it.
    #[test]
    fn no_tool_says_a_word_twice() {
        let mut seen = BTreeSet::new();
        for (tool, word, _) in words() {
            assert!(seen.insert((tool, folded(word))), "{tool} says {word} twice");
        }
    }
}
