//! What the host sees of every process in a running sandbox, compared with what `inspect` says of its launcher.

use crate::Test;
use crate::cgroups;
use crate::exits::in_place;
use crate::harness::{Need, Person, Spec, Stage, guest};
use crate::inspected::{Followed, Mount, Process};
use crate::life::{self, expect_gone, processes_with, ready};
use nix::sys::signal::{Signal, kill};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];
const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "attest/readme", needs: USER_NAMESPACES, run: readme },
    Test { name: "attest/strict", needs: USER_NAMESPACES, run: |stage| profile(stage, "strict") },
    Test { name: "attest/service", needs: USER_NAMESPACES, run: |stage| profile(stage, "service") },
    Test { name: "attest/build", needs: USER_NAMESPACES, run: |stage| profile(stage, "build") },
    Test { name: "attest/agent", needs: USER_NAMESPACES, run: |stage| profile(stage, "agent") },
    Test { name: "attest/cli", needs: USER_NAMESPACES, run: |stage| profile(stage, "cli") },
    Test { name: "attest/pod", needs: &[Need::UserNamespaces, Need::Root], run: pod },
    Test { name: "cgroups/attested", needs: ROOT, run: in_a_cgroup },
    Test { name: "attest/in-place", needs: ROOT, run: |stage| attest(stage, in_place(stage), &[]) },
];

fn readme(stage: &Stage) {
    let home = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let text = fs::read_to_string(home).expect("the README");
    let block = text.split("```toml\n# file: hello.sandbox.toml\n").nth(1).expect("its first spec");
    attest(stage, Spec::new(block.split("```").next().expect("its end")), &[]);
}

fn profile(stage: &Stage, name: &str) {
    let more = if name == "service" {
        "vars = { memory_max = '64MiB', pids_max = 64 }\nrequires.optional = ['cgroup']"
    } else {
        ""
    };
    let user = "process.user = { uid = 65534, gid = 65534 }";
    fs::create_dir_all(stage.directory().join(".git/hooks")).expect("directories");
    fs::write(stage.directory().join(".git/config"), "").expect("a file");
    attest(stage, Spec::new(&format!("version = 1\nextends = ['builtin:{name}']\n{user}\n{more}")), &[]);
}

fn pod(stage: &Stage) {
    attest(stage, Spec::demonstration("pod"), &["pod"]);
}

fn in_a_cgroup(stage: &Stage) {
    let Some(tree) = cgroups::tree(stage, &["cpu", "memory", "pids"]) else { return };
    let spec =
        cgroups::spec("cgroup = { memory_max = '64MiB', memory_swap_max = 0, pids_max = 20, cpu_max = 0.5 }");
    attest(stage, spec, &[&format!("cgroup={}", tree.path.display())]);
}

/// Starts the sandbox, looks at everything in it, and ends it.
fn attest(stage: &Stage, spec: Spec, conditions: &[&str]) {
    let mark = format!("mark-{}", stage.site.key);
    let questions = [format!("note={mark}"), "sleep=60000".to_owned()];
    let launcher = stage.build(&spec.asking(&stage.site, &questions));
    let path = launcher.display().to_string();
    let inspected = stage.run(&stage.ground.compiler, &["inspect", &path]);
    assert_eq!(inspected.status, 0, "{}", inspected.stderr);
    let followed = Followed::new(&inspected.stdout, stage.person);
    let arguments: Vec<&str> = [&["--start"], conditions, &["--", path.as_str()]].concat();
    let mut child = stage.spawn(&stage.ground.probe, &arguments);
    ready(&mut child);
    // Whose parent is not of the sandbox is the launcher, which has the mark in its plan alone.
    let program = processes_with(&mark).into_iter().next_back().expect("the program");
    for pid in sandbox(program) {
        let is_program = pid == program;
        let of_it =
            |process: &&Process| process.executes == is_program && (is_program || process.filters > 0);
        let expected = followed.processes.iter().find(of_it);
        let expected =
            expected.unwrap_or_else(|| panic!("inspect does not say that there is a process {pid}"));
        expect_process(&followed, expected, pid, is_program, stage.person);
        expect_cgroup(&followed, expected, pid, child.id());
        if followed.mounts.contains_key("/") {
            expect_mounts(&followed, pid);
        }
    }
    // One that is killed leaves its cgroup to the next launch.
    kill(life::pid(&child), Signal::SIGTERM).expect("kill");
    child.wait().expect("it can be waited for");
    expect_gone(&mark);
}

