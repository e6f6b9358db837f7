//! Prints how large the filters of public profiles become, how long their longest path is, and what compiling costs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints its table and stops where it cannot go on"
)]

#[allow(dead_code, reason = "the tests read more profiles")]
#[path = "../seccomp/profiles.rs"]
mod profiles;

use boxwright::seccomp::rule::{Condition, Filter, Operator, Rule, Table, Width};
use boxwright::seccomp::verdict::Verdict;
use boxwright::seccomp::{Architecture, agrees, compile_filter, constants};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

fn main() {
    let Some(corpora) = profiles::corpora() else {
        println!("../shared/corpora is absent: there are no profiles to measure");
        return;
    };
    let read = |name: &str| profiles::read_json(&corpora.join(name));
    let docker = read("oci-seccomp/moby-default.json");
    let firecracker = read("firecracker/x86_64-unknown-linux-musl.json");
    println!(
        "{:28} {:>12} {:>7} {:>7} {:>9} {:>12} {:>12}",
        "profile", "instructions", "longest", "nodes", "cacheable", "build", "2nd opinion"
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

fn row(name: &str, filter: &Filter) {
    let proof = compile_filter(filter).unwrap_or_else(|error| panic!("{name}: {error}")).proof;
    let build = median(|| compile_filter(filter).is_ok());
    let both = median(|| compile_filter(filter).is_ok_and(|mut proven| agrees(filter, &mut proven).is_ok()));
    println!(
        "{name:28} {:12} {:7} {:7} {:9} {:9} us {:9} us",
        proof.instructions,
        proof.longest_path,
        proof.nodes,
        proof.cacheable,
        build.as_micros(),
        both.saturating_sub(build).as_micros()
    );
}

fn median(mut work: impl FnMut() -> bool) -> Duration {
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(work());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[7]
}
