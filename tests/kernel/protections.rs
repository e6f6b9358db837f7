//! Every protection of a launch that can be left out by itself, and the test that has to fail without it.

use crate::harness::{Change, Person};
use crate::mutants::Protection;
use boxwright::lower::{Act, Call, Else, Landlock, Slot, Step, Value};
use boxwright::seccomp::Request;
use boxwright::seccomp::request::Source;
use boxwright_launcher::abi::{
    CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER,
    CLONE_NEWUTS,
};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Row;

/// `linux/mount.h`: MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC.
const RDONLY: u32 = 1;
const NOSUID: u32 = 2;
const NODEV: u32 = 4;
const NOEXEC: u32 = 8;
/// `linux/fcntl.h`: AT_RECURSIVE.
const RECURSIVE: u32 = 0x8000;
/// `linux/prctl.h`: PR_SET_SECUREBITS.
const SECUREBITS: u32 = 28;

/// All of them; whatever else is wrong with a launch, they are left out one at a time.
pub fn all() -> Vec<Protection> {
    [privileges(), processes(), namespaces(), mounts(), starts(), landlock(), filters()].concat()
}

/// Those of control groups, which need a machine that has version 2.
pub fn cgroups() -> Vec<Protection> {
    [
        left_out("cgroup: memory", "cgroups/out-of-memory", |step| limit(step, "memory.max")),
        left_out("cgroup: swap", "cgroups/in-the-launchers-own", |step| limit(step, "memory.swap.max")),
        left_out("cgroup: processes", "cgroups/fork-bomb", |step| limit(step, "pids.max")),
        left_out("cgroup: processors", "cgroups/half-a-processor", |step| limit(step, "cpu.max")),
        left_out("cgroup: disks", "cgroups/io-max", |step| limit(step, "io.max")),
        left_out("cgroup: groups beneath", "cgroups/divided-at-most", |step| {
            limit(step, "cgroup.max.descendants")
        }),
        left_out("cgroup: levels beneath", "cgroups/divided-at-most", |step| limit(step, "cgroup.max.depth")),
        left_out("cgroup: processors are had", "cgroups/refusals", |step| {
            acts(step, "write 0-1 to cpuset.cpus", |act| matches!(act, Act::Check { .. }))
        }),
        left_out("cgroup: born inside", "cgroups/in-the-launchers-own", |step| born(step, |_| None)),
        left_out("cgroup: beneath its limits", "cgroups/divided-by-the-program", |step| {
            born(step, |group| (group == Slot::CgroupProgram).then_some(Slot::Cgroup))
        }),
        left_out("cgroup namespace of the sandbox", "cgroups/in-the-launchers-own", |step| {
            whole(step, "make a cgroup namespace")
        }),
        left_out("cgroups are read-only", "cgroups/in-the-launchers-own", |step| {
            step.words.starts_with("make cgroup2") && file_system_flags(step, RDONLY)
        }),
    ]
    .concat()
}

/// Where the machine has version 2 of cgroups, nothing but the guard ends what the first of them leaves behind; elsewhere
/// there is only how soon the second ends.
pub const GUARD_TESTS: [&str; 2] = ["crowds/in-a-cgroup-alone", "crowds/launcher-is-killed"];

/// Looked at with what root launches, unless it is what an ordinary user's launch rests on.
fn left_out(name: &'static str, test: &'static str, change: fn(&mut Step) -> bool) -> Vec<Protection> {
    vec![Protection { name, test, change: Change::Step(change), person: Person::Own }]
}

fn of_nobody(name: &'static str, test: &'static str, change: fn(&mut Step) -> bool) -> Vec<Protection> {
    vec![Protection { name, test, change: Change::Step(change), person: Person::Nobody }]
}

fn unasked(name: &'static str, test: &'static str, change: fn(&mut Request) -> bool) -> Vec<Protection> {
    vec![Protection { name, test, change: Change::Filter(change), person: Person::Own }]
}

/// Everything that a step with these first words does.
fn whole(step: &mut Step, words: &str) -> bool {
    let acts = step.words.starts_with(words) && !step.acts.is_empty();
    if acts {
        step.acts.clear();
    }
    acts
}

/// The acts of a step with these first words that are so.
fn acts(step: &mut Step, words: &str, is: impl Fn(&Act) -> bool) -> bool {
    let before = step.acts.len();
    if step.words.starts_with(words) {
        step.acts.retain(|act| !is(act));
    }
    step.acts.len() < before
}

fn calls(step: &mut Step, words: &str, is: impl Fn(&Call) -> bool) -> bool {
    acts(step, words, |act| matches!(act, Act::Call(call) if is(call)))
}

