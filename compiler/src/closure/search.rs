//! The search for what a program needs, as the kernel (execve(2)) and the dynamic linkers (ld.so(8), musl) do it.

use super::cache::Cache;
use super::elf::{self, Elf, Kind};
use super::files::{self, Files, Node};
use std::collections::BTreeSet;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

/// The kernel follows so many interpreters of scripts (`exec_binprm` in fs/exec.c).
const SCRIPTS_MAX: usize = 5;
/// And reads so much of the first line (`BINPRM_BUF_SIZE`).
const LINE_MAX: u64 = 256;
/// More files than any program has; hostile ones name each other without end.
const FILES_MAX: usize = 1024;
/// More paths than any program makes the dynamic linker try.
const LOOKUPS_MAX: usize = 100_000;

/// Where glibc looks when the cache knows nothing: its own directories, as distributions have them.
const GLIBC: [&str; 8] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
];
/// Where musl looks.
const MUSL: [&str; 3] = ["/lib", "/usr/local/lib", "/usr/lib"];
/// Where env(1) looks, as most shells do.
pub(super) const PATH: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/usr/local/sbin", "/bin"];

/// The dynamic linker's cache.
pub(super) const CACHE: &str = "/etc/ld.so.cache";

/// A file that is needed.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The path that it is looked up by, and then each that this becomes by a symbolic link.
    pub hops: Vec<String>,
    /// Is it where the dynamic linker has it from its cache alone?
    pub cached: bool,
}

/// A file that is needed and is not there.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    /// The library's name, or the interpreter's path.
    pub name: String,
    /// The file that names it.
    pub by: String,
}

/// What a program needs.
#[derive(Debug, Default)]
pub struct Needs {
    /// What is there, the program first.
    pub found: Vec<Found>,
    /// What is not.
    pub missing: Vec<Missing>,
}

/// Looks for what a program needs, given its absolute path. Nothing is found of one that is not there.
pub fn needs(files: &dyn Files, program: &str) -> Needs {
    let mut search = Search {
        files,
        needs: Needs::default(),
        seen: BTreeSet::new(),
        hasher: RandomState::new(),
        lookups: 0,
        cache: Cache::default(),
    };
    if let Some((_, Node::Real(path))) = files.hops(CACHE) {
        search.cache = files::open(&path).map(|file| Cache::read(&file)).unwrap_or_default();
    }
    search.program(program, SCRIPTS_MAX);
    search.needs
}

struct Search<'a> {
    files: &'a dyn Files,
    needs: Needs,
    /// What was looked up already.
    seen: BTreeSet<u64>,
    hasher: RandomState,
    /// How many paths were tried.
    lookups: usize,
    cache: Cache,
}

/// A file of a program with its place, and the places of libraries that it hands on.
struct Object {
    elf: Elf,
    place: String,
    rpath: Vec<String>,
    musl: bool,
}

