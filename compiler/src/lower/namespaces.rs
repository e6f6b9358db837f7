//! The kinds of namespaces, and what happens inside new ones before the file system: clocks, names, loopback.

use super::Launch;
use super::identity::{open_proc, write_proc};
use super::linux::*;
use super::refusals::*;
use super::step::{Call, Fact, Part, Phase, Slot, Step};
use crate::policy::{ClockOffset, Namespace};
use crate::source::Spanned;
use boxwright_launcher::abi::{
    CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER,
    CLONE_NEWUTS,
};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Promise;

/// In the order of [`Namespaces`](crate::policy::Namespaces).
const FLAGS: [u64; 8] = [
    CLONE_NEWNS,
    CLONE_NEWUTS,
    CLONE_NEWIPC,
    CLONE_NEWPID,
    CLONE_NEWNET,
    CLONE_NEWUSER,
    CLONE_NEWCGROUP,
    CLONE_NEWTIME,
];

/// `linux/sched.h`: CLONE_NEWTIME, as unshare(2) and setns(2) take it.
const TIME: u32 = 0x80;

impl<'a> Launch<'a> {
    /// The eight, with the kernel's flags for them.
    pub(super) fn kinds(self) -> [(&'static str, &'a Spanned<Namespace>, u64); 8] {
        let mut flags = FLAGS.into_iter();
        self.policy.namespaces.all().map(|(kind, namespace)| (kind, namespace, flags.next().unwrap_or(0)))
    }

    /// New namespaces for a process that stays the caller's own.
    pub(super) fn unshare(self) -> Option<Step> {
        let flags = u32::try_from(self.namespace_flags()).unwrap_or(u32::MAX);
        (flags != 0).then(|| {
            Step::new(Phase::Fork, "make new namespaces", self.policy.namespaces.mount.span)
                .promise(Promise::Namespaces)
                .act(Call::new(number::unshare, [flags.into()]))
                .note(EPERM.into(), NEEDS_PRIVILEGE)
                .note(ENOSPC.into(), USER_NAMESPACES_USED_UP)
        })
    }

    /// Whether the time namespace has to be made by itself: to set its clocks, or because unshare(2) would only make it
    /// for children.
    pub(super) fn has_own_clocks(self) -> bool {
        let namespaces = &self.policy.namespaces;
        namespaces.time.value == Namespace::New
            && (!namespaces.clock_offsets.is_empty() || !self.forks())
            && !self.is_made_there(CLONE_NEWTIME)
    }

    pub(super) fn clocks(self) -> Option<Step> {
        let namespaces = &self.policy.namespaces;
        if !self.has_own_clocks() {
            return None;
        }
        let writes = !namespaces.clock_offsets.is_empty();
        let mut step = Step::new(Phase::Inside, "set clock offsets", namespaces.time.span)
            .promise(Promise::Namespaces)
            .needs(if writes { &[Fact::OwnProc, Fact::Capabilities] } else { &[Fact::Capabilities] })
            .act(Call::new(number::unshare, [TIME.into()]))
            .acts(open_proc(Part::Literal("self".into())));
        if writes {
            let line = |offset: &ClockOffset| {
                format!("{} {} {}\n", offset.clock, offset.seconds, offset.nanoseconds)
            };
            let text = namespaces.clock_offsets.iter().map(|offset| line(&offset.value)).collect();
            step = step.acts(write_proc("timens_offsets", vec![Part::Literal(text)]));
        }
        let children = [Slot::ProcDirectory.into(), "ns/time_for_children".into(), O_CLOEXEC.into()];
        Some(
            step.act(Call::new(number::openat, children).keep(Slot::File))
                .act(Call::new(number::setns, [Slot::File.into(), TIME.into()]))
                .act(Call::new(number::close, [Slot::File.into()]))
                .act(Call::new(number::close, [Slot::ProcDirectory.into()]))
                .note(EPERM.into(), NEEDS_PRIVILEGE),
        )
    }

    /// Host and domain name.
    pub(super) fn names(self) -> Vec<Step> {
        let names = [
            (&self.policy.hostname, "hostname", number::sethostname),
            (&self.policy.domainname, "domainname", number::setdomainname),
        ];
        let step = |(name, key, number): (&Option<Spanned<String>>, &str, u16)| {
            let name = name.as_ref()?;
            let length = u32::try_from(name.value.len()).unwrap_or(u32::MAX);
            let call = Call::new(number, [name.value.as_str().into(), length.into()]);
            Some(
                Step::new(Phase::Inside, format!("set {key} {}", name.value), name.span)
                    .promise(Promise::Namespaces)
                    .needs(&[Fact::Capabilities])
                    .act(call),
            )
        };
        names.into_iter().filter_map(step).collect()
    }

    pub(super) fn loopback(self) -> Option<Step> {
        let span = self.policy.loopback?;
        let socket = [AF_INET.into(), (SOCK_DGRAM | SOCK_CLOEXEC).into()];
        let up = [Slot::File.into(), SIOCSIFFLAGS.into(), loopback_up().into()];
        Some(
            Step::new(Phase::Inside, "bring lo up", span)
                .promise(Promise::Namespaces)
                .needs(&[Fact::Capabilities])
                .act(Call::new(number::socket, socket).keep(Slot::File))
                .act(Call::new(number::ioctl, up))
                .act(Call::new(number::close, [Slot::File.into()])),
        )
    }
}