/// Every process in the pid namespace of this one, or itself where that is the host's.
fn sandbox(program: i32) -> Vec<i32> {
    let of = |pid: &str| fs::metadata(format!("/proc/{pid}/ns/pid")).map(|found| found.ino()).ok();
    let theirs = of(&program.to_string());
    if theirs == of("self") {
        return vec![program];
    }
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let found: Vec<i32> = pids.filter(|pid| of(&pid.to_string()) == theirs).collect();
    assert_eq!(found.len(), 2, "the first process and the program: {found:?}");
    found
}

fn field(pid: i32, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn expect_process(followed: &Followed, expected: &Process, pid: i32, is_program: bool, person: Person) {
    let maps = ["uid_map", "gid_map"].map(|name| {
        let text = fs::read_to_string(format!("/proc/{pid}/{name}")).expect("a map");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    for (name, map, id, title) in
        [("uid_map", &maps[0], &expected.ids[0], "Uid:"), ("gid_map", &maps[1], &expected.ids[1], "Gid:")]
    {
        if let Some(said) = followed.maps.get(name) {
            assert_eq!(map, said, "{name} of {pid}");
        }
        let words: Vec<u64> = map.split(' ').map(|word| word.parse().expect("a number")).collect();
        let inside: u64 = if id.is_empty() { words[0] } else { id.parse().expect("an id") };
        let outside = words[1] + (inside - words[0]);
        assert_eq!(field(pid, title), [outside; 4].map(|id| id.to_string()).join(" "), "{title} of {pid}");
    }
    if followed.groups_set {
        assert_eq!(field(pid, "Groups:"), "", "groups of {pid}");
    }
    let set = u64::from_str_radix(expected.capabilities.trim_start_matches("0x"), 16).expect("a set");
    for name in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        assert_eq!(field(pid, name), format!("{set:016x}"), "{name} of {pid}");
    }
    if expected.bounded && (expected.namespaces.contains("CLONE_NEWUSER") || person.uid() == 0) {
        assert_eq!(field(pid, "CapBnd:"), format!("{set:016x}"), "of {pid}");
    }
    assert_eq!(field(pid, "NoNewPrivs:"), u8::from(expected.no_new_privs).to_string(), "of {pid}");
    assert_eq!(field(pid, "Seccomp_filters:"), expected.filters.to_string(), "filters of {pid}");
    assert_eq!(field(pid, "Seccomp:"), if expected.filters > 0 { "2" } else { "0" }, "of {pid}");
    for (name, flag) in [
        ("mnt", "CLONE_NEWNS"),
        ("uts", "CLONE_NEWUTS"),
        ("ipc", "CLONE_NEWIPC"),
        ("pid", "CLONE_NEWPID"),
        ("net", "CLONE_NEWNET"),
        ("user", "CLONE_NEWUSER"),
        ("cgroup", "CLONE_NEWCGROUP"),
        ("time", "CLONE_NEWTIME"),
    ] {
        let inode = |pid: &str| fs::metadata(format!("/proc/{pid}/ns/{name}")).expect("a namespace").ino();
        let own = inode(&pid.to_string()) != inode("self");
        assert_eq!(own, expected.namespaces.contains(flag), "the {name} namespace of {pid}");
    }
    let mut open: Vec<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("descriptors")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    open.sort();
    // A number, or the slot of how many sockets were passed, which here are none.
    let first = expected.closed_from.as_deref().expect("close_range");
    let first: usize = first.parse().unwrap_or(3);
    assert_eq!(open, ["0", "1", "2"][..first.min(3)], "descriptors of {pid}");
    let of_both = |name: &str| {
        [format!("/proc/{pid}/{name}"), format!("/proc/self/{name}")]
            .map(|path| fs::read_to_string(path).expect("a file"))
    };
    let [score, own] = of_both("oom_score_adj");
    assert_eq!(score, own, "of {pid}");
    expect_limits(expected, pid);
    // Undumpable processes belong to root.
    let owner = fs::metadata(format!("/proc/{pid}/environ")).expect("a file").uid();
    assert_eq!(owner == 0, !is_program, "{pid} is to be undumpable when it is not the program");
}

/// The cgroup of version 2 is the launch's own, and its files say what was written, or else it is that of the tests.
fn expect_cgroup(followed: &Followed, expected: &Process, pid: i32, launcher: u32) {
    let of = |pid: &str| {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).expect("cgroups");
        text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
    };
    let (theirs, own) = (of(&pid.to_string()), of("self"));
    let Some(name) = expected.cgroup.as_ref().filter(|_| !followed.cgroup_optional || theirs != own) else {
        return assert_eq!(theirs, own, "the cgroup of {pid}");
    };
    let path = theirs.expect("a cgroup of version 2");
    let name = name.replace("PID", &launcher.to_string());
    assert!(path.ends_with(&format!("/{name}")), "{pid} is to be in {name}, and is in {path}");
    for (file, written) in &followed.cgroup_files {
        let content =
            fs::read_to_string(format!("/sys/fs/cgroup{path}/{file}")).expect("a file of the cgroup");
        assert_eq!(content.trim_end(), written, "{file} of {pid}");
    }
}

/// What the plan sets, and else what the tests themselves have.
fn expect_limits(expected: &Process, pid: i32) {
    let names = [
        "cpu time",
        "file size",
        "data size",
        "stack size",
        "core file size",
        "resident set",
        "processes",
        "open files",
        "locked memory",
        "address space",
        "file locks",
        "pending signals",
        "msgqueue size",
        "nice priority",
        "realtime priority",
        "realtime timeout",
    ];
    let read = |pid: &str| fs::read_to_string(format!("/proc/{pid}/limits")).expect("limits");
    let values = |text: &str, name: &str| -> Vec<String> {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("Max {name}"))).expect("a limit");
        line.split_whitespace().take(2).map(str::to_owned).collect()
    };
    let (theirs, own) = (read(&pid.to_string()), read("self"));
    for (number, name) in names.iter().enumerate() {
        let found = values(&theirs, name);
        let wanted = match expected.limits.get(&number.to_string()) {
            Some(said) => said.iter().map(|value| value.replace("RLIM64_INFINITY", "unlimited")).collect(),
            // The launcher raises that of descriptors for itself, and it stays so for whoever watches.
            None if *name == "open files" && !expected.executes => continue,
            None => values(&own, name),
        };
        assert_eq!(found, wanted, "the limit of {name} of {pid}");
    }
}

