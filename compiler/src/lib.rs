//! boxwright compiles declarative sandbox specs into a plan sealed into a tiny static launcher.
//!
//! This file is the hallway: the only place that calls passes, in the order in which data flows:
//! text, Spec, Policy, Plan, bytes.
#![forbid(unsafe_code)]

pub mod check;
pub mod diagnostic;
pub mod encode;
pub mod link;
pub mod lower;
pub mod parse;
pub mod policy;
pub mod resolve;
pub mod seccomp;
pub mod source;
pub mod spec;

use diagnostic::Diagnostic;
use policy::Policy;
use source::Source;

/// What a spec means, and everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct Understood {
    /// The meaning; absent when a finding is an error.
    pub policy: Option<Policy>,
    /// The findings, by position: all of them, or the first of a hopeless file, errors before warnings.
    pub findings: Vec<Diagnostic>,
    /// How many more there are.
    pub left_out: usize,
}

/// The most findings that are told; a file with more is no spec, and the rest would only bury these.
const FINDINGS_MAX: usize = 500;

/// Reads, resolves and checks a spec: the door behind which nothing is the user's mistake any more.
pub fn understand(source: &Source) -> Understood {
    let (spec, mut findings) = parse::parse(source);
    let (policy, unresolved) = resolve::resolve(&spec, source);
    findings.extend(unresolved);
    let whole = !findings.iter().any(Diagnostic::is_error);
    findings.extend(policy.iter().flat_map(|policy| check::check(policy, whole)));
    let broken = findings.iter().any(Diagnostic::is_error);
    findings
        .sort_by(|a, b| (a.level, a.span, a.rule, &a.message).cmp(&(b.level, b.span, b.rule, &b.message)));
    let left_out = findings.len().saturating_sub(FINDINGS_MAX);
    findings.truncate(FINDINGS_MAX);
    findings.sort_by_key(|finding| finding.span);
    Understood { policy: policy.filter(|_| !broken), findings, left_out }
}