/// What is written to a file of the new control group.
fn limit(step: &mut Step, file: &str) -> bool {
    step.words.ends_with(&format!(" to {file}")) && whole(step, "write ")
}

/// The control group that the child is born in becomes another.
fn born(step: &mut Step, other: impl Fn(Slot) -> Option<Slot>) -> bool {
    let mut changed = false;
    for act in &mut step.acts {
        if let Act::Fork { cgroup: group @ Some(_), .. } = act {
            let before = *group;
            *group = before.and_then(&other);
            changed |= *group != before;
        }
    }
    changed
}

/// Flags of new mounts, in the struct that mount_setattr(2) takes.
fn bind_flags(step: &mut Step, flags: u32) -> bool {
    let mut changed = false;
    for act in &mut step.acts {
        if let Act::Call(call) = act
            && call.number == number::mount_setattr
            && let Some(Value::Bytes(attributes)) = call.arguments.get_mut(3)
        {
            let [low, ..] = flags.to_le_bytes();
            changed |= attributes[0] & low != 0;
            attributes[0] &= !low;
        }
    }
    changed
}

/// The same of new file systems, in an argument of fsmount(2).
fn file_system_flags(step: &mut Step, flags: u32) -> bool {
    argument_bits(step, number::fsmount, 2, flags)
}

fn argument_bits(step: &mut Step, call: u16, argument: usize, bits: u32) -> bool {
    let mut changed = false;
    for act in &mut step.acts {
        if let Act::Call(made) = act
            && made.number == call
            && let Some(Value::Number(number)) = made.arguments.get_mut(argument)
        {
            changed |= *number & bits != 0;
            *number &= !bits;
        }
    }
    changed
}

/// Paths are resolved as open(2) does it: `resolve` of `struct open_how`.
pub fn through_any_link(step: &mut Step) -> bool {
    let mut changed = false;
    for act in &mut step.acts {
        if let Act::Call(call) = act
            && call.number == number::openat2
            && let Some(Value::Bytes(how)) = call.arguments.get_mut(2)
        {
            changed |= how[16..] != [0; 8];
            how[16..].fill(0);
        }
    }
    changed
}

fn namespace(step: &mut Step, flag: u64) -> bool {
    let mut changed = false;
    for act in &mut step.acts {
        if let Act::Fork { flags, .. } = act {
            changed |= *flags & flag != 0;
            *flags &= !flag;
        }
    }
    changed
}

fn rows(step: &mut Step, change: impl Fn(&mut Row)) -> bool {
    let mut changed = false;
    for act in &mut step.acts {
        if let Act::Landlock { rows, action: Landlock::Create } = act {
            let before = rows.clone();
            rows.iter_mut().for_each(&change);
            changed |= *rows != before;
        }
    }
    changed
}

/// What follows from other keys of the spec than its filter's own.
fn implied(request: &mut Request, name: &str) -> bool {
    let before = request.rules.len();
    request.rules.retain(|rule| rule.name != name || rule.source == Source::Stated);
    request.rules.len() < before
}

fn privileges() -> Vec<Protection> {
    [
        left_out("no_new_privs", "privilege/capabilities-are-the-specs", |step| {
            whole(step, "set no_new_privs")
        }),
        left_out("bounding set", "demonstration/contained", |step| whole(step, "bound capabilities")),
        left_out("CAP_SYS_ADMIN in the bounding set", "demonstration/contained", |step| {
            let mut changed = false;
            for act in &mut step.acts {
                if let Act::Each(set) = act {
                    changed |= *set & (1 << 21) != 0;
                    *set &= !(1 << 21);
                }
            }
            changed
        }),
        left_out("securebits", "privilege/capabilities-are-the-specs", |step| {
            calls(step, "set capabilities", |call| call.arguments.first() == Some(&Value::Number(SECUREBITS)))
        }),
        left_out("capability sets", "privilege/row-14-cve-2022-29162-inheritable-set-is-empty", |step| {
            calls(step, "set capabilities", |call| call.number == number::capset)
        }),
        left_out("uid", "demonstration/ids-of-another", |step| {
            calls(step, "become uid", |call| call.number == number::setresuid)
        }),
        left_out("gid", "demonstration/ids-of-another", |step| {
            calls(step, "become uid", |call| call.number == number::setresgid)
        }),
        left_out("supplementary groups", "privilege/row-35-supplementary-groups-are-dropped", |step| {
            whole(step, "set supplementary groups")
        }),
        left_out("setgroups denied", "demonstration/ids", |step| whole(step, "deny setgroups")),
        left_out("session keyring", "privilege/row-49-keys-of-the-caller-are-not-inside", |step| {
            whole(step, "join a new session keyring")
        }),
    ]
    .concat()
}