/// Every line of the mount table is of the plan, with its flags and the host's, and every mount of the plan is in the table.
fn expect_mounts(followed: &Followed, pid: i32) {
    let table = fs::read_to_string(format!("/proc/{pid}/mountinfo")).expect("the mount table");
    let mut seen = BTreeSet::new();
    for line in table.lines() {
        let (before, after) = line.split_once(" - ").expect("a mount");
        let words: Vec<&str> = before.split(' ').collect();
        let kind = after.split(' ').next().unwrap_or_default();
        let (at, options) = (words[4], words[5]);
        assert_eq!(words.len(), 6, "{pid}: it is to be private: {line}");
        let Some((flags, source)) = followed.mounts.get(at) else {
            // What is mounted beneath something of the host came with it.
            let beneath = |(place, (_, source)): (&String, &Mount)| {
                source.starts_with("bind ") && at.starts_with(&format!("{place}/"))
            };
            assert!(followed.mounts.iter().any(beneath), "{pid}: inspect does not say that there is {line}");
            continue;
        };
        seen.insert(at.to_owned());
        let has: BTreeSet<String> = options.split(',').map(str::to_owned).collect();
        assert!(flags.is_subset(&has), "{pid}: {at} has {options}, and inspect says {flags:?}");
        match source.strip_prefix("bind ") {
            None => {
                assert_eq!(kind, source, "{pid}: {line}");
                for flag in ["ro", "nosuid", "nodev", "noexec"] {
                    assert_eq!(has.contains(flag), flags.contains(flag), "{pid}: {flag} of {at}");
                }
            }
            // The device and the file are the host's; the path may be one of the sandbox, bound onto itself.
            // A path that is relative begins at another entry's source, which only the launch knows.
            Some(path) if !path.starts_with('/') => {}
            Some(path) => {
                let (inside, outside) = (fs::metadata(format!("/proc/{pid}/root{at}")), fs::metadata(path));
                if let (Ok(inside), Ok(outside)) = (inside, outside) {
                    assert_eq!(
                        [inside.dev(), inside.ino()],
                        [outside.dev(), outside.ino()],
                        "{pid}: {at} is {path}"
                    );
                }
            }
        }
    }
    for (at, (_, source)) in &followed.mounts {
        let optional = source.strip_prefix("bind ").is_some_and(|path| fs::symlink_metadata(path).is_err());
        assert!(
            seen.contains(at) || optional || guest::probe().is_some(),
            "{pid}: inspect says that {source} is at {at}"
        );
    }
}
