//! Hostile starts: whatever the caller left behind, the program gets what the spec says.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::files::expect_refused;
use crate::harness::{Answers, Need, Run, Spec, Stage};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "start/row-62-closed-streams", needs: USER_NAMESPACES, run: closed_streams },
    Test { name: "start/many-descriptors", needs: USER_NAMESPACES, run: many_descriptors },
    Test { name: "start/deleted-directory", needs: USER_NAMESPACES, run: deleted_directory },
    Test { name: "start/umask", needs: USER_NAMESPACES, run: umask },
    Test { name: "start/environment", needs: USER_NAMESPACES, run: environment },
    Test { name: "start/no-arguments", needs: USER_NAMESPACES, run: no_arguments },
    Test { name: "start/row-57-bubblewrap-705-ignored-signals", needs: USER_NAMESPACES, run: signals },
    Test { name: "start/limits", needs: USER_NAMESPACES, run: limits },
    Test { name: "start/few-descriptors", needs: USER_NAMESPACES, run: few_descriptors },
    Test { name: "start/limits-of-the-spec", needs: USER_NAMESPACES, run: limits_of_the_spec },
    Test { name: "start/cve-2017-5226-no-terminal", needs: USER_NAMESPACES, run: terminal },
    Test { name: "start/shared-terminal", needs: USER_NAMESPACES, run: shared_terminal },
    Test { name: "start/streams-of-the-spec", needs: USER_NAMESPACES, run: streams_of_the_spec },
    Test { name: "start/streams-from-files", needs: USER_NAMESPACES, run: streams_from_files },
    Test { name: "start/streams-without-files", needs: USER_NAMESPACES, run: streams_without_files },
    Test { name: "start/kept-descriptors", needs: USER_NAMESPACES, run: kept_descriptors },
    Test { name: "start/kept-as-opened", needs: USER_NAMESPACES, run: kept_as_opened },
    Test { name: "start/cve-2024-21626-no-directory-is-kept", needs: USER_NAMESPACES, run: no_directory },
    Test {
        name: "start/cve-2024-21626-no-directory-as-a-stream",
        needs: USER_NAMESPACES,
        run: no_directory_as_a_stream,
    },
    Test { name: "start/inside-a-user-namespace", needs: USER_NAMESPACES, run: inside_a_user_namespace },
    Test { name: "start/keyring", needs: USER_NAMESPACES, run: keyring },
    Test { name: "start/in-place", needs: &[], run: in_place_too },
];

fn launcher(stage: &Stage, spec: Spec, questions: &[&str]) -> PathBuf {
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    stage.build(&spec.asking(&stage.site, &questions))
}

/// Launches under conditions, and returns what was answered inside.
#[track_caller]
fn started(stage: &Stage, conditions: &[&str], spec: Spec, questions: &[&str]) -> Answers {
    let run = stage.start(conditions, &launcher(stage, spec, questions));
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{conditions:?}: {}", run.stdout);
    run.answers()
}

fn closed_streams(stage: &Stage) {
    let own = launcher(stage, Spec::new(PLAIN), &["exit=7"]);
    for conditions in [&["close=0"][..], &["close=1"], &["close=2"], &["close=0", "close=1", "close=2"]] {
        assert_eq!(stage.start(conditions, &own).status, 7, "{conditions:?}");
    }
    // Not the probe, whose runtime opens /dev/null in the place of what is closed.
    let list = Spec::new(PLAIN).with(
        "process.args = ['/bin/ls', '-l', '/proc/self/fd']
         [filesystem]
         base = 'usr'
         proc = 'own'",
    );
    let run = stage.start(&["close=0"], &stage.build(&list));
    let entries: Vec<&str> = run.stdout.lines().filter(|line| line.contains(" -> ")).collect();
    assert_eq!(
        entries.len(),
        4,
        "three streams and the directory that is read: {}{}",
        run.stdout,
        run.stderr
    );
    assert!(entries[0].contains("0 -> /dev/null"), "{}", entries[0]);
}