fn processes() -> Vec<Protection> {
    [
        left_out("reaper: descriptors", "life/seen-from-the-host", |step| {
            whole(step, "reaper: close descriptors")
        }),
        left_out("reaper: no_new_privs", "life/launch-leaves-nothing", |step| {
            whole(step, "reaper: set no_new_privs")
        }),
        left_out("reaper: capabilities", "privilege/seen-from-the-host", |step| {
            whole(step, "reaper: drop capabilities")
        }),
        left_out("reaper: filter", "privilege/seen-from-the-host", |step| {
            whole(step, "reaper: install its own filter")
        }),
        of_nobody("untraceable", "privilege/row-2-cve-2016-9962-only-the-program-is-dumpable", |step| {
            whole(step, "become untraceable")
        }),
        left_out("end with the launcher", "life/kill-leaves-nothing", |step| {
            whole(step, "end with the outside")
        }),
        left_out("end with the parent", "life/die-with-parent", |step| whole(step, "die with the parent")),
        left_out("session of the program", "demonstration/contained", |step| {
            whole(step, "start a new session")
        }),
        left_out("session of pid 1", "life/seen-from-the-host", |step| {
            whole(step, "leave the caller's session")
        }),
        left_out("core dumps", "demonstration/contained", |step| whole(step, "set rlimits.core")),
        left_out("limit of descriptors", "demonstration/contained", |step| whole(step, "set rlimits.nofile")),
        left_out("file mode mask", "demonstration/contained", |step| whole(step, "set the file mode mask")),
        left_out("oom score", "demonstration/background", |step| whole(step, "write 500 to oom_score_adj")),
        left_out("no new code", "demonstration/background-without-new-code", |step| {
            whole(step, "refuse executable memory")
        }),
        left_out("personality", "scheduling/persona-of-the-caller", |step| {
            whole(step, "set the personality")
        }),
    ]
    .concat()
}

fn namespaces() -> Vec<Protection> {
    let test = "demonstration/namespaces";
    [
        left_out("mount namespace", test, |step| namespace(step, CLONE_NEWNS)),
        left_out("uts namespace", test, |step| namespace(step, CLONE_NEWUTS)),
        left_out("ipc namespace", test, |step| namespace(step, CLONE_NEWIPC)),
        left_out("pid namespace", test, |step| namespace(step, CLONE_NEWPID)),
        left_out("network namespace", test, |step| namespace(step, CLONE_NEWNET)),
        left_out("user namespace", test, |step| namespace(step, CLONE_NEWUSER)),
        left_out("cgroup namespace", test, |step| namespace(step, CLONE_NEWCGROUP)),
        left_out("time namespace", test, |step| namespace(step, CLONE_NEWTIME)),
        left_out("clock offsets", "demonstration/clocks", |step| whole(step, "set clock offsets")),
        left_out("host name", "demonstration/hostname", |step| whole(step, "set hostname")),
        left_out("domain name", "demonstration/hostname", |step| whole(step, "set domainname")),
    ]
    .concat()
}

fn mounts() -> Vec<Protection> {
    let contained = "demonstration/contained/without-filter";
    [
        left_out("read-only binds", contained, |step| bind_flags(step, RDONLY)),
        left_out("nosuid of binds", contained, |step| bind_flags(step, NOSUID)),
        left_out("nodev of binds", contained, |step| bind_flags(step, NODEV)),
        left_out("noexec of devices", contained, |step| bind_flags(step, NOEXEC)),
        left_out("nosuid of file systems", contained, |step| file_system_flags(step, NOSUID)),
        left_out("nodev of file systems", contained, |step| file_system_flags(step, NODEV)),
        left_out("noexec of file systems", contained, |step| file_system_flags(step, NOEXEC)),
        left_out("read-only root", contained, |step| whole(step, "make / read-only")),
        left_out("flags of what is beneath", "sources/read-only-with-what-is-beneath", |step| {
            step.words.starts_with("open ") && argument_bits(step, number::mount_setattr, 2, RECURSIVE)
        }),
        left_out("private propagation", "propagation/never-outwards", |step| {
            whole(step, "make mounts private")
        }),
        left_out("old root is detached", contained, |step| {
            calls(step, "change the root", |call| call.number == number::umount2)
        }),
        left_out("old root is detached, and the look at that", contained, |step| {
            let look = |call: &Call| {
                [number::umount2, number::openat2].contains(&call.number)
                    || call.number == number::close && call.arguments == [Value::Slot(Slot::File)]
            };
            calls(step, "change the root", look)
        }),
        left_out("other processes are hidden", contained, |step| {
            calls(step, "make proc", |call| call.arguments.get(2) == Some(&Value::Text("hidepid".into())))
        }),
        left_out("size of memory", "demonstration/private-tmp", |step| {
            calls(step, "make memory for /tmp", |call| {
                call.arguments.get(2) == Some(&Value::Text("size".into()))
            })
        }),
        left_out("masks", "files/mask", |step| whole(step, "mask ")),
        left_out("seals", "files/seal", |step| whole(step, "seal ")),
        left_out("pins", "files/seal", |step| whole(step, "pin ")),
        left_out("what kind a source is", "mounts/cve-2025-52565-only-what-it-says", |step| {
            acts(step, "open ", |act| matches!(act, Act::Check { otherwise: Else::Fail(_), .. }))
        }),
        left_out(
            "no links to mount points",
            "hostile-root/cve-2019-18837-links-on-the-way-to-every-kind",
            through_any_link,
        ),
        left_out("no links out to the working directory", "row-4/crun-1.14.4-cwd-through-a-link", |step| {
            let is_check = |act: &Act| matches!(act, Act::Check { .. });
            acts(step, "change to ", is_check) && through_any_link(step)
        }),
        left_out("proc is proc", "scarcity/row-10-cve-2025-52881-false-proc", |step| {
            acts(step, "find /proc", |act| matches!(act, Act::Check { .. }))
        }),
    ]
    .concat()
}

