//! What comes from the key table for people and editors: the schema says what the parser says, the page is checked in,
//! and the language servers that people use understand the schema.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop, and one that cannot run should say so"
)]

use boxwright::diagnostic::Diagnostic;
use boxwright::reference;
use boxwright::source::Source;
use boxwright::spec::keys::{Key, Presence, ROOT, Type};
use jsonschema::Validator;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What the parser says that the schema has to say too.
const STRUCTURE: [&str; 4] = ["unknown-key", "missing-key", "wrong-type", "wrong-value"];

fn specs(folder: &str) -> Vec<PathBuf> {
    let entries = Path::new(HOME).join(folder).read_dir().unwrap();
    let mut specs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    specs.retain(|path| path.to_string_lossy().ends_with(".sandbox.toml"));
    specs.sort();
    assert!(!specs.is_empty(), "{folder} is empty");
    specs
}

fn good_specs() -> Vec<PathBuf> {
    ["specs/demos", "tests/fixtures/good", "tests/specs"].into_iter().flat_map(specs).collect()
}

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(&reference::schema().unwrap()).unwrap();
    jsonschema::draft7::meta::validate(&schema).unwrap();
    jsonschema::draft7::new(&schema).unwrap()
}

/// A spec as JSON, if it is TOML.
fn json(text: &str) -> Option<Value> {
    serde_json::to_value(toml::from_str::<toml::Table>(text).ok()?).ok()
}

