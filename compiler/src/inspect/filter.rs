//! The filters of a plan: their figures, and their instructions in words.

use crate::seccomp::{Instruction, disassemble, measure};
use boxwright_launcher::plan::operation::{Filter, Kind, Operation, Promise};
use boxwright_launcher::plan::{Plan, Section};
use std::collections::BTreeSet;

/// Every filter that a plan installs, in a commented disassembly; none is shown twice.
pub fn render_filters(plan: &Plan) -> String {
    let mut seen = BTreeSet::new();
    let mut text = String::new();
    for (operation, filter) in filters(plan).filter(|(_, filter)| seen.insert((filter.blob, filter.count))) {
        if text.len() > super::LARGEST_PAGE {
            return text + "the rest is left out\n";
        }
        let origin = plan.origin(operation.origin);
        let place = format!("{}:{}:{}", super::words(origin.file), origin.line, origin.column);
        let program = program(plan, filter);
        text += &format!("{}  {place}\n{}\n", super::words(origin.words), figures(&program));
        text += &disassemble(&program);
        text += "\n";
    }
    text.truncate(text.trim_end_matches('\n').len());
    if text.is_empty() { "no filter is installed\n".into() } else { text + "\n" }
}

/// The figures of the filter that the program runs under.
pub(super) fn of_the_program(plan: &Plan) -> String {
    let mut found = filters(plan).filter(|(operation, _)| operation.promise == Promise::Seccomp);
    found.next().map_or_else(|| "none".into(), |(_, filter)| figures(&program(plan, filter)))
}

fn figures(program: &[Instruction]) -> String {
    measure(program).map_or_else(|fault| fault.to_string(), |proof| proof.to_string())
}

fn filters(plan: &Plan) -> impl Iterator<Item = (Operation, Filter)> {
    (0..plan.operations()).filter_map(|index| {
        let operation = plan.operation(index)?;
        let Kind::Filter(filter) = operation.kind else { return None };
        Some((operation, filter))
    })
}

/// The instructions of a filter, which the plan's reader has found inside of it.
fn program(plan: &Plan, filter: Filter) -> Vec<Instruction> {
    let blobs = plan.section(Section::Blobs).get(filter.blob as usize..).unwrap_or_default();
    let (instructions, _) = blobs.as_chunks();
    instructions.iter().take(filter.count.into()).map(|bytes| Instruction::from_bytes(*bytes)).collect()
}
