//! The ground on which tests run: copies that everybody can read, people, and programs run to their end.

use super::need::{Need, Verdict};
use super::settle::settle;
use super::{Answers, Lack, Mutant, Site, Spec, guest};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Who starts the launchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// Whoever runs the tests.
    Own,
    /// The user and group 65534, without supplementary groups; only root can become it.
    Nobody,
}

impl Person {
    /// The people of this run: two when root runs it.
    pub fn all() -> Vec<Self> {
        if geteuid().is_root() { vec![Self::Own, Self::Nobody] } else { vec![Self::Own] }
    }

    /// The user id outside.
    pub fn uid(self) -> u32 {
        if self == Self::Own { geteuid().as_raw() } else { 65534 }
    }

    /// The word in a test's name, and in the list of what cannot run.
    pub fn word(self) -> &'static str {
        match self.uid() {
            0 => "root",
            65534 => "65534",
            _ => "other",
        }
    }
}

/// What all tests of a run share: a directory that everybody can read, with the probe and the compiler in it.
#[derive(Debug)]
pub struct Ground {
    directory: TempDir,
    /// The probe, static.
    pub probe: PathBuf,
    /// A copy of the compiler.
    pub compiler: PathBuf,
    escape: OnceLock<PathBuf>,
}

impl Ground {
    /// With a probe that the Rust compiler itself builds, static, so that it needs nothing inside.
    pub fn new(compiler: &str) -> Result<Self, String> {
        settle()?;
        let directory = TempDir::with_prefix("boxwright-").map_err(|error| error.to_string())?;
        open_to_all(directory.path());
        let probe = directory.path().join("probe");
        match guest::probe() {
            Some(ready) => _ = fs::copy(ready, &probe).map_err(|error| error.to_string())?,
            None => build_static("probe", &probe)?,
        }
        let copy = directory.path().join("boxwright");
        fs::copy(compiler, &copy).map_err(|error| error.to_string())?;
        open_to_all(&copy);
        fs::write(directory.path().join("marker"), "outside\n").map_err(|error| error.to_string())?;
        Ok(Self { directory, probe, compiler: copy, escape: OnceLock::new() })
    }

    /// The escape suite, static like the probe, built when a test first asks for it.
    pub fn escape(&self) -> &Path {
        self.escape.get_or_init(|| {
            let escape = self.directory.path().join("escape");
            build_static("escape", &escape).expect("the escape suite");
            escape
        })
    }

    /// Whether this person can run what is here, and have a user namespace with a mount inside it.
    pub fn verdicts(&self, person: Person) -> [Verdict; 2] {
        let output = command(person, &self.probe, &["user_namespace"]).current_dir("/").output();
        let said = output.map(|output| Answers::parse(&String::from_utf8_lossy(&output.stdout)));
        match said {
            Err(error) => {
                let unreachable =
                    format!("a temporary directory that uid {} can reach ({error})", person.uid());
                [Err(unreachable.clone()), Err(unreachable)]
            }
            Ok(answers) if answers.get("user_namespace") == "ok" => [Ok(()), Ok(())],
            Ok(answers) => [Ok(()), Err(format!("user namespaces ({})", answers.get("user_namespace")))],
        }
    }

    /// A stage for one test.
    pub fn stage(&'static self, person: Person) -> Stage {
        let directory =
            TempDir::with_prefix_in("stage-", self.directory.path()).expect("a directory for the test");
        open_to_all(directory.path());
        if person == Person::Nobody {
            nix::unistd::chown(directory.path(), Some(65534.into()), Some(65534.into())).expect("chown");
        }
        let within = |name| directory.path().join(name);
        let site = Site {
            probe: self.probe.clone(),
            marker: self.directory.path().join("marker"),
            rootfs: within("rootfs"),
            inner: within("inner"),
            key: Site::fresh_key(),
        };
        Stage { ground: self, person, directory, site, lack: None, mutant: None }
    }

    /// Removes the directory; it lives as long as the tests otherwise.
    pub fn clear(&self) {
        _ = fs::remove_dir_all(self.directory.path());
    }
}

