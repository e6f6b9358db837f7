//! The lines of a spec as sections, each with the comments above it.

use super::read::Item;
use crate::spec::keys::ROOT;

/// A section: the top level, or what follows a header.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    /// The comments right above the header.
    pub(super) above: Vec<&'a str>,
    /// The header with the comment behind it; the top level has none.
    pub(super) header: Option<String>,
    /// What is in it, without empty lines at its start and end.
    pub(super) body: Vec<Item<'a>>,
}

/// The sections, in the order of the language unless a comment stands between two of them, which could be about either.
pub(super) fn blocks(items: Vec<Item<'_>>) -> Vec<Block<'_>> {
    let mut blocks = vec![Block::default()];
    for item in items {
        let Some(block) = blocks.last_mut() else { break };
        match item {
            Item::Header(header) => {
                let above = block.take_comments();
                blocks.push(Block { above, header: Some(header), body: Vec::new() });
            }
            // At most one empty line, and none after the header.
            Item::Blank if matches!(block.body.last(), None | Some(Item::Blank)) => {}
            item => block.body.push(item),
        }
    }
    for block in &mut blocks {
        block.body.pop_if(|item| matches!(item, Item::Blank));
    }
    let top = blocks.first().is_some_and(|block| !block.body.is_empty());
    if top && !blocks.iter().any(Block::has_loose_comment) {
        blocks.sort_by_key(Block::place);
    }
    blocks.retain(|block| block.header.is_some() || !block.body.is_empty());
    blocks
}

impl<'a> Block<'a> {
    /// The comments at its end with no empty line behind them: they belong to the header that follows.
    fn take_comments(&mut self) -> Vec<&'a str> {
        let mut comments = Vec::new();
        while let Some(Item::Comment(comment)) = self.body.pop_if(|item| matches!(item, Item::Comment(_))) {
            comments.push(comment);
        }
        comments.reverse();
        comments
    }

    /// Is there a comment at its end, apart from what is above it?
    fn has_loose_comment(&self) -> bool {
        let comments = self.body.iter().rev().take_while(|item| matches!(item, Item::Comment(_))).count();
        let before = self.body.len() - comments;
        comments > 0 && matches!(self.body.get(before.wrapping_sub(1)), None | Some(Item::Blank))
    }

    /// The place of its section in the language; what the language does not know comes last.
    fn place(&self) -> usize {
        let Some(header) = &self.header else { return 0 };
        let name = header.trim_start_matches('[').split(['.', ']']).next().unwrap_or_default();
        let place = ROOT.iter().position(|key| key.name == name);
        place.map_or(usize::MAX, |place| place + 1)
    }
}
