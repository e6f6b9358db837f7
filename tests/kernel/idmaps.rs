//! Idmapped mounts: who owns what inside and on the disk, and that only root has them.

use crate::Test;
use crate::exits::PLAIN;
use crate::files::expect_refused;
use crate::harness::{Need, Spec, Stage};
use nix::unistd::chown;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "idmaps/owners", needs: ROOT, run: owners },
    Test { name: "idmaps/in-place", needs: ROOT, run: in_place },
    Test { name: "idmaps/is-a-bind", needs: ROOT, run: is_a_bind },
    Test {
        name: "idmaps/root",
        needs: &[Need::Root, Need::UserNamespaces, Need::Program("busybox")],
        run: root,
    },
    Test { name: "idmaps/cannot-be-mapped", needs: ROOT, run: cannot_be_mapped },
    Test { name: "idmaps/killed", needs: ROOT, run: killed },
    Test { name: "idmaps/needs-root", needs: &[Need::UserNamespaces, Need::Unprivileged], run: needs_root },
];

/// What of the disk belongs to 1000:1001 belongs to 990:991.
const IDMAP: &str = "{ uid_mappings = [{ container_id = 990, host_id = 1000, size = 1 }], \
    gid_mappings = [{ container_id = 991, host_id = 1001, size = 1 }] }";

/// A directory of 1000:1001 on the disk, with a file that nobody else may read.
fn owned(stage: &Stage) -> PathBuf {
    let directory = stage.directory().join("owned");
    fs::create_dir(&directory).expect("a directory");
    fs::write(directory.join("file"), "secret\n").expect("a file");
    fs::set_permissions(directory.join("file"), Permissions::from_mode(0o600)).expect("chmod");
    give(&directory);
    give(&directory.join("file"));
    directory
}

fn give(path: &Path) {
    chown(path, Some(1000.into()), Some(1001.into())).expect("chown");
}

fn spec(directory: &Path) -> Spec {
    let path = directory.display();
    Spec::new(PLAIN).with(&format!(
        "process.user = {{ uid = 990, gid = 991 }}
         [filesystem.mounts]
         '/srv' = {{ bind = '{path}', writable = true, idmap = {IDMAP} }}
         '/again' = {{ bind = '{path}', optional = true, idmap = {IDMAP} }}
         '/absent' = {{ bind = '{path}/absent', optional = true, idmap = {IDMAP} }}
         '/plain' = {{ bind = '{path}', writable = true }}"
    ))
}

/// Whether this file system can be idmapped here: what the launcher says when not is loud enough to be seen.
fn can(stage: &Stage, spec: &Spec) -> bool {
    let run = stage.launch(&spec.clone().asking(&stage.site, &["identity".to_owned()]));
    let cannot = run.stderr.contains("cannot be idmapped");
    if cannot {
        println!("NOT TESTED, the temporary directory cannot be idmapped: {}", run.stderr);
        assert!(std::env::var_os("BOXWRIGHT_REQUIRE_ALL").is_none(), "{}", run.stderr);
    }
    !cannot
}

/// Through every user namespace that root can launch with: the id inside is the same.
fn owners(stage: &Stage) {
    let directory = owned(stage);
    let line =
        |inside, outside, size| format!("{{ container_id = {inside}, host_id = {outside}, size = {size} }}");
    let split = [line(0, 200_000, 990), line(990, 300_000, 1), line(991, 400_000, 100)].join(", ");
    if !can(stage, &spec(&directory)) {
        return;
    }
    for namespaces in [
        "user = 'new'".to_owned(),
        format!("user = {{ uid_mappings = [{split}], gid_mappings = [{split}] }}"),
        "user = 'host'".to_owned(),
    ] {
        let spec = spec(&directory).with(&format!("[namespaces]\n{namespaces}"));
        let questions = [
            "read=/srv/file",
            "read=/again/file",
            "read=/plain/file",
            "open=/srv/new,make",
            "read=/srv/new",
            "open=/again/other,make",
            "open=/plain/new,write",
            "list=/",
        ];
        let answers = stage.ask(spec, &questions);
        answers.expect(&[
            ("content./srv/file", "secret\\n"),
            ("mode./srv/file", "100600 990:991"),
            ("content./again/file", "secret\\n"),
            ("make./srv/new", "ok"),
            ("mode./srv/new", "100600 990:991"),
            ("make./again/other", "EROFS"),
            // The controls: without an idmap nothing of it is the program's.
            ("write./plain/new", "EACCES"),
            ("list./", "again plain probe srv"),
        ]);
        assert!(answers.get("content./plain/file").contains("Permission denied"), "{namespaces}");
        let shown = if namespaces == "user = 'host'" { "1000:1001" } else { "65534:65534" };
        assert_eq!(answers.get("mode./plain/file"), format!("100600 {shown}"));
        let made = fs::metadata(directory.join("new")).expect("what was made");
        assert_eq!((made.uid(), made.gid()), (1000, 1001), "{namespaces}");
        fs::remove_file(directory.join("new")).expect("what was made");
    }
}

