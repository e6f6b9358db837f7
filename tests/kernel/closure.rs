//! What `new --for` grants is what a program needs to start, and what doctor misses is what it would not start without.

use crate::Test;
use crate::harness::{Need, Stage};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "closure/programs-start", needs: USER_NAMESPACES, run: programs_start },
    Test { name: "closure/missing-library", needs: USER_NAMESPACES, run: missing_library },
];

/// Writes a spec for a program, runs it with the user that everybody may be, and returns what the program said.
#[track_caller]
fn said(stage: &Stage, name: &str, program: &str) -> String {
    let file = stage.directory().join(format!("{name}.sandbox.toml"));
    let path = file.to_str().expect("a plain path");
    let run = stage.run(&stage.ground.compiler, &["new", path, "--for", program]);
    assert_eq!(run.status, 0, "{program}: {}", run.stderr);
    let mut text = fs::read_to_string(&file).expect("the spec");
    if stage.person.uid() == 0 {
        text = text.replace("user = \"caller\"", "user = { uid = 65534, gid = 65534 }");
    }
    fs::write(&file, &text).expect("a spec");
    let run = stage.run(&stage.ground.compiler, &["run", path]);
    assert_eq!(run.status, 0, "{program}: {}\n{text}", run.stderr);
    let doctor = stage.run(&stage.ground.compiler, &["doctor", path]);
    assert_eq!(doctor.status, 0, "{program}: {}", doctor.stdout);
    run.stdout
}

fn programs_start(stage: &Stage) {
    fs::set_permissions(stage.directory(), PermissionsExt::from_mode(0o755)).expect("chmod");
    let script = |name: &str, text: &str| {
        let file = stage.directory().join(name);
        fs::write(&file, text).expect("a script");
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("chmod");
        file.to_str().expect("a plain path").to_owned()
    };
    assert!(said(stage, "dynamic", "id").starts_with("uid=65534"));
    // A static one is granted alone, also from a directory of its own.
    let program = stage.directory().join("static");
    fs::copy(&stage.ground.probe, &program).expect("the probe");
    fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("chmod");
    said(stage, "alone", program.to_str().expect("a plain path"));
    let spec = fs::read_to_string(stage.directory().join("alone.sandbox.toml")).expect("the spec");
    assert!(spec.contains("\nbase = \"none\"\n"), "{spec}");
    let hello = script("hello", "#!/bin/sh\necho hello from $0\n");
    assert_eq!(said(stage, "script", &hello), format!("hello from {hello}\n"));
    let found = script("found", "#!/usr/bin/env sh\nls / | head -n1\n");
    assert_eq!(said(stage, "found", &found), "bin\n");
}

fn missing_library(stage: &Stage) {
    let file = stage.directory().join("bare.sandbox.toml");
    let path = file.to_str().expect("a plain path");
    let id = ["/usr/bin/id", "/bin/id"].into_iter().find(|path| fs::exists(path).is_ok_and(|there| there));
    let id = id.expect("the program id");
    let write = |read_only: &[String]| {
        let text = format!(
            "version = 1
             process.args = ['{id}']
             process.user = {{ uid = 65534, gid = 65534 }}
             filesystem.read_only = {read_only:?}
             seccomp.allow = ['@system-service']"
        );
        fs::write(&file, text).expect("a spec");
        stage.run(&stage.ground.compiler, &["doctor", path])
    };
    let mut read_only = vec![id.to_owned()];
    let first = write(&read_only);
    assert!(first.stdout.contains("error[missing-library]"), "{}", first.stdout);
    assert_ne!(stage.run(&stage.ground.compiler, &["run", path]).status, 0);
    // Following the advice is enough.
    for _ in 0..20 {
        let doctor = write(&read_only);
        let advice = doctor.stdout.split("write `").skip(1).filter_map(|rest| rest.split('`').next());
        let more: Vec<String> = advice.map(str::to_owned).filter(|path| !read_only.contains(path)).collect();
        if more.is_empty() {
            assert_eq!(doctor.status, 0, "{}", doctor.stdout);
            break;
        }
        read_only.extend(more);
    }
    let run = stage.run(&stage.ground.compiler, &["run", path]);
    assert_eq!(run.status, 0, "{read_only:?}: {}", run.stderr);
    assert!(run.stdout.starts_with("uid=65534"), "{}", run.stdout);
}
