//! What programs need: found as ldd(1) finds it, and nothing in a file does harm.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop, and one that cannot run should say so"
)]

use boxwright::closure::{Files, Host, Needs, needs};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn found(needs: &Needs) -> BTreeSet<String> {
    needs.found.iter().map(|found| found.hops.last().unwrap().clone()).collect()
}

/// The loader's own answer; the test may execute what it knows.
#[test]
fn libraries_are_those_that_the_loader_loads() {
    let mut compared = 0;
    for program in
        ["/usr/bin/id", "/usr/bin/git", "/usr/bin/gcc", "/usr/bin/ls", "/usr/bin/apt-get", "/bin/bash"]
    {
        let Ok(output) = Command::new("ldd").arg(program).output() else { continue };
        if !output.status.success() {
            continue;
        }
        let text = String::from_utf8(output.stdout).unwrap();
        let paths =
            text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
        let loaded: BTreeSet<String> =
            paths.chain([program]).map(|path| Host.hops(path).unwrap().0.last().unwrap().clone()).collect();
        let needs = needs(&Host, program);
        assert_eq!((found(&needs), needs.missing.len()), (loaded, 0), "{program}");
        compared += 1;
    }
    if compared < 3 {
        assert!(std::env::var_os("BOXWRIGHT_REQUIRE_ALL").is_none(), "ldd knows {compared} programs");
        println!("NOT RUN: this host has too few programs to compare with ldd");
    }
}

fn write(path: &Path, bytes: &[u8]) -> String {
    fs::write(path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn no_cut_and_no_flip_of_a_program_does_harm() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(fs::canonicalize("/bin/true").or_else(|_| fs::canonicalize("/usr/bin/id")).unwrap())
        .unwrap();
    let file = folder.path().join("program");
    let mut tried = 0;
    for end in (0..512).chain((512..whole.len()).step_by(997)) {
        needs(&Host, &write(&file, &whole[..end]));
        tried += 1;
    }
    // The headers, and what they lead to.
    for bit in (0..1024 * 8).step_by(5) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        needs(&Host, &write(&file, &flipped));
        tried += 1;
    }
    assert!(tried > 2000);
}

#[test]
fn hostile_files_end_the_search() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, text) in [
        ("itself", format!("#!{}\n", path("itself"))),
        ("other", format!("#!{}\n", path("another"))),
        ("another", format!("#!{}\n", path("other"))),
        ("nothing", "#!\n".to_owned()),
        ("relative", "#!sh\n".to_owned()),
        ("long", format!("#!/{}\n", "x".repeat(100_000))),
        ("env", "#!/usr/bin/env -S A=1 --\n".to_owned()),
        ("empty", String::new()),
    ] {
        write(Path::new(&path(name)), text.as_bytes());
        let needs = needs(&Host, &path(name));
        assert!(needs.found.len() < 10, "{name}: {needs:?}");
    }
    std::os::unix::fs::symlink("loop", path("loop")).unwrap();
    let made = Command::new("mkfifo").arg(path("fifo")).status().unwrap();
    assert!(made.success());
    for name in ["loop", "fifo", "absent", "."] {
        assert!(needs(&Host, &path(name)).found.is_empty(), "{name}");
    }
    assert!(needs(&Host, "/dev/zero").found.is_empty() && needs(&Host, "").found.is_empty());
}

/// A program with a library of its own, found by `$ORIGIN`, and one that nobody has.
#[test]
fn libraries_beside_a_program_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        Command::new("gcc")
            .current_dir(folder.path())
            .args(arguments)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    fs::write(folder.path().join("a.c"), "int a(void) { return 0; }\n").unwrap();
    fs::write(folder.path().join("main.c"), "int a(void); int main(void) { return a(); }\n").unwrap();
    fs::create_dir(folder.path().join("lib")).unwrap();
    let built = run(&["-shared", "-o", "lib/liba.so", "a.c"])
        && run(&["-o", "main", "main.c", "lib/liba.so", "-Llib", "-Wl,-rpath,$ORIGIN/lib"])
        && run(&["-o", "named", "main.c", "-Llib", "-la", "-Wl,-rpath,$ORIGIN/lib"])
        && run(&["-o", "lost", "main.c", "-Llib", "-la"]);
    if !built {
        assert!(std::env::var_os("BOXWRIGHT_REQUIRE_ALL").is_none(), "gcc is not installed");
        return println!("NOT RUN: gcc is not installed, so no program has a library of its own");
    }
    let path = |name: &str| folder.path().canonicalize().unwrap().join(name).to_str().unwrap().to_owned();
    let named = needs(&Host, &path("named"));
    assert!(found(&named).contains(&path("lib/liba.so")) && named.missing.is_empty(), "{named:?}");
    let lost = needs(&Host, &path("lost"));
    assert_eq!((lost.missing[0].name.as_str(), &lost.missing[0].by), ("liba.so", &path("lost")));
    // Both ends of `new --for`: the grant beside /usr, and a refusal that says what is missing.
    let new = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxwright"));
        command.args(["new", "-", "--for", &path(name)]).output().unwrap()
    };
    let spec = String::from_utf8(new("named").stdout).unwrap();
    assert!(
        spec.contains("base = \"usr\"") && spec.contains(&format!("    \"{}\",\n", path("lib/liba.so"))),
        "{spec}"
    );
    let refused = new("lost");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("needs liba.so, which is not there"));
}

/// What `process.exec` refuses of how a program is started, as this host has its files.
#[test]
fn programs_whose_interpreter_is_refused_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| write(&folder.path().join(name), text.as_bytes());
    let by_env = at("by-env", "#!/usr/bin/env -S sh -e\n");
    let by_sh = at("by-sh", "#!/bin/sh\n");
    let found = |program: &str, exec: &str| -> Vec<String> {
        let spec = format!(
            "version = 1\nprocess.args = [\"{program}\"]\nprocess.exec = {exec}\nfilesystem.root = \"host\"\n"
        );
        let understood = boxwright::understand(&boxwright::source::Source::new("s", spec));
        let policy = understood.policy.unwrap_or_else(|| panic!("{:?}", understood.findings));
        let findings = boxwright::closure::refused_interpreters(&policy);
        findings.into_iter().map(|finding| finding.message).collect()
    };
    let [once] = &found(&by_env, "\"once\"")[..] else { panic!("a script of env is refused") };
    assert!(once.ends_with("is a script for `/usr/bin/env`, which executes `sh`"), "{once}");
    assert_eq!(found(&by_sh, "\"once\""), [""; 0], "the kernel executes sh itself");
    assert_eq!(found(&by_env, "\"any\""), [""; 0]);
    let linker = needs(&Host, "/bin/sh").found.into_iter().flat_map(|found| found.hops).find(|path| {
        let name = path.rsplit('/').next().unwrap();
        name.starts_with("ld-") && name.contains(".so")
    });
    let linker = linker.expect("a shell that is linked dynamically");
    let unlisted = found("/bin/sh", "[\"/bin/sh\"]");
    assert!(unlisted.iter().all(|message| message.contains("which `process.exec` does not list")));
    assert!(!unlisted.is_empty());
    assert_eq!(found("/bin/sh", &format!("[\"/bin/sh\", \"{linker}\"]")), [""; 0]);
    let script = found(&by_sh, &format!("[\"{linker}\"]"));
    assert!(script.len() == 1 && script[0].contains("is started by `/bin/sh`"), "{script:?}");
    assert_eq!(found(&by_sh, &format!("[\"{linker}\", \"/bin/sh\"]")), [""; 0]);
}
