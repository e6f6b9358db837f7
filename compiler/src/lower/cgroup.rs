//! `[cgroup]`: a control group beneath the parent, with its limits written before anything is in it; the sandbox is born
//! there, and the outside takes it away at the end.

use super::Launch;
use super::identity::open_proc;
use super::linux::*;
use super::mount_calls::{is_set, optionally};
use super::refusals::*;
use super::start::never;
use super::step::{Act, Buffer, Call, Else, Fact, Part, Phase, Place, Slot, Step, Value};
use crate::policy::landlock::Feature as Optional;
use crate::policy::{Cgroup, CgroupParent, CgroupSetting, Feature, Namespace};
use boxwright_launcher::abi::CLONE_NEWCGROUP;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Make, Promise, Then};

/// `linux/magic.h`: CGROUP2_SUPER_MAGIC.
const CGROUP2_SUPER_MAGIC: u64 = 0x6367_7270;
/// What is read of /proc/self/cgroup: with version 2 mounted on /sys/fs/cgroup it has one line.
const OWN_BYTES: u32 = 4095;

/// What belongs to whom a cgroup is delegated to: itself, and these of its files (cgroups(7), "Delegation").
const DELEGATED: [&str; 4] = ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];

impl Launch<'_> {
    /// On the caller's side, before anything is joined: paths lead where they lead for the caller.
    pub(super) fn cgroup(self) -> Vec<Step> {
        let Some(cgroup) = &self.policy.cgroup else { return Vec::new() };
        let mut steps = match &cgroup.parent.value {
            CgroupParent::Path(path) => vec![
                self.cgroup_step(format!("find {path}"))
                    .acts(self.open(number::openat, directory(path, O_DIRECTORY), Slot::CgroupParent))
                    .acts(self.is_cgroup(Slot::CgroupParent)),
            ],
            CgroupParent::Auto => self.own_cgroup(),
        };
        if self.reaches_its_cgroup() {
            let refuse = self.cgroup_step("keep the cgroup from the program".into());
            steps.insert(0, refuse.act(never(CGROUP_WITHIN_REACH)));
        }
        if self.may_go_without_cgroup() {
            let file = [Slot::CgroupParent.into(), "cgroup.procs".into(), (O_WRONLY | O_CLOEXEC).into()];
            steps.push(
                self.cgroup_step("look whether the cgroup may be divided".into())
                    .acts(self.open(number::openat, file, Slot::CgroupProcesses))
                    .act(close(Slot::CgroupProcesses)),
            );
        }
        let controllers = cgroup.controllers();
        if !controllers.is_empty() {
            steps.push(self.empty_parent(cgroup, &controllers));
        }
        steps.extend(controllers.iter().map(|controller| {
            self.cgroup_step(format!("switch the controller {controller} on"))
                .acts(write_file(Slot::CgroupParent, "cgroup.subtree_control", &format!("+{controller}")))
                .note(ENOENT.into(), CONTROLLER_MISSING)
        }));
        steps.push(
            self.cgroup_step("make the cgroup".into())
                .promise(Promise::Limits)
                .act(self.make_cgroup(Slot::Cgroup, None))
                .note(EAGAIN.into(), CGROUPS_USED_UP),
        );
        steps.extend(cgroup.settings.iter().map(write_setting));
        steps.extend(self.delegated(&controllers));
        if self.may_go_without_cgroup() {
            let mut left: usize = steps.iter().map(|step| step.acts.len()).sum();
            for act in steps.iter_mut().flat_map(|step| &mut step.acts) {
                left -= 1;
                if let Act::Check { otherwise: Else::SkipOptional(acts), .. } = act {
                    *acts = u16::try_from(left).unwrap_or(u16::MAX);
                }
            }
            steps.push(self.say_without_cgroup());
        }
        steps
    }

    /// Whether the host's /sys/fs/cgroup is in the program's tree as it is, and the program is who makes its cgroup.
    fn reaches_its_cgroup(self) -> bool {
        let namespaces = &self.policy.namespaces;
        let same = match self.program_outside() {
            None => true,
            Some((uid, _)) if self.privileged => uid == 0,
            Some(_) => namespaces.uid_mappings.is_empty() && !self.joins_user(),
        };
        namespaces.mount.value == Namespace::Host && same
    }

    /// Whether `requires.optional` lets a machine leave it out that has none for the sandbox. A limit that such a machine
    /// refuses stays an error.
    fn may_go_without_cgroup(self) -> bool {
        self.policy.is_optional(Optional::Cgroup)
    }

    /// What a check does that finds no cgroup for the sandbox: everything up to the note is passed over.
    fn without_cgroup(self, why: &str) -> Else {
        if self.may_go_without_cgroup() { Else::SkipOptional(0) } else { Else::Fail(why.into()) }
    }

    /// Opens something of a cgroup for as long as the launch prepares.
    fn open(self, number: u16, arguments: impl Into<Vec<Value>>, to: Slot) -> Vec<Act> {
        let call = Call::new(number, arguments).keep(to);
        if !self.may_go_without_cgroup() {
            return vec![call.into()];
        }
        let absent =
            if to == Slot::CgroupProcesses { [EACCES, EPERM, EROFS] } else { [EACCES, ENOENT, EXDEV] };
        let call = absent.into_iter().fold(call, |call, errno| call.on(errno, Then::Continue));
        vec![call.into(), is_set(to, 0)]
    }

    /// A cgroup beneath the sandbox's for the program to divide, so that the limits are out of its reach: who may write to a
    /// cgroup's list of processes may write to its limits too, unless the host mounts cgroup2 with nsdelegate.
    fn delegated(self, controllers: &[&str]) -> Option<Step> {
        let (_, mount) = self.policy.delegates_cgroup()?;
        let switch = |name: &&str| write_file(Slot::Cgroup, "cgroup.subtree_control", &format!("+{name}"));
        let make = Call::new(number::mkdirat, [Slot::Cgroup.into(), Make::PROGRAM.into(), 0o755.into()]);
        let open = [Slot::Cgroup.into(), Make::PROGRAM.into(), (O_DIRECTORY | O_CLOEXEC).into()];
        let step = Step::new(Phase::Start, "make a cgroup that the program may divide", mount.span)
            .acts(controllers.iter().flat_map(switch))
            .act(make)
            .act(Call::new(number::openat, open).keep(Slot::CgroupProgram));
        // An ordinary user's is the program's already; what ids mean in a joined user namespace is found out later.
        let ids = self.program_outside().filter(|_| self.privileged && !self.joins_user_late());
        Some(step.acts(ids.into_iter().flat_map(|(uid, gid)| delegate(&uid.into(), &gid.into()))))
    }

    /// The same for a user namespace that is joined, once it is known whom the program's ids stand for.
    pub(super) fn delegated_to_joined(self) -> Option<Step> {
        let (_, mount) = self.policy.delegates_cgroup()?;
        let acts = delegate(&Slot::OutsideUid(0).into(), &Slot::OutsideGid(0).into());
        let step = Step::new(Phase::Fork, "give the cgroup to the program", mount.span);
        Some(step.acts(optionally(Slot::CgroupProgram, self.may_go_without_cgroup(), acts)))
    }

    fn say_without_cgroup(self) -> Step {
        let note = format!("{}: {WITHOUT_CGROUP}\n", self.policy.name.value);
        let length = u32::try_from(note.len()).unwrap_or(u32::MAX);
        let write = Call::new(number::write, [2.into(), note.as_str().into(), length.into()]).any();
        self.cgroup_step("say that there is no cgroup".into())
            .act(Act::Check {
                place: Place::Slot(Slot::Cgroup),
                mask: 0xffff_ffff,
                comparison: Comparison::Equal,
                value: u32::MAX.into(),
                otherwise: Else::Skip(1),
            })
            .act(
                [EBADF, EAGAIN, EPIPE]
                    .into_iter()
                    .fold(write, |write, errno| write.on(errno, Then::Continue)),
            )
    }

    fn cgroup_step(self, words: String) -> Step {
        let span = self.policy.cgroup.as_ref().map_or_else(Default::default, |cgroup| cgroup.parent.span);
        let mut step = Step::new(Phase::Start, words, span).needs(&[Fact::HostPaths]);
        for errno in [EPERM, EACCES, EROFS] {
            step = step.note(errno.into(), NOT_DELEGATED);
        }
        step.note(EBUSY.into(), STRANGERS_IN_CGROUP).note(EOPNOTSUPP.into(), STRANGERS_IN_CGROUP)
    }

    /// The launcher's own, as /proc/self/cgroup names it.
    fn own_cgroup(self) -> Vec<Step> {
        let beneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
        let how = open_how(O_DIRECTORY | O_CLOEXEC, beneath);
        let own = [Slot::CgroupRoot.into(), Buffer::Text.into(), how.into(), 24.into()];
        let file = [Slot::ProcDirectory.into(), "cgroup".into(), O_CLOEXEC.into()];
        let read = [Slot::File.into(), Buffer::Text.into(), OWN_BYTES.into()];
        let root = directory("/sys/fs/cgroup", O_PATH | O_DIRECTORY);
        vec![
            self.cgroup_step("find /sys/fs/cgroup".into())
                .acts(self.open(number::openat, root, Slot::CgroupRoot))
                .acts(self.is_cgroup(Slot::CgroupRoot)),
            self.cgroup_step("find the launcher's own cgroup".into())
                .acts(open_proc(Part::Literal("self".into())))
                .act(Call::new(number::openat, file).keep(Slot::File))
                .act(Call::new(number::read, read).keep(Slot::Length))
                .act(close(Slot::File))
                .act(close(Slot::ProcDirectory))
                .act(Act::FindCgroup)
                .acts(self.open(number::openat2, own, Slot::CgroupParent))
                .act(close(Slot::CgroupRoot))
                .note(ENOENT.into(), CGROUP_NOT_VISIBLE)
                .note(EXDEV.into(), CGROUP_NOT_VISIBLE),
        ]
    }

    /// A group whose children get controllers has no process itself (`cgroup-v2.rst`, "No Internal Process Constraint"), so
    /// the launcher moves into a leaf beneath its own. Only the root of the hierarchy, which has no type, is free of that.
    fn empty_parent(self, cgroup: &Cgroup, controllers: &[&str]) -> Step {
        let open = |file: &str, flags: u32| {
            Call::new(number::openat, [Slot::CgroupParent.into(), file.into(), (flags | O_CLOEXEC).into()])
        };
        let mut acts: Vec<Act> = vec![close(Slot::File).into()];
        if cgroup.parent.value == CgroupParent::Auto {
            let off: Vec<String> = controllers.iter().map(|controller| format!("-{controller}")).collect();
            acts.push(self.make_cgroup(Slot::CgroupLeaf, Some(off.join(" "))));
            acts.extend(write_file(Slot::CgroupLeaf, "cgroup.procs", "0"));
        }
        acts.push(open("cgroup.procs", 0).keep(Slot::File).into());
        let read = [Slot::File.into(), Buffer::Answer.into(), 1.into()];
        acts.push(Call::new(number::read, read).keep(Slot::Length).into());
        acts.push(Act::Check {
            place: Place::Slot(Slot::Length),
            mask: 0xffff_ffff,
            comparison: Comparison::Equal,
            value: 0,
            otherwise: self.without_cgroup(STRANGERS_IN_CGROUP),
        });
        acts.push(close(Slot::File).into());
        let count = u8::try_from(acts.len()).unwrap_or(u8::MAX);
        self.cgroup_step("keep processes out of the parent cgroup".into())
            .act(open("cgroup.type", 0).keep(Slot::File).on(ENOENT, Then::Skip(count)))
            .acts(acts)
    }

    /// A group of this launch; `leaf` says which controllers to switch off when the launcher leaves its own.
    fn make_cgroup(self, directory: Slot, leaf: Option<String>) -> Act {
        let name = format!("{}-", self.policy.name.value);
        Act::MakeCgroup { parent: Slot::CgroupParent, name, directory, leaf }
    }

    fn is_cgroup(self, directory: Slot) -> [Act; 2] {
        [
            Call::new(number::fstatfs, [directory.into(), Buffer::Answer.into()]).into(),
            Act::Check {
                place: Place::Buffer(Buffer::Answer, 0),
                mask: u64::MAX,
                comparison: Comparison::Equal,
                value: CGROUP2_SUPER_MAGIC,
                otherwise: self.without_cgroup(NOT_CGROUP2),
            },
        ]
    }

    /// The slot with the group that the sandbox is born in.
    pub(super) fn cgroup_slot(self) -> Option<Slot> {
        let program =
            if self.policy.delegates_cgroup().is_some() { Slot::CgroupProgram } else { Slot::Cgroup };
        self.policy.cgroup.as_ref().map(|_| program)
    }

    /// Whether the cgroup namespace is made by the child: the root of one is the group of who makes it, and clone3(2) makes
    /// it before the child is in its own.
    pub(super) fn roots_cgroups_inside(self) -> bool {
        self.policy.cgroup.is_some()
            && self.policy.namespaces.cgroup.value == Namespace::New
            && !self.is_made_there(CLONE_NEWCGROUP)
    }

    pub(super) fn cgroup_namespace(self) -> Option<Step> {
        let flag = u32::try_from(CLONE_NEWCGROUP).unwrap_or(u32::MAX);
        self.roots_cgroups_inside().then(|| {
            Step::new(Phase::Inside, "make a cgroup namespace", self.policy.namespaces.cgroup.span)
                .promise(Promise::Namespaces)
                .needs(&[Fact::Capabilities])
                .act(Call::new(number::unshare, [flag.into()]))
                .note(EPERM.into(), NEEDS_PRIVILEGE)
                .note(ENOSPC.into(), USER_NAMESPACES_USED_UP)
        })
    }
}

