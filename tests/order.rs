//! The order of a launch is proven, not hoped for: a step that is moved or left out is noticed before a byte is written.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use boxwright::lower::{Act, Fact, Filter, Filters, Misplaced, Program, Slot, Step, lower, prove};
use boxwright::source::Source;
use boxwright::understand;

const CONTAINED: &str = include_str!("../specs/demos/contained.sandbox.toml");
const IN_PLACE: &str = include_str!("../specs/demos/no-privileges.sandbox.toml");

fn program(spec: &str) -> Program {
    let source = Source::new("order.sandbox.toml", spec);
    let policy = understand(&source).policy.expect("a spec without errors");
    let filter = Filter { instructions: vec![0; 8], cookie: None, flags: 0 };
    lower(&policy, &Filters { program: Some(filter.clone()), reaper: filter })
}

/// The list that has a step with these words, and where in it.
fn find<'a>(steps: &'a mut Vec<Step>, words: &str) -> Option<(&'a mut Vec<Step>, usize)> {
    if let Some(at) = steps.iter().position(|step| step.words == words) {
        return Some((steps, at));
    }
    let children = steps.iter_mut().flat_map(|step| &mut step.acts);
    children
        .filter_map(|act| if let Act::Fork { child, .. } = act { Some(child) } else { None })
        .find_map(|child| find(child, words))
}

fn without(spec: &str, words: &str) -> Result<(), Misplaced> {
    let mut program = program(spec);
    let (list, at) = find(&mut program.privileged, words).unwrap_or_else(|| panic!("no step `{words}`"));
    list.remove(at);
    prove(&program)
}

/// Moves a step before another of its list, in the other's phase.
fn moved(spec: &str, words: &str, before: &str) -> Result<(), Misplaced> {
    let mut program = program(spec);
    let (list, from) = find(&mut program.privileged, words).unwrap_or_else(|| panic!("no step `{words}`"));
    let mut step = list.remove(from);
    let to = list
        .iter()
        .position(|step| step.words == before)
        .unwrap_or_else(|| panic!("no step `{before}` beside it"));
    step.phase = list[to].phase;
    list.insert(to, step);
    prove(&program)
}

fn need(step: &str, fact: Fact) -> Result<(), Misplaced> {
    Err(Misplaced::Need { step: step.into(), fact })
}

#[test]
fn every_demonstration_is_in_order() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs/demos");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(prove(&program(&std::fs::read_to_string(&path).unwrap())), Ok(()), "{}", path.display());
    }
}

#[test]
fn sources_are_opened_before_the_root_is_left() {
    assert_eq!(moved(CONTAINED, "open /usr", "link /bin"), need("open /usr", Fact::HostPaths));
    assert_eq!(moved(CONTAINED, "make proc", "link /bin"), need("make proc", Fact::HostPaths));
}

/// A tree with other owners comes from the host's namespaces, and its owners from a namespace that is open by then.
#[test]
fn idmaps_come_first() {
    const MAPPED: &str = include_str!("fixtures/good/everything.sandbox.toml");
    let (hold, open) = ("make a user namespace for an idmap", "open /srv/data with other owners");
    let unset = |step: &str, slot| Err(Misplaced::Unset { step: step.into(), slot });
    assert_eq!(without(MAPPED, hold), unset(open, Slot::IdMap(0)));
    assert_eq!(moved(MAPPED, open, hold), unset(open, Slot::IdMap(0)));
    assert!(matches!(without(MAPPED, open), Err(Misplaced::Unset { slot: Slot::Source(_), .. })));
    assert_eq!(prove(&program(MAPPED)), Ok(()));
}

#[test]
fn nothing_needs_capabilities_after_they_are_gone() {
    assert_eq!(
        moved(IN_PLACE, "set capabilities", "become uid 65534, gid 65534"),
        need("become uid 65534, gid 65534", Fact::Capabilities)
    );
}

#[test]
fn the_filter_needs_no_new_privs_and_comes_once() {
    assert_eq!(
        without(IN_PLACE, "set no_new_privs"),
        need("install the seccomp filter", Fact::NoNewPrivileges)
    );
    let mut twice = program(IN_PLACE);
    let (list, at) = find(&mut twice.privileged, "install the seccomp filter").unwrap();
    let filter = list[at].clone();
    list.insert(at, filter);
    assert_eq!(prove(&twice), need("install the seccomp filter", Fact::Unfiltered));
}

