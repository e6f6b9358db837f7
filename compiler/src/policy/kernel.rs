//! What of the language needs which Linux: the only place that says so.

use super::{CgroupSetting, Policy, Root};
use crate::source::{Span, Spanned};
use std::fmt;
use std::str::FromStr;

/// A version of Linux, by its first two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kernel {
    /// The first.
    pub major: u16,
    /// The second.
    pub minor: u16,
}

/// Something that the first kernels of launchers do not have.
#[derive(Debug)]
pub struct Feature {
    /// The key, as the table of the language writes it.
    pub place: &'static str,
    /// In which form, when it is not any.
    pub form: &'static str,
    /// The first kernel that has it.
    pub since: Kernel,
    asked: Asked,
}

/// How to find out whether a policy asks for it.
#[derive(Debug)]
enum Asked {
    /// The key of `[cgroup]` is written, with this value unless that is empty.
    Setting(&'static str),
    /// The key needs this ABI of Landlock, and may not be left out.
    Abi(u32),
    /// As this says.
    Where(fn(&Policy) -> Option<Span>),
}

/// The kernels that brought each ABI of Landlock, from the first on. A spec may require one that is newer than the last whose
/// rights this compiler knows ([`LAST_ABI`](super::landlock::LAST_ABI)); what is not here is unknown.
pub const LANDLOCK_ABIS: [Kernel; 10] = [
    Kernel::new(5, 13),
    Kernel::new(5, 19),
    Kernel::new(6, 2),
    Kernel::new(6, 7),
    Kernel::new(6, 10),
    Kernel::new(6, 12),
    Kernel::new(6, 15),
    Kernel::new(7, 0),
    Kernel::new(7, 1),
    Kernel::new(7, 2),
];

/// All of them, by kernel.
pub const FEATURES: &[Feature] = &[
    setting("cgroup.cpu_idle", "", "", Kernel::new(5, 15)),
    setting("cgroup.memory_zswap_max", "", "", Kernel::new(5, 19)),
    Feature {
        place: "filesystem.root.overlay",
        form: "with `idmap`",
        since: Kernel::new(5, 19),
        asked: Asked::Where(|policy| {
            let root = &policy.filesystem.root;
            let mapped = matches!(root.value, Root::Overlay(_)) && policy.filesystem.root_idmap.is_some();
            mapped.then_some(root.span)
        }),
    },
    landlock("landlock.path_beneath", "", 2),
    landlock("process.exec", "with a list", 2),
    landlock("requires.landlock_abi", "of 2", 2),
    setting("cgroup.cpuset_cpus_partition", "isolated", "of `isolated`", Kernel::new(6, 1)),
    setting("cgroup.pressure", "", "", Kernel::new(6, 1)),
    landlock("landlock.path_beneath", "without `truncate`", 3),
    landlock("requires.landlock_abi", "of 3", 3),
    Feature {
        place: "process.memory_deny_write_execute",
        form: "",
        since: Kernel::new(6, 3),
        asked: Asked::Where(|policy| policy.process.memory_deny_write_execute),
    },
    setting("cgroup.io_prio_class", "promote-to-rt", "of `promote-to-rt`", Kernel::new(6, 5)),
    setting("cgroup.cpuset_cpus_exclusive", "", "", Kernel::new(6, 7)),
    landlock("network.bind_tcp", "", 4),
    landlock("network.connect_tcp", "", 4),
    landlock("requires.landlock_abi", "of 4", 4),
    setting("cgroup.memory_zswap_writeback", "", "", Kernel::new(6, 8)),
    landlock("landlock.path_beneath", "without `ioctl_dev`", 5),
    landlock("requires.landlock_abi", "of 5", 5),
    landlock("landlock.scoped", "", 6),
    landlock("requires.landlock_abi", "of 6", 6),
    landlock("landlock.log", "", 7),
    landlock("requires.landlock_abi", "of 7", 7),
    landlock("requires.landlock_abi", "of 8", 8),
    landlock("requires.landlock_abi", "of 9", 9),
    landlock("requires.landlock_abi", "of 10", 10),
];

const fn setting(place: &'static str, value: &'static str, form: &'static str, since: Kernel) -> Feature {
    Feature { place, form, since, asked: Asked::Setting(value) }
}

const fn landlock(place: &'static str, form: &'static str, abi: u32) -> Feature {
    Feature { place, form, since: LANDLOCK_ABIS[abi as usize - 1], asked: Asked::Abi(abi) }
}

impl Kernel {
    /// The one that brought an ABI of Landlock.
    pub fn of_landlock(abi: u32) -> Option<Self> {
        LANDLOCK_ABIS.get(usize::try_from(abi).ok()?.checked_sub(1)?).copied()
    }

