//! Hostile plans: what an author of bytes could write, through the launcher's own reader; and a part of it through the
//! launcher itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop, and says what it counted"
)]

#[path = "plans/way.rs"]
mod way;

use boxwright::inspect::render;
use boxwright::link::LAUNCHER;
use boxwright::source::Source;
use boxwright::{build, understand};
use boxwright_launcher::plan::operation::{
    Argument, Cgroup, Check, Comparison, Environment, Exec, Fork, Kind, NONE, Operation, Otherwise, Promise,
    Role, Strings, Supervise,
};
use boxwright_launcher::plan::write::{Draft, Sources, rehash};
use boxwright_launcher::plan::{Entry, Plan, Reason, Section};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};
use way::on_the_way;

/// As small as a spec with processes, mounts and a filter can be.
const SPEC: &str = r#"
version = 1
[process]
args = ["/usr/bin/true"]
user = { uid = 65534, gid = 65534 }
[filesystem]
read_only = ["/usr"]
[seccomp]
allow = ["@minimal"]
"#;

/// The same with what the outside does for it: programs that write maps, and a process that holds a namespace.
fn outside() -> String {
    let lines = "[{ container_id = 65534, host_id = 1000, size = 2 }]";
    let mappings = format!("{{ uid_mappings = {lines}, gid_mappings = {lines} }}");
    let lines = "[{ container_id = 65534, host_id = 0, size = 1 }]";
    let idmap = format!("{{ uid_mappings = {lines}, gid_mappings = {lines} }}");
    format!(
        "{SPEC}[namespaces]\nuser = {mappings}\n[filesystem.mounts]\n'/srv' = {{ bind = '/srv', idmap = {idmap} }}\n"
    )
}

/// The same with sockets and paths that only the launch knows.
fn at_launch() -> String {
    let mounts =
        "[filesystem.mounts]\n'/a' = { bind = '${run.cwd}/${run.uid}' }\n'/b' = { bind = '${run.home}' }\n";
    SPEC.replace("user =", "keep_fds = ['listen']\nuser =") + mounts
}

/// With a control group of its own, and one for the launcher.
const CGROUP: &str = "[cgroup]\npids_max = 9\n[lifecycle]\nstatus_fd = 3\n";

/// The same without a second process, as whoever runs the tests; for root as somebody else.
fn in_place() -> String {
    let own = nix::unistd::getuid();
    let user = if own.is_root() { "{ uid = 65534, gid = 65534 }" } else { "\"caller\"" };
    IN_PLACE.replace("USER", user)
}

const IN_PLACE: &str = r#"
version = 1
[process]
args = ["/nowhere"]
user = USER
keyring = "inherit"
[filesystem]
root = "host"
[namespaces]
mount = "host"
uts = "host"
ipc = "host"
pid = "host"
network = "host"
user = "host"
cgroup = "host"
time = "host"
"#;

fn plan(spec: &str) -> Vec<u8> {
    let source = Source::new("plans.sandbox.toml", spec);
    let policy = understand(&source).policy.expect("a spec without errors");
    build(&source, &policy).unwrap().plan
}

#[test]
fn an_operation_that_is_left_out_breaks_the_promise() {
    for spec in [SPEC.to_owned(), outside(), at_launch(), format!("{SPEC}{CGROUP}")] {
        let plan = plan(&spec);
        let view = Plan::read(&plan).unwrap();
        let operations = view.section(Section::Operations).as_ptr() as usize - plan.as_ptr() as usize;
        let mut tried = 0;
        // Beside the way is only what the outside does for its child, which cannot go on without it.
        for index in on_the_way(&view, Entry::Privileged) {
            if view.operation(index).unwrap().promise == Promise::None {
                continue;
            }
            // The promise's byte of the record: the operation then keeps none.
            let mut changed = plan.clone();
            changed[operations + index as usize * 48 + 2] = 0;
            rehash(&mut changed);
            let reason = Plan::read(&changed).err().map(|refusal| refusal.reason);
            assert_eq!(reason, Some(Reason::Promise), "operation {index}");
            tried += 1;
        }
        assert!(tried > 30, "{tried}");
    }
}

