//! Ways around a filter: other architectures, bits that the kernel does not look at, calls with two names, and other doors.

use crate::attempt::{
    Attempt, Probe, Stopped, call, ended, expect, fork, in_child, on_path, open, reaches, read,
};
use crate::sys::{self, call_i386, from, into, nr, text};
use crate::world::World;

/// The bit of x32, whose other numbers are those of 64-bit calls.
const X32: u64 = 0x4000_0000;
const HIGH: u64 = 1 << 32;

pub const PROBES: &[Probe] = &[
    ("x32-getpid", |_| {
        // A kernel without x32 answers ENOSYS, and would be asked.
        reaches(call(X32 | nr::GETPID, []), &[38])
    }),
    ("x32-open", |world| {
        let file = on_path(X32 | nr::OPEN, &world.file("x32")?, [0, 0]);
        reaches(file, &[38])
    }),
    ("x32-number-of-its-own", |_| reaches(call(X32 | 520, [0, 0, 0]), &[14, 38])),
    ("i386-getpid", |_| i386(20, 0, 0)),
    ("i386-open", |world| {
        let path = text(&world.file("i386")?);
        let bytes = path.as_bytes_with_nul();
        let low = low_page()?;
        let place = std::ptr::with_exposed_provenance_mut::<u8>(low as usize);
        // SAFETY: the kernel has mapped a page there, and the path is shorter.
        unsafe { place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        i386(5, low, 0)
    }),
    ("i386-socketcall", |_| {
        let low = low_page()?;
        // SAFETY: the kernel has mapped a page there.
        unsafe { std::ptr::with_exposed_provenance_mut::<[u32; 3]>(low as usize).write([2, 2, 0]) };
        i386(102, 1, low)
    }),
    ("i386-unshare", |_| i386(310, 0x1000_0000, 0)),
    ("number-with-high-bits", |_| {
        // The kernel takes the lower half of the register, and the filter is shown the same.
        reaches(call(nr::PTRACE | HIGH, [16, u64::from(u32::MAX >> 1), 0, 0]), &[3])
    }),
    ("socket-with-high-bits", |_| call(nr::SOCKET, [17 | HIGH, 3, 0]).map(drop)),
    ("personality-with-high-bits", |_| {
        call(nr::PERSONALITY, [0x4_0000 | HIGH])?;
        expect(call(nr::PERSONALITY, [0xffff_ffff])? & 0x4_0000 != 0, "it stayed as it was")
    }),
    ("prctl-with-high-bits", |_| {
        // PR_SET_SECUREBITS, which takes a capability.
        let old = call(nr::PRCTL, [27])?;
        call(nr::PRCTL, [28 | HIGH, old ^ 1]).map(drop)
    }),
    ("ring", ring),
    ("ring-reads-a-file", |world| {
        ring(world)?;
        world.told(&read(open(&world.file("ring")?, 0)?)?)
    }),
    ("ring-enter", |_| reaches(call(nr::IO_URING_ENTER, [63, 0, 0, 0, 0, 0]), &[9])),
    ("ring-register", |_| reaches(call(nr::IO_URING_REGISTER, [63, 0, 0, 0]), &[9])),
    ("clone3", |_| {
        let arguments = [0_u64, 0, 0, 0, 17, 0, 0, 0];
        let child = call(nr::CLONE3, [from(&arguments), 64])?;
        if child == 0 {
            std::process::exit(0);
        }
        ended(child).map(drop)
    }),
    ("trace-oneself-and-swap", |_| {
        let child = fork()?;
        if child == 0 {
            let traced = call(nr::PTRACE, [0, 0, 0, 0]).is_ok();
            _ = call(nr::KILL, [crate::attempt::own_pid(), 19]);
            std::process::exit(i32::from(!traced));
        }
        let mut status = 0_i32;
        call(nr::WAIT4, [child, into(&mut status), 2])?;
        let stopped = call(nr::PTRACE, [24, child, 0, 0]).is_ok();
        _ = call(nr::KILL, [child, 9]);
        _ = ended(child);
        expect(stopped, "it is not traced")
    }),
    ("filter-with-a-listener", |_| {
        // One instruction that asks a supervisor of one's own about everything but the answer: RET ALLOW.
        let program = [0x7fff_0000_0000_0006_u64];
        let filter = [1_u64, from(&program)];
        in_child(|| call(nr::SECCOMP, [1, 8, from(&filter)]).map(drop))
    }),
    ("leave-the-filter", |_| {
        _ = call(nr::PRCTL, [22, 0, 0, 0, 0]);
        expect(matches!(call(nr::PRCTL, [21]), Ok(0)), "it is still there")
    }),
    ("suspend-the-filter", |_| {
        // PTRACE_O_SUSPEND_SECCOMP of a child.
        let child = fork()?;
        if child == 0 {
            std::thread::sleep(std::time::Duration::from_secs(1));
            std::process::exit(0);
        }
        let result = call(nr::PTRACE, [0x4206, child, 0, 1 << 21]);
        _ = call(nr::KILL, [child, 9]);
        _ = ended(child);
        result.map(drop)
    }),
    ("execute-by-descriptor", |_| {
        let program = open("/proc/self/exe", 0)?;
        in_child(|| {
            let (empty, words) = (c"".to_bytes_with_nul(), [c"escape", c"executed"]);
            let argv = [from(words[0].to_bytes_with_nul()), from(words[1].to_bytes_with_nul()), 0];
            call(nr::EXECVEAT, [program, from(empty), from(&argv), from(&[0_u64]), 0x1000]).map(drop)
        })
    }),
    ("first-vsyscall-page", |_| {
        in_child(|| {
            // SAFETY: the page is the kernel's where it is, and where it is not the child dies of it.
            let gettimeofday: extern "C" fn(u64, u64) -> i64 =
                unsafe { std::mem::transmute(0xffff_ffff_ff60_0000_usize) };
            expect(gettimeofday(0, 0) == 0, "it refused")
        })
    }),
];

fn i386(number: u32, first: u32, second: u32) -> Attempt {
    call_i386(number, first, second).map(drop).map_err(Stopped::By)
}

/// Memory whose address an i386 call can say: MAP_PRIVATE, MAP_ANONYMOUS and MAP_32BIT.
fn low_page() -> Result<u32, Stopped> {
    let address = sys::call(nr::MMAP, [0, 4096, 3, 0x62, u64::MAX, 0])?;
    u32::try_from(address).map_err(|_| Stopped::Beside("no memory below 4 GiB".to_owned()))
}

fn ring(_: &World) -> Attempt {
    let mut parameters = [0_u32; 30];
    call(nr::IO_URING_SETUP, [1, into(&mut parameters)]).map(drop)
}
