//! Landlock as it is compiled: the rights that follow from mounts, the masks of every ABI, and what `inspect` says of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use boxwright::policy::Policy;
use boxwright::policy::landlock::{Access, FIRST_ABI, LAST_ABI, RIGHTS};
use boxwright::source::Source;
use boxwright::{build, inspect, understand};
use boxwright_launcher::plan::Plan;
use boxwright_launcher::plan::operation::{Action, Kind, Landlock};

const SPEC: &str = r#"
version = 1
[process]
args = ["/usr/bin/true"]
exec = ["/usr/bin/env"]
[filesystem]
read_only = ["/usr"]
read_write = ["/srv"]
proc = "own"
sys = "read_only"
dev = "minimal"
[filesystem.mounts]
"/srv/sealed" = { seal = true, optional = true }
"/srv/inner" = { bind = "/opt" }
"/tmp" = { tmpfs = true }
"/etc/motd" = { text = "x" }
"/run/service" = { socket = "/run/service" }
"/mask" = { directory = true }
[network]
bind_tcp = [80, 443]
connect_tcp = [53]
[landlock]
scoped = ["signal", "abstract_unix_socket"]
log = ["new_exec_on"]
[seccomp]
allow = ["@system-service"]
"#;

fn policy(text: &str) -> Policy {
    let source = Source::new("landlock.sandbox.toml", text);
    understand(&source).policy.expect("a spec without errors")
}

fn plan(text: &str) -> Vec<u8> {
    let source = Source::new("landlock.sandbox.toml", text);
    build(&source, &policy(text)).unwrap().plan
}

fn operations(plan: &Plan) -> Vec<Landlock> {
    let kinds = (0..plan.operations()).filter_map(|index| Some(plan.operation(index)?.kind));
    kinds.filter_map(|kind| if let Kind::Landlock(landlock) = kind { Some(landlock) } else { None }).collect()
}

#[test]
fn rights_follow_from_the_mounts() {
    let rules = policy(SPEC).landlock_files().rules();
    let rights = |path: &str| rules.get(path).map(|rule| rule.rights);
    let (read, file) = (Access::READ, Access::READ & !Access::READ_DIR);
    assert_eq!(rights("/"), Some(Access::READ_DIR));
    assert_eq!(rights("/usr"), Some(read));
    assert_eq!(rights("/usr/bin/env"), Some(Access::EXECUTE));
    assert_eq!(rights("/usr/bin/true"), Some(Access::EXECUTE));
    assert_eq!(rights("/srv"), Some(read | Access::WRITE));
    assert_eq!(rights("/tmp"), Some(read | Access::WRITE));
    assert_eq!(rights("/proc"), Some(read | Access::WRITE_FILE));
    assert_eq!(rights("/sys"), Some(read));
    assert_eq!(rights("/dev/null"), Some(file | Access::WRITE_FILE | Access::IOCTL_DEV));
    assert_eq!(rights("/dev/pts"), Some(read | Access::WRITE_FILE | Access::IOCTL_DEV));
    assert_eq!(rights("/etc/motd"), Some(file));
    assert_eq!(rights("/run/service"), Some(Access::RESOLVE_UNIX));
    // Nothing of its own: what is above it gives more, and the mount protects it.
    for path in ["/srv/sealed", "/srv/inner", "/mask", "/dev", "/dev/fd"] {
        assert_eq!(rights(path), None, "{path}");
    }
    let executable = policy(&SPEC.replace("exec = [\"/usr/bin/env\"]", "")).landlock_files().rules();
    assert_eq!(executable["/usr"].rights, read | Access::EXECUTE);
    assert_eq!(executable["/srv"].rights & Access::EXECUTE, Access::NONE);
}

#[test]
fn device_nodes_are_made_by_who_has_the_capability() {
    let rights = |text: &str| policy(text).landlock_files().rules()["/tmp"].rights & Access::MAKE_NODES;
    assert_eq!(rights(SPEC), Access::NONE);
    let capable = SPEC.replace("exec =", "capabilities = [\"CAP_MKNOD\"]\nexec =");
    assert_eq!(rights(&capable), Access::MAKE_NODES);
}

/// Every mask that a kernel of any ABI gets: only what it knows, and all that it knows.
#[test]
fn every_abi_has_its_masks() {
    let bytes = plan(SPEC);
    let plan = Plan::read(&bytes).unwrap();
    let operations = operations(&plan);
    let landlock = operations.iter().find(|landlock| landlock.action == Action::Create).unwrap();
    for abi in [0, 1, u32::MAX] {
        assert_eq!(landlock.row(&plan, abi).handled, [0; 3], "ABI {abi}");
        assert_eq!(landlock.row(&plan, abi).flags, 0, "ABI {abi}");
    }
    for abi in FIRST_ABI..LAST_ABI + 5 {
        let row = landlock.row(&plan, abi);
        let since = |first, bits| if abi >= first { bits } else { 0 };
        let bits = RIGHTS.iter().enumerate().filter(|(_, (_, since))| *since <= abi);
        let files = bits.fold(0, |files, (bit, _)| files | 1 << bit);
        assert_eq!(row.handled, [files, since(4, 3), since(6, 3)], "ABI {abi}");
        assert_eq!(row.flags, since(7, 2), "ABI {abi}");
    }
    let ports: Vec<(u32, u64)> = operations
        .iter()
        .filter_map(|landlock| {
            if let Action::Port(port, rights) = landlock.action { Some((port, rights)) } else { None }
        })
        .collect();
    assert_eq!(ports[..3], [(80, 1), (443, 1), (53, 2)]);
    assert!(operations.iter().any(|landlock| landlock.action == Action::Restrict));
}

#[test]
fn nothing_is_asked_where_nothing_is_derived() {
    let text = SPEC.split("[network]").next().unwrap().replace("exec = [\"/usr/bin/env\"]", "");
    let text = format!("{text}\n[landlock]\nfilesystem = \"everything\"\n");
    let bytes = plan(&text);
    let plan = Plan::read(&bytes).unwrap();
    assert_eq!(operations(&plan), []);
    let page = inspect::render(&plan, true);
    assert!(page.contains("landlock    none\n") && !page.contains("landlock_"), "{page}");
}

#[test]
fn inspect_says_what_each_abi_enforces() {
    let bytes = plan(SPEC);
    let page = inspect::render(&Plan::read(&bytes).unwrap(), true);
    let header = page.lines().find(|line| line.starts_with("landlock ")).unwrap();
    for words in [
        "from ABI 2: execute, write_file, ",
        "make_sym, refer; from ABI 3: truncate; from ABI 4: bind_tcp, connect_tcp; from ABI 5: ioctl_dev; ",
        "from ABI 6: scope abstract_unix_socket, scope signal; from ABI 7: log new_exec_on; from ABI 9: resolve_unix",
    ] {
        assert!(header.contains(words), "no `{words}` in {header}");
    }
    for words in [
        "allow /usr [Landlock]  landlock.sandbox.toml:7:",
        "allowed_access=read_file|read_dir|resolve_unix since ABI 9}, 0)",
        "{port=443, bind_tcp}",
        "landlock.scoped needs Landlock ABI 6  landlock.sandbox.toml:23:",
        "parent_fd=1, allowed_access=write_file|truncate since ABI 3|ioctl_dev since ABI 5",
        "landlock_restrict_self(",
    ] {
        assert!(page.contains(words), "no `{words}` in\n{page}");
    }
}