/// As in a rootless container: uid 0 with all capabilities, one id mapped, and setgroups(2) denied for good.
fn inside_a_user_namespace(stage: &Stage) {
    let mapping = "[{ container_id = 65534, host_id = 0, size = 1 }]";
    let spec = Spec::new(PLAIN)
        .with(&format!("[namespaces]\nuser = {{ uid_mappings = {mapping}, gid_mappings = {mapping} }}"));
    let launcher = launcher(stage, spec, &["identity"]);
    let arguments = ["--user", "--map-root-user", launcher.to_str().expect("a plain path")];
    let run = stage.run(&PathBuf::from("/usr/bin/unshare"), &arguments);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers().expect(&[("uid", "65534,65534,65534"), ("no_new_privs", "1"), ("effective", "0")]);
}

fn many_descriptors(stage: &Stage) {
    let answers = started(stage, &["descriptors=900"], Spec::new(PLAIN), &["descriptors"]);
    answers.expect(&[("descriptors", "0,1,2")]);
}

fn deleted_directory(stage: &Stage) {
    let condition = format!("deleted_directory={}", stage.directory().display());
    let launcher = launcher(stage, Spec::new(PLAIN), &["place"]);
    let run = stage.start(&[&condition], &launcher);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    run.answers().expect(&[("cwd", "/")]);
}

fn umask(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(
        "process.umask = 0o027
         [filesystem.mounts]
         '/a/b/text' = { text = 'content' }
         '/tmp' = { tmpfs = '1MiB' }",
    );
    let questions = ["place", "read=/a/b/text", "read=/a", "read=/a/b", "read=/tmp", "open=/tmp/new,make"];
    started(stage, &["umask=777"], spec, &questions).expect(&[
        ("umask", "27"),
        ("content./a/b/text", "content"),
        ("make./tmp/new", "ok"),
    ]);
    let answers = started(
        stage,
        &["umask=0"],
        Spec::new(PLAIN).with("filesystem.mounts.'/a/b/c' = { text = 'x' }"),
        &["read=/a", "read=/a/b"],
    );
    for parent in ["/a", "/a/b"] {
        let mode = answers.get(&format!("mode.{parent}"));
        assert!(mode.starts_with("40755 "), "{parent}: {mode}");
    }
}

fn environment(stage: &Stage) {
    let spec =
        Spec::new(PLAIN).with("process.env = { FIXED = 'yes' }\nprocess.env_pass = ['PASSED', 'ABSENT']");
    let questions = ["environment"];
    let passed = ["environment=PASSED=a=b", "environment=SECRET=1", "environment=nonsense", "environment==x"];
    let answers = started(stage, &passed, spec.clone(), &questions);
    let variables: Vec<_> = answers.under("env.").collect();
    assert_eq!(variables, [("FIXED", "yes"), ("PASSED", "a=b")]);
    let answers = started(stage, &["no_environment"], spec, &questions);
    assert_eq!(answers.under("env.").collect::<Vec<_>>(), [("FIXED", "yes")]);
}

fn no_arguments(stage: &Stage) {
    started(stage, &["no_arguments"], Spec::new(PLAIN), &["environment"])
        .expect(&[("argv0", "/probe"), ("argc", "2")]);
}

fn signals(stage: &Stage) {
    let conditions = ["ignore=17", "ignore=1", "block=15", "block=17"];
    started(stage, &conditions, Spec::new(PLAIN), &["signals"]).expect(&[("ignored", ""), ("blocked", "0")]);
    // The control: a program that inherits it learns of no child's end.
    let control = [&["--start"], &conditions[..1], &["--", probe(stage), "run=/bin/true"]].concat();
    stage.run(&stage.ground.probe, &control).answers().expect(&[("run./bin/true", "ECHILD")]);
    let own = launcher(stage, Spec::new(PLAIN), &["exit=7"]);
    assert_eq!(stage.start(&conditions, &own).status, 7, "a status that nobody waits for is lost");
    // The probe's own runtime ignores SIGPIPE, so this wants a program without one.
    let grep = Spec::new(PLAIN).with(
        "process.args = ['/bin/grep', '-E', 'SigIgn|SigBlk', '/proc/self/status']
         [filesystem]
         base = 'usr'
         proc = 'own'",
    );
    let run = stage.start(&["ignore=13", "block=10"], &stage.build(&grep));
    let sets = run.stdout.lines().filter_map(|line| u64::from_str_radix(line.split_once('\t')?.1, 16).ok());
    // Of the others posix_spawn(3) ignores two.
    assert_eq!(sets.map(|set| set & 0x7fff_ffff).collect::<Vec<_>>(), [0, 0], "{}{}", run.stdout, run.stderr);
}

