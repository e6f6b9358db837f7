//! What good specs mean: defaults, units, expansions and places, and that order means nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use boxwright::diagnostic::{Style, render_concise};
use boxwright::policy::{
    Action, ClockOffset, IdMapping, MountKind, Namespace, Operator, Ownership, Policy, Propagation, Root,
    Stream, TextPart, User,
};
use boxwright::source::{Source, Span, Spanned};
use boxwright::understand;

const EVERYTHING: &str = include_str!("fixtures/good/everything.sandbox.toml");

#[track_caller]
fn policy(text: &str) -> Policy {
    let source = Source::new("everything.sandbox.toml", text);
    let understood = understand(&source);
    let findings = render_concise(&source, &understood.findings, Style::default());
    understood.policy.unwrap_or_else(|| panic!("{findings}"))
}

fn written(span: Span) -> &'static str {
    &EVERYTHING[span.start..span.end]
}

#[test]
fn the_top_and_the_process() {
    let policy = policy(EVERYTHING);
    assert_eq!(policy.name.value, "everything", "the file's name serves");
    assert_eq!(policy.hostname.unwrap().value, "box");
    assert_eq!(policy.domainname, None);
    let process = policy.process;
    assert_eq!(
        process.args.iter().map(|arg| arg.value.as_str()).collect::<Vec<_>>(),
        ["/bin/busybox", "sh", "-c", "id"]
    );
    let ids = User::Ids { uid: 65534, gid: 65534, groups: Some(vec![1, 2]) };
    assert_eq!(process.user.value, ids);
    assert_eq!((process.cwd.value.as_str(), process.umask.value), ("/", 0o022));
    assert_eq!(process.env["A"].value, "b");
    assert_eq!(process.capabilities.value, 1 << 12 | 1 << 40);
    assert_eq!(process.streams.map(|stream| stream.value), [Stream::Null, Stream::Inherit, Stream::Inherit]);
}

#[test]
fn the_tree() {
    let filesystem = policy(EVERYTHING).filesystem;
    assert_eq!(filesystem.root.value, Root::Empty);
    let kind = |path: &str| filesystem.mounts.get(path).map(|mount| mount.kind.clone());
    let bind = |source: &str, writable, executable, optional| {
        Some(MountKind::Bind {
            source: source.into(),
            writable,
            executable,
            optional,
            propagation: Propagation::Private,
            idmap: None,
        })
    };
    assert_eq!(kind("/usr"), bind("/usr", false, true, false));
    assert_eq!(kind("/etc/ld.so.cache"), bind("/etc/ld.so.cache", false, true, true));
    assert_eq!(kind("/bin"), Some(MountKind::Symlink { target: "usr/bin".into() }));
    let lines = |lines: &[Spanned<IdMapping>]| lines.iter().map(|line| line.value).collect::<Vec<_>>();
    let Some(MountKind::Bind { idmap: Some(idmap), .. }) = kind("/srv/data") else { panic!("an idmap") };
    let one = IdMapping { container_id: 65534, host_id: 1000, size: 1 };
    assert_eq!(lines(&idmap.value.uid), [one]);
    assert_eq!(lines(&idmap.value.gid).len(), 2);
    assert_eq!(kind("/lib64"), None, "false takes away what base gave");
    assert_eq!(kind("/dev/full"), None, "false takes away what dev gave");
    assert_eq!(kind("/etc/hosts"), bind("/etc/hosts", false, true, false));
    assert_eq!(kind("/srv"), bind("/srv", true, false, false), "writable means not executable");
    assert_eq!(kind("/var"), bind("/var/cache", true, false, false));
    assert_eq!(kind("/proc"), Some(MountKind::Proc { subset: false }));
    assert_eq!(
        kind("/dev/tty"),
        Some(MountKind::Device { source: "/dev/tty".into(), number: Some((5, 0)), optional: false })
    );
    assert_eq!(
        kind("/tmp"),
        Some(MountKind::Tmpfs {
            size: Some(64 << 20),
            mode: 0o1777,
            owner: Ownership::PROGRAM,
            executable: false
        })
    );
    let content = vec![TextPart::Literal("hi\n".into())];
    assert_eq!(kind("/etc/motd"), Some(MountKind::Text { content, mode: 0o444 }));
    assert_eq!(kind("/var/keys"), Some(MountKind::Mask { optional: true }));
    assert_eq!(kind("/var/lib"), Some(MountKind::Seal { optional: false }));
    assert_eq!(filesystem.mounts["/bin"].key, "filesystem.base");
    assert_eq!(filesystem.mounts["/var"].key, "filesystem.mounts");
}

