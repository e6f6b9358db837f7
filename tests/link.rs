//! The launcher and what is sealed into it, as other tools see them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

use boxwright::link::{LAUNCHER, NotALauncher, link, sealed_plan};
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
    assert_eq!(sealed_plan(&std::fs::read(&stripped).unwrap()), Some(&built.plan[..]));
}

#[test]
fn the_same_spec_gives_the_same_bytes() {
    assert_eq!(built().executable, built().executable);
}
