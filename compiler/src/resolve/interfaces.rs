//! `[[network.interfaces]]`: names, kinds and routes; addresses are read in `addresses.rs`.

use super::addresses::{destination, gateway, interface_address};
use super::rules::{DUPLICATE_ENTRY, INVALID_ADDRESS, INVALID_INTERFACE, INVALID_NAME};
use super::{keep, word};
use crate::diagnostic::Diagnostic;
use crate::policy::{Interface, InterfaceKind, MacvlanMode, Route, Subnet};
use crate::source::{Span, Spanned};
use crate::spec::{self, Leaf};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const MODES: [(&str, MacvlanMode); 4] = [
    ("private", MacvlanMode::Private),
    ("bridge", MacvlanMode::Bridge),
    ("vepa", MacvlanMode::Vepa),
    ("passthru", MacvlanMode::Passthru),
];

/// The most bytes of an interface's name (`IFNAMSIZ` in linux/if.h, with its NUL).
const NAME_MAX: usize = 15;

/// A plan numbers them in 16 bits, and each takes room in it.
const INTERFACES_MAX: usize = 64;

pub(super) fn resolve(
    written: &[Spanned<spec::Interface>],
    findings: &mut Vec<Diagnostic>,
) -> Vec<Interface> {
    if let Some(excess) = written.get(INTERFACES_MAX) {
        findings.push(INVALID_INTERFACE.at(excess.span, format!("more than {INTERFACES_MAX} interfaces")));
    }
    let names = written.iter().map(|interface| &interface.value.name);
    findings.extend(twice(names, |name| format!("two interfaces are called `{name}`")));
    let peers = written.iter().filter_map(|interface| interface.value.peer.as_ref());
    findings.extend(twice(peers, |name| format!("two interfaces have the peer `{name}`")));
    written
        .iter()
        .take(INTERFACES_MAX)
        .filter_map(|written| interface(&written.value, written.span, findings))
        .collect()
}

fn twice<'a>(
    names: impl Iterator<Item = &'a Spanned<String>>,
    words: impl Fn(&str) -> String,
) -> Vec<Diagnostic> {
    let mut seen = BTreeMap::new();
    let mut findings = Vec::new();
    for name in names {
        if let Some(first) = seen.insert(&name.value, name.span) {
            findings.push(
                DUPLICATE_ENTRY.at(name.span, words(&name.value)).label("the second").and(first, "the first"),
            );
        }
    }
    findings
}

fn interface(written: &spec::Interface, span: Span, findings: &mut Vec<Diagnostic>) -> Option<Interface> {
    findings.extend(foreign_keys(written));
    for name in [Some(&written.name), written.peer.as_ref(), written.bridge.as_ref(), written.link.as_ref()] {
        findings.extend(name.and_then(|name| checked_name(name).err()));
    }
    let mut addresses = |texts: &[Spanned<String>]| {
        texts.iter().filter_map(|text| keep(interface_address(text), findings)).collect()
    };
    let (own, peer_addresses): (Vec<Spanned<Subnet>>, _) =
        (addresses(&written.address), addresses(&written.peer_address));
    let kind = match written.kind.value.as_str() {
        "veth" => InterfaceKind::Veth {
            peer: needed(&written.peer, "peer", written, span, findings)?,
            peer_addresses,
            bridge: written.bridge.clone(),
        },
        "macvlan" => InterfaceKind::Macvlan {
            link: needed(&written.link, "link", written, span, findings)?,
            mode: word(&written.mode, &MODES, MacvlanMode::Private).value,
        },
        "physical" => {
            InterfaceKind::Physical { link: needed(&written.link, "link", written, span, findings)? }
        }
        // The parser has refused it.
        _ => return None,
    };
    Some(Interface {
        name: written.name.clone(),
        kind,
        addresses: own,
        routes: routes(written, findings),
        mtu: written.mtu.clone(),
        mac: written.mac.as_ref().and_then(|mac| keep(hardware_address(mac), findings)),
    })
}

