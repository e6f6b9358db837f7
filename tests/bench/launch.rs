//! What a launch costs: sealed launchers beside a hard-coded floor, bwrap and unshare, in one interleaved run.
//!
//! `cargo bench --bench launch [-- ROUNDS]`, as root. Every contender but unshare, which has no option for it, installs
//! the bytes of the same filter. Times are medians, gross of the program that is launched, whose own row is `target`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement that cannot go on should stop, and says why on the terminal"
)]

use boxwright::seccomp::compile;
use boxwright::source::Source;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use std::fmt::Write as _;
use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/bench");
const PROGRAM: [&str; 2] = ["/usr/bin/busybox", "true"];
/// The most instructions that the shared filter may have.
const FILTER_MAX: usize = 100;

fn main() {
    assert!(nix::unistd::geteuid().is_root(), "the bench is run as root");
    in_real_time();
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(200);
    let scratch = TempDir::with_prefix("boxwright-bench-").expect("a directory");
    let filter = filter(scratch.path());
    println!(
        "{rounds} rounds, microseconds, medians gross of the target; the filter has {} instructions",
        filter.1
    );
    let floor = floor(scratch.path());
    for scenario in ["S1", "S2", "S3"] {
        let contenders = contenders(scenario, scratch.path(), &floor, &filter.0);
        let samples = measure(&contenders, rounds);
        print!("{}", table(scenario, &contenders, samples));
    }
}

/// Starts itself again under SCHED_FIFO, where that is permitted: otherwise the slow tenth is somebody else's time slice.
fn in_real_time() {
    const AGAIN: &str = "BOXWRIGHT_BENCH_AGAIN";
    let permitted =
        || Command::new("chrt").args(["-f", "10", "true"]).status().is_ok_and(|status| status.success());
    if std::env::var_os(AGAIN).is_some() {
        return;
    }
    if !permitted() {
        println!("without SCHED_FIFO: mistrust what is slow");
        return;
    }
    let own = std::env::current_exe().expect("the own executable");
    let error = Command::new("chrt")
        .args(["-f", "10"])
        .arg(own)
        .args(std::env::args().skip(1))
        .env(AGAIN, "1")
        .exec();
    panic!("chrt: {error}");
}

/// The filter's bytes in a file, as the compiler makes them for the specs of the bench, and the number of instructions.
fn filter(scratch: &Path) -> (PathBuf, usize) {
    let spec = Path::new(HERE).join("s1.sandbox.toml");
    let source = Source::new(&spec, fs::read_to_string(&spec).expect("the spec"));
    let policy = boxwright::understand(&source).policy.expect("a spec without errors");
    let program = compile(policy.seccomp.as_ref().expect("a filter")).expect("a filter");
    assert!(program.len() <= FILTER_MAX, "{} instructions are not a small filter", program.len());
    let mut bytes = Vec::new();
    let mut header = String::new();
    for instruction in &program {
        let (code, jt, jf, k) = (instruction.code, instruction.jt, instruction.jf, instruction.k);
        bytes.extend_from_slice(&code.to_le_bytes());
        bytes.extend_from_slice(&[jt, jf]);
        bytes.extend_from_slice(&k.to_le_bytes());
        _ = writeln!(header, "{{{code}, {jt}, {jf}, {k}u}},");
    }
    fs::write(scratch.join("filter.h"), header).expect("the filter for C");
    let path = scratch.join("filter.bpf");
    fs::write(&path, &bytes).expect("the filter");
    (path, program.len())
}

fn floor(scratch: &Path) -> PathBuf {
    let path = scratch.join("floor");
    let header = format!("-DFILTER=\"{}\"", scratch.join("filter.h").display());
    let source = Path::new(HERE).join("floor.c");
    let built =
        Command::new("cc").args(["-O2", "-static", "-w", &header, "-o"]).args([&path, &source]).status();
    assert!(built.expect("a C compiler").success(), "the floor does not compile");
    path
}

/// Something that launches the program.
struct Contender {
    name: &'static str,
    words: Vec<String>,
    /// The filter that it reads from a descriptor, whose number stands in its arguments as `FILTER`.
    filter: Option<PathBuf>,
}