/// Every reason that the reader has is one that the launcher prints, with the byte.
#[test]
fn the_launcher_itself_refuses() {
    let directory = tempfile::tempdir().unwrap();
    let [launcher, file] = ["launcher", "plan"].map(|name| directory.path().join(name));
    std::fs::write(&launcher, LAUNCHER).unwrap();
    std::fs::set_permissions(&launcher, std::fs::Permissions::from_mode(0o755)).unwrap();
    let launch = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        let output = Command::new(&launcher).arg(&file).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let plan = plan(&in_place());
    // The control: whole, it gets as far as looking for the program.
    let (status, error) = launch(&plan);
    assert_eq!(status, Some(127), "{error}");
    assert!(error.contains("plans.sandbox.toml:4:9: execute /nowhere: No such file or directory"), "{error}");
    let mut refused = 0;
    for bit in (0..plan.len() * 8).step_by(331) {
        let mut changed = plan.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let (status, error) = launch(&changed);
        assert_eq!(status, Some(125), "bit {bit}: {error}");
        assert!(error.contains("plan refused: ") && error.contains(" at byte "), "bit {bit}: {error}");
        refused += 1;
    }
    for length in (0..plan.len()).step_by(97) {
        let (status, error) = launch(&plan[..length]);
        assert_eq!(status, Some(125), "length {length}: {error}");
        refused += 1;
    }
    println!("the launcher refused {refused} plans");
    // Neither a plan sealed in nor one named.
    let alone = Command::new(&launcher).output().unwrap();
    assert_eq!(alone.status.code(), Some(125));
}

/// A real plan with one record changed and everything else in order; why it is refused.
fn refused_when(is: impl Fn(&Kind) -> bool, change: impl Fn(&mut [u8])) -> Option<Reason> {
    refused_in(SPEC, is, change)
}

fn refused_in(spec: &str, is: impl Fn(&Kind) -> bool, change: impl Fn(&mut [u8])) -> Option<Reason> {
    let plan = plan(spec);
    let view = Plan::read(&plan).unwrap();
    let start = view.section(Section::Operations).as_ptr() as usize - plan.as_ptr() as usize;
    let index = (0..view.operations()).find(|&index| is(&view.operation(index).unwrap().kind)).unwrap();
    let mut changed = plan.clone();
    let at = start + index as usize * 48;
    change(&mut changed[at..at + 48]);
    rehash(&mut changed);
    Plan::read(&changed).err().map(|refusal| refusal.reason)
}

#[test]
fn only_permitted_calls_are_made() {
    let is_call = |kind: &Kind| matches!(kind, Kind::Call(_));
    // madvise(2) could take the plan's own memory away, mseal(2) keep it, ioctl(2) follow an address in a struct.
    for number in [28_u16, 462, 16] {
        let reason = refused_when(is_call, |record| record[6..8].copy_from_slice(&number.to_le_bytes()));
        assert_eq!(reason, Some(Reason::Call), "call {number}");
    }
}

#[test]
fn a_message_stays_within_the_plan() {
    let spec = format!("{SPEC}[[network.interfaces]]\nkind = 'veth'\nname = 'eth0'\npeer = 'veth'\n");
    let is_message = |kind: &Kind| matches!(kind, Kind::Netlink(_));
    let changed = |at: usize, bytes: &[u8]| {
        refused_in(&spec, is_message, |record| record[at..at + bytes.len()].copy_from_slice(bytes))
    };
    assert_eq!(changed(0, &[]), None);
    // Its length, where it is completed, where a slot's word goes, the socket, and a skip past the list.
    assert_eq!(changed(6, &[0xff, 0xff]), Some(Reason::Pointer));
    assert_eq!(changed(16, &65_520_u32.to_le_bytes()), Some(Reason::Pointer));
    assert_eq!(changed(32, &u16::MAX.to_le_bytes()), Some(Reason::Pointer));
    assert_eq!(changed(8, &0_u32.to_le_bytes()), Some(Reason::Slot));
    assert_eq!(changed(38, &[0xff]), Some(Reason::Skip));
    assert_eq!(changed(39, &[1]), Some(Reason::Operation));
}

