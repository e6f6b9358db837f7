//! Rows of the catalogue of escapes that no other file has: each test is named after what broke another launcher.

use crate::Test;
use crate::exits::PLAIN;
use crate::files::{expect_refused, shared};
use crate::harness::{Change, Mutant, Need, Run, Spec, Stage};
use crate::protections::through_any_link;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];
const ROOTFS: &[Need] = &[Need::UserNamespaces, Need::Program("busybox")];
const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test {
        name: "row-1/cve-2019-5736-launcher-out-of-reach",
        needs: USER_NAMESPACES,
        run: launcher_out_of_reach,
    },
    Test { name: "row-1/cve-2019-5736-launcher-as-the-program", needs: ROOTFS, run: launcher_as_the_program },
    Test {
        name: "row-3/cve-2024-21626-everything-open-is-inside",
        needs: USER_NAMESPACES,
        run: open_is_inside,
    },
    Test { name: "row-4/crun-1.14.4-cwd-through-a-link", needs: ROOTFS, run: cwd_through_a_link },
    Test { name: "row-3/cve-2024-21626-cwd-is-looked-at", needs: ROOTFS, run: cwd_is_looked_at },
    Test { name: "row-8/cve-2025-31133-masks-of-the-launchers-own", needs: ROOTFS, run: masks_of_its_own },
    Test { name: "row-37/cve-2020-5291-not-setuid", needs: &[Need::Root], run: not_setuid },
    Test { name: "row-38/cve-2019-12439-nothing-is-written", needs: ROOT, run: nothing_is_written },
    Test { name: "row-39/cve-2026-3888-full-tmp", needs: ROOT, run: full_tmp },
    Test { name: "row-53/only-what-is-mounted", needs: USER_NAMESPACES, run: only_what_is_mounted },
    Test { name: "row-53/mounts-cannot-be-undone", needs: USER_NAMESPACES, run: cannot_be_undone },
    Test { name: "row-55/switches-of-the-kernel", needs: USER_NAMESPACES, run: switches_of_the_kernel },
    Test { name: "row-61/no-core-dump", needs: USER_NAMESPACES, run: no_core_dump },
];

/// The same without a filter, so that the other layers hold alone.
fn unfiltered() -> Spec {
    Spec::new(PLAIN).with("seccomp.default_action = 'allow'")
}

fn launcher(stage: &Stage, spec: Spec, questions: &[&str]) -> PathBuf {
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    stage.build(&spec.asking(&stage.site, &questions))
}

#[track_caller]
fn expect_ran(run: &Run) {
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
}

/// Neither by its path nor as what a process executes, also where the host's whole tree is seen and the file is one's own.
fn launcher_out_of_reach(stage: &Stage) {
    for (root, proc) in [("empty", "own"), ("empty", "subset"), ("host", "own")] {
        let spec = unfiltered().with(&format!("filesystem.root = '{root}'\nfilesystem.proc = '{proc}'"));
        let own = stage.directory().join("spec").display().to_string();
        let write = format!("open={own},write");
        let questions = ["open=/proc/1/exe,write", "open=/proc/1/exe,read", "open=/proc/1/mem,write", &write];
        let answers = stage.ask(spec, &questions);
        answers.expect(&[
            ("write./proc/1/exe", "ENOENT"),
            ("read./proc/1/exe", "ENOENT"),
            ("write./proc/1/mem", "ENOENT"),
        ]);
        // Root's file is not the program's; an ordinary user's is, and only the mount keeps him from it.
        let refused = if root == "empty" { "ENOENT" } else { "EROFS" };
        let said = answers.get(&format!("write.{own}"));
        assert!(said == refused || root == "host" && said == "EACCES", "{root}: {said}");
    }
}

/// A root file system that has what runs it for its program: Landlock does not allow to execute that, and without it the
/// launcher is started once more, inside, and cannot go on.
fn launcher_as_the_program(stage: &Stage) {
    stage.make_rootfs();
    let root = &stage.site.rootfs;
    symlink("/proc/self/exe", root.join("link")).expect("a link");
    fs::write(root.join("script"), "#!/proc/self/exe\n").expect("a script");
    fs::set_permissions(root.join("script"), Permissions::from_mode(0o755)).expect("chmod");
    for (program, landlock, status) in [
        ("link", "mounts", 126),
        ("script", "mounts", 126),
        ("link", "everything", 125),
        ("script", "everything", 125),
    ] {
        let spec = Spec::new(PLAIN).with(&format!(
            "process.args = ['/{program}']\nlandlock.filesystem = '{landlock}'
             filesystem.root = '{}'\nfilesystem.proc = 'own'",
            root.display()
        ));
        let run = stage.run(&stage.build_text(program, &spec.text()), &[]);
        assert_eq!((run.status, run.stdout.as_str()), (status, ""), "{program}: {}", run.stderr);
    }
}

