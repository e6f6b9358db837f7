//! Every path that a command takes, and every file of a repository that it reads, as a hostile repository or a mistake may
//! have it: nothing hangs, nothing takes all memory, and nothing but a regular file is ever written.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{geteuid, mkfifo};
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

const GOOD: &str = "version = 1\nprocess.args = [\"/usr/bin/id\"]\nfilesystem.base = \"usr\"\n";
const UNTIDY: &str =
    "version=1\nprocess.args = [\"/usr/bin/id\"]\nprocess.umask = 77\nfilesystem.base = \"usr\"\n";

/// An ordinary user, whom root can become.
const ORDINARY: u32 = 65534;

/// The executable, where an ordinary user can execute it too.
fn executable() -> &'static Path {
    static COPY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = COPY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let path = folder.path().join("boxwright");
        std::fs::copy(env!("CARGO_BIN_EXE_boxwright"), &path).unwrap();
        (folder, path)
    });
    path
}

/// Who runs the commands: whoever runs the tests, and if that is root, an ordinary user too.
fn users() -> Vec<Option<u32>> {
    if geteuid().is_root() { vec![None, Some(ORDINARY)] } else { vec![None] }
}

/// A folder that belongs to a user.
fn folder(user: Option<u32>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), user, user).unwrap();
    folder
}

/// Writes a file that belongs to a user.
fn file(path: &Path, text: &str, user: Option<u32>) {
    std::fs::write(path, text).unwrap();
    std::os::unix::fs::chown(path, user, user).unwrap();
}

/// The command with at most 1 GiB of addresses, and 60 seconds, which a busy machine may need.
fn command(folder: &Path, user: Option<u32>, arguments: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", "60", "sh", "-c", "ulimit -v 1048576; exec \"$0\" \"$@\""]);
    command.arg(executable()).args(arguments).current_dir(folder).stdin(Stdio::null());
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Something that is not a regular file, or not one that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Odd {
    Fifo,
    Device,
    Socket,
    Directory,
    Dangling,
    Loop,
    Endless,
    Kernel,
    Huge,
    Unreadable,
}

const ODD: [Odd; 10] = [
    Odd::Fifo,
    Odd::Device,
    Odd::Socket,
    Odd::Directory,
    Odd::Dangling,
    Odd::Loop,
    Odd::Endless,
    Odd::Kernel,
    Odd::Huge,
    Odd::Unreadable,
];

impl Odd {
    /// Makes one; false if this user cannot.
    fn make(self, path: &Path) -> bool {
        match self {
            Self::Fifo => mkfifo(path, Mode::S_IRWXU | Mode::S_IRWXO).unwrap(),
            Self::Device => {
                // The character device full(4): reading it never ends.
                return mknod(path, SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(1, 7)).is_ok();
            }
            Self::Socket => drop(UnixListener::bind(path).unwrap()),
            Self::Directory => std::fs::create_dir(path).unwrap(),
            Self::Dangling => symlink("nothing-here", path).unwrap(),
            Self::Loop => symlink(path.file_name().unwrap(), path).unwrap(),
            Self::Endless => symlink("/dev/zero", path).unwrap(),
            // A regular file without a size, which no spec is and which cannot be replaced.
            Self::Kernel => symlink("/proc/self/maps", path).unwrap(),
            Self::Huge => std::fs::File::create(path).unwrap().set_len(1 << 40).unwrap(),
            Self::Unreadable => {
                let text = if path.ends_with("boxwright.toml") { "" } else { GOOD };
                std::fs::write(path, text).unwrap();
                std::fs::set_permissions(path, PermissionsExt::from_mode(0o000)).unwrap();
            }
        }
        true
    }
}

/// Every argument that names an input, as `{}`.
const INPUTS: [&[&str]; 13] = [
    &["check", "{}"],
    &["check", "--fix", "{}"],
    &["check", "--format", "json", "{}"],
    &["check", "good", "--baseline", "{}"],
    &["fmt", "{}"],
    &["build", "{}", "-o", "out"],
    &["run", "{}"],
    &["show", "{}"],
    &["report", "{}"],
    &["explain", "{}", "--syscall", "read"],
    &["doctor", "{}"],
    &["inspect", "{}"],
    &["new", "-", "--for", "{}"],
];

