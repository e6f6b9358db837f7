//! Plans of ten specs, cut everywhere and with every bit flipped, a part of larger ones, and tables that are not in order: the reader refuses
//! them, or they are plans like any other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop, and says what it counted"
)]

#[path = "plans/way.rs"]
mod way;

use boxwright::source::Source;
use boxwright::{build, understand};
use boxwright_launcher::plan::operation::{Argument, Call, Kind, Tally};
use boxwright_launcher::plan::write::rehash;
use boxwright_launcher::plan::{Entry, HEADER_BYTES, PERMITTED_CALLS, Plan, Reason, Section};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use way::on_the_way;

/// No plan takes longer to be read, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of changed plans.
#[derive(Default)]
struct Counts {
    plans: usize,
    accepted: usize,
    refused: BTreeMap<Reason, usize>,
    slowest: Duration,
}

impl Counts {
    /// Reads a plan; where the change can matter to that, what is accepted is looked at.
    fn read(&mut self, bytes: &[u8], look: bool) -> bool {
        let started = Instant::now();
        let result = Plan::read(bytes);
        self.slowest = self.slowest.max(started.elapsed());
        self.plans += 1;
        match &result {
            Ok(plan) if look => permitted(plan),
            Ok(_) => {}
            Err(refusal) => *self.refused.entry(refusal.reason).or_default() += 1,
        }
        self.accepted += usize::from(result.is_ok());
        result.is_ok()
    }

    fn tell(&self, what: &str) {
        let Self { plans, accepted, refused, slowest } = self;
        println!("{what}: {plans} plans, {accepted} accepted, the slowest took {slowest:?}, {refused:?}");
        assert!(*slowest < PATIENCE, "{slowest:?}");
    }
}

/// What holds of any plan that is accepted: its calls, its pointers, and what is counted on the way to the program.
fn permitted(plan: &Plan) {
    for index in 0..plan.operations() {
        let operation = plan.operation(index).expect("an operation that can be read");
        if let Kind::Call(Call { number, arguments, .. }) = operation.kind {
            assert!(PERMITTED_CALLS.contains(&number), "call {number}");
            for argument in arguments {
                let (offset, end) = match argument {
                    Argument::String(offset) => (offset, plan.section(Section::Strings).len() - 1),
                    Argument::Blob(offset) => (offset, plan.section(Section::Blobs).len()),
                    Argument::Arena(offset) | Argument::Slot(offset) => (offset, plan.arena() as usize),
                    Argument::Zero | Argument::Immediate(_) | Argument::Each => continue,
                };
                assert!(offset as usize <= end, "operation {index}");
            }
        }
    }
    for entry in [Entry::Privileged, Entry::Unprivileged] {
        assert_eq!(way(plan, entry), plan.promises(entry));
    }
}

/// What is counted on the shortest way to exec.
fn way(plan: &Plan, entry: Entry) -> Tally {
    let mut tally = Tally::default();
    for index in on_the_way(plan, entry) {
        tally.count(&plan.operation(index).expect("an operation"));
    }
    tally
}

fn plan(spec: &str) -> Vec<u8> {
    let source = Source::new("changed.sandbox.toml", spec);
    let policy = understand(&source).policy.expect("a spec without errors");
    build(&source, &policy).unwrap().plan
}

/// Flips every bit once, as it is and with a new hash.
fn flip(name: &str, mut plan: Vec<u8>) {
    let (mut plain, mut rehashed) = (Counts::default(), Counts::default());
    let view = Plan::read(&plan).unwrap();
    // Where operations are: elsewhere what follows from them stays the same.
    let end = view.section(Section::Operations).as_ptr_range().end as usize - plan.as_ptr() as usize;
    let hash = 24..32;
    for bit in 0..plan.len() * 8 {
        let (at, mask) = (bit / 8, 1 << (bit % 8));
        plan[at] ^= mask;
        assert!(!plain.read(&plan, false), "bit {bit} of byte {at}");
        let kept: [u8; 8] = plan[hash.clone()].try_into().unwrap();
        rehash(&mut plan);
        rehashed.read(&plan, at < end);
        plan[hash.clone()].copy_from_slice(&kept);
        plan[at] ^= mask;
    }
    assert!(plain.read(&plan, true), "it is as it was");
    plain.tell(&format!("{name}, flipped bits"));
    rehashed.tell(&format!("{name}, flipped bits and a new hash"));
    for reason in [Reason::Operation, Reason::Pointer, Reason::Section, Reason::Promise, Reason::List] {
        assert!(rehashed.refused.contains_key(&reason), "{reason:?} was never the reason");
    }
}

/// Cuts it everywhere, with a header that knows and with one that does not.
fn cut(name: &str, plan: &[u8]) {
    let mut counts = Counts::default();
    for length in 0..plan.len() {
        assert!(!counts.read(&plan[..length], false), "cut to {length}");
        if length >= HEADER_BYTES {
            let mut short = plan[..length].to_vec();
            short[16..24].copy_from_slice(&(length as u64).to_le_bytes());
            rehash(&mut short);
            assert!(!counts.read(&short, false), "cut to {length}, which it says");
        }
    }
    counts.tell(&format!("{name}, truncations"));
}

macro_rules! changed {
    ($($name:ident: $spec:expr,)*) => {
        /// So many plans are changed everywhere.
        const PLANS: usize = [$(stringify!($name)),*].len();

        $(
            #[test]
            fn $name() {
                let plan = plan(&$spec);
                cut(stringify!($name), &plan);
                flip(stringify!($name), plan);
            }
        )*
    };
}

