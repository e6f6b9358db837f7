//! Specs of several files: which of them holds, where each value is said to come from, and the profiles.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use boxwright::diagnostic::{Style, render_concise};
use boxwright::parse::{Show, gather, show};
use boxwright::policy::{MountKind, Policy};
use boxwright::source::Source;
use boxwright::{Options, build, understand, understand_with};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PROGRAM: &str = "process.args = ['/usr/bin/id']\nfilesystem.base = 'usr'\n";

/// A directory with these files.
fn files(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

#[track_caller]
fn policy(source: &Source) -> Policy {
    let understood = understand(source).without_notes();
    understood.policy.unwrap_or_else(|| {
        panic!("{}", render_concise(&understood.source, &understood.findings, Style::default()))
    })
}

#[track_caller]
fn policy_of(directory: &TempDir, name: &str) -> Policy {
    policy(&Source::read(directory.path().join(name)).unwrap())
}

fn without_places(policy: &Policy) -> String {
    let text = format!("{policy:#?}");
    let place =
        |line: &&str| line.trim_start().starts_with("start: ") || line.trim_start().starts_with("end: ");
    text.lines().filter(|line| !place(line)).collect::<Vec<_>>().join("\n")
}

/// What this is called in every spec of the test.
fn named(text: &str) -> String {
    format!("version = 1\nname = 'x'\n{text}")
}

#[test]
fn the_spec_overrides_the_last_and_that_the_first() {
    let directory = files(&[
        (
            "deep/c.toml",
            "version = 1\nhostname = 'c'\ndomainname = 'c'\nprocess.cwd = '/c'\nprocess.umask = 0o011\n",
        ),
        (
            "b.toml",
            "version = 1\nextends = ['deep/c.toml']\nhostname = 'b'\ndomainname = 'b'\nprocess.cwd = '/b'\n",
        ),
        ("a.toml", "version = 1\nhostname = 'a'\ndomainname = 'a'\n"),
        (
            "x.sandbox.toml",
            &named(&format!(
                "extends = ['b.toml', 'a.toml']\nhostname = 'x'\n{PROGRAM}filesystem.mounts.'/b' = {{ directory = true }}\n"
            )),
        ),
    ]);
    let policy = policy_of(&directory, "x.sandbox.toml");
    assert_eq!(policy.hostname.unwrap().value, "x");
    assert_eq!(policy.domainname.unwrap().value, "a");
    assert_eq!(policy.process.cwd.value, "/b");
    assert_eq!(policy.process.umask.value, 0o011);
}

#[test]
fn lists_add_up_and_arguments_are_replaced() {
    let directory = files(&[
        (
            "a.toml",
            "version = 1\nprocess = { args = ['/usr/bin/env', 'a'], env_pass = ['A', 'B'], env = { P = '1', Q = '1' } }\n\
             filesystem.read_only = ['/srv/a']\n",
        ),
        (
            "x.sandbox.toml",
            &named(
                "extends = ['a.toml']\nprocess = { args = ['/usr/bin/id'], env_pass = ['B', 'C'], env = { Q = '2' } }\n\
                 filesystem = { base = 'usr', read_only = ['/srv/b'] }\n",
            ),
        ),
        (
            "whole.sandbox.toml",
            &named(
                "process = { args = ['/usr/bin/id'], env_pass = ['A', 'B', 'C'], env = { P = '1', Q = '2' } }\n\
                 filesystem = { base = 'usr', read_only = ['/srv/a', '/srv/b'] }\n",
            ),
        ),
    ]);
    assert_eq!(
        without_places(&policy_of(&directory, "x.sandbox.toml")),
        without_places(&policy_of(&directory, "whole.sandbox.toml"))
    );
}

#[test]
fn one_destination_has_one_entry_whatever_key_gave_it() {
    let directory = files(&[
        (
            "a.toml",
            "version = 1\n[filesystem]\ndev = 'minimal'\nread_only = ['/srv/a', '/srv/b', '/srv/c']\n\
             [filesystem.mounts]\n'/srv/d' = { tmpfs = true }\n",
        ),
        (
            "b.toml",
            "version = 1\nextends = ['a.toml']\n[filesystem.mounts]\n'/dev/null' = { bind = '/dev/full' }\n",
        ),
        (
            "x.sandbox.toml",
            &named(&format!(
                "extends = ['b.toml']\n{PROGRAM}filesystem.read_write = ['/srv/a']\n[filesystem.mounts]\n\
                 '/dev/null' = false\n'/srv/b' = false\n'/srv/c' = {{ tmpfs = true }}\n'/srv/d' = false\n"
            )),
        ),
    ]);
    let source = Source::read(directory.path().join("x.sandbox.toml")).unwrap();
    let policy = policy(&source);
    let mounts = &policy.filesystem.mounts;
    assert!(matches!(mounts["/srv/a"].kind, MountKind::Bind { writable: true, .. }));
    assert!(matches!(mounts["/srv/c"].kind, MountKind::Tmpfs { .. }));
    for removed in ["/dev/null", "/srv/b", "/srv/d"] {
        assert!(!mounts.contains_key(removed), "{removed} is still there");
    }
    assert!(mounts.contains_key("/dev/zero"));
}

#[test]
fn false_takes_away_what_is_inherited() {
    let directory = files(&[
        (
            "a.toml",
            "version = 1\nhostname = 'a'\nprocess.env_pass = ['A']\n[rlimits]\nnofile = 64\ncore = 0\n",
        ),
        (
            "x.sandbox.toml",
            &named(&format!(
                "extends = ['a.toml']\nhostname = false\nprocess.env_pass = false\nrlimits.nofile = false\n{PROGRAM}"
            )),
        ),
        ("whole.sandbox.toml", &named(&format!("rlimits.core = 0\n{PROGRAM}"))),
    ]);
    assert_eq!(
        without_places(&policy_of(&directory, "x.sandbox.toml")),
        without_places(&policy_of(&directory, "whole.sandbox.toml"))
    );
}

#[test]
fn variables_come_from_outside_from_the_spec_and_from_what_it_extends() {
    let directory = files(&[
        (
            "a.toml",
            "version = 1\nhostname = '${host}'\n[vars]\nhost = { default = '${prefix}-1' }\nprefix = 'a'\n[rlimits]\nnofile = '${files}'\n\
             [vars.files]\ndescription = 'how many'\n",
        ),
        (
            "x.sandbox.toml",
            &named(&format!("extends = ['a.toml']\nvars.files = 64\nvars.prefix = 'x'\n{PROGRAM}")),
        ),
    ]);
    let source = Source::read(directory.path().join("x.sandbox.toml")).unwrap();
    let with = |name: &str, value: &str| {
        let options = Options { variables: vec![(name.into(), value.into())], ..Options::default() };
        let understood = understand_with(&source, &options);
        let findings = render_concise(&understood.source, &understood.findings, Style::default());
        let policy = understood.policy.unwrap_or_else(|| panic!("{findings}"));
        (policy.hostname.unwrap().value, policy.rlimits[0].soft)
    };
    assert_eq!(with("prefix", "y"), ("y-1".to_owned(), 64));
    assert_eq!(with("host", "z"), ("z".to_owned(), 64));
    assert_eq!(with("files", "32"), ("x-1".to_owned(), 32));
    let options = Options { variables: vec![("hots".into(), "z".into())], ..Options::default() };
    let findings = understand_with(&source, &options).findings;
    assert!(findings.iter().any(|finding| finding.label == "did you mean `host`?"), "{findings:?}");
}

#[test]
fn a_text_may_have_what_looks_like_a_variable_in_it() {
    let written = named(
        "[process]\nargs = ['/usr/bin/a$${b', '-c', 'echo $${HOME:-${home}} ${said} $$ $x']\nenv = { A = '$${A}' }\n\
         [vars]\nhome = '/root'\nsaid = '$${run.cwd} ${home}'\n[filesystem]\nbase = 'usr'\nmounts.'/f' = { text = '$$${${home}}' }\n",
    );
    let directory = files(&[("a.toml", &written)]);
    let read = policy_of(&directory, "a.toml");
    let args: Vec<&str> = read.process.args.iter().map(|argument| argument.value.as_str()).collect();
    assert_eq!(args, ["/usr/bin/a${b", "-c", "echo ${HOME:-/root} ${run.cwd} /root $$ $x"]);
    let text = without_places(&read);
    assert!(text.contains("\"${A}\"") && text.contains("\"$${/root}\""), "{text}");
    let source = Source::read(directory.path().join("a.toml")).unwrap();
    let shown = show(&source, &[], Show::default());
    assert_eq!(without_places(&policy(&Source::new("a.toml", shown))), text);
}

#[test]
fn launch_errors_name_the_file_that_asks_for_the_step() {
    let source = Source::new("x.sandbox.toml", named(&format!("extends = ['builtin:cli']\n{PROGRAM}")));
    let understood = understand(&source).without_notes();
    let built = build(&understood.source, &understood.policy.unwrap()).unwrap();
    let text = String::from_utf8_lossy(&built.plan).into_owned();
    assert!(
        text.contains("builtin:cli") && text.contains("builtin:strict") && text.contains("x.sandbox.toml")
    );
}

/// Every good spec of the tests and every spec that people copy.
fn good() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries =
        ["tests/fixtures/good", "specs/demos"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut paths: Vec<PathBuf> = entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(".sandbox.toml"));
    paths.sort();
    assert!(paths.len() > 30);
    paths
}

