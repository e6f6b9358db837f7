//! How long a sandbox full of busy processes takes to end: from the signal to the end of the last process.
//!
//! `cargo bench --bench end [-- ROUNDS]`, as root. The sandboxes are launched by root and by an ordinary user; `demoted` is
//! one without a filter whose init has the idle policy, nice value 19 and one processor. Times are medians in milliseconds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::exit,
    reason = "a measurement that cannot go on should stop, and says why on the terminal"
)]

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, fork};
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many processes are busy.
const COUNT: usize = 1000;
/// What is given up as never ending.
const LONGEST: Duration = Duration::from_secs(30);

const ALLOWED: &str = "allow = ['@system-service']";
const FREE: &str = "default_action = 'allow'";
/// What each kind of sandbox adds to the spec.
const KINDS: [(&str, &str, &str); 4] = [
    ("filtered", ALLOWED, ""),
    ("in the caller's session", ALLOWED, "process.terminal = 'inherit'"),
    ("demoted", FREE, ""),
    ("in a cgroup", ALLOWED, "cgroup.max_depth = 0"),
];

fn main() {
    if std::env::args().nth(1).is_some_and(|argument| argument == "crowd") {
        crowd();
    }
    assert!(nix::unistd::geteuid().is_root(), "the bench is run as root");
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5);
    let scratch = TempDir::with_prefix("boxwright-bench-").expect("a directory");
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).expect("permissions");
    println!(
        "{COUNT} busy processes, {rounds} rounds, milliseconds from the signal to the last end, medians"
    );
    println!(
        "| sandbox | launched by | SIGTERM, then kill_timeout of 1 ms | SIGKILL of the launcher |\n|---|---|---|---|"
    );
    for (kind, filter, more) in KINDS {
        let launcher = build(scratch.path(), filter, more);
        for (user, uid) in [("root", 0), ("uid 65534", 65534)] {
            let [asked, killed] = [Signal::SIGTERM, Signal::SIGKILL].map(|signal| {
                let mut times: Vec<Option<Duration>> =
                    (0..rounds).map(|_| end(&launcher, uid, signal)).collect();
                times.sort();
                times[rounds / 2].map_or("-".to_owned(), |time| format!("{:.0}", time.as_secs_f64() * 1000.0))
            });
            println!("| {kind} | {user} | {asked} | {killed} |");
        }
    }
}

fn build(scratch: &Path, filter: &str, more: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the own executable");
    let program = scratch.join("crowd");
    fs::copy(own, &program).expect("a copy");
    let text = format!(
        "version = 1\nname = 'end'\nprocess.args = ['{}', 'crowd']\n\
         process.user = {{ uid = 65534, gid = 65534 }}\nprocess.stdout = 'inherit'\n\
         filesystem = {{ root = 'host', proc = 'own' }}\nseccomp = {{ {filter} }}\n\
         lifecycle.kill_timeout = '1ms'\n{more}\n",
        program.display()
    );
    let spec = scratch.join("end.sandbox.toml");
    fs::write(&spec, text).expect("the spec");
    let launcher = scratch.join("launcher");
    let built = Command::new(env!("CARGO_BIN_EXE_boxwright"))
        .args(["build", "-o"])
        .args([&launcher, &spec])
        .output()
        .expect("the compiler");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    launcher
}

/// The time to the end of standard output, which every process of the sandbox has; nothing when the launch fails.
fn end(launcher: &Path, uid: u32, signal: Signal) -> Option<Duration> {
    let mut command = Command::new(launcher);
    command.uid(uid).gid(uid).process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the launcher");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    output.read_line(&mut line).expect("output");
    let time = (line == "ready\n").then(|| {
        let start = Instant::now();
        kill(Pid::from_raw(child.id().cast_signed()), signal).expect("kill");
        output.read_to_string(&mut line).expect("output");
        start.elapsed()
    });
    child.wait().expect("it can be waited for");
    time
}

/// Inside: makes init the last of all processes, if that is allowed, and keeps its processor busy.
fn crowd() -> ! {
    // SAFETY: the calls get numbers, and structs that live until they return.
    unsafe {
        libc::signal(libc::SIGTERM, libc::SIG_IGN);
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(0, &mut set);
        libc::sched_setaffinity(1, size_of_val(&set), &raw const set);
        let parameter: libc::sched_param = std::mem::zeroed();
        libc::sched_setscheduler(1, libc::SCHED_IDLE, &raw const parameter);
        libc::setpriority(libc::PRIO_PROCESS, 1, 19);
    }
    let (gate, opener) = std::io::pipe().expect("a pipe");
    for _ in 0..COUNT {
        // SAFETY: the process has one thread.
        if let Ok(ForkResult::Child) = unsafe { fork() } {
            drop(opener);
            // Until all are there: those that are busy would keep the others from being made.
            _ = (&gate).read(&mut [0]);
            let start = Instant::now();
            while start.elapsed() < LONGEST {}
            std::process::exit(0);
        }
    }
    println!("ready");
    drop(opener);
    std::thread::sleep(LONGEST);
    std::process::exit(0)
}
