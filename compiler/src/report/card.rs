//! The card: what is allowed in each area, in one line each. There is no total: a wide grant is no sum of narrow ones.

use super::calls::Calls;
use super::place;
use crate::diagnostic::visible;
use crate::policy::{
    CAPABILITIES, Execution, MountKind, Namespace, OwningUser, Policy, Root, Terminal, User, View,
    landlock::Start,
};
use crate::source::{Source, Span, Spanned};
use serde::Serialize;

/// How much an area allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Nothing, or nothing outside the sandbox.
    Closed,
    /// What the spec names.
    Narrow,
    /// As much as without a sandbox.
    Wide,
}

/// One area.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its name.
    pub area: &'static str,
    /// How much.
    pub grant: Grant,
    /// What.
    pub words: String,
    /// What says so: a line, or nobody.
    pub place: String,
}

type Cell = (&'static str, Grant, String, Span);

pub(super) fn card(source: &Source, policy: &Policy, calls: &Calls) -> Vec<Row> {
    let cells = [
        user(policy),
        capabilities(policy),
        execution(policy),
        seen(policy),
        written(policy),
        kernel(policy),
        namespaces(policy),
        owners(policy),
        network(policy),
        processes(policy),
        terminal(policy),
        environment(policy),
        system_calls(policy, calls),
        landlock(policy),
        limits(policy),
    ];
    let row = |(area, grant, words, span): Cell| Row {
        area,
        grant,
        words: visible(&words).into_owned(),
        place: place(source, span),
    };
    cells.into_iter().map(row).collect()
}

fn user(policy: &Policy) -> Cell {
    let span = policy.process.user.span;
    match &policy.process.user.value {
        User::Caller => ("user", Grant::Narrow, "whoever starts it, and never root".into(), span),
        User::Ids { uid, gid, groups } => {
            let groups = groups.iter().flatten().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let groups = if groups.is_empty() { groups } else { format!(", groups {groups}") };
            ("user", Grant::Closed, format!("uid {uid}, gid {gid}{groups}"), span)
        }
    }
}

fn capabilities(policy: &Policy) -> Cell {
    let Spanned { value: mask, span } = policy.process.capabilities;
    let names = (0..64).filter(|bit| mask >> bit & 1 == 1).filter_map(|bit| CAPABILITIES.get(bit));
    let names: Vec<&str> = names.copied().collect();
    match names.as_slice() {
        [] => ("capabilities", Grant::Closed, "none, and none to be had".into(), span),
        names => ("capabilities", Grant::Narrow, names.join(", "), span),
    }
}

fn execution(policy: &Policy) -> Cell {
    let span = policy.process.exec.span;
    let (grant, words) = match &policy.process.exec.value {
        Execution::Once => (Grant::Closed, "the program, once".to_owned()),
        Execution::Listed(paths) => {
            let paths: Vec<&str> = paths.iter().map(|path| path.value.as_str()).collect();
            (Grant::Narrow, ["the program itself"].into_iter().chain(paths).collect::<Vec<_>>().join(", "))
        }
        Execution::Any => (Grant::Narrow, "what the mounts let it execute".to_owned()),
    };
    ("execution", grant, words, span)
}

fn host_paths(policy: &Policy, writable: bool) -> Vec<String> {
    let mounts = policy.filesystem.mounts.iter();
    let of_host = mounts.filter(|(_, mount)| match &mount.kind {
        MountKind::Bind { writable: it, .. } => *it == writable,
        MountKind::Socket { .. } => writable,
        MountKind::Overlay { .. } => !writable,
        _ => false,
    });
    of_host.map(|(path, _)| path.clone()).collect()
}

fn seen(policy: &Policy) -> Cell {
    let span = policy.filesystem.root.span;
    let (grant, words) = match (&policy.filesystem.root.value, host_paths(policy, false)) {
        (Root::Host, _) => (Grant::Wide, "everything".into()),
        (Root::Empty, paths) if paths.is_empty() => (Grant::Closed, "nothing".into()),
        (Root::Empty, paths) => (Grant::Narrow, paths.join(", ")),
        (Root::Rootfs(root) | Root::Overlay(root), paths) => {
            let all: Vec<String> = [format!("the tree at {root}")].into_iter().chain(paths).collect();
            (Grant::Narrow, all.join(", "))
        }
    };
    ("host files read", grant, words, span)
}

fn written(policy: &Policy) -> Cell {
    let paths = host_paths(policy, true);
    let span = policy.filesystem.mounts.iter().find(|(path, _)| paths.first() == Some(path));
    let span = span.map(|(_, mount)| mount.span).unwrap_or_default();
    let root = policy.filesystem.root.value == Root::Host && policy.namespaces.mount.value == Namespace::Host;
    match paths.as_slice() {
        _ if root => ("host files written", Grant::Wide, "what the user may write to".into(), span),
        [] => ("host files written", Grant::Closed, "none".into(), span),
        paths => ("host files written", Grant::Narrow, paths.join(", "), span),
    }
}

fn kernel(policy: &Policy) -> Cell {
    let mut shown = Vec::new();
    let mut at = Span::default();
    for (path, mount) in &policy.filesystem.mounts {
        let shows = match &mount.kind {
            MountKind::Proc { subset } => {
                Some(if *subset { "processes only" } else { "processes and settings" })
            }
            MountKind::View(View::Devices) => Some("devices"),
            MountKind::View(View::Cgroups { writable: true }) => Some("its cgroup, to divide"),
            MountKind::View(View::Cgroups { .. }) => Some("its cgroup"),
            _ => None,
        };
        if let Some(shows) = shows {
            shown.push(format!("{path} ({shows})"));
            at = mount.span;
        }
    }
    let grant = match &policy.filesystem.root.value {
        Root::Host => Grant::Wide,
        _ if shown.is_empty() => Grant::Closed,
        _ => Grant::Narrow,
    };
    let words = match (grant, shown.is_empty()) {
        (Grant::Wide, true) => "what the host's tree shows".into(),
        (_, true) => "none".into(),
        (_, false) => shown.join(", "),
    };
    ("kernel interfaces", grant, words, at)
}

fn namespaces(policy: &Policy) -> Cell {
    let mut of_others = Vec::new();
    let mut at = Span::default();
    for (name, namespace) in policy.namespaces.all() {
        match &namespace.value {
            Namespace::New => continue,
            Namespace::Host => of_others.push(format!("{name} (the host's)")),
            Namespace::Join(handle) => of_others.push(format!("{name} ({handle})")),
        }
        at = namespace.span;
    }
    match of_others.len() {
        0 => ("shared namespaces", Grant::Closed, "none: all eight are new".into(), at),
        8 => ("shared namespaces", Grant::Wide, of_others.join(", "), at),
        _ => ("shared namespaces", Grant::Narrow, of_others.join(", "), at),
    }
}

/// Who has power over each namespace: the processes with capabilities in the user namespace that owns it.
fn owners(policy: &Policy) -> Cell {
    let owners = policy.namespaces.owners();
    let of = |owner: OwningUser| {
        let owned = owners.iter().filter(|(_, other)| *other == owner);
        let kinds = owned.map(|(kind, _)| *kind).collect::<Vec<_>>().join(", ");
        (!kinds.is_empty()).then(|| format!("{owner} owns {kinds}"))
    };
    let all = [OwningUser::Host, OwningUser::New, OwningUser::Joined, OwningUser::Maker];
    let words = all.into_iter().filter_map(of).collect::<Vec<_>>().join("; ");
    let user = &policy.namespaces.user;
    let grant = if user.value == Namespace::New { Grant::Closed } else { Grant::Narrow };
    ("namespace owners", grant, words, user.span)
}

fn network(policy: &Policy) -> Cell {
    let namespace = &policy.namespaces.network;
    let ports = |ports: &Option<Spanned<Vec<u16>>>, verb: &str| {
        let ports = ports.as_ref()?.value.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let ports = if ports.is_empty() { "nothing".to_owned() } else { format!("TCP ports {ports}") };
        Some(format!("{verb} {ports}"))
    };
    let narrowed: Vec<String> = [ports(&policy.bind_tcp, "binds"), ports(&policy.connect_tcp, "connects to")]
        .into_iter()
        .flatten()
        .collect();
    let inside = || {
        let loopback = policy.loopback.is_some().then(|| "loopback".to_owned());
        let interfaces = policy.interfaces.iter().map(|interface| interface.name.value.clone());
        let pasta = policy.pasta.is_some().then(|| "out by pasta".to_owned());
        loopback.into_iter().chain(interfaces).chain(pasta).collect::<Vec<_>>()
    };
    let open = policy.pasta.is_some() || !policy.interfaces.is_empty();
    let (grant, mut words) = match &namespace.value {
        Namespace::Host if narrowed.is_empty() => (Grant::Wide, vec!["the host's".to_owned()]),
        Namespace::Host => (Grant::Narrow, vec!["the host's".to_owned()]),
        Namespace::Join(handle) => (Grant::Narrow, vec![format!("that of {handle}")]),
        Namespace::New if open => (Grant::Narrow, inside()),
        Namespace::New if policy.loopback.is_some() => (Grant::Closed, inside()),
        Namespace::New => (Grant::Closed, vec!["none".to_owned()]),
    };
    words.extend(narrowed);
    ("network", grant, words.join(", "), namespace.span)
}

fn processes(policy: &Policy) -> Cell {
    let namespace = &policy.namespaces.pid;
    let (grant, words) = match &namespace.value {
        Namespace::New => (Grant::Closed, "its own".to_owned()),
        Namespace::Host => (Grant::Wide, "those of the host".to_owned()),
        Namespace::Join(handle) => (Grant::Narrow, format!("those of {handle}")),
    };
    ("processes", grant, words, namespace.span)
}

fn terminal(policy: &Policy) -> Cell {
    let terminal = &policy.process.terminal;
    match terminal.value {
        Terminal::NewSession => ("terminal", Grant::Closed, "none".into(), terminal.span),
        Terminal::Inherit => {
            ("terminal", Grant::Narrow, "the launcher's, without pushing input into it".into(), terminal.span)
        }
    }
}

fn environment(policy: &Policy) -> Cell {
    let passed: Vec<&str> = policy.process.env_pass.iter().map(|name| name.value.as_str()).collect();
    let fixed = policy.process.env.len();
    let span = policy.process.env_pass.first().map(|name| name.span).unwrap_or_default();
    let own = format!("{fixed} fixed variable{}", if fixed == 1 { "" } else { "s" });
    match passed.as_slice() {
        [] if fixed == 0 => ("environment", Grant::Closed, "empty".into(), span),
        [] => ("environment", Grant::Closed, own, span),
        names => ("environment", Grant::Narrow, format!("{own}; passed on: {}", names.join(", ")), span),
    }
}

fn system_calls(policy: &Policy, calls: &Calls) -> Cell {
    let Some(seccomp) = &policy.seccomp else {
        return ("system calls", Grant::Wide, "all: there is no filter".into(), Span::default());
    };
    let all = &calls.all;
    let words = format!(
        "{} of {}, {} more by arguments; {} beyond Docker's default",
        all.allowed,
        all.calls.len(),
        all.by_arguments,
        all.beyond_docker().len()
    );
    ("system calls", Grant::Narrow, words, seccomp.default_action.span)
}

fn landlock(policy: &Policy) -> Cell {
    let start = &policy.landlock.filesystem;
    let mut walls = Vec::new();
    if policy.restricts_files() {
        walls.push(if start.value == Start::Mounts { "files as the mounts" } else { "files" });
    }
    if policy.bind_tcp.is_some() || policy.connect_tcp.is_some() {
        walls.push("TCP ports");
    }
    if !policy.landlock.scoped.is_empty() {
        walls.push("scopes");
    }
    match walls.as_slice() {
        [] => ("landlock", Grant::Wide, "restricts nothing".into(), start.span),
        walls => ("landlock", Grant::Narrow, format!("a second wall for {}", walls.join(", ")), start.span),
    }
}

fn limits(policy: &Policy) -> Cell {
    let cgroup = policy.cgroup.iter().flat_map(|cgroup| &cgroup.settings);
    let mut names: Vec<String> =
        cgroup.map(|setting| format!("{} {}", setting.file, setting.value)).collect();
    let of_processes: Vec<&str> = policy.rlimits.iter().map(|limit| limit.name).collect();
    if !of_processes.is_empty() {
        names.push(format!("rlimits {}", of_processes.join(", ")));
    }
    let span = policy.cgroup.as_ref().map(|cgroup| cgroup.span);
    let span = span.or(policy.rlimits.first().map(|limit| limit.span)).unwrap_or_default();
    match names.as_slice() {
        [] => ("limits", Grant::Wide, "none".into(), span),
        names => ("limits", Grant::Narrow, names.join(", "), span),
    }
}
