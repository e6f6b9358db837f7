//! What is bound: every kind of source, mounts beneath it, flags that it has already, and who has it open.

use crate::Test;
use crate::exits::PLAIN;
use crate::files::{expect_refused, shared};
use crate::harness::{Answers, Need, Spec, Stage};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];
const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "sources/read-only-with-what-is-beneath", needs: ROOT, run: read_only_beneath },
    Test { name: "sources/flags-that-are-there-stay", needs: ROOT, run: flags_stay },
    Test { name: "sources/open-for-writing", needs: USER_NAMESPACES, run: open_for_writing },
    Test { name: "sources/every-kind", needs: USER_NAMESPACES, run: every_kind },
    Test { name: "sources/absent", needs: USER_NAMESPACES, run: absent },
    Test { name: "sources/replaced-meanwhile", needs: USER_NAMESPACES, run: replaced },
    Test { name: "sources/directory-that-is-none", needs: USER_NAMESPACES, run: directory_that_is_none },
];

/// Who launches, and with whose user namespace.
const LAUNCHES: [(&str, &str); 3] = [("0", "new"), ("65534", "new"), ("0", "host")];

/// Launches as each of them in a mount namespace that is made so, and returns what was said inside.
fn each(stage: &Stage, conditions: &[String], spec: &Spec, questions: &[&str], check: impl Fn(&Answers)) {
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    for (user, user_namespace) in LAUNCHES {
        let spec = spec.clone().with(&format!("namespaces.user = '{user_namespace}'"));
        let launcher = stage.build(&spec.asking(&stage.site, &questions));
        let user = format!("user={user}");
        let conditions: Vec<&str> = ["mount_namespace"]
            .into_iter()
            .chain(conditions.iter().map(String::as_str))
            .chain([user.as_str()])
            .collect();
        let run = stage.start(&conditions, &launcher);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{user} {user_namespace}: {}", run.stdout);
        check(&run.answers());
    }
}

/// Every mount beneath a source has the flags of the bind.
fn read_only_beneath(stage: &Stage) {
    let path = shared(stage, "source").display().to_string();
    let conditions = [format!("tmpfs={path}/sub"), format!("tmpfs={path}/sub/deep")];
    let spec = Spec::new(PLAIN).with(&format!(
        "filesystem.proc = 'own'
         [filesystem.mounts]
         '/read' = {{ bind = '{path}' }}
         '/write' = {{ bind = '{path}', writable = true }}
         '/sealed' = {{ bind = '{path}', writable = true }}
         '/sealed/sub' = {{ seal = true }}"
    ));
    let questions = [
        "open=/read/sub/new,make",
        "open=/read/sub/deep/new,make",
        "open=/write/sub/new,make",
        "open=/write/sub/deep/new,make",
        "open=/sealed/new,make",
        "open=/sealed/sub/other,make",
        "open=/sealed/sub/deep/other,make",
        "open=/write/sub/new,remove",
        "open=/write/sub/deep/new,remove",
        "open=/sealed/new,remove",
        "mounts",
    ];
    each(stage, &conditions, &spec, &questions, |answers| {
        answers.expect(&[
            ("make./read/sub/new", "EROFS"),
            ("make./read/sub/deep/new", "EROFS"),
            ("make./write/sub/new", "ok"),
            ("make./write/sub/deep/new", "ok"),
            ("make./sealed/new", "ok"),
            ("make./sealed/sub/other", "EROFS"),
            ("make./sealed/sub/deep/other", "EROFS"),
        ]);
        for beneath in ["", "/sub", "/sub/deep"] {
            expect_flags(answers, &format!("/read{beneath}"), &["ro", "nosuid", "nodev"]);
            expect_flags(answers, &format!("/write{beneath}"), &["rw", "nosuid", "nodev", "noexec"]);
        }
        expect_flags(answers, "/sealed/sub/deep", &["ro", "nosuid", "nodev", "noexec"]);
    });
}

#[track_caller]
fn expect_flags(answers: &Answers, point: &str, expected: &[&str]) {
    let what = answers.get(&format!("mount.{point}"));
    let flags: Vec<&str> = what.split(' ').nth(1).unwrap_or_default().split(',').collect();
    for flag in expected {
        assert!(flags.contains(flag), "{point} without {flag}: {what}");
    }
}

