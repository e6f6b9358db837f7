//! Text of strangers made safe to print: no character of it can move the cursor, change colours or reorder the line.

use std::borrow::Cow;

/// The text with every character that a terminal acts on replaced by one that shows where it was.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_active) {
        Cow::Owned(text.chars().map(|c| if is_active(c) { picture(c) } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Controls (C0, DEL, C1), line and paragraph separators, what reorders or hides text, and tags.
pub fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The control picture of an ASCII control, else the replacement character.
fn picture(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left() {
        assert_eq!(visible("plain ä 漢 🦀"), "plain ä 漢 🦀");
        assert_eq!(visible("\u{1b}[31m\r\n\t\u{7f}"), "␛[31m␍␊␉␡");
        assert_eq!(
            visible("a\u{9b}b\u{202e}c\u{2066}d\u{200f}e\u{e0041}f"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f"
        );
    }
}