/// Groups are made by the process that is there at the end, within the plan, for slots that are set.
#[test]
fn a_cgroup_is_made_before_the_child() {
    let spec = format!("{SPEC}{CGROUP}");
    let plan = plan(&spec);
    let view = Plan::read(&plan).unwrap();
    let is_cgroup = |kind: &Kind| matches!(kind, Kind::Cgroup(Cgroup::Make(_)));
    let make = (0..view.operations()).map(|index| view.operation(index).unwrap());
    let make = make.into_iter().find(|operation| is_cgroup(&operation.kind)).unwrap();
    let changed = |at: usize, bytes: &[u8]| {
        refused_in(&spec, is_cgroup, |record| record[at..at + bytes.len()].copy_from_slice(bytes))
    };
    assert_eq!(changed(0, &[]), None);
    // Its kind, its parent, its name, its directory, what is switched off, its room.
    assert_eq!(changed(3, &[3]), Some(Reason::Operation));
    assert_eq!(changed(8, &0_u32.to_le_bytes()), Some(Reason::Slot));
    assert_eq!(changed(12, &u32::MAX.to_le_bytes()), Some(Reason::Pointer));
    assert_eq!(changed(16, &NONE.to_le_bytes()), Some(Reason::Slot));
    assert_eq!(changed(20, &u32::MAX.to_le_bytes()), Some(Reason::Pointer));
    assert_eq!(changed(24, &61_441_u32.to_le_bytes()), Some(Reason::Pointer));
    assert_eq!(changed(28, &[1]), Some(Reason::Operation));
    // The child cannot make one.
    let in_child = refused_in(
        &spec,
        |kind| matches!(kind, Kind::Each(_)),
        |record| {
            record.copy_from_slice(&Operation { phase: record[1], ..make }.write());
        },
    );
    assert_eq!(in_child, Some(Reason::Flow));
    // A child is born in a group that is there.
    let is_fork = |kind: &Kind| matches!(kind, Kind::Fork(fork) if fork.own_cgroup().is_some());
    let born = |cgroup: u32| {
        refused_in(&spec, is_fork, |record| record[20..24].copy_from_slice(&cgroup.to_le_bytes()))
    };
    assert_eq!((born(0), born(NONE)), (Some(Reason::Slot), None));
}

#[test]
fn a_slot_starts_unset() {
    let plan = plan(SPEC);
    let view = Plan::read(&plan).unwrap();
    let arena = view.section(Section::Arena).as_ptr() as usize - plan.as_ptr() as usize;
    let length = view.section(Section::Arena).len();
    let mut changed = plan.clone();
    changed[arena + length - 4..arena + length].fill(0);
    rehash(&mut changed);
    assert_eq!(Plan::read(&changed).err().map(|refusal| refusal.reason), Some(Reason::Slot));
}

