//! A launch begins again when the source of a mount was replaced meanwhile: the kernel mounts no file that has lost its name,
//! and by then no path of the host is left to open the new one by.

use super::Launch;
use crate::failure::Failure;
use crate::{supervise, sys};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Call, Kind, Operation, Store, Tally};
use core::sync::atomic::Ordering::SeqCst;

/// ENOENT.
const NOT_FOUND: u32 = 2;
/// How often: whoever replaces a file faster than that must wait with it.
const MOST: u8 = 64;

/// Where to begin again: at the gate before the child is forked.
#[derive(Clone, Copy, Default)]
pub struct Again {
    fork: u32,
    /// What was counted before the fork.
    tally: Tally,
    times: u8,
}

impl Launch {
    /// Remembers the last fork, before it is counted.
    pub(super) fn remember(&mut self, index: u32, operation: &Operation) {
        if let Kind::Fork(_) = operation.kind {
            self.again.fork = index;
            self.again.tally = self.tally;
        }
    }

    /// After the child's end: whether another one may succeed, and then how far to go from the operation at `index`. What was
    /// done beside the child must be as good for the next: interfaces and pasta's are made once.
    #[inline(never)]
    pub fn again(&mut self, index: u32) -> Option<u32> {
        let report = self.report?;
        let (failed, Failure::Errno(NOT_FOUND), _) = supervise::reported(report)? else { return None };
        let kind = |at| self.plan.operation(at).map(|operation| operation.kind);
        let Some(Kind::Call(Call { number: number::move_mount, .. })) = kind(failed) else { return None };
        let gate = self.again.fork.checked_sub(1)?;
        let Some(Kind::Call(Call { result: Store::Pair(_), .. })) = kind(gate) else { return None };
        let once = |at| matches!(kind(at), Some(Kind::Netlink(_) | Kind::Assist(_)));
        if self.again.times == MOST || (gate..index).any(once) {
            return None;
        }
        self.again.times += 1;
        self.tally = self.again.tally;
        self.child = None;
        // The next child's maps of ids are its files.
        sys::be_open(true).ok()?;
        report.state.store(0, SeqCst);
        Some(gate.wrapping_sub(index + 1))
    }
}
