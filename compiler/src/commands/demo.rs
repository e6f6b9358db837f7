//! `boxwright demo`: compiles, seals and runs an embedded spec, and compares what its program sees with what was promised.

use super::run::sealed;
use super::{complain, print};
use anyhow::{Context, bail};
use boxwright::source::Source;
use boxwright::{Built, understand};
use boxwright_launcher::abi::EXIT_NOT_SET_UP;
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::process::{Command, ExitCode, Output};

/// The spec that shows everything.
const FULL: Demonstration = Demonstration {
    path: "specs/demos/contained.sandbox.toml",
    text: include_str!("../../specs/demos/contained.sandbox.toml"),
    promises: &[
        ("uid", "it runs as 65534, whoever launched it", Expected::Is("65534 gid=65534")),
        ("hostname", "the host name is its own", Expected::Is("contained")),
        (
            "root",
            "/ holds only what the spec grants",
            Expected::Is("/bin /dev /etc /lib /lib64 /proc /sbin /tmp /usr"),
        ),
        ("motd", "a file comes out of the spec", Expected::Is("sealed")),
        ("write_root", "/ is read-only", Expected::Is("refused")),
        ("write_usr", "/usr is read-only", Expected::Is("refused")),
        ("tmp", "/tmp ends at 10 MiB", Expected::Is("10485760")),
        ("processes", "no process but its own is in sight", Expected::Is("2")),
        ("interfaces", "no network interface but lo", Expected::Is("lo:")),
        ("loopback", "lo is up", Expected::Is("up")),
        ("ns_cgroup", "a cgroup namespace of its own", Expected::Fresh),
        ("ns_ipc", "an IPC namespace of its own", Expected::Fresh),
        ("ns_mnt", "a mount namespace of its own", Expected::Fresh),
        ("ns_net", "a network namespace of its own", Expected::Fresh),
        ("ns_pid", "a pid namespace of its own", Expected::Fresh),
        ("ns_time", "a time namespace of its own", Expected::Fresh),
        ("ns_user", "a user namespace of its own", Expected::Fresh),
        ("ns_uts", "a UTS namespace of its own", Expected::Fresh),
        (
            "status",
            "no capabilities, no new privileges, a filter",
            Expected::Is(
                "CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 \
                 CapBnd: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 Seccomp: 2",
            ),
        ),
        ("new_namespace", "the filter refuses new namespaces", Expected::Is("refused")),
        ("descriptors", "no descriptor of the launcher is open", Expected::Is("0, 1, 2")),
        ("limits", "no core files, 256 open files", Expected::Is("0 256")),
        ("umask", "the file mode mask is 077", Expected::Is("0077")),
        ("environment", "the environment is the spec's", Expected::Is("PATH=/usr/bin")),
    ],
};

/// The spec for places where namespaces or mounts are refused.
const REDUCED: Demonstration = Demonstration {
    path: "specs/demos/no-privileges.sandbox.toml",
    text: include_str!("../../specs/demos/no-privileges.sandbox.toml"),
    promises: &[
        ("uid", "it runs as the ids of the spec", Expected::User),
        ("ns_mnt", "it stays in the launcher's mount namespace", Expected::Host),
        ("ns_net", "and in its network namespace", Expected::Host),
        ("ns_pid", "and in its pid namespace", Expected::Host),
        ("ns_user", "and in its user namespace", Expected::Host),
        (
            "status",
            "no capabilities, no new privileges, a filter",
            Expected::Is(
                "CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 \
                 CapAmb: 0000000000000000 NoNewPrivs: 1 Seccomp: 2",
            ),
        ),
        ("new_namespace", "the filter refuses new namespaces", Expected::Is("refused")),
        ("descriptors", "no descriptor of the launcher is open", Expected::Is("0, 1, 2")),
        ("limits", "no core files, 256 open files", Expected::Is("0 256")),
        ("environment", "the environment is the spec's", Expected::Is("PATH=/usr/bin")),
    ],
};

/// The user of both specs, and what replaces it where no other id can be had.
const SPEC_USER: &str = "user = { uid = 65534, gid = 65534 }";
const CALLER: &str = "user = \"caller\"";

/// A promise was not observed.
const NOT_OBSERVED: u8 = 1;

