//! Joining namespaces that exist already: everything that leads to one is opened and looked at first, then all are entered,
//! each as the kind that the spec says it is.

use super::descriptors::is_file_system;
use super::linux::*;
use super::refusals::*;
use super::runtime::with_path;
use super::step::{Act, Buffer, Call, Else, Fact, Phase, Place, Slot, Step, Value};
use super::{Launch, start};
use crate::policy::{Handle, Namespace, User};
use crate::source::{Span, Spanned};
use boxwright_launcher::abi::{CAP_SETGID, CAP_SETUID, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise, Then};

/// The id that stands for all that have none in a user namespace (`/proc/sys/kernel/overflowuid`, and the same for groups).
const OVERFLOW_ID: u32 = 65534;

/// A namespace that exists already.
#[derive(Clone, Copy)]
pub(super) struct Joined<'a> {
    number: u8,
    kind: &'static str,
    pub(super) flag: u64,
    handle: &'a Handle,
    span: Span,
}

impl<'a> Launch<'a> {
    pub(super) fn joined(self) -> impl Iterator<Item = Joined<'a>> {
        (0..).zip(self.kinds()).filter_map(|(number, (kind, namespace, flag))| match &namespace.value {
            Namespace::Join(handle) => Some(Joined { number, kind, flag, handle, span: namespace.span }),
            Namespace::New | Namespace::Host => None,
        })
    }

    pub(super) fn joins_user(self) -> bool {
        self.policy.namespaces.user.value.is_joined()
    }

    pub(super) fn joins_mount(self) -> bool {
        self.policy.namespaces.mount.value.is_joined()
    }

    pub(super) fn joins_pid(self) -> bool {
        self.policy.namespaces.pid.value.is_joined()
    }

    /// Before anything is opened: a descriptor of the launch must not be taken for one that was asked for.
    pub(super) fn find_namespaces(self) -> Vec<Step> {
        let find = |Joined { handle, span, .. }: Joined| match handle {
            Handle::Path(_) => None,
            Handle::Descriptor(descriptor) => Some(
                Step::new(Phase::Start, format!("find {handle}"), span)
                    .acts(is_namespace((*descriptor).into()))
                    .note(EBADF.into(), DESCRIPTOR_NOT_OPEN),
            ),
        };
        self.joined().filter_map(find).collect()
    }

    /// All of it, on the caller's side: what is made afterwards is made in what was joined.
    pub(super) fn join(self) -> Vec<Step> {
        let mut steps: Vec<Step> = self.joined().filter_map(open).collect();
        if self.joins_mount() {
            steps.extend(self.open_targets(Phase::Start));
        }
        steps.extend(self.hide_from_joined());
        let enter =
            |user| self.joined().filter(move |joined| (joined.flag == CLONE_NEWUSER) == user).map(enter);
        if self.joins_user_late() {
            steps.extend(self.prepare_user());
            steps.extend(enter(false));
            steps.extend(self.enter_owned());
            steps.extend(self.delegated_to_joined());
            return steps;
        }
        // Whoever has power over all of them loses it in a user namespace; anybody else gets it there.
        if self.privileged {
            steps.extend(enter(false).chain(enter(true)));
        } else {
            steps.extend(enter(true).chain(enter(false)));
        }
        if self.joins_user() {
            steps.extend(self.refuse_host_root());
            steps.extend(self.refuse_hidden_root());
            steps.extend(self.set_groups(Phase::Fork));
            // Entering may have changed credentials, which forgets the request.
            steps.extend(self.forks().then(|| self.die_with_parent(Phase::Fork)).flatten());
        }
        steps
    }

    /// CVE-2016-9962: who is in a user or pid namespace must not be able to trace what enters it.
    fn hide_from_joined(self) -> Option<Step> {
        let namespaces = &self.policy.namespaces;
        let joined = |one: &&Spanned<Namespace>| one.value.is_joined();
        if self.new_user()
            && !self.privileged
            && let Some(other) = [&namespaces.pid, &namespaces.mount].into_iter().find(joined)
        {
            // Hidden it could not map its own ids, and in another tree the program that maps others is not the host's.
            let step = Step::new(Phase::Start, "join beside a new user namespace", other.span);
            return Some(step.act(start::never(JOIN_WITHOUT_PRIVILEGE)));
        }
        let joined = [&namespaces.user, &namespaces.pid].into_iter().find(joined)?;
        Some(self.hide(Phase::Start, joined.span))
    }

    /// What belongs to who may not be looked at belongs to the 0 of the user namespace in which the launcher was started
    /// (proc(5), dumpable): so it says which ids stand for that here.
    pub(super) fn refuse_host_root(self) -> Option<Step> {
        let User::Ids { uid, gid, groups } = &self.policy.process.user.value else { return None };
        let stands = |at, id: u32, what: &str| Act::Check {
            place: Place::Buffer(Buffer::Answer, at),
            mask: 0xffff_ffff,
            comparison: Comparison::NotEqual,
            value: id.into(),
            otherwise: Else::Fail(format!("{what} {id} of the user namespace is the host's {what} 0")),
        };
        let groups = [gid].into_iter().chain(groups.iter().flatten()).map(|&gid| (STATX_GID, gid, "group"));
        let ids = [(STATX_UID, *uid, "user")].into_iter().chain(groups);
        let told = ids.filter(|(_, id, _)| *id != OVERFLOW_ID).map(|(at, id, what)| stands(at, id, what));
        let owner = STATX_WANT_UID | STATX_WANT_GID;
        let stat = [Slot::Proc.into(), "self/ns".into(), Value::Zero, owner.into(), Buffer::Answer.into()];
        Some(
            Step::new(Phase::Fork, "process.user in the user namespace", self.policy.process.user.span)
                .act(Call::new(number::statx, stat))
                .acts(told),
        )
    }

    /// 65534 is also what an owner without an id looks like, so of that the launcher of root finds out what it is itself.
    pub(super) fn refuse_hidden_root(self) -> Option<Step> {
        let User::Ids { uid, gid, groups } = &self.policy.process.user.value else { return None };
        let user = *uid == OVERFLOW_ID;
        let group = [gid].into_iter().chain(groups.iter().flatten()).any(|&gid| gid == OVERFLOW_ID);
        if !self.privileged || !(user || group) {
            return None;
        }
        let is_zero = |slot| Act::Check {
            place: Place::Slot(slot),
            mask: 0xffff_ffff,
            comparison: Comparison::Equal,
            value: 0,
            otherwise: Else::Fail(
                "only uid 0 with gid 0 can tell 65534 from the host's root: name other ids".into(),
            ),
        };
        let set = |effective| -> Act {
            let data = capability_words([effective, u64::MAX, 0]);
            Call::new(number::capset, [capability_header().into(), data.into()]).into()
        };
        let words = "process.user 65534 in the user namespace";
        let step = Step::new(Phase::Fork, words, self.policy.process.user.span)
            .acts([is_zero(Slot::Uid), is_zero(Slot::Gid), set(!(1 << CAP_SETUID | 1 << CAP_SETGID))])
            .acts(group.then(|| already(number::setresgid, "group")).into_iter().flatten())
            .acts(user.then(|| already(number::setresuid, "user")).into_iter().flatten());
        Some(step.act(set(u64::MAX)))
    }
}

