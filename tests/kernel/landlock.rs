//! Landlock from inside: every right allowed and denied, the derived ruleset without the mounts' own flags, and older kernels.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::files::shared;
use crate::harness::{Answers, Change, Mutant, Need, Run, Spec, Stage};
use crate::kernels::landlock_abi;
use boxwright::lower::{Act, Step, Value};
use boxwright_launcher::arch::number;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "landlock/each-right", needs: NAMESPACES, run: each_right },
    Test { name: "landlock/without-the-mounts-flags", needs: NAMESPACES, run: without_the_flags },
    Test { name: "landlock/the-mounts-alone", needs: NAMESPACES, run: the_mounts_alone },
    Test { name: "landlock/open-files-again", needs: NAMESPACES, run: open_files_again },
    Test { name: "landlock/in-place", needs: &[], run: narrowed_in_place },
    Test { name: "landlock/older-kernels", needs: &[], run: older_kernels },
    Test { name: "landlock/no-landlock", needs: &[], run: no_landlock },
    Test { name: "landlock/abi-required", needs: &[], run: abi_required },
    Test { name: "landlock/landlock-63-whiteout", needs: NAMESPACES, run: whiteout },
];

/// No filter: Landlock has to hold alone.
pub const UNFILTERED: &str = "seccomp.default_action = 'allow'";

/// What is tried for each right in a directory of its own: attempts that must go well, and the one that needs the right.
const ATTEMPTS: &[(&str, &[&str], &str, &str)] = &[
    ("execute", &["copy=program"], "execute=program", "EACCES"),
    ("write_file", &["make_reg=file"], "write_file=file", "EACCES"),
    ("read_file", &["make_reg=file"], "read_file=file", "EACCES"),
    ("read_dir", &[], "read_dir=.", "EACCES"),
    ("remove_dir", &["make_dir=directory"], "remove_dir=directory", "EACCES"),
    ("remove_file", &["make_reg=file"], "remove_file=file", "EACCES"),
    ("make_dir", &[], "make_dir=directory", "EACCES"),
    ("make_reg", &[], "make_reg=file", "EACCES"),
    ("make_sock", &[], "make_sock=socket", "EACCES"),
    ("make_fifo", &[], "make_fifo=pipe", "EACCES"),
    ("make_sym", &[], "make_sym=link", "EACCES"),
    ("refer", &["make_dir=one", "make_reg=file"], "refer=file,one/file", "EXDEV"),
    ("truncate", &["make_reg=file"], "truncate=file", "EACCES"),
];

/// A question about a path in a directory: `refer=file,one/file` becomes `try=refer,/d/file,/d/one/file`.
pub fn question(attempt: &str, directory: &str) -> String {
    let (right, paths) = attempt.split_once('=').expect("a right and paths");
    let paths: Vec<String> = paths.split(',').map(|path| format!("{directory}/{path}")).collect();
    format!("try={right},{}", paths.join(","))
}

/// The answer's key for the same.
pub fn key(attempt: &str, directory: &str) -> String {
    let (right, paths) = attempt.split_once('=').expect("a right and paths");
    format!("{right}.{directory}/{}", paths.split(',').next().unwrap_or_default())
}

/// Directories in memory for each right, where that one is taken away; with an older ABI what it does not know stays.
fn narrowed_directories(start: &str) -> (String, Vec<String>) {
    let all = "write_file read_file read_dir remove_dir remove_file make_dir make_reg make_sock make_fifo make_sym refer \
               truncate execute resolve_unix";
    let (mut text, mut questions) = (format!("{UNFILTERED}\nfilesystem.proc = 'own'\n{start}\n"), Vec::new());
    let mut mounts = String::new();
    for (right, before, attempt, _) in ATTEMPTS {
        let left: Vec<String> =
            all.split_whitespace().filter(|other| other != right).map(|other| format!("'{other}'")).collect();
        let (no, yes) = (format!("/no-{right}"), format!("/yes-{right}"));
        _ = writeln!(
            text,
            "[[landlock.path_beneath]]\npath = '{no}'\nallowed_access = [{}]",
            left.join(", ")
        );
        for directory in [&no, &yes] {
            _ = writeln!(mounts, "'{directory}' = {{ tmpfs = true, executable = true }}");
            questions.extend(before.iter().chain([attempt]).map(|attempt| question(attempt, directory)));
        }
    }
    // Listing directories is allowed at the root of an empty one, and so everywhere, unless that is narrowed.
    _ = writeln!(text, "[[landlock.path_beneath]]\npath = '/'\nallowed_access = []");
    (format!("{text}[filesystem.mounts]\n{mounts}"), questions)
}

