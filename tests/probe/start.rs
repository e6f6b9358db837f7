//! Starts programs: under hostile conditions, as somebody else, and watched for what they leave behind.

use crate::mounts;
use crate::sys::{call, errno_name, from, into, io_errno, nr, text};
use crate::{fact, usage};
use std::fs;
use std::time::{Duration, Instant};

/// Applies the conditions before `--` in their order, then executes what follows it.
pub fn start(arguments: &[String]) -> ! {
    let Some(end) = arguments.iter().position(|argument| argument == "--") else {
        usage("`--start` wants `--`")
    };
    let (conditions, program) = (&arguments[..end], &arguments[end + 1..]);
    let mut shape = Shape { arguments: program.to_vec(), environment: None };
    for condition in conditions {
        let (name, value) = condition.split_once('=').unwrap_or((condition, ""));
        apply(name, value, &mut shape);
    }
    let Some(path) = program.first() else { usage("`--start` wants a program") };
    let errno = execute(path, &shape);
    eprintln!("probe: {path}: {}", errno_name(errno));
    std::process::exit(99)
}

/// argv and envp of the program to be.
struct Shape {
    arguments: Vec<String>,
    environment: Option<Vec<String>>,
}

fn apply(name: &str, value: &str, shape: &mut Shape) {
    let done = match name {
        "user" => become_user(u64::from(number(value).unsigned_abs())),
        "close" => call(nr::CLOSE, [parse(value), 0, 0, 0, 0, 0]).map(drop),
        "descriptors" => open_descriptors(parse(value)),
        "ignore" => ignore(parse(value)).map(drop),
        "block" => call(nr::RT_SIGPROCMASK, [0, from(&(1_u64 << (parse(value) - 1))), 0, 8, 0, 0]).map(drop),
        "umask" => call(nr::UMASK, [u64::from_str_radix(value, 8).unwrap_or(0), 0, 0, 0, 0, 0]).map(drop),
        "chroot" => change_root(value),
        "user_namespace" => user_namespace().map_err(|(_, errno)| errno),
        "unshare" => unshare(value),
        "loopback" => crate::network::bring_up(),
        "init" => become_init(),
        "pod" => hold_pod(),
        "open" => open_at(value, fs::OpenOptions::new().read(true)),
        "append" => open_at(value, fs::OpenOptions::new().append(true).create(true)),
        "cgroup" => fs::write(format!("{value}/cgroup.procs"), "0").map_err(io_errno),
        "mount_namespace" => mounts::namespace(),
        "tied_namespace" => mounts::tied_namespace(),
        "enter" => mounts::enter(value),
        "memory" => mounts::mount("tmpfs", value, 0),
        "own_proc" => mounts::mount("proc", "/proc", 0),
        "tmpfs" => mounts::tmpfs(value),
        "tmpfs_over" => mounts::namespace().and_then(|()| mounts::mount("tmpfs", value, 0)),
        "full" => mounts::full(value),
        "share" => mounts::share(value),
        "shared_mounts" => mounts::namespace().and_then(|()| mounts::share("/")),
        "restrict" => mounts::restrict(value),
        "read_only" => mounts::namespace().and_then(|()| mounts::read_only()),
        "bind" => mounts::bind(value),
        "cover" => mounts::namespace().and_then(|()| mounts::bind(value)),
        "directory" => fs::create_dir_all(value).map_err(io_errno),
        "no_user_namespaces" => fs::write("/proc/sys/user/max_user_namespaces", "0").map_err(io_errno),
        "groups" => groups(parse(value)),
        "securebits" => call(nr::PRCTL, [28, parse(value), 0, 0, 0, 0]).map(drop),
        "no_bounding" => no_bounding(),
        "deleted_directory" => deleted_directory(value),
        "limit" => limit(value),
        "personality" => call(nr::PERSONALITY, [parse(value), 0, 0, 0, 0, 0]).map(drop),
        "no_arguments" => {
            shape.arguments.clear();
            Ok(())
        }
        "no_environment" => {
            shape.environment = Some(Vec::new());
            Ok(())
        }
        "large_environment" => {
            // An argument may have 128 KiB (execve(2)).
            let values = (0..parse(value)).map(|number| format!("LARGE{number}={}", "x".repeat(100_000)));
            shape.environment.get_or_insert_default().extend(values);
            Ok(())
        }
        "environment" => {
            shape.environment.get_or_insert_default().push(value.to_owned());
            Ok(())
        }
        "cwd" => std::env::set_current_dir(value).map_err(io_errno),
        "chroot_alone" => change_root_alone(value),
        "inheritable" => inheritable(),
        "listen" => crate::listen::open(number(value)).map_err(io_errno),
        "listen_pid" => {
            let own = format!("LISTEN_PID={}", std::process::id());
            shape.environment.get_or_insert_default().push(own);
            Ok(())
        }
        "watchdog_pid" => {
            let own = format!("WATCHDOG_PID={}", std::process::id());
            shape.environment.get_or_insert_default().push(own);
            Ok(())
        }
        "directory_at" => directory_at(parse(value)),
        "session_key" => crate::keys::add(value),
        "subreaper" => watch(),
        "parent_dies" => parent_dies(parse(value)),
        "parent" => parent(),
        "terminal" => controlling_terminal(),
        _ => crate::caller::apply(name, value)
            .unwrap_or_else(|| usage(&format!("`{name}` is not a condition that it knows"))),
    };
    if let Err(errno) = done {
        eprintln!("probe: {name}: {}", errno_name(errno));
        std::process::exit(98);
    }
}

