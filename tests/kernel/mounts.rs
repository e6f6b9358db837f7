//! The kinds of mounts: each is what it says, and something else in its place is refused.

use crate::Test;
use crate::exits::PLAIN;
use crate::files::{expect_refused, shared};
use crate::harness::{Need, Spec, Stage};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "mounts/directory", needs: USER_NAMESPACES, run: directory },
    Test { name: "mounts/socket", needs: USER_NAMESPACES, run: socket },
    Test { name: "mounts/device", needs: USER_NAMESPACES, run: device },
    Test { name: "mounts/cve-2025-52565-only-what-it-says", needs: USER_NAMESPACES, run: only_what_it_says },
    Test { name: "mounts/message-queues", needs: USER_NAMESPACES, run: message_queues },
    Test { name: "mounts/overlay", needs: USER_NAMESPACES, run: overlay },
    Test { name: "mounts/overlay-cannot-be-moved-aside", needs: USER_NAMESPACES, run: protected_in_overlay },
    Test { name: "mounts/overlay-of-layers-that-overlap", needs: USER_NAMESPACES, run: layers_that_overlap },
    Test { name: "mounts/overlay-source-missing", needs: USER_NAMESPACES, run: overlay_source_missing },
    Test {
        name: "mounts/overlay-root",
        needs: &[Need::UserNamespaces, Need::Program("busybox")],
        run: overlay_root,
    },
    Test { name: "mounts/etc-users", needs: USER_NAMESPACES, run: users },
    Test {
        name: "mounts/etc-users-of-the-caller",
        needs: &[Need::UserNamespaces, Need::Unprivileged],
        run: users_of_the_caller,
    },
    Test { name: "mounts/etc-of-the-host", needs: USER_NAMESPACES, run: etc_of_the_host },
    Test { name: "mounts/pseudoterminals", needs: USER_NAMESPACES, run: pseudoterminals },
    Test { name: "mounts/sysfs", needs: USER_NAMESPACES, run: sysfs },
    Test { name: "mounts/cve-2023-25809-cgroups", needs: USER_NAMESPACES, run: cgroups },
];

fn directory(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(
        "[filesystem.mounts]
         '/home/user' = { directory = true, mode = 0o700 }
         '/tmp' = { tmpfs = '1MiB' }
         '/tmp/mine' = { directory = true, mode = 0o750 }
         '/tmp/mine/note' = { text = 'inside' }",
    );
    let questions = [
        "read=/home",
        "read=/home/user",
        "open=/home/user/new,make",
        "read=/tmp/mine",
        "open=/tmp/mine/new,make",
        "read=/tmp/mine/note",
        "open=/tmp/mine/note,write",
    ];
    let answers = stage.ask(spec, &questions);
    answers.expect(&[
        ("mode./home/user", "40700 65534:65534"),
        ("make./home/user/new", "EROFS"),
        ("mode./tmp/mine", "40750 65534:65534"),
        ("make./tmp/mine/new", "ok"),
        ("content./tmp/mine/note", "inside"),
    ]);
    assert!(answers.get("mode./home").starts_with("40755 "), "{}", answers.get("mode./home"));
    assert_ne!(answers.get("write./tmp/mine/note"), "ok");
}

fn socket(stage: &Stage) {
    let path = stage.directory().join("service");
    let _listener = UnixListener::bind(&path).expect("a socket");
    fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("chmod");
    let path = path.display();
    stage.outside(&[format!("connect={path}")]).expect(&[(&format!("connect.{path}"), "ok")]);
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/run/service' = {{ socket = '{path}' }}
         '/run/absent' = {{ socket = '{path}.absent', optional = true }}"
    ));
    let questions = ["connect=/run/service", "open=/run/service,chmod", "list=/run"];
    stage.ask(spec, &questions).expect(&[
        ("connect./run/service", "ok"),
        ("chmod./run/service", "EROFS"),
        ("list./run", "service"),
    ]);
}