fn expect_each_right(answers: &Answers, abi: u32) {
    for (right, before, attempt, denial) in ATTEMPTS {
        let since = if *right == "truncate" { 3 } else { 1 };
        for (directory, expected) in [(format!("/no-{right}"), *denial), (format!("/yes-{right}"), "ok")] {
            for attempt in *before {
                assert_eq!(answers.get(&key(attempt, &directory)), "ok", "{right}: {attempt} in {directory}");
            }
            let expected = if since > abi { "ok" } else { expected };
            assert_eq!(answers.get(&key(attempt, &directory)), expected, "{right} in {directory}");
        }
    }
}

pub fn questions(questions: &[String]) -> Vec<&str> {
    questions.iter().map(String::as_str).collect()
}

fn each_right(stage: &Stage) {
    let (text, asked) = narrowed_directories("");
    let spec = Spec::new(PLAIN).with(&text);
    let run = stage.launch(&spec.asking(&stage.site, &asked));
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    expect_each_right(&run.answers(), 7);
    let devices = "
        [[landlock.path_beneath]]
        path = '/dev/full'
        allowed_access = ['read_file', 'write_file', 'truncate', 'resolve_unix']
        [filesystem]
        dev = 'minimal'";
    let spec = Spec::new(PLAIN).with(UNFILTERED).with(devices);
    let answers = stage.ask(spec, &["try=ioctl_dev,/dev/zero", "try=ioctl_dev,/dev/full"]);
    answers.expect(&[("ioctl_dev./dev/zero", "ok"), ("ioctl_dev./dev/full", "EACCES")]);
}

/// Launches what a spec compiles to after its mounts have lost the flags that protect.
fn launch_without_flags(stage: &Stage, spec: &Spec) -> Run {
    let mutant = Mutant::new(Change::Step(strip));
    let launcher = stage.directory().join("flags");
    fs::write(&launcher, mutant.compile("flags.sandbox.toml", &spec.text())).expect("a file");
    fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755)).expect("chmod");
    assert!(mutant.times() > 2, "only {} steps had flags that could be taken away", mutant.times());
    stage.run(&launcher, &[])
}

/// Takes MOUNT_ATTR_RDONLY and MOUNT_ATTR_NOEXEC out of every mount_setattr.
fn strip(step: &mut Step) -> bool {
    let mut stripped = false;
    for act in &mut step.acts {
        if let Act::Call(call) = act
            && call.number == number::mount_setattr
            && let Some(Value::Bytes(attributes)) = call.arguments.get_mut(3)
        {
            stripped |= attributes[0] & 0b1001 != 0;
            attributes[0] &= !0b1001;
        }
    }
    stripped
}

/// Attempts at what a read-only grant, the root and a file of the sandbox's own must refuse.
const FORBIDDEN: [(&str, &str); 7] = [
    ("make_reg=made", "/shared"),
    ("write_file=file", "/shared"),
    ("truncate=file", "/shared"),
    ("remove_file=file", "/shared"),
    ("make_dir=made", ""),
    ("write_file=motd", "/etc"),
    ("execute=program", "/writable"),
];

/// A spec with grants whose mounts protect, and who may write to all of it.
fn granted(stage: &Stage) -> Spec {
    let path = shared(stage, "shared").display().to_string();
    let writable = shared(stage, "writable");
    fs::copy(&stage.site.probe, writable.join("program")).expect("a program");
    _ = fs::remove_file(stage.directory().join("shared/made"));
    Spec::new(PLAIN).with(&format!(
        "{UNFILTERED}
         process.user = {{ uid = 65534, gid = 65534 }}
         [filesystem.mounts]
         '/shared' = {{ bind = '{path}' }}
         '/writable' = {{ bind = '{}', writable = true }}
         '/etc/motd' = {{ text = 'sealed', mode = 0o666 }}",
        writable.display()
    ))
}

fn forbidden(stage: &Stage, spec: Spec, stripped: bool) -> Answers {
    let asked: Vec<String> =
        FORBIDDEN.iter().map(|(attempt, directory)| question(attempt, directory)).collect();
    let spec = spec.asking(&stage.site, &asked);
    let run = if stripped { launch_without_flags(stage, &spec) } else { stage.launch(&spec) };
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers()
}

fn without_the_flags(stage: &Stage) {
    let control = forbidden(stage, granted(stage).with("landlock.filesystem = 'everything'"), true);
    let writable = ["make_reg=made", "write_file=file", "truncate=file", "remove_file=file"];
    for attempt in writable {
        assert_eq!(control.get(&key(attempt, "/shared")), "ok", "{attempt} without any protection");
    }
    assert_eq!(control.get("execute./writable/program"), "ok", "without any protection");
    let answers = forbidden(stage, granted(stage), true);
    for (attempt, directory) in FORBIDDEN {
        assert_eq!(answers.get(&key(attempt, directory)), "EACCES", "{attempt} in {directory}/");
    }
}

