//! Each right of Landlock tried by the one call that it is about; ports, scopes, and the ways around them.

use crate::sys::{call, from, into, io_outcome, nr, outcome, text};
use crate::{fact, usage};
use std::fs::{self, File, OpenOptions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

const AT_FDCWD: u64 = (-100_i64).cast_unsigned();
const S_IFIFO: u64 = 0o010_000;
const S_IFCHR: u64 = 0o020_000;
const S_IFREG: u64 = 0o100_000;

/// The ABI of the kernel's Landlock, 0 for none.
pub fn abi() {
    fact("landlock_abi", call(nr::LANDLOCK_CREATE_RULESET, [0, 0, 1, 0, 0, 0]).unwrap_or(0));
}

/// Tries a right at a path; `refer` and `whiteout` move it to a second one.
pub fn attempt(right: &str, path: &str, to: Option<&str>) {
    let to = to.unwrap_or(path);
    let file = text(path);
    let address = from(file.as_bytes_with_nul());
    let node = |kind| io(call(nr::MKNOD, [address, kind | 0o600, 0, 0, 0, 0]));
    let result = match right {
        "execute" => Command::new(path).arg("exit=0").status().map(|_| ()),
        "write_file" => OpenOptions::new().append(true).open(path).map(|_| ()),
        "read_file" => File::open(path).map(|_| ()),
        "read_dir" => fs::read_dir(path).map(|_| ()),
        "remove_dir" => fs::remove_dir(path),
        "remove_file" => fs::remove_file(path),
        "make_char" => node(S_IFCHR),
        "make_dir" => fs::create_dir(path),
        "make_reg" => node(S_IFREG),
        "make_sock" => UnixListener::bind(path).map(|_| ()),
        "make_fifo" => node(S_IFIFO),
        "make_sym" => symlink("anywhere", path),
        "refer" => fs::rename(path, to),
        "truncate" => io(call(nr::TRUNCATE, [address, 0, 0, 0, 0, 0])),
        "ioctl_dev" => File::open(path).and_then(|file| {
            // No device of the tests knows TCGETS, and one that is asked says so with ENOTTY.
            let descriptor = u64::from(file.as_raw_fd().unsigned_abs());
            match call(nr::IOCTL, [descriptor, 0x5401, 0, 0, 0, 0]) {
                Err(25) => Ok(()),
                result => io(result),
            }
        }),
        "whiteout" => {
            let second = text(to);
            let to = from(second.as_bytes_with_nul());
            io(call(nr::RENAMEAT2, [AT_FDCWD, address, AT_FDCWD, to, 4, 0]))
        }
        "copy" => fs::read("/proc/self/exe")
            .and_then(|bytes| fs::write(path, bytes))
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755))),
        _ => usage(&format!("`{right}` is no right that it tries")),
    };
    fact(&format!("{right}.{path}"), io_outcome(result));
}

fn io(result: Result<u64, i32>) -> std::io::Result<()> {
    result.map(|_| ()).map_err(std::io::Error::from_raw_os_error)
}

/// Executes a file in memory, which is nowhere in the tree.
pub fn execute_memory() {
    for (name, flags) in [("memory", 0), ("sealed_memory", 8)] {
        let label = text("memory");
        let made = call(nr::MEMFD_CREATE, [from(label.as_bytes_with_nul()), flags, 0, 0, 0, 0]);
        fact(&format!("make.{name}"), outcome(made));
        let Ok(descriptor) = made else { continue };
        let memory = format!("/proc/self/fd/{descriptor}");
        let run = fs::read("/proc/self/exe").and_then(|bytes| fs::write(&memory, bytes)).and_then(|()| {
            // As long as it is open for writing it is busy.
            let again = File::open(&memory)?;
            _ = call(nr::CLOSE, [descriptor, 0, 0, 0, 0, 0]);
            Command::new(format!("/proc/self/fd/{}", again.as_raw_fd())).arg("exit=0").status()
        });
        fact(&format!("execute.{name}"), io_outcome(run));
    }
}

/// AF_INET, SOCK_STREAM, SOCK_DGRAM and IPPROTO_MPTCP.
const INET: u64 = 2;
const STREAM: u64 = 1;
const DATAGRAMS: u64 = 2;
const MPTCP: u64 = 262;
const MSG_FASTOPEN: u64 = 0x2000_0000;

/// `struct sockaddr_in` of 127.0.0.1.
fn address(port: u16) -> [u8; 16] {
    let mut address = [0; 16];
    address[..2].copy_from_slice(&2_u16.to_ne_bytes());
    address[2..4].copy_from_slice(&port.to_be_bytes());
    address[4..8].copy_from_slice(&[127, 0, 0, 1]);
    address
}