    /// The oldest that has every call of a plan without any of the features: mount_setattr(2) and the rest of the mount
    /// API are whole, and a cgroup can be killed.
    pub const OLDEST: Self = Self::new(5, 14);

    /// By its numbers.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Of what uname(2) calls the release: `6.1.0-56-cloud-amd64`.
    pub fn of_release(release: &str) -> Option<Self> {
        let mut numbers = release.split(['.', '-', '+']).map(|part| part.trim().parse().ok());
        Some(Self::new(numbers.next()??, numbers.next()??))
    }
}

impl FromStr for Kernel {
    type Err = &'static str;

    /// Two numbers, and nothing else.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = Self::of_release(text).filter(|kernel| kernel.to_string() == text);
        read.ok_or("a version of Linux is two numbers such as 6.1")
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl Feature {
    /// The key and its form.
    pub fn words(&self) -> String {
        match self.form {
            "" => format!("`{}`", self.place),
            form => format!("`{}` {form}", self.place),
        }
    }

    /// The one that a setting of a cgroup is.
    pub fn of_setting(setting: &CgroupSetting) -> Option<&'static Self> {
        FEATURES.iter().find(|feature| feature.is_setting(setting))
    }

    fn is_setting(&self, setting: &CgroupSetting) -> bool {
        let Asked::Setting(value) = self.asked else { return false };
        let named = self.place.strip_prefix("cgroup.") == Some(setting.key);
        named && (value.is_empty() || setting.value == value)
    }

    /// Where the policy asks for it.
    fn places(&self, policy: &Policy) -> Vec<Span> {
        match self.asked {
            Asked::Where(asked) => asked(policy).into_iter().collect(),
            Asked::Setting(_) => {
                let settings = policy.cgroup.iter().flat_map(|cgroup| &cgroup.settings);
                settings.filter(|setting| self.is_setting(setting)).map(|setting| setting.span).collect()
            }
            Asked::Abi(abi) => {
                let required = policy
                    .landlock
                    .abi
                    .iter()
                    .map(|asked| ("requires.landlock_abi", asked.value, asked.span));
                let needs = policy.landlock_needs();
                let needs = needs.iter().filter(|need| !policy.is_optional(need.feature));
                let needs = needs.map(|need| (need.feature.key(), need.abi, need.span));
                let asked =
                    required.chain(needs).filter(|(place, own, _)| *place == self.place && *own == abi);
                asked.map(|(.., span)| span).collect()
            }
        }
    }
}

impl Policy {
    /// What it asks for beyond the oldest kernel, and where.
    pub fn newer_features(&self) -> Vec<Spanned<&'static Feature>> {
        let places = |feature: &'static Feature| {
            feature.places(self).into_iter().map(move |span| Spanned::new(feature, span))
        };
        FEATURES.iter().flat_map(places).collect()
    }

    /// The oldest kernel that has all that it asks for.
    pub fn kernel(&self) -> Kernel {
        let newer = self.newer_features();
        newer.into_iter().map(|feature| feature.value.since).fold(Kernel::OLDEST, Kernel::max)
    }
}
