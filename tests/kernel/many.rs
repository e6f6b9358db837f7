//! Trees with many entries: they work, or the error says which limit it is.

use crate::Test;
use crate::exits::PLAIN;
use crate::files::shared;
use crate::harness::{Need, Spec, Stage};
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "many/as-many-as-there-can-be", needs: USER_NAMESPACES, run: as_many_as_there_can_be },
    Test {
        name: "many/a-thousand-in-a-tree-of-the-hosts",
        needs: USER_NAMESPACES,
        run: a_thousand_in_a_grant,
    },
    Test { name: "many/without-descriptors", needs: USER_NAMESPACES, run: without_descriptors },
];

/// So many entries, each of the next kind.
fn entries(count: usize, kinds: &[&str], directory: &str) -> Spec {
    let mut tree = "[filesystem.mounts]\n".to_owned();
    for (number, kind) in (0..count).zip(kinds.iter().cycle()) {
        _ = writeln!(tree, "'{directory}/{number}' = {kind}");
    }
    Spec::new(PLAIN).with("filesystem.proc = 'own'").with(&tree)
}

fn as_many_as_there_can_be(stage: &Stage) {
    let path = shared(stage, "source").display().to_string();
    let kinds = [
        &format!("{{ bind = '{path}', writable = true }}"),
        "{ tmpfs = '64KiB' }",
        "{ text = 'x' }",
        "{ directory = true }",
        "{ symlink = 'x' }",
        "{ device = '/dev/null' }",
        &format!("{{ bind = '{path}/file' }}"),
        "{ mqueue = true }",
    ];
    // /proc and the probe are two more.
    for kinds in [&kinds[..], &kinds[..1], &kinds[1..2]] {
        let count = 1998;
        let answers = stage.ask(entries(count, kinds, "/m"), &["list=/m", "mounts", "open=/m/1/new,make"]);
        assert_eq!(answers.get("list./m").split(' ').count(), count);
        let mounted = answers.under("mount./m/").count();
        assert!(mounted >= count / 2, "only {mounted} of {count} are mounts");
        answers.expect(&[("make./m/1/new", "ok")]);
    }
}

/// What protects something beneath a grant needs more steps.
fn a_thousand_in_a_grant(stage: &Stage) {
    let path = shared(stage, "grant");
    for number in 0..1000 {
        let file = path.join(number.to_string());
        fs::write(&file, "of the host").expect("a file");
        fs::set_permissions(file, Permissions::from_mode(0o666)).expect("chmod");
    }
    let grant = format!("filesystem.mounts.'/m' = {{ bind = '{}', writable = true }}", path.display());
    let spec = entries(1000, &["{ mask = true }", "{ seal = true }"], "/m").with(&grant);
    let questions = ["read=/m/0", "read=/m/999", "open=/m/999,write", "open=/m/new,make", "mounts"];
    let answers = stage.ask(spec, &questions);
    answers.expect(&[("content./m/999", "of the host"), ("write./m/999", "EROFS"), ("make./m/new", "ok")]);
    assert!(!answers.get("content./m/0").contains("of the host"));
    assert_eq!(answers.under("mount./m/").count(), 1000);
}

fn without_descriptors(stage: &Stage) {
    let path = shared(stage, "source").display().to_string();
    let spec = entries(100, &[&format!("{{ bind = '{path}' }}")], "/m");
    let launcher = stage.build(&spec.asking(&stage.site, &["list=/m".to_owned()]));
    let run = stage.start(&["limit=7:64:150"], &launcher);
    assert_eq!(run.answers().get("list./m").split(' ').count(), 100, "{}", run.stderr);
    let run = stage.start(&["limit=7:64:64"], &launcher);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    for words in ["source: Too many open files", "ulimit -Hn"] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
}
