//! Interfaces of a sandbox, looked at from inside and from a host that each test makes for itself.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Answers, Need, Person, Run, Spec, Stage, command, wait};
use crate::life::ready;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces, Need::Program("ip")];

const PASTA: &[Need] = &[Need::Root, Need::UserNamespaces, Need::Program("ip"), Need::Program("pasta")];

pub const TESTS: &[Test] = &[
    Test { name: "network/veth", needs: ROOT, run: veth },
    Test { name: "network/veth-in-place", needs: ROOT, run: veth_in_place },
    Test { name: "network/two-sandboxes", needs: ROOT, run: two_sandboxes },
    Test { name: "network/macvlan", needs: ROOT, run: macvlan },
    Test { name: "network/physical", needs: ROOT, run: physical },
    Test { name: "network/doctor-takes-nothing", needs: ROOT, run: doctor_takes_nothing },
    Test { name: "network/no-foreign-ipv6", needs: ROOT, run: no_foreign_ipv6 },
    Test { name: "network/refused-by-the-host", needs: ROOT, run: refused_by_the_host },
    Test { name: "network/killed", needs: ROOT, run: killed },
    Test { name: "network/again-at-once", needs: ROOT, run: again_at_once },
    Test { name: "network/rootless-container", needs: &[Need::UserNamespaces], run: rootless_container },
    Test { name: "network/pasta", needs: PASTA, run: pasta },
    Test { name: "network/pasta-fails", needs: PASTA, run: pasta_fails },
    Test {
        name: "network/ordinary-user",
        needs: &[Need::Unprivileged, Need::UserNamespaces],
        run: ordinary_user,
    },
];

/// A network namespace that plays the host's; nothing of the machine's own network is ever touched.
pub struct Host {
    holder: Child,
}

impl Host {
    pub fn new() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "echo; exec sleep 600"]);
        let mut holder = command.stdout(Stdio::piped()).spawn().expect("unshare");
        let mut line = String::new();
        BufReader::new(holder.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
        Self { holder }
    }

    /// Who holds it.
    pub fn pid(&self) -> u32 {
        self.holder.id()
    }

    fn command(&self, stage: &Stage, program: &Path, arguments: &[&str]) -> Command {
        let net = format!("--net=/proc/{}/ns/net", self.holder.id());
        let program = program.to_str().expect("a plain path");
        let mut command = command(
            Person::Own,
            Path::new("/usr/bin/nsenter"),
            &[&[&net, "--", program], arguments].concat(),
        );
        command.current_dir(stage.directory()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, stage: &Stage, program: &Path, arguments: &[&str]) -> Child {
        self.command(stage, program, arguments).spawn().expect("nsenter")
    }

    fn run(&self, stage: &Stage, program: &Path, arguments: &[&str]) -> Run {
        wait(self.start(stage, program, arguments))
    }

    /// Changes this host as an administrator does.
    #[track_caller]
    fn ip(&self, stage: &Stage, arguments: &str) {
        let words: Vec<&str> = arguments.split(' ').collect();
        let run = self.run(stage, &Need::program("ip").expect("ip"), &words);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "ip {arguments}");
    }

    /// Asks the probe on this host.
    fn ask(&self, stage: &Stage, questions: &[&str]) -> Answers {
        self.run(stage, &stage.ground.probe, questions).answers()
    }

    fn interfaces(&self, stage: &Stage) -> String {
        self.ask(stage, &["network"]).get("interfaces").to_owned()
    }

    /// The kernel takes interfaces away a moment after the namespace that they were in.
    #[track_caller]
    fn expect_interfaces(&self, stage: &Stage, expected: &str) {
        let end = Instant::now() + Duration::from_secs(10);
        while self.interfaces(stage) != expected {
            assert!(Instant::now() < end, "{} is left, not {expected}", self.interfaces(stage));
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        _ = self.holder.kill();
        _ = self.holder.wait();
    }
}

