//! A spec's text to findings or a plan: always the same, never a panic, and never a plan that the launcher refuses.
#![no_main]

use boxwright::diagnostic::{Diagnostic, render_concise, render_full, render_json};
use boxwright::inspect::{render, render_filters};
use boxwright::report::report;
use boxwright::source::Source;
use boxwright::{BuildError, build, understand};
use boxwright_launcher::plan::Plan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source::new("fuzz.sandbox.toml", text);
    let understood = understand(&source);
    let shown =
        render_full(&source, &understood.findings, false) + &render_concise(&source, &understood.findings);
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    let broken = understood.findings.iter().any(Diagnostic::is_error);
    assert_eq!(understood.policy.is_none(), broken);
    render_json(&[(source.clone(), understood.findings)], understood.left_out);
    let Some(policy) = understood.policy else { return };
    _ = report(&source, &policy);
    let built = match build(&source, &policy) {
        Ok(built) => built,
        // Too large; anything else would be a mistake of the compiler.
        Err(BuildError::Filter(_) | BuildError::Plan(_)) => return,
        Err(error) => panic!("{error}"),
    };
    let plan = Plan::read(&built.plan).expect("the launcher's reader accepts what is built");
    render(&plan, true);
    render_filters(&plan);
    let again = build(&source, &understand(&source).policy.expect("as before")).expect("as before");
    assert!(again.executable == built.executable, "another time, other bytes");
});