/// An assistant is a program of the host by its absolute path, beside a child that is there already.
#[test]
fn an_assistant_runs_beside_the_child_alone() {
    let plan = plan(&outside());
    let view = Plan::read(&plan).unwrap();
    let assist = (0..view.operations()).map(|index| view.operation(index).unwrap());
    let assist = assist.into_iter().find(|operation| matches!(operation.kind, Kind::Assist(_))).unwrap();
    let is_assist = |kind: &Kind| matches!(kind, Kind::Assist(_));
    let changed = |change: &dyn Fn(&mut [u8])| refused_in(&outside(), is_assist, change);
    let word = |record: &mut [u8], at: usize, change: &dyn Fn(u32) -> u32| {
        let old = u32::from_le_bytes(record[at..at + 4].try_into().unwrap());
        record[at..at + 4].copy_from_slice(&change(old).to_le_bytes());
    };
    assert_eq!(changed(&|_| ()), None);
    // No arguments; what is built at launch, and a number, in the place of the path.
    assert_eq!(changed(&|record| word(record, 12, &|_| 0)), Some(Reason::Operation));
    assert_eq!(changed(&|record| word(record, 8, &|blob| blob + 4)), Some(Reason::Operation));
    assert_eq!(changed(&|record| word(record, 8, &|blob| blob + 8)), Some(Reason::Operation));
    assert_eq!(changed(&|record| word(record, 12, &|_| NONE)), Some(Reason::Pointer));
    assert_eq!(changed(&|record| word(record, 16, &|_| NONE)), Some(Reason::Pointer));
    // A pipe that nothing made, and room that has no meaning.
    assert_eq!(changed(&|record| word(record, 20, &|_| 0)), Some(Reason::Slot));
    assert_eq!(changed(&|record| record[24] = 1), Some(Reason::Operation));
    // Before the fork, and in the child, whose own fork comes later.
    let instead = |record: &mut [u8]| {
        let phase = record[1];
        record.copy_from_slice(&assist.write());
        record[1] = phase;
    };
    let before = refused_in(&outside(), |kind| matches!(kind, Kind::Signals(_)), instead);
    assert_eq!(before, Some(Reason::Flow));
    let is_exec = |kind: &Kind| matches!(kind, Kind::Call(call) if call.number == 157 && call.arguments[0] == Argument::Immediate(4));
    assert_eq!(refused_in(&outside(), is_exec, instead), Some(Reason::Flow));
}

/// What the outside sends is a signal, and what it arms a timer.
#[test]
fn the_outside_ends_its_child() {
    let spec = format!("{SPEC}[lifecycle]\ntimeout = '1m'\nkill_signal = 'SIGINT'\n");
    let outside = |kind: &Kind| matches!(kind, Kind::Supervise(Supervise { role: Role::Outside, .. }));
    let changed = |at: usize, bytes: &[u8]| {
        refused_in(&spec, outside, |record| record[at..at + bytes.len()].copy_from_slice(bytes))
    };
    assert_eq!(changed(12, &2_u32.to_le_bytes()), None);
    assert_eq!(changed(12, &0_u32.to_le_bytes()), Some(Reason::Operation));
    assert_eq!(changed(12, &65_u32.to_le_bytes()), Some(Reason::Operation));
    assert_eq!(changed(16, &NONE.to_le_bytes()), None);
    assert_eq!(changed(16, &0x7fff_ffff_u32.to_le_bytes()), Some(Reason::Pointer));
    assert_eq!(changed(20, &u16::MAX.to_le_bytes()), Some(Reason::Pointer));
    assert_eq!(changed(22, &[1]), Some(Reason::Operation));
    // Nobody else ends anything.
    let reaper = |kind: &Kind| matches!(kind, Kind::Supervise(Supervise { role: Role::Reaper, .. }));
    for at in [12, 16, 20] {
        assert_eq!(refused_in(&spec, reaper, |record| record[at] = 1), Some(Reason::Operation));
    }
}