fn asking(stage: &Stage, spec: Spec, name: &str, questions: &[&str]) -> std::path::PathBuf {
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    stage.build_text(name, &spec.asking(&stage.site, &questions).text())
}

/// A launcher that is built, run on this host and has ended well.
#[track_caller]
fn inside(host: &Host, stage: &Stage, spec: Spec, questions: &[&str]) -> Answers {
    let run = host.run(stage, &asking(stage, spec, "inside", questions), &[]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "stdout: {}", run.stdout);
    run.answers()
}

#[track_caller]
fn refused(host: &Host, stage: &Stage, spec: Spec, words: &str) {
    let run = host.run(stage, &asking(stage, spec, "refused", &["identity"]), &[]);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains(words), "{}", run.stderr);
}

fn interface(text: &str) -> Spec {
    Spec::new(PLAIN).with(&format!("[[network.interfaces]]\n{text}"))
}

/// With everything that an interface can have, with the spec's filter and without.
fn veth(stage: &Stage) {
    let more = "[[network.interfaces]]
        kind = 'veth'
        name = 'eth0'
        address = ['10.213.0.2/24', '10.213.0.3/24', 'fd00:213::2/64']
        gateway = ['10.213.0.1', 'fd00:213::1']
        routes = [{ destination = '192.0.2.0/24', gateway = '10.213.0.9' }]
        mtu = 1400
        mac = '02:00:00:00:00:07'
        peer = 'veth-demo'
        peer_address = ['10.213.0.1/24', 'fd00:213::1/64']";
    let demonstration = Spec::demonstration("veth");
    let unfiltered = demonstration.clone().with(more).with("seccomp.default_action = 'allow'");
    for (spec, size) in [(demonstration, "1500 "), (unfiltered, "1400 02:00:00:00:00:07")] {
        let host = Host::new();
        let before = host.interfaces(stage);
        let questions = [
            "network",
            "own_address=10.213.0.2",
            "own_address=fd00:213::2",
            "own_address=10.213.0.1",
            "route=192.0.2.1",
            "route=2001:db8::1",
            "serve=8080,2",
        ];
        let mut sandbox = host.start(stage, &asking(stage, spec, "veth", &questions), &[]);
        ready(&mut sandbox);
        let outside = host.ask(
            stage,
            &[
                "network",
                "own_address=10.213.0.1",
                "own_address=fd00:213::1",
                "dial=10.213.0.2:8080,5000",
                "dial=[fd00:213::2]:8080,5000",
            ],
        );
        outside.expect(&[
            ("interfaces", "lo:down veth-demo:up"),
            ("own.10.213.0.1", "true"),
            ("own.fd00:213::1", "true"),
            ("dial.10.213.0.2:8080", "ok"),
            ("dial.[fd00:213::2]:8080", "ok"),
        ]);
        let run = wait(sandbox);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        host.expect_interfaces(stage, &before);
        assert!(outside.get("interface.veth-demo").starts_with(&size[..4]), "one size for both ends");
    }
}

fn veth_in_place(stage: &Stage) {
    let host = Host::new();
    let spec = Spec::demonstration("veth").with(
        "namespaces = { user = 'host', pid = 'host' }
         filesystem.proc = 'none'",
    );
    let questions = ["descriptors", "network", "route=192.0.2.1", "route=2001:db8::1"];
    inside(&host, stage, spec, &questions).expect(&[
        ("descriptors", "0,1,2"),
        ("interfaces", "lo:down eth0:up"),
        ("route.192.0.2.1", "10.213.0.2"),
        ("route.2001:db8::1", "fd00:213::2"),
    ]);
    host.expect_interfaces(stage, "lo:down");
}

/// One of two sandboxes on a bridge, with its own numbers.
fn bridged(number: u32) -> Spec {
    Spec::demonstration("bridged").with(&format!(
        "[[network.interfaces]]
         kind = 'veth'
         name = 'eth0'
         address = ['10.214.0.{number}/24', 'fd00:214::{number}/64']
         peer = 'veth-{number}'
         bridge = 'br-demo'"
    ))
}

