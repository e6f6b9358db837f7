//! A service manager that is told things: a real datagram socket plays systemd, and hears the program and its watchdog.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Answers, Need, Run, Spec, Stage};
use std::fs;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::PathBuf;
use std::time::Duration;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "notify/told", needs: USER_NAMESPACES, run: told },
    Test { name: "notify/told-from-the-hosts-tree", needs: USER_NAMESPACES, run: from_the_hosts_tree },
    Test { name: "notify/told-in-place", needs: &[], run: told_in_place },
    Test { name: "notify/told-by-name", needs: USER_NAMESPACES, run: by_name },
    Test { name: "notify/watched", needs: USER_NAMESPACES, run: watched },
    Test { name: "notify/unset", needs: USER_NAMESPACES, run: unset },
    Test { name: "notify/not-asked-for", needs: USER_NAMESPACES, run: not_asked_for },
    Test { name: "notify/takes-no-datagrams", needs: USER_NAMESPACES, run: takes_no_datagrams },
    Test { name: "notify/out-of-reach", needs: USER_NAMESPACES, run: out_of_reach },
];

const NOTIFY: &str = "process.notify = true";
const INSIDE: &str = "/run/host/notify";

/// The socket of a service manager that anybody may write to.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn new(stage: &Stage) -> Self {
        let path = stage.directory().join("notify");
        _ = fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).expect("a socket");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("for everybody");
        Self { socket, path }
    }

    fn environment(&self) -> String {
        format!("environment=NOTIFY_SOCKET={}", self.path.display())
    }

    #[track_caller]
    fn expect(&self, message: &str) {
        assert_eq!(hear(&self.socket), message);
    }
}

#[track_caller]
fn hear(socket: &UnixDatagram) -> String {
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let mut bytes = [0; 256];
    let length = socket.recv(&mut bytes).expect("a message");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

/// The program tells the manager that it is ready, the way sd_notify(3) does.
fn started(stage: &Stage, conditions: &[&str], spec: Spec) -> Run {
    let questions = ["notify=READY=1", "watched", "environment", "identity"].map(str::to_owned);
    stage.start(conditions, &stage.build(&spec.asking(&stage.site, &questions)))
}

#[track_caller]
fn answers(run: &Run) -> Answers {
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.answers()
}

fn told(stage: &Stage) {
    let landlock = "landlock.scoped = ['abstract_unix_socket', 'signal']";
    let tmpfs = "filesystem.mounts.'/run'.tmpfs = true";
    for more in
        ["", landlock, tmpfs, "landlock.filesystem = 'everything'", "network.address_families = ['AF_UNIX']"]
    {
        let manager = Manager::new(stage);
        let run = started(stage, &[&manager.environment()], Spec::new(PLAIN).with(NOTIFY).with(more));
        answers(&run).expect(&[("notify", "ok"), ("env.NOTIFY_SOCKET", INSIDE)]);
        manager.expect("READY=1");
    }
}

fn from_the_hosts_tree(stage: &Stage) {
    let manager = Manager::new(stage);
    let spec = Spec::new(PLAIN).with("filesystem.root = 'host'").with(NOTIFY);
    let answers = answers(&started(stage, &[&manager.environment()], spec.clone()));
    answers.expect(&[("notify", "ok"), ("env.NOTIFY_SOCKET", &manager.path.display().to_string())]);
    manager.expect("READY=1");
    // What hides it is noticed before the program starts.
    let directory = stage.directory().display().to_string();
    let spec = spec.with(&format!("filesystem.mounts.'{directory}'.tmpfs = true"));
    let run = started(stage, &[&manager.environment()], spec);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("hides the socket that NOTIFY_SOCKET names"), "{}", run.stderr);
}

fn told_in_place(stage: &Stage) {
    let manager = Manager::new(stage);
    let conditions = [&manager.environment(), "environment=WATCHDOG_USEC=3000000", "watchdog_pid"];
    let answers = answers(&started(stage, &conditions, in_place(stage).with(NOTIFY)));
    answers.expect(&[
        ("notify", "ok"),
        ("env.NOTIFY_SOCKET", &manager.path.display().to_string()),
        ("watched", "3000000"),
    ]);
    assert_eq!(answers.get("env.WATCHDOG_PID"), answers.get("pid"));
    manager.expect("READY=1");
}

/// An abstract name is that of a network namespace.
fn by_name(stage: &Stage) {
    let name = format!("boxwright-notify-{}", stage.site.key);
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let socket = UnixDatagram::bind_addr(&address).expect("a socket");
    let environment = format!("environment=NOTIFY_SOCKET=@{name}");
    let host = Spec::new(PLAIN).with("namespaces.network = 'host'").with(NOTIFY);
    let answers = answers(&started(stage, &[&environment], host.clone()));
    answers.expect(&[("notify", "ok"), ("env.NOTIFY_SOCKET", &format!("@{name}"))]);
    assert_eq!(hear(&socket), "READY=1");
    for spec in [Spec::new(PLAIN).with(NOTIFY), host.with("landlock.scoped = ['abstract_unix_socket']")] {
        expect_refused(&started(stage, &[&environment], spec));
    }
}