/// The number in a question; anything else is a mistake of the test.
pub fn number(value: &str) -> i32 {
    value.parse().unwrap_or_else(|_| usage(&format!("`{value}` is not a number")))
}

/// A number of a condition.
pub fn parse(value: &str) -> u64 {
    u64::from(number(value).unsigned_abs())
}

fn execute(path: &str, shape: &Shape) -> i32 {
    let pointers = |texts: &[std::ffi::CString]| -> Vec<u64> {
        texts.iter().map(|text| from(text.as_bytes_with_nul())).chain([0]).collect()
    };
    let arguments: Vec<_> = shape.arguments.iter().map(|argument| text(argument)).collect();
    let environment: Vec<_> = match &shape.environment {
        Some(variables) => variables.iter().map(|variable| text(variable)).collect(),
        None => std::env::vars().map(|(name, value)| text(&format!("{name}={value}"))).collect(),
    };
    let path = text(path);
    let (argv, envp) = (pointers(&arguments), pointers(&environment));
    let address = from(path.as_bytes_with_nul());
    call(nr::EXECVE, [address, from(argv.as_slice()), from(envp.as_slice()), 0, 0, 0]).err().unwrap_or(0)
}

fn become_user(id: u64) -> Result<(), i32> {
    call(nr::SETGROUPS, [0; 6])?;
    call(nr::SETRESGID, [id, id, id, 0, 0, 0])?;
    call(nr::SETRESUID, [id, id, id, 0, 0, 0])?;
    // A change of ids hides the process from itself in /proc until it executes something.
    call(nr::PRCTL, [4, 1, 0, 0, 0, 0]).map(drop)
}

fn open_descriptors(count: u64) -> Result<(), i32> {
    let null = fs::File::open("/dev/null").map_err(io_errno)?;
    let source = u64::from(std::os::fd::AsRawFd::as_raw_fd(&null).unsigned_abs());
    for target in 3..count + 3 {
        // dup2 clears close-on-exec, so the program would inherit them all.
        call(nr::DUP2, [source, target, 0, 0, 0, 0])?;
    }
    std::mem::forget(null);
    Ok(())
}

/// `9:/path`: what is there, open as that descriptor.
fn open_at(value: &str, how: &fs::OpenOptions) -> Result<(), i32> {
    let (descriptor, path) =
        value.split_once(':').unwrap_or_else(|| usage("`open` and `append` take NUMBER:PATH"));
    let file = how.open(path).map_err(io_errno)?;
    let source = u64::from(std::os::fd::AsRawFd::as_raw_fd(&file).unsigned_abs());
    let target = parse(descriptor);
    call(nr::DUP2, [source, target, 0, 0, 0, 0])?;
    if source == target {
        std::mem::forget(file);
    }
    // F_SETFD: the program inherits it.
    call(nr::FCNTL, [target, 2, 0, 0, 0, 0]).map(drop)
}

