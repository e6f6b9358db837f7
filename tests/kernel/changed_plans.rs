//! Changed plans through the launcher itself, as a file and sealed, by an ordinary user in namespaces that end with them,
//! where nothing can be written and nobody reached.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Answers, Need, Spec, Stage};
use boxwright::link::{LAUNCHER, link};
use boxwright::source::Source;
use boxwright::{build, understand};
use boxwright_launcher::plan::write::rehash;
use boxwright_launcher::plan::{Plan, Section};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

pub const TESTS: &[Test] = &[
    Test { name: "changed-plans/are-refused", needs: ROOT, run: refused },
    Test { name: "changed-plans/with-a-new-hash-crash-nothing", needs: ROOT, run: rehashed },
];

/// To make the namespaces; the launches are an ordinary user's.
const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];

/// Mount, control group, UTS, IPC, pid and network.
const NAMESPACES: &str = "unshare=6e020000";

/// Plans of many kinds of operations.
fn plans() -> Vec<Vec<u8>> {
    let specs = [
        Spec::new(PLAIN).with("process.args = ['/usr/bin/true']\nfilesystem.base = 'usr'"),
        Spec::demonstration("no-privileges"),
        Spec::demonstration("contained"),
        Spec::demonstration("landlock"),
        Spec::demonstration("background"),
        Spec::demonstration("clocks"),
        Spec::demonstration("ids"),
        Spec::demonstration("ipc"),
        Spec::demonstration("work-here"),
        Spec::demonstration("chroot-escape"),
    ];
    let plan = |spec: Spec| {
        let source = Source::new("changed.sandbox.toml", spec.text());
        let policy = understand(&source).policy.expect("a spec without errors");
        build(&source, &policy).expect("a plan").plan
    };
    specs.map(plan).into_iter().collect()
}

/// Launches every plan once, and says how each ended.
fn launch(stage: &Stage, plans: impl IntoIterator<Item = (String, Vec<u8>)>) -> BTreeMap<String, String> {
    let directory = stage.directory().join("plans");
    fs::create_dir(&directory).expect("a directory");
    let write = |path: &Path, bytes: &[u8]| {
        fs::write(path, bytes).expect("a file");
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("chmod");
    };
    let launcher = stage.directory().join("launcher");
    write(&launcher, LAUNCHER);
    for (number, (name, plan)) in plans.into_iter().enumerate() {
        // Every third is sealed: the kernel maps it, and the launcher finds it there.
        if number % 3 == 0 {
            write(&directory.join(&name), &link(LAUNCHER, &plan).expect("a launcher"));
        } else {
            write(&directory.join(name + ".plan"), &plan);
        }
    }
    let question = format!("each={},{}", directory.display(), launcher.display());
    let probe = stage.ground.probe.to_str().expect("a plain path");
    let conditions = [NAMESPACES, "init", "read_only", "own_proc", "user=65534"];
    let arguments = [&["--start"], &conditions[..], &["--", probe, &question]].concat();
    let child = stage.spawn(&stage.ground.probe, &arguments);
    let output = child.wait_with_output().expect("its output");
    let answers = Answers::parse(&String::from_utf8_lossy(&output.stdout));
    let ends = answers.under("each.").map(|(name, end)| (name.to_owned(), end.to_owned())).collect();
    fs::remove_dir_all(&directory).expect("the directory");
    ends
}

fn tell(what: &str, ends: &BTreeMap<String, String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    ends.values().for_each(|end| *counts.entry(end.clone()).or_default() += 1);
    println!("{what}: {} launches, {counts:?}", ends.len());
    counts
}

/// The same plan with one bit flipped, at so many places spread over it.
fn flipped(plan: &[u8], places: usize) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let bits = plan.len() * 8;
    (0..places).map(move |place| {
        // Another bit of the byte each time.
        let bit = (bits / places * place / 8) * 8 + place % 8;
        let mut changed = plan.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        (bit, changed)
    })
}

fn refused(stage: &Stage) {
    let plans = plans();
    let whole = plans.iter().enumerate().map(|(number, plan)| (format!("{number}"), plan.clone()));
    let control = tell("whole plans", &launch(stage, whole));
    assert!(control.get("exit 0").is_some_and(|count| *count >= 6), "{control:?}");
    let changed = plans.iter().enumerate().flat_map(|(number, plan)| {
        let cut = (0..12).map(|part| (part, plan[..plan.len() / 12 * part].to_vec()));
        let cut = cut.map(move |(part, plan)| (format!("{number}-cut-{part}"), plan));
        cut.chain(flipped(plan, 12).map(move |(bit, plan)| (format!("{number}-bit-{bit}"), plan)))
    });
    let ends = launch(stage, changed);
    tell("changed plans", &ends);
    assert_eq!(ends.len(), 24 * plans.len());
    for (name, end) in ends {
        assert_eq!(end, "exit 125", "{name}");
    }
}

fn rehashed(stage: &Stage) {
    let mut changed = Vec::new();
    for (number, plan) in plans().iter().enumerate() {
        let view = Plan::read(plan).expect("a plan");
        let end = |section| view.section(section).as_ptr_range().end as usize - plan.as_ptr() as usize;
        // Of what is done more than of what is said about it.
        let (operations, blobs) = (end(Section::Operations), end(Section::Blobs));
        for (bit, mut flipped) in flipped(&plan[..operations], 48).chain(flipped(&plan[..blobs], 12)) {
            flipped.extend_from_slice(&plan[flipped.len()..]);
            rehash(&mut flipped);
            changed.push((format!("{number}-bit-{bit}"), flipped));
        }
    }
    let count = changed.iter().map(|(name, _)| name).collect::<std::collections::BTreeSet<_>>().len();
    let ends = launch(stage, changed);
    let counts = tell("changed plans with a new hash", &ends);
    assert_eq!(ends.len(), count);
    for (name, end) in ends {
        // A plan may wait for what never comes, as the program that it starts may.
        assert!(end.starts_with("exit ") || end == "hang S", "{name}: {end}");
    }
    assert!(counts.len() > 2, "{counts:?}");
}