fn said(validator: &Validator, json: &Value) -> Vec<String> {
    validator.iter_errors(json).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_schema_admits_every_good_spec() {
    let validator = validator();
    for path in good_specs() {
        let json = json(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(said(&validator, &json), [""; 0], "{}", path.display());
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let validator = validator();
    let (mut refused, mut admitted) = (0, 0);
    for path in specs("tests/fixtures/bad") {
        let Ok(source) = Source::read(&path) else { continue };
        let Some(json) = json(&source.text) else { continue };
        let (_, findings) = boxwright::parse::parse(&source, &[]);
        let structure: Vec<&Diagnostic> =
            findings.iter().filter(|finding| STRUCTURE.contains(&finding.rule)).collect();
        let said = said(&validator, &json);
        // JSON does not tell 0o77 from 77, nor whether an empty table is of a kind, nor what is inherited and can be
        // taken away, nor what variables stand for.
        let unsayable = |finding: &&Diagnostic| {
            let written = &source.text[finding.span.start..finding.span.end];
            let about_variables = written.contains("${") || finding.message.starts_with("the value of");
            finding.message.contains("not octal") || written == "false" || about_variables
        };
        if structure.iter().all(unsayable) {
            admitted += usize::from(said.is_empty());
        } else {
            assert!(!said.is_empty(), "{}: {}", path.display(), structure[0].message);
            refused += 1;
        }
    }
    println!("{refused} broken specs are refused, {admitted} are for `check` alone");
    assert!(refused > 20 && admitted > 20, "{refused} refused, {admitted} admitted");
}

/// Values of every type, as TOML.
const VALUES: [&str; 26] = [
    "true",
    "false",
    "-1",
    "0",
    "1",
    "3",
    "80",
    "65536",
    "99999",
    "1.5",
    "''",
    "'x'",
    "'/x'",
    "'max'",
    "'1s'",
    "'-1h'",
    "'64MiB'",
    "'150%'",
    "'CAP_KILL'",
    "'read'",
    "'EPERM'",
    "[]",
    "['/x']",
    "[1]",
    "{}",
    "{ x = 1 }",
];

/// For each key of the sections and each value, the schema and the parser agree whether it may stand there.
#[test]
fn the_schema_and_the_parser_agree_about_every_value() {
    let validator = validator();
    let sections = ROOT.iter().filter_map(|key| match key.ty {
        Type::Table(keys) => Some(keys.iter().map(|inner| (format!("{}.", key.name), inner))),
        _ => None,
    });
    let top = ROOT.iter().map(|key| (String::new(), key));
    let mut compared = 0;
    for (section, key) in top.chain(sections.flatten()) {
        for value in VALUES {
            let line = format!("{section}{} = {value}\n", key.name);
            let smallest = ["version = 1\n", "process.args = ['/x']\n"].map(|known| {
                let written = known.starts_with(&format!("{section}{}", key.name));
                if written || line.starts_with("process =") { "" } else { known }
            });
            let text = smallest.concat() + &line;
            let (_, findings) = boxwright::parse::parse(&Source::new("x.sandbox.toml", text.clone()), &[]);
            let known = findings.iter().find(|finding| STRUCTURE.contains(&finding.rule));
            let said = said(&validator, &json(&text).unwrap());
            match known {
                Some(finding) if !is_unsayable(key, value, finding) => {
                    assert!(!said.is_empty(), "the schema admits {line}{}", finding.message);
                }
                None if !is_a_matter_of_form(key, value) => {
                    assert_eq!(said, [""; 0], "the parser admits {line}")
                }
                _ => continue,
            }
            compared += 1;
        }
    }
    assert!(compared > 2000, "only {compared} values were compared");
}

/// JSON does not tell 0o77 from 77, nor does draft-07 tell kinds of tables apart that require nothing; and with `false`
/// a spec takes away what it inherits, if it does.
fn is_unsayable(key: &Key, value: &str, finding: &Diagnostic) -> bool {
    finding.message.contains("not octal")
        || finding.message.contains("of which kind") && ["user", "time"].contains(&key.name)
        || value == "false"
}

/// What strings and keys of entries look like is said by the parser where that is a type, and by later passes where it
/// is a name.
fn is_a_matter_of_form(key: &Key, value: &str) -> bool {
    value.contains('\'') || value.starts_with("{ ") && matches!(key.ty, Type::Map(..))
}

#[test]
fn every_default_is_in_the_schema() {
    let schema: Value = serde_json::from_str(&reference::schema().unwrap()).unwrap();
    fn count(schema: &Value) -> (usize, usize) {
        let inner: Vec<&Value> = match schema {
            Value::Object(members) => members.values().collect(),
            Value::Array(items) => items.iter().collect(),
            _ => Vec::new(),
        };
        let null = schema.get("default").is_some_and(Value::is_null);
        let here = (schema.get("default").map_or(0, |_| 1), usize::from(null));
        inner.into_iter().map(count).fold(here, |sum, next| (sum.0 + next.0, sum.1 + next.1))
    }
    let (defaults, null) = count(&schema);
    assert!(defaults > 40 && null == 0, "{defaults} defaults, {null} could not be written");
    assert_eq!(schema["properties"]["process"]["properties"]["umask"]["default"], 0o077);
    let required = |keys: &[Key]| keys.iter().filter(|key| key.presence == Presence::Required).count();
    assert_eq!(schema["anyOf"][1]["required"].as_array().unwrap().len(), required(ROOT));
}

#[test]
fn the_page_of_the_language_is_the_tables() {
    let path = Path::new(HOME).join("compiler/docs/reference.md");
    let page = reference::page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "compiler/docs/reference.md is not what the key table says (BLESS=1 writes it)");
}

/// Runs an editor's language server on a spec with the schema beside it; `None` when it is not installed.
fn editor(tool: &str, arguments: &[&str], folder: &Path) -> Option<Output> {
    match Command::new(tool).current_dir(folder).args(arguments).output() {
        Ok(output) => Some(output),
        Err(_) => {
            assert!(std::env::var_os("BOXWRIGHT_REQUIRE_ALL").is_none(), "{tool} is not installed");
            println!(
                "NOT RUN: {tool} is not installed (pip install taplo tombi), so it has not read the schema"
            );
            None
        }
    }
}

/// Both accept each of our specs, with the schema named by its first line, and refuse broken ones.
#[test]
fn language_servers_understand_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("sandbox.schema.json", &reference::schema().unwrap());
    // Neither asks anybody but the file.
    let tools: [(&str, &[&str]); 2] = [("taplo", &["lint"]), ("tombi", &["lint", "--offline"])];
    for (tool, arguments) in tools {
        let lint = |text: &str| {
            write("x.sandbox.toml", &format!("#:schema ./sandbox.schema.json\n{text}"));
            editor(tool, &[arguments, &["x.sandbox.toml"][..]].concat(), folder.path())
        };
        for path in good_specs() {
            let Some(output) = lint(&std::fs::read_to_string(&path).unwrap()) else { break };
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{tool} {}: {said}", path.display());
        }
        let smallest = "version = 1\nprocess.args = ['/x']\n";
        for broken in [
            "filesystem.base = 'user'",
            "process.umask = 'x'",
            "process.colour = true",
            "cgroup.memory_max = '512M'",
            "seccomp.allow = ['opennat']",
            "filesystem.mounts.'/x' = { bind = '/x', tmpfs = true }",
        ] {
            let Some(output) = lint(&format!("{smallest}{broken}\n")) else { break };
            assert!(!output.status.success(), "{tool} admits {broken}");
        }
    }
}

#[test]
fn the_schema_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_boxwright")).arg("schema").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), reference::schema().unwrap());
}

