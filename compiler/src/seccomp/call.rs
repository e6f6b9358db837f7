//! System calls as people write them: `socket(AF_ALG, 5, 0)`.

use super::parameter::parameters;
use super::table::Architecture;
use super::word::{Argument, Input, Word};

/// A number as specs and questions write it: decimal, hexadecimal after `0x` or octal after `0o`.
pub fn number(text: &str) -> Option<u64> {
    match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => u64::from_str_radix(digits, 16).ok(),
        (_, Some(digits)) => u64::from_str_radix(digits, 8).ok(),
        _ if text.starts_with('+') => None,
        _ => text.parse().ok(),
    }
}

/// A call as people write it: `socket(16, 0, 0)`, with as many arguments as it has parameters.
pub fn call_words(input: &Input) -> String {
    let [audit, number, ..] = *input;
    let architecture = Architecture::ALL.into_iter().find(|architecture| architecture.audit() == audit);
    let name = architecture.and_then(|architecture| architecture.syscall_name(number));
    let count = name.and_then(parameters).map_or(6, |parameters| parameters.len());
    let arguments = (0..6).filter_map(Argument::new).take(count).map(|argument| {
        let [high, low] = [Word::argument_high(argument), Word::argument_low(argument)]
            .map(|word| u64::from(input[word.index()]));
        let value = high << 32 | low;
        if value < 10 { value.to_string() } else { format!("{value:#x}") }
    });
    let arguments: Vec<String> = arguments.collect();
    match name {
        Some(name) => format!("{name}({})", arguments.join(", ")),
        None => format!("syscall {number} of architecture {audit:#x}"),
    }
}
