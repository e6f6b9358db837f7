//! The launcher and what is sealed into it, as other tools see them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

use boxwright::link::{LAUNCHER, NotALauncher, launcher_digest, link, sealed_plan};
use boxwright::source::Source;
use boxwright::{Built, build, understand};
use object::read::elf::{ElfFile64, ProgramHeader as _};
use object::{Endianness, Object as _, elf};
use std::path::Path;
use std::process::Command;

/// What the launcher may take, with everything that this version has.
const LARGEST_LAUNCHER: usize = 40 << 10;

fn built() -> Built {
    let source = Source::new("contained.sandbox.toml", include_str!("../specs/demos/contained.sandbox.toml"));
    build(&source, &understand(&source).policy.expect("a spec without errors")).unwrap()
}

#[test]
fn the_launcher_is_tiny_static_and_high() {
    assert!(LAUNCHER.len() <= LARGEST_LAUNCHER, "{} bytes", LAUNCHER.len());
    let file = ElfFile64::<Endianness>::parse(LAUNCHER).unwrap();
    assert_eq!(file.kind(), object::ObjectKind::Executable);
    assert!(file.entry() > u64::from(u32::MAX), "{:#x}", file.entry());
    let mut loads = 0;
    for segment in file.elf_program_headers() {
        let (kind, flags) = (segment.p_type(Endianness::Little), segment.p_flags(Endianness::Little));
        assert_ne!(kind, elf::PT_INTERP);
        assert_ne!(kind, elf::PT_DYNAMIC);
        assert_ne!(flags & (elf::PF_W | elf::PF_X), elf::PF_W | elf::PF_X, "writable and executable");
        if kind == elf::PT_LOAD {
            assert!(segment.p_vaddr(Endianness::Little) > u64::from(u32::MAX));
            loads += 1;
        }
    }
    assert_eq!(loads, 2);
}

#[test]
fn the_plan_comes_back_out() {
    let Built { plan, executable, .. } = built();
    assert_eq!(sealed_plan(&executable), Some(&plan[..]));
    assert_eq!(sealed_plan(LAUNCHER), None);
    // A sealed launcher has no note any more: it cannot be sealed twice.
    assert_eq!(link(&executable, &plan), Err(NotALauncher));
    assert_eq!(link(b"#!/bin/sh\n", &plan), Err(NotALauncher));
    assert_eq!(link(&[], &plan), Err(NotALauncher));
    for length in 0..LAUNCHER.len() {
        // Whatever is cut off, it is refused or linked, never a panic.
        let _ = link(&LAUNCHER[..length], b"plan");
    }
}

#[test]
fn binutils_keep_the_plan() {
    let directory = tempfile::tempdir().unwrap();
    let [sealed, stripped, plan] = ["sealed", "stripped", "plan"].map(|name| directory.path().join(name));
    let built = built();
    std::fs::write(&sealed, &built.executable).unwrap();
    let run = |program: &str, arguments: &[&str], files: [&Path; 2]| {
        let status = Command::new(program).args(arguments).args(files).status().expect("binutils");
        assert!(status.success(), "{program}: {status}");
    };
    run("objcopy", &["-O", "binary", "--only-section=.note.plan"], [&sealed, &plan]);
    assert_eq!(std::fs::read(&plan).unwrap(), built.plan);
    run("strip", &["-o"], [&stripped, &sealed]);
    let stripped = std::fs::read(&stripped).unwrap();
    assert_eq!(sealed_plan(&stripped), Some(&built.plan[..]));
    assert_ne!(stripped, built.executable);
    assert_eq!(launcher_digest(&stripped), launcher_digest(LAUNCHER));
}

/// Whatever a plan is, the launcher around it has the digest of the bare one, and no other byte that the kernel reads of it can
/// change unnoticed: every one of the headers is tried, and of the code those at random places.
#[test]
fn an_altered_launcher_is_noticed() {
    let own = launcher_digest(LAUNCHER).unwrap();
    let Built { plan, executable, .. } = built();
    for plan in [&plan[..], b"", &[1; 5000]] {
        assert_eq!(launcher_digest(&link(LAUNCHER, plan).unwrap()), Some(own));
    }
    let file = ElfFile64::<Endianness>::parse(LAUNCHER).unwrap();
    let little = Endianness::Little;
    let segments = file.elf_program_headers();
    let note = segments.iter().position(|segment| segment.p_type(little) == elf::PT_NOTE).unwrap();
    let plans = 64 + note * 56..64 + note * 56 + 56;
    let headers = 64 + segments.len() * 56;
    let [start, length, end] =
        [segments[note].p_offset(little), segments[note].p_filesz(little), segments[0].p_filesz(little)]
            .map(|number| usize::try_from(number).unwrap());
    let content = start..headers + length;
    assert_eq!(content, headers..headers + 28, "the note is right behind the headers");
    let empty = segments.iter().position(|segment| segment.p_filesz(little) == 0).unwrap();
    // Nothing that is executed depends on where sections are, on physical addresses, and on where in the file an empty
    // segment is.
    let unread = |at: usize| match at.checked_sub(64) {
        None => (40..48).contains(&at) || (58..64).contains(&at),
        Some(at) => (24..32).contains(&(at % 56)) || (at / 56 >= empty && (8..16).contains(&(at % 56))),
    };
    let checked = (0..headers).filter(|at| !unread(*at) && !plans.contains(at));
    let code = (content.end..end).step_by(97);
    let mut tried = 0;
    for at in checked.chain(code) {
        let mut altered = executable.clone();
        altered[at] ^= 0x40;
        assert_ne!(launcher_digest(&altered), Some(own), "byte {at}");
        tried += 1;
    }
    assert!(tried > 400, "{tried}");
    // A plan that can be executed or written, and a second one, which the kernel would map too.
    for (at, value) in [(plans.start + 4, 7), (64 + empty * 56, 1)] {
        let mut altered = executable.clone();
        altered[at] = value;
        if at != plans.start + 4 {
            let header = altered[plans.clone()].to_vec();
            altered[at..at + 56].copy_from_slice(&header);
        }
        assert_eq!(launcher_digest(&altered), None, "byte {at}");
    }
    assert_eq!(launcher_digest(&plan), None);
    for length in 0..2000 {
        assert_ne!(launcher_digest(&executable[..length]), Some(own));
    }
}

#[test]
fn the_same_spec_gives_the_same_bytes() {
    assert_eq!(built().executable, built().executable);
}
