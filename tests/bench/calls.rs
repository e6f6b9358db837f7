//! What a filter costs: installing it, and each system call under it, with no filter, one that allows everything, ours and
//! seccompiler's, interleaved in one run.
//!
//! `cargo bench --bench calls [-- ROUNDS]`. The rules are those of Docker's default profile.
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

use boxwright::seccomp::rule::{Condition, Operator, Rule};
use boxwright::seccomp::verdict::Verdict;
use boxwright::seccomp::{Architecture, Instruction, compile_filter, to_bytes};
use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Instant;

/// How often each call is made for one sample.
const CALLS: u32 = 20_000;
/// The calls: a name, the number and the first argument.
const PROBES: [(&str, libc::c_long, libc::c_long); 3] = [
    // The kernel's bitmap knows the verdict.
    ("cached", libc::SYS_getppid, 0),
    // personality(2): asks for the own one, which the profile allows by its argument.
    ("argument-checked", libc::SYS_personality, 0xffff_ffff),
    // Not in the profile's list.
    ("denied", libc::SYS_add_key, 0),
];

fn main() {
    let Some(corpora) = profiles::corpora() else {
        println!("../shared/corpora is absent: there is no profile to measure");
        return;
    };
    let rounds: usize = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(40);
    let filter = profiles::oci(&profiles::read_json(&corpora.join("oci-seccomp/moby-default.json")));
    let ours = compile_filter(&filter).expect("a filter").program;
    let theirs = theirs(&filter.tables[&Architecture::X86_64.audit()].rules);
    let everything = vec![Instruction::new(0x06, 0x7fff_0000)];
    let contenders: [(&str, Vec<Instruction>); 4] =
        [("no filter", vec![]), ("allows everything", everything), ("ours", ours), ("seccompiler", theirs)];
    let mut samples = vec![[const { Vec::new() }; PROBES.len() + 1]; contenders.len()];
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let chosen = (round + turn) % contenders.len();
            let sample = measure(&to_bytes(&contenders[chosen].1));
            samples[chosen].iter_mut().zip(sample).for_each(|(all, one)| all.push(one));
        }
    }
    println!("{rounds} rounds, medians; install in microseconds, calls in nanoseconds");
    print!("{:20} {:>12} {:>9}", "", "instructions", "install");
    PROBES.iter().for_each(|(name, ..)| print!(" {name:>17}"));
    println!();
    for ((name, program), columns) in contenders.iter().zip(&mut samples) {
        let median = |column: &mut Vec<f64>| {
            column.sort_by(f64::total_cmp);
            column[column.len() / 2]
        };
        let [install, calls @ ..] = columns;
        print!("{name:20} {:12} {:9.1}", program.len(), median(install) / 1000.0);
        calls.iter_mut().for_each(|column| print!(" {:17.1}", median(column)));
        println!();
    }
}

/// The program that seccompiler makes of the rules that allow: equalities on one argument as they are, other conditions
/// left out, EPERM for the rest.
fn theirs(rules: &[Rule]) -> Vec<Instruction> {
    let mut asked: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.verdict == Verdict::ALLOW) {
        let chain = asked.entry(rule.number.into()).or_default();
        if let [Condition { operator: Operator::Equal(value), .. }] = &rule.conditions[..] {
            let equal = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, *value).unwrap();
            chain.push(SeccompRule::new(vec![equal]).unwrap());
        }
    }
    let refuse = SeccompAction::Errno(1);
    let filter = SeccompFilter::new(asked, refuse, SeccompAction::Allow, TargetArch::x86_64).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    let instruction = |one: &seccompiler::sock_filter| Instruction::branch(one.code, one.k, one.jt, one.jf);
    program.iter().map(instruction).collect()
}

/// Nanoseconds in a fresh process under the filter: to install it, and for each of the calls.
fn measure(instructions: &[u8]) -> [f64; PROBES.len() + 1] {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    // SAFETY: the child makes system calls on memory that is its own copy, and ends without returning.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let sample = sample(instructions);
        let bytes: Vec<u8> = sample.iter().flat_map(|value| value.to_le_bytes()).collect();
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&writer);
        // SAFETY: the kernel reads the vector; then the process ends.
        unsafe {
            libc::write(descriptor, bytes.as_ptr().cast(), bytes.len());
            libc::_exit(0)
        }
    }
    drop(writer);
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).expect("a sample");
    // SAFETY: the child is this process's own; its status does not matter.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    let values: Vec<f64> = bytes.as_chunks().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect();
    values.try_into().expect("a whole sample")
}

fn sample(instructions: &[u8]) -> [f64; PROBES.len() + 1] {
    let program = libc::sock_fprog {
        len: u16::try_from(instructions.len() / Instruction::SIZE).unwrap(),
        filter: instructions.as_ptr().cast_mut().cast(),
    };
    let start = Instant::now();
    if !instructions.is_empty() {
        // SAFETY: the kernel reads the struct and its instructions.
        let installed = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program)
        };
        assert_eq!(installed, 0, "{}", std::io::Error::last_os_error());
    }
    let install = start.elapsed().as_secs_f64() * 1e9;
    let calls = PROBES.map(|(_, number, argument)| {
        let start = Instant::now();
        for _ in 0..CALLS {
            // SAFETY: none of the calls reads or writes memory with these arguments.
            unsafe { libc::syscall(number, argument, 0, 0, 0, 0) };
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
    });
    std::array::from_fn(|index| if index == 0 { install } else { calls[index - 1] })
}