fn starts() -> Vec<Protection> {
    [
        left_out("other descriptors", "start/many-descriptors", |step| {
            whole(step, "close other descriptors")
        }),
        left_out("standard streams are open", "start/row-62-closed-streams", |step| {
            whole(step, "open standard streams")
        }),
        left_out("ignored signals", "start/row-57-bubblewrap-705-ignored-signals", |step| {
            acts(step, "prepare signals", |act| matches!(act, Act::Signals(_)))
        }),
        left_out("blocked signals", "start/row-57-bubblewrap-705-ignored-signals", |step| {
            whole(step, "reset the signal mask")
        }),
        left_out("standard streams of the spec", "start/streams-of-the-spec", |step| {
            whole(step, "lead standard stream")
        }),
        left_out("timers of the caller", "timeout/timers-of-the-caller", |step| {
            calls(step, "prepare signals", |call| call.number == number::setitimer)
        }),
        left_out("guard", GUARD_TESTS[0], |step| whole(step, "start the guard")),
        left_out("mode mask of the launch", "start/umask", |step| whole(step, "prepare the file mode mask")),
    ]
    .concat()
}

fn landlock() -> Vec<Protection> {
    [
        left_out("Landlock", "landlock/each-right", |step| whole(step, "enforce the Landlock ruleset")),
        left_out("Landlock: files", "landlock/each-right", |step| rows(step, |row| row.handled[0] = 0)),
        left_out("Landlock: ports", "landlock/ports", |step| rows(step, |row| row.handled[1] = 0)),
        left_out("Landlock: scopes", "landlock/cve-2020-15257-abstract-sockets", |step| {
            rows(step, |row| row.handled[2] = 0)
        }),
    ]
    .concat()
}

fn filters() -> Vec<Protection> {
    [
        left_out("filter", "demonstration/contained", |step| whole(step, "install the seccomp filter")),
        unasked(
            "filter: typing into the terminal",
            "bypass/cve-2017-5226-type-into-the-terminal",
            |request| implied(request, "ioctl"),
        ),
        unasked("filter: sockets beside a list of ports", "landlock/landlock-10-udp", |request| {
            implied(request, "socket")
        }),
        unasked("filter: connecting with the first send", "landlock/landlock-41-fast-open", |request| {
            implied(request, "sendto")
        }),
        unasked("filter: whiteouts", "landlock/landlock-63-whiteout", |request| {
            implied(request, "renameat2")
        }),
        unasked("filter: files in memory", "landlock/exec-list-memory", |request| {
            implied(request, "memfd_create")
        }),
        unasked("filter: signals by descriptor", "landlock/scoped-signals", |request| {
            implied(request, "fcntl")
        }),
        unasked("filter: processors of init", "filter/init-is-out-of-reach", |request| {
            implied(request, "sched_setaffinity")
        }),
        unasked("filter: nice value of init", "filter/init-is-out-of-reach", |request| {
            implied(request, "setpriority")
        }),
        unasked("filter: limits of init", "filter/init-is-out-of-reach", |request| {
            implied(request, "prlimit64")
        }),
        unasked("filter: priority of a request", "filter/io-priority-of-a-request", |request| {
            implied(request, "io_submit")
        }),
        unasked("filter: one exec", "exec-once/forked", |request| request.exec_once.take().is_some()),
    ]
    .concat()
}
