//! The key table: unique and documented names, defaults that are what resolve fills in, words that mean something, and
//! the whole language on one page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use boxwright::diagnostic::{Style, render_concise};
use boxwright::policy::{FEATURES, Feature, Kernel, Policy};
use boxwright::source::Source;
use boxwright::spec::keys::{Key, Presence, ROOT, Type, expected};
use boxwright::{parse, understand};
use std::collections::BTreeSet;

/// Every table of the language: where it is, and its keys.
fn tables() -> Vec<(String, &'static [Key])> {
    let mut tables = vec![("".to_owned(), ROOT)];
    let mut next = 0;
    while let Some((place, keys)) = tables.get(next).cloned() {
        next += 1;
        for key in keys {
            inner(&format!("{place}.{}", key.name), &key.ty, &mut tables);
        }
    }
    tables
}

fn inner(place: &str, ty: &'static Type, tables: &mut Vec<(String, &'static [Key])>) {
    match ty {
        Type::Table(keys) => tables.push((place.to_owned(), keys)),
        Type::Kinds(kinds) => tables.extend(kinds.iter().map(|keys| (place.to_owned(), *keys))),
        Type::List(ty) | Type::Map(_, ty) | Type::NotYet(ty, _) => inner(place, ty, tables),
        Type::Union(types) => types.iter().for_each(|ty| inner(place, ty, tables)),
        _ => {}
    }
}

/// The keys of the sections, each with its section; the top level is a section without a name.
fn keys_of_sections() -> impl Iterator<Item = (&'static str, &'static Key)> {
    let top = ROOT.iter().map(|key| ("", key));
    let sections = ROOT.iter().filter_map(|key| match key.ty {
        Type::Table(keys) => Some(keys.iter().map(|inner| (key.name, inner))),
        _ => None,
    });
    top.chain(sections.flatten())
}

/// A spec with one more line in a section, and what it means without the places.
fn meaning(section: &str, line: &str) -> String {
    let mut text =
        "version = 1\nprocess.args = [\"/program\"]\nfilesystem.mounts.\"/program\".bind = \"/program\"\n"
            .to_owned();
    if !line.is_empty() {
        let dot = if section.is_empty() { "" } else { "." };
        text += &format!("{section}{dot}{line}\n");
    }
    let source = Source::new("x.sandbox.toml", text);
    let understood = understand(&source);
    let findings = render_concise(&source, &understood.findings, Style::default());
    let policy = understood.policy.unwrap_or_else(|| panic!("{}\n{findings}", source.text));
    without_places(&policy)
}

