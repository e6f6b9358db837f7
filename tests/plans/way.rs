//! The way from an entry of a plan to its program, found without trusting the reader's own walk.

use boxwright_launcher::plan::operation::{Kind, Otherwise};
use boxwright_launcher::plan::{Entry, Plan};

/// The operations on the shortest way to exec: all that may be skipped is skipped, unless it is declared optional.
pub fn on_the_way(plan: &Plan, entry: Entry) -> Vec<u32> {
    let (mut way, mut list) = (Vec::new(), plan.entry(entry));
    loop {
        let range = plan.list(list).expect("a list");
        let mut index = range.first;
        list = loop {
            assert!(index < range.first + range.count, "a list ends in exec or supervise");
            way.push(index);
            match plan.operation(index).expect("an operation").kind {
                Kind::Exec(_) => return way,
                Kind::Fork(fork) if leads_to_the_program(plan, fork.list) => break fork.list,
                Kind::Check(check) => match check.otherwise {
                    Otherwise::Skip(count) => index += u32::from(count),
                    Otherwise::SkipOptional(_) | Otherwise::Fail(_) => {}
                },
                Kind::Call(call) => index += u32::from(call.skip),
                _ => {}
            }
            index += 1;
        };
    }
}

/// Whether a list ends in the program, or one that it forks does.
fn leads_to_the_program(plan: &Plan, list: u16) -> bool {
    let range = plan.list(list).expect("a list");
    (range.first..range.first + range.count).any(|index| {
        match plan.operation(index).expect("an operation").kind {
            Kind::Exec(_) => true,
            Kind::Fork(fork) => leads_to_the_program(plan, fork.list),
            _ => false,
        }
    })
}
