//! What only an administrator may do, asked for so that nothing changes when it is granted.

use crate::attempt::{AT_FDCWD, Probe, apart, at_path, call, expect, on_path, reaches, scratch};
use crate::sys::{from, into, nr};

pub const PROBES: &[Probe] = &[
    // An errno behind the permission is the kernel's own look at the rest.
    ("load-a-module", |_| {
        reaches(call(nr::INIT_MODULE, [from("x"), 1, from(c"".to_bytes_with_nul())]), &[8])
    }),
    ("load-a-module-by-descriptor", |_| {
        reaches(call(nr::FINIT_MODULE, [63, from(c"".to_bytes_with_nul()), 0]), &[9])
    }),
    ("unload-a-module", |_| reaches(on_path(nr::DELETE_MODULE, "boxwright_is_no_module", [0o4000]), &[2])),
    ("load-another-kernel", |_| reaches(call(nr::KEXEC_LOAD, [0, 0, 0, 0]), &[])),
    ("restart", |_| {
        // RB_DISABLE_CAD or RB_ENABLE_CAD, as it is already.
        let enabled = std::fs::read_to_string("/proc/sys/kernel/ctrl-alt-del")?.trim() == "1";
        let command = if enabled { 0x89ab_cdef } else { 0 };
        call(nr::REBOOT, [0xfee1_dead, 672_274_793, command, 0]).map(drop)
    }),
    ("swap-to-a-file", |_| {
        let path = scratch()?;
        std::fs::write(&path, "no swap")?;
        let result = on_path(nr::SWAPON, &path, [0]);
        _ = std::fs::remove_file(&path);
        reaches(result, &[22])
    }),
    ("keep-accounts", |_| reaches(on_path(nr::ACCT, "/does/not/exist", []), &[2])),
    ("set-the-time-zone", |_| {
        let mut zone = [0_u32; 2];
        call(nr::GETTIMEOFDAY, [0, into(&mut zone)])?;
        call(nr::SETTIMEOFDAY, [0, from(&zone)]).map(drop)
    }),
    ("set-the-clock", |_| {
        let mut time = [0_u64; 2];
        call(nr::CLOCK_GETTIME, [0, into(&mut time)])?;
        call(nr::CLOCK_SETTIME, [0, from(&time)]).map(drop)
    }),
    ("tune-the-clock", |_| {
        let mut time = [0_u64; 26];
        call(nr::ADJTIMEX, [into(&mut time)])?;
        // ADJ_TICK with the tick that there is.
        time[0] = 0x4000;
        call(nr::CLOCK_ADJTIME, [0, into(&mut time)]).map(drop)
    }),
    ("every-port", |_| call(nr::IOPL, [3]).map(drop)),
    ("some-ports", |_| call(nr::IOPERM, [0x80, 1, 1]).map(drop)),
    ("hang-up-the-terminal", |_| {
        // In a session without one nobody is hung up.
        _ = call(nr::SETSID, []);
        call(nr::VHANGUP, []).map(drop)
    }),
    ("another-root", |_| {
        apart();
        on_path(nr::CHROOT, "/", []).map(drop)
    }),
    ("quota", |_| reaches(on_path(nr::QUOTACTL, "/dev/null", []), &[2, 15, 22])),
    ("a-file-that-nobody-can-change", |_| {
        // FS_IOC_SETFLAGS with FS_IMMUTABLE_FL.
        let path = scratch()?;
        std::fs::write(&path, "x")?;
        let file = crate::attempt::open(&path, 0)?;
        let set = call(nr::IOCTL, [file, 0x4008_6602, from(&0x10_u64)]);
        _ = call(nr::IOCTL, [file, 0x4008_6602, from(&0_u64)]);
        _ = std::fs::remove_file(&path);
        set.map(drop)
    }),
    ("a-file-of-somebody-else", |_| {
        let path = scratch()?;
        std::fs::write(&path, "x")?;
        let set = on_path(nr::CHOWN, &path, [1234, 1234]);
        _ = std::fs::remove_file(&path);
        set.map(drop)
    }),
    ("a-file-with-capabilities", |_| {
        let path = scratch()?;
        std::fs::write(&path, "x")?;
        let data = [0x0200_0000_u32, 1 << 18, 0, 0, 0];
        let name = crate::sys::text("security.capability");
        let set = on_path(nr::SETXATTR, &path, [from(name.as_bytes_with_nul()), from(&data), 20, 0]);
        _ = std::fs::remove_file(&path);
        set.map(drop)
    }),
    ("a-file-with-a-trusted-attribute", |_| {
        let path = scratch()?;
        std::fs::write(&path, "x")?;
        let name = crate::sys::text("trusted.boxwright");
        let set = on_path(nr::SETXATTR, &path, [from(name.as_bytes_with_nul()), from("x"), 1, 0]);
        _ = std::fs::remove_file(&path);
        set.map(drop)
    }),
    ("more-limits", |_| {
        let mut limits = [0_u64; 2];
        call(nr::PRLIMIT64, [0, 7, 0, into(&mut limits)])?;
        limits[1] += 1;
        call(nr::PRLIMIT64, [0, 7, from(&limits), 0]).map(drop)
    }),
    ("a-name-for-everybody", |_| {
        // Devices and their nodes are for who has CAP_MKNOD.
        let path = scratch()?;
        at_path(nr::MKNODAT, AT_FDCWD, &path, [0o020_600, 0x103])?;
        _ = std::fs::remove_file(&path);
        Ok(())
    }),
    ("wake-the-machine", |_| {
        // CLOCK_REALTIME_ALARM.
        expect(call(nr::TIMERFD_CREATE, [8, 0]).is_ok(), "refused")
    }),
];
