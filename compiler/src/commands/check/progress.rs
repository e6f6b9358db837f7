//! How far a long run is, for who waits at a terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Before this nobody has begun to wait.
const FIRST: Duration = Duration::from_millis(500);

/// Faster nobody reads.
const EVERY: Duration = Duration::from_millis(100);

/// A line that is written over and goes away at the end.
pub struct Progress {
    total: usize,
    start: Instant,
    /// When it was last written, since the start.
    last: Option<Duration>,
    terminal: bool,
}

impl Progress {
    /// Of so many specs.
    pub fn new(total: usize) -> Self {
        Self { total, start: Instant::now(), last: None, terminal: std::io::stderr().is_terminal() }
    }

    /// So many are begun.
    pub fn tell(&mut self, begun: usize) {
        let now = self.start.elapsed();
        if self.terminal && self.is_due(now) {
            self.last = Some(now);
            // When even this fails there is nobody left to tell.
            let _ = write!(std::io::stderr(), "\r{begun} of {} specs", self.total);
        }
    }

    fn is_due(&self, now: Duration) -> bool {
        self.last.map_or(now >= FIRST, |last| now >= last + EVERY)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.last.is_some() {
            let _ = write!(std::io::stderr(), "\r{:1$}\r", "", format!("{0} of {0} specs", self.total).len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EVERY, FIRST, Progress};
    use std::time::Duration;

    #[test]
    fn only_long_runs_are_told_of_and_not_too_often() {
        let mut progress = Progress::new(1000);
        let little = Duration::from_millis(1);
        assert!(!progress.is_due(FIRST - little) && progress.is_due(FIRST));
        progress.last = Some(FIRST);
        assert!(!progress.is_due(FIRST + EVERY - little) && progress.is_due(FIRST + EVERY));
        progress.last = None;
        progress.tell(1);
        assert!(progress.last.is_none(), "the run is short");
    }
}
