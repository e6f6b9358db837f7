//! What the process sees and may do with files.

use crate::fact;
use crate::sys::{call, from, into, io_outcome, nr, outcome, text};
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Every mount: root within its file system, flags, file system and its options.
pub fn mounts() {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    for line in table.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let rest = words.iter().position(|word| *word == "-").unwrap_or(words.len());
        let (Some(root), Some(point), Some(flags)) = (words.get(3), words.get(4), words.get(5)) else {
            continue;
        };
        let propagation = words.get(6..rest).unwrap_or_default().join(" ");
        let file_system = words.get(rest + 1..).unwrap_or_default().join(" ");
        fact(&format!("mount.{point}"), format!("{root} {flags} [{propagation}] {file_system}"));
    }
}

/// Opens a path to read, to write, to make a file of, or to make a directory of.
pub fn open(path: &str, mode: &str) {
    let result = match mode {
        "read" => File::open(path)
            .and_then(|mut file| {
                if file.metadata()?.is_dir() {
                    fs::read_dir(path).map(|_| 0)
                } else {
                    file.read(&mut [0; 16])
                }
            })
            .map(|_| ()),
        "write" => OpenOptions::new().append(true).open(path).map(|_| ()),
        "make" => OpenOptions::new().write(true).create_new(true).open(path).map(|_| ()),
        "directory" => fs::create_dir(path),
        "remove" => fs::remove_file(path),
        "chmod" => fs::metadata(path).and_then(|data| fs::set_permissions(path, data.permissions())),
        _ => crate::usage("`open` takes read, write, make, directory, remove or chmod"),
    };
    fact(&format!("{mode}.{path}"), io_outcome(result));
}

/// A file's content on one line, with its mode and owner.
pub fn read(path: &str) {
    let content =
        fs::read_to_string(path).map_or_else(|error| format!("<{error}>"), |text| text.replace('\n', "\\n"));
    fact(&format!("content.{path}"), content);
    if let Ok(data) = fs::symlink_metadata(path) {
        fact(
            &format!("mode.{path}"),
            format!("{:o} {}:{}", data.permissions().mode(), data.uid(), data.gid()),
        );
    }
}

/// Makes directories, each in the one before, deeper than any path is long.
pub fn nest(path: &str, count: i32) {
    let mut here = std::env::set_current_dir(path);
    for _ in 0..count {
        here = here.and_then(|()| fs::create_dir("inner")).and_then(|()| std::env::set_current_dir("inner"));
    }
    fact(&format!("nested.{path}"), io_outcome(here.and_then(|()| std::env::set_current_dir("/"))));
}

/// A directory's entries, sorted.
pub fn list(path: &str) {
    fact(&format!("list.{path}"), names(Path::new(path)));
}

fn names(path: &Path) -> String {
    let Ok(entries) = fs::read_dir(path) else { return "?".to_owned() };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.join(" ")
}

/// Gives a file to a user and a group.
pub fn chown(path: &str, uid: &str, gid: &str) {
    let [uid, gid] = [uid, gid].map(|id| crate::start::number(id).unsigned_abs());
    fact(&format!("chown.{path}"), io_outcome(std::os::unix::fs::chown(path, Some(uid), Some(gid))));
}

/// Connects to a UNIX socket.
pub fn connect(path: &str) {
    fact(&format!("connect.{path}"), io_outcome(UnixStream::connect(path)));
}

/// Writes to a new file until the kernel refuses.
pub fn fill(path: &str) {
    let block = [0x5a_u8; 1 << 16];
    let mut written = 0_u64;
    let result = File::create(path).and_then(|mut file| {
        // More than any test grants, so that a limit that does not hold ends too.
        while written < 64 << 20 {
            written += file.write(&block)? as u64;
        }
        Ok(())
    });
    fact("filled", written);
    fact("fill", io_outcome(result));
}

/// Reads or writes so many blocks of a file past the page cache, one request after the other, and says how long that takes.
pub fn direct(path: &str, mode: &str, blocks: i32) {
    #[repr(align(4096))]
    struct Block([u8; 4096]);
    let mut block = Block([0x5a; 4096]);
    let mut done = 0;
    let start = Instant::now();
    // O_DIRECT
    let file =
        OpenOptions::new().read(mode == "read").write(mode == "write").custom_flags(0o40000).open(path);
    let result = file.and_then(|mut file| {
        for _ in 0..blocks {
            if mode == "read" {
                file.read_exact(&mut block.0)?
            } else {
                file.write_all(&block.0)?
            }
            done += 1;
        }
        Ok(())
    });
    fact(&format!("direct.{mode}"), io_outcome(result));
    fact(&format!("direct.{mode}.blocks"), done);
    fact(&format!("direct.{mode}.milliseconds"), start.elapsed().as_millis());
}