#[track_caller]
fn expect_refused(run: &Run) {
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("an abstract name is reached only with namespaces.network"),
        "{}",
        run.stderr
    );
}

/// The watchdog is about the process that the program sees as its own.
fn watched(stage: &Stage) {
    let manager = Manager::new(stage);
    let socket = manager.environment();
    let time = "environment=WATCHDOG_USEC=3000000";
    let own = "watchdog_pid";
    let spec = Spec::new(PLAIN).with(NOTIFY);
    for (conditions, watched, pid) in [
        (vec![socket.as_str(), time, own], "3000000", Some("2")),
        (vec![&socket, time], "3000000", None),
        (vec![&socket, time, "environment=WATCHDOG_PID=1"], "no", None),
        (vec![&socket, time, "environment=WATCHDOG_PID="], "no", None),
        (vec![&socket], "no", None),
    ] {
        let answers = answers(&started(stage, &conditions, spec.clone()));
        answers.expect(&[("watched", watched), ("notify", "ok")]);
        assert_eq!(answers.under("env.WATCHDOG_PID").next().map(|(_, pid)| pid), pid, "{conditions:?}");
        manager.expect("READY=1");
    }
    // Beside socket activation.
    let conditions = [&socket, time, own, "listen=1", "listen_pid", "environment=LISTEN_FDS=1"];
    let answers = answers(&started(stage, &conditions, spec.with("process.keep_fds = ['listen']")));
    answers.expect(&[("env.LISTEN_PID", "2"), ("env.WATCHDOG_PID", "2"), ("watched", "3000000")]);
}

fn unset(stage: &Stage) {
    let directory = Spec::new(PLAIN).with(NOTIFY);
    for spec in [directory, Spec::new(PLAIN).with("filesystem.root = 'host'").with(NOTIFY)] {
        let conditions = ["environment=WATCHDOG_USEC=3000000", "watchdog_pid"];
        let answers = answers(&started(stage, &conditions, spec));
        answers.expect(&[("notify", "unset"), ("watched", "no")]);
        assert_eq!(answers.under("env.").filter(|(name, _)| name.contains("NOTIFY")).count(), 0);
    }
}

fn not_asked_for(stage: &Stage) {
    let manager = Manager::new(stage);
    let conditions = [&manager.environment(), "environment=WATCHDOG_USEC=3000000", "watchdog_pid"];
    answers(&started(stage, &conditions, Spec::new(PLAIN))).expect(&[("notify", "unset"), ("watched", "no")]);
}

/// A service manager hears datagrams; a socket that accepts connections is another service's.
fn takes_no_datagrams(stage: &Stage) {
    let path = stage.directory().join("stream");
    let _listener = UnixListener::bind(&path).expect("a socket");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("for everybody");
    let name = format!("boxwright-stream-{}", stage.site.key);
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let _named = UnixListener::bind_addr(&address).expect("a socket");
    let network = "namespaces.network = 'host'";
    let host = Spec::new(PLAIN).with("filesystem.root = 'host'");
    for (socket, spec) in [
        (path.display().to_string(), Spec::new(PLAIN)),
        (path.display().to_string(), host),
        (path.display().to_string(), in_place(stage)),
        (format!("@{name}"), Spec::new(PLAIN).with(network)),
    ] {
        let run = started(stage, &[&format!("environment=NOTIFY_SOCKET={socket}")], spec.with(NOTIFY));
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{socket}: {}", run.stderr);
        assert!(run.stderr.contains("takes no datagrams"), "{socket}: {}", run.stderr);
    }
}

fn out_of_reach(stage: &Stage) {
    let long = format!("/{}", "x".repeat(107));
    for socket in ["", "relative", "vsock:2:1234", &long] {
        let environment = format!("environment=NOTIFY_SOCKET={socket}");
        expect_refused(&started(stage, &[&environment], Spec::new(PLAIN).with(NOTIFY)));
    }
    // What is there and no socket is refused too.
    let run = started(stage, &["environment=NOTIFY_SOCKET=/etc/passwd"], Spec::new(PLAIN).with(NOTIFY));
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    // Who may not write to it is told that first.
    let said = ["is not a socket", "Permission denied"];
    assert!(said.iter().any(|words| run.stderr.contains(words)), "{}", run.stderr);
    // In somebody's tree nothing is made.
    stage.make_rootfs();
    let manager = Manager::new(stage);
    let root = format!("filesystem.root = '{}'", stage.site.rootfs.display());
    let run = started(stage, &[&manager.environment()], Spec::new(PLAIN).with(&root).with(NOTIFY));
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains(INSIDE), "{}", run.stderr);
}
