//! The terminal that the launcher was started on, if it was: typing into it, taking it, and looking at it.

use crate::attempt::{Attempt, O_GENTLY, O_RDWR, Probe, call, expect, open, reaches};
use crate::sys::{from, into, nr};
use crate::world::World;

const TIOCSCTTY: u64 = 0x540e;
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541c;
const TIOCCONS: u64 = 0x541d;
const TIOCSETD: u64 = 0x5423;
const TIOCGDEV: u64 = 0x8004_5432;

pub const PROBES: &[Probe] = &[
    ("type", |_| with_terminal(|| call(nr::IOCTL, [0, TIOCSTI, from("\0")]).map(drop))),
    ("type-with-high-bits", |_| {
        with_terminal(|| call(nr::IOCTL, [0, TIOCSTI | 1 << 32, from("\0")]).map(drop))
    }),
    ("type-into-the-controlling-one", |_| {
        with_terminal(|| call(nr::IOCTL, [open("/dev/tty", O_RDWR)?, TIOCSTI, from("\0")]).map(drop))
    }),
    ("paste", |_| {
        // TIOCL_GETSHIFTSTATE; what is no virtual console does not know the request, and was asked.
        with_terminal(|| reaches(call(nr::IOCTL, [0, TIOCLINUX, from(&[6_u8, 0])]), &[25]))
    }),
    ("paste-with-high-bits", |_| {
        with_terminal(|| reaches(call(nr::IOCTL, [0, TIOCLINUX | 3 << 33, from(&[6_u8, 0])]), &[25]))
    }),
    ("open-the-controlling-one", |_| with_terminal(|| open("/dev/tty", O_RDWR).map(drop))),
    ("take-it", |_| {
        with_terminal(|| {
            call(nr::SETSID, [])?;
            call(nr::IOCTL, [0, TIOCSCTTY, 1]).map(drop)
        })
    }),
    ("take-the-console-output", |_| {
        with_terminal(|| {
            call(nr::IOCTL, [0, TIOCCONS, 0])?;
            // And back: the redirection is taken away by who is the console.
            open("/dev/console", O_RDWR | O_GENTLY)
                .and_then(|console| call(nr::IOCTL, [console, TIOCCONS, 0]))
                .map(drop)
                .or(Ok(()))
        })
    }),
    ("another-line-discipline", |_| {
        // N_TTY_NULL, which reads and writes nothing; and the ordinary one again.
        with_terminal(|| {
            let set = call(nr::IOCTL, [0, TIOCSETD, from(&27_u32)]);
            _ = call(nr::IOCTL, [0, TIOCSETD, from(&0_u32)]);
            set.map(drop)
        })
    }),
    ("find-it-by-its-number", |_| {
        with_terminal(|| {
            let mut device = 0_u32;
            call(nr::IOCTL, [0, TIOCGDEV, into(&mut device)])?;
            open(&format!("/dev/pts/{}", device & 0xff | device >> 12 & !0xff), O_RDWR | O_GENTLY).map(drop)
        })
    }),
    ("session-of-the-launcher", |world| in_session(world)),
];

/// Standard input is the launcher's terminal, where it has one.
fn with_terminal(attempt: impl FnOnce() -> Attempt) -> Attempt {
    let mut settings = [0_u8; 64];
    if call(nr::IOCTL, [0, 0x5401, into(&mut settings)]).is_err() {
        return crate::attempt::beside("standard input is no terminal");
    }
    attempt()
}

/// Who is of the caller's session can be its background, and its foreground.
fn in_session(_: &World) -> Attempt {
    // The program that makes the attempts is the parent of each.
    expect(call(nr::GETSID, [0])? != call(nr::GETPPID, [])?, "a session of its own")
}
