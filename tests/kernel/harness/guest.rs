//! What is different when this program itself runs in a virtual machine: tests/vm/guest.rs sets these variables there.

use libtest_mimic::Trial;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

/// The static probe, which is built already.
pub fn probe() -> Option<OsString> {
    std::env::var_os("BOXWRIGHT_PROBE")
}

/// The escape suite, which is built already, too.
pub fn escape() -> Option<OsString> {
    std::env::var_os("BOXWRIGHT_ESCAPE")
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