fn device(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(
        "filesystem.dev = 'minimal'
         [filesystem.mounts]
         '/dev/nothing' = { device = '/dev/zero' }
         '/dev/absent' = { device = '/dev/boxwright-absent', optional = true }
         '/copy' = { bind = '/dev/zero' }",
    );
    let answers = stage.ask(spec, &["open=/dev/nothing,read", "open=/dev/absent,read", "open=/copy,read"]);
    // The control: what is bound as a file is no device.
    answers.expect(&[("read./dev/nothing", "ok"), ("read./dev/absent", "ENOENT"), ("read./copy", "EACCES")]);
}

/// A source that somebody has replaced is refused, whatever it is now.
fn only_what_it_says(stage: &Stage) {
    let marker = stage.site.marker.display();
    for (kind, source, words) in [
        ("device", marker.to_string(), "is not a device"),
        ("socket", marker.to_string(), "is not a socket"),
        ("device", "/dev/shm".to_owned(), "is not a device"),
        ("socket", "/dev/null".to_owned(), "is not a socket"),
        ("device", "/dev/boxwright-absent".to_owned(), "No such file"),
    ] {
        let mounts = format!("filesystem.mounts.'/dev/it' = {{ {kind} = '{source}' }}");
        expect_refused(stage, Spec::new(PLAIN).with(&mounts), words);
    }
}

/// The queues of the sandbox's own IPC namespace, and none of the host's.
fn message_queues(stage: &Stage) {
    let key = stage.site.key.to_string();
    let [make, remove] = ["make", "remove"].map(|verb| [format!("ipc={verb},{key}")]);
    let spec = Spec::new(PLAIN).with("filesystem.mounts.'/dev/mqueue' = { mqueue = true }");
    let launch = || stage.ask(spec, &["open=/dev/mqueue/queue,make", "list=/dev/mqueue"]);
    let (made, answers, _) = stage.outside_around(&make, launch, &remove);
    assert_eq!(made.get("made.posix_queue"), "ok");
    answers.expect(&[("make./dev/mqueue/queue", "ok"), ("list./dev/mqueue", "queue")]);
}

/// Two directories of the host, of which the first hides what the second has under the same name.
fn layers(stage: &Stage) -> [String; 2] {
    let upper = shared(stage, "upper-layer");
    let lower = shared(stage, "lower-layer");
    fs::write(upper.join("file"), "of the first\n").expect("a file");
    fs::write(lower.join("only"), "of the second\n").expect("a file");
    shared(stage, "lower-layer/inner");
    if nix::unistd::geteuid().is_root() {
        // What belongs to nobody inside cannot be copied to the memory on top.
        for file in [upper.join("file"), lower.join("only"), lower.join("inner"), lower.join("inner/file")] {
            nix::unistd::chown(&file, Some(65534.into()), Some(65534.into())).expect("chown");
        }
    }
    [upper, lower].map(|path| path.display().to_string())
}

fn overlay(stage: &Stage) {
    let [first, second] = layers(stage);
    let spec = Spec::new(PLAIN).with(&format!(
        "filesystem.proc = 'own'
         [filesystem.mounts]
         '/read' = {{ overlay = ['{first}', '{second}'] }}
         '/single' = {{ overlay = ['{second}'] }}
         '/write' = {{ overlay = ['{first}', '{second}'], writable = true }}
         '/execute' = {{ overlay = ['{first}'], writable = true, executable = true }}
         '/text' = {{ text = 'beside it' }}"
    ));
    let questions = [
        "list=/read",
        "list=/single",
        "read=/read/file",
        "read=/read/only",
        "open=/read/new,make",
        "open=/read/file,write",
        "open=/write/new,make",
        "open=/write/file,write",
        "open=/write/only,remove",
        "list=/write",
        "open=/single/new,make",
        "execute_copy=/write",
        "execute_copy=/execute",
        "read=/text",
        "mounts",
    ];
    let answers = stage.ask(spec, &questions);
    answers.expect(&[
        ("list./read", "file inner only"),
        ("list./single", "file inner only"),
        ("content./read/file", "of the first\\n"),
        ("content./read/only", "of the second\\n"),
        ("make./read/new", "EROFS"),
        ("write./read/file", "EROFS"),
        ("make./write/new", "ok"),
        ("write./write/file", "ok"),
        ("remove./write/only", "ok"),
        ("list./write", "file inner new"),
        ("make./single/new", "EROFS"),
        ("execute_copy./write", "EACCES"),
        ("execute_copy./execute", "ok"),
        ("content./text", "beside it"),
    ]);
    assert!(
        !answers.get("mount./write").contains(&first),
        "a path of the host: {}",
        answers.get("mount./write")
    );
    for (path, there) in [(format!("{first}/new"), false), (format!("{second}/only"), true)] {
        assert_eq!(fs::exists(&path).expect("the directory"), there, "{path}: it was written to the host");
    }
}

