//! Host and domain name, network interfaces, and whether the loopback carries a connection.

use crate::fact;
use crate::sys::{call, errno_name, into, io_outcome, nr};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

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

/// The interfaces with their flags, and a byte sent over 127.0.0.1.
pub fn network() {
    let mut listed = Vec::new();
    if let Ok(socket) = UdpSocket::bind("0.0.0.0:0") {
        let descriptor = u64::from(socket.as_raw_fd().unsigned_abs());
        for index in 1..1024_u32 {
            // struct ifreq: sixteen bytes of name, then a union whose first word is the index or the flags.
            let mut request = [0_u8; 40];
            request[16..20].copy_from_slice(&index.to_ne_bytes());
            if call(nr::IOCTL, [descriptor, 0x8910, into(&mut request), 0, 0, 0]).is_ok() {
                let name = word(&request[..16]);
                _ = call(nr::IOCTL, [descriptor, 0x8913, into(&mut request), 0, 0, 0]);
                let up = request[16] & 1 == 1;
                listed.push(format!("{name}:{}", if up { "up" } else { "down" }));
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
fn abstract_socket(key: u16) -> std::io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("boxwright-{key}"))
}

/// Says that it is ready, and takes one visitor at the port of the loopback and one at the abstract socket of its number.
pub fn serve(port: u16) {
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