/// A program of the tests, by the compiler alone.
fn build_static(name: &str, program: &Path) -> Verdict {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/{name}/main.rs"));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = Command::new(rustc)
        .args(["--edition=2024", "-Copt-level=1", "-Ctarget-feature=+crt-static", "-Cpanic=abort"])
        .args(["-Cstrip=symbols", "-o"])
        .args([program, &source])
        .output()
        .map_err(|error| format!("rustc ({error})"))?;
    if built.status.success() {
        Ok(())
    } else {
        Err(format!("a static C library ({})", first_error(&built.stderr)))
    }
}

/// The line of a compiler's output that says what is wrong.
fn first_error(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.lines().find(|line| line.starts_with("error")).unwrap_or("rustc failed").to_owned()
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o755)).expect("chmod");
}

/// One test's directory, and the person who launches in it.
#[derive(Debug)]
pub struct Stage {
    /// What all tests share.
    pub ground: &'static Ground,
    /// Who launches.
    pub person: Person,
    directory: TempDir,
    /// Where things are.
    pub site: Site,
    /// What the kernel lacks.
    pub lack: Option<&'static Lack>,
    /// What takes the compiler's place.
    pub mutant: Option<Mutant>,
}

impl Stage {
    /// The test's own directory; the person can write to it.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Makes the site's root file system.
    pub fn make_rootfs(&self) {
        let busybox = Need::program("busybox").expect("busybox, which the test needs");
        make_rootfs(&self.site.rootfs, &busybox, &self.site.probe);
    }

    /// Compiles a spec to a launcher in the test's directory.
    #[track_caller]
    pub fn build(&self, spec: &Spec) -> PathBuf {
        self.build_text("spec", &spec.text())
    }

    /// The same from a text, whose lines launch errors then name, under the name `NAME.sandbox.toml`.
    #[track_caller]
    pub fn build_text(&self, name: &str, text: &str) -> PathBuf {
        let Some(mutant) = &self.mutant else {
            return build(&self.ground.compiler, self.directory(), name, text);
        };
        copy(&mutant.compile(&format!("{name}.sandbox.toml"), text), self.directory(), name)
    }

    /// Compiles a spec, launches it and waits for its end.
    #[track_caller]
    pub fn launch(&self, spec: &Spec) -> Run {
        let launcher = self.build(spec);
        self.run(&launcher, &[])
    }

    /// The same with the probe as its program; its answers when it ended well.
    #[track_caller]
    pub fn ask(&self, spec: Spec, questions: &[&str]) -> Answers {
        let questions = questions.iter().chain(&["list=/", "list=/.."]);
        let questions: Vec<String> = questions.map(|&question| question.to_owned()).collect();
        let run = self.launch(&spec.asking(&self.site, &questions));
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "stdout: {}", run.stdout);
        let answers = run.answers();
        answers.expect_one_root();
        answers
    }

    /// Runs a program as the person, in the test's directory, to its end.
    #[track_caller]
    pub fn run(&self, program: &Path, arguments: &[&str]) -> Run {
        let run = finish(self.command(program, arguments), self.directory());
        self.lack.iter().for_each(|lack| lack.look(&run));
        run
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let (program, arguments) = self.started(program, arguments);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        command(self.person, &program, &arguments)
    }

    /// Runs the probe as the person outside of any sandbox.
    pub fn outside(&self, questions: &[String]) -> Answers {
        let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
        self.run(&self.ground.probe, &questions).answers()
    }

    /// Asks outside before and after a launch, after one that ends the trial too: what was made before is removed there.
    pub fn outside_around<T>(
        &self,
        before: &[String],
        launch: impl FnOnce() -> T,
        after: &[String],
    ) -> (Answers, T, Answers) {
        let before = self.outside(before);
        let launched = catch_unwind(AssertUnwindSafe(launch));
        let after = self.outside(after);
        (before, launched.unwrap_or_else(|payload| resume_unwind(payload)), after)
    }

    /// Runs a launcher under conditions of the probe's `--start`.
    pub fn start(&self, conditions: &[&str], launcher: &Path) -> Run {
        let launcher = launcher.to_str().expect("a temporary directory with a plain name");
        let arguments: Vec<&str> = [&["--start"], conditions, &["--", launcher]].concat();
        self.run(&self.ground.probe, &arguments)
    }

    /// Starts a program as the person without waiting; its output is piped.
    #[track_caller]
    pub fn spawn(&self, program: &Path, arguments: &[&str]) -> Child {
        let launches = program.starts_with(self.directory())
            || arguments.last().is_some_and(|last| Path::new(last).starts_with(self.directory()));
        if launches && self.lack.is_some_and(|lack| lack.stops) {
            // Whoever waits for what it says would not hear why it does not come.
            self.run(program, arguments);
        }
        spawn(self.command(program, arguments), self.directory())
    }
}