impl Search<'_> {
    /// What is executed: a script or an ELF file.
    fn program(&mut self, path: &str, depth: usize) -> bool {
        let Some((place, file)) = self.file(path, false) else { return false };
        let Some(file) = file.filter(|_| depth > 0) else { return true };
        match interpreter_line(&file) {
            Some(line) => self.script(path, &line, depth),
            None => self.executable(&file, place),
        }
        true
    }

    fn script(&mut self, path: &str, line: &str, depth: usize) {
        let mut words = line.split_ascii_whitespace();
        let Some(interpreter) = words.next().filter(|path| path.starts_with('/')) else { return };
        if !self.program(interpreter, depth - 1) {
            self.missing(interpreter, path);
        }
        if interpreter.ends_with("/env") {
            let name = words.find(|word| !word.starts_with('-') && !word.contains('='));
            let Some(name) = name else { return };
            let found = PATH.iter().any(|directory| self.program(&format!("{directory}/{name}"), depth - 1));
            if !found {
                self.missing(name, path);
            }
        }
    }

    fn executable(&mut self, file: &File, place: String) {
        let Some(elf) = elf::read(file) else { return };
        let interpreter = elf.interpreter.clone();
        if let Some(interpreter) = &interpreter
            && self.file(interpreter, false).is_none()
        {
            self.missing(interpreter, &place);
        }
        // Without an interpreter nobody loads libraries.
        let Some(interpreter) = interpreter else { return };
        let musl = interpreter.rsplit('/').next().is_some_and(|name| name.starts_with("ld-musl"));
        let mut pending = vec![Object { elf, place, rpath: Vec::new(), musl }];
        while let Some(object) = pending.pop() {
            for name in &object.elf.needed {
                pending.extend(self.library(name, &object));
            }
        }
    }

    /// A library, unless it is known already or not there.
    fn library(&mut self, name: &str, by: &Object) -> Option<Object> {
        if self.needs.found.len() > FILES_MAX || !self.seen.insert(self.hasher.hash_one((name, &by.rpath))) {
            return None;
        }
        let own = directories(&by.elf.rpath, &by.place);
        let mut rpath = if by.elf.runpath.is_empty() { [own, by.rpath.clone()].concat() } else { Vec::new() };
        rpath.truncate(elf::DIRECTORIES_MAX);
        for (path, cached) in self.candidates(name, by, &rpath) {
            self.lookups += 1;
            if self.lookups > LOOKUPS_MAX {
                return None;
            }
            let path = files::normal(&path);
            let Some(elf) = self.fits(&path, by.elf.kind) else { continue };
            let (place, _) = self.file(&path, cached)?;
            return elf.map(|elf| Object { elf, place, rpath, musl: by.musl });
        }
        // The dynamic linker itself is one of the libraries.
        let is_linker = |hop: &String| hop.rsplit('/').next() == Some(name);
        if !self.needs.found.iter().flat_map(|found| &found.hops).any(is_linker) {
            self.missing(name, &by.place);
        }
        None
    }

    /// Where a library may be, in the order of the search, and whether the cache alone says so.
    fn candidates(&self, name: &str, by: &Object, rpath: &[String]) -> Vec<(String, bool)> {
        if name.contains('/') {
            return if name.starts_with('/') { vec![(name.to_owned(), false)] } else { Vec::new() };
        }
        let defaults: &[&str] = if by.musl { &MUSL } else { &GLIBC };
        let known: Vec<String> = defaults.iter().map(|directory| format!("{directory}/{name}")).collect();
        let asked = rpath.iter().cloned().chain(directories(&by.elf.runpath, &by.place));
        let asked = asked.filter(|directory| directory.starts_with('/'));
        let mut candidates: Vec<_> = asked.map(|directory| (format!("{directory}/{name}"), false)).collect();
        if !by.musl {
            let cached = self.cache.paths(name).map(str::to_owned);
            candidates.extend(cached.map(|path| {
                let alone = !known.contains(&path);
                (path, alone)
            }));
        }
        candidates.extend(known.into_iter().map(|path| (path, false)));
        candidates
    }

    /// A library at a path if it is of this kind; nothing is known of one that only the launch knows.
    fn fits(&self, path: &str, kind: Kind) -> Option<Option<Elf>> {
        match self.files.hops(&files::normal(path))?.1 {
            Node::Real(path) => {
                let elf = elf::read(&files::open(&path).ok()?)?;
                (elf.kind == kind).then_some(Some(elf))
            }
            Node::Unknown => Some(None),
            Node::Absent | Node::Symlink(_) => None,
        }
    }

    /// Notes a file that is needed; its place when it is there, and itself when it can be looked at.
    fn file(&mut self, path: &str, cached: bool) -> Option<(String, Option<File>)> {
        let (hops, node) = self.files.hops(path)?;
        let place = hops.last()?.clone();
        let file = match node {
            Node::Real(path) => Some(files::open(&path).ok()?),
            _ => None,
        };
        if !self.needs.found.iter().any(|found| found.hops == hops) {
            self.needs.found.push(Found { hops, cached });
        }
        Some((place, file))
    }

    fn missing(&mut self, name: &str, by: &str) {
        let missing = Missing { name: name.to_owned(), by: by.to_owned() };
        if !self.needs.missing.contains(&missing) {
            self.needs.missing.push(missing);
        }
    }
}

/// Directories of a file, which may begin where it is itself.
fn directories(written: &[String], place: &str) -> Vec<String> {
    let origin = |path: &String| {
        path.replace("${ORIGIN}", files::parent(place)).replace("$ORIGIN", files::parent(place))
    };
    // No path of a kernel is longer.
    written.iter().map(origin).filter(|path| path.len() < 4096).collect()
}

/// What stands behind `#!`, if the file begins so.
pub(super) fn interpreter_line(file: &File) -> Option<String> {
    let mut start = Vec::new();
    // From the start: a file that was just opened.
    file.take(LINE_MAX).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    String::from_utf8(line.to_vec()).ok()
}