/// Gives the cgroup that is delegated to these ids.
fn delegate(uid: &Value, gid: &Value) -> Vec<Act> {
    let give = |file: &str| {
        let at = if file.is_empty() { AT_EMPTY_PATH } else { 0 };
        let arguments = [Slot::CgroupProgram.into(), file.into(), uid.clone(), gid.clone(), at.into()];
        Call::new(number::fchownat, arguments).into()
    };
    DELEGATED.into_iter().map(give).collect()
}

fn write_setting(setting: &CgroupSetting) -> Step {
    let CgroupSetting { file, value, span, .. } = setting;
    let newer = Feature::of_setting(setting)
        .map(|newer| format!("; {} needs Linux {}", newer.words(), newer.since))
        .unwrap_or_default();
    // Other limits hold or are refused: of these the kernel takes what it cannot give as well.
    let in_force = match setting.key {
        "cpuset_cpus" => expect_content("cpuset.cpus.effective", value),
        "cpuset_mems" => expect_content("cpuset.mems.effective", value),
        "cpuset_cpus_partition" => expect_content(file, value),
        _ => Vec::new(),
    };
    let (refused, missing, unsupported) = match setting.key {
        "io_weight" => (CGROUP_VALUE_REFUSED, CGROUP_DISK_MISSING, CGROUP_WEIGHTS_INACTIVE),
        "misc_max" => (CGROUP_RESOURCE_MISSING, CGROUP_DISK_MISSING, STRANGERS_IN_CGROUP),
        "rdma_max" => (CGROUP_VALUE_REFUSED, CGROUP_RDMA_MISSING, STRANGERS_IN_CGROUP),
        _ => (CGROUP_VALUE_REFUSED, CGROUP_DISK_MISSING, STRANGERS_IN_CGROUP),
    };
    Step::new(Phase::Start, format!("write {value} to {file}"), *span)
        .promise(Promise::Limits)
        .acts(write_file(Slot::Cgroup, file, value))
        .acts(in_force)
        .note(ENOENT.into(), format!("{CGROUP_FILE_MISSING}{newer}"))
        .note(ENODEV.into(), missing)
        .note(EINVAL.into(), format!("{refused}{newer}"))
        .note(EACCES.into(), NOT_DELEGATED)
        .note(EPERM.into(), NOT_DELEGATED)
        .note(EOPNOTSUPP.into(), unsupported)
}