/// A layer has what it adds, a spec that extends others may take away and leave out, and variables stand everywhere.
#[test]
fn the_schema_knows_of_layers_and_variables() {
    let validator = validator();
    for (text, admitted) in [
        ("version = 1\nextends = ['builtin:service']\nprocess.append_args = true\n", true),
        (
            "version = 1\nextends = ['builtin:service']\ncgroup.memory_max = false\nprocess = { args = ['/x'] }\n",
            true,
        ),
        ("version = 1\nprocess.append_args = true\n", false),
        ("extends = ['builtin:service']\nprocess.args = ['/x']\n", false),
        (
            "version = 1\nprocess.args = ['/x']\ncgroup.pids_max = '${pids}'\nfilesystem.proc = '${proc}'\n",
            true,
        ),
        ("version = 1\nprocess.args = ['/x']\nfilesystem.mounts.'${dir}/x' = { mask = '${yes}' }\n", true),
        ("version = 1\nprocess.args = ['/x']\nfilesystem.proc = '$proc'\n", false),
    ] {
        let said = said(&validator, &json(text).unwrap());
        assert_eq!(said.is_empty(), admitted, "{text}{said:?}");
    }
}

#[test]
fn manual_pages_are_well_formed() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxwright"));
    let output = command.args(["man", folder.path().to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pages: Vec<PathBuf> = ["man1", "man5"]
        .iter()
        .flat_map(|section| folder.path().join(section).read_dir().unwrap().map(|page| page.unwrap().path()))
        .collect();
    let names: Vec<&str> = pages.iter().map(|page| page.file_name().unwrap().to_str().unwrap()).collect();
    for name in ["boxwright.1", "boxwright-check.1", "boxwright-man.1", "boxwright-spec.5"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for page in &pages {
        // What clap_mangen writes has a superfluous break here and there, which is a warning.
        let level = if page.ends_with("boxwright-spec.5") { "warning" } else { "error" };
        let checks = [
            ("mandoc", &["-T", "lint", "-W", level][..]),
            ("man", &["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"][..]),
        ];
        for (tool, arguments) in checks {
            let mut command = Command::new(tool);
            let Ok(output) = command.args(arguments).arg(page).output() else {
                assert!(std::env::var_os("BOXWRIGHT_REQUIRE_ALL").is_none(), "{tool} is not installed");
                return println!("NOT RUN: {tool} is not installed, so it has not read the pages");
            };
            let said = String::from_utf8(
                [&output.stderr[..], if tool == "mandoc" { &output.stdout } else { b"" }].concat(),
            );
            assert_eq!(said.unwrap(), "", "{tool} {}", page.display());
        }
    }
    let spec = std::fs::read_to_string(folder.path().join("man5/boxwright-spec.5")).unwrap();
    assert!(spec.contains("memory_deny_write_execute") && spec.contains("needs Linux 6.3"), "{spec}");
    let printed = Command::new(env!("CARGO_BIN_EXE_boxwright")).arg("man").output().unwrap().stdout;
    assert_eq!(printed, std::fs::read(folder.path().join("man1/boxwright.1")).unwrap());
}

#[test]
fn shells_load_the_completions() {
    let folder = tempfile::tempdir().unwrap();
    // Each loads the script and says what it knows of the command.
    for (shell, file, ask) in [
        (
            "bash",
            "boxwright.bash",
            "source ./boxwright.bash && complete -p boxwright && COMP_WORDS=(boxwright ch) COMP_CWORD=1 && _boxwright boxwright ch boxwright && echo ${COMPREPLY[0]}",
        ),
        (
            "zsh",
            "_boxwright",
            "fpath=(. $fpath); autoload -Uz compinit && compinit -D -u && echo ${_comps[boxwright]} && autoload +X _boxwright && echo check",
        ),
        ("fish", "boxwright.fish", "source boxwright.fish; complete -C 'boxwright ch'"),
    ] {
        let script =
            Command::new(env!("CARGO_BIN_EXE_boxwright")).args(["completions", shell]).output().unwrap();
        assert!(script.status.success());
        std::fs::write(folder.path().join(file), script.stdout).unwrap();
        let mut command = Command::new(shell);
        let Ok(output) =
            command.current_dir(folder.path()).env("HOME", folder.path()).args(["-c", ask]).output()
        else {
            assert!(std::env::var_os("BOXWRIGHT_REQUIRE_ALL").is_none(), "{shell} is not installed");
            println!("NOT RUN: {shell} is not installed, so it has not loaded its completions");
            continue;
        };
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("check"),
            "{shell}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
