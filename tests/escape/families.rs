//! Families of sockets, each a part of the kernel that nobody asked for: whether one can be had at all.

use crate::attempt::{Attempt, Probe, call, reaches};
use crate::sys::{from, nr};

const STREAM: u64 = 1;
const DATAGRAM: u64 = 2;
const RAW: u64 = 3;
const SEQUENCE: u64 = 5;

pub const PROBES: &[Probe] = &[
    ("netlink-routes", |_| socket(16, RAW, 0)),
    ("netlink-generic", |_| socket(16, RAW, 16)),
    ("netlink-filters", |_| socket(16, RAW, 12)),
    ("netlink-connections", |_| socket(16, RAW, 11)),
    ("netlink-transformations", |_| socket(16, RAW, 6)),
    ("algorithms", |_| socket(38, SEQUENCE, 0)),
    ("algorithm-bound", |_| {
        let socket = call(nr::SOCKET, [38, SEQUENCE, 0])?;
        let mut address = [0_u8; 88];
        address[..2].copy_from_slice(&38_u16.to_ne_bytes());
        address[2..6].copy_from_slice(b"hash");
        address[24..30].copy_from_slice(b"sha256");
        call(nr::BIND, [socket, from(&address), 88]).map(drop)
    }),
    ("virtual-machine", |_| socket(40, STREAM, 0)),
    ("virtual-machine-host", |_| {
        // To the hypervisor, which refuses: but the word has reached it.
        let socket = call(nr::SOCKET, [40, STREAM | 0o4000, 0])?;
        let address = [40_u32, 1, 2, 0];
        reaches(call(nr::CONNECT, [socket, from(&address), 16]), &[104, 110, 111, 115])
    }),
    ("express-data-path", |_| socket(44, RAW, 0)),
    ("internet", |_| socket(2, STREAM, 0)),
    ("internet-6", |_| socket(10, STREAM, 0)),
    ("internet-datagrams", |_| socket(2, DATAGRAM, 0)),
    ("internet-multipath", |_| socket(2, STREAM, 262)),
    ("internet-lite-datagrams", |_| socket(2, DATAGRAM, 136)),
    ("keys", |_| socket(15, RAW, 2)),
    ("internet-streams-of-messages", |_| socket(2, STREAM, 132)),
    ("tunnels-of-level-2", |_| socket(24, STREAM, 0)),
    ("can", |_| socket(29, RAW, 1)),
    ("bluetooth", |_| socket(31, RAW, 1)),
    ("kernel-multiplexer", |_| socket(41, DATAGRAM, 0)),
    ("transparent-ipc", |_| socket(30, DATAGRAM, 0)),
    ("reliable-datagrams", |_| socket(21, SEQUENCE, 0)),
    ("shared-memory-communication", |_| socket(43, STREAM, 0)),
    ("management-component", |_| socket(45, DATAGRAM, 0)),
    ("near-field", |_| socket(39, SEQUENCE, 0)),
    ("x25", |_| socket(9, SEQUENCE, 0)),
    ("appletalk", |_| socket(5, DATAGRAM, 0)),
    ("phones", |_| socket(35, DATAGRAM, 0)),
    ("sensors", |_| socket(36, DATAGRAM, 0)),
    ("routers-between-processors", |_| socket(42, DATAGRAM, 0)),
    ("llc", |_| socket(26, DATAGRAM, 0)),
    ("amateur-radio", |_| socket(3, DATAGRAM, 0)),
];

fn socket(family: u64, kind: u64, protocol: u64) -> Attempt {
    call(nr::SOCKET, [family, kind, protocol]).map(drop)
}