#[test]
fn what_is_shown_is_a_spec_that_means_the_same() {
    for path in good() {
        let (source, _) = gather(&Source::read(&path).unwrap());
        let meant = without_places(&policy(&source));
        for resolved in [false, true] {
            for origin in [false, true] {
                let text = show(&source, &[], Show { resolved, origin });
                let shown = Source::new(path.file_name().unwrap(), text);
                let same = without_places(&policy(&shown)) == meant;
                assert!(same, "{} is not what is shown:\n{}", path.display(), shown.text);
            }
        }
    }
}

#[test]
fn profiles_are_what_the_documentation_says() {
    let profile = |name: &str, more: &str| {
        policy(&Source::new(
            "x.sandbox.toml",
            named(&format!("extends = ['builtin:{name}']\n{PROGRAM}{more}")),
        ))
    };
    let plain = policy(&Source::new("x.sandbox.toml", named(&format!("process.exec = 'once'\n{PROGRAM}"))));
    // Beyond the defaults it closes what the profiles that extend it would open.
    let closed = "rlimits.core = false\nseccomp.deny = false\nseccomp.rules.no-new-namespaces = false\n";
    let strict = without_places(&profile("strict", closed));
    assert!(strict == without_places(&plain), "strict is not the defaults:\n{strict}");
    assert!(without_places(&profile("strict", "")) != strict);
    let service = profile("service", "vars = { memory_max = '64MiB', pids_max = 16 }\n");
    assert!(service.cgroup.is_some_and(|cgroup| cgroup.settings.len() == 2));
    assert_eq!(service.process.capabilities.value, 0);
    let agent = profile("agent", "");
    let git = |policy: &Policy| {
        let kind = policy.filesystem.mounts["/work/.git"].kind.clone();
        (kind.is_writable(), kind.is_optional())
    };
    assert_eq!(git(&agent), (false, false));
    assert_eq!(git(&profile("agent", "vars.repository_writable = 'true'\n")), (true, true));
    assert!(matches!(agent.filesystem.mounts["/work/.git/hooks"].kind, MountKind::Seal { .. }));
    assert!(agent.die_with_parent.is_some());
    assert!(
        !profile("cli", "")
            .filesystem
            .mounts
            .values()
            .any(|mount| { matches!(mount.kind, MountKind::Bind { writable: true, .. }) })
    );
    profile("build", "");
}
