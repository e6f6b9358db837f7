//! A spec's text to findings or a plan: always the same, never a panic, and never a plan that the launcher refuses.
#![no_main]

use boxwright::diagnostic::{Checked, Diagnostic, Run, Style, render_concise, render_full, render_json};
use boxwright::inspect::{render, render_filters};
use boxwright::report::report;
use boxwright::source::Source;
use boxwright::{BuildError, build, rules, understand};
use boxwright_launcher::plan::Plan;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|text: &str| {
    let understood = understand(&Source::new("fuzz.sandbox.toml", text));
    // With all that it extends.
    let source = understood.source.clone();
    let style = Style::default();
    let shown = render_full(&source, &understood.findings, style)
        + &render_concise(&source, &understood.findings, style);
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    let broken = understood.findings.iter().any(Diagnostic::is_error);
    assert_eq!(understood.policy.is_none(), broken);
    let files = [Checked::new(source.clone(), understood.findings)];
    render_json(&Run { files: &files, ignored: &[], rules: &rules(), root: Path::new("/"), fails: None });
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
