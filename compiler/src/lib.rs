//! boxwright compiles declarative sandbox specs into a plan sealed into a tiny static launcher.
//!
//! This file is the hallway: the only place that calls passes, in the order in which data flows:
//! text, Spec, Policy, Plan, bytes.
#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod policy;
pub mod seccomp;
pub mod source;
