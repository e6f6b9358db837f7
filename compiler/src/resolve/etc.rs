//! `filesystem.etc`: what programs look for in /etc, made for the program's ids or bound from the host.

use super::filesystem::bind;
use super::mounts::Tree;
use super::rules::DUPLICATE_ENTRY;
use crate::diagnostic::Diagnostic;
use crate::policy::{MountKind, TextPart, User};
use crate::source::{Span, Spanned};
use std::collections::BTreeMap;

const KEY: &str = "filesystem.etc";

/// Certificates as Debian, Fedora and Arch keep them; no directory with private keys. What they link to in /usr comes with
/// `base`.
const TLS: [&str; 5] = [
    "/etc/ca-certificates/extracted",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
];
const TIME: [&str; 2] = ["/etc/localtime", "/etc/timezone"];
const DNS: [&str; 3] = ["/etc/hosts", "/etc/resolv.conf", "/etc/services"];

/// Where the C library looks things up (nsswitch.conf(5)).
const NSSWITCH: &str = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n";

/// The id that programs know as nobody's.
const NOBODY: u32 = 65534;

pub(super) fn expand(tree: &mut Tree, sets: &[Spanned<String>], user: &User, findings: &mut Vec<Diagnostic>) {
    let mut seen = BTreeMap::new();
    for set in sets {
        if let Some(first) = seen.insert(set.value.as_str(), set.span) {
            let finding = DUPLICATE_ENTRY.at(set.span, format!("`{}` is named twice", set.value));
            findings.push(finding.label("the second").and(first, "the first"));
        }
    }
    for (set, span) in &seen {
        match *set {
            "users" => {
                make(tree, "/etc/passwd", passwd(user), *span);
                make(tree, "/etc/group", group(user), *span);
            }
            "tls" => bind_all(tree, &TLS, *span),
            "time" => bind_all(tree, &TIME, *span),
            "dns" => bind_all(tree, &DNS, *span),
            _ => {}
        }
    }
    if let Some(span) = seen.get("users").or(seen.get("dns")) {
        make(tree, "/etc/nsswitch.conf", vec![TextPart::Literal(NSSWITCH.into())], *span);
    }
}

fn bind_all(tree: &mut Tree, paths: &[&str], span: Span) {
    for path in paths {
        tree.give(path, bind(path, false, true), span, KEY);
    }
}

fn make(tree: &mut Tree, path: &str, content: Vec<TextPart>, span: Span) {
    tree.give(path, MountKind::Text { content, mode: 0o444 }, span, KEY);
}

/// The program's line comes first: whoever looks an id up finds it before the others (passwd(5)).
fn passwd(user: &User) -> Vec<TextPart> {
    let others = |uid: Option<u32>| {
        let lines = [
            (0, "root:x:0:0:root:/:/usr/sbin/nologin\n"),
            (NOBODY, "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"),
        ];
        let missing = lines.iter().filter(|(id, _)| uid != Some(*id));
        missing.map(|(_, line)| *line).collect::<String>()
    };
    match *user {
        User::Caller => vec![
            TextPart::Literal("user:x:".into()),
            TextPart::CallerUid,
            TextPart::Literal(":".into()),
            TextPart::CallerGid,
            TextPart::Literal(format!("::/:/bin/sh\n{}", others(None))),
        ],
        User::Ids { uid, gid, .. } => {
            let line = format!("{}:x:{uid}:{gid}::/:/bin/sh\n", name(uid, "nobody"));
            vec![TextPart::Literal(line + &others(Some(uid)))]
        }
    }
}

fn group(user: &User) -> Vec<TextPart> {
    let (own, mut ids, supplementary) = match user {
        User::Caller => (None, vec![0, NOBODY], &[][..]),
        User::Ids { gid, groups, .. } => {
            let groups = groups.as_deref().unwrap_or_default();
            (Some(*gid), [&[*gid], groups, &[0, NOBODY]].concat(), groups)
        }
    };
    let mut seen = Vec::new();
    ids.retain(|id| {
        !seen.contains(id) && {
            seen.push(*id);
            true
        }
    });
    let line = |id: &u32| {
        let name = match *id {
            id if Some(id) != own && !matches!(id, 0 | NOBODY) => format!("group{id}"),
            id => name(id, "nogroup").to_owned(),
        };
        let member = match user {
            User::Ids { uid, .. } if supplementary.contains(id) => self::name(*uid, "nobody"),
            _ => "",
        };
        format!("{name}:x:{id}:{member}\n")
    };
    let lines = TextPart::Literal(ids.iter().map(line).collect());
    match own {
        Some(_) => vec![lines],
        None => {
            let [start, end] = ["user:x:", ":\n"].map(|text| TextPart::Literal(text.into()));
            vec![start, TextPart::CallerGid, end, lines]
        }
    }
}

/// The name of the program's user or group.
fn name(id: u32, of_nobody: &'static str) -> &'static str {
    match id {
        0 => "root",
        NOBODY => of_nobody,
        _ => "user",
    }
}
