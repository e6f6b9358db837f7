//! Any bytes through the plan's reader, as they are and with what an author would put right; what it accepts is shown.
#![no_main]

#[path = "repair.rs"]
mod repair;

use boxwright::inspect::{render, render_filters};
use boxwright_launcher::plan::{Entry, Plan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    show(bytes);
    show(&repair::repair(bytes));
});

fn show(bytes: &[u8]) {
    let Ok(plan) = Plan::read(bytes) else { return };
    for index in 0..plan.operations() {
        let operation = plan.operation(index).expect("the reader has read it");
        plan.origin(operation.origin);
        plan.note(index, 1);
    }
    for entry in [Entry::Privileged, Entry::Unprivileged] {
        assert!(plan.list(plan.entry(entry)).is_some());
    }
    let text = render(&plan, true) + &render_filters(&plan);
    // What a plan says reaches the terminal of whoever inspects it.
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
}
