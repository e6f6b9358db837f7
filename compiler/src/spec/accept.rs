//! `[[accept]]`: findings that somebody has looked at.

use super::Leaf;
use crate::source::{Span, Spanned};

/// One entry.
#[derive(Debug, Clone)]
pub struct Accept {
    /// `rule`
    pub rule: Spanned<String>,
    /// `at`
    pub at: Leaf<String>,
    /// `evidence`
    pub evidence: Vec<Spanned<String>>,
    /// `reason`
    pub reason: Spanned<String>,
    /// `until`
    pub until: Leaf<String>,
    /// Where the entry begins.
    pub span: Span,
}
