//! Host and domain name, network interfaces, routes, and what carries a connection.

use crate::fact;
use crate::sys::{call, errno_name, into, io_outcome, nr};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as LocalAddress, UnixListener, UnixStream};
use std::time::{Duration, Instant};

/// The names of the UTS namespace.
pub fn names() {
    let mut names = [[0_u8; 65]; 6];
    _ = call(nr::UNAME, [into(&mut names), 0, 0, 0, 0, 0]);
    fact("hostname", word(&names[1]));
    fact("domainname", word(&names[5]));
    fact("kernel", word(&names[2]));
}

fn word(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

/// The interfaces with their flags, sizes and hardware addresses, and a byte sent over 127.0.0.1.
pub fn network() {
    let mut listed = Vec::new();
    if let Ok(socket) = UdpSocket::bind("0.0.0.0:0") {
        let descriptor = u64::from(socket.as_raw_fd().unsigned_abs());
        for index in 1..2048_u32 {
            // struct ifreq: sixteen bytes of name, then a union whose first word is the index or the flags.
            let mut request = [0_u8; 40];
            request[16..20].copy_from_slice(&index.to_ne_bytes());
            if call(nr::IOCTL, [descriptor, 0x8910, into(&mut request), 0, 0, 0]).is_ok() {
                let name = word(&request[..16]);
                _ = call(nr::IOCTL, [descriptor, 0x8913, into(&mut request), 0, 0, 0]);
                let up = request[16] & 1 == 1;
                listed.push(format!("{name}:{}", if up { "up" } else { "down" }));
                _ = call(nr::IOCTL, [descriptor, 0x8921, into(&mut request), 0, 0, 0]);
                let mtu = u32::from_ne_bytes([request[16], request[17], request[18], request[19]]);
                _ = call(nr::IOCTL, [descriptor, 0x8927, into(&mut request), 0, 0, 0]);
                let mac: Vec<String> = request[18..24].iter().map(|byte| format!("{byte:02x}")).collect();
                fact(&format!("interface.{name}"), format!("{mtu} {}", mac.join(":")));
            }
        }
    }
    fact("interfaces", listed.join(" "));
    fact(
        "loopback",
        connect().map_or_else(|error| errno_name(error.raw_os_error().unwrap_or(0)), |()| "ok".to_owned()),
    );
}

fn connect() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    client.write_all(b"!")?;
    let (mut server, _) = listener.accept()?;
    server.read_exact(&mut [0])
}

/// Sets the flag IFF_UP of `lo`.
pub fn bring_up() -> Result<(), i32> {
    let socket = UdpSocket::bind("0.0.0.0:0").map_err(|error| error.raw_os_error().unwrap_or(0))?;
    let mut request = [0_u8; 40];
    request[..2].copy_from_slice(b"lo");
    request[16] = 1;
    let descriptor = u64::from(socket.as_raw_fd().unsigned_abs());
    call(nr::IOCTL, [descriptor, 0x8914, into(&mut request), 0, 0, 0]).map(drop)
}

/// An abstract socket of this key.
fn abstract_socket(key: u16) -> std::io::Result<LocalAddress> {
    LocalAddress::from_abstract_name(format!("boxwright-{key}"))
}

/// Says that it is ready, and takes one visitor at the port of the loopback and one at the abstract socket of its number.
pub fn greet(port: u16) {
    let served = || -> std::io::Result<()> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let local = UnixListener::bind_addr(&abstract_socket(port)?)?;
        fact("ready", "yes");
        listener.accept()?.0.write_all(b"!")?;
        local.accept()?.0.write_all(b"!")
    };
    fact("served", io_outcome(served()));
}

/// Visits both.
pub fn visit(port: u16) {
    let tcp = TcpStream::connect(("127.0.0.1", port)).and_then(|mut server| server.read_exact(&mut [0]));
    fact("visit.port", io_outcome(tcp));
    let local = abstract_socket(port).and_then(|address| UnixStream::connect_addr(&address));
    fact("visit.abstract", io_outcome(local.and_then(|mut server| server.read_exact(&mut [0]))));
}

/// Whether this address is one of an interface's.
pub fn own_address(text: &str) {
    let own = address(text).and_then(|address| TcpListener::bind((address, 0)).ok());
    fact(&format!("own.{text}"), own.is_some());
}

/// The own address that a packet to this one would come from, without sending any.
pub fn route(text: &str) {
    let Some(to) = address(text) else { return fact(&format!("route.{text}"), "no address") };
    let any = if to.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let from = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((to, 9))?;
        Ok(socket.local_addr()?.ip().to_string())
    });
    fact(
        &format!("route.{text}"),
        from.unwrap_or_else(|error| errno_name(error.raw_os_error().unwrap_or(0))),
    );
}

/// Waits on a TCP port of every address for so many connections, each of which gets a byte.
pub fn serve(port: &str, count: &str) {
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port.parse().unwrap_or(0)))
        .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port.parse().unwrap_or(0))));
    fact("serve", io_outcome(listener.as_ref().map_err(|error| error.kind().into())));
    fact("ready", "yes");
    let incoming = listener.iter().flat_map(TcpListener::incoming).flatten();
    for mut connection in incoming.take(count.parse().unwrap_or(0)) {
        _ = connection.write_all(b"!");
    }
}

/// Connects to a TCP port, again and again until the time is up, and reads a byte.
pub fn dial(to: &str, milliseconds: &str) {
    let end = Instant::now() + Duration::from_millis(milliseconds.parse().unwrap_or(0));
    let Ok(address) = to.parse::<SocketAddr>() else { return fact(&format!("dial.{to}"), "no address") };
    loop {
        let said = TcpStream::connect_timeout(&address, Duration::from_millis(300)).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            stream.read_exact(&mut [0])
        });
        if said.is_ok() || Instant::now() > end {
            return fact(&format!("dial.{to}"), io_outcome(said));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}