/// The working directory is one of the sandbox's, wherever the launcher was, and no descriptor leads to a directory.
fn open_is_inside(stage: &Stage) {
    let path = shared(stage, "work").display().to_string();
    let spec = unfiltered().with(&format!(
        "process.cwd = '/work'
         filesystem.proc = 'own'
         filesystem.mounts.'/work' = {{ bind = '{path}' }}"
    ));
    let answers = stage.ask(spec, &["place", "descriptors", "read=file", "list=/proc/self/cwd/.."]);
    answers.expect(&[("cwd", "/work"), ("descriptors", "0,1,2"), ("content.file", "of the host\\n")]);
    answers.expect(&[("list./proc/self/cwd/..", "probe proc work")]);
    for (descriptor, target) in answers.under("descriptor.") {
        assert!(target.starts_with("pipe:") || target.ends_with("/null"), "{descriptor} is {target}");
    }
}

fn cwd_through_a_link(stage: &Stage) {
    stage.make_rootfs();
    let root = stage.site.rootfs.clone();
    let outside = shared(stage, "outside").display().to_string();
    let others = [&outside, &format!("../../../../../..{outside}"), "/proc/1/cwd", "/proc/1/root"];
    let others = others.into_iter().chain(["/proc/self/root", "/proc/self/cwd", "/proc/self/exe/.."]);
    for link in others.map(str::to_owned).chain(open_directories()) {
        symlink(&link, root.join("way")).expect("a link");
        let spec = unfiltered().with(&format!(
            "process.cwd = '/way'\nfilesystem.root = '{}'\nfilesystem.proc = 'own'",
            root.display()
        ));
        expect_refused(stage, spec, "/way");
        fs::remove_file(root.join("way")).expect("the link");
    }
    symlink("../../../../..", root.join("way")).expect("a link");
    let spec = unfiltered().with(&format!("process.cwd = '/way'\nfilesystem.root = '{}'", root.display()));
    stage.ask(spec, &["place"]).expect(&[("cwd", "/")]);
}

/// What the launcher has open of the host, as the root file system can name it.
fn open_directories() -> impl Iterator<Item = String> {
    let numbers = (3..16).chain([0, 1, 2, 100]);
    numbers.flat_map(|number| ["self", "thread-self"].map(|own| format!("/proc/{own}/fd/{number}")))
}

/// The launcher does not rest on the path alone: it asks where it has come to.
fn cwd_is_looked_at(stage: &Stage) {
    let change = Change::Step(|step| step.words.starts_with("change to ") && through_any_link(step));
    let mut inside = Vec::new();
    for link in open_directories() {
        let mut stage = stage.ground.stage(stage.person);
        stage.mutant = Some(Mutant::new(change));
        stage.make_rootfs();
        symlink(&link, stage.site.rootfs.join("way")).expect("a link");
        let spec = unfiltered().with(&format!(
            "process.cwd = '/way'\nfilesystem.root = '{}'\nfilesystem.proc = 'own'",
            stage.site.rootfs.display()
        ));
        let run = stage.launch(&spec.asking(&stage.site, &["identity".to_owned()]));
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{link}: {}", run.stderr);
        inside.push(run.stderr.contains("is outside of the sandbox's root"));
    }
    assert!(inside.contains(&true), "no descriptor of a directory is open any more");
}

/// Whatever the root file system says that /dev/null is.
fn masks_of_its_own(stage: &Stage) {
    stage.make_rootfs();
    let root = &stage.site.rootfs;
    let secret = shared(stage, "secret");
    for make in [
        &(|null: &Path| fs::write(null, "of the rootfs").expect("a file")) as &dyn Fn(&Path),
        &|null| symlink("/secret/file", null).expect("a link"),
        &|null| nix::unistd::mkfifo(null, nix::sys::stat::Mode::from_bits_truncate(0o666)).expect("a FIFO"),
    ] {
        make(&root.join("dev/null"));
        fs::create_dir_all(root.join("secret")).expect("a directory");
        let spec = unfiltered().with(&format!(
            "[filesystem]
             root = '{}'
             [filesystem.mounts]
             '/secret' = {{ bind = '{}', writable = true }}
             '/hello' = {{ mask = true }}",
            root.display(),
            secret.display()
        ));
        let answers = stage.ask(spec, &["read=/hello", "open=/hello,write"]);
        answers.expect(&[("content./hello", ""), ("mode./hello", "100444 65534:65534")]);
        assert_ne!(answers.get("write./hello"), "ok");
        fs::remove_file(root.join("dev/null")).expect("what is there");
    }
    assert_eq!(fs::read_to_string(secret.join("file")).expect("the file"), "of the host\n");
}

