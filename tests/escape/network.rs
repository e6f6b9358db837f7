//! Networks: services of the host by every protocol, listening for others, and changing what interfaces there are.

use crate::attempt::{Attempt, Probe, apart, call, expect, give_up_after, read};
use crate::sys::{from, into, nr};
use crate::world::World;
use std::io::Read as _;
use std::net::{TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::time::Duration;

const UNIX: u64 = 1;
const INET: u64 = 2;
const NETLINK: u64 = 16;
const PACKET: u64 = 17;
const STREAM: u64 = 1;
const DATAGRAM: u64 = 2;
const RAW: u64 = 3;
const MSG_FASTOPEN: u64 = 0x2000_0000;
const MPTCP: u64 = 262;
const SOON: Duration = Duration::from_millis(300);

pub const PROBES: &[Probe] = &[
    ("tcp", |world| {
        let address = ([127, 0, 0, 1], port(world)?).into();
        let mut stream = TcpStream::connect_timeout(&address, SOON)?;
        stream.set_read_timeout(Some(SOON))?;
        let mut bytes = [0; 64];
        let count = stream.read(&mut bytes)?;
        world.told(&bytes[..count])
    }),
    ("udp", |world| {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(SOON))?;
        socket.send_to(b"?", ("127.0.0.1", port(world)?))?;
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes)?;
        world.told(&bytes[..count])
    }),
    ("tcp-by-fast-open", |world| {
        let (socket, to) = (call(nr::SOCKET, [INET, STREAM, 0])?, internet(world)?);
        give_up_after(socket, SOON);
        call(nr::SENDTO, [socket, from("?"), 1, MSG_FASTOPEN, from(&to), 16])?;
        world.told(&read(socket)?)
    }),
    ("tcp-by-multipath", |world| {
        let (socket, to) = (call(nr::SOCKET, [INET, STREAM, MPTCP])?, internet(world)?);
        give_up_after(socket, SOON);
        call(nr::CONNECT, [socket, from(&to), 16])?;
        world.told(&read(socket)?)
    }),
    ("tcp-with-high-bits", |world| {
        let (socket, to) = (call(nr::SOCKET, [INET | 1 << 32, STREAM | 1 << 40, 0])?, internet(world)?);
        give_up_after(socket, SOON);
        call(nr::CONNECT, [socket, from(&to), 16])?;
        world.told(&read(socket)?)
    }),
    ("echo-request", |_| {
        // To the loopback interface, whose answers are the kernel's own; a raw socket may not be had without privileges.
        let socket = call(nr::SOCKET, [INET, RAW, 1])?;
        give_up_after(socket, SOON);
        let request = [8_u8, 0, 0xf7, 0xff, 0, 0, 0, 0];
        let to = address([127, 0, 0, 1], 0);
        call(nr::SENDTO, [socket, from(&request), 8, 0, from(&to), 16]).map(drop)
    }),
    ("abstract-socket", |world| {
        let address = SocketAddr::from_abstract_name(world.get("abstract")?)?;
        world.told(&hear(UnixStream::connect_addr(&address)?)?)
    }),
    ("abstract-datagrams", |world| {
        let name = format!("{}-datagram", world.get("abstract")?);
        let own = SocketAddr::from_abstract_name(format!("{name}-{}", crate::attempt::own_pid()))?;
        let socket = UnixDatagram::bind_addr(&own)?;
        socket.set_read_timeout(Some(SOON))?;
        socket.send_to_addr(b"?", &SocketAddr::from_abstract_name(name)?)?;
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes)?;
        world.told(&bytes[..count])
    }),
    ("socket-by-its-path", |world| world.told(&hear(UnixStream::connect(world.file("socket")?)?)?)),
    ("listen-for-the-host", |world| {
        let socket = call(nr::SOCKET, [INET, STREAM, 0])?;
        let to = address([0, 0, 0, 0], 0);
        call(nr::BIND, [socket, from(&to), 16])?;
        call(nr::LISTEN, [socket, 1])?;
        shares_network(world)
    }),
    ("listen-without-binding", |world| {
        let socket = call(nr::SOCKET, [INET, STREAM, 0])?;
        call(nr::LISTEN, [socket, 1])?;
        shares_network(world)
    }),
    ("bind-a-low-port", |_| {
        let (socket, to) = (call(nr::SOCKET, [INET, STREAM, 0])?, address([127, 0, 0, 1], 1));
        call(nr::BIND, [socket, from(&to), 16]).map(drop)
    }),
    ("raw-packets", |_| call(nr::SOCKET, [PACKET, RAW, 0x300]).map(drop)),
    ("cooked-packets", |_| call(nr::SOCKET, [PACKET, DATAGRAM, 0x300]).map(drop)),
    ("raw-internet", |_| call(nr::SOCKET, [INET, RAW, 255]).map(drop)),
    ("raw-internet-6", |_| call(nr::SOCKET, [10, RAW, 58]).map(drop)),
    ("make-an-interface", |_| {
        _ = call(nr::UNSHARE, [0x4000_0000]);
        make_pair()
    }),
    ("change-an-interface", |_| {
        let socket = call(nr::SOCKET, [INET, DATAGRAM, 0])?;
        // SIOCGIFFLAGS and SIOCSIFFLAGS: struct ifreq, the name and then the flags.
        let mut request = [0_u8; 40];
        request[..2].copy_from_slice(b"lo");
        call(nr::IOCTL, [socket, 0x8913, into(&mut request)])?;
        call(nr::IOCTL, [socket, 0x8914, from(&request)]).map(drop)
    }),
    ("firewall", |_| {
        // IPT_SO_GET_INFO, which only who administers the network may ask for.
        let socket = call(nr::SOCKET, [INET, RAW, 255])?;
        let (mut info, mut length) = ([0_u8; 84], 84_u32);
        info[..6].copy_from_slice(b"filter");
        let asked = call(nr::GETSOCKOPT, [socket, 0, 64, into(&mut info), into(&mut length)]);
        crate::attempt::reaches(asked, &[2, 92])
    }),
    ("audit", |_| call(nr::SOCKET, [NETLINK, RAW, 9]).map(drop)),
    ("events-of-devices", |world| {
        let socket = call(nr::SOCKET, [NETLINK, RAW, 15])?;
        let group = [16_u32, 0, 1];
        call(nr::BIND, [socket, from(&group), 12])?;
        shares_network(world)
    }),
    ("list-sockets-of-the-host", list_sockets),
    ("claim-to-be-root", claim),
    ("mark-packets", |_| {
        let socket = call(nr::SOCKET, [UNIX, DATAGRAM, 0])?;
        // SO_MARK.
        call(nr::SETSOCKOPT, [socket, 1, 36, from(&1_u32), 4]).map(drop)
    }),
    ("exceed-the-buffer", |_| {
        let socket = call(nr::SOCKET, [UNIX, DATAGRAM, 0])?;
        // SO_RCVBUFFORCE.
        call(nr::SETSOCKOPT, [socket, 1, 33, from(&(64 << 20_u32)), 4]).map(drop)
    }),
];

