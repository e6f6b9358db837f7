//! Id maps: what an ordinary user may have by hand, what newuidmap(1) gives beyond that, and what happens without it.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Run, Spec, Stage, wait};
use crate::life::{expect_gone, processes_with};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, chown, getegid};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Root sets the ground for the ordinary user 65534.
const PROGRAMS: &[Need] = &[Need::Root, Need::UserNamespaces, Need::Program("newuidmap")];
const STANDING_IN: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "maps/own-ids", needs: &[Need::UserNamespaces], run: own_ids },
    Test { name: "maps/many-ids", needs: PROGRAMS, run: many_ids },
    Test { name: "maps/one-id-of-another", needs: PROGRAMS, run: one_id_of_another },
    Test { name: "maps/no-range", needs: PROGRAMS, run: no_range },
    Test { name: "maps/no-program", needs: STANDING_IN, run: no_program },
    Test { name: "maps/what-the-program-gets", needs: STANDING_IN, run: what_the_program_gets },
    Test { name: "maps/program-that-hangs", needs: STANDING_IN, run: program_that_hangs },
    Test { name: "maps/killed-while-asking", needs: STANDING_IN, run: killed_while_asking },
];

/// A spec with one map for users and groups.
pub fn mapped(uid: u32, lines: &str) -> Spec {
    Spec::new(PLAIN).with(&format!(
        "process.user = {{ uid = {uid}, gid = {uid} }}
         filesystem.proc = 'own'
         namespaces.user = {{ uid_mappings = [{lines}], gid_mappings = [{lines}] }}"
    ))
}

fn line(inside: u32, outside: u32, size: u32) -> String {
    format!("{{ container_id = {inside}, host_id = {outside}, size = {size} }}")
}

/// Launches as 65534 where /etc has the given ranges and no file of the machine's.
pub fn with_ranges(stage: &Stage, ranges: &str, more: &[&str], launcher: &Path) -> Run {
    let etc = stage.directory().join("etc");
    fs::create_dir_all(&etc).expect("a directory");
    fs::set_permissions(&etc, Permissions::from_mode(0o755)).expect("chmod");
    for (name, text) in [
        ("passwd", "nobody:x:65534:65534::/:/bin/false\n"),
        ("group", "nogroup:x:65534:\n"),
        ("subuid", ranges),
        ("subgid", ranges),
    ] {
        fs::write(etc.join(name), text).expect("a file");
    }
    let cover = format!("cover={}:/etc", etc.display());
    stage.start(&[&[cover.as_str()], more, &["user=65534"]].concat(), launcher)
}

#[track_caller]
fn expect_refused(run: &Run, words: &[&str]) {
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    for words in words {
        assert!(run.stderr.contains(words), "no `{words}` in: {}", run.stderr);
    }
}

fn build(stage: &Stage, spec: Spec, questions: &[&str]) -> std::path::PathBuf {
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    stage.build(&spec.asking(&stage.site, &questions))
}

/// Another id inside than outside needs nobody's help when it is the caller's own.
fn own_ids(stage: &Stage) {
    let uid = stage.person.uid();
    let (uid, gid) = match uid {
        0 => (65534, 65534),
        65534 => (uid, 65534),
        _ => (uid, getegid().as_raw()),
    };
    let spec = Spec::new(PLAIN).with(&format!(
        "process.user = {{ uid = 7, gid = 8 }}
         filesystem.proc = 'own'
         namespaces.user = {{ uid_mappings = [{}], gid_mappings = [{}] }}",
        line(7, uid, 1),
        line(8, gid, 1)
    ));
    let uid_map = format!("7 {uid} 1");
    stage.ask(spec, &["maps", "identity"]).expect(&[
        ("uid_map", uid_map.as_str()),
        ("gid_map", format!("8 {gid} 1").as_str()),
        ("setgroups", "deny"),
        ("uid", "7,7,7"),
        ("gid", "8,8,8"),
        ("effective", "0"),
    ]);
}