/// Only a process that nobody waits for holds.
#[test]
fn a_holder_has_no_child() {
    let role =
        |role: Role| move |kind: &Kind| matches!(kind, Kind::Supervise(supervise) if supervise.role == role);
    let becomes = |from: Role, to: u8, pid: u8| {
        refused_in(&outside(), role(from), |record| {
            record[3] = to;
            record[8..12].fill(pid);
            record[12..22].fill(0);
            if to == 0 {
                record[12] = 15;
                record[16..20].fill(0xff);
            }
        })
    };
    assert_eq!(becomes(Role::Holder, 2, 0), None);
    assert_eq!(becomes(Role::Holder, 2, 1), Some(Reason::Operation));
    assert_eq!(becomes(Role::Holder, 0, 0), Some(Reason::Slot));
    assert_eq!(becomes(Role::Outside, 2, 0), Some(Reason::Flow));
    assert_eq!(becomes(Role::Reaper, 2, 0), Some(Reason::Flow));
    assert_eq!(becomes(Role::Holder, 3, 0), Some(Reason::Operation));
}

/// Many operations may name one list of strings, or skip the same others, but not without measure: what is small as a file
/// would take hours to read.
#[test]
fn repeated_looks_are_counted() {
    let read = |count: u32, kind: fn(u32, u32, u32) -> Kind| {
        let mut draft = Draft::default();
        let origin = draft.origin("step", "file", 1, 1);
        let path = draft.string("/program");
        draft.arena_bytes = 8;
        let strings = draft.blob(&path.to_le_bytes().repeat(count as usize));
        let operation = |kind| Operation { phase: 0, promise: Promise::None, origin, kind };
        let many = (0..count).rev().map(|left| operation(kind(strings, count, left)));
        let exec = operation(Kind::Exec(Exec { path }));
        draft.lists = vec![many.chain([exec]).collect()];
        draft.sources(&Sources { name: "", compiler: "", tables: "", spec: [0; 32], launcher: [0; 32] });
        let started = Instant::now();
        let reason = Plan::read(&draft.finish()).err().map(|refusal| refusal.reason);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        reason
    };
    let environment = |blob, count, _| {
        let strings = Strings { blob, count };
        Kind::Environment(Environment {
            arguments: strings,
            variables: strings,
            passed: strings,
            append: false,
            listen: None,
        })
    };
    let check = |_, _, left: u32| {
        Kind::Check(Check {
            comparison: Comparison::Equal,
            offset: 0,
            mask: 0,
            value: 0,
            otherwise: Otherwise::Skip(u16::try_from(left).unwrap()),
        })
    };
    for kind in [environment, check] {
        assert_eq!([read(100, kind), read(50_000, kind)], [None, Some(Reason::Flow)]);
    }
}

/// Lists may be forked more than once, but not without measure: each of a thousand forks would fork a thousand times.
#[test]
fn forks_are_counted() {
    let read = |forks: usize| {
        let mut draft = Draft::default();
        draft.arena = vec![0xff; 16];
        draft.arena_bytes = 64;
        let origin = draft.origin("step", "file", 1, 1);
        let path = draft.string("/program");
        let operation = |kind| Operation { phase: 0, promise: Promise::None, origin, kind };
        let fork = |list| vec![operation(Kind::Fork(Fork { list, flags: 0, pid: 0, cgroup: NONE })); forks];
        let hold = operation(Kind::Supervise(Supervise {
            role: Role::Holder,
            terminal: false,
            pid: 0,
            ending: None,
            channel: 0,
        }));
        let exec = operation(Kind::Exec(Exec { path }));
        draft.lists = vec![[fork(1), vec![exec]].concat(), [fork(2), vec![hold]].concat(), vec![hold]];
        draft.sources(&Sources { name: "", compiler: "", tables: "", spec: [0; 32], launcher: [0; 32] });
        Plan::read(&draft.finish()).err().map(|refusal| refusal.reason)
    };
    assert_eq!([read(10), read(1000)], [None, Some(Reason::Flow)]);
}