#[test]
fn landlock_comes_after_the_mounts_and_no_new_privs() {
    let enforce = "enforce the Landlock ruleset";
    assert_eq!(without(CONTAINED, "set no_new_privs"), need(enforce, Fact::NoNewPrivileges));
    let result = without(CONTAINED, "make a Landlock ruleset");
    assert!(matches!(&result, Err(Misplaced::Unset { step, .. }) if step == "allow /"), "{result:?}");
    let result = without(CONTAINED, "look for Landlock");
    assert!(matches!(&result, Err(Misplaced::Unset { .. })), "{result:?}");
    // Nothing can be mounted any more.
    let mut early = program(CONTAINED);
    let (list, from) = find(&mut early.privileged, enforce).unwrap();
    let mut restrict = list.remove(from);
    restrict.needs = &[];
    let (list, to) = find(&mut early.privileged, "mount /usr").unwrap();
    restrict.phase = list[to].phase;
    restrict.acts.clear();
    list.insert(to, restrict);
    assert_eq!(prove(&early), need("mount /usr", Fact::OwnMounts));
}

#[test]
fn mounts_are_private_before_anything_is_mounted() {
    assert_eq!(without(CONTAINED, "make mounts private"), need("open /dev/full", Fact::OwnMounts));
}

#[test]
fn files_of_the_host_are_opened_before_its_mounts_are_left() {
    let joining = IN_PLACE.replace("mount = \"host\"", "mount = { path = \"/run/pod/mount\" }");
    assert_eq!(prove(&program(&joining)), Ok(()));
    assert_eq!(
        moved(&joining, "open /dev/null", "bound capabilities"),
        need("open /dev/null", Fact::HostPaths)
    );
}

/// A mount namespace starts with the host's mounts: it is made before a user namespace is joined that others have power in, and
/// joined after nothing leads to the host any more.
#[test]
fn a_user_namespace_is_joined_when_the_host_is_out_of_reach() {
    let joining = |spec: &str| spec.to_owned() + "namespaces.user = { path = '/run/pod/user' }\n";
    let contained = "version = 1\nname = 'j'\nprocess.args = ['/bin/true']\n\
        process.user = { uid = 1, gid = 1 }\nfilesystem.base = 'usr'\n";
    let spec = joining(contained);
    let (join, inside) =
        ("join user namespace /run/pod/user", "make namespaces that the host's user namespace owns");
    assert_eq!(prove(&program(&spec)), Ok(()));
    // The process that enters first comes first, and makes no mount namespace.
    let mut early = program(&spec);
    let (list, at) = find(&mut early.privileged, inside).unwrap();
    let Some(Act::Fork { child, .. }) = list[at].acts.iter_mut().find(|act| matches!(act, Act::Fork { .. }))
    else {
        panic!("a process inside")
    };
    let from = child.iter().position(|step| step.words == join).unwrap();
    let mut step = child.remove(from);
    let to = child.iter().position(|step| step.words == "open /usr").unwrap();
    step.phase = child[to].phase;
    let late = step.clone();
    child.insert(to, step);
    assert_eq!(prove(&early), need(join, Fact::NewRoot));
    // Before the mount namespace is made, and whatever the step says of itself.
    let mut before = program(&spec);
    let (list, at) = find(&mut before.privileged, inside).unwrap();
    let phase = list[at].phase;
    list.insert(at, Step { phase, needs: &[], takes: &[], ..late });
    assert_eq!(prove(&before), need(inside, Fact::LaunchUser));
    // In the process that was started for it.
    let mut there = program(&spec);
    let (list, at) =
        find(&mut there.privileged, "make namespaces that the joined user namespace owns").unwrap();
    for act in &mut list[at].acts {
        if let Act::Call(call) = act {
            call.arguments = vec![0x2_0000.into()];
        }
    }
    assert_eq!(prove(&there), need("make namespaces that the joined user namespace owns", Fact::LaunchUser));
}

#[test]
fn what_a_step_uses_was_stored_before() {
    let result = without(CONTAINED, "open /usr");
    assert!(matches!(&result, Err(Misplaced::Unset { step, .. }) if step == "mount /usr"), "{result:?}");
    let result = without(CONTAINED, "connect both sides");
    assert!(matches!(&result, Err(Misplaced::Unset { .. })), "{result:?}");
}

#[test]
fn a_launch_ends_in_its_program() {
    assert_eq!(without(IN_PLACE, "execute /bin/sh"), Err(Misplaced::NoProgram));
    assert_eq!(without(IN_PLACE, "prepare argv and envp"), need("execute /bin/sh", Fact::Environment));
}

#[test]
fn a_step_of_an_earlier_phase_comes_too_late() {
    let mut late = program(IN_PLACE);
    let first = late.privileged.remove(0);
    let end = late.privileged.len() - 1;
    late.privileged.insert(end, first.clone());
    assert_eq!(prove(&late), Err(Misplaced::Late { step: first.words }));
}
