//! The launcher: finds its plan, checks it, and does what it says.
//!
//! It has no parser, no allocator, no libc and no policy. `unsafe` is opened in three files: `start` (the initial
//! stack), `sys` (system calls) and `mem` (the arena and the memory functions that the compiler calls).
#![no_std]
#![no_main]
#![deny(unsafe_code)]
#![allow(
    clippy::cast_possible_truncation,
    reason = "lengths are bounded by the plan's limits, and what a call returns is a word wherever it is kept"
)]

mod cgroup;
mod failure;
mod finish;
mod mem;
mod output;
mod run;
mod start;
mod status;
mod supervise;
mod sys;
mod terminal;

use boxwright_launcher::abi::EXIT_NOT_SET_UP;
use boxwright_launcher::plan::{Plan, Refusal};
use failure::Line;
use start::Start;

fn main(mut start: Start) -> ! {
    if start.secure {
        refuse(b"refusing to run setuid, setgid or with capabilities", None);
    }
    let sealed = start.plan;
    let bytes = sealed.or_else(|| {
        // The bare launcher: the first argument names the plan file, the rest are the program's.
        start.arguments.skip_first();
        sys::read_plan(start.arguments.get(0)?)
    });
    match bytes.map(Plan::read) {
        Some(Ok(plan)) => run::launch(plan, start),
        Some(Err(refusal)) => refuse(b"plan refused", Some(refusal)),
        None => refuse(b"no plan sealed in or given as first argument", None),
    }
}

/// Says why nothing was even begun.
fn refuse(words: &[u8], refusal: Option<Refusal>) -> ! {
    let mut line = Line::new();
    line.push(b"boxwright-launcher: ");
    line.push(words);
    if let Some(Refusal { offset, reason }) = refusal {
        line.push(b": ");
        line.push(reason.words().as_bytes());
        line.push(b" at byte ");
        line.decimal(offset as u64);
    }
    line.print(2, output::PATIENCE);
    sys::exit(EXIT_NOT_SET_UP)
}
