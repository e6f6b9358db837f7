//! The rules of the house that a compiler does not know: who may import whom, which file may use what, how files begin.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The passes, each a room that no other pass imports.
const PASSES: [&str; 13] = [
    "parse",
    "resolve",
    "check",
    "lower",
    "encode",
    "link",
    "inspect",
    "explain",
    "format",
    "reference",
    "report",
    "review",
    "seccomp",
];

/// Rooms that hold types and facts for everybody.
const SHARED: [&str; 5] = ["source", "diagnostic", "spec", "policy", "boxwright_launcher"];

/// What a file may take from a pass all the same: the facts and the engine of the filter compiler are one for all, and
/// the steps that `lower` makes are what `encode` reads.
const LENT: &[(&str, &str)] = &[
    ("check.rs", "seccomp"),
    ("check/ambiguous_rules.rs", "seccomp"),
    ("check/clone3_overridden.rs", "seccomp"),
    ("check/clone3_unfiltered.rs", "seccomp"),
    ("check/denylist_seccomp.rs", "seccomp"),
    ("check/execve_denied.rs", "seccomp"),
    ("check/filter_too_large.rs", "seccomp"),
    ("check/impossible_rule.rs", "seccomp"),
    ("check/io_uring_allowed.rs", "seccomp"),
    ("check/notify_denied.rs", "seccomp"),
    ("check/ptrace_allowed.rs", "seccomp"),
    ("check/seccomp_kills_libc.rs", "seccomp"),
    ("check/synonym_allowed.rs", "seccomp"),
    ("check/tiocsti_allowed.rs", "seccomp"),
    ("check/userns_allowed.rs", "seccomp"),
    ("encode.rs", "lower"),
    ("explain.rs", "seccomp"),
    ("explain/question.rs", "seccomp"),
    ("inspect/filter.rs", "seccomp"),
    ("reference/schema.rs", "seccomp"),
    ("report.rs", "seccomp"),
    ("report/calls.rs", "seccomp"),
    ("resolve/conditions.rs", "seccomp"),
    ("resolve/families.rs", "seccomp"),
    ("resolve/seccomp.rs", "seccomp"),
    ("resolve/syscall_rules.rs", "seccomp"),
];

/// Words that only some files of the compiler may say.
const ONLY: [(&str, &[&str]); 11] = [
    ("annotate_snippets", &["diagnostic/"]),
    ("anyhow", &["main.rs", "commands"]),
    ("clap", &["main.rs", "commands"]),
    ("handlebars", &["commands/new.rs", "commands/report.rs"]),
    ("ignore", &["commands/check/ignored.rs"]),
    ("object", &["closure/", "link.rs"]),
    ("nix", &["commands"]),
    ("roff", &["reference/"]),
    ("similar", &["commands/check/mend.rs", "commands/fmt.rs"]),
    ("strsim", &["diagnostic/"]),
    ("toml", &["format", "parse"]),
];

/// Where `unsafe` is: the launcher's start code, its memory functions and its system calls.
const UNSAFE: [&str; 3] = ["launcher/src/start.rs", "launcher/src/mem.rs", "launcher/src/sys.rs"];