fn the_mounts_alone(stage: &Stage) {
    let answers = forbidden(stage, granted(stage).with("landlock.filesystem = 'everything'"), false);
    for (attempt, directory) in FORBIDDEN {
        let expected = if attempt.starts_with("execute") { "EACCES" } else { "EROFS" };
        assert_eq!(answers.get(&key(attempt, directory)), expected, "{attempt} in {directory}/");
    }
    // And who may mount: Landlock refuses it, the mounts alone do not.
    for (start, mounted) in [("everything", true), ("mounts", false)] {
        let spec = Spec::new(PLAIN).with(&format!(
            "{UNFILTERED}
             landlock.filesystem = '{start}'
             filesystem = {{ base = 'usr', proc = 'own', mounts = {{ '/tmp' = {{ tmpfs = true }} }} }}"
        ));
        let mount = "run=/bin/unshare,-Urm,--propagation,unchanged,/bin/mount,-t,tmpfs,none,/tmp".to_owned();
        let run = stage.launch(&spec.asking(&stage.site, &[mount]));
        assert_eq!(run.answers().get("run./bin/unshare") == "0", mounted, "{start}: {}", run.stderr);
    }
}

/// Files behind the standard streams are nowhere in the tree, and can be opened again for what they are.
fn open_files_again(stage: &Stage) {
    let directory = shared(stage, "streams");
    let output = directory.join("output");
    fs::write(&output, "").expect("a file");
    fs::set_permissions(&output, fs::Permissions::from_mode(0o666)).expect("chmod");
    let text = format!(
        "{UNFILTERED}
         filesystem.proc = 'own'
         process.stdin = {{ file = '{}' }}
         process.stderr = {{ file = '{}' }}",
        directory.join("file").display(),
        output.display()
    );
    let paths = ["/proc/self/fd/0", "/proc/self/fd/2"];
    let asked: Vec<String> = paths
        .iter()
        .flat_map(|path| ["read_file", "write_file"].map(|right| format!("try={right},{path}")))
        .collect();
    let answers = |start: &str| {
        let spec = Spec::new(PLAIN).with(&text).with(&format!("landlock.filesystem = '{start}'"));
        stage.ask(spec, &questions(&asked))
    };
    let control = answers("everything");
    for path in paths {
        control.expect(&[(&format!("read_file.{path}"), "ok"), (&format!("write_file.{path}"), "ok")]);
    }
    answers("mounts").expect(&[
        ("read_file./proc/self/fd/0", "ok"),
        ("write_file./proc/self/fd/0", "EACCES"),
        ("read_file./proc/self/fd/2", "EACCES"),
        ("write_file./proc/self/fd/2", "ok"),
    ]);
}

/// A sandbox in the host's own tree that may write to one directory alone.
fn narrowed_spec(stage: &Stage, path: &str) -> Spec {
    in_place(stage).with(&format!(
        "{UNFILTERED}
         [[landlock.path_beneath]]
         path = '/'
         allowed_access = ['execute', 'read_file', 'read_dir', 'resolve_unix']
         [[landlock.path_beneath]]
         path = '{path}'
         allowed_access = ['execute', 'read_file', 'read_dir', 'write_file', 'truncate', 'make_reg', 'resolve_unix']"
    ))
}

fn narrowed_in_place(stage: &Stage) {
    let [one, other] = ["one", "other"].map(|name| shared(stage, name).display().to_string());
    let asked: Vec<String> = [&one, &other]
        .iter()
        .flat_map(|path| {
            ["write_file=file", "make_reg=made", "make_dir=sub"].map(|attempt| question(attempt, path))
        })
        .collect();
    let run = stage.launch(&narrowed_spec(stage, &one).asking(&stage.site, &asked));
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    let expected = [
        ("write_file=file", &one, "ok"),
        ("make_reg=made", &one, "ok"),
        ("make_dir=sub", &one, "EACCES"),
        ("write_file=file", &other, "EACCES"),
        ("make_reg=made", &other, "EACCES"),
    ];
    for (attempt, directory, expected) in expected {
        assert_eq!(run.answers().get(&key(attempt, directory)), expected, "{attempt} in {directory}");
    }
    stage.outside(&asked[3..]).expect(&[(&key("make_reg=made", &other), "ok")]);
}

/// Runs a launcher on a kernel that says that its Landlock is of this ABI, or fails with an errno.
fn on(stage: &Stage, answer: i32, spec: &Spec) -> Run {
    let launcher = stage.build(spec).display().to_string();
    stage.run(&stage.ground.probe, &["--answer", &format!("444:{answer}"), "--", &launcher])
}

