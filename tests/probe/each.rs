//! Runs every launcher of a directory, one after the other, and says how each ended.

use crate::fact;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// So long a launch may wait for something, and so long it may work, on a busy machine.
const PATIENCE: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(30)];

/// `launcher` with each file whose name ends so as its plan, and each other file by itself, in the order of their names.
pub fn each(directory: &str, launcher: &str) {
    let mut names: Vec<_> = std::fs::read_dir(directory).into_iter().flatten().flatten().collect();
    names.sort_by_key(std::fs::DirEntry::file_name);
    for file in names {
        let (path, name) = (file.path(), file.file_name());
        let name = name.to_string_lossy();
        fact(&format!("each.{name}"), run(&path, if name.ends_with(".plan") { launcher } else { "" }));
    }
}

fn run(path: &Path, launcher: &str) -> String {
    let mut command = Command::new(if launcher.is_empty() { path } else { Path::new(launcher) });
    if !launcher.is_empty() {
        command.arg(path);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => wait(child),
        Err(error) => format!("error {error}"),
    }
}

fn wait(mut child: Child) -> String {
    let started = Instant::now();
    let [waits, works] = PATIENCE;
    loop {
        match child.try_wait() {
            Ok(None) => sleep(Duration::from_micros(500)),
            Ok(Some(status)) => return words(status),
            Err(error) => return format!("error {error}"),
        }
        let state = if started.elapsed() < waits { 'R' } else { state(child.id()) };
        if state == 'S' || started.elapsed() > works {
            _ = child.kill();
            _ = child.wait();
            return format!("hang {state}");
        }
    }
}

/// Whether a process works on something, R, or waits, S: proc_pid_stat(5).
fn state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('?')
}

fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or(0)),
    }
}
