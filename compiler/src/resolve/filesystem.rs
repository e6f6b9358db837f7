//! `[filesystem]`: the root, and the short forms expanded into entries of the tree.

use super::mounts::{Tree, idmap};
use super::rules::INVALID_PATH;
use super::{etc, keep, paths};
use crate::diagnostic::Diagnostic;
use crate::policy::{Filesystem, HostPath, MountKind, Ownership, PathPart, Propagation, Root, User, View};
use crate::source::{Span, Spanned};
use crate::spec::{self, Leaf, Spec};
use std::collections::BTreeSet;

const DEVICE_LINKS: [(&str, &str); 5] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/ptmx", "pts/ptmx"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
];

/// Where the merged-/usr layout has the directories that used to be at the top.
const USR_LINKS: [(&str, &str); 4] =
    [("/bin", "usr/bin"), ("/lib", "usr/lib"), ("/lib64", "usr/lib64"), ("/sbin", "usr/sbin")];

/// What the dynamic linker and the alternatives system keep outside /usr; not every distribution has them.
const USR_COMPANIONS: [&str; 2] = ["/etc/alternatives", "/etc/ld.so.cache"];

pub(super) fn resolve(
    filesystem: &spec::Filesystem,
    user: &User,
    notify: Option<Span>,
    terminal: Option<Span>,
    own_mounts: bool,
    findings: &mut Vec<Diagnostic>,
) -> Filesystem {
    let root = root(&filesystem.root, findings);
    let root_idmap = match filesystem.root.as_ref().map(|root| &root.value) {
        Some(spec::Root::Rootfs { idmap: owners, .. }) => idmap(owners, findings),
        _ => None,
    };
    let mut tree = Tree::default();
    if let Some(base) = says(&filesystem.base, "usr") {
        expand_base(&mut tree, base);
    }
    etc::expand(&mut tree, &filesystem.etc, user, findings);
    match filesystem.proc.as_ref().map(|proc| (proc.value.as_str(), proc.span)) {
        Some(("own", span)) => tree.give("/proc", MountKind::Proc { subset: false }, span, "filesystem.proc"),
        Some(("subset", span)) => {
            tree.give("/proc", MountKind::Proc { subset: true }, span, "filesystem.proc")
        }
        _ => {}
    }
    if let Some(dev) = says(&filesystem.dev, "minimal") {
        expand_dev(&mut tree, dev, "filesystem.dev", &BTreeSet::new());
    }
    let asked = asked(filesystem);
    // The host's has the terminals of others, and its disks. Who wants that one says so.
    let closed =
        root.value == Root::Host && own_mounts && filesystem.dev.is_none() && !asked.contains("/dev");
    if closed {
        expand_dev(&mut tree, root.span, "filesystem.root", &asked);
    }
    // ttyname(3) looks for the terminal in /dev, and the sandbox's own /dev/pts does not have it.
    if let Some(terminal) = terminal.filter(|_| closed || says(&filesystem.dev, "minimal").is_some()) {
        let source = HostPath::new(vec![PathPart::Terminal]);
        let device = MountKind::Device { source, number: None, optional: true };
        tree.give(Filesystem::TERMINAL, device, terminal, "process.terminal");
    }
    if let Some(sys) = says(&filesystem.sys, "read_only") {
        tree.give("/sys", MountKind::View(View::Devices), sys, "filesystem.sys");
    }
    for (paths, writable, key) in [
        (&filesystem.read_only, false, "filesystem.read_only"),
        (&filesystem.read_write, true, "filesystem.read_write"),
    ] {
        for path in paths {
            if let Some(path) = keep(paths::destination(path), findings) {
                let kind = bind(&path.value, writable, false);
                tree.give(&path.value, kind, path.span, key);
            }
        }
    }
    if let Some(notify) = notify.filter(|_| root.value != Root::Host) {
        let source = HostPath::new(vec![PathPart::NotifySocket]);
        tree.give(
            Filesystem::NOTIFY_SOCKET,
            MountKind::Socket { source, optional: true },
            notify,
            "process.notify",
        );
    }
    tree.mounts(&filesystem.mounts, findings);
    Filesystem { root, root_idmap, mounts: tree.finish(&filesystem.taken, findings) }
}

