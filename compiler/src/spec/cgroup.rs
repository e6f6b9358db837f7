//! `[cgroup]` as it is written.

use super::Leaf;
use crate::source::Spanned;

/// `[cgroup]`
#[derive(Debug, Clone)]
pub struct Cgroup {
    /// `parent`
    pub parent: Leaf<String>,
    /// Every other key, in the order of the file.
    pub settings: Vec<(Spanned<String>, Spanned<CgroupValue>)>,
}

/// The value of one of its keys; the key table says which it has.
#[derive(Debug, Clone)]
pub enum CgroupValue {
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Integer(i64),
    /// A number with a fraction, in the digits that are written.
    Fraction(String),
    /// Text that is yet to be understood.
    Text(String),
    /// A table, in the order of the file.
    Table(Vec<(Spanned<String>, Spanned<CgroupValue>)>),
}
