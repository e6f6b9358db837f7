//! Paths that only the launch knows: where the launcher is started, the home and runtime directories, the caller's ids.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Answers, Need, Run, Spec, Stage};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "runtime/cwd", needs: USER_NAMESPACES, run: cwd },
    Test { name: "runtime/cwd-is-refused-at-home", needs: USER_NAMESPACES, run: cwd_at_home },
    Test { name: "runtime/cwd-is-refused-at-the-root", needs: USER_NAMESPACES, run: cwd_at_the_root },
    Test { name: "runtime/cwd-without-a-home", needs: USER_NAMESPACES, run: cwd_without_a_home },
    Test { name: "runtime/cwd-was-removed", needs: USER_NAMESPACES, run: cwd_was_removed },
    Test { name: "runtime/cwd-outside-of-the-root", needs: &[Need::Root], run: cwd_outside_of_the_root },
    Test { name: "runtime/cwd-is-long", needs: USER_NAMESPACES, run: cwd_is_long },
    Test { name: "runtime/home", needs: USER_NAMESPACES, run: home },
    Test { name: "runtime/home-must-be-there", needs: USER_NAMESPACES, run: home_must_be_there },
    Test { name: "runtime/runtime-directory-and-ids", needs: USER_NAMESPACES, run: runtime_directory },
    Test {
        name: "runtime/joined-namespace",
        needs: &[Need::Root, Need::UserNamespaces],
        run: joined_namespace,
    },
    Test { name: "runtime/overlay", needs: USER_NAMESPACES, run: overlay },
    Test { name: "runtime/work-here", needs: USER_NAMESPACES, run: work_here },
    Test { name: "runtime/streams", needs: &[], run: streams },
];

/// A directory that everybody may write to, with a file that says its name.
fn directory(stage: &Stage, name: &str) -> PathBuf {
    let path = stage.directory().join(name);
    fs::create_dir_all(&path).expect("a directory");
    for part in path.ancestors().take_while(|part| *part != stage.directory()) {
        fs::set_permissions(part, Permissions::from_mode(0o777)).expect("chmod");
    }
    fs::write(path.join("name"), name).expect("a file");
    path
}

fn launcher(stage: &Stage, mounts: &str) -> PathBuf {
    let questions = ["read=/a/name", "read=/b/name", "open=/a/new,make", "place"].map(str::to_owned);
    let spec = Spec::new(PLAIN).with(&format!("[filesystem.mounts]\n{mounts}"));
    stage.build(&spec.asking(&stage.site, &questions))
}

/// Started in a directory, with these variables alone.
fn started(stage: &Stage, launcher: &Path, cwd: &Path, environment: &[String]) -> Run {
    let cwd = format!("cwd={}", cwd.display());
    let variables: Vec<String> =
        environment.iter().map(|variable| format!("environment={variable}")).collect();
    let conditions = [&cwd, "no_environment"].into_iter().chain(variables.iter().map(String::as_str));
    stage.start(&conditions.collect::<Vec<_>>(), launcher)
}

fn variable(name: &str, path: &Path) -> Vec<String> {
    vec![format!("{name}={}", path.display())]
}

#[track_caller]
fn answers(run: &Run) -> Answers {
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers()
}

