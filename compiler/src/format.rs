//! A spec in its canonical form: the same words with other space between them, in sections of the language's order.

mod block;
mod read;
mod value;

use read::Item;

/// The most columns that an array is kept on one line for.
const WIDTH: usize = 120;

/// The canonical form of a spec whose syntax is in order.
pub fn format(text: &str) -> String {
    let blocks = block::blocks(read::read(text));
    let mut formatted = String::new();
    for block in &blocks {
        if !formatted.is_empty() {
            formatted.push('\n');
        }
        for comment in &block.above {
            formatted += comment;
            formatted.push('\n');
        }
        if let Some(header) = &block.header {
            formatted += header;
            formatted.push('\n');
        }
        for item in &block.body {
            formatted += &match item {
                Item::Comment(comment) => (*comment).to_owned(),
                Item::Pair(pair) => pair.text(),
                Item::Blank | Item::Header(_) => String::new(),
            };
            formatted.push('\n');
        }
    }
    formatted
}

/// How many columns the first line of a text takes.
fn columns(text: &str) -> usize {
    text.lines().next().unwrap_or_default().chars().count()
}