/// A protected path beneath memory that can be written to is as safe as one beneath a writable bind.
fn protected_in_overlay(stage: &Stage) {
    let [first, second] = layers(stage);
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/write' = {{ overlay = ['{first}', '{second}'], writable = true }}
         '/write/inner/file' = {{ mask = true }}"
    ));
    let questions =
        ["rename=/write/inner,/write/aside", "read=/write/inner/file", "rename=/write/only,/write/moved"];
    let answers = stage.ask(spec, &questions);
    answers.expect(&[("rename./write/inner", "EBUSY"), ("rename./write/only", "ok")]);
    assert!(!answers.get("content./write/inner/file").contains("of the host"));
}

/// What the compiler cannot know: two names of one directory.
fn layers_that_overlap(stage: &Stage) {
    let [first, _] = layers(stage);
    let link = stage.directory().join("link");
    std::os::unix::fs::symlink(&first, &link).expect("a link");
    let line = format!("filesystem.mounts.'/srv' = {{ overlay = ['{first}', '{}'] }}", link.display());
    expect_refused(
        stage,
        Spec::new(PLAIN).with(&line),
        "one directory of the overlay is, or leads to, another",
    );
}

fn overlay_source_missing(stage: &Stage) {
    let line = "filesystem.mounts.'/srv' = { overlay = ['/boxwright-absent'] }";
    expect_refused(stage, Spec::new(PLAIN).with(line), "/boxwright-absent: No such file or directory");
}

