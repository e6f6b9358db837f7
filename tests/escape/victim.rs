//! Whom the attempts are about: a process outside of every sandbox, with everything that must stay out of reach.

use crate::attempt::{AT_FDCWD, Stopped, at_path, call, on_path};
use crate::sys::{from, into, nr, text};
use std::fmt::Display;
use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::IntoRawFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Files with the secret, each of which one attempt is about.
const FILES: &[&str] = &[
    "read",
    "write",
    "append",
    "truncate",
    "unlink",
    "rename",
    "exchange",
    "link",
    "chmod",
    "fchmodat2",
    "chown",
    "utime",
    "attribute",
    "map",
    "handle",
    "watch",
    "mark",
    "openat2",
    "open",
    "creat",
    "stat",
    "path",
    "lock",
    "granted/file",
    "granted/rename",
    "granted/chmod",
    "masked/file",
    "i386",
    "x32",
    "ring",
    "kept",
    "swap",
    "beneath/file",
    "beneath/sealed/file",
];
const DIRECTORIES: &[&str] =
    &["", "list", "empty", "cwd", "root", "granted", "masked", "beneath", "beneath/sealed", "writable"];
const NAMESPACES: [&str; 8] = ["mnt", "uts", "ipc", "pid", "net", "user", "cgroup", "time"];
/// Directories that a sandbox has of its own, if at all.
const PLACES: [&str; 10] =
    ["/", "/tmp", "/etc", "/home", "/root", "/var", "/run", "/dev", "/dev/shm", "/dev/pts"];

/// What others have done to it.
static SIGNALS: AtomicU32 = AtomicU32::new(0);
static VISITS: AtomicU32 = AtomicU32::new(0);
/// What may be overwritten without harm, and must not be.
static MEMORY: AtomicU32 = AtomicU32::new(0x600d_600d);

fn say(key: &str, value: impl Display) {
    println!("{key}={value}");
}

/// Says where everything is, waits for the end of standard input, and says what has been done to it.
pub fn stand(directory: &str, secret: &str) {
    _ = call(nr::SETSID, []);
    say("directory", directory);
    say("secret", secret);
    say("pid", std::process::id());
    say("uid", call(nr::GETUID, []).unwrap_or(0));
    make_files(directory, secret);
    if let Ok(found) = fs::metadata(directory) {
        say("identity", format!("{}:{}", found.dev(), found.ino()));
    }
    say_world();
    _ = hold_memory(directory, secret);
    _ = listen(directory, secret);
    let key = make_objects(secret);
    watch_signals();
    say("ready", "yes");
    _ = std::io::stdin().read_to_end(&mut Vec::new());
    say("signals", SIGNALS.load(Ordering::Relaxed));
    say("visits", VISITS.load(Ordering::Relaxed));
    say("memory", MEMORY.load(Ordering::Relaxed) == 0x600d_600d);
    remove_objects(key);
}

fn make_files(directory: &str, secret: &str) {
    for name in DIRECTORIES {
        _ = fs::create_dir(format!("{directory}/{name}"));
    }
    for name in FILES {
        let path = format!("{directory}/{name}");
        _ = fs::write(&path, format!("{secret}\n"));
        let (name, value) = (text("user.secret"), text(secret));
        let pointers = [&name, &value].map(|word| from(word.as_bytes_with_nul()));
        _ = on_path(nr::SETXATTR, &path, [pointers[0], pointers[1], secret.len() as u64, 0]);
    }
    _ = symlink(secret, format!("{directory}/symlink"));
    let program = format!("{directory}/program");
    _ = fs::copy("/proc/self/exe", &program);
    _ = fs::set_permissions(&program, Permissions::from_mode(0o755));
    // The handle of a file, as hexadecimal digits: size, type, bytes.
    let mut handle = [0_u32; 34];
    handle[0] = 128;
    let mut mount = 0_i32;
    let path = format!("{directory}/handle");
    if at_path(nr::NAME_TO_HANDLE_AT, AT_FDCWD, &path, [into(&mut handle), into(&mut mount), 0]).is_ok() {
        let words: Vec<String> = handle.iter().map(|word| format!("{word:08x}")).collect();
        say("handle", words.join(""));
    }
}

fn say_world() {
    for name in NAMESPACES {
        let inode = fs::metadata(format!("/proc/self/ns/{name}")).map_or(0, |found| found.ino());
        say(&format!("ns.{name}"), inode);
    }
    for place in PLACES {
        if let Ok(found) = fs::metadata(place) {
            say(&format!("place.{place}"), format!("{}:{}", found.dev(), found.ino()));
        }
    }
    say("hostname", fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim());
}

/// A secret in memory, and in a file in memory.
fn hold_memory(directory: &str, secret: &str) -> Result<(), Stopped> {
    let kept = Box::leak(format!("{secret}\n").into_boxed_str());
    say("address", from(&*kept));
    say("overwrite", from(&MEMORY));
    let file = on_path(nr::MEMFD_CREATE, "secret", [0])?;
    crate::attempt::write(file, kept.as_bytes())?;
    say("memory_file", file);
    let opened = fs::File::open(format!("{directory}/kept"))?;
    say("kept_file", opened.into_raw_fd());
    Ok(())
}