fn contenders(scenario: &str, scratch: &Path, floor: &Path, filter: &Path) -> Vec<Contender> {
    let contender = |name, words: &[&str]| Contender {
        name,
        words: words.iter().chain(&PROGRAM).map(|&word| word.to_owned()).collect(),
        filter: None,
    };
    let sealed = seal(scenario, scratch, filter);
    let floor = floor.to_str().expect("a plain path");
    let mut found = vec![
        contender("target", &[]),
        Contender { name: "sealed launcher", words: vec![sealed], filter: None },
        contender("floor", &[floor, scenario, "reaper"]),
    ];
    let network: &[&str] = if scenario == "S1" { &["--unshare-net"] } else { &[] };
    let mut bwrap = vec!["/usr/bin/bwrap"];
    if scenario == "S3" {
        bwrap.extend(["--dev-bind", "/", "/"]);
    } else {
        found.push(contender("floor without reaper", &[floor, scenario, "bare"]));
        bwrap.extend([
            "--unshare-user",
            "--unshare-ipc",
            "--unshare-pid",
            "--unshare-uts",
            "--unshare-cgroup",
        ]);
        bwrap.extend(network);
        bwrap.extend(["--uid", "65534", "--gid", "65534", "--new-session", "--ro-bind", "/", "/"]);
        bwrap.extend(["--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"]);
        let mut unshare = vec![
            "/usr/bin/unshare",
            "--mount",
            "--uts",
            "--ipc",
            "--pid",
            "--fork",
            "--cgroup",
            "--time",
            "--user",
        ];
        unshare.extend(if scenario == "S1" { &["--net"][..] } else { &[] });
        unshare.extend(["--map-root-user", "--mount-proc"]);
        found.push(contender("unshare (no filter)", &unshare));
    }
    bwrap.extend(["--cap-drop", "ALL", "--seccomp", "FILTER"]);
    found.push(Contender { filter: Some(filter.to_path_buf()), ..contender("bwrap", &bwrap) });
    found
}

/// The sealed launcher of a scenario; it must have the very bytes that the others install.
fn seal(scenario: &str, scratch: &Path, filter: &Path) -> String {
    let spec = Path::new(HERE).join(format!("{}.sandbox.toml", scenario.to_lowercase()));
    let launcher = scratch.join(scenario);
    let compiler = env!("CARGO_BIN_EXE_boxwright");
    let built =
        Command::new(compiler).arg("build").arg(spec).arg("-o").arg(&launcher).output().expect("boxwright");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let (sealed, filter) =
        (fs::read(&launcher).expect("the launcher"), fs::read(filter).expect("the filter"));
    assert!(sealed.windows(filter.len()).any(|window| window == filter), "{scenario} has another filter");
    launcher.to_str().expect("a plain path").to_owned()
}

/// One sample of each contender in each round; the first of a round is another in the next.
fn measure(contenders: &[Contender], rounds: usize) -> Vec<Vec<Duration>> {
    let mut samples = vec![Vec::with_capacity(rounds); contenders.len()];
    contenders.iter().for_each(|contender| _ = launch(contender));
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let chosen = (round + turn) % contenders.len();
            samples[chosen].push(launch(&contenders[chosen]));
        }
    }
    samples
}

fn launch(contender: &Contender) -> Duration {
    // Without close-on-exec, for the contender to read; a descriptor that was read once is at its end.
    let filter =
        contender.filter.as_ref().map(|path| open(path, OFlag::O_RDONLY, Mode::empty()).expect("the filter"));
    let number = filter.as_ref().map(|descriptor| descriptor.as_raw_fd().to_string());
    let words = contender.words.iter().map(|word| match &number {
        Some(number) if word == "FILTER" => number,
        _ => word,
    });
    let words: Vec<&String> = words.collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env_clear();
    let start = Instant::now();
    let status = command.status();
    let taken = start.elapsed();
    assert!(status.as_ref().is_ok_and(std::process::ExitStatus::success), "{}: {status:?}", contender.name);
    taken
}

fn table(scenario: &str, contenders: &[Contender], mut samples: Vec<Vec<Duration>>) -> String {
    samples.iter_mut().for_each(|own| own.sort_unstable());
    let at = |index: usize, part: usize| samples[index][samples[index].len() * part / 10].as_secs_f64() * 1e6;
    let median =
        |name: &str| contenders.iter().position(|contender| contender.name == name).map(|index| at(index, 5));
    let target = median("target").unwrap_or(0.0);
    let titles =
        ["median", "p10", "net", "/ launcher", "net / net"].map(|title| format!("{title:>10}")).concat();
    let mut text = format!("\n{scenario:24}{titles}\n");
    let own = median("sealed launcher").unwrap_or(f64::NAN);
    for (index, contender) in contenders.iter().enumerate() {
        let (middle, fast) = (at(index, 5), at(index, 1));
        let (name, net) = (contender.name, middle - target);
        let ratios = [middle / own, net / (own - target)].map(|ratio| format!("{ratio:>10.2}")).concat();
        _ = writeln!(text, "{name:24}{middle:>10.0}{fast:>10.0}{net:>10.0}{ratios}");
    }
    if let (Some(with), Some(without)) = (median("floor"), median("floor without reaper")) {
        _ = writeln!(text, "{:24}{:>10.0}", "the reaper", with - without);
    }
    text
}
