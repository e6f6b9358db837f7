//! Answers about single calls, from the meaning that is enforced.

use super::diagram::{Diagram, Node, OverBudget};
use super::rule::{Filter, Rule};
use super::verdict::Verdict;
use super::word::{Input, Known};

/// The verdict on one input, and the rule that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'f> {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule that decides; `None` where none matches and a fallback answers.
    pub rule: Option<&'f Rule>,
}

/// Every verdict that inputs with these words can get, each with such an input and the rule that decides it.
pub fn explain<'f>(
    filter: &'f Filter,
    meaning: Node,
    known: &Known,
    diagram: &mut Diagram,
) -> Result<Vec<(Input, Answer<'f>)>, OverBudget> {
    let found = diagram.verdicts(meaning, known);
    found.into_iter().map(|(verdict, input)| Ok((input, answer(filter, verdict, input, diagram)?))).collect()
}

fn answer<'f>(
    filter: &'f Filter,
    verdict: Verdict,
    input: Input,
    diagram: &mut Diagram,
) -> Result<Answer<'f>, OverBudget> {
    let [arch, number, ..] = input;
    let calls = filter.tables.get(&arch).map(|table| table.rules_by_number()).unwrap_or_default();
    for &rule in calls.get(&number).into_iter().flatten() {
        let condition = rule.condition(diagram)?;
        if diagram.holds(condition, &input) {
            return Ok(Answer { verdict, rule: Some(rule) });
        }
    }
    Ok(Answer { verdict, rule: None })
}
