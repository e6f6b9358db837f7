//! The tree that the program sees: read-only to the last submount, grants that hold, paths that cannot be moved aside.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Spec, Stage};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];
const ROOTFS: &[Need] = &[Need::UserNamespaces, Need::Program("busybox")];

pub const TESTS: &[Test] = &[
    Test { name: "files/submounts-are-read-only", needs: USER_NAMESPACES, run: submounts },
    Test { name: "files/host-root-is-read-only", needs: USER_NAMESPACES, run: host_root },
    Test { name: "files/binds", needs: USER_NAMESPACES, run: binds },
    Test { name: "files/made", needs: USER_NAMESPACES, run: made },
    Test { name: "files/mask", needs: USER_NAMESPACES, run: mask },
    Test { name: "files/protected-in-memory", needs: USER_NAMESPACES, run: protected_in_memory },
    Test {
        name: "files/protected-in-nested-grants",
        needs: USER_NAMESPACES,
        run: protected_in_nested_grants,
    },
    Test { name: "files/optional-beneath-a-grant", needs: USER_NAMESPACES, run: optional_beneath_a_grant },
    Test { name: "files/seal", needs: USER_NAMESPACES, run: seal },
    Test { name: "files/proc", needs: USER_NAMESPACES, run: proc },
    Test {
        name: "files/row-51-bubblewrap-725-pid-1-is-hidden",
        needs: USER_NAMESPACES,
        run: hidden_processes,
    },
    Test { name: "files/rootfs-symlinks", needs: ROOTFS, run: rootfs_symlinks },
    Test { name: "files/rootfs-without-mount-point", needs: ROOTFS, run: rootfs_without_mount_point },
    Test { name: "files/rootfs-with-a-linked-proc", needs: ROOTFS, run: rootfs_with_a_linked_proc },
    Test { name: "files/rootfs-text-and-mask", needs: ROOTFS, run: rootfs_text_and_mask },
    Test { name: "files/covered-root", needs: &[Need::Root, Need::UserNamespaces], run: covered_root },
    Test { name: "files/rootfs-ps", needs: ROOTFS, run: rootfs_ps },
];

/// A directory of the host that everybody may write to, with `file` in it.
pub fn shared(stage: &Stage, name: &str) -> PathBuf {
    let directory = stage.directory().join(name);
    fs::create_dir_all(&directory).expect("a directory");
    fs::set_permissions(&directory, Permissions::from_mode(0o777)).expect("chmod");
    fs::write(directory.join("file"), "of the host\n").expect("a file");
    fs::set_permissions(directory.join("file"), Permissions::from_mode(0o666)).expect("chmod");
    directory
}

fn submounts(stage: &Stage) {
    // /dev has a mount beneath it on every machine, where everybody may write.
    let file = format!("boxwright-{}", stage.site.key);
    let control =
        stage.outside(&[format!("open=/dev/shm/{file},make"), format!("open=/dev/shm/{file},remove")]);
    assert_eq!(control.get(&format!("make./dev/shm/{file}")), "ok");
    let spec = Spec::new(PLAIN).with("filesystem.mounts.'/devices' = { bind = '/dev' }");
    let answers = stage.ask(spec, &[&format!("open=/devices/shm/{file},make")]);
    assert_eq!(answers.get(&format!("make./devices/shm/{file}")), "EROFS");
}

fn host_root(stage: &Stage) {
    let directory = shared(stage, "shared");
    let path = directory.display();
    let spec = Spec::new(PLAIN).with("filesystem.root = 'host'");
    let questions = [
        format!("open={path}/file,read"),
        format!("open={path}/file,write"),
        format!("open={path}/new,make"),
        "open=/dev/shm/boxwright-new,make".to_owned(),
        "list=/dev".to_owned(),
        "list=/dev/pts".to_owned(),
    ];
    let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
    let answers = stage.ask(spec.clone(), &questions);
    // Neither a terminal of others nor a disk, and what is written to shared memory is the sandbox's own.
    assert_eq!(answers.get("list./dev/pts"), "ptmx");
    let devices = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero";
    assert_eq!(answers.get("list./dev"), devices);
    assert_eq!(answers.get("make./dev/shm/boxwright-new"), "ok");
    let outside = stage.outside(&["open=/dev/shm/boxwright-new,read".to_owned()]);
    assert_eq!(outside.get("read./dev/shm/boxwright-new"), "ENOENT");
    // Who asks for the host's, or for one of its own, gets that.
    let answers = stage.ask(spec.with("filesystem.dev = 'none'"), &questions);
    assert_eq!(answers.get(&format!("read.{path}/file")), "ok");
    assert_eq!(answers.get(&format!("write.{path}/file")), "EROFS");
    assert_eq!(answers.get(&format!("make.{path}/new")), "EROFS");
    assert_eq!(answers.get("make./dev/shm/boxwright-new"), "EROFS");
    let own = "filesystem.root = 'host'\nfilesystem.mounts.'/dev/shm' = { directory = true, mode = 0o700 }";
    let answers = stage.ask(Spec::new(PLAIN).with(own), &["open=/dev/shm/new,make", "list=/dev"]);
    assert_eq!(answers.get("make./dev/shm/new"), "EROFS");
    assert_eq!(answers.get("list./dev"), devices);
}