fn two_sandboxes(stage: &Stage) {
    let host = Host::new();
    host.ip(stage, "link add br-demo type bridge");
    host.ip(stage, "link set br-demo up");
    // What must not be reached: an address of the host itself, and one behind it.
    host.ip(stage, "address add 203.0.113.1/24 dev lo");
    host.ip(stage, "link set lo up");
    let mut beyond = host.start(stage, &stage.ground.probe, &["serve=8081,1"]);
    ready(&mut beyond);
    let mut server =
        host.start(stage, &asking(stage, bridged(2), "server", &["network", "serve=8080,2"]), &[]);
    ready(&mut server);
    let reached = [
        "network",
        "dial=10.214.0.2:8080,5000",
        "dial=[fd00:214::2]:8080,5000",
        "dial=203.0.113.1:8081,0",
        "route=203.0.113.1",
        "route=2001:db8::1",
    ];
    inside(&host, stage, bridged(3), &reached).expect(&[
        ("interfaces", "lo:down eth0:up"),
        ("dial.10.214.0.2:8080", "ok"),
        ("dial.[fd00:214::2]:8080", "ok"),
        ("dial.203.0.113.1:8081", "ENETUNREACH"),
        ("route.203.0.113.1", "ENETUNREACH"),
        ("route.2001:db8::1", "ENETUNREACH"),
    ]);
    // Without an interface there is no way to the other, and a program on the host has both.
    let alone = Spec::new(PLAIN);
    inside(&host, stage, alone, &["dial=10.214.0.2:8080,0"])
        .expect(&[("dial.10.214.0.2:8080", "ENETUNREACH")]);
    host.ask(stage, &["dial=203.0.113.1:8081,5000"]).expect(&[("dial.203.0.113.1:8081", "ok")]);
    assert_eq!(wait(server).status, 0);
    assert_eq!(wait(beyond).status, 0);
    host.expect_interfaces(stage, "lo:up br-demo:up");
}

fn on_parent(number: u32, mode: &str) -> Spec {
    interface(&format!(
        "kind = 'macvlan'\nname = 'eth0'\nlink = 'parent'\nmode = '{mode}'\naddress = '10.215.0.{number}/24'"
    ))
}

fn macvlan(stage: &Stage) {
    let host = Host::new();
    refused(&host, stage, on_parent(2, "bridge"), "find parent: No such device; the host has no interface");
    host.ip(stage, "link add parent type veth peer name cable");
    for name in ["parent", "cable"] {
        host.ip(stage, &format!("link set {name} up"));
    }
    let before = host.interfaces(stage);
    // Two that may talk to each other, and then two that may not.
    for (mode, said) in [("bridge", "ok"), ("private", "errno 0")] {
        let server = asking(stage, on_parent(2, mode), "server", &["network", "serve=8080,1"]);
        let mut server = host.start(stage, &server, &[]);
        ready(&mut server);
        let wait = if said == "ok" { "5000" } else { "0" };
        let seen =
            inside(&host, stage, on_parent(3, mode), &["network", &format!("dial=10.215.0.2:8080,{wait}")]);
        seen.expect(&[("interfaces", "lo:down eth0:up"), ("dial.10.215.0.2:8080", said)]);
        server.kill().expect("kill");
        server.wait().expect("it ends");
    }
    assert_eq!(host.interfaces(stage), before);
}

