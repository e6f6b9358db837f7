//! How many sockets a service manager opens is known at launch, so no number after them can be asked for.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::error("listen-alone", "descriptors are kept by number beside those of socket activation").why(
        "A service manager passes its sockets from descriptor 3 on and says at launch how many they are. \
        A number beside them may be one of the sockets, or not.\n\n\
        Let the service manager pass that descriptor on too.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let process = &policy.process;
    let (Some(listen), Some(number)) = (process.listen, process.keep_fds.first()) else { return Vec::new() };
    vec![
        RULE.at(number.span, format!("descriptor {} is kept beside \"listen\"", number.value))
            .label("it may be one of the sockets, or not")
            .and(listen, "these begin at 3, and the service manager says how many they are")
            .help("let the service manager pass it on: a socket unit opens files and FIFOs too"),
    ]
}