/// Several ranges: by hand for root, by newuidmap(1) for an ordinary user; inside it is the same.
fn many_ids(stage: &Stage) {
    let shared = stage.directory().join("shared");
    fs::create_dir(&shared).expect("a directory");
    fs::write(shared.join("file"), "of another\n").expect("a file");
    fs::set_permissions(shared.join("file"), Permissions::from_mode(0o640)).expect("chmod");
    chown(&shared.join("file"), Some(100_004.into()), Some(100_005.into())).expect("chown");
    let spec = mapped(0, &[line(0, 65534, 1), line(1, 100_000, 1000)].join(", ")).with(&format!(
        "process.capabilities = ['CAP_CHOWN', 'CAP_SETUID']
         seccomp.allow = ['@system-service', '@setuid']
         [filesystem.mounts]
         '/tmp' = {{ tmpfs = '1MiB' }}
         '/srv' = {{ bind = '{}' }}",
        shared.display()
    ));
    let questions = [
        "maps",
        "identity",
        "read=/srv/file",
        "open=/tmp/file,make",
        "chown=/tmp/file,5,7",
        "read=/tmp/file",
        "open=/tmp/other,make",
        "chown=/tmp/other,1001,7",
        // setresuid(2), to an id that is mapped and to one that is not.
        "call=117,3e9,3e9,3e9",
        "call=117,5,5,5",
        "as=later.",
        "identity",
        "read=/srv/file",
    ];
    let launcher = build(stage, spec, &questions);
    let ordinary = with_ranges(stage, "nobody:100000:65536\n", &["subreaper"], &launcher);
    assert_eq!(ordinary.stderr, "status=0\nleft=nothing\n");
    for run in [ordinary, stage.run(&launcher, &[])] {
        run.answers().expect(&[
            ("uid_map", "0 65534 1;1 100000 1000"),
            ("gid_map", "0 65534 1;1 100000 1000"),
            ("setgroups", "deny"),
            ("setgroups_call", "EPERM"),
            ("uid", "0,0,0"),
            ("mode./srv/file", "100640 5:6"),
            ("chown./tmp/file", "ok"),
            ("mode./tmp/file", "100600 5:7"),
            ("chown./tmp/other", "EINVAL"),
            ("call.117.3e9.3e9.3e9", "EINVAL"),
            ("call.117.5.5.5", "ok"),
            ("later.uid", "5,5,5"),
            ("later.content./srv/file", "of another\\n"),
        ]);
        // The control: before the change of ids the file was somebody else's.
        assert!(run.answers().get("content./srv/file").contains("Permission denied"));
    }
}

/// One line with one id is written by hand only when the id is the caller's.
fn one_id_of_another(stage: &Stage) {
    let launcher = build(stage, mapped(0, &line(0, 100_000, 1)), &["maps", "identity"]);
    let run = with_ranges(stage, "65534:100000:1\n", &[], &launcher);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers().expect(&[
        ("uid_map", "0 100000 1"),
        ("gid_map", "0 100000 1"),
        ("setgroups", "deny"),
        ("uid", "0,0,0"),
    ]);
    expect_refused(&with_ranges(stage, "65534:100001:1\n", &[], &launcher), &["newgidmap: "]);
}

fn no_range(stage: &Stage) {
    let launcher = build(stage, mapped(0, &[line(0, 65534, 1), line(1, 100_000, 9)].join(", ")), &["maps"]);
    for ranges in ["", "root:100000:65536\n", "nobody:100000:8\n"] {
        let run = with_ranges(stage, ranges, &[], &launcher);
        // What the program itself says comes first.
        let own = "spec.sandbox.toml:";
        expect_refused(
            &run,
            &["newgidmap: gid range", own, "newgidmap: ended with status 1; ", "/etc/subuid"],
        );
        let watched = with_ranges(stage, ranges, &["subreaper"], &launcher);
        assert!(watched.stderr.ends_with("status=125\nleft=nothing\n"), "{}", watched.stderr);
    }
}

/// Something that stands where newgidmap(1) is expected.
fn standing_in(stage: &Stage, script: &str) -> String {
    let file = stage.directory().join("newgidmap");
    fs::write(&file, script).expect("a file");
    fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("chmod");
    // Where the machine has none there is a place for it all the same.
    let directory = stage.directory().join("bin");
    fs::create_dir_all(&directory).expect("a directory");
    for program in ["sh", "sleep", "cat", "ls", "env", "grep"] {
        let found = Need::program(program).expect("a program that every machine has");
        _ = fs::copy(found, directory.join(program)).expect("a copy");
    }
    _ = fs::copy(&file, directory.join("newgidmap")).expect("a copy");
    format!("cover={}:/usr/bin", directory.display())
}

fn two_lines(stage: &Stage) -> std::path::PathBuf {
    build(stage, mapped(0, &[line(0, 65534, 1), line(1, 100_000, 9)].join(", ")), &["maps"])
}

fn no_program(stage: &Stage) {
    let launcher = two_lines(stage);
    let empty = standing_in(stage, "");
    let run = stage.start(&[&empty, "user=65534"], &launcher);
    expect_refused(&run, &["/usr/bin/newgidmap: Exec format error; ", "install the package uidmap"]);
    fs::remove_file(stage.directory().join("bin/newgidmap")).expect("a copy");
    let run = stage.start(&[&empty, "user=65534"], &launcher);
    expect_refused(&run, &["/usr/bin/newgidmap: No such file or directory; ", "install the package uidmap"]);
    // Nobody else needs it.
    assert_eq!(stage.start(&[&empty], &launcher).status, 0);
}