fn limits(stage: &Stage) {
    // RLIMIT_FSIZE, RLIMIT_STACK, RLIMIT_CORE: what a launcher does must not depend on them.
    for condition in ["limit=1:0", "limit=3:65536", "limit=4:0", "limit=7:16"] {
        let answers = started(stage, &[condition], Spec::new(PLAIN), &["identity"]);
        answers.expect(&[("uid", "65534,65534,65534")]);
    }
    // Too few descriptors to set anything up: an error that says so, never a program that runs with less.
    let run = stage.start(&["limit=7:3:3"], &launcher(stage, Spec::new(PLAIN), &["identity"]));
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("Too many open files"), "{}", run.stderr);
}

/// The launch has as many as the hard limit allows; the program has what the caller had.
fn few_descriptors(stage: &Stage) {
    let outside = stage.outside(&["rlimits".to_owned()]);
    let (_, hard) = outside.get("rlimit.7").split_once(',').expect("two limits");
    let own = Spec::new(PLAIN).with("filesystem.dev = 'minimal'");
    let without = in_place(stage).text().replace("nofile = 256", "");
    for spec in [own.clone(), Spec::new(&without)] {
        for soft in [0, 3, 4, 5, 64] {
            started(stage, &[&format!("limit=7:{soft}")], spec.clone(), &["rlimits"])
                .expect(&[("rlimit.7", &format!("{soft},{hard}"))]);
        }
    }
    for soft in [0, 5] {
        let condition = format!("limit=7:{soft}:64");
        started(stage, &[&condition], own.clone(), &["rlimits"])
            .expect(&[("rlimit.7", &format!("{soft},64"))]);
        let spec = own.clone().with("rlimits.nofile = { soft = 7, hard = 9 }");
        started(stage, &[&condition], spec, &["rlimits"]).expect(&[("rlimit.7", "7,9")]);
    }
}

fn limits_of_the_spec(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(
        "[rlimits]
         core = 0
         nofile = { soft = 64, hard = 128 }
         fsize = '1MiB'
         nproc = 100
         cpu = 10
         stack = '1MiB'
         data = '64MiB'
         as = '256MiB'
         memlock = 0
         locks = 10
         sigpending = 20
         msgqueue = 0
         nice = 0
         rtprio = 0
         rttime = 1000000
         rss = '64MiB'",
    );
    stage.ask(spec, &["rlimits"]).expect(&[
        ("rlimit.0", "10,10"),
        ("rlimit.1", "1048576,1048576"),
        ("rlimit.2", "67108864,67108864"),
        ("rlimit.3", "1048576,1048576"),
        ("rlimit.4", "0,0"),
        ("rlimit.5", "67108864,67108864"),
        ("rlimit.6", "100,100"),
        ("rlimit.7", "64,128"),
        ("rlimit.8", "0,0"),
        ("rlimit.9", "268435456,268435456"),
        ("rlimit.10", "10,10"),
        ("rlimit.11", "20,20"),
        ("rlimit.12", "0,0"),
        ("rlimit.13", "0,0"),
        ("rlimit.14", "0,0"),
        ("rlimit.15", "1000000,1000000"),
    ]);
}

fn terminal(stage: &Stage) {
    let bare = stage.start(&["terminal"], &stage.ground.probe);
    assert_eq!(bare.status, 0, "{}", bare.stderr);
    // With a filter, and with the session alone.
    for filter in ["", "default_action = 'allow'"] {
        let spec = Spec::new(PLAIN).with(&format!("filesystem.dev = 'minimal'\n[seccomp]\n{filter}"));
        expect_no_terminal(stage, spec);
    }
}

fn probe(stage: &Stage) -> &str {
    stage.ground.probe.to_str().expect("a plain path")
}

fn expect_no_terminal(stage: &Stage, spec: Spec) {
    // The control: without a launcher there is a terminal, and it takes what is pushed into it.
    let arguments = ["--start", "terminal", "--", probe(stage), "terminal"];
    let control = stage.run(&stage.ground.probe, &arguments).answers();
    control.expect(&[("tty", "ok"), ("terminal.0", "ok"), ("paste", "ENOTTY")]);
    let answers = started(stage, &["terminal"], spec, &["terminal", "identity"]);
    answers.expect(&[("tty", "ENXIO"), ("terminal.0", "ok")]);
    assert_ne!(answers.get("push"), "ok");
}

