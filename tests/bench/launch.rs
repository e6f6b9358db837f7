//! What a launch costs: sealed launchers beside a hard-coded floor, bwrap, crun, runc and unshare, in one interleaved run.
//!
//! `cargo bench --bench launch [-- ROUNDS]`, as root. The floor and bwrap install the bytes of the scenario's filter, crun
//! and runc what they make of the same names, which goes without a time namespace in runc, and unshare none. S1 is measured
//! with an increasing number of mounts on the host. Times are medians, gross of the program that is launched, whose own row
//! is `target`. Debian 12 has no package of minijail or nsjail; `floor` makes the calls that minijail would make.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement that cannot go on should stop, and says why on the terminal"
)]

mod bundle;

use boxwright::seccomp::{compile, merge};
use boxwright::source::Source;
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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
    println!("{rounds} rounds, microseconds, medians gross of the target");
    own_mounts();
    let print = |title: &str, contenders: &[Contender]| {
        print!("{}", table(title, contenders, measure(contenders, rounds)));
    };
    let own = mounts();
    let contenders_of_s1 = contenders("S1", scratch.path());
    for count in MOUNTS {
        add_mounts(scratch.path(), count);
        print(&format!("S1, {} mounts", mounts()), &contenders_of_s1);
    }
    umount2(&scratch.path().join("mounts"), MntFlags::MNT_DETACH).expect("the mounts go at once");
    for scenario in ["S2", "S3"] {
        print(&format!("{scenario}, {own} mounts"), &contenders(scenario, scratch.path()));
    }
}

/// How many mounts the host has in the runs of S1, unless it has more already.
const MOUNTS: [usize; 3] = [23, 123, 423];

/// A mount namespace for the bench, without the hierarchies of cgroups that would stop crun and runc: crun 1.8 refuses one
/// that is hybrid, and none for processors takes a SCHED_FIFO process.
fn own_mounts() {
    unshare(CloneFlags::CLONE_NEWNS).expect("a mount namespace");
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).expect("private mounts");
    for hierarchy in ["unified", "cpu"] {
        // Elsewhere there is none.
        _ = umount2(&Path::new("/sys/fs/cgroup").join(hierarchy), MntFlags::MNT_DETACH);
    }
}

fn mounts() -> usize {
    fs::read_to_string("/proc/self/mountinfo").expect("the mounts").lines().count()
}

