//! Lists of ports and scopes from inside, and every way around them.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Answers, Need, Spec, Stage};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

const NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "landlock/ports", needs: NAMESPACES, run: ports },
    Test { name: "landlock/landlock-41-fast-open", needs: NAMESPACES, run: fast_open },
    Test { name: "landlock/landlock-54-mptcp", needs: NAMESPACES, run: mptcp },
    Test { name: "landlock/landlock-10-udp", needs: NAMESPACES, run: udp },
    Test { name: "landlock/cve-2020-15257-abstract-sockets", needs: &[], run: abstract_sockets },
    Test { name: "landlock/scoped-signals", needs: &[], run: scoped_signals },
];

/// A sandbox with its own loopback and a server on two ports, and what is asked of it.
fn talk(stage: &Stage, text: &str, asked: &[&str]) -> Answers {
    let spec = Spec::new(PLAIN)
        .with("network.loopback = true\nseccomp.allow = ['@system-service', 'io_uring_setup']")
        .with(text);
    stage.ask(spec, &[&["port=serve,4041", "port=serve,4042"], asked].concat())
}

fn ports(stage: &Stage) {
    let asked = ["port=connect,4041", "port=connect,4042", "port=unix,0", "port=io_uring,0"];
    talk(stage, "", &asked).expect(&[("connect.4041", "ok"), ("connect.4042", "ok"), ("unix.0", "ok")]);
    talk(stage, "network.connect_tcp = [4041]", &asked).expect(&[
        ("connect.4041", "ok"),
        ("connect.4042", "EACCES"),
        ("unix.0", "ok"),
        ("io_uring.0", "ENOSYS"),
    ]);
    talk(stage, "network.bind_tcp = [4042]", &["port=bind,4043", "port=connect,4042"]).expect(&[
        ("serve.4041", "EACCES"),
        ("serve.4042", "ok"),
        ("bind.4043", "EACCES"),
        ("connect.4042", "ok"),
    ]);
    talk(stage, "network = { bind_tcp = [], connect_tcp = [] }", &["port=connect,4041"])
        .expect(&[("serve.4041", "EACCES"), ("connect.4041", "EACCES")]);
}

/// Threats 45: a connection that the first send makes.
fn fast_open(stage: &Stage) {
    let asked = ["port=fast_open,4042", "port=fast_open_message,4042", "port=fast_open_messages,4042"];
    let keys = ["fast_open.4042", "fast_open_message.4042", "fast_open_messages.4042"];
    let control = talk(stage, "", &asked);
    keys.iter().for_each(|key| assert_eq!(control.get(key), "ok", "{key} without a list"));
    let answers = talk(stage, "network.connect_tcp = [4041]", &asked);
    keys.iter().for_each(|key| assert_eq!(answers.get(key), "EOPNOTSUPP", "{key}"));
}

/// Threats 45: another protocol that is TCP to those it talks to.
fn mptcp(stage: &Stage) {
    let asked = ["port=mptcp_connect,4042", "port=mptcp_bind,4043"];
    let control = talk(stage, "", &asked);
    // A kernel without it answers as the filter does.
    let answer = control.get("mptcp_connect.4042");
    assert!(["ok", "EPROTONOSUPPORT"].contains(&answer), "{answer}");
    for text in ["network.connect_tcp = [4041]", "network.bind_tcp = [4041, 4042]"] {
        talk(stage, text, &asked)
            .expect(&[("mptcp_connect.4042", "EPROTONOSUPPORT"), ("mptcp_bind.4043", "EPROTONOSUPPORT")]);
    }
}

/// Threats 45: what a list of TCP ports does not speak of.
fn udp(stage: &Stage) {
    let asked =
        ["port=udp_send,4042", "port=udp_bind,4043", "port=raw,0", "port=packet,0", "port=listen_unbound,0"];
    talk(stage, "", &asked).expect(&[
        ("udp_send.4042", "ok"),
        ("udp_bind.4043", "ok"),
        ("listen_unbound.0", "ok"),
    ]);
    for text in ["network.connect_tcp = [4041]", "network.bind_tcp = [4041, 4042]"] {
        talk(stage, text, &asked).expect(&[
            ("udp_send.4042", "EPROTONOSUPPORT"),
            ("udp_bind.4043", "EPROTONOSUPPORT"),
            ("raw.0", "EPROTONOSUPPORT"),
            ("packet.0", "EAFNOSUPPORT"),
            // The gap that `check` speaks of.
            ("listen_unbound.0", "ok"),
        ]);
    }
}

/// Threats 43: an abstract socket of the host, which no mount and no file mode protects.
fn abstract_sockets(stage: &Stage) {
    let name = format!("boxwright-{}", stage.site.key);
    let listener = SocketAddr::from_abstract_name(&name);
    let listener = UnixListener::bind_addr(&listener.expect("a name")).expect("a socket");
    let spec = in_place(stage).with("seccomp.default_action = 'allow'");
    let asked = [format!("abstract=connect,{name}"), format!("abstract=listen,{name}-own")];
    let control = stage.launch(&spec.clone().asking(&stage.site, &asked));
    control.answers().expect(&[("abstract.connect", "ok"), ("abstract.listen", "ok")]);
    let scoped = spec.with("landlock.scoped = ['abstract_unix_socket']");
    let run = stage.launch(&scoped.asking(&stage.site, &asked));
    run.answers().expect(&[("abstract.connect", "EPERM"), ("abstract.listen", "ok")]);
    drop(listener);
}

/// Threats 47: a signal to a process outside, by itself and through a descriptor that is told to send it.
fn scoped_signals(stage: &Stage) {
    let mut other = stage.spawn(&stage.ground.probe, &["sleep=60000"]);
    crate::life::ready(&mut other);
    let asked = [format!("signal={}", other.id())];
    let spec = in_place(stage).with("process.user = 'caller'");
    let spec = if stage.person.uid() == 0 { in_place(stage) } else { spec };
    let control = stage.launch(&spec.clone().asking(&stage.site, &asked)).answers();
    // Who launches as root is another user inside, and may not signal it either way.
    let may = if stage.person.uid() == 0 { "EPERM" } else { "ok" };
    control.expect(&[("signal.kill", may)]);
    let ways = ["F_SETOWN", "F_SETSIG", "F_SETOWN_EX", "FIOSETOWN", "SIOCSPGRP"];
    ways.iter().for_each(|way| assert_eq!(control.get(&format!("signal.{way}")), "ok", "{way}"));
    let scoped = spec.clone().with("landlock.scoped = ['signal']");
    let answers = stage.launch(&scoped.asking(&stage.site, &asked)).answers();
    answers.expect(&[("signal.kill", "EPERM")]);
    ways.iter().for_each(|way| assert_eq!(answers.get(&format!("signal.{way}")), "EPERM", "{way}"));
    other.kill().expect("kill");
    crate::harness::wait(other);
}
