//! A spec is in a repository, and its launcher is a file that others may read.

use crate::diagnostic::{Diagnostic, Evidence, Rule, digest};
use crate::policy::{MountKind, Policy, TextPart};

pub(super) const RULE: Rule = Rule::warning("env-secret", "a secret is written into the spec").why(
    "What stands in `process.env`, `process.args` or a `text` is in the repository, in every sealed \
        launcher and its `inspect`, and in `/proc/PID/environ`, which every process of that user reads \
        (proc(5)). OWASP's Secrets Management Cheat Sheet counts environment variables among the places \
        not to keep one.\n\n\
        Bind a file that only the program's user can read, and name its path in the variable \
        (`TOKEN_FILE`); or let the caller have it, with `env_pass`.",
);

/// Words in names of variables that hold a secret.
const WORDS: [&str; 9] =
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY", "CREDENTIAL"];
/// Ends of names that say where it is instead.
const ELSEWHERE: [&str; 5] = ["_FILE", "_PATH", "_DIR", "_URL", "_ID"];
/// How well-known secrets begin: keys of AWS, GitHub, GitLab, Slack, Google and PEM.
const BEGINNINGS: [&str; 8] = [
    "AKIA",
    "ghp_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "AIza",
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN RSA PRIVATE KEY",
];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let process = &policy.process;
    let named = process.env.iter().filter(|(name, value)| is_secret_name(name) && !value.value.is_empty());
    let named =
        named.map(|(name, value)| (value.span, format!("`{name}` has its value in the spec"), &*value.value));
    let known = |text: &str| BEGINNINGS.iter().find(|beginning| text.starts_with(**beginning));
    let valued = process.env.iter().filter(|(name, _)| !is_secret_name(name)).map(|(_, value)| value);
    let valued = valued
        .chain(&process.args)
        .filter_map(|value| Some((value.span, known(&value.value)?, &*value.value)));
    let texts = policy.filesystem.mounts.values().filter_map(|mount| match &mount.kind {
        MountKind::Text { content, .. } => match content.first()? {
            TextPart::Literal(text) => Some((mount.span, known(text)?, &**text)),
            _ => None,
        },
        _ => None,
    });
    let values = valued.chain(texts);
    let values = values.map(|(span, beginning, value)| {
        (span, format!("a value begins with `{beginning}`, as secrets do"), value)
    });
    named
        .chain(values)
        .map(|(span, message, value)| {
            // Which secret it is, without another copy of it.
            let evidence = Evidence::text("sha256", digest([value.as_bytes()]));
            RULE.at(span, message).evidence([evidence])
                .label("whoever reads the spec or its launcher has it")
                .help("name a file that is bound into the sandbox, or pass the caller's variable on with `env_pass`")
        })
        .collect()
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word)) && !ELSEWHERE.iter().any(|end| name.ends_with(end))
}