/// The terminal stays, and nothing can be pushed into it, also with a high bit that the kernel does not look at.
fn shared_terminal(stage: &Stage) {
    for filter in ["allow = ['@system-service']", "default_action = 'allow'"] {
        let spec = Spec::new(&PLAIN.replace("allow = ['@system-service']", filter))
            .with("process.terminal = 'inherit'\nfilesystem.dev = 'minimal'");
        let answers = started(stage, &["terminal"], spec, &["terminal", "identity"]);
        answers.expect(&[
            ("tty", "ok"),
            ("terminal.0", "ok"),
            ("push", "EPERM"),
            ("push.high", "EPERM"),
            ("paste", "EPERM"),
        ]);
    }
}

fn streams_of_the_spec(stage: &Stage) {
    let spec =
        Spec::new(PLAIN).with("process.stdin = 'null'\nprocess.stderr = 'null'\nfilesystem.proc = 'own'");
    let answers = stage.ask(spec, &["descriptors"]);
    answers.expect(&[("descriptors", "0,1,2")]);
    for descriptor in ["descriptor.0", "descriptor.2"] {
        assert!(answers.get(descriptor).ends_with("null"), "{}", answers.get(descriptor));
    }
    let silent = Spec::new(PLAIN).with("process.stdout = 'null'");
    let run = stage.run(&launcher(stage, silent, &["identity"]), &[]);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""));
}

fn streams_from_files(stage: &Stage) {
    let at = |name: &str| stage.directory().join(name);
    let write = |name: &str, text: &str| {
        fs::write(at(name), text).expect("a file");
        fs::set_permissions(at(name), Permissions::from_mode(0o666)).expect("chmod");
    };
    let lead = |name: &str| format!("{{ file = '{}' }}", at(name).display());
    for spec in [Spec::new(PLAIN).with("filesystem.base = 'usr'"), in_place(stage)] {
        write("input", "from the host\n");
        write("log", "before\n");
        let spec = spec.with(&format!(
            "[process]
             args = ['/bin/sh', '-c', 'cat; echo >&2 an error; echo x >&0']
             stdin = {}
             stdout = {}
             stderr = {}",
            lead("input"),
            lead("log"),
            lead("log"),
        ));
        let run = stage.launch(&spec);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
        let log = fs::read_to_string(at("log")).expect("the log");
        assert!(log.starts_with("before\nfrom the host\nan error\n"), "{log}");
        assert_eq!(fs::read_to_string(at("input")).expect("the input"), "from the host\n", "it is read-only");
    }
}

/// Nothing is created, and nothing waits.
fn streams_without_files(stage: &Stage) {
    let at = |name: &str| stage.directory().join(name);
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::from_bits_truncate(0o666)).expect("a FIFO");
    fs::set_permissions(at("fifo"), Permissions::from_mode(0o666)).expect("chmod");
    for (stream, name, words) in [
        ("stdin", "absent", "absent: No such file or directory"),
        ("stdout", "absent", "absent: No such file or directory"),
        ("stderr", "fifo", "a FIFO only when somebody reads it"),
    ] {
        let line = format!("process.{stream} = {{ file = '{}' }}", at(name).display());
        expect_refused(stage, Spec::new(PLAIN).with(&line), words);
    }
    assert!(!at("absent").exists(), "it was created on the host");
}

fn kept_descriptors(stage: &Stage) {
    let keep = "process.keep_fds = [9, 3, 4]";
    for spec in [Spec::new(PLAIN).with(keep), in_place(stage).with(keep)] {
        let own = launcher(stage, spec.clone(), &["descriptors"]);
        let run = with_descriptors(stage, "3</dev/null 4</dev/null 5</dev/null 9</dev/null", &own);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        run.answers().expect(&[("descriptors", "0,1,2,3,4,9")]);
        // Not open: a descriptor of the launcher's own must not be there instead.
        expect_refused(stage, spec, "keep descriptor 3: Bad file descriptor");
    }
}

fn with_descriptors(stage: &Stage, redirections: &str, launcher: &Path) -> Run {
    let script = format!("exec {redirections}; exec {}", launcher.display());
    stage.run(Path::new("/bin/sh"), &["-c", &script])
}