fn root(leaf: &Leaf<spec::Root>, findings: &mut Vec<Diagnostic>) -> Spanned<Root> {
    let Some(root) = leaf else { return Spanned::new(Root::Empty, Spec::NOWHERE) };
    let meant = match &root.value {
        spec::Root::Word(word) if word == "empty" => Some(Root::Empty),
        spec::Root::Word(word) if word == "host" => Some(Root::Host),
        spec::Root::Word(path) => {
            let path = rootfs(&Spanned::new(path.clone(), root.span)).map_err(|finding| {
                match path.starts_with('/') {
                    true => finding,
                    false => finding.help(
                        "expected \"empty\", \"host\" or the absolute path of an unpacked root file system",
                    ),
                }
            });
            keep(path, findings).map(Root::Rootfs)
        }
        spec::Root::Rootfs { path, overlay, .. } => {
            let kind = if overlay.is_some() { Root::Overlay } else { Root::Rootfs };
            keep(rootfs(path), findings).map(kind)
        }
    };
    Spanned::new(meant.unwrap_or(Root::Empty), root.span)
}

fn rootfs(path: &Spanned<String>) -> Result<String, Diagnostic> {
    if path.value == "/" {
        return Err(INVALID_PATH
            .at(path.span, "`/` is not a root file system unpacked somewhere")
            .label("expected a path beneath it")
            .help("write `root = \"host\"` for the launcher's own tree, read-only"));
    }
    paths::absolute(path).map(|path| path.value)
}

/// The place of a word, if it is the one.
fn says(leaf: &Leaf<String>, word: &str) -> Option<Span> {
    leaf.as_ref().filter(|leaf| leaf.value == word).map(|leaf| leaf.span)
}

fn expand_base(tree: &mut Tree, span: Span) {
    let key = "filesystem.base";
    tree.give("/usr", bind("/usr", false, false), span, key);
    for path in USR_COMPANIONS {
        tree.give(path, bind(path, false, true), span, key);
    }
    for (link, target) in USR_LINKS {
        tree.give(link, MountKind::Symlink { target: target.into() }, span, key);
    }
}

/// Where the spec itself says what stands.
fn asked(filesystem: &spec::Filesystem) -> BTreeSet<&str> {
    let mounts = filesystem.mounts.iter().filter(|(_, mount)| !matches!(mount, spec::Mount::Removed));
    let mounts = mounts.map(|(path, _)| path.value.as_str());
    let binds = filesystem.read_only.iter().chain(&filesystem.read_write);
    mounts.chain(binds.map(|path| path.value.as_str())).collect()
}

/// A small /dev, but for what is asked for otherwise.
fn expand_dev(tree: &mut Tree, span: Span, key: &'static str, but: &BTreeSet<&str>) {
    let mut give = |path: &str, kind| {
        if !but.contains(path) {
            tree.give(path, kind, span, key);
        }
    };
    give("/dev", MountKind::Directory { mode: 0o755, owner: Ownership::Builder });
    for (path, number) in Filesystem::MINIMAL_DEVICES {
        let device = MountKind::Device { source: path.into(), number: Some(number), optional: false };
        give(path, device);
    }
    for (link, target) in DEVICE_LINKS {
        give(link, MountKind::Symlink { target: target.into() });
    }
    give("/dev/pts", MountKind::Terminals);
    let shm = MountKind::Tmpfs { size: None, mode: 0o1777, owner: Ownership::PROGRAM, executable: false };
    give("/dev/shm", shm);
}

/// The same path inside; writable means not executable.
pub(super) fn bind(path: &str, writable: bool, optional: bool) -> MountKind {
    MountKind::Bind {
        source: path.into(),
        writable,
        executable: !writable,
        optional,
        propagation: Propagation::Private,
        idmap: None,
    }
}
