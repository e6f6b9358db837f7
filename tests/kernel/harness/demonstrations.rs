//! The demonstrations: each a spec of `specs/demos`, questions asked outside and inside, and what must be true.
//!
//! The same list runs on this machine's kernel and on those in virtual machines.

use super::{Answers, Site, Spec};

/// One demonstration.
#[derive(Debug)]
pub struct Demonstration {
    /// Its name.
    pub name: &'static str,
    /// The spec's name in `specs/demos`.
    pub spec: &'static str,
    /// Changes to the spec as it is written, for this site; the program is replaced by the probe afterwards.
    pub adjust: fn(Spec, &Site) -> Spec,
    /// What this one asks outside before, inside, and outside after.
    pub questions: fn(&Site) -> [Vec<String>; 3],
    /// What must be true.
    pub check: fn(&Seen),
}

/// Whether the spec's filter is in force; without it, the other layers have to hold alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// As the spec says.
    On,
    /// Everything is allowed.
    Off,
}

/// What was said, and on what occasion.
#[derive(Debug)]
pub struct Seen {
    /// Where.
    pub site: Site,
    /// The user id of who launched.
    pub launched_by: u32,
    /// Was the spec's filter in force?
    pub filter: Filter,
    /// Outside, before the launch.
    pub before: Answers,
    /// Inside.
    pub inside: Answers,
    /// Outside, after the launch.
    pub after: Answers,
}

impl Demonstration {
    /// The spec that is launched.
    pub fn spec(&self, site: &Site, filter: Filter) -> Spec {
        let spec = (self.adjust)(Spec::demonstration(self.spec), site);
        let spec = if filter == Filter::Off { spec.with("seccomp.default_action = 'allow'") } else { spec };
        spec.asking(site, &self.asked(site)[1])
    }

    /// What the probe arranges before it starts the launcher.
    pub fn conditions(&self) -> &'static [&'static str] {
        if self.spec.starts_with("pod") { &["pod"] } else { &[] }
    }

    /// What is asked outside before, inside, and outside after.
    pub fn asked(&self, site: &Site) -> [Vec<String>; 3] {
        let [before, inside, after] = (self.questions)(site);
        let everywhere = words(&["identity", "descriptors", "list=/", "list=/.."]);
        [[everywhere.clone(), before].concat(), [everywhere, inside].concat(), after]
    }

    /// Checks what every demonstration promises, and then what this one does.
    pub fn verify(&self, seen: &Seen) {
        // A list of ports has a filter whatever [seccomp] says; one of the machine's own, such as a container's, stays.
        let listed = self.spec(&seen.site, seen.filter).text().contains("connect_tcp");
        let mode = if seen.filter == Filter::On || listed { "2" } else { seen.before.get("seccomp") };
        seen.inside.expect(&[("no_new_privs", "1"), ("seccomp", mode), ("descriptors", "0,1,2")]);
        if matches!(seen.launched_by, 0 | 65534) {
            // Nobody else can be without supplementary groups, which a user namespace does not let one drop.
            seen.inside.expect(&[("groups", "")]);
        }
        seen.inside.expect_one_root();
        (self.check)(seen);
    }
}

/// The pairs of demonstration and user that cannot run.
const CANNOT: &str = include_str!("cannot.toml");

