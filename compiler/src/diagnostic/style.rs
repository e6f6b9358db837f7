//! What the reader of a text can show: nothing but text, colours, links.

use std::path::Path;

/// How a text may be dressed up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style<'a> {
    /// With escape sequences for colours.
    pub colours: bool,
    /// With links, from this directory where a path is relative.
    pub links: Option<&'a Path>,
}
