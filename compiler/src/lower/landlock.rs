//! Landlock: its ABI is looked at first, rules are made when the tree is in place, and enforced when no privilege can be gained.

use super::Launch;
use super::linux::*;
use super::mount_calls::{optionally, stat, type_is};
use super::refusals::*;
use super::reopen::as_open;
use super::step::{Act, Buffer, Call, Else, Fact, Landlock, Phase, Place, Slot, Step, Value};
use crate::policy::Kernel;
use crate::policy::landlock::{
    Access, BIND_TCP, CONNECT_TCP, FIRST_ABI, LAST_ABI, LOG_ABI, Need, PORTS_ABI, Rule, SCOPES_ABI,
};
use crate::source::{Span, Spanned};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise, Row, Then};

/// What a program may do with the files behind its standard streams and other descriptors, when it opens them once more
/// through /proc/self/fd: they are nowhere in its tree.
const READ_AGAIN: [&str; 2] = ["read_file", "ioctl_dev"];
const WRITE_AGAIN: [&str; 3] = ["write_file", "truncate", "ioctl_dev"];

impl Launch<'_> {
    /// What a ruleset restricts on kernels of ABI 1, 2 and so on.
    fn rows(self) -> Vec<Row> {
        let policy = self.policy;
        let bits = |bit, asked: bool| if asked { bit } else { 0 };
        let ports =
            bits(BIND_TCP, policy.bind_tcp.is_some()) | bits(CONNECT_TCP, policy.connect_tcp.is_some());
        let scopes = policy.landlock.scoped.iter().fold(0, |all, scope| all | scope.value as u64);
        let flags = policy.landlock.log.iter().fold(0, |all, flag| all | flag.value as u64);
        let row = |abi| {
            let since = |first, bits| if abi >= first { bits } else { 0 };
            let files = if policy.restricts_files() { Access::ALL.known_to(abi).bits() } else { 0 };
            Row {
                handled: [since(FIRST_ABI, files), since(PORTS_ABI, ports), since(SCOPES_ABI, scopes)],
                flags: since(LOG_ABI, flags),
            }
        };
        (1..=LAST_ABI).map(row).collect()
    }

    fn landlock(self, action: Landlock) -> Act {
        Act::Landlock { rows: self.rows(), action }
    }

    /// Before anything else: whether the kernel has what the spec does not do without.
    pub(super) fn know_landlock(self) -> Vec<Step> {
        let asked =
            self.policy.landlock.abi.as_ref().map(|abi| (abi.span, "requires.landlock_abi", abi.value));
        let needs = self.policy.landlock_needs().into_iter();
        let needs = needs.filter(|need| !self.policy.is_optional(need.feature));
        let needs = needs.map(|Need { feature, span, abi }| (span, feature.key(), abi));
        let needs: Vec<_> = asked.into_iter().chain(needs).collect();
        if needs.is_empty() && !self.policy.has_ruleset() {
            return Vec::new();
        }
        let version = [Value::Zero, Value::Zero, LANDLOCK_CREATE_RULESET_VERSION.into()];
        let look = Call::new(number::landlock_create_ruleset, version)
            .keep(Slot::LandlockAbi)
            .on(ENOSYS, Then::Continue)
            .on(EOPNOTSUPP, Then::Continue);
        let look = Step::new(Phase::Start, "look for Landlock", self.policy.landlock.filesystem.span)
            .act(look)
            .note(EPERM.into(), LANDLOCK_REFUSED)
            .note(EACCES.into(), LANDLOCK_REFUSED);
        [look].into_iter().chain(needs.into_iter().map(|(span, key, abi)| need(span, key, abi))).collect()
    }

    /// The ruleset and its rules, made from inside the finished tree by who may look into all of it.
    pub(super) fn ruleset(self) -> Vec<Step> {
        if !self.policy.has_ruleset() {
            return Vec::new();
        }
        let create =
            self.landlock_step("make a Landlock ruleset".into(), self.policy.landlock.filesystem.span);
        let mut steps =
            vec![create.act(self.landlock(Landlock::Create)).note(EPERM.into(), LANDLOCK_REFUSED)];
        let rules = self.policy.landlock_files().rules();
        steps.extend((0..).zip(&rules).map(|(number, (path, rule))| self.allow(number, path, rule)));
        for (ports, right, verb) in
            [(&self.policy.bind_tcp, BIND_TCP, "bind"), (&self.policy.connect_tcp, CONNECT_TCP, "connect to")]
        {
            steps.extend(ports.iter().flat_map(|ports| self.allow_ports(ports, right, verb)));
        }
        steps
    }

    fn landlock_step(self, words: String, span: Span) -> Step {
        Step::new(Phase::Seal, words, span).promise(Promise::Landlock)
    }

    fn allow(self, number: u16, path: &str, rule: &Rule) -> Step {
        let slot = Slot::Beneath(number);
        let step = self.landlock_step(format!("allow {path}"), rule.span);
        // What a mount gives is there, or the mount has said what is missing.
        let step = match rule.key {
            "landlock.path_beneath" | "process.exec" => {
                step.note(ENOENT.into(), NO_SUCH_PLACE).note(ELOOP.into(), SYMLINK_TO_A_PLACE)
            }
            _ => step,
        };
        let mut acts = vec![
            self.landlock(Landlock::Slot(slot, rule.rights.bits())),
            Call::new(number::close, [slot.into()]).into(),
        ];
        if !rule.program {
            let open = self.spot_in_finished_tree(path).resolve(slot, rule.optional);
            return step.act(open).acts(optionally(slot, rule.optional, acts));
        }
        // An earlier launch may have left a link there, which would put another program on the list.
        let links = if self.policy.is_in_grant(path) { RESOLVE_NO_SYMLINKS } else { 0 };
        let how = open_how(O_PATH | O_CLOEXEC, RESOLVE_NO_MAGICLINKS | links);
        let open =
            Call::new(number::openat2, [AT_FDCWD.into(), path.into(), how.into(), 24.into()]).keep(slot);
        acts.splice(0..0, [open.into(), stat(slot), is_file()]);
        step.acts(acts)
    }

    fn allow_ports(self, ports: &Spanned<Vec<u16>>, right: u64, verb: &str) -> Vec<Step> {
        let allow = |port: &u16| {
            self.landlock_step(format!("allow to {verb} port {port}"), ports.span)
                .act(self.landlock(Landlock::Port((*port).into(), right)))
        };
        ports.value.iter().map(allow).collect()
    }

    /// Enforces the ruleset; from here on nothing can be mounted.
    pub(super) fn restrict(self) -> Vec<Step> {
        if !self.policy.has_ruleset() {
            return Vec::new();
        }
        let mut steps = Vec::new();
        if self.policy.restricts_files() {
            let again = |names: &[&str]| {
                names
                    .iter()
                    .filter_map(|name| Access::named(name))
                    .fold(Access::NONE, |all, right| all | right)
            };
            let (read, write) = (again(&READ_AGAIN), again(&WRITE_AGAIN));
            let streams = [(0, read), (1, write), (2, write)];
            let mut step = self.landlock_step("allow open files".into(), Span::default());
            for (descriptor, rights) in streams {
                step = step.acts(self.allow_again(descriptor, rights));
            }
            for kept in &self.policy.process.keep_fds {
                let allow = |rights: Access| self.landlock(Landlock::Descriptor(kept.value, rights.bits()));
                // None is a directory: `find_kept` has looked.
                step = step.acts(as_open(kept.value, allow(read), allow(write)));
            }
            step.phase = Phase::Payload;
            steps.push(step.needs(&[Fact::Descriptors]));
        }
        let mut restrict =
            self.landlock_step("enforce the Landlock ruleset".into(), self.policy.landlock.filesystem.span);
        restrict.phase = Phase::Payload;
        steps.push(
            restrict
                .needs(&[Fact::NoNewPrivileges, Fact::Descriptors])
                .takes(&[Fact::OwnMounts, Fact::RootWritable])
                .act(self.landlock(Landlock::Restrict))
                .note(E2BIG.into(), LANDLOCK_TOO_DEEP),
        );
        steps
    }

    /// A directory would open all that is beneath it.
    fn allow_again(self, descriptor: u32, rights: Access) -> [Act; 3] {
        let answer = Buffer::Answer.into();
        let stat = [descriptor.into(), "".into(), AT_EMPTY_PATH.into(), STATX_TYPE.into(), answer];
        [
            Call::new(number::statx, stat).into(),
            type_is(Comparison::NotEqual, S_IFDIR),
            self.landlock(Landlock::Descriptor(descriptor, rights.bits())),
        ]
    }
}