/// `FLAGS`, or `FLAGS:ID` to map itself to that id of the new user namespace.
fn unshare(value: &str) -> Result<(), i32> {
    let (flags, inside) = value.split_once(':').map_or((value, None), |(flags, id)| (flags, Some(id)));
    let (uid, gid) = effective_ids();
    call(nr::UNSHARE, [u64::from_str_radix(flags, 16).unwrap_or(0), 0, 0, 0, 0, 0])?;
    inside.map_or(Ok(()), |id| map_own(id, uid, gid).map_err(|(_, errno)| errno))
}

fn effective_ids() -> (u32, u32) {
    let mut ids = [[0_u32; 3]; 2];
    for (ids, number) in ids.iter_mut().zip([nr::GETRESUID, nr::GETRESGID]) {
        let [real, effective, saved] = ids;
        _ = call(number, [into(real), into(effective), into(saved), 0, 0, 0]);
    }
    (ids[0][1], ids[1][1])
}

/// What an ordinary user may write to the maps of a new user namespace: one line about itself.
fn map_own(inside: &str, uid: u32, gid: u32) -> Result<(), (&'static str, i32)> {
    let write = |file: &'static str, content: String| {
        fs::write(format!("/proc/self/{file}"), content).map_err(|error| (file, io_errno(error)))
    };
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("{inside} {uid} 1"))?;
    write("gid_map", format!("{inside} {gid} 1"))
}

/// A user, a network and an IPC namespace, with lo up, open as 7, 8 and 9; whoever made them has ended.
fn hold_pod() -> Result<(), i32> {
    let mut pipes = [0_u64; 2];
    let (uid, gid) = effective_ids();
    for pipe in &mut pipes {
        let mut ends = [0_u32; 2];
        call(nr::PIPE2, [into(&mut ends), 0o2_000_000, 0, 0, 0, 0])?;
        *pipe = u64::from(ends[1]) << 32 | u64::from(ends[0]);
    }
    let tell = |pipe: u64| call(nr::WRITE, [pipe >> 32, from("!"), 1, 0, 0, 0]).map(drop);
    let hear = |pipe: u64| call(nr::READ, [pipe & 0xffff_ffff, into(&mut [0_u8; 1]), 1, 0, 0, 0]).map(drop);
    let child = call(nr::FORK, [0; 6])?;
    if child == 0 {
        let made = unshare("58020000").and_then(|()| crate::network::bring_up());
        _ = made.and_then(|()| tell(pipes[0])).and_then(|()| hear(pipes[1]));
        std::process::exit(0);
    }
    hear(pipes[0])?;
    let write =
        |file: &str, content: String| fs::write(format!("/proc/{child}/{file}"), content).map_err(io_errno);
    if uid != 0 {
        write("setgroups", "deny".to_owned())?;
    }
    for (file, id) in [("uid_map", uid), ("gid_map", gid)] {
        write(file, if uid == 0 { "0 200000 70000".to_owned() } else { format!("65534 {id} 1") })?;
    }
    for (descriptor, kind) in [(7, "user"), (8, "net"), (9, "ipc"), (10, "mnt")] {
        open_at(&format!("{descriptor}:/proc/{child}/ns/{kind}"), fs::OpenOptions::new().read(true))?;
    }
    tell(pipes[1])?;
    call(nr::WAIT4, [child, 0, 0, 0, 0, 0]).map(drop)
}

/// Goes on in a child, the first process of a new pid namespace, which ends with this one.
fn become_init() -> Result<(), i32> {
    go_on_in_child()?;
    call(nr::PRCTL, [1, 9, 0, 0, 0, 0]).map(drop)
}

/// From here on this signal is ignored.
pub fn ignore(signal: u64) -> Result<u64, i32> {
    // struct kernel_sigaction with the handler SIG_IGN.
    call(nr::RT_SIGACTION, [signal, from(&[1_u64, 0, 0, 0]), 0, 8, 0, 0])
}

/// The working directory stays outside.
fn change_root_alone(path: &str) -> Result<(), i32> {
    let directory = text(path);
    call(nr::CHROOT, [from(directory.as_bytes_with_nul()), 0, 0, 0, 0, 0]).map(drop)
}

fn change_root(path: &str) -> Result<(), i32> {
    change_root_alone(path)?;
    std::env::set_current_dir("/").map_err(io_errno)
}

