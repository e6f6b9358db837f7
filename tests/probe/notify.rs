//! The service manager, from the program's side: what sd_notify(3) and sd_watchdog_enabled(3) do.

use crate::fact;
use crate::sys::io_outcome;
use std::env::var;
use std::io::Result;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Tells it something.
pub fn notify(message: &str) {
    match var("NOTIFY_SOCKET") {
        Ok(socket) => fact("notify", io_outcome(send(&socket, message))),
        Err(_) => fact("notify", "unset"),
    }
}

fn send(socket: &str, message: &str) -> Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address).map(drop)
}

/// How often it wants to hear of this process.
pub fn watched() {
    let own = var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
    fact("watched", var("WATCHDOG_USEC").ok().filter(|_| own).unwrap_or_else(|| "no".into()));
}