fn binds(stage: &Stage) {
    let path = shared(stage, "shared").display().to_string();
    let spec = Spec::new(PLAIN).with(&format!(
        "filesystem.proc = 'own'
         [filesystem.mounts]
         '/read' = {{ bind = '{path}' }}
         '/write' = {{ bind = '{path}', writable = true }}
         '/execute' = {{ bind = '{path}', writable = true, executable = true }}"
    ));
    let questions = [
        "open=/read/file,read",
        "open=/read/file,write",
        "open=/read/new,make",
        "open=/read/file,chmod",
        "open=/write/file,write",
        "open=/write/new,make",
        "execute_copy=/write",
        "execute_copy=/execute",
    ];
    stage.ask(spec, &questions).expect(&[
        ("read./read/file", "ok"),
        ("write./read/file", "EROFS"),
        ("make./read/new", "EROFS"),
        ("chmod./read/file", "EROFS"),
        ("write./write/file", "ok"),
        ("make./write/new", "ok"),
        ("execute_copy./write", "EACCES"),
        ("execute_copy./execute", "ok"),
    ]);
    assert!(
        fs::exists(format!("{path}/new")).expect("the directory"),
        "what was granted was written elsewhere"
    );
}

fn made(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(
        "filesystem.base = 'usr'
         [filesystem.mounts]
         '/etc/motd' = { text = 'sealed', mode = 0o440 }
         '/link' = { symlink = '/etc/motd' }
         '/tmp' = { tmpfs = '1MiB', mode = 0o1777 }
         '/etc/alternatives' = false",
    );
    let questions = [
        "read=/etc/motd",
        "read=/link",
        "open=/etc/motd,write",
        "open=/etc/new,make",
        "read=/tmp",
        "list=/",
        "list=/etc/alternatives",
    ];
    let answers = stage.ask(spec, &questions);
    answers.expect(&[("content./link", answers.get("content./etc/motd")), ("make./etc/new", "EROFS")]);
    answers
        .expect(&[("list./", "bin etc lib lib64 link probe sbin tmp usr"), ("list./etc/alternatives", "?")]);
    assert!(answers.get("mode./etc/motd").starts_with("100440 "), "{}", answers.get("mode./etc/motd"));
    assert!(answers.get("mode./tmp").starts_with("41777 "), "{}", answers.get("mode./tmp"));
    assert_ne!(answers.get("write./etc/motd"), "ok");
}

/// A writable grant with something in it that is protected, and directories between the two.
fn repository(stage: &Stage) -> String {
    let directory = shared(stage, "repository");
    for inner in ["git", "git/hooks", "git/config", "plain"] {
        shared(stage, &format!("repository/{inner}"));
    }
    directory.display().to_string()
}

fn mask(stage: &Stage) {
    let path = repository(stage);
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/work' = {{ bind = '{path}', writable = true }}
         '/work/git/hooks' = {{ mask = true }}
         '/work/git/file' = {{ mask = true }}
         '/work/absent' = {{ mask = true, optional = true }}"
    ));
    let questions = [
        "list=/work/git/hooks",
        "open=/work/git/hooks/new,make",
        "read=/work/git/file",
        "open=/work/git/file,write",
        "rename=/work/git,/work/aside",
        "rename=/work/git/hooks,/work/git/aside",
        "rename=/work/git/file,/work/git/aside",
        "rename=/work/plain,/work/moved",
        "open=/work/new,make",
    ];
    let answers = stage.ask(spec, &questions);
    answers.expect(&[
        ("list./work/git/hooks", ""),
        ("rename./work/git", "EBUSY"),
        ("rename./work/git/hooks", "EBUSY"),
        ("rename./work/git/file", "EBUSY"),
        ("rename./work/plain", "ok"),
        ("make./work/new", "ok"),
    ]);
    assert!(!answers.get("content./work/git/file").contains("of the host"));
    for refused in ["make./work/git/hooks/new", "write./work/git/file"] {
        assert_ne!(answers.get(refused), "ok", "{refused}");
    }
    assert!(
        !fs::exists(format!("{path}/absent")).expect("the directory"),
        "a mount point was left on the host"
    );
    assert_eq!(fs::read_to_string(format!("{path}/git/file")).expect("the file"), "of the host\n");
}