fn groups(count: u64) -> Result<(), i32> {
    let list: Vec<u32> = (1000..).take(usize::try_from(count).unwrap_or(0)).collect();
    call(nr::SETGROUPS, [count, from(list.as_slice()), 0, 0, 0, 0]).map(drop)
}

fn no_bounding() -> Result<(), i32> {
    // PR_CAPBSET_DROP, up to the first that the kernel does not know.
    let dropped = (0..64).map(|capability| call(nr::PRCTL, [24, capability, 0, 0, 0, 0]));
    let mut failed = dropped.filter_map(Result::err);
    failed.find(|errno| *errno != 22).map_or(Ok(()), Err)
}

fn deleted_directory(path: &str) -> Result<(), i32> {
    let directory = format!("{path}/deleted-{}", std::process::id());
    fs::create_dir(&directory).and_then(|()| std::env::set_current_dir(&directory)).map_err(io_errno)?;
    fs::remove_dir(directory).map_err(io_errno)
}

/// `RESOURCE:SOFT`, or `RESOURCE:SOFT:HARD`.
fn limit(value: &str) -> Result<(), i32> {
    let numbers: Vec<u64> = value.split(':').map(parse).collect();
    let mut limits = [0_u64; 2];
    call(nr::PRLIMIT64, [0, numbers[0], 0, into(&mut limits), 0, 0])?;
    limits[0] = numbers[1];
    limits[1] = numbers.get(2).copied().unwrap_or(limits[1]);
    call(nr::PRLIMIT64, [0, numbers[0], from(&limits), 0, 0, 0]).map(drop)
}

/// Everything that is permitted becomes inheritable, and ambient.
fn inheritable() -> Result<(), i32> {
    let header = [0x2008_0522_u32, 0];
    let mut data = [[0_u32; 3]; 2];
    call(nr::CAPGET, [from(&header), into(&mut data), 0, 0, 0, 0])?;
    for word in &mut data {
        word[2] = word[1];
    }
    call(nr::CAPSET, [from(&header), from(&data), 0, 0, 0, 0])?;
    // PR_CAP_AMBIENT with PR_CAP_AMBIENT_RAISE.
    let permitted = u64::from(data[1][1]) << 32 | u64::from(data[0][1]);
    let set = (0..64).filter(|capability| permitted >> capability & 1 == 1);
    set.into_iter().try_for_each(|capability| call(nr::PRCTL, [47, 2, capability, 0, 0, 0]).map(drop))
}

/// The root directory, open at this descriptor.
fn directory_at(descriptor: u64) -> Result<(), i32> {
    let root = fs::File::open("/").map_err(io_errno)?;
    let source = u64::from(std::os::fd::AsRawFd::as_raw_fd(&root).unsigned_abs());
    if source == descriptor {
        call(nr::FCNTL, [source, 2, 0, 0, 0, 0])?;
        std::mem::forget(root);
        return Ok(());
    }
    call(nr::DUP2, [source, descriptor, 0, 0, 0, 0]).map(drop)
}

/// Enters a new user namespace, alone mapped to 0 in it, with a mount namespace, and tries a mount.
pub fn user_namespace() -> Result<(), (&'static str, i32)> {
    let (uid, gid) = effective_ids();
    call(nr::UNSHARE, [0x1000_0000 | 0x2_0000, 0, 0, 0, 0, 0]).map_err(|errno| ("unshare", errno))?;
    map_own("0", uid, gid)?;
    mounts::make_private().map_err(|errno| ("mount", errno))
}

/// Whether a user namespace can be had here, and a mount inside it; says which step was refused.
pub fn user_namespace_facts() {
    let found = user_namespace();
    fact(
        "user_namespace",
        found.map_or_else(|(step, errno)| format!("{step}: {}", errno_name(errno)), |()| "ok".into()),
    );
}

/// Goes on in a child; the parent adopts every orphan of it and says what was left when the child ended.
fn watch() -> Result<(), i32> {
    call(nr::PRCTL, [36, 1, 0, 0, 0, 0])?;
    let child = call(nr::FORK, [0; 6])?;
    if child == 0 {
        return Ok(());
    }
    let mut status = 0_i32;
    call(nr::WAIT4, [child, into(&mut status), 0, 0, 0, 0])?;
    eprintln!("status={}", if status & 0x7f == 0 { status >> 8 & 0xff } else { 128 + (status & 0x7f) });
    // What is dying already may take a moment to be gone.
    let deadline = Instant::now() + Duration::from_secs(8);
    while call(nr::WAIT4, [u64::MAX, 0, 1, 0, 0, 0]).is_ok() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
    let left = call(nr::WAIT4, [u64::MAX, 0, 1, 0, 0, 0]) != Err(10);
    eprintln!("left={}", if left { "processes" } else { "nothing" });
    std::process::exit(0)
}

