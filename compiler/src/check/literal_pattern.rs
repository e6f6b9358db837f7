//! Patterns and shell syntax mean nothing in a spec, so what has them is rarely what was meant.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{MountKind, Policy};
use crate::source::Span;

pub(super) const RULE: Rule =
    Rule::warning("literal-pattern", "a pattern or a shell's variable stands where it is taken literally")
        .why(
            "No shell reads a spec: `/etc/ssl/*` is a file called `*`, `LC_*` a variable of that name, and \
        `$PATH:/opt/bin` the text itself. Such an entry is granted, passed or set in silence, and the \
        program does not find what was meant.\n\n\
        Name a directory for all that is in it, list variables one by one, and write values whole; \
        `${run.home}` and `${run.cwd}` in a path of the host stand for the caller's directories.",
        );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let process = &policy.process;
    let passed = process.env_pass.iter().filter(|name| is_pattern(&name.value));
    let passed = passed.map(|name| {
        let help = "list the variables one by one".to_owned();
        RULE.at(name.span, format!("`{}` is one variable of this name, not a pattern", name.value))
            .evidence(literal(&name.value))
            .help(help)
    });
    let values = process.env.iter().filter_map(|(name, value)| {
        let text = &value.value;
        let syntax = shell_syntax(text).or_else(|| {
            let listed = name.ends_with("PATH").then(|| text.split(':').find_map(shell_syntax));
            listed.flatten()
        })?;
        let message = format!("`{name}` is `{text}` literally: no shell expands `{syntax}`");
        Some(RULE.at(value.span, message).evidence(literal(text)).help(of_value(syntax)))
    });
    // A shell expands what stands in its own script.
    let args = process.args.iter().skip(1).filter_map(|arg| {
        let syntax = shell_syntax(&arg.value).filter(|_| !arg.value.contains(char::is_whitespace))?;
        let message = format!("the argument is `{}` literally: no shell expands `{syntax}`", arg.value);
        Some(RULE.at(arg.span, message).evidence(literal(&arg.value)).help(of_value(syntax)))
    });
    passed.chain(values).chain(args).chain(paths(policy)).collect()
}

/// Patterns among the paths of the tree, each where it is written.
fn paths(policy: &Policy) -> impl Iterator<Item = Diagnostic> {
    let mounts = policy.filesystem.mounts.iter().filter(|(_, mount)| {
        // What a text or a link has in it is the program's own business.
        !matches!(mount.kind, MountKind::Text { .. } | MountKind::Symlink { .. })
    });
    let entries = mounts.flat_map(|(path, mount)| {
        let sources = mount.kind.sources().iter().map(ToString::to_string);
        std::iter::once(path.clone()).chain(sources).map(move |path| (path, mount.span))
    });
    let mut seen: Vec<Span> = Vec::new();
    entries.filter_map(move |(path, span)| {
        let meant = pattern_directory(&path).filter(|_| !seen.contains(&span))?.to_owned();
        seen.push(span);
        let finding = RULE.at(span, format!("`{path}` is one path with this name, not a pattern"));
        let finding = finding.evidence(literal(&path));
        Some(finding.help(match meant.as_str() {
            "" | "/" => "list the paths one by one".to_owned(),
            meant => format!("write `{meant}`, which has all that is in it, or list the paths one by one"),
        }))
    })
}

fn literal(text: &str) -> [Evidence; 1] {
    [Evidence::text("value", text)]
}

/// What a value is to be instead.
fn of_value(syntax: &str) -> &'static str {
    match syntax {
        "$PATH" => "write the directories out, such as `/usr/bin:/bin`",
        _ => {
            "write the value out as it is inside the sandbox; the caller's variable is passed on with `env_pass`"
        }
    }
}

/// What a shell would expand at the start of a value.
fn shell_syntax(text: &str) -> Option<&str> {
    if text == "~" || text.starts_with("~/") {
        return Some("~");
    }
    if text.starts_with("$(") || text.starts_with('`') {
        return text.get(..1);
    }
    let name = text.strip_prefix("${").or_else(|| text.strip_prefix('$'))?;
    let length = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
    let named = name.starts_with(|c: char| c.is_ascii_uppercase());
    let end = text.len() - name.len() + length;
    let rest = text.get(end..)?;
    let whole = rest.is_empty() || rest.starts_with(['/', ':', '}']);
    (named && whole).then(|| text.get(..end)).flatten()
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?']) || (name.contains('[') && name.contains(']'))
}

/// The directory above the first component that is a pattern.
fn pattern_directory(path: &str) -> Option<&str> {
    let at = path.split_inclusive('/').scan(0, |end, part| {
        let start = *end;
        *end += part.len();
        Some((start, part.trim_end_matches('/')))
    });
    let (start, _) = at.into_iter().find(|(_, part)| is_pattern(part))?;
    Some(path.get(..start)?.trim_end_matches('/'))
}
