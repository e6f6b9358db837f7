//! Parts of the kernel that an ordinary program does not need, and that have been its ways in.

use crate::attempt::{AT_FDCWD, Attempt, Probe, at_path, call, on_path, own_pid};
use crate::sys::{from, into, nr};

pub const PROBES: &[Probe] = &[
    ("bpf-program", |_| {
        // struct bpf_attr: BPF_PROG_TYPE_SOCKET_FILTER of two instructions, r0 = 0 and exit.
        let code = [0xb7_u64, 0x95];
        let license = c"GPL".to_bytes_with_nul();
        let attributes = [1 | 2_u64 << 32, from(&code), from(license), 0, 0, 0, 0, 0];
        call(nr::BPF, [5, from(&attributes), 64]).map(drop)
    }),
    ("bpf-map", |_| {
        // BPF_MAP_TYPE_ARRAY of one word.
        let attributes = [2 | 4_u64 << 32, 4 | 1_u64 << 32, 0, 0];
        call(nr::BPF, [0, from(&attributes), 32]).map(drop)
    }),
    ("performance-events", |_| event(0)),
    ("performance-events-of-everything", |_| event(u64::MAX)),
    ("events-of-the-file-system", |_| call(nr::FANOTIFY_INIT, [0, 0]).map(drop)),
    ("user-fault-descriptor", |_| call(nr::USERFAULTFD, [1]).map(drop)),
    ("new-mount-calls", |_| on_path(nr::FSOPEN, "ext4", [0]).map(drop)),
    ("file-system-parameters", |_| crate::attempt::reaches(call(nr::FSCONFIG, [63, 0, 0, 0, 0]), &[9, 22])),
    ("mount-statistics", |_| {
        let (request, mut facts) = ([24_u64, 1, 1, 0], [0_u64; 64]);
        crate::attempt::reaches(call(nr::STATMOUNT, [from(&request), into(&mut facts), 512, 0]), &[2, 22])
    }),
    ("security-modules", |_| {
        let (mut buffer, mut size) = ([0_u8; 256], 256_u32);
        let asked = call(nr::LSM_GET_SELF_ATTR, [100, into(&mut buffer), into(&mut size), 0]);
        crate::attempt::reaches(asked, &[22, 95])
    }),
    ("compare-kernel-objects", |_| call(nr::KCMP, [own_pid(), own_pid(), 2, 0, 0]).map(drop)),
    ("memory-policy", |_| {
        let address = call(nr::MMAP, [0, 4096, 3, 0x22, u64::MAX, 0])?;
        let nodes = [1_u64];
        call(nr::MBIND, [address, 4096, 2, from(&nodes), 64, 0]).map(drop)
    }),
    ("move-own-pages", |_| call(nr::MIGRATE_PAGES, [0, 2, from(&[1_u64]), from(&[1_u64])]).map(drop)),
    ("kernel-log", |_| {
        let mut text = [0_u8; 256];
        call(nr::SYSLOG, [3, into(&mut text), 256]).map(drop)
    }),
    ("size-of-the-kernel-log", |_| call(nr::SYSLOG, [10, 0, 0]).map(drop)),
    ("file-handles", |_| {
        let (mut handle, mut mount) = ([0_u32; 34], 0_i32);
        handle[0] = 128;
        at_path(
            nr::NAME_TO_HANDLE_AT,
            AT_FDCWD,
            "/proc/self/exe",
            [into(&mut handle), into(&mut mount), 0x400],
        )
        .map(drop)
    }),
    ("crashing-clock", |_| {
        let mut time = [0_u64; 26];
        // Reading asks for no privilege.
        call(nr::ADJTIMEX, [into(&mut time)]).map(drop)
    }),
];

/// A software clock of this process; or of all processes on the first processor.
fn event(process: u64) -> Attempt {
    let mut event = [0_u32; 32];
    event[..3].copy_from_slice(&[1, 128, 1]);
    event[10] = 0b110_0000;
    let processor = if process == 0 { u64::MAX } else { 0 };
    call(nr::PERF_EVENT_OPEN, [from(&event), process, processor, u64::MAX, 0]).map(drop)
}
