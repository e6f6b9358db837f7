//! An exec that is the last: the launcher's own execve carries a secret in arguments that the kernel ignores, the filter
//! asks for it, and the program, which starts with these registers cleared, cannot know it.

use super::diagram::{Diagram, Node};
use super::instruction::{Instruction, code};
use super::proof::{Unproven, prove};
use super::request::Request;
use super::rule::{Condition, Operator, Rule, Width};
use super::verdict::Verdict;
use super::word::Argument;

/// The fourth to sixth argument of execve, each with its high word first.
pub type Words = [u32; 6];

/// What stands in a program until the launcher draws the words: numbers that no rule is likely to name.
pub const PLACEHOLDER: Words = [0xB0C5_0001, 0xB0C5_0002, 0xB0C5_0003, 0xB0C5_0004, 0xB0C5_0005, 0xB0C5_0006];

/// Another cookie, to prove that any other one works as well.
const OTHER: Words = [0x5A17_0011, 0x5A17_0012, 0x5A17_0013, 0x5A17_0014, 0x5A17_0015, 0x5A17_0016];

/// The indices of the instructions whose constants are the cookie's words, in their order.
pub type Marks = [usize; 6];

/// Allows the execve that has these words.
pub(super) fn rule(number: u32, words: &Words, layer: u8, origin: usize) -> Rule {
    let conditions = words.chunks_exact(2).zip(3..).filter_map(|(halves, index)| {
        let value = halves.iter().fold(0, |value, &half| value << 32 | u64::from(half));
        Some(Condition {
            argument: Argument::new(index)?,
            width: Width::Bits64,
            operator: Operator::Equal(value),
        })
    });
    Rule { number, conditions: conditions.collect(), verdict: Verdict::ALLOW, layer, origin }
}

/// Where a program's placeholders are. Each has to stand in one comparison for equality and nowhere else, and the
/// program with other words in their place has to be the filter of these other words.
pub(super) fn marks(
    request: &Request,
    program: &[Instruction],
    diagram: &mut Diagram,
) -> Result<Marks, Unproven> {
    let mut marks = [0; 6];
    for (mark, word) in marks.iter_mut().zip(PLACEHOLDER) {
        let mut places = program.iter().enumerate().filter(|(_, instruction)| instruction.k == word);
        *mark = match (places.next(), places.next()) {
            (Some((index, instruction)), None) if instruction.code == code::JUMP_EQUAL => index,
            _ => return Err(Unproven::Cookie),
        };
    }
    let mut other = program.to_vec();
    for (mark, word) in marks.into_iter().zip(OTHER) {
        other[mark].k = word;
    }
    let meaning: Node = request.filter_with(&OTHER).meaning(diagram).map_err(|_| Unproven::Cookie)?;
    prove(&other, meaning, diagram).map(|_| marks)
}