#[track_caller]
fn expect_refused(run: &Run, words: &str) {
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains(words), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

const CWD: &str = "'/a' = { bind = '${run.cwd}', writable = true }";
const AT_HOME: &str = "grant run.cwd: is the home directory or above it";

fn cwd(stage: &Stage) {
    let [work, home] = ["work", "home"].map(|name| directory(stage, name));
    let own = launcher(stage, &format!("{CWD}\n'/b' = {{ bind = '${{run.cwd}}/sub' }}"));
    directory(stage, "work/sub");
    let run = started(stage, &own, &work, &variable("HOME", &home));
    answers(&run).expect(&[
        ("content./a/name", "work"),
        ("content./b/name", "work/sub"),
        ("make./a/new", "ok"),
    ]);
    assert!(work.join("new").exists(), "it was written elsewhere");
    // The program is where the spec says, and a name that begins like the home directory's is not in it.
    answers(&run).expect(&[("cwd", "/")]);
    let beside = directory(stage, "homework");
    directory(stage, "homework/sub");
    answers(&started(stage, &own, &beside, &variable("HOME", &home)))
        .expect(&[("content./a/name", "homework")]);
    // Within it is what people work in.
    directory(stage, "home/project/sub");
    let project = directory(stage, "home/project");
    answers(&started(stage, &own, &project, &variable("HOME", &home)))
        .expect(&[("content./a/name", "home/project")]);
}

fn cwd_at_home(stage: &Stage) {
    let real = directory(stage, "above/real");
    let link = stage.directory().join("link");
    symlink(&real, &link).expect("a link");
    directory(stage, "above/real/sub");
    let above = directory(stage, "above");
    directory(stage, "above/sub");
    let dotted = real.join("../real/.");
    let slashed = PathBuf::from(format!("{}//", real.display()));
    for mounts in
        [CWD, "'/a' = { bind = '${run.cwd}/sub' }", "'/a' = { overlay = ['${run.cwd}/sub', '/usr'] }"]
    {
        let own = launcher(stage, mounts);
        for home in [&real, &link, &dotted, &slashed] {
            for cwd in [&real, &link, &above, &stage.directory().to_path_buf()] {
                expect_refused(&started(stage, &own, cwd, &variable("HOME", home)), AT_HOME);
            }
        }
    }
    // A home that cannot be entered is compared as it is written.
    let own = launcher(stage, CWD);
    let nowhere = real.join("nowhere");
    expect_refused(&started(stage, &own, &real, &variable("HOME", &nowhere)), AT_HOME);
    // What is found in it, and no directory, may be used there.
    let file = Spec::new(PLAIN).with("process.stdin = { file = '${run.cwd}/name' }");
    let own = stage.build(&file.asking(&stage.site, &["identity".to_owned()]));
    answers(&started(stage, &own, &real, &variable("HOME", &real))).expect(&[("uid", "65534,65534,65534")]);
}

fn cwd_at_the_root(stage: &Stage) {
    let root = Path::new("/");
    for mounts in [CWD, "'/a' = { bind = '${run.cwd}/etc' }"] {
        let own = launcher(stage, mounts);
        for environment in [vec![], variable("HOME", stage.directory()), variable("HOME", root)] {
            expect_refused(
                &started(stage, &own, root, &environment),
                "find run.cwd: is /, which is not granted",
            );
        }
    }
}

fn cwd_without_a_home(stage: &Stage) {
    let work = directory(stage, "work");
    let own = launcher(stage, CWD);
    let long = "x/".repeat(3000);
    // Whether the working directory is the home directory cannot be told then.
    for home in [None, Some(""), Some("work"), Some("."), Some("~")] {
        let environment: Vec<String> = home.iter().map(|home| format!("HOME={home}")).collect();
        let run = started(stage, &own, &work, &environment);
        expect_refused(&run, "grant run.cwd: $HOME is not set to an absolute path");
    }
    let environment = [format!("HOME=/{long}")];
    answers(&started(stage, &own, &work, &environment)).expect(&[("content./a/name", "work")]);
}

fn cwd_was_removed(stage: &Stage) {
    let condition = format!("deleted_directory={}", stage.directory().display());
    let run = stage.start(&[&condition], &launcher(stage, CWD));
    expect_refused(&run, "find run.cwd: No such file or directory; the working directory was removed");
}

/// In a chroot with a working directory that was not left: getcwd(2) answers with no path.
fn cwd_outside_of_the_root(stage: &Stage) {
    let inner = directory(stage, "inner");
    let own = launcher(stage, CWD);
    fs::copy(own, inner.join("launcher")).expect("a copy");
    let chroot = format!("chroot_alone={}", inner.display());
    let run = stage.start(&[&chroot], Path::new("/launcher"));
    expect_refused(&run, "find run.cwd: is outside of the launcher's root");
}

fn cwd_is_long(stage: &Stage) {
    let name = "d".repeat(200);
    let mut path = directory(stage, "deep");
    while path.as_os_str().len() + name.len() + 1 < 4000 {
        path.push(&name);
    }
    path.push("e".repeat(4000 - path.as_os_str().len() - 1));
    fs::create_dir_all(&path).expect("directories");
    for part in path.ancestors().take_while(|part| *part != stage.directory()) {
        fs::set_permissions(part, Permissions::from_mode(0o777)).expect("chmod");
    }
    assert_eq!(path.as_os_str().len(), 4000);
    fs::write(path.join("name"), "deep").expect("a file");
    let own = launcher(stage, CWD);
    let home = variable("HOME", &directory(stage, "home"));
    answers(&started(stage, &own, &path, &home))
        .expect(&[("content./a/name", "deep"), ("make./a/new", "ok")]);
    // What does not fit any more is no other place.
    let rest = "r".repeat(100);
    let own = launcher(stage, &format!("'/a' = {{ bind = '${{run.cwd}}/{rest}', optional = true }}"));
    expect_refused(&started(stage, &own, &path, &home), &format!("open ${{run.cwd}}/{rest}: too long"));
}

fn home(stage: &Stage) {
    let home = directory(stage, "home");
    directory(stage, "home/.config/app");
    let link = stage.directory().join("link");
    symlink("home", &link).expect("a link");
    let own = launcher(stage, "'/a' = { bind = '${run.home}' }\n'/b' = { bind = '${run.home}/.config/app' }");
    for home in [&home, &link] {
        answers(&started(stage, &own, Path::new("/"), &variable("HOME", home)))
            .expect(&[("content./a/name", "home"), ("content./b/name", "home/.config/app")]);
    }
    // Together with the working directory, which is not it.
    let work = directory(stage, "work");
    let own = launcher(stage, &format!("{CWD}\n'/b' = {{ bind = '${{run.home}}' }}"));
    answers(&started(stage, &own, &work, &variable("HOME", &home)))
        .expect(&[("content./a/name", "work"), ("content./b/name", "home")]);
    expect_refused(&started(stage, &own, &home, &variable("HOME", &home)), AT_HOME);
}

fn home_must_be_there(stage: &Stage) {
    let own = launcher(stage, "'/a' = { bind = '${run.home}', optional = true }");
    let work = directory(stage, "work");
    let started = |environment: &[String]| started(stage, &own, &work, environment);
    let absent = "find run.home: $HOME is not set to an absolute path";
    for home in ["HOME", "HOME=", "HOME=work", "HOME=./", "XHOME=/tmp"] {
        expect_refused(&started(&[home.to_owned()]), absent);
    }
    expect_refused(&started(&[]), absent);
    for home in ["/", "//", "/usr/..", "/proc/self/root"] {
        expect_refused(&started(&[format!("HOME={home}")]), "find run.home: $HOME leads to /");
    }
    let nowhere = variable("HOME", &work.join("nowhere"));
    expect_refused(&started(&nowhere), "find run.home: No such file or directory; it must be a directory");
    expect_refused(&started(&variable("HOME", &work.join("name"))), "find run.home: Not a directory");
    // The first of two is the one that programs see.
    let both = [variable("HOME", &work), variable("HOME", Path::new("/"))].concat();
    answers(&started(&both)).expect(&[("content./a/name", "work")]);
}

fn runtime_directory(stage: &Stage) {
    let uid = stage.person.uid();
    let gid = if uid == 65534 { 65534 } else { nix::unistd::getegid().as_raw() };
    let runtime = directory(stage, &format!("user/{uid}"));
    directory(stage, &format!("user/{uid}/of-{gid}"));
    let place = stage.directory().display();
    let own = launcher(
        stage,
        &format!(
            "'/a' = {{ bind = '${{run.runtime_dir}}' }}
             '/b' = {{ bind = '{place}/user/${{run.uid}}/of-${{run.gid}}' }}"
        ),
    );
    answers(&started(stage, &own, Path::new("/"), &variable("XDG_RUNTIME_DIR", &runtime))).expect(&[
        ("content./a/name", &format!("user/{uid}")),
        ("content./b/name", &format!("user/{uid}/of-{gid}")),
    ]);
    let absent = "find run.runtime_dir: $XDG_RUNTIME_DIR is not set to an absolute path";
    expect_refused(&started(stage, &own, Path::new("/"), &variable("HOME", &runtime)), absent);
    // A socket in it, which is what it is for.
    let socket = runtime.join("bus");
    let _service = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    fs::set_permissions(&socket, Permissions::from_mode(0o777)).expect("chmod");
    let spec = Spec::new(PLAIN).with("filesystem.mounts.'/bus' = { socket = '${run.runtime_dir}/bus' }");
    let own = stage.build(&spec.asking(&stage.site, &["connect=/bus".to_owned()]));
    answers(&started(stage, &own, Path::new("/"), &variable("XDG_RUNTIME_DIR", &runtime)))
        .expect(&[("connect./bus", "ok")]);
}

fn joined_namespace(stage: &Stage) {
    let runtime = directory(stage, "runtime");
    symlink("/proc/self/ns/uts", runtime.join("names")).expect("a link");
    let spec = Spec::new(PLAIN).with(
        "filesystem.proc = 'own'
         namespaces.uts = { path = '${run.runtime_dir}/names' }",
    );
    let own = stage.build(&spec.asking(&stage.site, &["namespaces".to_owned()]));
    let outside = stage.outside(&["namespaces".to_owned()]);
    let inside = answers(&started(stage, &own, Path::new("/"), &variable("XDG_RUNTIME_DIR", &runtime)));
    inside.expect(&[("ns.uts", outside.get("ns.uts"))]);
    assert_ne!(inside.get("ns.net"), outside.get("ns.net"));
}

fn overlay(stage: &Stage) {
    let work = directory(stage, "work");
    directory(stage, "work/top");
    let home = directory(stage, "home");
    let own = launcher(
        stage,
        "'/a' = { overlay = ['${run.cwd}/top', '${run.home}'], writable = true }
         '/b' = { overlay = ['${run.home}', '${run.cwd}/top'] }",
    );
    answers(&started(stage, &own, &work, &variable("HOME", &home))).expect(&[
        ("content./a/name", "work/top"),
        ("content./b/name", "home"),
        ("make./a/new", "ok"),
    ]);
    assert!(!work.join("top/new").exists() && !home.join("new").exists(), "what is written goes to memory");
}

/// The spec that people copy.
fn work_here(stage: &Stage) {
    let work = directory(stage, "work");
    directory(stage, "work/.git/hooks");
    let spec = Spec::demonstration("work-here");
    let questions = ["place", "open=made,make", "open=.git/hooks/new,make", "rename=.git,aside", "list=/"];
    let own = stage.build(&spec.asking(&stage.site, &questions.map(str::to_owned)));
    answers(&started(stage, &own, &work, &variable("HOME", stage.directory().parent().expect("one above"))))
        .expect(&[
            ("cwd", "/work"),
            ("make.made", "ok"),
            ("make..git/hooks/new", "EROFS"),
            ("rename..git", "EBUSY"),
            ("list./", "bin dev etc lib lib64 probe sbin tmp usr work"),
        ]);
    assert!(work.join("made").exists(), "it was made elsewhere");
}

/// In place, too, where the working directory is left for the spec's.
fn streams(stage: &Stage) {
    let work = directory(stage, "work");
    let output = work.join(format!("output-{}", stage.person.uid()));
    fs::write(&output, "").expect("a file");
    fs::set_permissions(&output, Permissions::from_mode(0o666)).expect("chmod");
    let spec = in_place(stage).with("process.stdout = { file = '${run.cwd}/output-${run.uid}' }");
    let own = stage.build(&spec.asking(&stage.site, &["place".to_owned()]));
    let run = started(stage, &own, &work, &[]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let said = fs::read_to_string(output).expect("the output");
    Answers::parse(&said).expect(&[("cwd", "/")]);
}