#[test]
fn no_input_hangs_or_takes_all_memory() {
    for user in users() {
        for odd in ODD {
            let folder = folder(user);
            let path = folder.path().join("odd");
            file(&folder.path().join("good"), GOOD, user);
            if !odd.make(&path) {
                continue;
            }
            for arguments in INPUTS {
                // Root reads what nobody may read; a directory is a place to look for specs.
                let allowed = odd == Odd::Unreadable && user.is_none() && geteuid().is_root();
                let arguments: Vec<_> =
                    arguments.iter().map(|word| if *word == "{}" { "./odd" } else { word }).collect();
                let output = command(folder.path(), user, &arguments).output().unwrap();
                let code = output.status.code();
                let what =
                    format!("{arguments:?} {odd:?} as {user:?}: {:?}\n{}", output.status, said(&output));
                assert!(code.is_some_and(|code| code < 126), "{what}");
                // The kernel's text is a file that could be a program.
                if !allowed && (odd, arguments[0]) != (Odd::Kernel, "new") {
                    assert_ne!(code, Some(0), "{what}");
                    assert!(said(&output).contains("error"), "{what}");
                }
            }
        }
    }
}

/// The files of a repository that are read without being named.
#[test]
fn no_file_of_a_repository_stops_the_report_on_the_others() {
    for user in users() {
        for odd in ODD {
            for name in [".gitignore", "boxwright.toml", "layer.toml", "b.sandbox.toml", "sub"] {
                let folder = folder(user);
                let path = |name: &str| folder.path().join(name);
                std::fs::create_dir(path(".git")).unwrap();
                file(&path("a.sandbox.toml"), GOOD, user);
                if name == "layer.toml" {
                    file(&path("c.sandbox.toml"), &format!("extends = [\"layer.toml\"]\n{GOOD}"), user);
                }
                if !odd.make(&path(name)) {
                    continue;
                }
                let output =
                    command(folder.path(), user, &["check", "--format", "concise"]).output().unwrap();
                let what = format!("{name} {odd:?} as {user:?}: {:?}\n{}", output.status, said(&output));
                assert!(output.status.code().is_some_and(|code| code < 3), "{what}");
                let specs = if name == "layer.toml" { " in 2 specs" } else { " spec" };
                assert!(said(&output).contains(specs), "{what}");
                // Root reads what nobody may read, and some of these are what may be there.
                let harmless = odd == Odd::Unreadable && geteuid().is_root() && user.is_none()
                    || name == "sub"
                    || (name, odd) == ("b.sandbox.toml", Odd::Directory);
                assert_eq!(output.status.success(), harmless, "{what}");
            }
        }
    }
}

#[test]
fn a_directory_that_cannot_be_listed_is_reported_beside_the_others() {
    for user in users() {
        let folder = folder(user);
        let closed = folder.path().join("closed");
        std::fs::create_dir(&closed).unwrap();
        std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o000)).unwrap();
        file(&folder.path().join("a.sandbox.toml"), GOOD, user);
        for arguments in [&["check"][..], &["fmt", "--check"]] {
            let output = command(folder.path(), user, arguments).output().unwrap();
            let readable = geteuid().is_root() && user.is_none();
            assert_eq!(output.status.code(), Some(if readable { 0 } else { 2 }), "{}", said(&output));
            assert_eq!(said(&output).contains("cannot list ./closed"), !readable, "{}", said(&output));
            let reported =
                said(&output).contains("no findings in 1 spec") || said(&output).contains("1 in order");
            assert!(reported, "{}", said(&output));
        }
        for arguments in [&["check", "nosuch"][..], &["check", "./.git"]] {
            std::fs::create_dir_all(folder.path().join(".git")).unwrap();
            let output = command(folder.path(), user, arguments).output().unwrap();
            assert!(
                said(&output).contains("error") && !said(&output).contains("findings"),
                "{}",
                said(&output)
            );
        }
    }
}

/// Every argument that names an output, as `{}`.
const OUTPUTS: [&[&str]; 9] = [
    &["build", "good", "-o", "{}"],
    &["build", "good", "--plan", "{}"],
    &["build", "good", "--launcher", "{}"],
    &["report", "good", "--html", "{}"],
    &["check", "good", "--write-baseline", "{}"],
    &["check", "good", "--output-file", "{}"],
    &["check", "good", "--format", "sarif", "--output-file", "{}"],
    &["new", "{}"],
    &["man", "{}"],
];