/// The masks of each ABI, in force on this kernel, which knows them all.
fn older_kernels(stage: &Stage) {
    let one = shared(stage, "one").display().to_string();
    let other = shared(stage, "other").display().to_string();
    let asked =
        ["write_file=file", "truncate=file", "make_reg=made"].map(|attempt| question(attempt, &other));
    let spec = narrowed_spec(stage, &one).with("requires.optional = ['landlock.path_beneath']");
    let spec = spec.asking(&stage.site, &asked);
    for abi in [1, 2, 3, 4, 5, 6, 7, 9, 1000] {
        // Beyond what the running kernel has, its newest masks stand for those that it would have.
        let played = abi.min(landlock_abi());
        let run = on(stage, played, &spec);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "ABI {abi}: {}", run.stdout);
        let denied = |since| if played >= since { "EACCES" } else { "ok" };
        run.answers().expect(&[
            (&key("write_file=file", &other), denied(2)),
            (&key("truncate=file", &other), denied(3)),
            (&key("make_reg=made", &other), denied(2)),
        ]);
        _ = fs::remove_file(format!("{other}/made"));
    }
}

/// A kernel without Landlock leaves to the mounts what follows from them, and refuses what only Landlock enforces.
fn no_landlock(stage: &Stage) {
    const ENOSYS: i32 = -38;
    const EOPNOTSUPP: i32 = -95;
    for answer in [ENOSYS, EOPNOTSUPP] {
        let plain = in_place(stage).asking(&stage.site, &["exit=3".to_owned()]);
        assert_eq!(on(stage, answer, &plain).status, 3);
        for (text, key) in [
            ("landlock.scoped = ['signal']", "landlock.scoped"),
            ("network.bind_tcp = [80]", "network.bind_tcp"),
            ("network.connect_tcp = [80]", "network.connect_tcp"),
            ("process.exec = []", "process.exec"),
            (
                "landlock.path_beneath = [{ path = '/', allowed_access = ['read_file'] }]",
                "landlock.path_beneath",
            ),
            ("requires.landlock_abi = 2", "requires.landlock_abi"),
        ] {
            let run = on(stage, answer, &plain.clone().with(text));
            expect_refused(&run, key, "no Landlock");
            if key.starts_with("requires") {
                continue;
            }
            let optional = plain.clone().with(text).with(&format!("requires.optional = ['{key}']"));
            let run = on(stage, answer, &optional);
            assert_eq!((run.status, run.stderr.as_str()), (3, ""), "{key}: {}", run.stdout);
        }
    }
    const EPERM: i32 = -1;
    let scoped =
        in_place(stage).with("landlock.scoped = ['signal']").asking(&stage.site, &["exit=3".to_owned()]);
    expect_refused(&on(stage, EPERM, &scoped), "look for Landlock", "a container's seccomp filter");
}

pub fn expect_refused(run: &Run, step: &str, words: &str) {
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    for word in ["sandbox.toml:", step, words] {
        assert!(run.stderr.contains(word), "no `{word}` in: {}", run.stderr);
    }
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

fn abi_required(stage: &Stage) {
    let spec = |abi: u32| {
        in_place(stage)
            .with(&format!("requires.landlock_abi = {abi}"))
            .asking(&stage.site, &["exit=3".to_owned()])
    };
    assert_eq!(stage.launch(&spec(2)).status, 3);
    expect_refused(
        &on(stage, 9, &spec(10)),
        "requires.landlock_abi needs Landlock ABI 10",
        "older than ABI 10, which came with Linux 7.2",
    );
    let logged = in_place(stage)
        .with("landlock.log = ['new_exec_on']\nlandlock.scoped = ['signal']")
        .asking(&stage.site, &["exit=3".to_owned()]);
    assert_eq!(stage.launch(&logged).status, if landlock_abi() >= 7 { 3 } else { 125 });
    expect_refused(&on(stage, 6, &logged), "landlock.log needs Landlock ABI 7", "came with Linux 6.15");
    expect_refused(&on(stage, 5, &logged), "landlock.scoped needs Landlock ABI 6", "came with Linux 6.12");
}

/// Threats 46: a rename that leaves a device node behind.
fn whiteout(stage: &Stage) {
    let asked = ["try=make_reg,/tmp/file", "try=whiteout,/tmp/file,/tmp/moved", "try=make_char,/tmp/node"];
    let text = "filesystem.mounts.'/tmp'.tmpfs = true";
    let control = stage.ask(Spec::new(PLAIN).with(text).with("landlock.filesystem = 'everything'"), &asked);
    control.expect(&[("whiteout./tmp/file", "ok"), ("make_char./tmp/node", "ok")]);
    let answers = stage.ask(Spec::new(PLAIN).with(text), &asked);
    answers.expect(&[("whiteout./tmp/file", "EINVAL")]);
    // Newer kernels, and Debian's, take a node of no device for a file.
    assert!(["EACCES", "ok"].contains(&answers.get("make_char./tmp/node")));
}
