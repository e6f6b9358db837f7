//! Records to operations and back, and an accepted plan written once more: the reader and the writer mean the same.
#![no_main]

#[path = "repair.rs"]
mod repair;

use boxwright::inspect::render;
use boxwright_launcher::plan::operation::{Operation, RECORD_BYTES};
use boxwright_launcher::plan::write::{Draft, Sources};
use boxwright_launcher::plan::{Entry, HEADER_BYTES, Plan, Section};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for record in bytes.get(HEADER_BYTES..).unwrap_or_default().as_chunks::<RECORD_BYTES>().0 {
        if let Ok(operation) = Operation::read(record) {
            assert_eq!(operation.write(), *record, "{operation:?}");
        }
    }
    let repaired = repair::repair(bytes);
    let Ok(plan) = Plan::read(&repaired) else { return };
    let Some(again) = write(&plan) else { return };
    let read = Plan::read(&again).expect("what is accepted is accepted again");
    for section in [Section::Lists, Section::Operations, Section::Arena, Section::Blobs] {
        assert_eq!(read.section(section), plan.section(section), "{section:?}");
    }
    for entry in [Entry::Privileged, Entry::Unprivileged] {
        assert_eq!(read.promises(entry), plan.promises(entry));
    }
    render(&read, true);
});

/// The plan that has the same operations; `None` when its strings are not as a writer lays them out.
fn write(plan: &Plan) -> Option<Vec<u8>> {
    let strings = plan.section(Section::Strings);
    let mut draft = Draft::default();
    let mut at = 0;
    for string in strings.strip_suffix(&[0])?.split(|&byte| byte == 0) {
        if draft.string(std::str::from_utf8(string).ok()?) as usize != at {
            return None;
        }
        at += string.len() + 1;
    }
    draft.blob(plan.section(Section::Blobs));
    for number in 0..plan.section(Section::Origins).len() / 16 {
        draft.origin("step", "file", u32::try_from(number).ok()?, 1);
    }
    for number in 0..plan.lists() {
        let list = plan.list(number)?;
        let operations = (list.first..list.first + list.count).map(|index| plan.operation(index));
        draft.lists.push(operations.collect::<Option<_>>()?);
    }
    draft.entries = [plan.entry(Entry::Privileged), plan.entry(Entry::Unprivileged)];
    draft.status = plan.status().unwrap_or(0);
    draft.arena = plan.section(Section::Arena).to_vec();
    draft.arena_bytes = plan.arena();
    draft.sources(&Sources { name: "", compiler: "", tables: "", spec: [0; 32], launcher: [0; 32] });
    // Blobs are filled up to a multiple of eight.
    plan.section(Section::Blobs).len().is_multiple_of(8).then(|| draft.finish())
}