/// Becoming 65534 without the right to become anybody: who can is already that.
fn already(number: u16, what: &str) -> [Act; 2] {
    let change = [u32::MAX, u32::MAX, OVERFLOW_ID].map(Value::from);
    let is_root = format!("{what} {OVERFLOW_ID} of the user namespace is the host's {what} 0");
    [
        Call::new(number, change).on(EPERM, Then::Skip(1)).on(EINVAL, Then::Skip(1)).into(),
        start::never(&is_root),
    ]
}

/// Before anything is joined: a mount namespace changes what paths mean, a user namespace what may be opened.
fn open(Joined { number, handle, span, .. }: Joined) -> Option<Step> {
    let Handle::Path(path) = handle else { return None };
    // Whatever is there instead, opening it neither waits nor takes over a terminal.
    let flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    let open =
        |path| Call::new(number::openat, [AT_FDCWD.into(), path, flags.into()]).keep(Slot::Namespace(number));
    Some(
        Step::new(Phase::Start, format!("open {path}"), span)
            .needs(&[Fact::HostPaths])
            .acts(with_path(path, open))
            .acts(is_namespace(Slot::Namespace(number).into()))
            .note(EACCES.into(), NAMESPACE_NOT_SHOWN),
    )
}

fn is_namespace(descriptor: Value) -> [Act; 2] {
    is_file_system(descriptor, NSFS_MAGIC, "is not a namespace")
}

/// Always with the kind, so that one of another is refused.
pub(super) fn enter(Joined { number, kind, flag, handle, span }: Joined) -> Step {
    let descriptor = match handle {
        Handle::Path(_) => Slot::Namespace(number).into(),
        Handle::Descriptor(descriptor) => (*descriptor).into(),
    };
    let (not_permitted, not_valid) = match flag {
        CLONE_NEWUSER => (JOIN_USER_REFUSED, JOIN_USER_INVALID),
        CLONE_NEWPID => (JOIN_REFUSED, JOIN_PID_INVALID),
        _ => (JOIN_REFUSED, JOIN_INVALID),
    };
    let flag_word = u32::try_from(flag).unwrap_or(u32::MAX);
    Step::new(Phase::Fork, format!("join {kind} namespace {handle}"), span)
        .promise(Promise::Namespaces)
        .takes(match flag {
            CLONE_NEWNS => &[Fact::HostPaths],
            CLONE_NEWUSER => &[Fact::LaunchUser],
            _ => &[],
        })
        .act(Call::new(number::setns, [descriptor, flag_word.into()]))
        .note(EPERM.into(), not_permitted)
        .note(EINVAL.into(), not_valid)
}
