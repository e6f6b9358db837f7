//! What an attempt is, and the calls that attempts are made of.

use crate::sys::{self, from, into, nr, text};
use crate::world::World;
use std::time::Duration;

/// Succeeds when what must not happen has happened.
pub type Attempt = Result<(), Stopped>;

/// A name and what is tried.
pub type Probe = (&'static str, fn(&World) -> Attempt);

/// Why something did not happen.
#[derive(Debug)]
pub enum Stopped {
    /// A call was refused with this errno.
    By(i32),
    /// The calls went through, and it did not happen all the same.
    Because(String),
    /// It could not be tried.
    Beside(String),
}

impl From<i32> for Stopped {
    fn from(errno: i32) -> Self {
        Self::By(errno)
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        error.raw_os_error().map_or_else(|| Self::Because(error.to_string()), Self::By)
    }
}

/// What `escape executed` ends with.
pub const EXECUTED: i32 = 77;

pub const AT_FDCWD: u64 = (-100_i64).cast_unsigned();
pub const O_PATH: u64 = 0o10_000_000;
pub const O_WRONLY: u64 = 1;
pub const O_RDWR: u64 = 2;
pub const O_DIRECTORY: u64 = 0o200_000;
/// `O_CREAT | O_EXCL | O_WRONLY`.
pub const O_NEW: u64 = 0o301;
/// `O_NONBLOCK | O_NOCTTY`: a device that is opened must not make the attempt wait.
pub const O_GENTLY: u64 = 0o4400;

/// A call with as many arguments as it looks at.
pub fn call<const N: usize>(number: u64, arguments: [u64; N]) -> Result<u64, Stopped> {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&arguments);
    sys::call(number, all).map_err(Stopped::By)
}

/// Whether it happened, with the reason for the other case.
pub fn expect(happened: bool, otherwise: &str) -> Attempt {
    if happened { Ok(()) } else { Err(Stopped::Because(otherwise.to_owned())) }
}

/// Something that cannot be tried, for this reason.
pub fn beside(reason: &str) -> Attempt {
    Err(Stopped::Beside(reason.to_owned()))
}

/// A call that is refused with this errno by who would do it, and with others by who stands before him.
pub fn reaches(result: Result<u64, Stopped>, errnos: &[i32]) -> Attempt {
    match result {
        Err(Stopped::By(errno)) if errnos.contains(&errno) => Ok(()),
        result => result.map(drop),
    }
}

/// A call about a path.
pub fn on_path<const N: usize>(number: u64, path: &str, rest: [u64; N]) -> Result<u64, Stopped> {
    let path = text(path);
    let mut all = [0; 6];
    all[0] = from(path.as_bytes_with_nul());
    all[1..=N].copy_from_slice(&rest);
    sys::call(number, all).map_err(Stopped::By)
}

/// A call about a path beneath a directory that is open.
pub fn at_path<const N: usize>(
    number: u64,
    directory: u64,
    path: &str,
    rest: [u64; N],
) -> Result<u64, Stopped> {
    let path = text(path);
    let mut all = [0; 6];
    all[0] = directory;
    all[1] = from(path.as_bytes_with_nul());
    all[2..N + 2].copy_from_slice(&rest);
    sys::call(number, all).map_err(Stopped::By)
}

pub fn open(path: &str, flags: u64) -> Result<u64, Stopped> {
    at_path(nr::OPENAT, AT_FDCWD, path, [flags, 0o600])
}

/// Up to a page of what a descriptor gives.
pub fn read(descriptor: u64) -> Result<Vec<u8>, Stopped> {
    let mut page = vec![0; 4096];
    let count = call(nr::READ, [descriptor, into(page.as_mut_slice()), page.len() as u64])?;
    page.truncate(usize::try_from(count).unwrap_or(0));
    Ok(page)
}

pub fn write(descriptor: u64, bytes: &[u8]) -> Result<u64, Stopped> {
    call(nr::WRITE, [descriptor, from(bytes), bytes.len() as u64])
}

/// Opens a file for writing and writes what it says there already.
pub fn write_back(path: &str) -> Attempt {
    let old = std::fs::read(path)?;
    write(open(path, O_WRONLY)?, &old).map(drop)
}

pub fn own_pid() -> u64 {
    std::process::id().into()
}

/// As a C library does it, with nothing but SIGCHLD at the end.
pub fn fork() -> Result<u64, Stopped> {
    call(nr::CLONE, [17, 0, 0, 0, 0])
}

/// Runs in a child, and hands on whether it happened there.
pub fn in_child(attempt: impl FnOnce() -> Attempt) -> Attempt {
    let child = fork()?;
    if child == 0 {
        let status = match attempt() {
            Ok(()) => EXECUTED,
            Err(Stopped::By(errno)) => errno.min(70),
            Err(_) => 71,
        };
        std::process::exit(status);
    }
    match ended(child)? {
        EXECUTED => Ok(()),
        71 => expect(false, "it did not happen"),
        status if status >= 128 => expect(false, &format!("signal {}", status - 128)),
        errno => Err(Stopped::By(errno)),
    }
}

/// The status of a child that has ended, 128 + n for a signal.
pub fn ended(child: u64) -> Result<i32, Stopped> {
    let mut status = 0_i32;
    call(nr::WAIT4, [child, into(&mut status), 0x4000_0000])?;
    Ok(if status & 0x7f == 0 { status >> 8 & 0xff } else { 128 + (status & 0x7f) })
}

/// Executes what is there in a child; it is this program.
pub fn execute(path: &str) -> Attempt {
    let program = text(path);
    let words = [text("escape"), text("executed")];
    let argv: Vec<u64> = words.iter().map(|word| from(word.as_bytes_with_nul())).chain([0]).collect();
    let path = from(program.as_bytes_with_nul());
    in_child(|| call(nr::EXECVE, [path, from(argv.as_slice()), from(&[0_u64])]).map(drop))
}

/// What is mounted afterwards is seen by this process alone, where it could be seen by others.
pub fn apart() {
    if call(nr::UNSHARE, [0x2_0000]).is_ok() {
        // MS_SLAVE and MS_REC: nothing of it goes out.
        let slave = 0x8_0000 | 0x4000;
        _ = on_path(nr::MOUNT, "none", [from(c"/".to_bytes_with_nul()), 0, slave, 0]);
    }
}

/// Makes an attempt that hangs end with an errno instead.
pub fn give_up_after(socket: u64, time: Duration) {
    let value = [time.as_secs().cast_signed(), i64::from(time.subsec_micros())];
    for option in [20, 21] {
        _ = call(nr::SETSOCKOPT, [socket, 1, option, from(&value), 16]);
    }
}

/// The first directory that can be written to, with a name of nobody else.
pub fn scratch() -> Result<String, Stopped> {
    let places = ["/tmp", "/dev/shm", "/run", "."];
    let name = |place: &&str| format!("{place}/boxwright-escape-{}", own_pid());
    let can = |path: &String| open(path, O_NEW).is_ok_and(|_| std::fs::remove_file(path).is_ok());
    let mut found = places.iter().map(name).filter(can);
    found.next().ok_or_else(|| Stopped::Because("nothing can be written to".to_owned()))
}