fn without_places(policy: &Policy) -> String {
    let text = format!("{policy:#?}");
    let place =
        |line: &&str| line.trim_start().starts_with("start: ") || line.trim_start().starts_with("end: ");
    text.lines().filter(|line| !place(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn names_are_unique_and_snake_case() {
    for (place, keys) in tables() {
        let mut names = BTreeSet::new();
        for key in keys {
            assert!(names.insert(key.name), "{place}.{} is declared twice", key.name);
            let snake = key.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(snake && !key.name.is_empty(), "{place}.{}", key.name);
        }
    }
}

#[test]
fn everything_is_documented() {
    fn words(place: &str, ty: &Type) {
        match ty {
            Type::Words(words) => {
                for word in *words {
                    assert!(!word.doc.is_empty() && !word.doc.ends_with('.'), "{place} \"{}\"", word.name);
                }
            }
            Type::List(ty) | Type::Map(_, ty) => words(place, ty),
            Type::NotYet(ty, milestone) => {
                assert!(milestone.starts_with("a later version"), "{place}: {milestone}");
                words(place, ty);
            }
            Type::Union(types) => types.iter().for_each(|ty| words(place, ty)),
            _ => {}
        }
    }
    for (place, keys) in tables() {
        for key in keys {
            assert!(!key.doc.is_empty() && !key.doc.ends_with('.'), "{place}.{}: {:?}", key.name, key.doc);
            assert!(key.doc.lines().count() == 1, "{place}.{}", key.name);
            words(&format!("{place}.{}", key.name), &key.ty);
        }
    }
}

#[test]
fn every_supported_type_says_what_it_expects() {
    for (place, keys) in tables() {
        for key in keys.iter().filter(|key| key.is_supported()) {
            assert!(!expected(&key.ty).is_empty(), "{place}.{}", key.name);
        }
    }
}

#[test]
fn defaults_are_what_resolve_fills_in() {
    let (silent, mut written) = (meaning("", ""), 0);
    for (section, key) in keys_of_sections() {
        // The spec has an entry already; the default of the key as a whole is none.
        if (section, key.name) == ("filesystem", "mounts") {
            continue;
        }
        if let Presence::Default(toml) = key.presence {
            assert_eq!(meaning(section, &format!("{} = {toml}", key.name)), silent, "{section}.{}", key.name);
            written += 1;
        }
    }
    assert!(written > 25, "only {written} keys have a default");
}

#[test]
fn every_word_means_something_of_its_own() {
    let mut compared = 0;
    for (section, key) in keys_of_sections() {
        let words = match &key.ty {
            Type::Words(words) => *words,
            Type::Union([Type::Words(words), ..]) => *words,
            _ => continue,
        };
        let supported = words.iter().filter(|word| word.not_yet.is_none());
        let meanings: Vec<String> = supported
            // A namespace or root of the host has no place for the entry that the spec has.
            .filter(|word| (key.name, word.name) != ("mount", "host"))
            .map(|word| meaning(section, &format!("{} = \"{}\"", key.name, word.name)))
            .collect();
        let different: BTreeSet<&String> = meanings.iter().collect();
        assert_eq!(different.len(), meanings.len(), "two words of {section}.{} mean the same", key.name);
        compared += meanings.len();
    }
    assert!(compared > 40, "only {compared} words were compared");
}

#[test]
fn every_key_of_the_language_page_is_known() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/specs/language.sandbox.toml");
    let source = Source::read(path).unwrap();
    let (_, findings) = parse::parse(&source, &[]);
    for finding in &findings {
        assert_eq!(
            finding.rule,
            "not-supported-yet",
            "{}",
            render_concise(&source, &findings, Style::default())
        );
    }
}

#[test]
fn the_language_page_shows_every_section() {
    let page = include_str!("specs/language.sandbox.toml");
    for key in ROOT {
        let shown = page.lines().any(|line| {
            let line = line.trim_start_matches('[');
            line.starts_with(&format!("{} = ", key.name)) || line.starts_with(&format!("{}]", key.name))
        });
        assert!(shown || key.name == "domainname", "{} is not on the page", key.name);
    }
}

#[test]
fn the_readme_says_which_kernel_first_has_what() {
    let readme = include_str!("../README.md");
    let mut kernels: Vec<Kernel> = FEATURES.iter().map(|feature| feature.since).collect();
    assert!(kernels.is_sorted());
    kernels.dedup();
    let row = |kernel: Kernel| {
        let features = FEATURES.iter().filter(|feature| feature.since == kernel).map(Feature::words);
        format!("| {kernel} | {} |", features.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = kernels.into_iter().map(row).collect();
    let expected = format!("| first Linux | what needs it |\n|---|---|\n{}\n\n", rows.join("\n"));
    assert!(readme.contains(&expected), "README.md lacks:\n{expected}");
    assert!(readme.contains(&format!("Declared for kernel {},", Kernel::OLDEST)));
}

#[test]
fn every_feature_is_a_key_of_the_language() {
    let tables = tables();
    for feature in FEATURES {
        let (table, key) = feature.place.rsplit_once('.').unwrap_or(("", feature.place));
        let table = format!(".{table}");
        let known = tables.iter().filter(|(place, _)| *place == table).flat_map(|(_, keys)| *keys);
        assert!(known.into_iter().any(|known| known.name == key), "{}", feature.place);
        assert!(feature.since > Kernel::OLDEST, "every kernel has {}", feature.place);
    }
}