/// Uses a port of 127.0.0.1 in one of many ways; sockets stay open.
pub fn port(way: &str, port: &str) {
    let to = address(port.parse().unwrap_or_else(|_| usage("a port is a number")));
    let socket = |kind, protocol| call(nr::SOCKET, [INET, kind, protocol, 0, 0, 0]);
    let with = |number, kind, protocol| call(number, [socket(kind, protocol)?, from(&to), 16, 0, 0, 0]);
    let byte = [0_u8];
    // `struct msghdr` with one byte, and behind it the count that makes it a `struct mmsghdr`.
    let vector = [from(&byte), 1];
    let message = [from(&to), 16, from(&vector), 1, 0, 0, 0, 0];
    let result = match way {
        "bind" => with(nr::BIND, STREAM, 0),
        "connect" => with(nr::CONNECT, STREAM, 0),
        "serve" => (|| {
            let socket = socket(STREAM, 0)?;
            call(nr::BIND, [socket, from(&to), 16, 0, 0, 0])?;
            call(nr::LISTEN, [socket, 8, 0, 0, 0, 0])
        })(),
        "listen_unbound" => socket(STREAM, 0).and_then(|socket| call(nr::LISTEN, [socket, 8, 0, 0, 0, 0])),
        "fast_open" => socket(STREAM, 0)
            .and_then(|socket| call(nr::SENDTO, [socket, from(&byte), 1, MSG_FASTOPEN, from(&to), 16])),
        "fast_open_message" => socket(STREAM, 0)
            .and_then(|socket| call(nr::SENDMSG, [socket, from(&message), MSG_FASTOPEN, 0, 0, 0])),
        "fast_open_messages" => socket(STREAM, 0)
            .and_then(|socket| call(nr::SENDMMSG, [socket, from(&message), 1, MSG_FASTOPEN, 0, 0])),
        "mptcp_bind" => with(nr::BIND, STREAM, MPTCP),
        "mptcp_connect" => with(nr::CONNECT, STREAM, MPTCP),
        "udp_bind" => with(nr::BIND, DATAGRAMS, 0),
        "udp_send" => socket(DATAGRAMS, 0)
            .and_then(|socket| call(nr::SENDTO, [socket, from(&byte), 1, 0, from(&to), 16])),
        "raw" => socket(3, 1),
        "packet" => call(nr::SOCKET, [17, 3, 0, 0, 0, 0]),
        "io_uring" => call(nr::IO_URING_SETUP, [1, 0, 0, 0, 0, 0]),
        "unix" => call(nr::SOCKET, [1, DATAGRAMS, 0, 0, 0, 0]),
        _ => usage(&format!("`{way}` is no way to use a port")),
    };
    fact(&format!("{way}.{port}"), outcome(result));
}

/// Listens at, or connects to, an abstract UNIX socket.
pub fn abstract_socket(way: &str, name: &str) {
    let mut address = vec![1, 0, 0];
    address.extend_from_slice(name.as_bytes());
    let result = call(nr::SOCKET, [1, STREAM, 0, 0, 0, 0]).and_then(|socket| {
        let arguments = [socket, from(&address[..]), address.len() as u64, 0, 0, 0];
        match way {
            "listen" => call(nr::BIND, arguments).and_then(|_| call(nr::LISTEN, [socket, 8, 0, 0, 0, 0])),
            _ => call(nr::CONNECT, arguments),
        }
    });
    fact(&format!("abstract.{way}"), outcome(result));
}

/// Signals a process, by itself and through descriptors that are told to.
pub fn signal(pid: &str) {
    let mut own: u32 = pid.parse().unwrap_or_else(|_| usage("a process is a number"));
    let pid = u64::from(own);
    fact("signal.kill", outcome(call(nr::KILL, [pid, 0, 0, 0, 0, 0])));
    let mut pair = [0_u32; 2];
    _ = call(nr::SOCKETPAIR, [1, STREAM, 0, into(&mut pair), 0, 0]);
    for (name, number, command, argument) in [
        ("F_SETOWN", nr::FCNTL, 8, pid),
        ("F_SETSIG", nr::FCNTL, 10, 10),
        ("F_SETOWN_EX", nr::FCNTL, 15, from(&[1, own])),
        ("FIOSETOWN", nr::IOCTL, 0x8901, into(&mut own)),
        ("SIOCSPGRP", nr::IOCTL, 0x8902, into(&mut own)),
    ] {
        fact(&format!("signal.{name}"), outcome(call(number, [pair[0].into(), command, argument, 0, 0, 0])));
    }
}
