//! What ordinary programs do all day and must still be able to do: by system calls and by the standard library.

use crate::attempt::{
    Attempt, O_NEW, O_RDWR, Probe, call, ended, execute, expect, fork, on_path, open, own_pid, read, write,
};
use crate::sys::{from, into, nr};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

pub const PROBES: &[Probe] = &[
    ("threads", |_| {
        let threads: Vec<_> = (0..8).map(|number| std::thread::spawn(move || number)).collect();
        let sum: i32 = threads.into_iter().filter_map(|thread| thread.join().ok()).sum();
        expect(sum == 28, "a thread is missing")
    }),
    ("locks-between-threads", |_| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = shared.clone();
        let thread = std::thread::spawn(move || {
            if let Ok(mut ready) = other.0.lock() {
                *ready = true;
            }
            other.1.notify_one();
        });
        let guard = shared.0.lock().map_err(|_| 5)?;
        let waited = shared.1.wait_timeout_while(guard, Duration::from_secs(2), |ready| !*ready);
        let woken = waited.is_ok_and(|(ready, _)| *ready);
        _ = thread.join();
        expect(woken, "it was not woken")
    }),
    ("thread-local-names", |_| {
        call(nr::PRCTL, [15, from(c"ability".to_bytes_with_nul())])?;
        let mut name = [0_u8; 16];
        call(nr::PRCTL, [16, into(&mut name)])?;
        expect(name.starts_with(b"ability"), "another name")
    }),
    ("pipes", |_| {
        let mut pair = [0_u32; 2];
        call(nr::PIPE2, [into(&mut pair), 0])?;
        write(pair[1].into(), b"through")?;
        expect(read(pair[0].into())? == b"through", "something else")
    }),
    ("socket-pairs", |_| {
        let (mut one, mut other) = UnixStream::pair()?;
        one.write_all(b"x")?;
        let mut byte = [0];
        other.read_exact(&mut byte)?;
        expect(byte == *b"x", "something else")
    }),
    ("unix-streams", |_| {
        let path = name("stream");
        let listener = UnixListener::bind(&path)?;
        let mut visitor = UnixStream::connect(&path)?;
        visitor.write_all(b"x")?;
        let mut byte = [0];
        listener.accept()?.0.read_exact(&mut byte)?;
        Ok(fs::remove_file(path)?)
    }),
    ("unix-datagrams", |_| {
        let path = name("datagram");
        let socket = UnixDatagram::bind(&path)?;
        UnixDatagram::unbound()?.send_to(b"x", &path)?;
        socket.recv(&mut [0; 4])?;
        Ok(fs::remove_file(path)?)
    }),
    ("unix-abstract", |_| {
        let address = SocketAddr::from_abstract_name(format!("boxwright-ability-{}", own_pid()))?;
        let listener = UnixListener::bind_addr(&address)?;
        let _visitor = UnixStream::connect_addr(&address)?;
        Ok(listener.accept().map(drop)?)
    }),
    ("tcp-on-loopback", |_| {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut visitor = TcpStream::connect_timeout(&listener.local_addr()?, Duration::from_secs(1))?;
        visitor.write_all(b"x")?;
        let mut byte = [0];
        Ok(listener.accept()?.0.read_exact(&mut byte)?)
    }),
    ("tcp-6-on-loopback", |_| {
        let listener = TcpListener::bind("[::1]:0")?;
        Ok(TcpStream::connect_timeout(&listener.local_addr()?, Duration::from_secs(1)).map(drop)?)
    }),
    ("udp-on-loopback", |_| {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        socket.send_to(b"x", socket.local_addr()?)?;
        Ok(socket.recv(&mut [0; 4]).map(drop)?)
    }),
    ("fork-and-wait", |_| {
        let child = fork()?;
        if child == 0 {
            std::process::exit(3);
        }
        expect(ended(child)? == 3, "another status")
    }),
    ("kill-a-child", |_| {
        let child = fork()?;
        if child == 0 {
            std::thread::sleep(Duration::from_secs(3));
            std::process::exit(0);
        }
        call(nr::KILL, [child, 9])?;
        expect(ended(child)? == 137, "another status")
    }),
    ("process-groups", |_| call(nr::SETPGID, [0, 0]).map(drop)),
    ("execute-itself", |_| execute("/proc/self/exe").or_else(|_| execute("/escape"))),
    ("files", |_| {
        let (path, moved) = (name("file"), name("moved"));
        fs::write(&path, "content")?;
        fs::rename(&path, &moved)?;
        let content = fs::read(&moved)?;
        fs::remove_file(&moved)?;
        expect(content == b"content", "something else")
    }),
    ("directories-and-links", |_| {
        let path = name("directory");
        fs::create_dir(&path)?;
        fs::write(format!("{path}/one"), "x")?;
        fs::hard_link(format!("{path}/one"), format!("{path}/two"))?;
        std::os::unix::fs::symlink("one", format!("{path}/three"))?;
        let count = fs::read_dir(&path)?.count();
        fs::remove_dir_all(&path)?;
        expect(count == 3, "an entry is missing")
    }),
    ("modes-and-times", |_| {
        with_file("mode", |path| {
            on_path(nr::CHMOD, path, [0o640])?;
            fs::File::open(path)?.set_modified(std::time::SystemTime::UNIX_EPOCH)?;
            let found = std::os::unix::fs::MetadataExt::mtime(&fs::metadata(path)?);
            expect(found == 0, "another time")
        })
    }),
    ("locks-of-files", |_| with_file("lock", |path| call(nr::FLOCK, [open(path, O_RDWR)?, 6]).map(drop))),
    ("locks-of-ranges", |_| {
        with_file("range", |path| {
            // F_SETLK of F_WRLCK over everything.
            let lock = [1_u64, 0, 0, 0];
            call(nr::FCNTL, [open(path, O_RDWR)?, 6, from(&lock)]).map(drop)
        })
    }),
    ("map-a-file", |_| {
        with_file("map", |path| {
            let file = open(path, O_RDWR)?;
            call(nr::FTRUNCATE, [file, 4096])?;
            let address = call(nr::MMAP, [0, 4096, 3, 1, file, 0])?;
            let place = std::ptr::with_exposed_provenance_mut::<u8>(usize::try_from(address).unwrap_or(0));
            // SAFETY: the kernel has mapped the file's page there, writable.
            unsafe { place.write_volatile(b'y') };
            expect(fs::read(path)?.first() == Some(&b'y'), "something else")
        })
    }),
    ("copy-within-the-kernel", |_| {
        with_file("copied", |path| {
            fs::write(path, "content")?;
            let (source, target) = (open(path, 0)?, open(&format!("{path}-2"), O_NEW)?);
            let copied = call(nr::COPY_FILE_RANGE, [source, 0, target, 0, 7, 0]);
            fs::remove_file(format!("{path}-2"))?;
            expect(copied? == 7, "less")
        })
    }),
    ("send-a-file", |_| {
        with_file("sent", |path| {
            fs::write(path, "content")?;
            let mut pair = [0_u32; 2];
            call(nr::SOCKETPAIR, [1, 1, 0, into(&mut pair)])?;
            expect(call(nr::SENDFILE, [pair[0].into(), open(path, 0)?, 0, 7])? == 7, "less")
        })
    }),
    ("splice", |_| {
        with_file("spliced", |path| {
            fs::write(path, "content")?;
            let mut pair = [0_u32; 2];
            call(nr::PIPE2, [into(&mut pair), 0])?;
            expect(call(nr::SPLICE, [open(path, 0)?, 0, pair[1].into(), 0, 7, 0])? == 7, "less")
        })
    }),
    ("attributes-of-files", |_| {
        with_file("attributes", |path| on_path(nr::LISTXATTR, path, [0, 0]).map(drop))
    }),
    ("watch-files", |_| {
        let watch = call(nr::INOTIFY_INIT1, [0])?;
        on_path_of(watch, "/tmp")?;
        with_file("watched", |_| Ok(()))?;
        expect(!read(watch)?.is_empty(), "nothing was seen")
    }),
    ("shared-memory", |_| {
        let path = format!("/dev/shm/boxwright-ability-{}", own_pid());
        fs::write(&path, "x")?;
        Ok(fs::remove_file(path)?)
    }),
    ("shared-memory-of-system-v", |_| {
        let memory = call(nr::SHMGET, [0, 4096, 0o1600])?;
        let address = call(nr::SHMAT, [memory, 0, 0])?;
        call(nr::SHMDT, [address])?;
        call(nr::SHMCTL, [memory, 0, 0]).map(drop)
    }),
    ("files-in-memory", |_| {
        let file = on_path(nr::MEMFD_CREATE, "ability", [1])?;
        write(file, b"x").map(drop)
    }),
    ("pseudo-terminals", |_| {
        let leader = open("/dev/ptmx", O_RDWR | 0o400)?;
        let (mut unlock, mut number) = (0_u32, 0_u32);
        call(nr::IOCTL, [leader, 0x4004_5431, into(&mut unlock)])?;
        call(nr::IOCTL, [leader, 0x8004_5430, into(&mut number)])?;
        let follower = open(&format!("/dev/pts/{number}"), O_RDWR | 0o400)?;
        write(follower, b"seen")?;
        expect(read(leader)? == b"seen", "something else")
    }),
    ("null-and-zero", |_| {
        write(open("/dev/null", 1)?, b"x")?;
        expect(read(open("/dev/zero", 0)?)?.iter().all(|byte| *byte == 0), "not zero")
    }),
    ("time", |_| {
        let before = Instant::now();
        std::thread::sleep(Duration::from_millis(2));
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().map_err(|_| 22)?;
        expect(before.elapsed() >= Duration::from_millis(2) && since.as_secs() > 1 << 30, "no time went by")
    }),
];

/// A name in the directory for temporary files.
fn name(what: &str) -> String {
    format!("/tmp/ability-{what}-{}", own_pid())
}

fn with_file(what: &str, with: impl FnOnce(&str) -> Attempt) -> Attempt {
    let path = name(what);
    fs::write(&path, "x")?;
    let result = with(&path);
    fs::remove_file(path)?;
    result
}

fn on_path_of(watch: u64, path: &str) -> Attempt {
    crate::attempt::at_path(nr::INOTIFY_ADD_WATCH, watch, path, [0xfff]).map(drop)
}