/// Somebody's root file system stays as it is; what is missing for a mount is made in memory, through no symbolic link.
fn overlay_root(stage: &Stage) {
    stage.make_rootfs();
    let root = &stage.site.rootfs;
    fs::create_dir(root.join("target")).expect("a directory");
    std::os::unix::fs::symlink("/target", root.join("link")).expect("a link");
    let names = || {
        let entries = fs::read_dir(root).expect("the root").map(|entry| entry.expect("an entry").file_name());
        entries.collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    let rooted = |mounts: &str| {
        Spec::new(PLAIN).with(&format!(
            "[filesystem]
             root = {{ path = '{}', overlay = 'memory' }}
             dev = 'minimal'
             [filesystem.mounts]
             {mounts}",
            root.display()
        ))
    };
    let spec = rooted(
        "'/absent/deep' = { tmpfs = '1MiB' }
         '/made/protected' = { text = 'of the spec' }
         '/beside' = { symlink = 'hello' }",
    );
    let questions = [
        "read=/hello",
        "read=/beside",
        "open=/new,make",
        "open=/absent/deep/new,make",
        "open=/dev/null,read",
        "open=/dev/new,make",
        "read=/made/protected",
        "rename=/made,/aside",
        "rename=/new,/moved",
    ];
    stage.ask(spec, &questions).expect(&[
        ("content./hello", "from the rootfs\\n"),
        ("content./beside", "from the rootfs\\n"),
        ("make./new", "ok"),
        ("make./absent/deep/new", "ok"),
        ("read./dev/null", "ok"),
        ("make./dev/new", "EROFS"),
        ("content./made/protected", "of the spec"),
        ("rename./made", "EBUSY"),
        ("rename./new", "ok"),
    ]);
    expect_refused(stage, rooted("'/link/inner' = { tmpfs = '1MiB' }"), "/link/inner");
    expect_refused(stage, rooted("'/link' = { tmpfs = '1MiB' }"), "/link: Too many levels");
    assert_eq!(names(), before, "the host's tree was written to");
    assert_eq!(fs::read_dir(root.join("target")).expect("the directory").count(), 0);
}

/// What the C library says of the program's own ids.
fn identified(stage: &Stage, user: &str) -> String {
    let spec = Spec::new(PLAIN).with(&format!(
        "process.user = {user}
         process.args = ['/bin/id']
         filesystem.base = 'usr'
         filesystem.etc = ['users']"
    ));
    let run = stage.launch(&spec);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    run.stdout
}

fn users(stage: &Stage) {
    let of = |user| identified(stage, user);
    assert_eq!(
        of("{ uid = 65534, gid = 65534 }"),
        "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n"
    );
    assert_eq!(of("{ uid = 1000, gid = 100 }"), "uid=1000(user) gid=100(user) groups=100(user)\n".to_owned());
}

fn users_of_the_caller(stage: &Stage) {
    let id = stage.person.uid();
    let said = identified(stage, "'caller'");
    assert!(said.starts_with(&format!("uid={id}(user) gid=")), "{said}");
}

fn etc_of_the_host(stage: &Stage) {
    let files = ["/etc/hosts", "/etc/services", "/etc/resolv.conf", "/etc/nsswitch.conf"];
    let mut questions: Vec<String> = files.iter().map(|file| format!("read={file}")).collect();
    questions.extend(
        ["list=/etc/ssl/certs", "open=/etc/localtime,read", "open=/etc/shadow,read"].map(str::to_owned),
    );
    let outside = stage.outside(&questions);
    let spec = Spec::new(PLAIN).with("filesystem.etc = ['tls', 'time', 'dns']");
    let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
    let inside = stage.ask(spec, &questions);
    for key in ["content./etc/hosts", "content./etc/services", "list./etc/ssl/certs", "read./etc/localtime"] {
        assert_eq!(inside.get(key), outside.get(key), "{key}");
    }
    inside.expect(&[("read./etc/shadow", "ENOENT")]);
    assert!(inside.get("content./etc/nsswitch.conf").contains("hosts: files dns"));
}

/// A terminal of the sandbox's own: the first of its instance, and the host has no other for it.
fn pseudoterminals(stage: &Stage) {
    let outside = stage.outside(&["pseudoterminal".to_owned(), "list=/dev/pts".to_owned()]);
    outside.expect(&[("pseudoterminal", "ok")]);
    for user in ["{ uid = 65534, gid = 65534 }", "{ uid = 7, gid = 7 }"] {
        let spec = Spec::new(PLAIN).with(&format!("process.user = {user}\nfilesystem.dev = 'minimal'"));
        stage.ask(spec, &["pseudoterminal", "list=/dev/pts"]).expect(&[
            ("pseudoterminal", "ok"),
            ("pseudoterminal.number", "0"),
            ("list./dev/pts", "ptmx"),
        ]);
    }
}

fn sysfs(stage: &Stage) {
    let spec = Spec::new(PLAIN).with("filesystem.sys = 'read_only'");
    let questions =
        ["list=/sys/class/net", "open=/sys/class/net/lo/mtu,read", "open=/sys/class/net/lo/mtu,write"];
    let answers = stage.ask(spec, &questions);
    answers.expect(&[("list./sys/class/net", "lo"), ("read./sys/class/net/lo/mtu", "ok")]);
    let refused = answers.get("write./sys/class/net/lo/mtu");
    assert!(["EROFS", "EACCES"].contains(&refused), "{refused}");
}

fn cgroups(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(
        "filesystem.proc = 'own'
         filesystem.mounts.'/cgroup' = { cgroup2 = true }",
    );
    let questions =
        ["open=/cgroup/cgroup.procs,read", "open=/cgroup/new,directory", "read=/proc/self/cgroup", "mounts"];
    let answers = stage.ask(spec, &questions);
    answers.expect(&[("read./cgroup/cgroup.procs", "ok"), ("directory./cgroup/new", "EROFS")]);
    let own = answers.get("content./proc/self/cgroup");
    assert!(own.contains("0::/\\n"), "its own cgroup is the top: {own}");
    let mount = answers.get("mount./cgroup");
    assert!(mount.starts_with("/ ro,nosuid,nodev,noexec") && mount.contains(" cgroup2 "), "{mount}");
}
