//! What is said when a launch fails: one line, written at once.

use crate::output;
use boxwright_launcher::errno;
use boxwright_launcher::plan::Plan;
use boxwright_launcher::plan::operation::{Kind, Operation, Supervise};

/// Of any call, unless the plan knows better.
const ENOSYS: u32 = 38;
const MISSING: &[u8] = b"needs Linux 5.14, and no filter that denies the call";

/// Why an operation failed.
#[derive(Clone, Copy)]
pub enum Failure {
    /// The kernel refused with this errno.
    Errno(u32),
    /// A check did not hold, or an answer was not complete; the string of the plan at this offset says why.
    Reason(u32),
    /// What the launcher itself has to say.
    Words(Words),
    /// An assistant ended with this status; 128 and a signal's number when that ended it.
    Status(u32),
}

/// What the launcher itself has to say about an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Words {
    /// A slot whose operation went on without a result.
    Unset,
    /// A call that succeeded in part.
    Incomplete,
    /// A text longer than its room.
    TooLong,
    /// Arguments for a sandbox that takes none.
    Arguments,
    /// Executed operations differ from the header's.
    Promise,
    /// A process of the sandbox was ended by something else before the program started.
    Died,
    /// The sandbox has lasted as long as it may.
    TimeUp,
}

/// A line for standard error, cut at its capacity.
pub struct Line {
    bytes: [u8; Self::CAPACITY],
    length: usize,
}

impl Words {
    const ALL: [Self; 7] = [
        Self::Unset,
        Self::Incomplete,
        Self::TooLong,
        Self::Arguments,
        Self::Promise,
        Self::Died,
        Self::TimeUp,
    ];

    fn text(self) -> &'static [u8] {
        match self {
            Self::Unset => b"an earlier step left no result",
            Self::Incomplete => b"incomplete",
            Self::TooLong => b"too long",
            Self::Arguments => b"the sandbox takes no arguments (process.append_args)",
            Self::Promise => b"a protection was skipped",
            Self::Died => b"ended before the program started",
            Self::TimeUp => b"timed out",
        }
    }
}

impl Failure {
    /// Two words that cross the page shared by all processes of a launch.
    pub fn encode(self) -> [u32; 2] {
        match self {
            Self::Errno(errno) => [0, errno],
            Self::Reason(string) => [1, string],
            Self::Words(words) => [2, words as u32],
            Self::Status(status) => [3, status],
        }
    }

    /// What [`Failure::encode`] made.
    pub fn decode(words: [u32; 2]) -> Self {
        match words {
            [0, errno] => Self::Errno(errno),
            [1, string] => Self::Reason(string),
            [3, status] => Self::Status(status),
            [_, other] => Self::Words(Words::ALL.get(other as usize).copied().unwrap_or(Words::Died)),
        }
    }
}

impl Line {
    /// Room for two long paths.
    const CAPACITY: usize = 8192;

    pub fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], length: 0 }
    }

    pub fn push(&mut self, text: &[u8]) {
        for &byte in text {
            if let Some(room) = self.bytes[..Self::CAPACITY - 1].get_mut(self.length) {
                *room = byte;
                self.length += 1;
            }
        }
    }

    pub fn decimal(&mut self, number: u64) {
        let mut digits = [0; 20];
        self.push(decimal(number, &mut digits));
    }

    /// Writes it to a descriptor with its line end, in one write, within so many milliseconds.
    pub fn print(&mut self, descriptor: u32, patience: u32) {
        self.bytes[self.length] = b'\n';
        output::write(descriptor, &self.bytes[..=self.length], patience);
    }
}

/// The decimal digits of a number.
pub fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        at -= 1;
        if number == 0 {
            break;
        }
    }
    &digits[at..]
}

/// Prints `name: file:line:column: words: why`, and what the plan notes about it.
#[inline(never)]
pub fn print(plan: &Plan, operation: u32, failure: Failure) {
    let mut line = Line::new();
    line.push(plan.provenance().name);
    line.push(b": ");
    if let Some(Operation { origin, kind, .. }) = plan.operation(operation) {
        let origin = plan.origin(match (kind, failure) {
            (Kind::Supervise(Supervise { ending: Some(ending), .. }), Failure::Words(Words::TimeUp)) => {
                ending.origin
            }
            _ => origin,
        });
        line.push(origin.file);
        line.push(b":");
        line.decimal(origin.line.into());
        line.push(b":");
        line.decimal(origin.column.into());
        line.push(b": ");
        line.push(origin.words);
        line.push(b": ");
        if let Kind::Assist(assist) = kind {
            line.push(plan.string(plan.blob_word(assist.arguments.blob)));
            line.push(b": ");
        }
    }
    // What the plan notes about an errno, or about any status of an assistant.
    let noted = match failure {
        Failure::Errno(number) => {
            match errno::words(number) {
                Some(words) => line.push(words),
                None => {
                    line.push(b"errno ");
                    line.decimal(number.into());
                }
            }
            Some(number)
        }
        Failure::Status(status) => {
            line.push(b"ended with status ");
            line.decimal(status.into());
            Some(0)
        }
        Failure::Reason(string) => {
            line.push(plan.string(string));
            None
        }
        Failure::Words(words) => {
            line.push(words.text());
            None
        }
    };
    let note = noted.and_then(|errno| plan.note(operation, errno));
    if let Some(note) = note.or_else(|| (noted == Some(ENOSYS)).then_some(MISSING)) {
        line.push(b"; ");
        line.push(note);
    }
    line.print(2, output::PATIENCE);
}