/// What the host has restricted stays so, whatever is granted: the launcher only ever adds flags.
fn flags_stay(stage: &Stage) {
    let path = shared(stage, "source").display().to_string();
    let conditions = [
        format!("tmpfs={path}/free"),
        format!("tmpfs={path}/locked"),
        format!("restrict={path}/locked:ro:nosuid:noexec"),
    ];
    let grant = "writable = true, executable = true";
    let spec = Spec::new(PLAIN).with(&format!(
        "filesystem.proc = 'own'
         [filesystem.mounts]
         '/free' = {{ bind = '{path}/free', {grant} }}
         '/locked' = {{ bind = '{path}/locked', {grant} }}
         '/all' = {{ bind = '{path}', {grant} }}"
    ));
    let questions = [
        "open=/free/new,make",
        "open=/free/new,remove",
        "open=/locked/new,make",
        "open=/all/locked/new,make",
        "open=/all/free/new,make",
        "open=/all/free/new,remove",
        "execute_copy=/free",
        "mounts",
    ];
    each(stage, &conditions, &spec, &questions, |answers| {
        answers.expect(&[
            ("make./free/new", "ok"),
            ("make./locked/new", "EROFS"),
            ("make./all/locked/new", "EROFS"),
            ("make./all/free/new", "ok"),
            ("execute_copy./free", "ok"),
        ]);
        expect_flags(answers, "/locked", &["ro", "nosuid", "noexec", "nodev"]);
        expect_flags(answers, "/all/locked", &["ro", "nosuid", "noexec", "nodev"]);
    });
}

/// mount_setattr(2) refuses to make a mount read-only through which a file is open for writing; a copy has none open.
fn open_for_writing(stage: &Stage) {
    let path = shared(stage, "source");
    let mut writer = OpenOptions::new().append(true).open(path.join("file")).expect("the file");
    let path = path.display();
    let file = format!("{path}/file");
    let bind = format!(
        "[filesystem.mounts]
         '{path}' = {{ bind = '{path}' }}
         '/mnt' = {{ bind = '{path}', writable = true }}
         '/mnt/file' = {{ seal = true }}"
    );
    for (root, mounts) in [("empty", bind.as_str()), ("host", ""), ("host", bind.as_str())] {
        let spec = Spec::new(PLAIN).with(&format!("filesystem.root = '{root}'")).with(mounts);
        let questions = [format!("read={file}"), format!("open={file},write"), "open=/mnt/file,write".into()];
        let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
        let answers = stage.ask(spec, &questions);
        answers.expect(&[(&format!("write.{file}"), "EROFS")]);
        if !mounts.is_empty() {
            answers.expect(&[("write./mnt/file", "EROFS")]);
        }
    }
    std::io::Write::write_all(&mut writer, b"still\n").expect("it is still open for writing outside");
}

