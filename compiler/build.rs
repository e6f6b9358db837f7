//! Compiles the launcher from its crate's source with the compiler that cargo uses, and leaves it for `link` to embed.

#![allow(clippy::print_stdout, clippy::exit, reason = "cargo listens to both")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

/// What both crates are compiled with: small, without unwinding, and the same bytes whatever the profile of the build.
const FLAGS: &[&str] = &[
    "--edition=2024",
    "--target=x86_64-unknown-linux-gnu",
    "-Cpanic=abort",
    "-Copt-level=z",
    "-Ccodegen-units=1",
    // Addresses relative to the code: the launcher is linked above 4 GiB, where absolute ones do not fit.
    "-Crelocation-model=pic",
    "-Cforce-unwind-tables=no",
    "-Cmetadata=boxwright",
];

/// No C library, no start files, and a layout of our own.
const LINK_FLAGS: &[&str] = &[
    "-Clto=fat",
    "-Cstrip=symbols",
    "-Clink-arg=-nostartfiles",
    "-Clink-arg=-nostdlib",
    "-Clink-arg=-static",
    "-Clink-arg=-no-pie",
    "-Clink-arg=-Wl,--build-id=none",
    "-Clink-arg=-Wl,-z,norelro",
    "-Clink-arg=-Wl,--no-eh-frame-hdr",
];

fn main() {
    let source = PathBuf::from(boxwright_launcher::SOURCE_DIRECTORY);
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed={}", source.join("src").display());
    println!("cargo::rerun-if-changed={}", source.join("launcher.ld").display());
    let library = out.join("libboxwright_launcher.rlib");
    compile(&source, &out, "src/lib.rs", &["--crate-name=boxwright_launcher", "--crate-type=rlib"], &library);
    let script = format!("-Clink-arg=-Wl,-T,{}", source.join("launcher.ld").display());
    let with_library = format!("--extern=boxwright_launcher={}", library.display());
    let mut flags = vec!["--crate-name=launcher", "--crate-type=bin", &with_library, &script];
    flags.extend(LINK_FLAGS);
    compile(&source, &out, "src/main.rs", &flags, &out.join("launcher"));
}

/// Runs the compiler on one file of the launcher.
fn compile(source: &Path, out: &Path, file: &str, flags: &[&str], to: &Path) {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = Command::new(&rustc)
        .current_dir(source)
        .args(FLAGS)
        .args(flags)
        .arg(format!("--remap-path-prefix={}=launcher", source.display()))
        .arg("--out-dir")
        .arg(out)
        .arg("-o")
        .arg(to)
        .arg(file)
        // What the caller wants for its own crates must not change the launcher's bytes.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        // The same wherever the source lies.
        .env("CARGO_MANIFEST_DIR", "launcher")
        .status();
    let failure = match status {
        Ok(status) if status.success() => return,
        Ok(status) => format!("compiling the launcher's {file} failed: {status}"),
        Err(error) => format!("{} cannot be run to compile the launcher: {error}", rustc.display()),
    };
    println!("cargo::error={failure}");
    exit(1)
}