/// Copies itself to a directory and executes the copy.
pub fn execute_copy(directory: &str) {
    let copy = Path::new(directory).join("copy-of-probe");
    let result = fs::read("/proc/self/exe")
        .and_then(|bytes| fs::write(&copy, bytes))
        .and_then(|()| fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)))
        .and_then(|()| std::process::Command::new(&copy).arg("exit=0").status());
    fact(&format!("execute_copy.{directory}"), io_outcome(result));
    _ = fs::remove_file(&copy);
}

/// Renames.
pub fn rename(from: &str, to: &str) {
    fact(&format!("rename.{from}"), io_outcome(fs::rename(from, to)));
}

/// The classic escape: change the root beneath the working directory and walk up past it.
pub fn chroot_escape(scratch: &str, marker: &str) {
    let inner = format!("{scratch}/escape");
    fact("escape.mkdir", io_outcome(fs::create_dir(&inner)));
    let Ok(outside) = File::open(scratch) else { return fact("escape.marker", "no scratch directory") };
    fact("escape.chroot", outcome(call(nr::CHROOT, [from_text(&inner).1, 0, 0, 0, 0, 0])));
    let descriptor = u64::from(outside.as_raw_fd().unsigned_abs());
    fact("escape.fchdir", outcome(call(nr::FCHDIR, [descriptor, 0, 0, 0, 0, 0])));
    for _ in 0..256 {
        _ = std::env::set_current_dir("..");
    }
    fact("escape.chroot_here", outcome(call(nr::CHROOT, [from_text(".").1, 0, 0, 0, 0, 0])));
    fact("escape.root", names(Path::new("/")));
    fact("escape.marker", io_outcome(fs::metadata(marker)));
    _ = fs::remove_dir(inner);
}

/// A text and its address; the first keeps the second alive.
fn from_text(value: &str) -> (std::ffi::CString, u64) {
    let text = text(value);
    let address = from(text.as_bytes_with_nul());
    (text, address)
}

/// The nodes of /dev: kind and number; and what the usual ones give.
pub fn devices() {
    fact("dev", names(Path::new("/dev")));
    for name in ["null", "zero", "full", "random", "urandom", "tty"] {
        let path = format!("/dev/{name}");
        let Ok(data) = fs::metadata(&path) else { continue };
        let kind = if data.file_type().is_char_device() { "c" } else { "?" };
        fact(&format!("dev.{name}"), format!("{kind} {} {}", data.rdev() >> 8 & 0xfff, data.rdev() & 0xff));
    }
    let mut byte = [1_u8];
    let zero = File::open("/dev/zero").and_then(|mut file| file.read(&mut byte));
    fact(
        "dev.zero.reads",
        zero.map_or_else(|error| error.to_string(), |count| format!("{count} {}", byte[0])),
    );
    let full = OpenOptions::new().write(true).open("/dev/full").and_then(|mut file| file.write(&byte));
    fact("dev.full.writes", io_outcome(full));
}

/// Opens a pseudoterminal and sends a line through it.
pub fn pseudoterminal() {
    let mut number = 0_u32;
    let sent = OpenOptions::new().read(true).write(true).open("/dev/ptmx").and_then(|mut master| {
        let descriptor = u64::from(master.as_raw_fd().unsigned_abs());
        let control = |request, argument| {
            call(nr::IOCTL, [descriptor, request, argument, 0, 0, 0])
                .map_err(std::io::Error::from_raw_os_error)
        };
        // TIOCSPTLCK with 0, then TIOCGPTN.
        control(0x4004_5431, from(&0_u32))?;
        control(0x8004_5430, into(&mut number))?;
        let mut terminal = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(0o400)
            .open(format!("/dev/pts/{number}"))?;
        terminal.write_all(b"line\n")?;
        let mut line = [0; 6];
        master.read_exact(&mut line)?;
        Ok(if line == *b"line\r\n" { terminal } else { return Err(std::io::ErrorKind::InvalidData.into()) })
    });
    fact("pseudoterminal", io_outcome(sent));
    fact("pseudoterminal.number", number);
    fact("pseudoterminals", names(Path::new("/dev/pts")));
}

/// Says that it is ready, then waits until a path is there.
pub fn appear(path: &str) {
    fact("ready", "yes");
    let deadline = Instant::now() + Duration::from_secs(10);
    while !Path::new(path).exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    fact(&format!("appear.{path}"), if Path::new(path).exists() { "ok" } else { "no" });
}
