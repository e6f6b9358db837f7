//! Any executable through what looks for a sealed plan in it, and through what would seal one in.
#![no_main]

use boxwright::inspect::render;
use boxwright::link::{link, sealed_plan};
use boxwright_launcher::plan::Plan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Some(plan) = sealed_plan(file).and_then(|bytes| Plan::read(bytes).ok()) {
        render(&plan, false);
    }
    _ = link(file, b"a plan");
});
