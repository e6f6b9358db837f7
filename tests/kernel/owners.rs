//! Whom directories and memory belong to, looked at from inside.

use crate::Test;
use crate::exits::PLAIN;
use crate::files::expect_refused;
use crate::harness::{Need, Spec, Stage};

pub const TESTS: &[Test] = &[
    Test { name: "owners/of-the-program", needs: &[Need::UserNamespaces], run: of_the_program },
    Test { name: "owners/of-others", needs: &[Need::Root, Need::UserNamespaces], run: of_others },
    Test { name: "owners/without-a-user-namespace", needs: &[Need::Root], run: without_a_user_namespace },
    Test {
        name: "owners/not-mapped-for-the-caller",
        needs: &[Need::UserNamespaces, Need::Unprivileged],
        run: not_mapped_for_the_caller,
    },
];

const QUESTIONS: [&str; 6] = [
    "read=/mnt",
    "read=/srv",
    "read=/srv/inner",
    "open=/mnt/new,make",
    "open=/srv/new,make",
    "open=/srv/inner/new,make",
];

/// A directory over the host's or in an empty root, memory, and a directory in that.
fn tree(root: &str, ids: &str) -> Spec {
    Spec::new(PLAIN).with(&format!(
        "filesystem.root = '{root}'
         [filesystem.mounts]
         '/mnt' = {{ directory = true, mode = 0o750{ids} }}
         '/srv' = {{ tmpfs = '1MiB', mode = 0o711{ids} }}
         '/srv/inner' = {{ directory = true, mode = 0o755{ids} }}"
    ))
}

fn of_the_program(stage: &Stage) {
    for root in ["empty", "host"] {
        for ids in ["", ", uid = 65534", ", gid = 65534", ", uid = 65534, gid = 65534"] {
            stage.ask(tree(root, ids), &QUESTIONS).expect(&[
                ("mode./mnt", "40750 65534:65534"),
                ("mode./srv", "40711 65534:65534"),
                ("mode./srv/inner", "40755 65534:65534"),
                ("make./mnt/new", "EROFS"),
                ("make./srv/new", "ok"),
                ("make./srv/inner/new", "ok"),
            ]);
        }
    }
}

/// Mappings of the program's ids and of others, which root alone can have.
fn mapped(uids: &str, gids: &str) -> String {
    let each = |pairs: &str| {
        let mapping = |pair: &str| {
            let (inside, outside) = pair.split_once(':').expect("a pair");
            format!("{{ container_id = {inside}, host_id = {outside}, size = 1 }}")
        };
        pairs.split(' ').map(mapping).collect::<Vec<_>>().join(", ")
    };
    format!("namespaces.user = {{ uid_mappings = [{}], gid_mappings = [{}] }}", each(uids), each(gids))
}

fn of_others(stage: &Stage) {
    for (mappings, builder) in [
        (mapped("65534:65534 7:1007", "65534:65534 8:1008"), "65534:65534"),
        // Then the sandbox's own root builds it.
        (mapped("65534:65534 7:1007 0:1000", "65534:65534 8:1008 0:1000"), "0:0"),
    ] {
        for root in ["empty", "host"] {
            for (ids, owner, made) in [
                (", uid = 7, gid = 8", "7:8", "EACCES"),
                (", uid = 7", "7:65534", "EACCES"),
                (", gid = 8", "65534:8", "ok"),
                ("", "65534:65534", "ok"),
            ] {
                let mut spec = tree(root, ids).with(&mappings);
                spec = spec.with("filesystem.mounts.'/mnt/x/y' = { directory = true }");
                let answers = stage.ask(spec, &[&QUESTIONS[..], &["read=/mnt/x"]].concat());
                answers.expect(&[
                    ("mode./mnt", &format!("40750 {owner}")),
                    ("mode./srv", &format!("40711 {owner}")),
                    ("mode./srv/inner", &format!("40755 {owner}")),
                    ("make./srv/new", made),
                    ("make./srv/inner/new", made),
                ]);
                if owner.starts_with("65534:") {
                    answers.expect(&[("mode./mnt/x", &format!("40755 {builder}"))]);
                }
            }
        }
    }
}

fn without_a_user_namespace(stage: &Stage) {
    let spec = tree("empty", ", uid = 7, gid = 8").with("namespaces.user = 'host'");
    stage.ask(spec, &QUESTIONS).expect(&[("mode./mnt", "40750 7:8"), ("mode./srv/inner", "40755 7:8")]);
}

/// Who the caller is shows only at launch.
fn not_mapped_for_the_caller(stage: &Stage) {
    for entry in ["directory = true", "tmpfs = true"] {
        let line = format!("process.user = 'caller'\nfilesystem.mounts.'/it' = {{ {entry}, uid = 12345 }}");
        expect_refused(stage, Spec::new(PLAIN).with(&line), "an owner is not mapped in the user namespace");
    }
}
