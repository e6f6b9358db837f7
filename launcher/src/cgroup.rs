//! Control groups: the launcher's own is found, new ones are made, and taken away at the end of the launch.

use crate::failure::{Failure, Line, Words, decimal};
use crate::mem;
use crate::run::Launch;
use crate::sys::{self, Errno};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Argument, Call, Cgroup, Make};

/// In the room for names: where a group's name is, that of a file, what was read, and the groups in a group.
const FILE: u32 = 128;
const CONTENT: u32 = 256;
const NESTED: u32 = Make::ROOM / 2;
const CONTENT_BYTES: u32 = NESTED - CONTENT;
/// How often something is tried that another launch, or a process that is still ending, may be in the way of.
const PATIENCE: u32 = 2000;

/// `linux/fcntl.h`: the flag of unlinkat(2) for directories.
const AT_REMOVEDIR: u32 = 0x200;
/// `asm-generic/fcntl.h`, all closed at exec: a directory and no symlink, writing, reading.
const DIRECTORY: u32 = 0o2_600_000;
const WRITE: u32 = 0o2_000_001;
const READ: u32 = 0o2_000_000;
/// `asm-generic/fcntl.h`: LOCK_EX and LOCK_NB.
const LOCK: u32 = 6;
/// `linux/dirent.h`: where the length of a `struct linux_dirent64` is, the type and the name in it.
const ENTRY_LENGTH: u32 = 16;
const ENTRY_TYPE: u32 = 18;
const ENTRY_NAME: u32 = 19;
/// `linux/fs_types.h`: FT_DIR, as `d_type` has it.
const DIRECTORY_TYPE: u8 = 4;

/// What is told of the sandbox's group at its end, under which key.
const COUNTS: [(&[u8], &[u8]); 4] = [
    (b"memory.peak\0", b"memory_peak"),
    (b"memory.events\0", b"memory_events"),
    (b"pids.events\0", b"pids_events"),
    (b"cpu.stat\0", b"cpu_stat"),
];

const ENOENT: Errno = 2;
const EBADF: Errno = 9;
const EBUSY: Errno = 16;
const EEXIST: Errno = 17;

/// What a launch has met when it left its control groups.
pub struct Left {
    /// The kernel had to kill for want of memory.
    pub out_of_memory: bool,
    /// They cannot be taken away: processes in them do not end.
    pub groups: bool,
}

impl Launch {
    #[inline(never)]
    pub fn cgroup(&mut self, cgroup: &Cgroup) -> Result<u32, Failure> {
        match cgroup {
            Cgroup::Own { text, length } => find_own(*text, mem::load_word(*length))?,
            Cgroup::Make(make) => self.make_cgroup(make).map_err(Failure::Errno)?,
        }
        Ok(0)
    }

    /// Whoever holds the lock of a group's directory uses it, even while it is empty. A launch that takes away what others
    /// have left may come between making and locking.
    fn make_cgroup(&mut self, make: &Make) -> Result<(), Errno> {
        self.sweep(make);
        let parent = Argument::Slot(make.parent);
        let again = |made: Result<u32, Errno>| if made == Err(EEXIST) { Ok(0) } else { made };
        self.ask(number::mkdirat, &[parent, self.name_of(make)?, Argument::Immediate(0o755)])?;
        self.cgroups[usize::from(make.leaf)] = Some(*make);
        for _ in 0..PATIENCE {
            let name = self.name_of(make)?;
            match self.ask(number::openat, &[parent, name, Argument::Immediate(DIRECTORY)]) {
                Ok(directory) => {
                    mem::store(make.directory, &directory.to_le_bytes());
                    if self.lock(directory) && self.read_file(make, b"cgroup.procs\0") != Err(ENOENT) {
                        return Ok(());
                    }
                    self.close(directory);
                }
                Err(ENOENT) => {}
                Err(errno) => return Err(errno),
            }
            let name = self.name_of(make)?;
            again(self.ask(number::mkdirat, &[parent, name, Argument::Immediate(0o755)]))?;
        }
        Err(EBUSY)
    }

    /// Takes away what launches of the same name have left that were killed: nobody locks it. The kernel refuses what is not
    /// empty.
    fn sweep(&self, make: &Make) {
        let parent = Argument::Slot(make.parent);
        self.groups_in(parent, make.text + CONTENT, &mut |at| {
            let name = Argument::Arena(at);
            if self.is_of_this_name(make, at)
                && let Ok(directory) =
                    self.ask(number::openat, &[parent, name, Argument::Immediate(DIRECTORY)])
            {
                if self.lock(directory) {
                    // What is still in it ends without anybody's waiting.
                    self.remove(make, directory, name);
                }
                self.close(directory);
            }
            true
        });
    }