/// Tells the secret to everybody who can be heard, however he comes.
fn listen(directory: &str, secret: &str) -> Result<(), Stopped> {
    let tcp = TcpListener::bind("127.0.0.1:0")?;
    let port = tcp.local_addr()?.port();
    say("port", port);
    let udp = UdpSocket::bind(("127.0.0.1", port))?;
    let name = format!("boxwright-escape-{port}");
    say("abstract", &name);
    let address = SocketAddr::from_abstract_name(&name)?;
    let streams = [UnixListener::bind_addr(&address)?, UnixListener::bind(format!("{directory}/socket"))?];
    let datagrams = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(format!("{name}-datagram"))?)?;
    let answer = secret.to_owned();
    std::thread::spawn(move || {
        for mut visitor in tcp.incoming().flatten() {
            VISITS.fetch_add(1, Ordering::Relaxed);
            _ = visitor.write_all(answer.as_bytes());
        }
    });
    for stream in streams {
        let answer = secret.to_owned();
        std::thread::spawn(move || {
            for mut visitor in stream.incoming().flatten() {
                VISITS.fetch_add(1, Ordering::Relaxed);
                _ = visitor.write_all(answer.as_bytes());
            }
        });
    }
    let answer = secret.to_owned();
    std::thread::spawn(move || {
        while let Ok((_, visitor)) = udp.recv_from(&mut [0; 16]) {
            VISITS.fetch_add(1, Ordering::Relaxed);
            _ = udp.send_to(answer.as_bytes(), visitor);
        }
    });
    let answer = secret.to_owned();
    std::thread::spawn(move || {
        while let Ok((_, visitor)) = datagrams.recv_from(&mut [0; 16]) {
            VISITS.fetch_add(1, Ordering::Relaxed);
            _ = datagrams.send_to_addr(answer.as_bytes(), &visitor);
        }
    });
    Ok(())
}

/// IPC objects of its number, with the secret in them, and a key.
fn make_objects(secret: &str) -> u64 {
    let key = call(nr::GETPID, []).unwrap_or(0);
    say("key", key);
    let private = 0o1600;
    if let Ok(memory) = call(nr::SHMGET, [key, 4096, private])
        && let Ok(address) = call(nr::SHMAT, [memory, 0, 0])
    {
        let place = std::ptr::with_exposed_provenance_mut::<u8>(usize::try_from(address).unwrap_or(0));
        // SAFETY: the kernel has attached a page there, and the secret is shorter.
        unsafe { place.copy_from_nonoverlapping(secret.as_ptr(), secret.len()) };
    }
    if let Ok(queue) = call(nr::MSGGET, [key, private]) {
        let mut message = 1_u64.to_ne_bytes().to_vec();
        message.extend_from_slice(secret.as_bytes());
        _ = call(nr::MSGSND, [queue, from(message.as_slice()), secret.len() as u64, 0]);
    }
    _ = call(nr::SEMGET, [key, 1, private]);
    let name = format!("boxwright-escape-{key}");
    // O_RDWR and O_CREAT.
    if let Ok(queue) = on_path(nr::MQ_OPEN, &name, [0o102, 0o600, 0]) {
        _ = call(nr::MQ_TIMEDSEND, [queue, from(secret), secret.len() as u64, 0, 0]);
    }
    _ = fs::write(format!("/dev/shm/{name}"), secret);
    // The keyring of the user, which whoever has the same id possesses; KEYCTL_SETPERM.
    let (kind, label) = (text("user"), text(&name));
    let [kind, label] = [&kind, &label].map(|word| from(word.as_bytes_with_nul()));
    let user = (-4_i64).cast_unsigned();
    if let Ok(serial) = call(nr::ADD_KEY, [kind, label, from(secret), secret.len() as u64, user]) {
        _ = call(nr::KEYCTL, [5, serial, 0x3f3f_0000]);
        say("serial", serial);
    }
    key
}

fn remove_objects(key: u64) {
    for (get, control, second) in
        [(nr::MSGGET, nr::MSGCTL, 0), (nr::SHMGET, nr::SHMCTL, 4096), (nr::SEMGET, nr::SEMCTL, 1)]
    {
        if let Ok(id) = call(get, [key, second, 0]) {
            _ = call(control, [id, 0, 0, 0]);
        }
    }
    let name = format!("boxwright-escape-{key}");
    _ = on_path(nr::MQ_UNLINK, &name, []);
    _ = fs::remove_file(format!("/dev/shm/{name}"));
    let (kind, label) = (text("user"), text(&name));
    let [kind, label] = [&kind, &label].map(|word| from(word.as_bytes_with_nul()));
    let user = (-4_i64).cast_unsigned();
    // KEYCTL_SEARCH and KEYCTL_UNLINK.
    if let Ok(serial) = call(nr::KEYCTL, [10, user, kind, label, 0]) {
        _ = call(nr::KEYCTL, [9, serial, user]);
    }
}

extern "C" fn count(_: i32) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
}

/// SIGUSR1, SIGUSR2, SIGIO and SIGURG.
fn watch_signals() {
    for number in [10, 12, 23, 29] {
        // SAFETY: the handler only adds to an atomic.
        unsafe { signal(number, count) };
    }
}
