//! Long tables as texts, whose lines are sorted by their first word: most runs ask for few lines, and read no others.

use std::cmp::Ordering;

/// The words after this one, in the line that begins with it.
pub(super) fn after(word: &str, text: &'static str) -> Option<&'static str> {
    let mut rest = text;
    while !rest.is_empty() {
        let middle = rest.as_bytes().iter().take(rest.len() / 2).rposition(|&byte| byte == b'\n');
        let (before, from) = rest.split_at_checked(middle.map_or(0, |newline| newline + 1))?;
        let (line, behind) = from.split_once('\n').unwrap_or((from, ""));
        let (first, after) = split(line);
        rest = match first.cmp(word) {
            Ordering::Less => behind,
            Ordering::Equal => return Some(after),
            Ordering::Greater => before,
        };
    }
    None
}

/// A line's first word, and those after it.
pub(super) fn split(line: &str) -> (&str, &str) {
    line.split_once(' ').unwrap_or((line, ""))
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn every_line_is_found_and_nothing_else() {
        let text = "a 1\nab\nabc 2 3\nb 4\n";
        let found = ["a", "ab", "abc", "b"].map(|word| after(word, text));
        assert_eq!(found, [Some("1"), Some(""), Some("2 3"), Some("4")]);
        for absent in ["", "A", "aa", "abcd", "c", "a 1", "1"] {
            assert_eq!(after(absent, text), None, "{absent}");
        }
        assert_eq!(after("a", ""), None);
        assert_eq!(after("b", "a\nb 1"), Some("1"));
    }
}
