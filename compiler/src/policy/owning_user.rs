//! Which user namespace owns each namespace of a sandbox, and so who has power over it (user_namespaces(7)).

use super::{Namespace, Namespaces};
use std::fmt;

/// The user namespace that owns a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwningUser {
    /// The one that the launcher is started in, or for a namespace of the host's one above it.
    Host,
    /// The sandbox's new one.
    New,
    /// The one that the sandbox joins.
    Joined,
    /// The one that a joined namespace was made in: known at launch only.
    Maker,
}

impl Namespaces {
    /// Whether the user namespace is joined after the tree is complete: the sandbox's mount namespace is its own then, and
    /// starts with all mounts of the host.
    pub fn joins_user_late(&self) -> bool {
        self.user.value.is_joined() && self.mount.value == Namespace::New
    }

    /// The owners of all eight, in the order of [`Self::all`].
    ///
    /// Who has power in a joined user namespace must have none over the mounts of the host, nor over the process that still
    /// has them: the mount and the pid namespace are then made before the user namespace is joined.
    pub fn owners(&self) -> [(&'static str, OwningUser); 8] {
        self.all().map(|(kind, namespace)| {
            let owner = match (&namespace.value, &self.user.value) {
                (Namespace::Host, _) | (Namespace::New, Namespace::Host) => OwningUser::Host,
                (Namespace::Join(_), _) => OwningUser::Maker,
                (Namespace::New, Namespace::New) if kind == "user" => OwningUser::Host,
                (Namespace::New, Namespace::New) => OwningUser::New,
                (Namespace::New, Namespace::Join(_))
                    if self.joins_user_late() && matches!(kind, "mount" | "pid") =>
                {
                    OwningUser::Host
                }
                (Namespace::New, Namespace::Join(_)) => OwningUser::Joined,
            };
            (kind, owner)
        })
    }
}

impl fmt::Display for OwningUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Host => "the host's user namespace",
            Self::New => "the new user namespace",
            Self::Joined => "the joined user namespace",
            Self::Maker => "the user namespace of its maker",
        })
    }
}
