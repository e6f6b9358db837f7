//! Messages to the kernel's network in words: what each attribute is, and which words the launch fills in.

use boxwright_launcher::plan::operation::Netlink;
use boxwright_launcher::plan::{Plan, Section};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// How an attribute's payload is to be read.
#[derive(Clone, Copy)]
enum Shape {
    Number,
    Text,
    Address,
    Hardware,
    /// Attributes behind so many bytes of a header.
    Nest(usize, Names),
}

/// The attributes of one kind of message: number, name, shape.
type Names = &'static [(u16, &'static str, Shape)];

const LINK: Names = &[
    (1, "mac", Shape::Hardware),
    (3, "name", Shape::Text),
    (4, "mtu", Shape::Number),
    (5, "link", Shape::Number),
    (10, "bridge", Shape::Number),
    (18, "of", Shape::Nest(0, INFORMATION)),
    (28, "namespace", Shape::Number),
    (37, "link_namespace", Shape::Number),
    (49, "new_index", Shape::Number),
];
const INFORMATION: Names = &[(1, "kind", Shape::Text), (2, "with", Shape::Nest(0, DATA))];
/// The first attribute of a pair is its other end, that of a macvlan a number.
const DATA: Names = &[(1, "peer", Shape::Nest(16, END)), (1, "mode", Shape::Number)];
const END: Names = &[(3, "name", Shape::Text), (4, "mtu", Shape::Number), (28, "namespace", Shape::Number)];
const ADDRESS: Names = &[
    (1, "address", Shape::Address),
    (2, "local", Shape::Address),
    (4, "broadcast", Shape::Address),
    (8, "flags", Shape::Number),
];
const ROUTE: Names =
    &[(1, "destination", Shape::Address), (4, "index", Shape::Number), (5, "gateway", Shape::Address)];
const NAMESPACE: Names = &[(1, "number", Shape::Number), (3, "namespace", Shape::Number)];

impl Shape {
    fn fits(self, length: usize) -> bool {
        match self {
            Self::Number => length == 4,
            Self::Nest(header, _) => length >= header,
            Self::Text | Self::Address | Self::Hardware => true,
        }
    }
}

/// A message, its offsets those that patches name.
struct Message<'m> {
    bytes: &'m [u8],
    netlink: &'m Netlink,
}

/// The message that an operation sends.
pub fn message(plan: &Plan, netlink: &Netlink) -> String {
    let blobs = plan.section(Section::Blobs).get(netlink.blob as usize..).unwrap_or_default();
    let message = Message { bytes: blobs.get(..netlink.length.into()).unwrap_or_default(), netlink };
    let kind = message.word(4) & 0xffff;
    let (name, header, names) = match kind {
        16 => ("RTM_NEWLINK", 16, LINK),
        18 => ("RTM_GETLINK", 16, LINK),
        19 => ("RTM_SETLINK", 16, LINK),
        20 => ("RTM_NEWADDR", 8, ADDRESS),
        24 => ("RTM_NEWROUTE", 12, ROUTE),
        88 => ("RTM_NEWNSID", 4, NAMESPACE),
        _ => return format!("netlink(${}, message {kind})", netlink.socket),
    };
    let mut words = vec![name.to_owned()];
    if matches!(kind, 16 | 19 | 20) {
        words.push(format!("index={}", message.number(20)));
    }
    match kind {
        19 if message.word(24) & 1 == 1 => words.push("up".into()),
        20 | 24 => words.push(format!("prefix={}", message.bytes.get(17).unwrap_or(&0))),
        _ => {}
    }
    words.extend(message.attributes(16 + header..message.bytes.len(), names));
    let kept = netlink.keeps().map_or(String::new(), |slot| format!(" = ${slot}"));
    format!("netlink(${}, {{{}}}){kept}", netlink.socket, words.join(" "))
}

impl Message<'_> {
    fn word(&self, at: usize) -> u32 {
        let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// A word as it stands in the message, or the slot that it comes from.
    fn number(&self, at: usize) -> String {
        let patch = self.netlink.patches.iter().find(|patch| patch.at != 0 && usize::from(patch.at) == at);
        patch.map_or_else(|| self.word(at).to_string(), |patch| format!("${}", patch.slot))
    }

    fn attributes(&self, range: Range<usize>, names: Names) -> Vec<String> {
        let (mut words, mut at) = (Vec::new(), range.start);
        while at + 4 <= range.end {
            let (length, kind) = ((self.word(at) & 0xffff) as usize, (self.word(at) >> 16) as u16);
            let end = at + length;
            if length < 4 || end > range.end {
                break;
            }
            words.push(
                match names.iter().find(|(number, _, shape)| *number == kind && shape.fits(length - 4)) {
                    Some((_, name, shape)) => format!("{name}={}", self.payload(at + 4..end, *shape)),
                    None => format!("{kind}={}", self.number(at + 4)),
                },
            );
            at = end.next_multiple_of(4);
        }
        words
    }

    fn payload(&self, range: Range<usize>, shape: Shape) -> String {
        let bytes = self.bytes.get(range.clone()).unwrap_or_default();
        match shape {
            Shape::Nest(header, names) => {
                format!("{{{}}}", self.attributes(range.start + header..range.end, names).join(" "))
            }
            Shape::Number => self.number(range.start),
            Shape::Text => {
                String::from_utf8_lossy(bytes.strip_suffix(&[0]).unwrap_or(bytes)).escape_debug().to_string()
            }
            Shape::Address => match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
                (Ok(octets), _) => Ipv4Addr::from(octets).to_string(),
                (_, Ok(octets)) => Ipv6Addr::from(octets).to_string(),
                _ => "?".into(),
            },
            Shape::Hardware => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
        }
    }
}