/// Adds file systems, all beneath one that can take them away again, until there are so many.
fn add_mounts(scratch: &Path, count: usize) {
    let first = scratch.join("mounts");
    for number in mounts()..count {
        let point = if first.exists() { first.join(number.to_string()) } else { first.clone() };
        fs::create_dir(&point).expect("a mount point");
        mount(Some("tmpfs"), &point, Some("tmpfs"), MsFlags::empty(), None::<&str>).expect("a mount");
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

/// The bytes of the scenario's filter in a file, and in `filter.h` beside it as C.
fn filter(spec: &Path, directory: &Path) -> PathBuf {
    let source = Source::new(spec, fs::read_to_string(spec).expect("the spec"));
    let policy = boxwright::understand(&source).policy.expect("a spec without errors");
    let program = compile(&merge(&policy).expect("a filter").request).expect("a filter").program;
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
    fs::write(directory.join("filter.h"), header).expect("the filter for C");
    let path = directory.join("filter.bpf");
    fs::write(&path, &bytes).expect("the filter");
    path
}

/// The floor with the scenario's filter, and a program that does nothing.
fn floor(directory: &Path) -> [String; 2] {
    let (floor, empty) = (directory.join("floor"), directory.join("empty"));
    let header = format!("-DFILTER=\"{}\"", directory.join("filter.h").display());
    compile_c(&floor, &Path::new(HERE).join("floor.c"), &header);
    fs::write(empty.with_extension("c"), "int main(void) { return 0; }").expect("a C program");
    compile_c(&empty, &empty.with_extension("c"), "-static");
    [floor, empty].map(|path| path.display().to_string())
}

fn compile_c(path: &Path, source: &Path, option: &str) {
    let built = Command::new("cc").args(["-O2", "-static", "-w", option, "-o"]).args([path, source]).status();
    assert!(built.expect("a C compiler").success(), "{} does not compile", source.display());
}

/// Something that launches the program.
struct Contender {
    name: &'static str,
    words: Vec<String>,
    /// The filter that it reads from a descriptor, whose number stands in its arguments as `FILTER`.
    filter: Option<PathBuf>,
}

fn contenders(scenario: &str, scratch: &Path) -> Vec<Contender> {
    let directory = scratch.join(scenario);
    fs::create_dir(&directory).expect("a directory");
    let spec = Path::new(HERE).join(format!("{}.sandbox.toml", scenario.to_lowercase()));
    let filter = filter(&spec, &directory);
    let [floor, empty] = floor(&directory);
    let contender = |name, words: &[&str]| Contender {
        name,
        words: words.iter().chain(&PROGRAM).map(|&word| word.to_owned()).collect(),
        filter: None,
    };
    let sealed = seal(&spec, &directory);
    let mut found = vec![
        contender("target", &[]),
        Contender { name: "sealed launcher", words: vec![sealed], filter: None },
        contender("floor", &[&floor, scenario, "reaper"]),
        // What the floor's own libc costs, which a launcher does not have.
        Contender { name: "empty C program", words: vec![empty], filter: None },
    ];
    let network: &[&str] = if scenario == "S1" { &["--unshare-net"] } else { &[] };
    let mut bwrap = vec!["/usr/bin/bwrap"];
    if scenario == "S3" {
        bwrap.extend(["--dev-bind", "/", "/"]);
    } else {
        found.push(contender("floor without reaper", &[&floor, scenario, "bare"]));
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
    if scenario == "S1" {
        found.extend(["crun", "runc"].map(|runtime| runs_a_bundle(runtime, &directory)));
    }
    bwrap.extend(["--cap-drop", "ALL", "--seccomp", "FILTER"]);
    found.push(Contender { filter: Some(filter), ..contender("bwrap", &bwrap) });
    found
}

fn runs_a_bundle(runtime: &'static str, directory: &Path) -> Contender {
    let directory = directory.join(runtime);
    bundle::make(&directory, runtime, Path::new(PROGRAM[0]), &names());
    let (bundle, state) = (directory.display().to_string(), directory.join("state").display().to_string());
    let name = format!("boxwright-bench-{}", std::process::id());
    let words = [runtime, "--root", &state, "run", "--bundle", &bundle, &name];
    Contender { name: runtime, words: words.map(str::to_owned).to_vec(), filter: None }
}

/// The system calls that the specs of the bench allow.
fn names() -> Vec<String> {
    let spec = fs::read_to_string(Path::new(HERE).join("s1.sandbox.toml")).expect("the spec");
    let table: toml::Table = spec.parse().expect("a spec is TOML");
    let names = table["seccomp"]["allow"].as_array().expect("a list").iter();
    names.map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// The sealed launcher of a scenario.
fn seal(spec: &Path, directory: &Path) -> String {
    let launcher = directory.join("launcher");
    let compiler = env!("CARGO_BIN_EXE_boxwright");
    let built =
        Command::new(compiler).arg("build").arg(spec).arg("-o").arg(&launcher).output().expect("boxwright");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    launcher.display().to_string()
}

/// One sample of each contender in each round, the first of a round another in the next; or why there are none.
fn measure(contenders: &[Contender], rounds: usize) -> Vec<Result<Vec<Duration>, String>> {
    let mut samples: Vec<_> =
        contenders.iter().map(|contender| launch(contender).map(|_| Vec::with_capacity(rounds))).collect();
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let chosen = (round + turn) % contenders.len();
            if let Ok(own) = &mut samples[chosen] {
                match launch(&contenders[chosen]) {
                    Ok(taken) => own.push(taken),
                    Err(reason) => samples[chosen] = Err(format!("in round {round}: {reason}")),
                }
            }
        }
    }
    samples
}

fn launch(contender: &Contender) -> Result<Duration, String> {
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
    command.args(&words[1..]).env_clear().env("PATH", "/usr/sbin:/usr/bin").stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let status = child.wait().expect("a child can be waited for");
    let taken = start.elapsed();
    if status.success() {
        return Ok(taken);
    }
    let mut words = String::new();
    child.stderr.take().expect("its errors").read_to_string(&mut words).expect("its errors");
    Err(format!("{status}: {}", words.trim().replace('\n', "; ")))
}

fn table(title: &str, contenders: &[Contender], samples: Vec<Result<Vec<Duration>, String>>) -> String {
    let sorted = |own: Vec<Duration>| {
        let mut micros: Vec<f64> = own.iter().map(|taken| taken.as_secs_f64() * 1e6).collect();
        micros.sort_by(f64::total_cmp);
        micros
    };
    let samples: Vec<_> = samples.into_iter().map(|own| own.map(sorted)).collect();
    let middle = |own: &Vec<f64>| own[own.len() / 2];
    let median = |name: &str| {
        let index = contenders.iter().position(|contender| contender.name == name)?;
        samples[index].as_ref().ok().map(middle)
    };
    let titles =
        ["median", "p10", "net", "/ launcher", "net / net"].map(|title| format!("{title:>10}")).concat();
    let mut text = format!("\n{title:24}{titles}\n");
    let [target, own] = ["target", "sealed launcher"].map(|name| median(name).unwrap_or(f64::NAN));
    for (Contender { name, .. }, own_samples) in contenders.iter().zip(&samples) {
        match own_samples {
            Ok(sorted) => {
                let (middle, fast) = (middle(sorted), sorted[sorted.len() / 10]);
                let net = middle - target;
                let ratios =
                    [middle / own, net / (own - target)].map(|ratio| format!("{ratio:>10.2}")).concat();
                _ = writeln!(text, "{name:24}{middle:>10.0}{fast:>10.0}{net:>10.0}{ratios}");
            }
            Err(reason) => _ = writeln!(text, "{name:24}not measured: {reason}"),
        }
    }
    if let (Some(with), Some(without)) = (median("floor"), median("floor without reaper")) {
        _ = writeln!(text, "{:24}{:>10.0}", "the reaper", with - without);
    }
    text
}