/// Makes a small root file system: busybox, the probe, a file, and what is mounted on.
pub fn make_rootfs(root: &Path, busybox: &Path, probe: &Path) {
    for directory in ["bin", "etc", "tmp", "proc", "dev"] {
        fs::create_dir_all(root.join(directory)).expect("a directory of the rootfs");
    }
    fs::copy(busybox, root.join("bin/busybox")).expect("busybox");
    fs::copy(probe, root.join("probe")).expect("the probe");
    for program in ["sh", "ps", "cat", "ls"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(program)).expect("a link to busybox");
    }
    fs::write(root.join("hello"), "from the rootfs\n").expect("a file of the rootfs");
}

/// Compiles a spec beside it.
#[track_caller]
pub fn build(compiler: &Path, directory: &Path, name: &str, text: &str) -> PathBuf {
    let launcher = directory.join(name);
    let spec = format!("{name}.sandbox.toml");
    fs::write(directory.join(&spec), text).expect("a spec can be written");
    if let Some(compiled) = guest::compile(name, text) {
        let bytes =
            compiled.unwrap_or_else(|said| panic!("boxwright build said:\n{said}\nof the spec:\n{text}"));
        return copy(&bytes, directory, name);
    }
    let mut command = command(Person::Own, compiler, &["build", &spec, "-o", name]);
    command.env("NO_COLOR", "1");
    let run = finish(command, directory);
    assert_eq!(run.status, 0, "boxwright build said:\n{}{}\nof the spec:\n{text}", run.stdout, run.stderr);
    launcher
}

/// Puts a launcher in its place. Not by this process: whoever it forks meanwhile would hold the file open for writing, and it
/// could not be executed.
fn copy(bytes: &[u8], directory: &Path, name: &str) -> PathBuf {
    let part = directory.join(format!("{name}.part"));
    let mut copy = Command::new("dd");
    copy.arg(format!("of={}", part.display())).args(["bs=64k", "status=none"]).stdin(Stdio::piped());
    let mut copy = copy.spawn().expect("dd");
    copy.stdin.take().expect("a pipe").write_all(bytes).expect("dd");
    assert!(copy.wait().expect("it can be waited for").success());
    open_to_all(&part);
    let launcher = directory.join(name);
    fs::rename(&part, &launcher).expect("a launcher");
    launcher
}

/// How a program ended and what it said.
#[derive(Debug)]
pub struct Run {
    /// The exit status, 128 + n for a signal.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// What the probe answered.
    pub fn answers(&self) -> Answers {
        Answers::parse(&self.stdout)
    }
}

/// A program as a person.
pub fn command(person: Person, program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    if person == Person::Nobody {
        // The standard library empties the groups of a process that changes its user.
        command.uid(65534).gid(65534);
    }
    command
}

/// No program of a test runs longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

#[track_caller]
fn spawn(mut command: Command, directory: &Path) -> Child {
    command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let deadline = Instant::now() + PATIENCE;
    loop {
        match command.spawn() {
            Ok(child) => return child,
            // Another thread's child may hold the file that was just written, until it executes.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => panic!("{:?}: {error}", command.get_program()),
        }
    }
}

/// Runs a command to its end, which is a kill when it hangs.
#[track_caller]
pub fn finish(command: Command, directory: &Path) -> Run {
    wait(spawn(command, directory))
}

/// Waits for a child's end, and reads what it says meanwhile.
pub fn wait(mut child: Child) -> Run {
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    let (done, watch) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        if watch.recv_timeout(guest::slowly(PATIENCE)) == Err(mpsc::RecvTimeoutError::Timeout) {
            _ = kill(pid, Signal::SIGKILL);
        }
    });
    let stdout = child.stdout.take().map(|pipe| thread::spawn(|| drain(pipe)));
    let stderr = child.stderr.take().map_or_else(String::new, drain);
    let stdout = stdout.map_or_else(String::new, |reader| reader.join().expect("a reader"));
    let status = child.wait().expect("a child can be waited for");
    drop(done);
    watchdog.join().expect("the watchdog");
    let status = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Run { status, stdout, stderr }
}

fn drain(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