/// Goes on in a child; the parent ends after that many milliseconds.
fn parent_dies(milliseconds: u64) -> Result<(), i32> {
    if call(nr::FORK, [0; 6])? == 0 {
        return Ok(());
    }
    std::thread::sleep(Duration::from_millis(milliseconds));
    std::process::exit(0)
}

/// Goes on in a child and waits for it.
fn parent() -> Result<(), i32> {
    let child = call(nr::FORK, [0; 6])?;
    if child != 0 {
        call(nr::WAIT4, [child, 0, 0, 0, 0, 0])?;
        std::process::exit(0);
    }
    Ok(())
}

/// Goes on in a child, and hands its status on.
pub fn go_on_in_child() -> Result<(), i32> {
    let child = call(nr::FORK, [0; 6])?;
    if child != 0 {
        let mut status = 0_i32;
        call(nr::WAIT4, [child, into(&mut status), 0, 0, 0, 0])?;
        std::process::exit(if status & 0x7f == 0 { status >> 8 & 0xff } else { 128 + (status & 0x7f) });
    }
    Ok(())
}

/// A new session whose controlling terminal is a fresh pseudo-terminal, which is also standard input.
fn controlling_terminal() -> Result<(), i32> {
    let leader = fs::OpenOptions::new().read(true).write(true).open("/dev/ptmx").map_err(io_errno)?;
    let descriptor = u64::from(std::os::fd::AsRawFd::as_raw_fd(&leader).unsigned_abs());
    let mut unlock = 0_i32;
    call(nr::IOCTL, [descriptor, 0x4004_5431, into(&mut unlock), 0, 0, 0])?;
    let mut number = 0_i32;
    call(nr::IOCTL, [descriptor, 0x8004_5430, into(&mut number), 0, 0, 0])?;
    // A session leader cannot make another session.
    go_on_in_child()?;
    call(nr::SETSID, [0; 6])?;
    let follower =
        fs::OpenOptions::new().read(true).write(true).open(format!("/dev/pts/{number}")).map_err(io_errno)?;
    let descriptor = u64::from(std::os::fd::AsRawFd::as_raw_fd(&follower).unsigned_abs());
    call(nr::IOCTL, [descriptor, 0x540e, 0, 0, 0, 0])?;
    call(nr::DUP2, [descriptor, 0, 0, 0, 0, 0]).map(drop)
}

/// Makes children that sleep until no more can be made, but at most so many.
pub fn fork_bomb(most: i32) {
    let made = (0..most).take_while(|_| match call(nr::FORK, [0; 6]) {
        Ok(0) => {
            std::thread::sleep(Duration::from_secs(2));
            std::process::exit(0)
        }
        result => result.is_ok(),
    });
    fact("forked", made.count());
}

/// Leaves a grandchild behind that sleeps.
pub fn orphan(milliseconds: i32) {
    match call(nr::FORK, [0; 6]) {
        Ok(0) => {
            if call(nr::FORK, [0; 6]) == Ok(0) {
                std::thread::sleep(Duration::from_millis(u64::from(milliseconds.unsigned_abs())));
            }
            std::process::exit(0)
        }
        Ok(child) => _ = call(nr::WAIT4, [child, 0, 0, 0, 0, 0]),
        Err(errno) => fact("orphan", errno_name(errno)),
    }
}

/// Runs a program and says how it ended.
pub fn run(program: &str, arguments: &[&str]) {
    let result = std::process::Command::new(program).args(arguments).status();
    let ended = result.map_or_else(
        |error| errno_name(io_errno(error)),
        |status| {
            std::os::unix::process::ExitStatusExt::signal(&status)
                .map_or_else(|| status.code().unwrap_or(0).to_string(), |signal| format!("signal {signal}"))
        },
    );
    fact(&format!("run.{program}"), ended);
}