/// Keys that mean something for other kinds only.
fn foreign_keys(written: &spec::Interface) -> Vec<Diagnostic> {
    let first = |list: &[Spanned<String>]| list.first().map(|item| item.span);
    let span = |leaf: &Leaf<String>| leaf.as_ref().map(|leaf| leaf.span);
    let keys: [(&str, Option<Span>, &[&str]); 7] = [
        ("peer", span(&written.peer), &["veth"]),
        ("peer_address", first(&written.peer_address), &["veth"]),
        ("bridge", span(&written.bridge), &["veth"]),
        ("link", span(&written.link), &["macvlan", "physical"]),
        ("mode", span(&written.mode), &["macvlan"]),
        // What is changed of an interface of the host stays changed when it gets it back.
        ("mtu", written.mtu.as_ref().map(|mtu| mtu.span), &["veth", "macvlan"]),
        ("mac", span(&written.mac), &["veth", "macvlan"]),
    ];
    let kind = written.kind.value.as_str();
    let foreign = keys.into_iter().filter(|(.., kinds)| !kinds.contains(&kind));
    let finding = |(key, span, kinds): (&str, Option<Span>, &[&str])| {
        Some(
            INVALID_INTERFACE
                .at(span?, format!("`{key}` of an interface of kind `{kind}`"))
                .label(format!("belongs to `{}`", kinds.join("` and `")))
                .and(written.kind.span, "the kind"),
        )
    };
    foreign.filter_map(finding).collect()
}

fn needed(
    leaf: &Leaf<String>,
    key: &str,
    written: &spec::Interface,
    span: Span,
    findings: &mut Vec<Diagnostic>,
) -> Leaf<String> {
    if leaf.is_none() {
        let message = format!("missing key `{key}` of an interface of kind `{}`", written.kind.value);
        findings.push(INVALID_INTERFACE.at(span, message).and(written.kind.span, "the kind"));
    }
    leaf.clone()
}

/// What the kernel takes as it is (`dev_valid_name` in net/core/dev.c); `%` would be a pattern for it.
fn checked_name(name: &Spanned<String>) -> Result<(), Diagnostic> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | ':' | '%' | '\0');
    let reason = match name.value.as_str() {
        "" => "is empty".to_owned(),
        "lo" | "." | ".." | "all" | "default" => "is not free".to_owned(),
        text if text.len() > NAME_MAX => {
            format!("has {} bytes; at most {NAME_MAX} are allowed", text.len())
        }
        text => match text.chars().find(|&c| odd(c)) {
            Some(c) => format!("contains `{}`", c.escape_debug()),
            None => return Ok(()),
        },
    };
    Err(INVALID_NAME.at(name.span, format!("the interface's name {reason}")))
}

/// The default routes, then the others.
fn routes(written: &spec::Interface, findings: &mut Vec<Diagnostic>) -> Vec<Spanned<Route>> {
    let everything = |gateway: IpAddr| match gateway {
        IpAddr::V4(_) => Subnet { address: Ipv4Addr::UNSPECIFIED.into(), prefix: 0 },
        IpAddr::V6(_) => Subnet { address: Ipv6Addr::UNSPECIFIED.into(), prefix: 0 },
    };
    let defaults = written.gateway.iter().map(|text| {
        gateway(text)
            .map(|gateway| Spanned::new(Route { destination: everything(gateway), gateway }, text.span))
    });
    let others = written.routes.iter().map(|Spanned { value, span }| {
        let (destination, next) = (destination(&value.destination)?, gateway(&value.gateway)?);
        if destination.address.is_ipv4() != next.is_ipv4() {
            let message = format!("`{next}` is no way to `{destination}`: one is IPv4, the other IPv6");
            return Err(INVALID_ADDRESS.at(value.gateway.span, message));
        }
        Ok(Spanned::new(Route { destination, gateway: next }, *span))
    });
    defaults.chain(others).filter_map(|route| keep(route, findings)).collect()
}

fn hardware_address(text: &Spanned<String>) -> Result<[u8; 6], Diagnostic> {
    let invalid = |reason: &str| {
        INVALID_ADDRESS
            .at(text.span, format!("`{}` {reason}", text.value.escape_debug()))
            .label("expected an address such as \"02:00:00:00:00:01\"")
    };
    let digits = |part: &str| (part.len() == 2).then(|| u8::from_str_radix(part, 16).ok()).flatten();
    let bytes: Option<Vec<u8>> = text.value.split(':').map(digits).collect();
    let address: [u8; 6] =
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| invalid("is no hardware address"))?;
    match address {
        [0, 0, 0, 0, 0, 0] => Err(invalid("is nobody's hardware address")),
        [first, ..] if first & 1 == 1 => Err(invalid("is the hardware address of a group")),
        address => Ok(address),
    }
}