/// See a sandbox at work
///
/// Compiles, seals and runs an embedded spec whose program looks around from inside, and compares what it finds with what
/// the spec promises. Where user namespaces or mounts are refused it says who refuses and what to do, and runs a smaller
/// spec that needs neither.
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 every promise of the spec that ran was observed, 1 one was not, 125 the sandbox could not be set up")]
pub struct Args {
    /// Do not run the smaller spec instead
    #[arg(long, value_enum)]
    require: Option<Required>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Required {
    /// The spec with all namespaces
    Full,
}

/// A spec, and what its program must see.
struct Demonstration {
    path: &'static str,
    text: &'static str,
    /// The name of an observation, the promise in words, and what must be seen.
    promises: &'static [(&'static str, &'static str, Expected)],
}

enum Expected {
    /// Exactly this.
    Is(&'static str),
    /// The ids of the spec: 65534 when root launched, the caller's otherwise.
    User,
    /// Another namespace than this process is in.
    Fresh,
    /// The namespace that this process is in.
    Host,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let output = launch(&FULL, FULL.text)?;
    if !was_refused(&output) {
        return report(&FULL, &output);
    }
    complain(String::from_utf8_lossy(&output.stderr).trim_end());
    if args.require.is_some() {
        return Ok(ExitCode::from(EXIT_NOT_SET_UP));
    }
    print(
        "\nREDUCED: the full sandbox is refused here, as said above; this one needs neither namespaces nor mounts.\n\n",
    )?;
    let text = if is_root() { REDUCED.text.to_owned() } else { REDUCED.text.replace(SPEC_USER, CALLER) };
    let output = launch(&REDUCED, &text)?;
    if was_refused(&output) {
        complain(String::from_utf8_lossy(&output.stderr).trim_end());
        return Ok(ExitCode::from(EXIT_NOT_SET_UP));
    }
    report(&REDUCED, &output)
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Compiles a spec, and runs the sealed launcher from memory.
fn launch(demonstration: &Demonstration, text: &str) -> anyhow::Result<Output> {
    let source = Source::new(demonstration.path, text);
    let Some(policy) = understand(&source).policy else {
        bail!("the embedded spec {} has errors", demonstration.path)
    };
    let Built { plan, executable, .. } = boxwright::build(&source, &policy)?;
    print(&format!(
        "{}: a plan of {} bytes, sealed into an executable of {} bytes\n",
        demonstration.path,
        plan.len(),
        executable.len()
    ))?;
    let memory = sealed(&executable)?;
    let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
    Command::new(path).output().context("cannot execute the launcher from memory: is /proc there?")
}

fn was_refused(output: &Output) -> bool {
    output.status.code() == Some(EXIT_NOT_SET_UP.into())
}

/// Says for every promise whether it was observed from inside.
fn report(demonstration: &Demonstration, output: &Output) -> anyhow::Result<ExitCode> {
    let text = String::from_utf8_lossy(&output.stdout);
    let seen: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let mut missing = 0;
    for (name, promise, expected) in demonstration.promises {
        let value = seen.get(name).map(|value| value.trim());
        let kept = value.is_some_and(|value| expected.is_met(name, value));
        missing += usize::from(!kept);
        let (mark, colour) = if kept { ("ok", "\u{1b}[32m") } else { ("NOT OBSERVED", "\u{1b}[31m") };
        let value = value.unwrap_or("nothing");
        print(&format!("  {colour}{mark}\u{1b}[0m  {promise}\u{1b}[2m  {name}={value}\u{1b}[0m\n"))?;
    }
    if !output.stderr.is_empty() {
        complain(String::from_utf8_lossy(&output.stderr).trim_end());
    }
    let all = demonstration.promises.len();
    print(&format!("{} of {all} promises observed from inside\n", all - missing))?;
    Ok(if missing == 0 && output.status.success() { ExitCode::SUCCESS } else { ExitCode::from(NOT_OBSERVED) })
}

impl Expected {
    fn is_met(&self, name: &str, value: &str) -> bool {
        let own = || {
            let kind = name.trim_start_matches("ns_");
            let link = std::fs::read_link(format!("/proc/self/ns/{kind}")).ok();
            link.map(|link| link.to_string_lossy().into_owned())
        };
        match self {
            Self::Is(expected) => value == *expected,
            Self::User if is_root() => value == "65534 gid=65534",
            Self::User => value == format!("{} gid={}", nix::unistd::getuid(), nix::unistd::getgid()),
            Self::Fresh => own().is_some_and(|own| value.contains(":[") && own != value),
            Self::Host => own().as_deref() == Some(value),
        }
    }
}
