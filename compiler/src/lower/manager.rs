//! The service manager that has started the launcher: its socket, its watchdog, and which process both are about.

use super::Launch;
use super::linux::*;
use super::refusals::NOTIFY_SOCKET_HIDDEN;
use super::step::{Act, Buffer, Call, Else, Fact, Part, Phase, Place, Slot, Step};
use crate::policy::landlock::Scope;
use crate::policy::{Filesystem, Namespace, Root};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Comparison;

/// Why there is no launch: the socket cannot be reached from inside.
const NO_SOCKET: &str = "NOTIFY_SOCKET is no absolute path of at most 107 bytes; an abstract name is reached only with \
    namespaces.network = \"host\" and without \"abstract_unix_socket\" in landlock.scoped";

/// Why there is none either: it is not how service managers are told.
const STREAM_SOCKET: &str = "NOTIFY_SOCKET names a socket that takes no datagrams, so it is not a service manager's: unset it, or \
    remove process.notify";

impl Launch<'_> {
    /// The same network namespace, and nothing that keeps abstract names apart.
    fn reaches_names(self) -> bool {
        let scoped = &self.policy.landlock.scoped;
        self.policy.namespaces.network.value == Namespace::Host
            && !scoped.iter().any(|scope| scope.value == Scope::AbstractUnixSocket)
    }

    pub(super) fn has_own_tree(self) -> bool {
        self.policy.filesystem.root.value != Root::Host
    }

    pub(super) fn notify(self) -> Option<Step> {
        let span = self.policy.process.notify?;
        let notify = Act::Notify {
            elsewhere: self.has_own_tree().then_some(Filesystem::NOTIFY_SOCKET),
            by_name: self.reaches_names(),
            refused: NO_SOCKET,
            stream: STREAM_SOCKET,
        };
        Some(
            Step::new(Phase::Start, "pass the service manager's socket on", span)
                .needs(&[Fact::Environment])
                .act(notify),
        )
    }

    /// Where the tree is the host's, nothing of the spec may hide the socket.
    pub(super) fn reach_manager(self) -> Option<Step> {
        let span = self.policy.process.notify.filter(|_| !self.has_own_tree())?;
        let look = |at, mask, comparison, value: u32, otherwise| Act::Check {
            place: at,
            mask,
            comparison,
            value: value.into(),
            otherwise,
        };
        let socket = Buffer::Notify.into();
        let stat = [AT_FDCWD.into(), socket, 0.into(), STATX_TYPE.into(), Buffer::Answer.into()];
        let kind = Place::Buffer(Buffer::Answer, STATX_MODE);
        let other = Else::Fail("is not a socket: see process.notify".into());
        Some(
            Step::new(Phase::Payload, "reach the service manager's socket", span)
                .act(look(Place::Buffer(Buffer::Notify, 0), 0xff, Comparison::NotEqual, 0, Else::Skip(2)))
                .act(Call::new(number::statx, stat))
                .act(look(kind, S_IFMT.into(), Comparison::Equal, S_IFSOCK, other))
                .note(ENOENT.into(), NOTIFY_SOCKET_HIDDEN)
                .note(EACCES.into(), NOTIFY_SOCKET_HIDDEN),
        )
    }

    /// Sockets and watchdogs of a service manager are for the process that it names: only now is there one.
    pub(super) fn name_process(self) -> Option<Step> {
        let process = &self.policy.process;
        let span = process.listen.or(process.notify)?;
        let name = |variable: &str| vec![Part::Literal(variable.into()), Part::Decimal(Slot::Own)];
        let listener = process.listen.map(|_| Act::Text(name("LISTEN_PID=")));
        let watched = process.notify.map(|_| Act::NameWatched(name("WATCHDOG_PID=")));
        Some(
            Step::new(Phase::Exec, "name the program's process", span)
                .act(Call::new(number::getpid, []).keep(Slot::Own))
                .acts(listener.into_iter().chain(watched)),
        )
    }
}
