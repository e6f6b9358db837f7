//! The page of rules, as an installed program carries it: what each finds, why that matters, and an example.

/// `docs/rules.md`, which a test writes from the rules and their fixtures, and compares.
pub const PAGE: &str = include_str!("../../docs/rules.md");

/// What the page says of a rule, from its heading on.
pub fn section(rule: &str) -> Option<&'static str> {
    let mut sections = PAGE.split("\n## ").skip(1);
    sections.find(|section| section.lines().next() == Some(rule)).map(str::trim_end)
}