/// What a folder holds: names, and what they are.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (u64, u32, u64)> {
    let entry = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let found = path.symlink_metadata().unwrap();
        (path, (found.ino(), found.mode(), found.len()))
    };
    folder.read_dir().unwrap().map(entry).collect()
}

#[test]
fn an_output_is_a_regular_file_or_nothing() {
    for user in users() {
        for odd in ODD.into_iter().filter(|odd| !matches!(odd, Odd::Huge | Odd::Unreadable)) {
            let folder = folder(user);
            file(&folder.path().join("good"), GOOD, user);
            if !odd.make(&folder.path().join("odd")) {
                continue;
            }
            let before = listing(folder.path());
            for arguments in OUTPUTS {
                if (arguments[0], odd) == ("man", Odd::Directory) {
                    continue;
                }
                let arguments: Vec<_> =
                    arguments.iter().map(|word| if *word == "{}" { "odd" } else { word }).collect();
                let output = command(folder.path(), user, &arguments).output().unwrap();
                let what =
                    format!("{arguments:?} {odd:?} as {user:?}: {:?}\n{}", output.status, said(&output));
                assert_eq!(output.status.code(), Some(2), "{what}");
                assert_eq!(listing(folder.path()), before, "{what}");
            }
        }
    }
}

#[test]
fn no_output_is_an_input_or_another_output() {
    for user in users() {
        let folder = folder(user);
        let path = |name: &str| folder.path().join(name);
        file(&path("layer.toml"), "version = 1\n", user);
        file(&path("good"), &format!("extends = [\"layer.toml\"]\n{GOOD}"), user);
        file(&path("boxwright.toml"), "[rules]\n", user);
        file(&path("old"), "old", user);
        std::fs::hard_link(path("good"), path("link")).unwrap();
        symlink(".", path("here")).unwrap();
        let before = listing(folder.path());
        let absolute = path("new").to_str().unwrap().to_owned();
        for (refused, why) in [
            (&["build", "good", "-o", "good"][..], "is an input"),
            (&["build", "good", "-o", "./link"], "is an input"),
            (&["build", "good", "--plan", "here/layer.toml"], "is an input"),
            (&["report", "good", "--html", "link"], "is an input"),
            (&["check", "good", "--output-file", "layer.toml"], "is an input"),
            (&["check", "good", "--output-file", "boxwright.toml"], "is an input"),
            (&["check", "good", "--write-baseline", "good"], "is an input"),
            (&["build", "good", "-o", "new", "--plan", "new"], "are one file"),
            (&["build", "good", "-o", "old", "--plan", "./old"], "are one file"),
            (&["build", "good", "-o", "new", "--launcher", &absolute], "are one file"),
            (&["build", "good", "-o", "new", "--plan", "here/new"], "are one file"),
            (&["build", "good", "-o", "-", "--plan", "-"], "two outputs"),
            (&["check", "good", "--output-file", "new", "--write-baseline", "here/new"], "are one file"),
            (&["check", "good", "--write-baseline", "-"], "needs a file"),
            (&["build", "good", "-o", "new/"], "path of a file"),
            (&["build", "good", "-o", ".."], "path of a file"),
            (&["build", "good", "-o", "/dev/stdout"], "`-` for standard output"),
            (&["build", "good", "-o", "/proc/self/comm"], "cannot write"),
            (&["new", "old"], "File exists"),
            (&["fmt", "link"], "other names"),
        ] {
            let output = command(folder.path(), user, refused).output().unwrap();
            let what = format!("{refused:?} as {user:?}: {:?}\n{}", output.status, said(&output));
            // The spec with two names is in its canonical form but for the order of its keys.
            if refused[0] == "fmt" && output.status.success() {
                continue;
            }
            assert_eq!(output.status.code(), Some(2), "{what}");
            assert!(said(&output).contains(why), "{what}");
            assert_eq!(listing(folder.path()), before, "{what}");
        }
        let log = std::fs::File::create(path("log")).unwrap();
        let mut redirected = command(folder.path(), user, &["check", "good", "--output-file", "log"]);
        let output = redirected.stdout(log.try_clone().unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("is standard output too"), "{}", said(&output));
    }
}

