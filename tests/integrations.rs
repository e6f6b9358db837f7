//! The files for pre-commit and GitHub Actions: they are what those programs read, and their command lines work.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;
use yaml_rust2::{Yaml, YamlLoader};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

const BROKEN: &str = "version = 1\nname = \"x\"\nprocess.args = [\"/usr/bin/id\"]\nfilesystem.base = \"usr\"\nprocess.umask = 77\n";

fn read(name: &str) -> Yaml {
    let text = std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.sandbox.toml", "with space.sandbox.toml"] {
        std::fs::write(folder.path().join(name), BROKEN).unwrap();
    }
    folder
}

/// A shell in the folder that finds the boxwright of this build.
fn bash(folder: &Path, script: &str, environment: &[(&str, &str)]) -> Output {
    let programs = Path::new(env!("CARGO_BIN_EXE_boxwright")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .current_dir(folder)
        .env("PATH", path);
    bash.envs(environment.iter().copied()).output().unwrap()
}

#[test]
fn hooks_run_on_the_files_that_they_name() {
    let hooks = read(".pre-commit-hooks.yaml");
    let hooks = hooks.as_vec().unwrap();
    let statuses = [("boxwright-check", 1), ("boxwright-fix", 0)];
    assert_eq!(hooks.len(), statuses.len());
    for (hook, (id, status)) in hooks.iter().zip(statuses) {
        let text = |key: &str| hook[key].as_str().unwrap_or_else(|| panic!("{id} has no {key}"));
        assert_eq!((text("id"), text("language")), (id, "system"));
        assert!(!text("name").is_empty() && !text("description").is_empty());
        assert_eq!(text("files"), "", "a spec can extend a file of any name");
        assert_eq!(hook["require_serial"].as_bool(), Some(true), "two would write the same specs");
        let folder = folder();
        // pre-commit puts the names behind the entry.
        let output =
            bash(folder.path(), &format!("{} a.sandbox.toml 'with space.sandbox.toml'", text("entry")), &[]);
        assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
        let mended = std::fs::read_to_string(folder.path().join("with space.sandbox.toml")).unwrap();
        assert_eq!(mended.contains("0o77"), status == 0);
    }
}

#[test]
fn the_action_checks_and_hands_over_its_report() {
    let action = read("action.yml");
    let steps = action["runs"]["steps"].as_vec().unwrap();
    assert_eq!(action["runs"]["using"].as_str(), Some("composite"));
    let script = |name: &str| {
        let step = steps.iter().find(|step| step["name"].as_str() == Some(name)).unwrap();
        assert_eq!(step["shell"].as_str(), Some("bash"));
        step["run"].as_str().unwrap()
    };
    let installed = script("Install").split("$GITHUB_ACTION_PATH").nth(1).unwrap().trim_end_matches('"');
    assert!(PathBuf::from(format!("{ROOT}{installed}/Cargo.toml")).exists(), "{installed} is no package");
    let inputs =
        ["paths", "fail-on", "upload"].map(|name| action["inputs"][name]["default"].as_str().unwrap());
    assert_eq!(inputs, [".", "error", "true"]);
    for (paths, fail_on, status, findings) in [
        (inputs[0], inputs[1], 1, Some(2)),
        ("a.sandbox.toml", "never", 0, Some(1)),
        ("absent.sandbox.toml", "error", 2, Some(0)),
        (".nowhere", "error", 2, Some(0)),
    ] {
        let (folder, temporary) = (folder(), tempfile::tempdir().unwrap());
        let outputs = temporary.path().join("outputs");
        let environment = [
            ("PATHS", paths),
            ("FAIL_ON", fail_on),
            ("RUNNER_TEMP", temporary.path().to_str().unwrap()),
            ("GITHUB_OUTPUT", outputs.to_str().unwrap()),
        ];
        let output = bash(folder.path(), script("Check"), &environment);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(status), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.matches("::error title=").count(), findings.unwrap_or_default(), "{said}");
        let handed = std::fs::read_to_string(&outputs).unwrap_or_default();
        let sarif = handed.trim_end().strip_prefix("sarif=").map(|path| std::fs::read(path).unwrap());
        let results = sarif.map(|bytes| {
            let log: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            log["runs"][0]["results"].as_array().unwrap().len()
        });
        assert_eq!(results, findings, "{paths}");
    }
}

/// What a layer breaks is broken in the specs that extend it, wherever they are.
#[test]
fn an_edit_of_a_shared_layer_checks_what_extends_it() {
    let hooks = read(".pre-commit-hooks.yaml");
    let entry = hooks[0]["entry"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("boxwright.toml", "");
    write("common/svc", "version = 1\nextends = [\"../base/all.toml\"]\nprocess.umask = 77\n");
    write("base/all.toml", "version = 1\nprocess.args = [\"/usr/bin/id\"]\nfilesystem.base = \"usr\"\n");
    for number in 0..3 {
        write(&format!("services/{number}.sandbox.toml"), "version = 1\nextends = [\"../common/svc\"]\n");
    }
    write("other.sandbox.toml", "version = 1\nprocess.args = [\"/usr/bin/id\"]\nfilesystem.base = \"usr\"\n");
    let hook = |names: &str| {
        let output = bash(folder.path(), &format!("{entry} --format concise {names}"), &[]);
        let (said, last) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        (output.status.code().unwrap(), said, last)
    };
    for names in ["common/svc", "base/all.toml README.md", "boxwright.toml", "services/1.sandbox.toml", ""] {
        let (status, said, last) = hook(names);
        assert_eq!(status, 1, "{names}: {said}{last}");
        assert_eq!(said.lines().count(), 1, "{names}: told once: {said}");
        assert!(said.starts_with("common/svc:3:17: error["), "{names}: {said}");
        let specs = match names {
            "" | "boxwright.toml" => 4,
            "services/1.sandbox.toml" => 1,
            _ => 3,
        };
        assert_eq!(
            last,
            format!("1 error in {specs} spec{}\n", if specs == 1 { "" } else { "s" }),
            "{names}"
        );
    }
    for names in ["README.md", "other.sandbox.toml"] {
        assert_eq!(hook(names).0, 0, "{names}");
    }
    std::fs::remove_file(folder.path().join("base/all.toml")).unwrap();
    assert_eq!(hook("README.md").0, 1, "a layer that is gone concerns who extends it");
}
