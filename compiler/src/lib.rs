//! boxwright compiles declarative sandbox specs into a plan sealed into a tiny static launcher.
//!
//! This file is the hallway: the only place that calls passes, in the order in which data flows:
//! text, Spec, Policy, Plan, bytes.
#![forbid(unsafe_code)]

pub mod diagnostic;
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
    /// All findings, by position.
    pub findings: Vec<Diagnostic>,
}

/// Reads, resolves and checks a spec: the door behind which nothing is the user's mistake any more.
pub fn understand(source: &Source) -> Understood {
    let (spec, mut findings) = parse::parse(source);
    let (policy, unresolved) = resolve::resolve(&spec, source);
    findings.extend(unresolved);
    findings.sort_by(|a, b| (a.span, a.rule, &a.message).cmp(&(b.span, b.rule, &b.message)));
    let broken = findings.iter().any(Diagnostic::is_error);
    Understood { policy: policy.filter(|_| !broken), findings }
}
