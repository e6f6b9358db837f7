//! A spec that needs no namespace costs no process: the launcher becomes the program.

use crate::Test;
use crate::exits::in_place;
use crate::harness::{Need, Stage};
use std::collections::BTreeSet;
use std::fs;
use std::process::Child;

pub const TESTS: &[Test] = &[
    Test { name: "in-place/same-process", needs: &[], run: same_process },
    Test { name: "in-place/no-clone-no-mount", needs: &[Need::Program("strace")], run: no_clone_no_mount },
];

fn same_process(stage: &Stage) {
    let launcher = stage.build(&in_place(stage).asking(&stage.site, &["identity".to_owned()]));
    let child: Child = stage.spawn(&launcher, &[]);
    let pid = child.id().to_string();
    let run = crate::harness::wait(child);
    run.answers().expect(&[("pid", &pid)]);
}

fn no_clone_no_mount(stage: &Stage) {
    let launcher = stage.build(&in_place(stage).asking(&stage.site, &["exit=3".to_owned()]));
    let trace = stage.directory().join("trace");
    let (trace, launcher) = (trace.to_str().expect("a plain path"), launcher.to_str().expect("a plain path"));
    let strace = Need::program("strace").expect("strace, which the test needs");
    let run = stage.run(&strace, &["-f", "-o", trace, launcher]);
    assert_eq!(run.status, 3, "{}", run.stderr);
    let text = fs::read_to_string(trace).expect("the trace");
    let calls = text
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('(').map(|call| call.0));
    let calls: BTreeSet<&str> = calls.collect();
    assert!(calls.contains("execve") && calls.contains("seccomp"), "{calls:?}");
    let forbidden =
        ["clone", "clone3", "fork", "vfork", "unshare", "setns", "mount", "umount2", "open_tree", "fsopen"];
    assert_eq!(calls.iter().find(|call| forbidden.contains(call)), None, "{calls:?}");
    let pids: BTreeSet<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(pids.len(), 1, "{text}");
}