/// Without a second process the holder is the program's child to be: it must not be there any more.
fn in_place(stage: &Stage) {
    let directory = owned(stage);
    let spec = spec(&directory).with("[namespaces]\nuser = 'host'\npid = 'host'");
    if !can(stage, &spec) {
        return;
    }
    // waitid(2) for any child, without waiting.
    let answers = stage.ask(spec, &["read=/srv/file", "call=247,0,0,0,5"]);
    answers.expect(&[("content./srv/file", "secret\\n"), ("call.247.0.0.0.5", "ECHILD")]);
}

/// What else a bind is, from mounts that are shared as most machines have them.
fn is_a_bind(stage: &Stage) {
    let directory = owned(stage);
    let spec =
        spec(&directory).with("filesystem.proc = 'own'\nfilesystem.mounts.'/srv/file' = { seal = true }");
    if !can(stage, &spec) {
        return;
    }
    let questions = ["mounts", "open=/srv/file,write", "open=/srv/new,make"].map(str::to_owned);
    let launcher = stage.build(&spec.asking(&stage.site, &questions));
    let run = stage.start(&["shared_mounts"], &launcher);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let answers = run.answers();
    for (place, flags) in [("/srv", "rw,nosuid,nodev,noexec"), ("/again", "ro,nosuid,nodev")] {
        let mount = answers.get(&format!("mount.{place}"));
        assert!(mount.contains(flags) && mount.contains("idmapped [] "), "{place}: {mount}");
    }
    answers.expect(&[("write./srv/file", "EROFS"), ("make./srv/new", "ok")]);
}

/// A root file system that belongs to somebody else, with and without memory on top.
fn root(stage: &Stage) {
    stage.make_rootfs();
    let path = &stage.site.rootfs;
    let hello = path.join("hello");
    fs::set_permissions(&hello, Permissions::from_mode(0o600)).expect("chmod");
    give(&hello);
    let rooted = |more: &str| {
        Spec::new(PLAIN).with(&format!(
            "process.user = {{ uid = 990, gid = 991 }}
             filesystem.root = {{ path = '{}'{more} }}",
            path.display()
        ))
    };
    let mapped = rooted(&format!(", idmap = {IDMAP}"));
    if !can(stage, &mapped) {
        return;
    }
    for spec in [mapped, rooted(&format!(", overlay = 'memory', idmap = {IDMAP}"))] {
        stage.ask(spec, &["read=/hello"]).expect(&[("content./hello", "from the rootfs\\n")]);
    }
    let control = stage.ask(rooted(""), &["read=/hello"]);
    assert!(control.get("content./hello").contains("Permission denied"));
}

fn cannot_be_mapped(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(&format!(
        "process.user = {{ uid = 990, gid = 991 }}
         filesystem.mounts.'/srv' = {{ bind = '/dev', idmap = {IDMAP} }}"
    ));
    expect_refused(
        stage,
        spec,
        "open /dev with other owners: Invalid argument; the file system, or one that is",
    );
}

/// Killed or refused at any call of the outside, the launcher leaves no holder behind.
fn killed(stage: &Stage) {
    let directory = owned(stage);
    let spec = spec(&directory);
    if !can(stage, &spec) {
        return;
    }
    let launcher = stage.build(&spec.asking(&stage.site, &["identity".to_owned()]));
    let launcher = launcher.to_str().expect("a plain path");
    let mut holders = 0;
    // Before that it resets the dispositions of 62 signals.
    for nth in 65..130 {
        for fault in ["kill", "1"] {
            let fault = format!("{nth}:{fault}");
            let run = stage.run(&stage.ground.probe, &["--fault", &fault, "--", launcher]);
            assert!(!run.stderr.contains("left="), "at call {nth}: {}", run.stderr);
            // clone3(2): for the holder at a fixed place; after it two processes race, so the next may be missed.
            holders += usize::from(run.stderr.contains("fault=435\n"));
        }
    }
    assert!(holders >= 2, "only {holders} calls made a process");
}

fn needs_root(stage: &Stage) {
    let directory = stage.directory().join("own");
    fs::create_dir(&directory).expect("a directory");
    let spec = spec(&directory);
    let launcher = stage.build(&spec.asking(&stage.site, &["identity".to_owned()]));
    let run = stage.start(&["subreaper"], &launcher);
    assert_eq!(run.stdout, "");
    for words in [
        "spec.sandbox.toml:",
        "Operation not permitted; an idmap needs root",
        "launch as root",
        "status=125\nleft=nothing",
    ] {
        assert!(run.stderr.contains(words), "no `{words}` in: {}", run.stderr);
    }
    // The control: without the idmap everything is as it should be.
    let plain =
        Spec::new(PLAIN).with(&format!("filesystem.mounts.'/srv' = {{ bind = '{}' }}", directory.display()));
    stage.ask(plain, &["list=/"]).expect(&[("list./", "probe srv")]);
}
