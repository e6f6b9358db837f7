//! Facilities of the kernel that runtimes and libraries are built on, and programs of the host that are.

use crate::attempt::{Attempt, Probe, beside, call, ended, expect, fork, read};
use crate::sys::{from, into, nr};
use std::path::Path;
use std::process::Command;

pub const PROBES: &[Probe] = &[
    ("random-numbers", |_| {
        let mut bytes = [0_u8; 32];
        expect(call(nr::GETRANDOM, [into(&mut bytes), 32, 0])? == 32, "fewer")
    }),
    ("events", |_| {
        let event = call(nr::EVENTFD2, [0, 0])?;
        crate::attempt::write(event, &1_u64.to_ne_bytes())?;
        expect(read(event)? == 1_u64.to_ne_bytes(), "another number")
    }),
    ("timers-as-descriptors", |_| {
        let timer = call(nr::TIMERFD_CREATE, [1, 0])?;
        call(nr::TIMERFD_SETTIME, [timer, 0, from(&[0_u64, 0, 0, 1_000_000]), 0])?;
        expect(read(timer)?.len() == 8, "it did not go off")
    }),
    ("timers-with-signals", |_| {
        block(14)?;
        // ITIMER_REAL after one millisecond; SIGALRM.
        call(nr::SETITIMER, [0, from(&[0_u64, 0, 0, 1000]), 0])?;
        wait_for(14)
    }),
    ("timers-of-posix", |_| {
        block(10)?;
        let (event, mut timer) = ([0_u64, 10, 0, 0, 0, 0, 0, 0], 0_u64);
        call(nr::TIMER_CREATE, [1, from(&event), into(&mut timer)])?;
        call(nr::TIMER_SETTIME, [timer, 0, from(&[0_u64, 0, 0, 1_000_000]), 0])?;
        wait_for(10)
    }),
    ("signals-to-oneself", |_| {
        block(12)?;
        call(nr::KILL, [crate::attempt::own_pid(), 12])?;
        wait_for(12)
    }),
    ("signals-as-descriptors", |_| {
        block(12)?;
        let signals = call(nr::SIGNALFD4, [u64::MAX, from(&(1_u64 << 11)), 8, 0])?;
        call(nr::KILL, [crate::attempt::own_pid(), 12])?;
        expect(read(signals)?.first() == Some(&12), "another signal")
    }),
    ("wait-for-many-descriptors", |_| {
        let (poll, event) = (call(nr::EPOLL_CREATE1, [0])?, call(nr::EVENTFD2, [1, 0])?);
        let interest = [1_u32, 7, 0];
        call(nr::EPOLL_CTL, [poll, 1, event, from(&interest)])?;
        let mut ready = [0_u32; 3];
        expect(call(nr::EPOLL_PWAIT, [poll, into(&mut ready), 1, 1000, 0, 8])? == 1, "nothing is ready")
    }),
    ("wait-for-a-descriptor", |_| {
        let mut waited = [call(nr::EVENTFD2, [1, 0])? | 1 << 32];
        expect(call(nr::POLL, [into(&mut waited), 1, 1000])? == 1, "it is not ready")
    }),
    ("wake-a-waiter", |_| {
        let word = 0_u32;
        expect(call(nr::FUTEX, [from(&word), 129, 1, 0, 0, 0])? == 0, "somebody waited")
    }),
    ("yield", |_| call(nr::SCHED_YIELD, []).map(drop)),
    ("processors", |_| call(nr::SCHED_GETAFFINITY, [0, 128, into(&mut [0_u64; 16])]).map(drop)),
    ("be-nicer", |_| call(nr::SETPRIORITY, [0, 0, 5]).map(drop)),
    ("own-limits", |_| {
        let mut limits = [0_u64; 2];
        call(nr::PRLIMIT64, [0, 7, 0, into(&mut limits)])?;
        limits[0] = 64;
        call(nr::PRLIMIT64, [0, 7, from(&limits), 0]).map(drop)
    }),
    ("own-usage", |_| call(nr::GETRUSAGE, [0, into(&mut [0_u64; 18])]).map(drop)),
    ("name-of-the-system", |_| call(nr::UNAME, [into(&mut [0_u8; 390])]).map(drop)),
    ("size-of-the-system", |_| call(nr::SYSINFO, [into(&mut [0_u64; 14])]).map(drop)),
    ("memory", |_| {
        let size = 64 << 20;
        let address = call(nr::MMAP, [0, size, 3, 0x22, u64::MAX, 0])?;
        call(nr::MADVISE, [address, size, 4])?;
        call(nr::MPROTECT, [address, size, 1])?;
        call(nr::MUNMAP, [address, size]).map(drop)
    }),
    ("barriers", |_| call(nr::MEMBARRIER, [0, 0, 0]).map(drop)),
    ("children-as-descriptors", |_| {
        let child = fork()?;
        if child == 0 {
            std::process::exit(0);
        }
        let mut waited = [call(nr::PIDFD_OPEN, [child, 0])? | 1 << 32];
        expect(call(nr::POLL, [into(&mut waited), 1, 2000])? == 1, "it has not ended")?;
        ended(child).map(drop)
    }),
    ("shell", |_| prints("/bin/sh", &["-c", "echo one | cat; exit 0"], "one")),
    ("interpreter", |_| prints("/usr/bin/perl", &["-e", "print 6 * 7"], "42")),
    ("load-a-library", |_| {
        // These modules are shared objects, which perl opens when they are asked for.
        prints(
            "/usr/bin/perl",
            &["-MPOSIX", "-MSocket", "-e", "print POSIX::floor(4.5), length(inet_aton('127.0.0.1'))"],
            "44",
        )
    }),
    ("locale", |_| {
        let program = "use POSIX; print POSIX::setlocale(LC_ALL, 'C.UTF-8')";
        prints("/usr/bin/perl", &["-e", program], "C.UTF-8")
    }),
    ("threads-of-a-library", |_| {
        prints("/bin/sh", &["-c", "sort --parallel=2 /dev/null; echo sorted"], "sorted")
    }),
    ("user-by-number", |_| {
        let program = "print scalar getpwuid($>)";
        let name = output("/usr/bin/perl", &["-e", program])?;
        expect(!name.is_empty(), "nobody has that number")
    }),
    ("address-by-name", |_| {
        prints(
            "/usr/bin/perl",
            &["-MSocket", "-e", "print inet_ntoa(scalar gethostbyname('localhost'))"],
            "127.0.0.1",
        )
    }),
    ("certificates", |_| {
        expect(std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt")?.contains("BEGIN"), "none")
    }),
    ("local-time", |_| expect(std::fs::read("/etc/localtime")?.starts_with(b"TZif"), "no zone")),
];

fn block(signal: u64) -> Attempt {
    call(nr::RT_SIGPROCMASK, [0, from(&(1_u64 << (signal - 1))), 0, 8]).map(drop)
}

/// A second at most.
fn wait_for(signal: u64) -> Attempt {
    let set = 1_u64 << (signal - 1);
    expect(call(nr::RT_SIGTIMEDWAIT, [from(&set), 0, from(&[1_u64, 0]), 8])? == signal, "another signal")
}

fn output(program: &str, arguments: &[&str]) -> Result<String, crate::attempt::Stopped> {
    if !Path::new(program).exists() && Path::new("/usr/bin").exists() {
        beside("the machine has no such program")?;
    }
    let output = Command::new(program).args(arguments).output()?;
    expect(output.status.success(), &String::from_utf8_lossy(&output.stderr))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn prints(program: &str, arguments: &[&str], expected: &str) -> Attempt {
    let said = output(program, arguments)?;
    expect(said == expected, &format!("it said {said}"))
}