    /// Looks at the names of the groups in an open one, with room at an offset of the arena, as long as that is wanted.
    fn groups_in(&self, directory: Argument, room: u32, wanted: &mut dyn FnMut(u32) -> bool) {
        let read = [directory, Argument::Arena(room), Argument::Immediate(CONTENT_BYTES)];
        while let Ok(bytes @ 1..) = self.ask(number::getdents64, &read) {
            let mut entry = room;
            while entry < room + bytes {
                let name = entry + ENTRY_NAME;
                let itself = mem::byte(name) == b'.'
                    && (mem::byte(name + 1) == 0
                        || (mem::byte(name + 1) == b'.' && mem::byte(name + 2) == 0));
                if !itself && mem::byte(entry + ENTRY_TYPE) == DIRECTORY_TYPE && !wanted(name) {
                    return;
                }
                entry += (mem::load_word(entry + ENTRY_LENGTH) & 0xffff).max(1);
            }
        }
    }

    /// Removes the groups beneath an open one, the deepest first, until one cannot be removed. Whether there were any. The way
    /// up is `..`, since the kernel moves no group into another (cgroup-v2.rst): each is entered once, however deep they are.
    fn thin(&self, make: &Make, directory: u32) -> bool {
        let (mut removed, mut depth) = (false, 0_u32);
        // Whether a group was removed since the last was entered: one in which nothing could be cannot be removed either.
        let mut progress = true;
        let mut next = self.open(make, Argument::Immediate(directory), b".\0", DIRECTORY);
        while let Ok(directory) = next {
            let group = Argument::Immediate(directory);
            next = Err(ENOENT);
            self.groups_in(group, make.text + NESTED, &mut |name| {
                let name = Argument::Arena(name);
                if self.ask(number::unlinkat, &[group, name, Argument::Immediate(AT_REMOVEDIR)]).is_ok() {
                    (removed, progress) = (true, true);
                    return true;
                }
                next = self.ask(number::openat, &[group, name, Argument::Immediate(DIRECTORY)]);
                false
            });
            match next {
                Ok(_) => (depth, progress) = (depth + 1, false),
                Err(_) if depth > 0 && progress => {
                    depth -= 1;
                    next = self.open(make, group, b"..\0", DIRECTORY);
                }
                Err(_) => {}
            }
            self.close(directory);
        }
        removed
    }

    /// Whether a launch of this name has made the group with the name at an offset of the arena.
    fn is_of_this_name(&self, make: &Make, mut at: u32) -> bool {
        if !self.plan.string(make.name).iter().all(|&byte| next(&mut at) == byte) {
            return false;
        }
        while mem::byte(at).is_ascii_digit() {
            at += 1;
        }
        Make::SUFFIXES.iter().any(|suffix| {
            let mut at = at;
            suffix.iter().all(|&byte| next(&mut at) == byte)
        })
    }

    /// Kills every process of the sandbox's group. Its quota of processor time goes first: a process needs some to end.
    pub fn kill_cgroup(&self) {
        if let Some(make) = &self.cgroups[0] {
            self.write_file(make, make.directory, b"cpu.max\0", b"max");
            self.write_file(make, make.directory, b"cgroup.kill\0", b"1");
        }
    }

    /// Ends what is left in the groups of this launch, and takes them away; before, adds what the kernel has counted to an
    /// account.
    #[inline(never)]
    pub fn leave_cgroups(&self, account: &mut Line) -> Left {
        let mut left = Left { out_of_memory: false, groups: false };
        if let Some(make) = &self.cgroups[0] {
            self.kill_cgroup();
            for (file, key) in COUNTS {
                let mut bytes = self.read_file(make, file).unwrap_or(0);
                // Before Linux 6.11 a refusal is counted in the group of who asks alone, since then in those above too.
                if is_text(make.text + CONTENT, bytes, b"max 0\n") {
                    bytes = self.read_file(make, Make::PROGRAM_PIDS).unwrap_or(bytes);
                }
                if bytes > 0 {
                    left.out_of_memory |= count(make.text + CONTENT, bytes, key, account);
                }
            }
            left.groups = !self.clear(make);
        }
        if let Some(make) = &self.cgroups[1] {
            // A group whose children get controllers can have no process, so they are switched off again first.
            self.write_file(
                make,
                make.parent,
                b"cgroup.subtree_control\0",
                self.plan.string(make.controllers),
            );
            if self.write_file(make, make.parent, b"cgroup.procs\0", b"0") {
                left.groups |= !self.clear(make);
            }
        }
        left
    }

    /// Ends what is in a group of this launch until it can be removed; a try may fail for want of memory. Whether it is gone.
    fn clear(&self, make: &Make) -> bool {
        (0..PATIENCE).any(|_| {
            self.write_file(make, make.directory, b"cgroup.kill\0", b"1");
            let directory = mem::load_word(make.directory);
            self.name_of(make).is_ok_and(|name| self.remove(make, directory, name))
        })
    }

    /// Removes an open group with all that is beneath it. The kernel refuses what has processes, and those need a moment to end.
    /// Whether it is gone.
    fn remove(&self, make: &Make, directory: u32, name: Argument) -> bool {
        let remove = [Argument::Slot(make.parent), name, Argument::Immediate(AT_REMOVEDIR)];
        while !matches!(self.ask(number::unlinkat, &remove), Ok(_) | Err(ENOENT)) {
            if !self.thin(make, directory) {
                sys::sleep_a_millisecond();
                return false;
            }
        }
        true
    }