fn physical(stage: &Stage) {
    let host = Host::new();
    host.ip(stage, "link add card type veth peer name cable");
    host.ip(stage, "address add 10.216.0.1/24 dev cable");
    host.ip(stage, "link set cable up");
    let spec = || interface("kind = 'physical'\nname = 'eth0'\nlink = 'card'\naddress = '10.216.0.2/24'");
    let mut sandbox = host.start(stage, &asking(stage, spec(), "sandbox", &["network", "serve=8080,1"]), &[]);
    ready(&mut sandbox);
    host.ask(stage, &["network", "dial=10.216.0.2:8080,5000"])
        .expect(&[("interfaces", "lo:down cable:up"), ("dial.10.216.0.2:8080", "ok")]);
    let run = wait(sandbox);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    // Only hardware comes back; what is virtual ends with the namespace that it is in.
    host.expect_interfaces(stage, "lo:down");
    refused(&host, stage, spec(), "find card: No such device");
    let lo = interface("kind = 'physical'\nname = 'eth0'\nlink = 'br-demo'");
    host.ip(stage, "link add br-demo type bridge");
    refused(&host, stage, lo, "the kernel does not let this interface leave");
    assert_eq!(host.interfaces(stage), "lo:down br-demo:down");
}

/// doctor looks for the interface and leaves it where it is: the kernel deletes a virtual one that comes back.
fn doctor_takes_nothing(stage: &Stage) {
    let host = Host::new();
    host.ip(stage, "link add card type veth peer name cable");
    let before = host.interfaces(stage);
    let doctor = |link: &str| {
        let keys = format!("kind = 'physical'\nname = 'eth0'\nlink = '{link}'\naddress = '10.216.0.2/24'");
        let spec = interface(&keys).with("process.args = ['/usr/bin/true']\nfilesystem.base = 'usr'");
        let file = stage.directory().join("physical.sandbox.toml");
        std::fs::write(&file, spec.text()).expect("a spec");
        host.run(stage, &stage.ground.compiler, &["doctor", file.to_str().expect("a plain path")])
    };
    let run = doctor("card");
    assert_eq!((run.status, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    sleep(Duration::from_millis(300));
    host.expect_interfaces(stage, &before);
    let run = doctor("missing");
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(run.stdout.contains("`find missing`: No such device"), "{}", run.stdout);
}

/// A neighbour must not add addresses or routes, and without IPv6 addresses there is no IPv6.
fn no_foreign_ipv6(stage: &Stage) {
    let host = Host::new();
    let with_proc = |spec: Spec| spec.with("filesystem.proc = 'own'");
    let settings = "/proc/sys/net/ipv6/conf/eth0";
    let questions = [format!("read={settings}/accept_ra"), format!("read={settings}/disable_ipv6")];
    let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
    let both = inside(&host, stage, with_proc(Spec::demonstration("veth")), &questions);
    assert_eq!(both.get(&format!("content.{settings}/accept_ra")), "0\\n");
    assert_eq!(both.get(&format!("content.{settings}/disable_ipv6")), "0\\n");
    let only = interface("kind = 'veth'\nname = 'eth0'\naddress = '10.0.0.2/24'\npeer = 'veth-demo'");
    let only = inside(&host, stage, with_proc(only), &questions);
    assert_eq!(only.get(&format!("content.{settings}/disable_ipv6")), "1\\n");
    // The host's own defaults stay.
    let host = host.ask(stage, &["read=/proc/sys/net/ipv6/conf/default/disable_ipv6"]);
    assert_eq!(host.get("content./proc/sys/net/ipv6/conf/default/disable_ipv6"), "0\\n");
}

fn refused_by_the_host(stage: &Stage) {
    let host = Host::new();
    let pair = |more: &str| interface(&format!("kind = 'veth'\nname = 'eth0'\npeer = 'veth-demo'\n{more}"));
    refused(&host, stage, pair("bridge = 'br-demo'"), "bring veth-demo up in br-demo: No such device");
    host.expect_interfaces(stage, "lo:down");
    host.ip(stage, "link add no-bridge type veth peer name other");
    refused(&host, stage, pair("bridge = 'no-bridge'"), "Operation not supported; an interface of this name");
    let missing = "filesystem.mounts.'/x' = { bind = '/does/not/exist' }";
    refused(&host, stage, pair("").with(missing), "/does/not/exist: No such file or directory");
    let before = "lo:down other:down no-bridge:down";
    host.expect_interfaces(stage, before);
    host.ip(stage, "link add veth-demo type bridge");
    let taken = "refused.sandbox.toml";
    refused(&host, stage, pair(""), &format!("plain: {taken}:"));
    refused(
        &host,
        stage,
        pair(""),
        "make the pair eth0 and veth-demo: File exists; the host has an interface",
    );
    assert_eq!(host.interfaces(stage), format!("{before} veth-demo:down"));
}

fn killed(stage: &Stage) {
    let host = Host::new();
    let launcher = asking(stage, Spec::demonstration("veth"), "killed", &["serve=8080,1"]);
    let mut sandbox = host.start(stage, &launcher, &[]);
    ready(&mut sandbox);
    assert_eq!(host.interfaces(stage), "lo:down veth-demo:up");
    sandbox.kill().expect("kill");
    sandbox.wait().expect("it ends");
    host.expect_interfaces(stage, "lo:down");
}

/// The kernel still has the pair of the launch before, for a moment.
fn again_at_once(stage: &Stage) {
    let host = Host::new();
    let launcher = asking(stage, Spec::demonstration("veth"), "again", &["identity"]);
    for _ in 0..5 {
        let run = host.run(stage, &launcher, &[]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    }
}

/// Every system call of the launch fails once: the sandbox is whole or there is none, and nothing is left.
/// Whoever is root of a user namespace with a network of its own can make interfaces in it.
fn rootless_container(stage: &Stage) {
    let mapping = "[{ container_id = 65534, host_id = 0, size = 1 }]";
    let spec = Spec::demonstration("veth")
        .with(&format!("[namespaces]\nuser = {{ uid_mappings = {mapping}, gid_mappings = {mapping} }}"))
        .with("filesystem.proc = 'none'");
    let launcher = asking(stage, spec, "rootless", &["network", "route=192.0.2.1"]);
    let launcher = launcher.to_str().expect("a plain path");
    let run = stage.run(Path::new("/usr/bin/unshare"), &["--user", "--map-root-user", "--net", launcher]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers().expect(&[("interfaces", "lo:down eth0:up"), ("route.192.0.2.1", "10.213.0.2")]);
}

fn ordinary_user(stage: &Stage) {
    let spec = Spec::demonstration("veth");
    let run = stage.launch(&spec.asking(&stage.site, &["identity".to_owned()]));
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("enter the new network: Operation not permitted"), "{}", run.stderr);
    assert!(run.stderr.contains("launch as root"), "{}", run.stderr);
}

/// Runs a launcher on this host as root or as an ordinary user, in a mount namespace where everybody may open
/// /dev/net/tun, as is usual, after these changes of it.
fn in_mounts(host: &Host, stage: &Stage, uid: u32, changes: &str, launcher: &Path) -> Child {
    let tun = stage.directory().join("tun").display().to_string();
    let script = format!(
        "set -e; mount --make-rprivate /; mount -t tmpfs none /mnt
         mknod /mnt/tun c 10 200; chmod 666 /mnt/tun; mount --bind /mnt/tun /dev/net/tun
         {changes}
         exec setpriv --reuid {uid} --regid {uid} --clear-groups {}",
        launcher.display()
    );
    std::fs::write(&tun, script).expect("a script");
    host.start(stage, Path::new("/usr/bin/unshare"), &["--mount", "sh", &tun])
}

/// A host with a network, and a service on an address of its own and on its loopback.
fn host_with_services(stage: &Stage) -> (Host, [Child; 2]) {
    let host = Host::new();
    for change in [
        "link add card type veth peer name cable",
        "address add 198.51.100.2/24 dev card",
        "link set card up",
        "link set cable up",
        "link set lo up",
        "route add default via 198.51.100.9 dev card",
        "address add 203.0.113.1/32 dev lo",
    ] {
        host.ip(stage, change);
    }
    let services = [("8081", "2"), ("8082", "9")].map(|(port, count)| {
        let mut service = host.start(stage, &stage.ground.probe, &[&format!("serve={port},{count}")]);
        ready(&mut service);
        service
    });
    (host, services)
}

fn with_pasta() -> Spec {
    Spec::new(PLAIN).with("network = { user_mode = 'pasta', loopback = true }")
}

/// A way out and none in: not to the host's loopback, and not through the gateway.
fn pasta(stage: &Stage) {
    let (host, services) = host_with_services(stage);
    let questions = [
        "network",
        "dial=203.0.113.1:8081,5000",
        "dial=127.0.0.1:8082,0",
        "dial=198.51.100.9:8082,0",
        "serve=8083,0",
    ];
    let launcher = asking(stage, with_pasta(), "pasta", &questions);
    for uid in [0, 65534] {
        let run = wait(in_mounts(&host, stage, uid, "", &launcher));
        // Without a system log pasta says on standard error that it has none.
        assert_eq!(run.status, 0, "uid {uid}: {}{}", run.stdout, run.stderr);
        let inside = run.answers();
        inside.expect(&[("interfaces", "lo:up card:up"), ("dial.203.0.113.1:8081", "ok")]);
        inside.expect(&[("dial.127.0.0.1:8082", "ECONNREFUSED"), ("serve", "ok")]);
        assert_ne!(inside.get("dial.198.51.100.9:8082"), "ok", "the gateway is not the host");
    }
    let alone = asking(stage, Spec::new(PLAIN), "alone", &questions);
    let alone = wait(in_mounts(&host, stage, 65534, "", &alone)).answers();
    alone.expect(&[("interfaces", "lo:down"), ("dial.203.0.113.1:8081", "ENETUNREACH")]);
    // Who kills the launcher ends pasta too.
    let launcher = asking(stage, with_pasta(), "killed", &["serve=8084,1"]);
    for uid in [0, 65534] {
        let mut sandbox = in_mounts(&host, stage, uid, "", &launcher);
        ready(&mut sandbox);
        let pasta = children(sandbox.id());
        assert_eq!(pasta.len(), 2, "the sandbox and pasta");
        sandbox.kill().expect("kill");
        sandbox.wait().expect("it ends");
        let end = Instant::now() + Duration::from_secs(10);
        while pasta.iter().any(|pid| Path::new(&format!("/proc/{pid}/ns")).exists() && is_alive(*pid)) {
            assert!(Instant::now() < end, "pasta lives on");
            sleep(Duration::from_millis(20));
        }
    }
    for mut service in services {
        _ = service.kill();
        _ = service.wait();
    }
}

fn children(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("its children");
    list.split_whitespace().map(|pid| pid.parse().expect("a pid")).collect()
}

fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn pasta_fails(stage: &Stage) {
    let host = Host::new();
    let launcher = asking(stage, with_pasta(), "pasta", &["identity"]);
    let fake = |script: &str| {
        format!(
            "printf '#!/bin/sh\n{script}\n' > /mnt/pasta; chmod 755 /mnt/pasta; mount --bind /mnt/pasta /usr/bin/pasta"
        )
    };
    for uid in [0, 65534] {
        let refused = |changes: &str, words: &str| {
            let run = wait(in_mounts(&host, stage, uid, changes, &launcher));
            assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
            assert!(run.stderr.contains(words), "{}", run.stderr);
        };
        refused(&fake("exit 0"), "pasta: ended with status 0");
        refused(&fake("echo why >&2; exit 3"), "why\nplain: pasta.sandbox.toml:");
        refused("mount --bind /dev/null /usr/bin/pasta", "install the package passt");
        if uid == 0 {
            continue;
        }
        let start = Instant::now();
        refused(&fake("exec sleep 98"), "Timer expired; it was not ready after 10 s");
        assert!(start.elapsed() >= Duration::from_secs(10));
    }
}