/// What is kept cannot be opened through /proc for more than it is open for: Landlock refuses that, or the launch does.
fn kept_as_opened(stage: &Stage) {
    let file = stage.directory().join("kept");
    fs::write(&file, "kept").expect("a file");
    fs::set_permissions(&file, Permissions::from_mode(0o666)).expect("chmod");
    let file = file.display().to_string();
    let again = ["open=/proc/self/fd/3,write", "open=/proc/self/fd/3,read"];
    let keep = || Spec::new(PLAIN).with("process.keep_fds = [3]");
    let with_proc = || keep().with("filesystem.proc = 'own'");
    let open = || with_proc().with("landlock.filesystem = 'everything'");
    let refused = |run: &Run| {
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
        assert!(run.stderr.contains("open this file again through /proc"), "{}", run.stderr);
    };
    for (redirection, write, read) in
        [(format!("3<{file}"), "EACCES", "ok"), (format!("3>>{file}"), "ok", "EACCES")]
    {
        let run = with_descriptors(stage, &redirection, &launcher(stage, with_proc(), &again));
        if run.status == 0 {
            let answers = run.answers();
            answers.expect(&[("write./proc/self/fd/3", write), ("read./proc/self/fd/3", read)]);
        } else {
            refused(&run);
        }
        refused(&with_descriptors(stage, &redirection, &launcher(stage, open(), &again)));
        let in_place = in_place(stage).with("process.keep_fds = [3]");
        refused(&with_descriptors(stage, &redirection, &launcher(stage, in_place, &again)));
        // Landlock is never asked about files that have no name.
        let unlinked = format!("{redirection}; rm {file}; :");
        refused(&with_descriptors(stage, &unlinked, &launcher(stage, with_proc(), &again)));
        fs::write(&file, "kept").expect("a file");
        fs::set_permissions(&file, Permissions::from_mode(0o666)).expect("chmod");
        // Nothing to open it again by.
        let alone = with_descriptors(
            stage,
            &redirection,
            &launcher(stage, keep().with("landlock.filesystem = 'everything'"), &["exit=0"]),
        );
        assert_eq!(alone.status, 0, "{}", alone.stderr);
    }
    // Nothing more to have: for both already, or a file that is not the program's to write.
    for redirection in [format!("3<>{file}"), "3</etc/passwd".to_owned()] {
        let run = with_descriptors(stage, &redirection, &launcher(stage, open(), &["exit=0"]));
        assert_eq!(run.status, 0, "{redirection}: {}", run.stderr);
    }
}

/// A directory would be a way out of every root.
fn no_directory(stage: &Stage) {
    let own = launcher(stage, Spec::new(PLAIN).with("process.keep_fds = [5]"), &["identity"]);
    assert_eq!(with_descriptors(stage, "5</dev/null", &own).status, 0);
    let run = with_descriptors(stage, "5</", &own);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""));
    assert!(run.stderr.contains("keep descriptor 5: is a directory"), "{}", run.stderr);
}

/// The same for the streams that the program inherits, in every kind of sandbox.
fn no_directory_as_a_stream(stage: &Stage) {
    let inherit = "process.stdin = 'inherit'";
    for spec in [Spec::new(PLAIN).with(inherit), in_place(stage).with(inherit)] {
        let own = launcher(stage, spec, &["exit=7"]);
        for descriptor in ["0", "1", "2"] {
            let run = stage.start(&[&format!("directory_at={descriptor}")], &own);
            assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
            let words = format!("keep standard stream {descriptor}: is a directory");
            // Nobody hears it when it is the one for errors.
            assert!(run.stderr.contains(&words) || descriptor == "2", "{}", run.stderr);
        }
    }
}

fn keyring(stage: &Stage) {
    let outside = stage.outside(&["keyring".to_owned()]);
    let [first, second] = [(); 2].map(|()| stage.ask(Spec::new(PLAIN), &["keyring"]).number("keyring"));
    assert!(first > 0 && first != second && first != outside.number("keyring"), "{first} {second}");
}

/// The same for a launcher that never forks.
fn in_place_too(stage: &Stage) {
    let spec = || in_place(stage);
    started(
        stage,
        &["descriptors=200", "ignore=17", "block=15", "umask=777"],
        spec(),
        &["descriptors", "signals"],
    )
    .expect(&[("descriptors", "0,1,2"), ("ignored", ""), ("blocked", "0")]);
    started(stage, &["no_arguments", "no_environment"], spec(), &["environment"])
        .expect(&[("env.PATH", "/usr/bin")]);
    expect_no_terminal(stage, spec());
}
