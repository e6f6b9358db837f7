//! What every trial starts from, whatever the caller of the tests has: a mode mask, a nice value, limits.

use super::Verdict;
use nix::libc;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};

/// Hard limits that the trials need, and what a shell calls them.
const LEAST: [(Resource, u64, &str); 4] = [
    // Some trials open thousands of descriptors, as hostile callers do.
    (Resource::RLIMIT_NOFILE, 4096, "-n"),
    // Executables of the tests are larger than any other file that they write.
    (Resource::RLIMIT_FSIZE, 1 << 28, "-f"),
    (Resource::RLIMIT_STACK, 1 << 23, "-s"),
    // The compiler and the emulator.
    (Resource::RLIMIT_AS, 1 << 33, "-v"),
];

/// Sets what this process may set; otherwise names what the caller has to.
pub fn settle() -> Verdict {
    // The other user reads what root's tests write.
    umask(Mode::from_bits_truncate(0o022));
    // Launches leave the nice value alone, and trials make it greater.
    // SAFETY: the call takes three numbers and no memory.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 0) };
    // SAFETY: as above.
    let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    if nice != 0 {
        return Err(format!("a nice value of 0 (it is {nice})"));
    }
    for (resource, least, option) in LEAST {
        let (soft, hard) = getrlimit(resource).map_err(|error| error.to_string())?;
        // Only who may raises the hard one.
        _ = setrlimit(resource, soft.max(least), hard.max(least))
            .or_else(|_| setrlimit(resource, hard, hard));
        if getrlimit(resource).is_ok_and(|(soft, _)| soft < least) {
            return Err(format!("a hard limit of at least {least} for `ulimit {option}` (it is {hard})"));
        }
    }
    Ok(())
}