/// Every Rust file of the project, as a path from its root, with its text.
fn files() -> Vec<(String, String)> {
    let (mut files, mut pending) = (Vec::new(), vec![PathBuf::from(ROOT)]);
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() && !name.starts_with('.') && name != "target" {
                pending.push(path);
            } else if name.ends_with(".rs") {
                let relative = path.strip_prefix(ROOT).unwrap().to_string_lossy().into_owned();
                files.push((relative, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(files.len() > 50, "only {} files below {ROOT}", files.len());
    files
}

/// The files of the compiler's source, as paths within it.
fn compiler() -> Vec<(String, String)> {
    let mut files = files();
    files.retain(|(path, _)| path.starts_with("compiler/src/"));
    files.iter().map(|(path, text)| (path["compiler/src/".len()..].to_owned(), text.clone())).collect()
}

/// The text without comments and without unit tests, so that a rule is about the code that runs; a `//` in a string
/// only hides the rest of that line.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Does the code say this as a word of a path: `name::` or `use name`?
fn says(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let is_word = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    code.match_indices(&path).any(|(at, _)| is_word(at)) || code.contains(&format!("use {name}"))
}

#[test]
fn passes_do_not_import_each_other() {
    for (path, text) in compiler() {
        let room = path.split(['/', '.']).next().unwrap();
        if !PASSES.contains(&room) {
            continue;
        }
        let code = code(&text);
        for other in PASSES.iter().filter(|other| **other != room) {
            let lent = LENT.contains(&(path.as_str(), other));
            assert!(
                lent || !code.contains(&format!("crate::{other}::")),
                "{path} imports the pass {other}; rooms share only {SHARED:?}"
            );
        }
    }
}

#[test]
fn shared_rooms_import_no_pass() {
    for (path, text) in compiler() {
        let room = path.split(['/', '.']).next().unwrap();
        if SHARED.contains(&room) {
            for pass in PASSES {
                assert!(!code(&text).contains(&format!("crate::{pass}::")), "{path} imports the pass {pass}");
            }
        }
    }
}

/// Of passes a command calls those alone that answer questions; from text to bytes it goes through lib.rs.
#[test]
fn commands_call_no_pass_on_the_way_to_bytes() {
    const ANSWER: [&str; 8] =
        ["explain", "inspect", "link", "parse", "reference", "report", "review", "seccomp"];
    for (path, text) in
        compiler().iter().filter(|(path, _)| path.starts_with("commands") || path == "main.rs")
    {
        let code = code(text);
        for pass in PASSES {
            let named = [
                format!("boxwright::{pass}::"),
                format!("boxwright::{{{pass}::"),
                format!("boxwright::{pass};"),
            ];
            let calls = named.iter().any(|name| code.contains(name));
            let shows = pass != "parse" || path == "commands/show.rs";
            assert!(!calls || ANSWER.contains(&pass) && shows, "{path} calls the pass {pass}");
        }
        for way in ["link::link", "seccomp::compile", "seccomp::merge"] {
            assert!(!code.contains(way), "{path} calls {way}");
        }
    }
}

/// The files that a second architecture adds to, and those that show the one there is.
#[test]
fn few_files_name_an_architecture() {
    const NAMING: [&str; 4] =
        ["compiler/build.rs", "launcher/src/arch/x86_64.rs", "launcher/src/lib.rs", "compiler/src/link.rs"];
    const ROOMS: [&str; 2] = ["compiler/src/seccomp", "compiler/src/spec/keys/seccomp.rs"];
    // They ask about the architecture of the launcher, or show numbers of any.
    const READING: [&str; 8] = [
        "compiler/src/check/clone3_overridden.rs",
        "compiler/src/check/execve_denied.rs",
        "compiler/src/check/seccomp_kills_libc.rs",
        "compiler/src/closure/search.rs",
        "compiler/src/commands/explain.rs",
        "compiler/src/report/calls.rs",
        "compiler/src/report/text.rs",
        "compiler/src/resolve/seccomp.rs",
    ];
    for (path, text) in files() {
        let part = path.starts_with("compiler/") || path.starts_with("launcher/");
        let known = NAMING.contains(&path.as_str())
            || READING.contains(&path.as_str())
            || ROOMS.iter().any(|room| path.starts_with(room));
        let name = |word: &str| code(&text).contains(word);
        assert!(!part || known || !(name("x86_64") || name("X86_64")), "{path} names an architecture");
    }
}

#[test]
fn packages_stay_in_their_rooms() {
    for (path, text) in compiler() {
        let code = code(&text);
        for (package, rooms) in ONLY {
            let allowed = rooms.iter().any(|room| path.starts_with(room));
            assert!(allowed || !says(&code, package), "{path} uses {package}, which only {rooms:?} may");
        }
    }
}

#[test]
fn files_are_opened_at_two_doors() {
    const READING: [&str; 6] =
        ["File::open", "OpenOptions", "fs::read(", "fs::read_to_string", "io::stdin().lock", "fcntl::open"];
    const WRITING: [&str; 7] = [
        "File::create",
        "create_new",
        "fs::write",
        "fs::copy",
        "fs::rename",
        "fcntl::rename",
        "OFlag::O_CREAT",
    ];
    for (path, text) in compiler() {
        let code = code(&text);
        let uses = |words: &[&'static str]| words.iter().find(|word| code.contains(**word)).copied();
        if path != "source/input.rs" && path != "commands/doctor/machine.rs" {
            assert_eq!(uses(&READING), None, "{path} reads a file beside source/input.rs");
        }
        if path != "commands/outputs.rs" {
            assert_eq!(uses(&WRITING), None, "{path} writes a file beside commands/outputs.rs");
        }
    }
}

#[test]
fn unsafe_is_where_it_is_expected() {
    for (path, text) in files() {
        let uses = code(&text).lines().any(|line| {
            let line = line.trim();
            (line.starts_with("unsafe ") || line.contains(" unsafe ") || line.contains("(unsafe "))
                && !line.contains('"')
        });
        let allowed = UNSAFE.contains(&path.as_str()) || path.starts_with("tests/");
        assert!(allowed || !uses, "{path} has unsafe code");
    }
}

#[test]
fn safety_comments_state_facts() {
    for (path, text) in files().into_iter().filter(|(path, _)| path != "tests/tidy.rs") {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("// SAFETY:")) {
            let comment = lines[number..].iter().take_while(|line| line.trim().starts_with("//"));
            for phrase in comment.map(|line| line.to_lowercase()) {
                assert!(
                    !phrase.contains("safe because") && !phrase.contains("valid"),
                    "{path}:{}: {line}",
                    number + 1
                );
            }
        }
    }
}

#[test]
fn every_file_says_its_role_first() {
    for (path, text) in files() {
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 20, "{path} begins with {first:?}");
    }
}

#[test]
fn no_file_is_a_drawer() {
    for (path, _) in files() {
        let stem = Path::new(&path).file_stem().unwrap().to_string_lossy().into_owned();
        let drawer = ["util", "utils", "common", "helper", "helpers", "misc"].contains(&stem.as_str());
        assert!(!drawer, "{path} is named for nothing in particular");
    }
}

#[test]
fn rules_are_files() {
    let files = compiler();
    for check in boxwright::check::CHECKS {
        let file = format!("check/{}.rs", check.rule.name.replace('-', "_"));
        let (_, text) = files.iter().find(|(path, _)| *path == file).unwrap_or_else(|| panic!("no {file}"));
        assert!(text.contains(&format!("\"{}\"", check.rule.name)), "{file} declares another rule");
    }
}