fn not_setuid(stage: &Stage) {
    let own = launcher(stage, Spec::new(PLAIN), &["identity"]);
    fs::set_permissions(&own, Permissions::from_mode(0o4755)).expect("chmod");
    let run = stage.start(&["user=65534"], &own);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("refusing to run setuid"), "{}", run.stderr);
    fs::set_permissions(&own, Permissions::from_mode(0o755)).expect("chmod");
    expect_ran(&stage.start(&["user=65534"], &own));
}

/// A spec with every kind of entry, for the host's /usr.
fn everything(stage: &Stage) -> Spec {
    let path = shared(stage, "source").display().to_string();
    unfiltered().with(&format!(
        "[filesystem]
         base = 'usr'
         proc = 'own'
         dev = 'minimal'
         etc = ['users']
         [filesystem.mounts]
         '/tmp' = {{ tmpfs = '1MiB' }}
         '/tmp/text' = {{ text = 'x' }}
         '/data' = {{ bind = '{path}', writable = true }}
         '/data/file' = {{ mask = true }}
         '/layers' = {{ overlay = ['{path}'], writable = true }}
         '/link' = {{ symlink = 'data' }}"
    ))
}

/// With every file system of the host read-only a launch is as good as ever: it writes to none.
fn nothing_is_written(stage: &Stage) {
    let questions = ["open=/tmp/new,make", "open=/layers/new,make", "open=/data/new,make"];
    let own = launcher(stage, everything(stage), &questions);
    for user in ["user=0", "user=65534"] {
        let conditions = ["read_only", user];
        let probe = stage.ground.probe.display().to_string();
        let control =
            [&["--start"], &conditions[..], &["--", &probe, "open=/tmp/new,make", "open=/dev/shm/new,make"]];
        let outside = stage.run(&stage.ground.probe, &control.concat()).answers();
        outside.expect(&[("make./tmp/new", "EROFS"), ("make./dev/shm/new", "EROFS")]);
        let run = stage.start(&conditions, &own);
        expect_ran(&run);
        let expected = [("make./tmp/new", "ok"), ("make./layers/new", "ok"), ("make./data/new", "EROFS")];
        run.answers().expect(&expected);
    }
}

fn full_tmp(stage: &Stage) {
    let spec = unfiltered()
        .with("process.args = ['/bin/true']\nfilesystem.base = 'usr'\nfilesystem.dev = 'minimal'")
        .with(
            "filesystem.mounts.'/tmp' = { tmpfs = '1MiB' }\nfilesystem.mounts.'/tmp/text' = { text = 'x' }",
        );
    let own = stage.build(&spec);
    let elsewhere = format!("bind={}:/mnt", own.parent().expect("its directory").display());
    for user in ["user=0", "user=65534"] {
        let conditions = ["mount_namespace", &elsewhere, "full=/tmp", user];
        // The control: nobody can write there.
        let control =
            [&["--start"], &conditions[..], &["--", "/bin/sh", "-c", "echo something > /tmp/new"]].concat();
        assert_ne!(stage.run(&stage.ground.probe, &control).status, 0);
        expect_ran(&stage.start(&conditions, Path::new("/mnt/spec")));
    }
}

/// The whole table of mounts: what the spec asks for, and no root of the host.
fn only_what_is_mounted(stage: &Stage) {
    let path = shared(stage, "source").display().to_string();
    let spec = unfiltered().with(&format!(
        "filesystem.proc = 'own'
         [filesystem.mounts]
         '/data' = {{ bind = '{path}' }}
         '/tmp' = {{ tmpfs = '1MiB' }}
         '/text' = {{ text = 'x' }}
         '/data/file' = {{ mask = true }}
         '/layers' = {{ overlay = ['{path}'], writable = true }}"
    ));
    let answers = stage.ask(spec, &["mounts", "list=/../../..", "list=/proc/self/root/.."]);
    let points: Vec<&str> = answers.under("mount.").map(|(point, _)| point).collect();
    assert_eq!(points, ["/", "/data", "/data/file", "/layers", "/probe", "/proc", "/tmp"]);
    answers.expect(&[
        ("list./../../..", answers.get("list./")),
        ("list./proc/self/root/..", answers.get("list./")),
    ]);
}

