//! The same spec gives the same bytes, wherever and in whatever order it is written.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Spec, Stage};
use std::fs;

pub const TESTS: &[Test] = &[
    Test { name: "build/same-bytes", needs: &[], run: same_bytes },
    Test { name: "build/order-of-mounts", needs: &[], run: order_of_mounts },
];

fn same_bytes(stage: &Stage) {
    let other = stage.directory().join("other");
    fs::create_dir(&other).expect("a directory");
    for name in ["contained", "no-privileges", "nested", "rootfs"] {
        let text = fs::read_to_string(Spec::path(name)).expect("the demonstration");
        let here = stage.build_text(name, &text);
        let there = crate::harness::build(&stage.ground.compiler, &other, name, &text);
        assert_eq!(fs::read(here).expect("a launcher"), fs::read(there).expect("a launcher"), "{name}");
    }
}

fn order_of_mounts(stage: &Stage) {
    // Of one length, so that every entry keeps its column and only lines could differ; origins name lines.
    let mounts = [
        "'/work' = { bind = '/srv/work', writable = true }",
        "'/work/git' = { seal = true }",
        "'/work/git/hooks' = { mask = true }",
        "'/tmp' = { tmpfs = '1MiB' }",
        "'/tmp/a/b' = { text = 'x' }",
        "'/opt/link' = { symlink = '/work' }",
    ];
    let build = |mounts: &[&str]| {
        let text = Spec::new(PLAIN).with("filesystem.base = 'usr'\nprocess.args = ['/bin/true']").text()
            + "[filesystem.mounts]\n"
            + &mounts.join("\n");
        let launcher = stage.build_text("order", &text);
        let steps = stage.run(&stage.ground.compiler, &["inspect", &launcher.display().to_string()]);
        assert_eq!(steps.status, 0, "{}", steps.stderr);
        without_lines(&steps.stdout)
    };
    let expected = build(&mounts);
    assert!(expected.contains("/work/git/hooks"), "{expected}");
    for turn in 1..mounts.len() {
        let mut turned = mounts;
        turned.rotate_left(turn);
        assert_eq!(build(&turned), expected, "rotated by {turn}");
        turned.reverse();
        assert_eq!(build(&turned), expected, "rotated by {turn} and reversed");
    }
}

/// What `inspect` prints, without the places and digests that have to differ when lines are moved.
fn without_lines(text: &str) -> String {
    let words = text.lines().map(|line| {
        let words = line.split(' ').filter(|word| !word.contains(".sandbox.toml") && word.len() < 64);
        words.collect::<Vec<_>>().join(" ")
    });
    words.collect::<Vec<_>>().join("\n")
}
