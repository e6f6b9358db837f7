//! Prints how large the filters of public profiles become, how long their longest path is, and what compiling costs.
//!
//! `cargo bench --bench filters [-- ROUNDS]`; `-- random COUNT` compares that many random policies with seccompiler instead.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a bench prints its table, stops where it cannot go on, and cuts random numbers to size"
)]

#[allow(dead_code, reason = "the tests read more profiles")]
#[path = "../seccomp/profiles.rs"]
mod profiles;
#[allow(dead_code, reason = "the tests also interpret")]
#[path = "../seccomp/random.rs"]
mod random;

use boxwright::seccomp::diagram::Diagram;
use boxwright::seccomp::proof::longest_path;
use boxwright::seccomp::rule::{Condition, Filter, Operator, Rule, Table, Width};
use boxwright::seccomp::second_opinion::{agrees, programs};
use boxwright::seccomp::verdict::Verdict;
use boxwright::seccomp::{Architecture, compile_filter, constants, second_opinion};
use random::{Random, random_filter};
use seccompiler::TargetArch;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

fn main() {
    let number = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    if std::env::args().any(|argument| argument == "random") {
        return random_policies(number.unwrap_or(10_000));
    }
    let rounds = number.unwrap_or(25);
    let row = |name: &str, filter: &Filter| row(rounds, name, filter);
    let Some(corpora) = profiles::corpora() else {
        println!("../shared/corpora is absent: there are no profiles to measure");
        return;
    };
    let read = |name: &str| profiles::read_json(&corpora.join(name));
    let docker = read("oci-seccomp/moby-default.json");
    let firecracker = read("firecracker/x86_64-unknown-linux-musl.json");
    println!(
        "ours: instructions / longest path; the second opinion is what asking seccompiler costs; its figures are"
    );
    println!("those of its program for what the profile allows");
    println!(
        "{:24} {:>10} {:>6} {:>9} {:>8} {:>14} {:>12}",
        "profile", "ours", "nodes", "cacheable", "build", "second opinion", "seccompiler"
    );
    row("Docker default", &profiles::oci(&docker));
    row("Podman default", &profiles::oci(&read("oci-seccomp/podman-default.json")));
    for thread in ["vmm", "vcpu", "api"] {
        row(&format!("Firecracker {thread}"), &profiles::firecracker(&firecracker[thread]));
    }
    row("Docker, 3 architectures", &profiles::oci_three_architectures(&docker));
    row("642 ioctl requests", &ioctls());
    for name in ["chrome", "runc-test1"] {
        row(name, &profiles::oci(&read(&format!("oci-seccomp/{name}.json"))));
    }
}

/// Real requests of devices, one value of a list each.
fn ioctls() -> Filter {
    let devices = [
        "SNDRV_",
        "KVM_",
        "VIDIOC_",
        "BTRFS_IOC_",
        "VHOST_",
        "USBDEVFS_",
        "VFIO_",
        "RIO_",
        "TIO",
        "FS_",
        "F2FS_",
        "UI_",
        "RTC_",
        "ATM",
        "AUTOFS",
        "DM_",
        "EVIOC",
        "IPMICTL_",
        "LIRC_",
        "PTP_",
        "SCIF_",
        "COMEDI_",
        "CCISS",
        "VDUSE_",
        "SNAPSHOT_",
        "NVME_",
        "ACRN_",
        "FW_",
        "MGSL_",
    ];
    let named = constants().filter(|(name, _)| devices.iter().any(|device| name.starts_with(device)));
    let values: BTreeSet<u64> = named.map(|(_, value)| value).filter(|value| *value > 0xFF).collect();
    let values: Vec<u64> = values.into_iter().take(642).collect();
    assert_eq!(values.len(), 642);
    let condition = Condition {
        argument: profiles::argument(1),
        width: Width::Bits32,
        operator: Operator::OneOf(values),
    };
    let rule = Rule { number: 16, conditions: vec![condition], verdict: Verdict::ALLOW, layer: 0, origin: 0 };
    let fallbacks = BTreeMap::from([(0, Verdict::errno(1)), (0x4000_0000, Verdict::KILL_PROCESS)]);
    let tables = BTreeMap::from([(Architecture::X86_64.audit(), Table { fallbacks, rules: vec![rule] })]);
    Filter { tables, foreign: Verdict::KILL_PROCESS }
}

fn row(rounds: usize, name: &str, filter: &Filter) {
    let mut proven = compile_filter(filter).unwrap_or_else(|error| panic!("{name}: {error}"));
    let proof = proven.proof;
    let build = median(rounds, || compile_filter(filter).is_ok());
    // In a diagram of its own, or most of it would only be looked up.
    let opinion = median(rounds, || second_opinion(filter, &mut Diagram::default()).is_ok());
    let theirs = match agrees(filter, &mut proven) {
        Ok(None) => seccompilers(filter),
        Ok(Some(_)) => "no opinion".to_owned(),
        Err(fault) => panic!("{name}: seccompiler disagrees: {fault}"),
    };
    println!(
        "{name:24} {:>10} {:6} {:9} {:5} us {:11} us {theirs:>12}",
        format!("{} / {}", proof.instructions, proof.longest_path),
        proof.nodes,
        proof.cacheable,
        build.as_micros(),
        opinion.as_micros(),
    );
}

fn median(rounds: usize, mut work: impl FnMut() -> bool) -> Duration {
    let time = |_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..rounds).map(time).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// Instructions and longest path of seccompiler's program, which does not exist when the kernel takes no such length.
fn seccompilers(filter: &Filter) -> String {
    let allowed: Vec<_> = filter
        .tables
        .values()
        .flat_map(|table| &table.rules)
        .filter(|rule| rule.verdict == Verdict::ALLOW)
        .collect();
    let programs = programs(&allowed, TargetArch::x86_64).unwrap();
    let [conditional, unconditional] = programs.as_slice() else { return "refused".to_owned() };
    let longest = longest_path(conditional).max(longest_path(unconditional));
    // Both check the architecture, load the number and return the default: 6 instructions, of which one program needs 1.
    format!("{} / {longest}", conditional.len() + unconditional.len() - 5)
}

/// Compares as many random policies as the argument says with seccompiler's opinion of them.
fn random_policies(count: usize) {
    let (mut random, mut compared, mut inexpressible) = (Random(1), 0, 0);
    while compared < count {
        let filter = random_filter(&mut random);
        let mut proven = compile_filter(&filter).unwrap_or_else(|error| panic!("{error}: {filter:?}"));
        match agrees(&filter, &mut proven) {
            Ok(None) => compared += 1,
            Ok(Some(_)) => inexpressible += 1,
            Err(fault) => panic!("{fault}: {filter:?}"),
        }
    }
    println!("{compared} random policies proven and compared with seccompiler's opinion: no difference");
    println!("{inexpressible} more proven that it cannot express");
}
