//! What happens inside new namespaces before the file system: clocks, names, loopback.

use super::Launch;
use super::identity::{open_proc, write_proc};
use super::linux::*;
use super::refusals::*;
use super::step::{Call, Fact, Part, Phase, Slot, Step};
use crate::policy::{ClockOffset, Namespace};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Promise;

/// `linux/sched.h`: as unshare(2) and setns(2) take it.
const CLONE_NEWTIME: u32 = 0x80;

impl Launch<'_> {
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
        namespaces.time.value == Namespace::New && (!namespaces.clock_offsets.is_empty() || !self.forks())
    }

    pub(super) fn clocks(self) -> Option<Step> {
        let namespaces = &self.policy.namespaces;
        if !self.has_own_clocks() {
            return None;
        }
        let mut step = Step::new(Phase::Inside, "set clock offsets", namespaces.time.span)
            .promise(Promise::Namespaces)
            .needs(&[Fact::OwnProc, Fact::HostPaths, Fact::Capabilities])
            .act(Call::new(number::unshare, [CLONE_NEWTIME.into()]))
            .acts(open_proc(vec![Part::Literal("/proc/self".into())]));
        if !namespaces.clock_offsets.is_empty() {
            let line = |offset: &ClockOffset| {
                format!("{} {} {}\n", offset.clock, offset.seconds, offset.nanoseconds)
            };
            let text = namespaces.clock_offsets.iter().map(|offset| line(&offset.value)).collect();
            step = step.acts(write_proc("timens_offsets", vec![Part::Literal(text)]));
        }
        let children = [Slot::ProcDirectory.into(), "ns/time_for_children".into(), O_CLOEXEC.into()];
        Some(
            step.act(Call::new(number::openat, children).keep(Slot::File))
                .act(Call::new(number::setns, [Slot::File.into(), CLONE_NEWTIME.into()]))
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
        let step = |(name, key, number): (&Option<crate::source::Spanned<String>>, &str, u16)| {
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
