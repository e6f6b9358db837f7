//! Socket activation, from both sides: sockets that listen at 3 and above, and the program that accepts from them.

use crate::fact;
use crate::sys::{call, nr};
use std::io::{Read as _, Result, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, FromRawFd as _};

/// Opens so many sockets, each with somebody who has connected and said who is expected to answer.
pub fn open(count: i32) -> Result<()> {
    for descriptor in 3..3 + count {
        let socket = TcpListener::bind("127.0.0.1:0")?;
        TcpStream::connect(socket.local_addr()?)?.write_all(format!("to {descriptor}").as_bytes())?;
        let own = u64::from(socket.as_raw_fd().unsigned_abs());
        let wanted = u64::from(descriptor.unsigned_abs());
        // Neither is closed at exec then: dup2(2) clears the flag, and so does F_SETFD.
        let done = if own == wanted {
            call(nr::FCNTL, [own, 2, 0, 0, 0, 0])
        } else {
            call(nr::DUP2, [own, wanted, 0, 0, 0, 0])
        };
        done.map_err(std::io::Error::from_raw_os_error)?;
        if own == wanted {
            std::mem::forget(socket);
        }
    }
    Ok(())
}

/// Whether the sockets are for this process, and what is said on each.
pub fn accept_all() {
    let variable = |name: &str| std::env::var(name).ok();
    let number = |name: &str| variable(name)?.parse::<u32>().ok();
    fact("listen.own", number("LISTEN_PID") == Some(std::process::id()));
    for descriptor in (3..).take(number("LISTEN_FDS").unwrap_or(0) as usize) {
        // SAFETY: the descriptor is open, as the one who started this process says, and nobody else's here.
        let socket = unsafe { TcpListener::from_raw_fd(descriptor) };
        let mut said = String::new();
        let accepted = socket.accept().and_then(|(mut stream, _)| stream.read_to_string(&mut said));
        fact(&format!("listen.{descriptor}"), accepted.map_or_else(|error| error.to_string(), |_| said));
    }
}