/// Who becomes root of a user namespace inside still cannot take away or change what was mounted for him.
fn cannot_be_undone(stage: &Stage) {
    let path = shared(stage, "source").display().to_string();
    // Landlock would not even let him mount.
    let spec = unfiltered().with(&format!(
        "landlock.filesystem = 'everything'
         filesystem.proc = 'own'
         [filesystem.mounts]
         '/data' = {{ bind = '{path}', writable = true }}
         '/data/file' = {{ mask = true }}
         '/sealed' = {{ bind = '{path}', writable = true }}
         '/sealed/file' = {{ seal = true }}
         '/read' = {{ bind = '{path}' }}"
    ));
    let refused = |what: &str| ["EPERM", "EINVAL", "EACCES", "EBUSY"].contains(&what);
    for (point, look) in [
        ("/data/file", "read=/data/file"),
        ("/sealed/file", "open=/sealed/file,write"),
        ("/read", "open=/read/new,make"),
        ("/", "open=/new,make"),
    ] {
        let answers = stage.ask(spec.clone(), &[&format!("undo={point}"), look]);
        let said: Vec<&str> = answers.get(&format!("undo.{point}")).split(' ').collect();
        let [own, detached, remounted] = said[..] else { panic!("{point}: {said:?}") };
        // What is mounted over `/` is not what `/` leads to.
        assert!(own == "ok" || point == "/", "{point}: {own}");
        assert!(refused(detached) && refused(remounted), "{point}: {detached} {remounted}");
        match look.split_once('=').expect("a question") {
            ("read", path) => assert!(!answers.get(&format!("content.{path}")).contains("of the host")),
            (_, path) => {
                let (path, mode) = path.split_once(',').expect("a mode");
                assert_eq!(answers.get(&format!("{mode}.{path}")), "EROFS");
            }
        }
    }
}

/// What /proc and /sys show of the machine cannot be changed, nor its memory be read.
fn switches_of_the_kernel(stage: &Stage) {
    let switches = [
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/kernel/hostname",
        "/proc/sys/vm/drop_caches",
        "/proc/sysrq-trigger",
        "/proc/sys/fs/binfmt_misc/register",
        "/sys/kernel/uevent_helper",
        "/sys/power/state",
        "/sys/module",
    ];
    let memory = ["/proc/kcore", "/proc/kmsg", "/proc/1/mem"];
    let mut questions: Vec<String> = switches.iter().map(|path| format!("open={path},write")).collect();
    questions.extend(memory.iter().map(|path| format!("open={path},read")));
    let some_are_there = stage.outside(&questions);
    if stage.person.uid() == 0 {
        some_are_there.expect(&[("write./proc/sys/kernel/core_pattern", "ok")]);
    }
    let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
    let mut specs = vec![unfiltered(), unfiltered().with("filesystem.proc = 'subset'")];
    if stage.person.uid() == 0 {
        // A root inside, who is nobody outside.
        let maps = "[{ container_id = 0, host_id = 65534, size = 1 }]";
        specs.push(unfiltered().with(&format!(
            "process.user = {{ uid = 0, gid = 0 }}
             namespaces.user = {{ uid_mappings = {maps}, gid_mappings = {maps} }}"
        )));
    }
    for spec in specs {
        let spec = Spec::new("filesystem = { proc = 'own', sys = 'read_only' }").with(&spec.text());
        let answers = stage.ask(spec, &questions);
        for kind in ["write.", "read."] {
            for (path, said) in answers.under(kind) {
                assert_ne!(said, "ok", "{kind}{path}");
            }
        }
    }
}

/// A dump would be written to the working directory, with what the program had in memory.
fn no_core_dump(stage: &Stage) {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").expect("the pattern");
    let dumps_here = !pattern.starts_with(['/', '|']);
    for (limit, dumped) in [("0", false), ("'max'", true)] {
        let directory = shared(stage, &format!("cwd-{dumped}"));
        let spec = unfiltered().with(&format!(
            "process.cwd = '/cwd'
             rlimits.core = {limit}
             filesystem.mounts.'/cwd' = {{ bind = '{}', writable = true }}",
            directory.display()
        ));
        let run = stage.run(&launcher(stage, spec, &["kill=6"]), &[]);
        assert_eq!(run.status, 134, "{}", run.stderr);
        let count = fs::read_dir(&directory).expect("the directory").count();
        // The control: without the limit it is there, where the machine writes dumps to files.
        assert_eq!(count, if dumped && dumps_here { 2 } else { 1 }, "rlimits.core = {limit}");
    }
}