/// What the launch error says when this demonstration cannot run for this user, on this kernel.
pub fn cannot(demonstration: &str, user: &str, kernel: &str) -> Option<String> {
    let list: toml::Table = CANNOT.parse().expect("the list is TOML");
    let pairs = list["pair"].as_array().expect("pairs");
    let is = |pair: &toml::Value, key, value| pair[key].as_str() == Some(value);
    let mut found = pairs.iter().filter(|pair| {
        let part = pair.get("kernel").and_then(toml::Value::as_str).unwrap_or_default();
        is(pair, "demonstration", demonstration) && is(pair, "user", user) && kernel.contains(part)
    });
    found.next().map(|pair| pair["error"].as_str().expect("words").to_owned())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// The probe asks for more than the spec's own program does.
fn as_much_as_the_probe_asks(spec: Spec, _: &Site) -> Spec {
    spec.with("seccomp.allow = ['@system-service']")
}

fn as_it_is(spec: Spec, _: &Site) -> Spec {
    spec
}

const NAMESPACES: [&str; 8] = ["mnt", "uts", "ipc", "pid", "net", "user", "cgroup", "time"];

/// The ordinary program: 65534 inside, and no capability anywhere.
fn expect_nobody(seen: &Seen) {
    seen.inside.expect(&[("uid", "65534,65534,65534"), ("gid", "65534,65534,65534")]);
    for set in ["effective", "permitted", "inheritable", "bounding", "ambient"] {
        assert_eq!(seen.inside.get(set), "0", "{set}");
    }
}

/// With one namespace of the host, all in the host's tree, where the probe sees its namespaces in the host's /proc.
fn one_of_the_host(spec: Spec, name: &str) -> Spec {
    spec.with(&format!(
        "filesystem = {{ root = 'host', base = 'none', proc = 'none' }}\nnamespaces.{name} = 'host'"
    ))
}

fn expect_one_of_the_host(seen: &Seen, own: &str) {
    for name in NAMESPACES {
        let key = format!("ns.{name}");
        assert_eq!(seen.before.get(&key) == seen.inside.get(&key), name == own, "{key}");
    }
}

/// All of them, in the order in which the README speaks of them.
pub const DEMONSTRATIONS: &[Demonstration] = &[
    Demonstration {
        name: "chroot-escape",
        spec: "chroot-escape",
        adjust: |spec, _| spec.with("filesystem.proc = 'own'"),
        questions: escape_questions,
        check: escape_check,
    },
    Demonstration {
        name: "chroot-escape-as-root-inside",
        spec: "chroot-escape",
        adjust: |spec, _| {
            spec.with(
                "filesystem.proc = 'own'
                 process.user = { uid = 0, gid = 0 }
                 [namespaces.user]
                 uid_mappings = [{ container_id = 0, host_id = 65534, size = 1 }]
                 gid_mappings = [{ container_id = 0, host_id = 65534, size = 1 }]",
            )
        },
        questions: escape_questions,
        check: |seen| {
            seen.inside.expect(&[("uid", "0,0,0")]);
            escape_check(seen);
        },
    },
    Demonstration {
        name: "rootfs",
        spec: "rootfs",
        adjust: |spec, site| spec.with(&format!("filesystem.root = '{}'", site.rootfs.display())),
        questions: |site| {
            let host = site.rootfs.display();
            let inside = words(&["processes", "list=/", "open=/made,make", "read=/hello"]);
            [vec![], inside, vec![format!("open={host}/made,read"), format!("list={host}")]]
        },
        check: |seen| {
            expect_nobody(seen);
            seen.inside.expect(&[("pid", "2"), ("ppid", "1"), ("content./hello", "from the rootfs\\n")]);
            assert_eq!(seen.inside.get("make./made"), "EROFS");
            assert_eq!(seen.inside.get("processes"), "2:probe", "pid 1 is not its business");
            let host = seen.site.rootfs.display();
            assert_eq!(seen.after.get(&format!("read.{host}/made")), "ENOENT");
            assert_eq!(seen.after.get(&format!("list.{host}")), seen.inside.get("list./"));
        },
    },
    Demonstration {
        name: "rootfs-with-memory-on-top",
        spec: "rootfs",
        adjust: |spec, site| {
            let root = site.rootfs.display();
            spec.with(&format!(
                "filesystem.root = {{ path = '{root}', overlay = 'memory' }}
                 [filesystem.mounts]
                 '/layers' = {{ overlay = ['{root}/etc', '{root}/bin'], writable = true }}
                 '/single' = {{ overlay = ['{root}/bin'] }}"
            ))
        },
        questions: |site| {
            let host = site.rootfs.display();
            let inside = words(&[
                "open=/made,make",
                "read=/hello",
                "open=/layers/made,make",
                "list=/layers",
                "list=/single",
                "open=/single/made,make",
            ]);
            let lists = vec![format!("list={host}"), format!("list={host}/bin")];
            [lists.clone(), inside, lists]
        },
        check: |seen| {
            expect_nobody(seen);
            seen.inside.expect(&[
                ("make./made", "ok"),
                ("content./hello", "from the rootfs\\n"),
                ("make./layers/made", "ok"),
                ("make./single/made", "EROFS"),
            ]);
            let host = seen.site.rootfs.display();
            let below = seen.before.get(&format!("list.{host}/bin"));
            let layers = seen.inside.get("list./layers").split(' ').filter(|name| *name != "made");
            assert_eq!(layers.collect::<Vec<_>>().join(" "), below);
            assert_eq!(seen.inside.get("list./single"), below);
            for key in [format!("list.{host}"), format!("list.{host}/bin")] {
                assert_eq!(seen.after.get(&key), seen.before.get(&key), "the host's tree was written to");
            }
        },
    },
    Demonstration {
        name: "private-tmp",
        spec: "private-tmp",
        adjust: as_it_is,
        questions: |site| {
            let file = format!("/tmp/boxwright-{}", site.key);
            [vec![], vec![format!("fill={file}")], vec![format!("open={file},read")]]
        },
        check: |seen| {
            expect_nobody(seen);
            seen.inside.expect(&[("filled", "10485760"), ("fill", "ENOSPC")]);
            assert_eq!(seen.after.get(&format!("read./tmp/boxwright-{}", seen.site.key)), "ENOENT");
        },
    },
    Demonstration {
        name: "hostname",
        spec: "hostname",
        adjust: as_much_as_the_probe_asks,
        questions: |_| [words(&["names"]), words(&["names"]), words(&["names"])],
        check: |seen| {
            expect_nobody(seen);
            seen.inside.expect(&[("hostname", "demo"), ("domainname", "sandbox.example")]);
            assert_ne!(seen.before.get("hostname"), "demo");
            seen.after.expect(&[
                ("hostname", seen.before.get("hostname")),
                ("domainname", seen.before.get("domainname")),
            ]);
        },
    },
    Demonstration {
        name: "ipc",
        spec: "ipc",
        adjust: as_it_is,
        questions: |site| {
            let key = site.key;
            let (make, find) = (format!("ipc=make,{key}"), format!("ipc=find,{key}"));
            [vec![make.clone()], vec![find.clone(), make], vec![find, format!("ipc=remove,{key}")]]
        },
        check: |seen| {
            expect_nobody(seen);
            for object in
                ["message_queue", "shared_memory", "semaphores", "posix_queue", "posix_shared_memory"]
            {
                assert_eq!(seen.before.get(&format!("made.{object}")), "ok", "outside, {object}");
                assert_eq!(seen.inside.get(&format!("found.{object}")), "ENOENT", "inside, {object}");
                assert_eq!(seen.inside.get(&format!("made.{object}")), "ok", "inside, {object}");
                assert_eq!(seen.after.get(&format!("found.{object}")), "ok", "outside afterwards, {object}");
            }
        },
    },
    Demonstration {
        name: "loopback",
        spec: "loopback",
        adjust: as_it_is,
        questions: |_| [vec![], words(&["network"]), vec![]],
        check: |seen| {
            expect_nobody(seen);
            seen.inside.expect(&[("interfaces", "lo:up"), ("loopback", "ok")]);
        },
    },
    Demonstration {
        name: "no-network",
        spec: "loopback",
        adjust: |spec, _| spec.with("network.loopback = false"),
        questions: |_| [vec![], words(&["network"]), vec![]],
        check: |seen| {
            seen.inside.expect(&[("interfaces", "lo:down")]);
            assert_ne!(seen.inside.get("loopback"), "ok");
        },
    },
    Demonstration {
        name: "ids",
        spec: "ids",
        adjust: as_it_is,
        questions: ids_questions,
        check: |seen| {
            expect_nobody(seen);
            ids_check(seen, 65534);
        },
    },
    Demonstration {
        // The overflow id is 65534 too, so only another id shows that what is unmapped is not the program's.
        name: "ids-of-another",
        spec: "ids",
        adjust: |spec, _| spec.with("process.user = { uid = 1234, gid = 1234 }"),
        questions: ids_questions,
        check: |seen| {
            seen.inside.expect(&[("uid", "1234,1234,1234"), ("gid", "1234,1234,1234"), ("effective", "0")]);
            ids_check(seen, 1234);
        },
    },
    Demonstration {
        name: "namespaces",
        spec: "namespaces",
        adjust: as_it_is,
        questions: namespaces_questions,
        check: |seen| {
            expect_nobody(seen);
            for name in NAMESPACES {
                let key = format!("ns.{name}");
                assert_ne!(seen.before.get(&key), seen.inside.get(&key));
                assert!(seen.inside.get(&key).starts_with(&format!("{name}:[")), "{}", seen.inside.get(&key));
            }
        },
    },
    Demonstration {
        name: "namespaces-uts-of-the-host",
        spec: "namespaces",
        adjust: |spec, _| one_of_the_host(spec, "uts"),
        questions: namespaces_questions,
        check: |seen| expect_one_of_the_host(seen, "uts"),
    },
    Demonstration {
        name: "namespaces-ipc-of-the-host",
        spec: "namespaces",
        adjust: |spec, _| one_of_the_host(spec, "ipc"),
        questions: namespaces_questions,
        check: |seen| expect_one_of_the_host(seen, "ipc"),
    },
    Demonstration {
        name: "namespaces-pid-of-the-host",
        spec: "namespaces",
        adjust: |spec, _| one_of_the_host(spec, "pid"),
        questions: namespaces_questions,
        check: |seen| expect_one_of_the_host(seen, "pid"),
    },
    Demonstration {
        name: "namespaces-network-of-the-host",
        spec: "namespaces",
        adjust: |spec, _| one_of_the_host(spec, "network"),
        questions: namespaces_questions,
        check: |seen| expect_one_of_the_host(seen, "net"),
    },
    Demonstration {
        name: "namespaces-cgroup-of-the-host",
        spec: "namespaces",
        adjust: |spec, _| one_of_the_host(spec, "cgroup"),
        questions: namespaces_questions,
        check: |seen| expect_one_of_the_host(seen, "cgroup"),
    },
    Demonstration {
        name: "namespaces-time-of-the-host",
        spec: "namespaces",
        adjust: |spec, _| one_of_the_host(spec, "time"),
        questions: namespaces_questions,
        check: |seen| expect_one_of_the_host(seen, "time"),
    },
    Demonstration {
        name: "namespaces-mount-of-the-host",
        spec: "namespaces",
        adjust: |spec, _| one_of_the_host(spec, "mount"),
        questions: namespaces_questions,
        check: |seen| expect_one_of_the_host(seen, "mnt"),
    },
    Demonstration {
        name: "namespaces-user-of-the-host",
        spec: "namespaces",
        adjust: |spec, _| one_of_the_host(spec, "user"),
        questions: namespaces_questions,
        check: |seen| expect_one_of_the_host(seen, "user"),
    },
    Demonstration {
        name: "clocks",
        spec: "clocks",
        adjust: as_it_is,
        questions: |_| [words(&["clocks"]), words(&["clocks"]), vec![]],
        check: |seen| {
            expect_nobody(seen);
            for (clock, offset) in [("realtime", 0), ("monotonic", 25 * 3600), ("boottime", 25 * 3600)] {
                let ahead = seen.inside.number(clock) - seen.before.number(clock);
                assert!((offset..offset + 60).contains(&ahead), "{clock} is {ahead} s ahead, not {offset}");
            }
        },
    },
    Demonstration {
        name: "background",
        spec: "background",
        adjust: |spec, _| spec.with("process.memory_deny_write_execute = false"),
        questions: |_| [vec![], words(&["scheduling", "write_execute"]), vec![]],
        check: |seen| {
            expect_nobody(seen);
            seen.inside.expect(&[
                ("policy", "3"),
                ("nice", "10"),
                ("oom_score_adj", "500"),
                ("timer_slack", "1000000"),
                ("huge_pages_off", "1"),
                ("personality", "0"),
                // The control of the next.
                ("memory.afterwards", "ok"),
            ]);
        },
    },
    Demonstration {
        name: "background-without-new-code",
        spec: "background",
        adjust: as_it_is,
        questions: |_| [vec![], words(&["write_execute"]), vec![]],
        check: |seen| {
            let refused = [("memory.at_once", "EACCES"), ("memory.afterwards", "EACCES")];
            seen.inside.expect(&refused);
            seen.inside.expect(&[("memory.given_up", "ok")]);
        },
    },
    Demonstration {
        name: "real-time",
        spec: "background",
        adjust: |spec, _| {
            spec.with(
                "rlimits.rttime = '1s'
                 [process]
                 scheduler = { policy = 'fifo', priority = 3 }
                 memory_deny_write_execute = false",
            )
        },
        questions: |_| [vec![], words(&["scheduling", "rlimits"]), vec![]],
        check: |seen| {
            expect_nobody(seen);
            seen.inside.expect(&[("policy", "1"), ("priority", "3"), ("rlimit.15", "1000000,1000000")]);
        },
    },
    Demonstration {
        // More than a kernel's first process has.
        name: "limits-raised",
        spec: "background",
        adjust: |spec, _| {
            spec.with(
                "rlimits.nofile = 8192
process.memory_deny_write_execute = false",
            )
        },
        questions: |_| [vec![], words(&["rlimits"]), vec![]],
        check: |seen| {
            expect_nobody(seen);
            seen.inside.expect(&[("rlimit.7", "8192,8192")]);
        },
    },
    Demonstration {
        name: "nested",
        spec: "nested",
        adjust: |spec, site| {
            let (inner, probe) = (site.inner.display(), site.probe.display());
            spec.with(&format!(
                "[filesystem.mounts]
                 '/inner' = {{ bind = '{inner}' }}
                 '/probe' = {{ bind = '{probe}' }}"
            ))
        },
        questions: |_| [words(&["namespaces"]), words(&["namespaces", "run=/inner"]), vec![]],
        check: |seen| {
            expect_nobody(seen);
            let inner =
                [("uid", "65534,65534,65534"), ("pid", "2"), ("seccomp", "2"), ("hostname", "contained")];
            for (key, value) in inner {
                assert_eq!(seen.inside.get(&format!("inner.{key}")), value, "inner.{key}");
            }
            seen.inside.expect(&[("run./inner", "0")]);
            for name in NAMESPACES {
                let key = format!("ns.{name}");
                let outer = seen.inside.get(&key);
                assert_ne!(seen.before.get(&key), outer);
                assert_ne!(seen.inside.get(&format!("inner.{key}")), outer);
            }
        },
    },
    Demonstration {
        name: "contained",
        spec: "contained",
        adjust: as_much_as_the_probe_asks,
        questions: contained_questions,
        check: contained_check,
    },
    Demonstration {
        name: "landlock",
        spec: "landlock",
        adjust: as_it_is,
        questions: landlock_questions,
        check: landlock_check,
    },
    Demonstration {
        name: "pod",
        spec: "pod",
        adjust: as_it_is,
        questions: |_| {
            let inside = words(&["namespaces", "network", "processes", "maps"]);
            [words(&["namespaces"]), inside, vec![]]
        },
        check: |seen| {
            expect_nobody(seen);
            // Nothing but the pod has a loopback that is up, and its maker has ended.
            seen.inside.expect(&[("interfaces", "lo:up"), ("loopback", "ok"), ("processes", "2:probe")]);
            let first = if seen.launched_by == 0 { "0 " } else { "65534 " };
            assert!(seen.inside.get("uid_map").starts_with(first), "{}", seen.inside.get("uid_map"));
            for name in NAMESPACES {
                let key = format!("ns.{name}");
                assert_ne!(seen.before.get(&key), seen.inside.get(&key), "{name}");
            }
        },
    },
    Demonstration {
        name: "pod-member",
        spec: "pod-member",
        adjust: as_it_is,
        questions: |_| [words(&["namespaces"]), words(&["namespaces", "network", "maps"]), vec![]],
        check: |seen| {
            expect_nobody(seen);
            seen.inside.expect(&[("interfaces", "lo:up"), ("loopback", "ok")]);
            let first = if seen.launched_by == 0 { "0 " } else { "65534 " };
            assert!(seen.inside.get("uid_map").starts_with(first), "{}", seen.inside.get("uid_map"));
            for name in NAMESPACES {
                let key = format!("ns.{name}");
                assert_ne!(seen.before.get(&key), seen.inside.get(&key), "{name}");
            }
        },
    },
    Demonstration {
        name: "no-privileges",
        spec: "no-privileges",
        adjust: as_much_as_the_probe_asks,
        questions: |_| {
            let inside = ["namespaces", "rlimits", "call=165", "call=321", "call=9999"];
            [words(&["namespaces"]), words(&inside), vec![]]
        },
        check: |seen| {
            seen.inside.expect(&[
                ("uid", "65534,65534,65534"),
                ("effective", "0"),
                ("permitted", "0"),
                ("ambient", "0"),
            ]);
            if seen.launched_by == 0 {
                // Who has no capability cannot drop one from the bounding set either; no_new_privs makes that set moot.
                seen.inside.expect(&[("bounding", "0")]);
            }
            for name in NAMESPACES {
                let key = format!("ns.{name}");
                assert_eq!(seen.before.get(&key), seen.inside.get(&key));
            }
            seen.inside.expect(&[("rlimit.4", "0,0"), ("rlimit.7", "256,256")]);
            if seen.filter == Filter::On {
                seen.inside.expect(&[("call.165", "EPERM"), ("call.321", "EPERM"), ("call.9999", "ENOSYS")]);
            }
        },
    },
];

fn namespaces_questions(_: &Site) -> [Vec<String>; 3] {
    [words(&["namespaces"]), words(&["namespaces"]), vec![]]
}

fn escape_questions(site: &Site) -> [Vec<String>; 3] {
    let inside = vec![
        "list=/".to_owned(),
        "mounts".to_owned(),
        format!("chroot_escape=/tmp,{}", site.marker.display()),
    ];
    [vec![format!("open={},read", site.marker.display())], inside, vec![]]
}

fn escape_check(seen: &Seen) {
    for set in ["effective", "permitted", "inheritable", "bounding", "ambient"] {
        assert_eq!(seen.inside.get(set), "40000", "{set}: CAP_SYS_CHROOT and nothing else");
    }
    seen.before.expect(&[(&format!("read.{}", seen.site.marker.display()), "ok")]);
    seen.inside.expect(&[("escape.mkdir", "ok"), ("escape.chroot", "ok"), ("escape.marker", "ENOENT")]);
    assert_eq!(seen.inside.get("escape.root"), seen.inside.get("list./"));
    // An old root that was only covered, not detached, would still stand in the table of mounts.
    let points: Vec<&str> = seen.inside.under("mount.").map(|(point, _)| point).collect();
    let granted = ["/", "/proc", "/tmp", "/usr", "/probe", "/etc/ld.so.cache", "/etc/alternatives"];
    let strange = points.iter().find(|point| !granted.iter().any(|grant| within(point, grant)));
    assert_eq!(strange, None, "{points:?}");
}

/// Is this the granted place or, unless that is the root, something beneath it?
fn within(point: &str, grant: &str) -> bool {
    point == grant || grant != "/" && point.starts_with(&format!("{grant}/"))
}

fn landlock_questions(_: &Site) -> [Vec<String>; 3] {
    let inside = [
        "landlock_abi",
        "try=make_reg,/log/entry",
        "try=write_file,/log/entry",
        "try=remove_file,/log/entry",
        "try=make_dir,/log/directory",
        "try=make_reg,/entry",
        "port=serve,4041",
        "port=serve,4042",
        "port=connect,4041",
        "port=connect,4042",
        "port=udp_send,4042",
        "port=mptcp_connect,4042",
        "port=fast_open,4042",
    ];
    [words(&["landlock_abi"]), words(&inside), vec![]]
}

fn landlock_check(seen: &Seen) {
    expect_nobody(seen);
    let abi = seen.before.number("landlock_abi");
    let ports = if abi >= 4 { "EACCES" } else { "ok" };
    seen.inside.expect(&[
        ("make_reg./log/entry", "ok"),
        ("write_file./log/entry", "ok"),
        ("remove_file./log/entry", "EACCES"),
        ("make_dir./log/directory", "EACCES"),
        // The mount says it first.
        ("make_reg./entry", "EROFS"),
        ("connect.4041", "ok"),
        ("connect.4042", ports),
        ("udp_send.4042", "EPROTONOSUPPORT"),
        ("mptcp_connect.4042", "EPROTONOSUPPORT"),
        ("fast_open.4042", "EOPNOTSUPP"),
    ]);
}

fn ids_questions(_: &Site) -> [Vec<String>; 3] {
    [vec![], words(&["maps", "read=/usr", "read=/probe"]), vec![]]
}

fn ids_check(seen: &Seen, inside: u32) {
    // Root makes the program this user on the host; anybody else can only be himself there.
    let outside = if seen.launched_by == 0 { inside } else { seen.launched_by };
    let map = format!("{inside} {outside} 1");
    seen.inside.expect(&[("setgroups", "deny"), ("setgroups_call", "EPERM")]);
    assert_eq!(seen.inside.get("uid_map"), map);
    assert!(seen.inside.get("gid_map").starts_with(&format!("{inside} ")));
    assert!(seen.inside.get("mode./usr").ends_with(" 65534:65534"), "{}", seen.inside.get("mode./usr"));
}

fn contained_questions(_: &Site) -> [Vec<String>; 3] {
    let inside = [
        "names",
        "network",
        "namespaces",
        "rlimits",
        "place",
        "environment",
        "processes",
        "mounts",
        "list=/",
        "read=/etc/motd",
        "open=/etc/shadow,read",
        "open=/usr/bin,read",
        "open=/usr/boxwright,make",
        "open=/boxwright,make",
        "open=/tmp/boxwright,make",
        "fill=/tmp/full",
        "execute_copy=/tmp",
        "devices",
        "signals",
        "call=165",
        "call=321",
        "call=9999",
    ];
    [words(&["names", "namespaces"]), words(&inside), vec![]]
}

fn contained_check(seen: &Seen) {
    expect_nobody(seen);
    let inside = &seen.inside;
    inside.expect(&[
        ("hostname", "contained"),
        ("interfaces", "lo:up"),
        ("loopback", "ok"),
        ("rlimit.4", "0,0"),
        ("rlimit.7", "256,256"),
        ("cwd", "/"),
        ("umask", "77"),
        ("env.PATH", "/usr/bin"),
        ("pid", "2"),
        // It leads a session of its own.
        ("sid", "2"),
        ("content./etc/motd", "sealed\\n"),
        ("read./etc/shadow", "ENOENT"),
        ("read./usr/bin", "ok"),
        ("make./usr/boxwright", "EROFS"),
        ("make./boxwright", "EROFS"),
        ("make./tmp/boxwright", "ok"),
        ("fill", "ENOSPC"),
        ("ignored", ""),
        ("blocked", "0"),
        ("dev.null", "c 1 3"),
        ("dev.zero", "c 1 5"),
        ("dev.full", "c 1 7"),
        ("dev.random", "c 1 8"),
        ("dev.urandom", "c 1 9"),
        ("dev.zero.reads", "1 0"),
        ("dev.full.writes", "ENOSPC"),
    ]);
    assert_eq!(inside.under("env.").count(), 1);
    assert_ne!(inside.get("execute_copy./tmp"), "ok");
    assert_eq!(inside.get("processes"), "2:probe");
    if seen.filter == Filter::On {
        // Denied by name, and not known to the table of names.
        inside.expect(&[("call.165", "EPERM"), ("call.321", "EPERM"), ("call.9999", "ENOSYS")]);
    }
    for (point, what) in inside.under("mount.") {
        let flags = what.split(' ').nth(1).unwrap_or_default();
        let writable = flags.starts_with("rw");
        let granted = point == "/tmp" || point == "/proc" || point == "/dev/shm" || within(point, "/dev");
        assert!(!writable || granted, "{point} is writable: {what}");
        assert!(flags.contains("nosuid"), "{point} without nosuid: {what}");
        let device = point.starts_with("/dev/") && point != "/dev/shm";
        assert!(flags.contains("nodev") != device, "{point}: {what}");
        let programs = point == "/" || point == "/probe" || within(point, "/usr") || within(point, "/etc");
        assert!(flags.contains("noexec") || programs, "{point} without noexec: {what}");
        assert!(!what.contains("shared:") && !what.contains("master:"), "{point} propagates: {what}");
    }
    for name in NAMESPACES {
        assert_ne!(seen.before.get(&format!("ns.{name}")), inside.get(&format!("ns.{name}")));
    }
}