fn seal(stage: &Stage) {
    let path = repository(stage);
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/work' = {{ bind = '{path}', writable = true, executable = true }}
         '/work/git/hooks' = {{ seal = true }}
         '/work/git/config/file' = {{ seal = true }}
         '/work/absent' = {{ seal = true, optional = true }}"
    ));
    let questions = [
        "read=/work/git/hooks/file",
        "open=/work/git/hooks/file,write",
        "open=/work/git/hooks/new,make",
        "open=/work/git/config/file,write",
        "rename=/work/git/config/file,/work/git/aside",
        "rename=/work/git/config,/work/git/aside",
        "rename=/work/git,/work/aside",
        "open=/work/git/new,make",
    ];
    stage.ask(spec, &questions).expect(&[
        ("content./work/git/hooks/file", "of the host\\n"),
        ("write./work/git/hooks/file", "EROFS"),
        ("make./work/git/hooks/new", "EROFS"),
        ("write./work/git/config/file", "EROFS"),
        // The directory above the file is a mount of its own.
        ("rename./work/git/config/file", "EXDEV"),
        ("rename./work/git/config", "EBUSY"),
        ("rename./work/git", "EBUSY"),
        ("make./work/git/new", "ok"),
    ]);
}

/// The program owns the memory, but not what the spec puts into it.
fn protected_in_memory(stage: &Stage) {
    let path = repository(stage);
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/tmp' = {{ tmpfs = '1MiB' }}
         '/tmp/a/b/policy' = {{ text = 'of the spec' }}
         '/tmp/c/d' = {{ bind = '{path}' }}"
    ));
    let questions =
        ["rename=/tmp/a/b,/tmp/a/x", "rename=/tmp/a,/tmp/x", "rename=/tmp/c,/tmp/y", "read=/tmp/a/b/policy"];
    stage.ask(spec, &questions).expect(&[
        ("rename./tmp/a/b", "EBUSY"),
        ("rename./tmp/a", "EBUSY"),
        ("rename./tmp/c", "EBUSY"),
        ("content./tmp/a/b/policy", "of the spec"),
    ]);
}

/// A grant within a grant: the outer one must not move the inner one aside with what is sealed in it.
fn protected_in_nested_grants(stage: &Stage) {
    let path = repository(stage);
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/work' = {{ bind = '{path}', writable = true }}
         '/work/git/config' = {{ bind = '{path}/git/config', writable = true }}
         '/work/git/config/file' = {{ seal = true }}"
    ));
    let questions = ["rename=/work/git,/work/aside", "open=/work/git/config/file,write"];
    stage
        .ask(spec, &questions)
        .expect(&[("rename./work/git", "EBUSY"), ("write./work/git/config/file", "EROFS")]);
}

/// What may be absent may be absent beneath a directory that is pinned, too.
fn optional_beneath_a_grant(stage: &Stage) {
    let path = repository(stage);
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/work' = {{ bind = '{path}', writable = true }}
         '/work/git/config/absent' = {{ mask = true, optional = true }}
         '/work/git/hooks/gone' = {{ seal = true, optional = true }}
         '/work/nowhere/at/all' = {{ mask = true, optional = true }}"
    ));
    stage
        .ask(spec, &["read=/work/git/hooks/file"])
        .expect(&[("content./work/git/hooks/file", "of the host\\n")]);
}

fn proc(stage: &Stage) {
    let questions = [
        "processes",
        "open=/proc/1/exe,write",
        "open=/proc/1/mem,read",
        "open=/proc/sys/kernel/core_pattern,write",
        "list=/proc",
    ];
    let answers = stage.ask(Spec::new(PLAIN).with("filesystem.proc = 'own'"), &questions);
    answers.expect(&[
        ("processes", "2:probe"),
        ("write./proc/1/exe", "ENOENT"),
        ("read./proc/1/mem", "ENOENT"),
    ]);
    assert_ne!(answers.get("write./proc/sys/kernel/core_pattern"), "ok");
    let answers = stage.ask(Spec::new(PLAIN).with("filesystem.proc = 'subset'"), &["list=/proc"]);
    for entry in answers.get("list./proc").split(' ') {
        let process = entry.parse::<u32>().is_ok();
        assert!(process || ["self", "thread-self"].contains(&entry), "{entry} with subset=pid");
    }
}

