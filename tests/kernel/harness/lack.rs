//! Kernels that lack a call: every trial once more where it answers ENOSYS, for the launcher and for all that it starts.
//!
//! A trial passes as it does elsewhere, or its first launch that cannot be fails closed and says what is missing. Some are run,
//! with one of the kernels in turn; with `BOXWRIGHT_LACKING=complete` all with all.

use super::{Run, Stage};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

/// Calls that a kernel does not have.
#[derive(Debug, Clone, Copy)]
pub struct Lack {
    pub name: &'static str,
    /// Their numbers, as the probe's condition `lack` takes them.
    calls: &'static str,
    /// Every launch with a namespace of its own fails.
    pub stops: bool,
}

/// What older kernels and filters of containers do not have.
pub const LACKS: &[Lack] = &[
    Lack { name: "openat2", calls: "437", stops: true },
    Lack { name: "mount_setattr", calls: "442", stops: true },
    Lack { name: "close_range", calls: "436", stops: true },
    Lack { name: "clone3", calls: "435", stops: true },
    Lack { name: "landlock", calls: "444:445:446", stops: false },
    Lack { name: "pidfd", calls: "424:434:438", stops: false },
    Lack { name: "all", calls: "437:442:436:435:444:445:446:424:434:438", stops: true },
];

/// Of how many trials one is run.
const EACH: usize = 3;

/// What a trial ends with whose launch failed closed.
struct FailedClosed;

impl Lack {
    /// Runs a trial to its end, or to its first launch that fails closed.
    pub fn judge(trial: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(trial))
            && !payload.is::<FailedClosed>()
        {
            resume_unwind(payload);
        }
    }

    /// Whether the nth trial is not run here: it shows nothing, or it is another's turn. What stops no launch is tried with the
    /// demonstrations, which look at everything.
    pub fn leaves_out(&self, name: &str, nth: usize) -> bool {
        let complete = std::env::var_os("BOXWRIGHT_LACKING").is_some_and(|value| value == "complete");
        let turn = LACKS.get(nth / EACH % LACKS.len()).filter(|_| nth.is_multiple_of(EACH));
        let own_turn = complete || turn.is_some_and(|lack| lack.name == self.name);
        if self.stops {
            !own_turn || EXCEPT.iter().any(|start| name.starts_with(start))
        } else {
            !name.starts_with("demonstration/") || !complete && !nth.is_multiple_of(EACH)
        }
    }

    /// The condition of the probe.
    pub fn condition(&self) -> String {
        format!("lack={}", self.calls)
    }

    /// Ends the trial when a launch failed for want of a call, and was right in how.
    #[track_caller]
    pub fn look(&self, run: &Run) {
        let missing = ["Function not implemented", "the kernel has no Landlock", "needs Landlock ABI"];
        let Some(line) = run.stderr.lines().find(|line| missing.iter().any(|words| line.contains(words)))
        else {
            return;
        };
        // What watches a launcher says its status in a line.
        if run.status == 125 || run.stderr.lines().any(|line| line == "status=125") {
            let place = [".sandbox.toml:", "builtin:"].iter().any(|file| line.contains(file));
            assert!(place, "no place in the spec: {line}");
            assert!(line.contains("; "), "no remedy: {line}");
            resume_unwind(Box::new(FailedClosed));
        }
    }
}

/// Trials that start launchers by other ways than the stage's, or that need the calls themselves: their names begin so.
const EXCEPT: &[&str] = &[
    "changed-plans/",
    "mutants/",
    "fault/",
    "jobs/",
    "readme/",
    "network/",
    "cgroups/",
    "timeout/",
    "at-once/",
    "caller/",
    "demo/",
    "doctor/",
    "life/bubblewrap-",
    "life/die-with-parent",
    "life/outlive-the-parent",
    "joins/die-with-parent",
    "scarcity/nothing-can-be-written",
    "attest/in-place",
    "bypass/moby-42680-",
    "bypass/clone3-",
    "bypass/cve-2022-0492-",
    "row-38/",
    "maps/program-that-hangs",
    "filter/is-the-plans",
];

impl Stage {
    /// The same stage on a kernel that lacks something.
    pub fn lacking(mut self, lack: Option<&'static Lack>) -> Self {
        self.lack = lack;
        self
    }

    /// A program and its arguments, as they are started where something is lacking.
    pub(super) fn started(&self, program: &Path, arguments: &[&str]) -> (std::path::PathBuf, Vec<String>) {
        let own = arguments.iter().map(|&argument| argument.to_owned());
        let Some(lack) = self.lack else { return (program.to_owned(), own.collect()) };
        let program = program.to_str().expect("a plain path").to_owned();
        let start = ["--start".to_owned(), lack.condition(), "--".to_owned(), program];
        (self.ground.probe.clone(), start.into_iter().chain(own).collect())
    }
}
