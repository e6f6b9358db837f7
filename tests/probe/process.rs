//! Who the process is: ids, capabilities, namespaces, limits, signals, descriptors, environment.

use crate::sys::{call, errno_name, from, into, nr, outcome};
use crate::{fact, usage};
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

/// Ids, groups, the five capability sets, no_new_privs, the filter's mode, process ids; without /proc.
pub fn identity() {
    let mut ids = [0_u32; 3];
    for (key, number) in [("uid", nr::GETRESUID), ("gid", nr::GETRESGID)] {
        let [real, effective, saved] = &mut ids;
        let got = call(number, [into(real), into(effective), into(saved), 0, 0, 0]);
        fact(key, got.map_or_else(errno_name, |_| format!("{},{},{}", ids[0], ids[1], ids[2])));
    }
    let mut groups = [0_u32; 256];
    let count = call(nr::GETGROUPS, [groups.len() as u64, into(&mut groups), 0, 0, 0, 0]);
    let listed =
        |count| groups.iter().zip(0..count).map(|(group, _)| group.to_string()).collect::<Vec<_>>().join(",");
    fact("groups", count.map_or_else(errno_name, listed));
    capabilities();
    fact("no_new_privs", prctl(39, 0, 0).unwrap_or(99));
    fact("seccomp", prctl(21, 0, 0).map_or_else(errno_name, |mode| mode.to_string()));
    fact("dumpable", prctl(3, 0, 0).unwrap_or(99));
    fact("parent_death_signal", parent_death_signal());
    fact("pid", call(nr::GETPID, [0; 6]).unwrap_or(0));
    fact("ppid", call(nr::GETPPID, [0; 6]).unwrap_or(0));
    fact("sid", call(nr::GETSID, [0; 6]).unwrap_or(0));
}

fn prctl(option: u64, second: u64, third: u64) -> Result<u64, i32> {
    call(nr::PRCTL, [option, second, third, 0, 0, 0])
}

fn parent_death_signal() -> i32 {
    let mut signal = 0_i32;
    _ = prctl(2, into(&mut signal), 0);
    signal
}

fn capabilities() {
    let header = [0x2008_0522_u32, 0];
    let mut data = [[0_u32; 3]; 2];
    let got = call(nr::CAPGET, [from(&header), into(&mut data), 0, 0, 0, 0]);
    for (index, key) in ["effective", "permitted", "inheritable"].iter().enumerate() {
        let set = u64::from(data[1][index]) << 32 | u64::from(data[0][index]);
        fact(key, got.map_or_else(errno_name, |_| format!("{set:x}")));
    }
    // PR_CAPBSET_READ, and PR_CAP_AMBIENT with PR_CAP_AMBIENT_IS_SET.
    let bounding = (0..64).filter(|capability| prctl(23, *capability, 0) == Ok(1));
    fact("securebits", prctl(27, 0, 0).map_or_else(errno_name, |bits| format!("{bits:x}")));
    fact("bounding", format!("{:x}", bounding.fold(0_u64, |set, capability| set | 1 << capability)));
    let ambient = (0..64).filter(|capability| prctl(47, 1, *capability) == Ok(1));
    fact("ambient", format!("{:x}", ambient.fold(0_u64, |set, capability| set | 1 << capability)));
}

/// The id maps, and whether groups can be set.
pub fn maps() {
    for file in ["uid_map", "gid_map", "setgroups"] {
        let text = fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_else(|error| error.to_string());
        let words: Vec<String> =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        fact(file, words.join(";"));
    }
    fact("setgroups_call", outcome(call(nr::SETGROUPS, [0; 6])));
}

/// The eight namespaces, as the kernel names them.
pub fn namespaces() {
    for name in ["mnt", "uts", "ipc", "pid", "net", "user", "cgroup", "time"] {
        let link = fs::read_link(format!("/proc/self/ns/{name}"));
        fact(
            &format!("ns.{name}"),
            link.map_or_else(|error| error.to_string(), |path| path.display().to_string()),
        );
    }
}

/// The open descriptors, found without /proc; with it, what they are.
pub fn descriptors() {
    let limit = limit(7).map_or(1024, |(_, hard)| hard.min(1 << 17));
    let open: Vec<u64> = (0..limit).filter(|fd| call(nr::FCNTL, [*fd, 1, 0, 0, 0, 0]).is_ok()).collect();
    fact("descriptors", open.iter().map(u64::to_string).collect::<Vec<_>>().join(","));
    for fd in open {
        if let Ok(target) = fs::read_link(format!("/proc/self/fd/{fd}")) {
            fact(&format!("descriptor.{fd}"), target.display());
        }
    }
}

fn limit(resource: u64) -> Option<(u64, u64)> {
    let mut limits = [0_u64; 2];
    call(nr::PRLIMIT64, [0, resource, 0, into(&mut limits), 0, 0]).ok()?;
    Some((limits[0], limits[1]))
}

/// All sixteen resource limits, by number.
pub fn rlimits() {
    let word = |value: u64| if value == u64::MAX { "max".to_owned() } else { value.to_string() };
    for resource in 0..16 {
        let text =
            limit(resource).map_or("?".to_owned(), |(soft, hard)| format!("{},{}", word(soft), word(hard)));
        fact(&format!("rlimit.{resource}"), text);
    }
}

