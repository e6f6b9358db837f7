//! Prints what `boxwright check` costs as a program: one spec from cold, and a thousand.
//!
//! `cargo bench --bench check [-- ROUNDS]`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints its table and stops where it cannot go on"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const DEMOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs/demos");

/// The specs that people copy.
fn specs() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(DEMOS).unwrap().map(|entry| entry.unwrap().path());
    let mut specs: Vec<_> = entries
        .filter(|path| path.to_string_lossy().ends_with(".sandbox.toml"))
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    specs.sort();
    specs
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxwright"));
    command.current_dir(folder).arg("check").args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The shortest and the middle time of some runs, and the most memory of another, in MiB, as far as it is seen from outside.
fn measure(runs: usize, folder: &Path, arguments: &[&str]) -> (Duration, Duration, f64) {
    let time = |_| {
        let start = Instant::now();
        assert!(command(folder, arguments).status().unwrap().code().is_some_and(|code| code < 2));
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..runs).map(time).collect();
    times.sort();
    let mut child = command(folder, arguments).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0_u32;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(peak.unwrap_or_default());
    }
    (times[0], times[runs / 2], f64::from(most) / 1024.0)
}

fn row(what: &str, (best, middle, memory): (Duration, Duration, f64)) {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{what:34} {:>9.1} {:>9.1} {memory:>9.1}", milliseconds(best), milliseconds(middle));
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(20);
    let folder = tempfile::tempdir().unwrap();
    let specs = specs();
    println!("{:34} {:>9} {:>9} {:>9}", "", "best ms", "median ms", "MiB");
    row("the program's own start", measure(rounds, folder.path(), &["--help"]));
    for (name, text) in &specs {
        std::fs::write(folder.path().join(name), text).unwrap();
        row(name.trim_end_matches(".sandbox.toml"), measure(rounds, folder.path(), &[name]));
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    for (number, (_, text)) in specs.iter().cycle().take(1000).enumerate() {
        std::fs::write(folder.path().join(format!("{number:04}.sandbox.toml")), text).unwrap();
    }
    for format in ["concise", "sarif"] {
        row(&format!("1,000 specs, {format}"), measure(rounds.min(5), folder.path(), &["--format", format]));
    }
}