    /// Builds the name of a group of this launch.
    fn name_of(&self, make: &Make) -> Result<Argument, Errno> {
        let pid = self.ask(number::getpid, &[])?;
        let mut at = make.text;
        for part in [self.plan.string(make.name), decimal(pid.into(), &mut [0; 20]), make.suffix()] {
            mem::store(at, part);
            at += part.len() as u32;
        }
        Ok(Argument::Arena(make.text))
    }

    fn lock(&self, directory: u32) -> bool {
        self.ask(number::flock, &[Argument::Immediate(directory), Argument::Immediate(LOCK)]).is_ok()
    }

    fn close(&self, descriptor: u32) {
        let _ = self.ask(number::close, &[Argument::Immediate(descriptor)]);
    }

    fn open(&self, make: &Make, directory: Argument, file: &[u8], flags: u32) -> Result<u32, Errno> {
        mem::store(make.text + FILE, file);
        let file = Argument::Arena(make.text + FILE);
        self.ask(number::openat, &[directory, file, Argument::Immediate(flags)])
    }

    fn write_file(&self, make: &Make, directory: u32, file: &[u8], text: &[u8]) -> bool {
        let Ok(file) = self.open(make, Argument::Slot(directory), file, WRITE) else { return false };
        mem::store(make.text + CONTENT, text);
        let content = Argument::Arena(make.text + CONTENT);
        let length = Argument::Immediate(text.len() as u32);
        let written = self.ask(number::write, &[Argument::Immediate(file), content, length]);
        self.close(file);
        written.is_ok()
    }

    /// What a file of a group says: so many bytes at [`CONTENT`].
    fn read_file(&self, make: &Make, file: &[u8]) -> Result<u32, Errno> {
        let file = self.open(make, Argument::Slot(make.directory), file, READ)?;
        let content = Argument::Arena(make.text + CONTENT);
        let read = [Argument::Immediate(file), content, Argument::Immediate(CONTENT_BYTES)];
        let bytes = self.ask(number::read, &read);
        self.close(file);
        bytes
    }

    /// Makes a call with the arguments of a plan's.
    pub fn ask(&self, number: u16, arguments: &[Argument]) -> Result<u32, Errno> {
        let mut call = Call::new(number);
        for (argument, given) in call.arguments.iter_mut().zip(arguments) {
            *argument = *given;
        }
        sys::execute(&self.plan, &call, 0).unwrap_or(Err(EBADF))
    }
}

/// Whether so many bytes at an offset of the arena are these.
fn is_text(at: u32, bytes: u32, text: &[u8]) -> bool {
    bytes == text.len() as u32 && text.iter().zip(at..).all(|(&byte, at)| mem::byte(at) == byte)
}

/// Adds what a file says to an account: a number, or lines `key number`. Whether it counts a process killed for want of memory.
fn count(text: u32, bytes: u32, key: &[u8], account: &mut Line) -> bool {
    account.push(b",\"");
    account.push(key);
    account.push(b"\":");
    if mem::byte(text).is_ascii_digit() {
        for at in text..text + bytes - 1 {
            account.push(&[mem::byte(at)]);
        }
        return false;
    }
    let mut killed = false;
    account.push(b"{\"");
    for at in text..text + bytes {
        let kill = b"oom_kill ".iter().zip(at..).all(|(&byte, at)| mem::byte(at) == byte);
        killed |= kill && mem::byte(at + 9) != b'0';
        match mem::byte(at) {
            b' ' => account.push(b"\":"),
            b'\n' if at + 1 == text + bytes => account.push(b"}"),
            b'\n' => account.push(b",\""),
            byte => account.push(&[byte]),
        }
    }
    killed
}

/// The byte at an offset of the arena, which moves on.
fn next(at: &mut u32) -> u8 {
    *at += 1;
    mem::byte(*at - 1)
}

/// The path of the launcher's own group, out of lines `hierarchy:controllers:/path`: that of version 2 has the number 0 and no
/// controllers (cgroups(7)). It goes to the start of the text, without its first slash; the root is `.`.
fn find_own(text: u32, length: u32) -> Result<(), Failure> {
    let mut starts = true;
    for at in 0..length {
        if starts && b"0::/".iter().zip(text + at..).all(|(&byte, at)| mem::byte(at) == byte) {
            let path = at + 4;
            let end = (path..length).find(|&at| mem::byte(text + at) == b'\n').unwrap_or(length);
            for (to, from) in (path..end).enumerate() {
                mem::store(text + to as u32, &[mem::byte(text + from)]);
            }
            let root: &[u8] = if path == end { b".\0" } else { b"\0" };
            mem::store(text + (end - path), root);
            return Ok(());
        }
        starts = mem::byte(text + at) == b'\n';
    }
    Err(Failure::Words(Words::Incomplete))
}
