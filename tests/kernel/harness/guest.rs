//! What is different when this program itself runs in a virtual machine: tests/vm/guest.rs sets these variables there.

use libtest_mimic::Trial;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

/// The static probe, which is built already.
pub fn probe() -> Option<OsString> {
    std::env::var_os("BOXWRIGHT_PROBE")
}

/// What the host's compiler makes of a spec, where it is asked: a launcher is the same bytes wherever it is compiled, and
/// there that takes ten times as long.
pub fn compile(name: &str, text: &str) -> Option<Result<Vec<u8>, String>> {
    static PORT: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
        let path = std::env::var_os("BOXWRIGHT_COMPILER_PORT")?;
        Some(Mutex::new(File::options().read(true).write(true).open(path).expect("the port")))
    });
    let mut port = PORT.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
    port.write_all(format!("{name} {}\n{text}", text.len()).as_bytes()).expect("the port");
    // There is nothing behind an answer before the next question.
    let mut answers = BufReader::new(&*port);
    let mut header = String::new();
    answers.read_line(&mut header).expect("two words");
    let (word, length) = header.trim_end().split_once(' ').expect("two words");
    let mut answer = vec![0; length.parse().expect("a number")];
    answers.read_exact(&mut answer).expect("the port");
    Some(if word == "ok" { Ok(answer) } else { Err(String::from_utf8_lossy(&answer).into_owned()) })
}

/// Drops the trials that the host does not ask for.
pub fn keep_asked(trials: &mut Vec<Trial>) {
    if let Some(file) = std::env::var_os("BOXWRIGHT_TRIALS") {
        let names = std::fs::read_to_string(file).expect("the names of trials");
        let names: BTreeSet<&str> = names.lines().collect();
        trials.retain(|trial| names.contains(trial.name()));
    }
}

/// Of the rounds of a stress loop every how many is run: all on the host, few where each takes ten times as long. It
/// shares no factor with the lists of errnos that the rounds go through.
pub fn stride() -> usize {
    if probe().is_some() { 13 } else { 1 }
}

/// A time to wait for something, longer there.
pub fn slowly(time: Duration) -> Duration {
    if probe().is_some() { 10 * time } else { time }
}