#[test]
fn standard_output_takes_one_output() {
    let folder = folder(None);
    let path = |name: &str| folder.path().join(name);
    file(&path("good"), GOOD, None);
    let run = |arguments: &[&str]| {
        let output = command(folder.path(), None, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        output.stdout
    };
    run(&["build", "good", "-o", "box", "--plan", "plan"]);
    assert_eq!(run(&["build", "good", "--plan", "-"]), std::fs::read(path("plan")).unwrap());
    assert_eq!(run(&["build", "good", "-o", "-"]), std::fs::read(path("box")).unwrap());
    assert!(run(&["report", "good", "--html", "-"]).starts_with(b"<!"));
    assert!(run(&["check", "good", "--format", "json", "--output-file", "-"]).starts_with(b"{"));
    assert!(run(&["man", "-"]).starts_with(b".") || !path("-").exists());
    assert!(!path("-").exists());
}

/// Whatever the umask is, who replaces a file keeps its mode and its owner; a new file obeys the umask.
#[test]
fn a_replaced_file_stays_whose_it_was() {
    for umask in ["000", "022", "077"] {
        let folder = folder(None);
        let path = |name: &str| folder.path().join(name);
        let mode = |name: &str| path(name).metadata().unwrap().mode() & 0o7777;
        let owner = if geteuid().is_root() { Some(ORDINARY) } else { None };
        for (name, text, mode) in [
            ("good", GOOD, 0o664),
            ("f", UNTIDY, 0o640),
            ("x", UNTIDY, 0o664),
            ("o", "", 0o660),
            ("b", "", 0o600),
        ] {
            file(&path(name), text, owner);
            std::fs::set_permissions(path(name), PermissionsExt::from_mode(mode)).unwrap();
        }
        let script = "umask $0; B=$1; \"$B\" fmt f; \"$B\" check --fix x; \"$B\" check good --output-file o && \
                      \"$B\" build good -o b --plan p --launcher l";
        let mut commands = Command::new("sh");
        commands.args(["-c", script, umask]).arg(executable()).current_dir(folder.path());
        let output = commands.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let kept = ["f", "x", "o", "b"].map(mode);
        assert_eq!(kept, [0o640, 0o664, 0o660, 0o700], "umask {umask}");
        let mask = u32::from_str_radix(umask, 8).unwrap();
        assert_eq!(["p", "l"].map(mode), [0o644 & !mask, 0o755 & !mask], "umask {umask}");
        if let Some(owner) = owner {
            for name in ["f", "x", "o", "b"] {
                let found = path(name).metadata().unwrap();
                assert_eq!((found.uid(), found.gid()), (owner, owner), "{name}");
            }
        }
        assert!(!std::fs::read_to_string(path("f")).unwrap().starts_with("version=1"));
    }
}

/// A killed command leaves no file, and no file of a killed command stops another.
#[test]
fn nothing_temporary_is_left() {
    let folder = folder(None);
    let path = |name: &str| folder.path().join(name);
    file(&path("good"), GOOD, None);
    for signal in ["KILL", "TERM", "INT", "HUP"] {
        // Another moment each time; most are in the middle of the work.
        for millisecond in [1, 3, 5, 8, 12, 20] {
            let mut build = Command::new(executable());
            build.args(["build", "good", "-o", "out", "--plan", "plan"]).current_dir(folder.path());
            let mut build = build.stderr(Stdio::null()).spawn().unwrap();
            let delay = format!("sleep 0.{millisecond:03}; kill -{signal} {}", build.id());
            Command::new("sh").args(["-c", &delay]).stderr(Stdio::null()).status().unwrap();
            build.wait().unwrap();
        }
    }
    // As the first process of a container every command has the same number.
    for name in [".out.1", ".out", ".boxwright-0000000000000000"] {
        file(&path(name), "stale", None);
    }
    let long = "x".repeat(255);
    let output = command(folder.path(), None, &["build", "good", "-o", &long]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let names: Vec<_> = listing(folder.path()).into_keys().collect();
    let known = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        ["good", "out", "plan", ".out.1", ".out", ".boxwright-0000000000000000", &long].contains(&name)
    };
    assert!(names.iter().all(known), "{names:?}");
}