#[test]
fn the_other_sections() {
    let policy = policy(EVERYTHING);
    let namespaces = &policy.namespaces;
    assert_eq!((&namespaces.pid.value, &namespaces.cgroup.value), (&Namespace::New, &Namespace::Host));
    assert_eq!(namespaces.gid_mappings[1].value, IdMapping { container_id: 1, host_id: 1, size: 2 });
    let offsets: Vec<ClockOffset> = namespaces.clock_offsets.iter().map(|offset| offset.value).collect();
    let monotonic = ClockOffset { clock: 1, seconds: 3600, nanoseconds: 0 };
    let boottime = ClockOffset { clock: 7, seconds: -2, nanoseconds: 500_000_000 };
    assert_eq!(offsets, [monotonic, boottime]);
    assert!(policy.loopback.is_some() && policy.die_with_parent.is_some());
    let limits: Vec<_> =
        policy.rlimits.iter().map(|limit| (limit.name, limit.resource, limit.soft, limit.hard)).collect();
    let expected = [
        ("cpu", 0, 90, 90),
        ("core", 4, 0, 0),
        ("nofile", 7, 4096, 65536),
        ("memlock", 8, u64::MAX, u64::MAX),
        ("as", 9, 1 << 30, 1 << 30),
    ];
    assert_eq!(limits, expected);
    let seccomp = policy.seccomp.unwrap();
    assert_eq!(seccomp.default_action.value, Action::Errno(1));
    let place =
        |name: &str| seccomp.rules.iter().find(|rule| rule.name == name).map(|rule| written(rule.span));
    assert_eq!(place("read"), Some("\"@minimal\""));
    assert_eq!(place("openat"), Some("\"openat\""), "its own entry is the better reason");
    assert_eq!(place("mount"), None);
}

#[test]
fn everything_keeps_its_place() {
    let policy = policy(EVERYTHING);
    assert_eq!(written(policy.process.args[0].span), "\"/bin/busybox\"");
    assert_eq!(written(policy.process.umask.span), "0o022");
    assert_eq!(written(policy.process.env["A"].span), "\"b\"");
    assert_eq!(written(policy.filesystem.mounts["/usr"].span), "\"usr\"");
    assert_eq!(written(policy.filesystem.mounts["/srv"].span), "\"/srv\"");
    assert_eq!(written(policy.filesystem.mounts["/tmp"].span), "\"/tmp\"");
    assert_eq!(written(policy.namespaces.cgroup.span), "\"host\"");
    assert_eq!(written(policy.rlimits[0].span), "cpu");
    assert_eq!(written(policy.loopback.unwrap()), "true");
    assert_eq!(
        policy.process.keyring.span,
        Span::default(),
        "a default has the place of the file's first byte"
    );
}

#[test]
fn rules_on_system_calls() {
    let policy = policy(include_str!("fixtures/good/filter.sandbox.toml"));
    assert_eq!(policy.address_families.map(|families| families.value), Some(vec![1, 2, 10]));
    let seccomp = policy.seccomp.unwrap();
    assert_eq!(seccomp.architectures.iter().map(|one| one.value).collect::<Vec<_>>(), ["x86_64", "i386"]);
    let of = |name: &str| {
        let rules = seccomp.rules.iter().filter(|rule| rule.name == name);
        rules.map(|rule| (rule.source.to_string(), rule.action, rule.conditions.clone())).collect::<Vec<_>>()
    };
    let eacces = Action::Errno(13);
    assert_eq!(of("keyctl"), [("seccomp.deny".into(), eacces, vec![])]);
    assert_eq!(of("init_module"), [("seccomp.kill".into(), Action::KillProcess, vec![])]);
    assert_eq!(of("personality"), [("seccomp.log".into(), Action::Log, vec![])]);
    assert_eq!(of("ptrace"), [("seccomp.rules.tracing".into(), Action::Trace(0), vec![])]);
    let user = Operator::MaskedEqual { mask: 0x1000_0000, value: 0 };
    let narrowed = ("seccomp.rules.no-new-user-namespaces".into(), Action::Allow, vec![(0, user)]);
    assert_eq!(of("clone"), [("seccomp.allow".into(), Action::Allow, vec![]), narrowed]);
    // A list under a mask is as many rules; a list of values is one condition.
    let plain = |kind| {
        let kind = Operator::MaskedEqual { mask: 15, value: kind };
        let conditions = vec![(1, kind), (2, Operator::OneOf(vec![0, 6, 17]))];
        ("seccomp.rules.plain-sockets".to_owned(), Action::Allow, conditions)
    };
    assert_eq!(of("socket")[1..], [plain(1), plain(2)]);
    // AT_FDCWD as the kernel reads an int.
    let here = of("openat").pop().unwrap();
    assert_eq!((here.1, here.2[0].clone()), (Action::Errno(2), (0, Operator::NotEqual(0xFFFF_FF9C))));
}

/// The lines of each section the other way round; a section stays one.
fn reversed(text: &str) -> String {
    let mut sections: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('[') {
            sections.push(vec![line]);
        } else {
            let section = sections.last_mut().unwrap();
            let header = usize::from(section.first().is_some_and(|line| line.starts_with('[')));
            section.insert(header, line);
        }
    }
    let (top, rest) = sections.split_first().unwrap();
    let lines = top.iter().chain(rest.iter().rev().flatten());
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn order_means_nothing() {
    let without_places = |policy: &Policy| {
        let text = format!("{policy:#?}");
        let place =
            |line: &&str| line.trim_start().starts_with("start: ") || line.trim_start().starts_with("end: ");
        text.lines().filter(|line| !place(line)).collect::<Vec<_>>().join("\n")
    };
    let other = reversed(EVERYTHING);
    assert_ne!(other, EVERYTHING);
    assert_eq!(without_places(&policy(&other)), without_places(&policy(EVERYTHING)));
}