/// The standard signals that are ignored, and all that are blocked. Of the others, posix_spawn(3) ignores two.
pub fn signals() {
    let mut blocked = 0_u64;
    _ = call(nr::RT_SIGPROCMASK, [0, 0, into(&mut blocked), 8, 0, 0]);
    let ignored = (1..=31_u64).filter(|signal| {
        let mut action = [0_u64; 4];
        call(nr::RT_SIGACTION, [*signal, 0, into(&mut action), 8, 0, 0]).is_ok() && action[0] == 1
    });
    // The standard library ignores SIGPIPE before main.
    let listed: Vec<String> =
        ignored.filter(|signal| *signal != 13).map(|signal| signal.to_string()).collect();
    fact("ignored", listed.join(","));
    fact("blocked", format!("{blocked:x}"));
}

/// The environment and the number of arguments.
pub fn environment() {
    let mut variables: Vec<_> = std::env::vars_os().collect();
    variables.sort();
    for (name, value) in variables {
        fact(&format!("env.{}", name.to_string_lossy()), value.to_string_lossy());
    }
    fact("argc", std::env::args_os().len());
    fact("argv0", std::env::args_os().next().unwrap_or_default().to_string_lossy());
}

/// `asm-generic/ioctls.h`.
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541C;

/// Is there a controlling terminal, and can a byte be pushed into it?
pub fn terminal() {
    fact("tty", crate::sys::io_outcome(fs::File::open("/dev/tty")));
    let mut settings = [0_u8; 64];
    for fd in 0..3_u64 {
        fact(&format!("terminal.{fd}"), outcome(call(nr::IOCTL, [fd, 0x5401, into(&mut settings), 0, 0, 0])));
    }
    fact("push", outcome(call(nr::IOCTL, [0, TIOCSTI, from("\n"), 0, 0, 0])));
    fact("push.high", outcome(call(nr::IOCTL, [0, 1 << 32 | TIOCSTI, from("\n"), 0, 0, 0])));
    fact("paste", outcome(call(nr::IOCTL, [0, TIOCLINUX, from(&[3_u8, 0]), 0, 0, 0])));
}

/// The session keyring's serial number, without making one.
pub fn keyring() {
    // KEYCTL_GET_KEYRING_ID of KEY_SPEC_SESSION_KEYRING.
    let serial = call(nr::KEYCTL, [0, (-3_i64).cast_unsigned(), 0, 0, 0, 0]);
    fact("keyring", serial.map_or_else(errno_name, |serial| serial.to_string()));
}

/// The working directory and the file mode creation mask.
pub fn place() {
    let here = std::env::current_dir();
    fact("cwd", here.map_or_else(|error| error.to_string(), |path| path.display().to_string()));
    let mask = call(nr::UMASK, [0o077, 0, 0, 0, 0, 0]);
    fact("umask", mask.map_or_else(errno_name, |mask| format!("{mask:o}")));
}

/// The processes that /proc shows.
pub fn processes() {
    let entries =
        fs::read_dir("/proc").map(|entries| entries.flatten().collect()).unwrap_or_else(|_| Vec::new());
    let mut pids: Vec<u32> =
        entries.iter().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    let mut list = String::new();
    for pid in pids {
        let command = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        _ = write!(list, "{pid}:{} ", command.trim());
    }
    fact("processes", list.trim_end());
}

/// Three clocks, in seconds.
pub fn clocks() {
    for (key, clock) in [("realtime", 0), ("monotonic", 1), ("boottime", 7)] {
        let mut time = [0_i64; 2];
        _ = call(nr::CLOCK_GETTIME, [clock, into(&mut time), 0, 0, 0, 0]);
        fact(key, time[0]);
    }
}

/// What a system call answers to these arguments, hexadecimal numbers, and to zeros in the place of the rest; a filter
/// answers before the kernel looks at them.
pub fn call_alone(number: &str, written: &[&str]) {
    let Ok(parsed) = number.parse() else { usage("`call` takes a number") };
    let mut arguments = [0; 6];
    for (argument, digits) in arguments.iter_mut().zip(written) {
        *argument = u64::from_str_radix(digits, 16).unwrap_or_else(|_| usage("arguments are hexadecimal"));
    }
    let key = [&["call", number], written].concat().join(".");
    fact(&key, outcome(call(parsed, arguments)));
}

/// Dies by a signal.
pub fn kill_self(signal: i32) {
    let own = call(nr::GETPID, [0; 6]).unwrap_or(0);
    fact("kill", outcome(call(nr::KILL, [own, u64::from(signal.unsigned_abs()), 0, 0, 0, 0])));
}

/// Says that it is there, and ends when nothing more can come on standard input.
pub fn hold(status: i32) -> ! {
    println!("ready=yes");
    _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    std::process::exit(status)
}

/// Waits.
pub fn sleep(milliseconds: i32) {
    fact("ready", "yes");
    std::thread::sleep(Duration::from_millis(u64::from(milliseconds.unsigned_abs())));
}

/// Takes so much memory, and uses it.
pub fn allocate(mebibytes: i32) {
    let taken: Vec<Vec<u8>> = (0..mebibytes).map(|_| vec![1; 1 << 20]).collect();
    fact("allocated", taken.iter().map(|part| usize::from(part[4096])).sum::<usize>());
}

/// Says that it is ready, waits for a signal for at most five seconds, and says what came.
pub fn wait_for(signal: i32) {
    let set = 1_u64 << (signal - 1);
    _ = call(nr::RT_SIGPROCMASK, [0, from(&set), 0, 8, 0, 0]);
    fact("ready", "yes");
    let timeout = [5_i64, 0];
    let got = call(nr::RT_SIGTIMEDWAIT, [from(&set), 0, from(&timeout), 8, 0, 0]);
    fact("signal", got.map_or_else(errno_name, |signal| signal.to_string()));
}