/// Fails on an older kernel, with the remedy.
fn need(span: Span, key: &str, abi: u32) -> Step {
    let compare = |mask, comparison, value, otherwise| Act::Check {
        place: Place::Slot(Slot::LandlockAbi),
        mask,
        comparison,
        value,
        otherwise,
    };
    let remedy = match key {
        "requires.landlock_abi" => "a lower number, or none, accepts that".to_owned(),
        key => format!("requires.optional = [\"{key}\"] accepts that"),
    };
    let fail = |what: String| Else::Fail(format!("{what}; {remedy}"));
    let since = Kernel::of_landlock(abi)
        .map_or_else(String::new, |kernel| format!(", which came with Linux {kernel}"));
    let old = format!("the kernel's Landlock is older than ABI {abi}{since}");
    Step::new(Phase::Start, format!("{key} needs Landlock ABI {abi}"), span)
        .act(compare(
            u32::MAX.into(),
            Comparison::NotEqual,
            u32::MAX.into(),
            fail("the kernel has no Landlock, or was started without it (lsm=landlock,...)".into()),
        ))
        .act(compare(u32::MAX.into(), Comparison::Less, abi.into(), Else::Skip(1)))
        .act(compare(0, Comparison::NotEqual, 0, fail(old)))
}

/// Looks at the answer of [`stat`]: the place must be a file.
fn is_file() -> Act {
    Act::Check {
        place: Place::Buffer(Buffer::Answer, STATX_MODE),
        mask: S_IFMT.into(),
        comparison: Comparison::Equal,
        value: S_IFREG.into(),
        otherwise: Else::Fail("is not a file: process.exec lists programs, each by its own path".into()),
    }
}