/// Pid 1 was started with an environment, which is none of the program's.
fn hidden_processes(stage: &Stage) {
    let spec = |proc: &str| Spec::new(PLAIN).with(&format!("filesystem.proc = '{proc}'"));
    let questions =
        ["open=/proc/1/environ,read", "open=/proc/2/environ,read", "open=/proc/self/environ,read"];
    for proc in ["own", "subset"] {
        stage.ask(spec(proc), &questions).expect(&[
            ("read./proc/1/environ", "ENOENT"),
            ("read./proc/2/environ", "ok"),
            ("read./proc/self/environ", "ok"),
        ]);
    }
    // The control: the host's own proc shows pid 1, whatever it refuses to say about it.
    assert_ne!(
        stage.outside(&["open=/proc/1/environ,read".to_owned()]).get("read./proc/1/environ"),
        "ENOENT"
    );
}

fn rooted(stage: &Stage, mounts: &str) -> Spec {
    Spec::new(PLAIN).with(&format!("[filesystem]\nroot = '{}'\n{mounts}", stage.site.rootfs.display()))
}

#[track_caller]
pub fn expect_refused(stage: &Stage, spec: Spec, words: &str) {
    let run = stage.launch(&spec.asking(&stage.site, &["identity".to_owned()]));
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains(words), "{}", run.stderr);
}

fn rootfs_symlinks(stage: &Stage) {
    stage.make_rootfs();
    let root = &stage.site.rootfs;
    fs::create_dir(root.join("target")).expect("a directory");
    for (link, target) in [("absolute", "/target"), ("climbing", "../../../../target"), ("loop", "loop")] {
        symlink(target, root.join(link)).expect("a link");
        for destination in [link.to_owned(), format!("{link}/inner")] {
            let mounts = format!("[filesystem.mounts]\n'/{destination}' = {{ tmpfs = '1MiB' }}");
            expect_refused(stage, rooted(stage, &mounts), &format!("/{destination}: Too many levels"));
        }
    }
    assert_eq!(fs::read_dir(root.join("target")).expect("the directory").count(), 0);
}

fn rootfs_without_mount_point(stage: &Stage) {
    stage.make_rootfs();
    expect_refused(stage, rooted(stage, "[filesystem.mounts]\n'/absent' = { tmpfs = '1MiB' }"), "/absent");
    assert!(
        !fs::exists(stage.site.rootfs.join("absent")).expect("the root"),
        "it was created in somebody's tree"
    );
}

fn rootfs_with_a_linked_proc(stage: &Stage) {
    stage.make_rootfs();
    let root = &stage.site.rootfs;
    fs::remove_dir(root.join("proc")).expect("the directory");
    symlink("/tmp", root.join("proc")).expect("a link");
    expect_refused(stage, rooted(stage, "proc = 'own'"), "/proc");
}

fn rootfs_text_and_mask(stage: &Stage) {
    stage.make_rootfs();
    fs::write(stage.site.rootfs.join("etc/motd"), "of the rootfs").expect("a file");
    let mounts = "[filesystem.mounts]\n'/etc/motd' = { text = 'sealed' }\n'/hello' = { mask = true }";
    let answers = stage.ask(rooted(stage, mounts), &["read=/etc/motd", "read=/hello"]);
    answers.expect(&[("content./etc/motd", "sealed"), ("content./hello", "")]);
}

/// What stands over the launcher's own root would be detached in its place, and `..` would lead to the host.
fn covered_root(stage: &Stage) {
    // The kernel itself refuses a user namespace there.
    let spec =
        Spec::new(PLAIN).with("namespaces.user = 'host'").asking(&stage.site, &["list=/..".to_owned()]);
    let launcher = stage.build(&spec);
    let run = stage.start(&["tmpfs_over=/"], &launcher);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("change the root"), "{}", run.stderr);
}

/// The demonstration as it is written, with busybox's ps.
fn rootfs_ps(stage: &Stage) {
    stage.make_rootfs();
    let spec =
        Spec::demonstration("rootfs").with(&format!("filesystem.root = '{}'", stage.site.rootfs.display()));
    let run = stage.launch(&spec);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "a title and ps: {}", run.stdout);
    assert!(lines[1].trim_start().starts_with("2 ") && lines[1].contains("ps"), "{}", run.stdout);
}