/// A directory is found in its room before a text names it, and sockets have a slot for their end.
#[test]
fn what_only_the_launch_knows_has_its_place() {
    let spec = at_launch();
    let refused = |is: fn(&Kind) -> bool, at: usize, word: u32| {
        refused_in(&spec, is, |record| record[at..at + 4].copy_from_slice(&word.to_le_bytes()))
    };
    let directory = |kind: &Kind| matches!(kind, Kind::Directory(_));
    let compared = |kind: &Kind| matches!(kind, Kind::Directory(directory) if directory.beyond != NONE);
    let environment = |kind: &Kind| matches!(kind, Kind::Environment(_));
    assert_eq!(refused_in(&spec, directory, |_| ()), None);
    // Strings, then room: none, not a slot's place, and past the arena.
    for at in [8, 24, 28] {
        assert_eq!(refused(directory, at, 1 << 20), Some(Reason::Pointer), "byte {at}");
    }
    assert_eq!(refused(directory, 16, 0), Some(Reason::Pointer));
    assert_eq!(refused(directory, 16, 64 << 10), Some(Reason::Pointer));
    assert_eq!(refused(directory, 12, 32_769), Some(Reason::Pointer));
    // Elsewhere, so that nothing is where it is compared, or where a text looks for it.
    assert_eq!(refused(directory, 12, 32_768), Some(Reason::Slot));
    assert_eq!(
        refused(compared, 12, 32_768),
        None,
        "it is only compared, and the next one is found by itself"
    );
    assert_eq!(refused(compared, 20, 32_768), Some(Reason::Slot));
    assert_eq!(refused_in(&spec, directory, |record| record[3] = 4), Some(Reason::Operation));
    assert_eq!(refused_in(&spec, directory, |record| record[32] = 1), Some(Reason::Operation));

    assert_eq!(refused_in(&spec, environment, |record| record[3] |= 4), Some(Reason::Operation));
    assert_eq!(refused_in(&spec, environment, |record| record[3] &= !2), Some(Reason::Operation));
    for slot in [1, 64 << 10, 0] {
        // Where the arena does not start as unset, a skipped operation would leave descriptor 0.
        assert!(matches!(refused(environment, 32, slot), Some(Reason::Slot | Reason::Pointer)), "{slot}");
    }
    assert_eq!(refused(environment, 36, (64 << 10) + 1), Some(Reason::Pointer));
    for at in [40, 44] {
        assert_eq!(refused(environment, at, 1 << 20), Some(Reason::Pointer), "byte {at}");
    }
}

/// A file of some megabytes may say at each of many places that one long text goes there.
#[test]
fn one_long_text_many_times() {
    const LONG: usize = 1 << 20;
    let draft = |times: usize| {
        let mut draft = Draft::default();
        draft.arena_bytes = 8;
        let origin = draft.origin("step", "file", 1, 1);
        let path = draft.string(&format!("/{}", "x".repeat(LONG)));
        let strings = Strings {
            blob: draft.blob(&path.to_le_bytes().repeat(times)),
            count: u32::try_from(times).unwrap(),
        };
        let kind = Kind::Environment(Environment {
            arguments: strings,
            variables: Strings { count: 0, ..strings },
            passed: Strings { count: 0, ..strings },
            append: false,
            listen: None,
        });
        let operation = |kind| Operation { phase: 0, promise: Promise::None, origin, kind };
        let mut chdir = boxwright_launcher::plan::operation::Call::new(80);
        chdir.arguments[0] = Argument::String(path);
        let calls = vec![operation(Kind::Call(chdir)); 10_000];
        let exec = operation(Kind::Exec(Exec { path }));
        draft.lists = vec![[vec![operation(kind)], calls, vec![exec]].concat()];
        draft.sources(&Sources { name: "", compiler: "", tables: "", spec: [0; 32], launcher: [0; 32] });
        draft.finish()
    };
    // More than the launcher should walk.
    assert_eq!(Plan::read(&draft(50_000)).err().map(|refusal| refusal.reason), Some(Reason::Flow));
    // And more than anybody should see, or have memory for.
    let plan = draft(2);
    let text = render(&Plan::read(&plan).unwrap(), true);
    assert!(text.len() < 100 << 20 && text.ends_with("the rest is left out\n"), "{}", text.len());
}
