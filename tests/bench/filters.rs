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

use boxwright::seccomp::compile_filter;
use boxwright::seccomp::rule::Filter;
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
        "{:28} {:>12} {:>7} {:>7} {:>9} {:>12}",
        "profile", "instructions", "longest", "nodes", "cacheable", "build"
    );
    row("Docker default", &profiles::oci(&docker));
    row("Podman default", &profiles::oci(&read("oci-seccomp/podman-default.json")));
    for thread in ["vmm", "vcpu", "api"] {
        row(&format!("Firecracker {thread}"), &profiles::firecracker(&firecracker[thread]));
    }
    row("Docker, 3 architectures", &profiles::oci_three_architectures(&docker));
    for name in ["chrome", "runc-test1"] {
        row(name, &profiles::oci(&read(&format!("oci-seccomp/{name}.json"))));
    }
}

fn row(name: &str, filter: &Filter) {
    let proof = compile_filter(filter).unwrap_or_else(|error| panic!("{name}: {error}")).proof;
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(compile_filter(filter).is_ok());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "{name:28} {:12} {:7} {:7} {:9} {:9} us",
        proof.instructions,
        proof.longest_path,
        proof.nodes,
        proof.cacheable,
        times[7].as_micros()
    );
}