/// Every change is a walk over the whole plan, so these are small; between them they have every kind of operation.
const FORKED: &str = "version = 1\nprocess.args = ['/usr/bin/true']\nprocess.user = { uid = 65534, gid = 65534 }\n\
    filesystem.read_only = ['/usr']\nseccomp.default_action = 'allow'\nlandlock.filesystem = 'everything'\n";
const ALONE: &str = include_str!("../specs/demos/no-privileges.sandbox.toml");

fn alone(process: &str) -> String {
    ALONE.replace("stdin = \"null\"", process)
}

changed! {
    in_place: ALONE,
    exec_once: alone("exec = \"once\""),
    descriptors: alone("keep_fds = [3, 9]"),
    limits: ALONE.replace("core = 0", "core = 0\ncpu = '1h'\nas = '1GiB'\nnproc = 100\nfsize = { soft = 0, hard = 'max' }"),
    static_program: include_str!("fixtures/good/static-program.sandbox.toml"),
    assistant: include_str!("fixtures/good/user-mode.sandbox.toml"),
    joins: include_str!("fixtures/good/joins.sandbox.toml"),
    messages: format!("{FORKED}[[network.interfaces]]\nkind = 'veth'\nname = 'eth0'\npeer = 'veth'\n"),
    directories: format!("{FORKED}[filesystem.mounts]\n'/a' = {{ bind = '${{run.cwd}}' }}\n'/b' = {{ bind = '${{run.home}}' }}\n"),
    cgroups: format!("{FORKED}[cgroup]\npids_max = 9\n[lifecycle]\nstatus_fd = 3\n"),
}

#[test]
fn there_are_ten() {
    assert_eq!(PLANS, 10);
}

/// Of larger plans a part of the bits, another one in each byte that is met.
#[test]
fn larger_plans() {
    let mut counts = Counts::default();
    for spec in [
        include_str!("../specs/demos/contained.sandbox.toml"),
        include_str!("../specs/demos/landlock.sandbox.toml"),
        include_str!("../specs/demos/limits.sandbox.toml"),
        include_str!("fixtures/good/everything.sandbox.toml"),
    ] {
        let plan = plan(spec);
        for bit in (0..plan.len() * 8).step_by(331) {
            let mut changed = plan.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!counts.read(&changed, false), "bit {bit}");
            rehash(&mut changed);
            counts.read(&changed, true);
        }
    }
    counts.tell("larger plans");
}

/// Every word of the header, the tables and the operations as what a length or an offset must not be.
#[test]
fn words_at_the_edge() {
    let mut counts = Counts::default();
    for plan in [ALONE, FORKED].map(plan) {
        let view = Plan::read(&plan).unwrap();
        let range = |section: Section| {
            let bytes = view.section(section).as_ptr_range();
            bytes.start as usize - plan.as_ptr() as usize..bytes.end as usize - plan.as_ptr() as usize
        };
        let sections = [Section::Lists, Section::Operations, Section::Origins, Section::Notes];
        let words = std::iter::once(0..HEADER_BYTES).chain(sections.map(range)).flatten().step_by(4);
        let whole = u32::try_from(plan.len()).unwrap();
        for at in words {
            for value in [0, 1, 7, 8, whole - 8, whole, whole + 8, i32::MAX as u32, u32::MAX - 7, u32::MAX] {
                let mut changed = plan.clone();
                changed[at..at + 4].copy_from_slice(&value.to_le_bytes());
                rehash(&mut changed);
                counts.read(&changed, at.is_multiple_of(16));
            }
        }
    }
    counts.tell("words at the edge");
}

/// The section table: overlapping, out of order, one section twice, none, and something behind the last.
#[test]
fn tables_out_of_order() {
    const TABLE: usize = 112;
    let plan = plan(include_str!("../specs/demos/contained.sandbox.toml"));
    let refused = |what: &str, mut changed: Vec<u8>| {
        changed.resize(changed.len().next_multiple_of(8), 0);
        let length = changed.len() as u64;
        changed[16..24].copy_from_slice(&length.to_le_bytes());
        rehash(&mut changed);
        assert!(Plan::read(&changed).is_err(), "{what}");
    };
    for one in 0..8 {
        let at = TABLE + 8 * one;
        for other in (0..8).filter(|other| *other != one) {
            let from = TABLE + 8 * other;
            let mut swapped = plan.clone();
            swapped[at..at + 8].copy_from_slice(&plan[from..from + 8]);
            refused(&format!("section {other} twice"), swapped.clone());
            swapped[from..from + 8].copy_from_slice(&plan[at..at + 8]);
            refused(&format!("sections {one} and {other} exchanged"), swapped);
        }
        let start = u32::from_le_bytes(plan[at..at + 4].try_into().unwrap());
        for moved in [start.wrapping_sub(8), start + 8, start + 1, 0] {
            let mut overlapping = plan.clone();
            overlapping[at..at + 4].copy_from_slice(&moved.to_le_bytes());
            refused(&format!("section {one} at {moved}"), overlapping);
        }
    }
    refused("the next version", {
        let mut next = plan.clone();
        next[8..12].copy_from_slice(&2_u32.to_le_bytes());
        next
    });
    refused("trailing zeros", [&plan[..], &[0; 8]].concat());
    refused("trailing bytes", [&plan[..], b"trailing"].concat());
    refused("two plans", [&plan[..], &plan[..]].concat());
    refused("a plan within a plan", [&plan[..HEADER_BYTES], &plan[..], &plan[HEADER_BYTES..]].concat());
    refused("no sections", plan[..HEADER_BYTES].to_vec());
}
