//! Makes the attempts one after the other, each in a process of its own with a time limit.

use crate::attempt::{Attempt, Probe, Stopped, apart, call, ended, fork, on_path, own_pid, read};
use crate::sys::{errno_name, from, into, nr, text};
use crate::world::World;

/// Milliseconds after which an attempt is killed.
const PATIENCE: u64 = 5000;
/// SIGXFSZ, SIGSYS: how a limit and a filter stop a process.
const STOPPING: [i32; 2] = [25, 31];

/// How attempts end that must not succeed.
pub const CONTAINED: [&str; 2] = ["contained", "ESCAPED"];
/// And those that must.
pub const WORKING: [&str; 2] = ["fails", "works"];

/// All of them; `only=NAME` leaves those whose names begin so.
pub fn run(subjects: &[(&str, &[Probe])], facts: &[&str], words: [&str; 2]) {
    let world = World::new(facts);
    let only = world.get("only").unwrap_or_default().to_owned();
    for (subject, probes) in subjects {
        for (name, probe) in *probes {
            let name = format!("{subject}/{name}");
            if name.starts_with(&only) {
                let (outcome, detail) = match outcome(*probe, &world) {
                    Outcome::Not(detail) => (words[0], detail),
                    Outcome::Happened => (words[1], "it happened".to_owned()),
                    Outcome::NotApplicable(detail) => ("not-applicable", detail),
                };
                println!("{name} {outcome} {detail}");
            }
        }
    }
}

/// What is attempted.
pub fn names(subjects: &[(&str, &[Probe])]) {
    for (subject, probes) in subjects {
        probes.iter().for_each(|(name, _)| println!("{subject}/{name}"));
    }
}

/// The same where mounts are nobody else's.
pub fn run_apart(subjects: &[(&str, &[Probe])], facts: &[&str]) {
    apart();
    // What sandboxes have mounts for is one here, too, and hidden is what they hide.
    let world = World::new(facts);
    let masked = world.file("masked/file").unwrap_or_default();
    for (source, place) in [("/usr", "/usr"), ("/tmp", "/tmp"), ("/dev/null", &masked)] {
        _ = on_path(nr::MOUNT, source, [from(text(place).as_bytes_with_nul()), 0, 0x1000, 0]);
    }
    if own_pid() == 1 {
        let kind = text("proc");
        let place = text("/proc");
        _ = on_path(
            nr::MOUNT,
            "proc",
            [from(place.as_bytes_with_nul()), from(kind.as_bytes_with_nul()), 0, 0],
        );
    }
    run(subjects, facts, CONTAINED);
}

/// What became of an attempt, with the reason.
enum Outcome {
    Not(String),
    Happened,
    NotApplicable(String),
}

/// Makes one attempt.
fn outcome(probe: fn(&World) -> Attempt, world: &World) -> Outcome {
    let mut pipe = [0_u32; 2];
    if let Err(stopped) = call(nr::PIPE2, [into(&mut pipe), 0o2_000_000]) {
        return Outcome::NotApplicable(format!("no pipe: {}", words(&stopped)));
    }
    let [reader, writer] = pipe;
    let child = match fork() {
        Ok(0) => answer(writer, &probe(world)),
        Ok(child) => child,
        Err(stopped) => return Outcome::NotApplicable(format!("no process: {}", words(&stopped))),
    };
    _ = call(nr::CLOSE, [writer.into()]);
    let mut waited = [u64::from(reader) | 1 << 32];
    let ready = call(nr::POLL, [into(&mut waited), 1, PATIENCE]);
    if matches!(ready, Ok(0)) {
        _ = call(nr::KILL, [child, 9]);
    }
    // One read, because what an attempt has started may still hold the other end.
    let heard = if matches!(ready, Ok(1)) { read(reader.into()).unwrap_or_default() } else { Vec::new() };
    let said = String::from_utf8_lossy(&heard);
    let status = ended(child);
    _ = call(nr::CLOSE, [reader.into()]);
    match (said.split_once(' '), status) {
        (Some(("not", detail)), _) => Outcome::Not(detail.to_owned()),
        (Some(("happened", _)), _) => Outcome::Happened,
        (Some((_, detail)), _) => Outcome::NotApplicable(detail.to_owned()),
        (None, Ok(status)) if STOPPING.contains(&(status - 128)) => {
            Outcome::Not(format!("ended by signal {}", status - 128))
        }
        (None, status) => Outcome::NotApplicable(format!("ended unexpectedly: {status:?}")),
    }
}

/// Tells the outcome and ends the attempt's process.
fn answer(writer: u32, attempt: &Attempt) -> ! {
    let line = match attempt {
        Ok(()) => "happened ".to_owned(),
        Err(Stopped::Beside(reason)) => format!("beside {reason}"),
        Err(stopped) => format!("not {}", words(stopped)),
    };
    _ = call(nr::WRITE, [writer.into(), from(line.as_bytes()), line.len() as u64]);
    std::process::exit(0)
}

fn words(stopped: &Stopped) -> String {
    match stopped {
        Stopped::By(errno) => errno_name(*errno),
        Stopped::Because(reason) | Stopped::Beside(reason) => reason.replace('\n', " "),
    }
}