fn every_kind(stage: &Stage) {
    let path = shared(stage, "source");
    let _listener = UnixListener::bind(path.join("socket")).expect("a socket");
    fs::set_permissions(path.join("socket"), std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .expect("chmod");
    nix::unistd::mkfifo(&path.join("fifo"), nix::sys::stat::Mode::from_bits_truncate(0o666)).expect("a FIFO");
    shared(stage, "source/directory");
    symlink("file", path.join("to-file")).expect("a link");
    symlink("second", path.join("to-directory")).expect("a link");
    symlink(path.join("directory"), path.join("second")).expect("a link");
    let path = path.display();
    let names = ["socket", "fifo", "directory", "to-file", "to-directory"];
    let tree: String = names.map(|name| format!("'/{name}' = {{ bind = '{path}/{name}' }}\n")).concat();
    let spec = Spec::new(PLAIN).with(&format!(
        "filesystem.proc = 'own'
         [filesystem.mounts]
         {tree}
         '/device' = {{ bind = '/dev/zero' }}
         '/through' = {{ bind = '{path}/to-directory/file' }}"
    ));
    let questions = [
        "connect=/socket",
        "open=/fifo,chmod",
        "open=/device,read",
        "read=/directory/file",
        "read=/to-directory/file",
        "read=/to-file",
        "read=/through",
        "mounts",
    ];
    let answers = stage.ask(spec, &questions);
    answers.expect(&[
        ("connect./socket", "ok"),
        ("chmod./fifo", "EROFS"),
        // Devices have no effect in a bind: `device` is for them.
        ("read./device", "EACCES"),
        ("content./directory/file", "of the host\\n"),
        ("content./to-directory/file", "of the host\\n"),
        ("content./to-file", "of the host\\n"),
        ("content./through", "of the host\\n"),
    ]);
    assert!(answers.get("mount./to-file").contains("/source/file "), "{}", answers.get("mount./to-file"));
}

/// Optional is what is not there, and nothing else that is wrong with a path.
fn absent(stage: &Stage) {
    let path = shared(stage, "source");
    symlink("nowhere", path.join("dangling")).expect("a link");
    symlink("loop", path.join("loop")).expect("a link");
    let path = path.display();
    for (name, words, may_be_absent) in [
        ("absent", "absent: No such file or directory", true),
        ("absent/inner", "absent/inner: No such file or directory", true),
        ("dangling", "dangling: No such file or directory", true),
        ("loop", "loop: Too many levels of symbolic links", false),
        // Beneath a file there is nothing, as where `.git` is a file.
        ("file/inner", "file/inner: Not a directory", true),
    ] {
        let entry = |optional: bool| {
            let line = format!("'/it' = {{ bind = '{path}/{name}', optional = {optional} }}");
            Spec::new(PLAIN).with(&format!("filesystem.mounts.{line}"))
        };
        expect_refused(stage, entry(false), words);
        if may_be_absent {
            stage.ask(entry(true), &["list=/"]).expect(&[("list./", "probe")]);
        } else {
            expect_refused(stage, entry(true), words);
        }
    }
}

/// A file that a rename replaces all the time, the way package managers do, is one of those that were there.
fn replaced(stage: &Stage) {
    let path = shared(stage, "source");
    let line = format!("filesystem.read_only = ['{}/file']", path.display());
    let line = format!("{line}\nlifecycle.status_fd = 3");
    let launcher = stage.build(&Spec::new(PLAIN).with(&line).asking(&stage.site, &["identity".to_owned()]));
    let status = stage.directory().join("status");
    let condition = format!("append=3:{}", status.display());
    let replaced = AtomicUsize::new(0);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(SeqCst) {
                fs::write(path.join("new"), "another").expect("a file");
                fs::rename(path.join("new"), path.join("file")).expect("replaced");
                replaced.fetch_add(1, SeqCst);
                // A launch must be able to open it and come to mounting it in between, at some time.
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let runs: Vec<_> = (0..100)
            .map(|_| {
                _ = fs::remove_file(&status);
                let run = stage.start(&[&condition], &launcher);
                (run, fs::read_to_string(&status).expect("a status"))
            })
            .collect();
        ended.store(true, SeqCst);
        for (run, status) in runs {
            assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
            // A start for each beginning, and one end, after the last.
            let (starts, end) = status.trim_end().rsplit_once('\n').expect("two lines");
            assert!(starts.lines().all(|line| line.starts_with("{\"pid\":")), "{status}");
            assert!(end.contains("\"reason\":\"exited\""), "{status}");
        }
    });
    assert!(replaced.load(SeqCst) > 100, "{replaced:?}");
}

fn directory_that_is_none(stage: &Stage) {
    let path = shared(stage, "source");
    let path = path.display();
    let other = shared(stage, "other");
    let layers = format!("'{}', '{path}/file'", other.display());
    let layer = format!("filesystem.mounts.'/it' = {{ overlay = [{layers}] }}");
    expect_refused(stage, Spec::new(PLAIN).with(&layer), "file: is not a directory");
    for (root, words) in [
        (format!("'{path}/file'"), "file: is not a directory"),
        (format!("{{ path = '{path}/file', overlay = 'memory' }}"), "file: is not a directory"),
        (format!("'{path}/absent'"), "absent: No such file or directory"),
        (format!("{{ path = '{path}/absent', overlay = 'memory' }}"), "absent: No such file or directory"),
    ] {
        expect_refused(stage, Spec::new(PLAIN).with(&format!("filesystem.root = {root}")), words);
    }
}
