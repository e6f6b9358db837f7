//! `[requires]`: the oldest kernel.

use super::rules::INVALID_VERSION;
use crate::diagnostic::Diagnostic;
use crate::policy::Kernel;
use crate::source::Spanned;
use crate::spec::Leaf;

pub(super) fn kernel(leaf: &Leaf<String>, findings: &mut Vec<Diagnostic>) -> Option<Spanned<Kernel>> {
    let leaf = leaf.as_ref()?;
    let wrong =
        |help| INVALID_VERSION.at(leaf.span, format!("`{}` is no version of Linux", leaf.value)).help(help);
    let kernel = leaf.value.parse().map_err(|help: &str| findings.push(wrong(help))).ok()?;
    Some(Spanned::new(kernel, leaf.span))
}
