//! Characters that a reviewer cannot see, or that reorder what is seen.

use super::rules::HIDDEN_CHARACTER;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// More of them than anybody will look at; a hostile file could have 10^5.
const FINDINGS_MAX: usize = 10_000;

/// Wherever they stand, in a comment too: what a reviewer reads must be what is compiled. The two joiners of emoji and
/// of several scripts are left alone; TOML itself refuses the ASCII controls.
pub(super) fn hidden(text: &str) -> impl Iterator<Item = Diagnostic> {
    let found = text.char_indices().filter_map(|(start, c)| {
        let what = what(c)?;
        let span = Span::new(start, start + c.len_utf8());
        let finding =
            HIDDEN_CHARACTER.at(span, format!("{what}, U+{:04X}, that nobody can see", u32::from(c)));
        Some(finding.help("take it out, or write it as an escape in a string in double quotes"))
    });
    found.take(FINDINGS_MAX)
}

fn what(c: char) -> Option<&'static str> {
    match c {
        '\u{80}'..='\u{9f}' => Some("a control character"),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some("a mark that reorders the text")
        }
        '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' => {
            Some("a character without width")
        }
        '\u{2028}' | '\u{2029}' => Some("a line separator"),
        _ => None,
    }
}