/// Writes a text to a file of an open group, in one write.
fn write_file(group: Slot, file: &str, text: &str) -> [Act; 3] {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    [
        Call::new(number::openat, [group.into(), file.into(), (O_WRONLY | O_CLOEXEC).into()])
            .keep(Slot::File)
            .into(),
        Call::new(number::write, [Slot::File.into(), text.into(), length.into()]).equals(2).into(),
        close(Slot::File).into(),
    ]
}

/// Makes sure that a file of the new group says this and nothing more.
fn expect_content(file: &str, text: &str) -> Vec<Act> {
    let open = [Slot::Cgroup.into(), file.into(), O_CLOEXEC.into()];
    let line = format!("{text}\n");
    let length = u32::try_from(line.len()).unwrap_or(u32::MAX);
    let read = [Slot::File.into(), Buffer::Answer.into(), length.into()];
    let mut acts: Vec<Act> = vec![
        Call::new(number::openat, open).keep(Slot::File).into(),
        Call::new(number::read, read).keep(Slot::Length).into(),
    ];
    // A line that is shorter differs where it ends.
    for (at, bytes) in (0..).step_by(8).zip(line.as_bytes().chunks(8)) {
        let word =
            |byte: fn(u8) -> u8| bytes.iter().rev().fold(0, |word, own| word << 8 | u64::from(byte(*own)));
        acts.push(Act::Check {
            place: Place::Buffer(Buffer::Answer, at),
            mask: word(|_| 0xff),
            comparison: Comparison::Equal,
            value: word(|byte| byte),
            otherwise: Else::Fail(CPUSET_NOT_IN_FORCE.into()),
        });
    }
    acts.push(close(Slot::File).into());
    acts
}

fn directory(path: &str, flags: u32) -> [Value; 3] {
    [AT_FDCWD.into(), path.into(), (flags | O_CLOEXEC).into()]
}

fn close(slot: Slot) -> Call {
    Call::new(number::close, [slot.into()])
}
