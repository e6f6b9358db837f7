//! The host's compiler, for a virtual machine: specs come through a port, launchers go back.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The compiler; an optimised one is worth naming, and makes the same bytes.
pub fn path() -> PathBuf {
    let named = std::env::var_os("BOXWRIGHT_COMPILER");
    named.map_or_else(|| env!("CARGO_BIN_EXE_boxwright").into(), PathBuf::from)
}

/// Answers a machine that listens here until it ends: `NAME LENGTH` and a spec with `ok LENGTH` and a launcher, or
/// `error LENGTH` and what the compiler says.
pub fn serve(socket: &Path) {
    let connect = || UnixStream::connect(socket).ok();
    let stream = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        connect()
    });
    let Some(mut stream) = stream else { return };
    let mut requests = BufReader::new(stream.try_clone().expect("a socket"));
    let mut header = String::new();
    while requests.read_line(&mut header).is_ok_and(|bytes| bytes > 0) {
        let (name, length) = header.trim_end().split_once(' ').expect("two words");
        let mut text = vec![0; length.parse().expect("a number")];
        requests.read_exact(&mut text).expect("a spec");
        let (word, content) = match compile(name, &text) {
            Ok(launcher) => ("ok", launcher),
            Err(said) => ("error", said),
        };
        let answer = [format!("{word} {}\n", content.len()).into_bytes(), content].concat();
        if stream.write_all(&answer).is_err() {
            return;
        }
        header.clear();
    }
}

fn compile(name: &str, text: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let directory = tempfile::TempDir::with_prefix("boxwright-compile-").expect("a directory");
    let spec = format!("{name}.sandbox.toml");
    std::fs::write(directory.path().join(&spec), text).expect("a spec");
    let mut command = Command::new(path());
    command.args(["build", &spec, "-o", name]).current_dir(directory.path()).env("NO_COLOR", "1");
    let output = command.output().expect("the compiler");
    if !output.status.success() {
        return Err([output.stdout, output.stderr].concat());
    }
    Ok(std::fs::read(directory.path().join(name)).expect("a launcher"))
}
