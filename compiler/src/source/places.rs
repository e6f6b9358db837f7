//! Where the keys of a document stand, so that a place in its text can be told by its key.

use super::Span;

/// As much of a name as is told, in characters: a hostile file can have one of 10^6.
const NAME_MAX: usize = 200;

/// The keys of a document.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Each after the one that it is in.
    keys: Vec<Key>,
    /// The same by position.
    order: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Key {
    span: Span,
    name: String,
    within: Option<usize>,
}

impl Places {
    /// Adds a key or an entry of a list, with its value, and tells its number for what is in it.
    pub fn add(&mut self, within: Option<usize>, name: &str, span: Span) -> usize {
        self.keys.push(Key { span, name: name.chars().take(NAME_MAX).collect(), within });
        self.keys.len() - 1
    }

    /// Everything has been added.
    pub fn finish(mut self) -> Self {
        self.order = (0..self.keys.len()).collect();
        self.order.sort_by_key(|index| self.keys.get(*index).map(|key| key.span.start));
        self
    }

    /// The innermost key that a place is in, such as `filesystem.mounts."/srv"`; empty outside of all.
    pub fn key(&self, place: Span) -> String {
        let key = |index: usize| self.keys.get(index);
        let before =
            self.order.partition_point(|index| key(*index).is_some_and(|key| key.span.start <= place.start));
        let around = |index: &&usize| key(**index).is_some_and(|key| place.end <= key.span.end);
        let innermost = self.order.get(..before).and_then(|order| order.iter().rev().find(around)).copied();
        let mut path = String::new();
        let outwards = std::iter::successors(innermost.and_then(key), |inner| key(inner.within?));
        for name in outwards.map(|key| &key.name).collect::<Vec<_>>().into_iter().rev() {
            if !path.is_empty() && !name.starts_with('[') {
                path.push('.');
            }
            path += name;
        }
        path
    }
}
