//! What a repository's `boxwright.toml` says.

use crate::source::Spanned;

/// The whole file.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    /// `[rules]`, in the order of the file's keys
    pub rules: Vec<(Spanned<String>, Spanned<String>)>,
}