/// The child's pid and the lines, and nothing of the launch but the standard streams.
fn what_the_program_gets(stage: &Stage) {
    let launcher = two_lines(stage);
    let get = |script: &str| {
        let stand_in = standing_in(stage, script);
        let run = stage.start(&[&stand_in, "ignore=15", "descriptors=5", "user=65534"], &launcher);
        assert_eq!(run.status, 125, "{}", run.stderr);
        assert!(run.stderr.contains("/usr/bin/newgidmap: ended with status "), "{}", run.stderr);
        run.stdout
    };
    let said = get("#!/usr/bin/sh\necho $0 $*; cat /proc/$1/setgroups; ls /proc/self/fd; env; exit 3\n");
    let lines: Vec<&str> = said.lines().collect();
    let words: Vec<&str> = lines[0].split(' ').collect();
    assert_eq!((words[0], words[2..].join(" ").as_str()), ("/usr/bin/newgidmap", "0 65534 1 1 100000 9"));
    assert!(words[1].parse::<u32>().is_ok(), "{said}");
    // The fourth descriptor is the directory that is listed.
    assert_eq!(lines[1..6], ["deny", "0", "1", "2", "3"], "{said}");
    // The shell itself adds the working directory.
    assert!(
        lines[6..].iter().all(|line| ["PWD=", "OLDPWD=", "_="].iter().any(|own| line.starts_with(own))),
        "{said}"
    );
    // A shell would set its mask anew.
    let status = get("#!/usr/bin/cat /proc/self/status\n");
    // What the terminal sends to the launcher's session is not for it.
    let number = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).expect("a number");
    assert_eq!(number("NSsid:"), number("NSpid:"), "{status}");
    for mask in ["SigBlk", "SigIgn"] {
        assert!(status.contains(&format!("{mask}:\t0000000000000000\n")), "{status}");
    }
}

/// It hangs no longer than anybody who is concerned lives, and nothing is left.
fn program_that_hangs(stage: &Stage) {
    let launcher = two_lines(stage);
    let mark = format!("60.{}", stage.site.key);
    let stand_in = standing_in(stage, &format!("#!/usr/bin/sh\nexec /usr/bin/sleep {mark}\n"));
    let (path, probe) = (launcher.display().to_string(), stage.ground.probe.as_path());
    let end = |whom: fn(Pid, Pid, Pid) -> Pid, signal, status, words: &str| {
        let child = stage.spawn(probe, &["--start", &stand_in, "user=65534", "--", &path]);
        let own = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        let assistant = await_one(&mark, own);
        let inside = await_one(&path, own);
        let killed = Instant::now();
        kill(whom(own, inside, assistant), signal).expect("kill");
        // Whoever is left holds the output open.
        let run = wait(child);
        assert!(killed.elapsed() < Duration::from_secs(20), "{signal}: something outlived the launcher");
        assert_eq!((run.status, run.stdout.as_str()), (status, ""), "{signal}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{signal}: {}", run.stderr);
        expect_gone(&mark);
        expect_gone(&path);
    };
    end(|own, _, _| own, Signal::SIGTERM, 125, "newgidmap: ended before the program started");
    end(|own, _, _| own, Signal::SIGINT, 125, "newgidmap: ended before the program started");
    end(|own, _, _| own, Signal::SIGKILL, 137, "");
    end(|_, inside, _| inside, Signal::SIGKILL, 125, "newgidmap: ended before the program started");
    end(|_, _, assistant| assistant, Signal::SIGKILL, 125, "newgidmap: ended with status 137");
}

/// However little it has begun when the launcher is killed, it ends too.
fn killed_while_asking(stage: &Stage) {
    let launcher = two_lines(stage).display().to_string();
    let stand_in = standing_in(stage, "#!/usr/bin/sh\nexec /usr/bin/sleep 8\n");
    let probe = stage.ground.probe.as_path();
    let own = probe.to_str().expect("a plain path");
    for nth in 1.. {
        let fault = format!("{nth}:kill");
        let run = stage
            .run(probe, &["--start", &stand_in, "user=65534", "--", own, "--fault", &fault, "--", &launcher]);
        assert!(!run.stderr.contains("left="), "killed at call {nth}: {}", run.stderr);
        if !run.stderr.contains("fault=") {
            assert!(nth > 40, "only {nth} calls were made: {}", run.stderr);
            break;
        }
        assert_eq!(run.status, 137, "killed at call {nth}");
    }
}

/// The process, other than the launcher's own, with this in its arguments.
fn await_one(mark: &str, own: Pid) -> Pid {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let found = processes_with(mark).into_iter().find(|pid| *pid != own.as_raw());
        if let Some(pid) = found {
            return Pid::from_raw(pid);
        }
        assert!(Instant::now() < deadline, "no process with {mark}");
        sleep(Duration::from_millis(5));
    }
}