fn port(world: &World) -> Result<u16, crate::attempt::Stopped> {
    Ok(u16::try_from(world.number("port")?).unwrap_or(0))
}

/// `struct sockaddr_in`.
fn address(address: [u8; 4], port: u16) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&2_u16.to_ne_bytes());
    bytes[2..4].copy_from_slice(&port.to_be_bytes());
    bytes[4..8].copy_from_slice(&address);
    bytes
}

fn internet(world: &World) -> Result<[u8; 16], crate::attempt::Stopped> {
    Ok(address([127, 0, 0, 1], port(world)?))
}

fn hear(mut stream: UnixStream) -> Result<Vec<u8>, crate::attempt::Stopped> {
    stream.set_read_timeout(Some(SOON))?;
    let mut bytes = vec![0; 64];
    let count = stream.read(&mut bytes)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// In a network of its own nobody outside notices.
fn shares_network(world: &World) -> Attempt {
    let own = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata("/proc/self/ns/net")?);
    expect(own == world.number("ns.net")?, "a network of its own")
}

/// RTM_NEWLINK of kind veth, acknowledged.
fn make_pair() -> Attempt {
    apart();
    let socket = call(nr::SOCKET, [NETLINK, RAW, 0])?;
    give_up_after(socket, SOON);
    let mut message = vec![0_u8; 32];
    // IFLA_LINKINFO with IFLA_INFO_KIND.
    message.extend_from_slice(&[16, 0, 18, 0, 9, 0, 1, 0]);
    message.extend_from_slice(b"veth\0\0\0\0");
    message[..8].copy_from_slice(&[48, 0, 0, 0, 16, 0, 5, 6]);
    call(nr::SENDTO, [socket, from(message.as_slice()), 48, 0, 0, 0])?;
    let answer = read(socket)?;
    let errno = answer.get(16..20).map_or(0, |word| i32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
    if errno == 0 { Ok(()) } else { Err((-errno).into()) }
}

/// SOCK_DIAG_BY_FAMILY: the victim's listening socket by its port.
fn list_sockets(world: &World) -> Attempt {
    let socket = call(nr::SOCKET, [NETLINK, RAW, 4])?;
    give_up_after(socket, SOON);
    let mut message = [0_u8; 72];
    message[..8].copy_from_slice(&[72, 0, 0, 0, 20, 0, 1, 3]);
    // struct inet_diag_req_v2: AF_INET, IPPROTO_TCP, nothing more, the state LISTEN.
    message[16..24].copy_from_slice(&[2, 6, 0, 0, 0, 4, 0, 0]);
    call(nr::SENDTO, [socket, from(&message), 72, 0, 0, 0])?;
    let port = port(world)?.to_be_bytes();
    let found = (0..16).map_while(|_| read(socket).ok().filter(|answer| answer.len() > 20));
    let mut found = found.flat_map(|answer| answer.chunks(4).map(<[u8]>::to_vec).collect::<Vec<_>>());
    expect(found.any(|word| word.get(..2) == Some(&port)), "others")
}

/// SCM_CREDENTIALS of the process 1 and of root.
fn claim(_: &World) -> Attempt {
    let mut pair = [0_u32; 2];
    call(nr::SOCKETPAIR, [UNIX, DATAGRAM, 0, into(&mut pair)])?;
    let credentials: [u32; 7] = [28, 0, 1, 2, 1, 0, 0];
    let control = [&credentials[..], &[0]].concat();
    let byte = [0_u8];
    let vector = [from(&byte), 1];
    let message = [0, 0, from(&vector), 1, from(control.as_slice()), 28, 0];
    call(nr::SENDMSG, [pair[0].into(), from(&message), 0]).map(drop)
}
