//! Host and domain name, network interfaces, and whether the loopback carries a connection.

use crate::fact;
use crate::sys::{call, errno_name, into, nr};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd as _;

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
