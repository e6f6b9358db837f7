//! What `[process]` means: argv, ids, environment and streams.

use super::rules::{DUPLICATE_ENTRY, INVALID_NAME, INVALID_PATH, INVALID_TEXT};
use super::{asked, at_most, capabilities, each_once, keep, or_default, paths, scheduling, word};
use crate::diagnostic::Diagnostic;
use crate::policy::{
    Execution, Filesystem, HugePages, Keyring, Personality, Process, Stream, Terminal, User,
};
use crate::source::{Span, Spanned};
use crate::spec::{self, Kept, Leaf, Spec};
use std::collections::BTreeMap;

/// The longest argument or environment entry (`MAX_ARG_STRLEN` in linux/binfmts.h), without its NUL.
const TEXT_MAX: usize = 131_071;

const TERMINALS: [(&str, Terminal); 2] =
    [("new_session", Terminal::NewSession), ("inherit", Terminal::Inherit)];

const PERSONALITIES: [(&str, Personality); 2] =
    [("linux", Personality::Linux), ("linux32", Personality::Linux32)];

const HUGE_PAGES: [(&str, HugePages); 2] = [("inherit", HugePages::Inherit), ("never", HugePages::Never)];

const KEYRINGS: [(&str, Keyring); 2] = [("new", Keyring::New), ("inherit", Keyring::Inherit)];

pub(super) fn resolve(process: &spec::Process, findings: &mut Vec<Diagnostic>) -> Option<Process> {
    let args = args(&process.args, findings);
    let env = env(&process.env, findings);
    let env_pass = env_pass(&process.env_pass, &process.env, findings);
    let capabilities = capabilities::resolve(&process.capabilities, findings);
    let cwd = process.cwd.as_ref().and_then(|cwd| keep(paths::absolute(cwd), findings));
    let [stdin, stdout, stderr] = &process.streams;
    Some(Process {
        args: args?,
        append_args: process.append_args.as_ref().is_some_and(|append| append.value),
        user: user(&process.user),
        cwd: or_default(&cwd, "/".into()),
        umask: or_default(&process.umask, 0o077),
        env,
        env_pass,
        capabilities,
        exec: exec(&process.exec, findings),
        keep_fds: keep_fds(&process.keep_fds, findings),
        listen: listen(&process.keep_fds, findings),
        notify: asked(&process.notify),
        terminal: word(&process.terminal, &TERMINALS, Terminal::NewSession),
        streams: [stdin, stdout, stderr].map(|leaf| stream(leaf, findings)),
        keyring: word(&process.keyring, &KEYRINGS, Keyring::New),
        scheduling: scheduling::resolve(&process.scheduling, findings),
        personality: word(&process.personality, &PERSONALITIES, Personality::Linux),
        memory_deny_write_execute: asked(&process.memory_deny_write_execute),
        huge_pages: word(&process.transparent_huge_pages, &HUGE_PAGES, HugePages::Inherit),
    })
}

fn args(leaf: &Leaf<Vec<Spanned<String>>>, findings: &mut Vec<Diagnostic>) -> Option<Vec<Spanned<String>>> {
    let args = leaf.as_ref()?;
    let Some(program) = args.value.first() else {
        findings.push(
            INVALID_TEXT
                .at(args.span, "`process.args` is empty")
                .label("expected the program")
                .help("the first is what is executed, as an absolute path inside the sandbox"),
        );
        return None;
    };
    keep(program_path(program), findings);
    for arg in &args.value {
        keep(text(arg, "an argument"), findings);
    }
    Some(args.value.clone())
}

fn program_path(program: &Spanned<String>) -> Result<(), Diagnostic> {
    if program.value == "/" {
        return Err(INVALID_PATH.at(program.span, "`/` is not a program").label("expected a file"));
    }
    let path = paths::of_text(program).map_err(|finding| match program.value.starts_with('/') {
        true => finding,
        false => finding.help("no PATH is searched: write where the program is inside the sandbox"),
    });
    path.map(|_| ())
}

/// The kernel takes it as an argument or an environment entry.
fn text(text: &Spanned<String>, what: &str) -> Result<(), Diagnostic> {
    if text.value.contains('\0') {
        Err(INVALID_TEXT
            .at(text.span, format!("{what} contains a NUL"))
            .label("the kernel would end it there"))
    } else if text.value.len() > TEXT_MAX {
        Err(INVALID_TEXT
            .at(text.span, format!("{what} has {} bytes", text.value.len()))
            .label(format!("expected at most {TEXT_MAX}")))
    } else {
        Ok(())
    }
}

fn exec(leaf: &Leaf<spec::Exec>, findings: &mut Vec<Diagnostic>) -> Spanned<Execution> {
    let Some(leaf) = leaf else { return Spanned::new(Execution::Any, Spec::NOWHERE) };
    let execution = match &leaf.value {
        spec::Exec::Word(word) if word == "once" => Execution::Once,
        spec::Exec::Word(_) => Execution::Any,
        spec::Exec::List(programs) => {
            let programs = at_most(Filesystem::ENTRIES_MAX, programs, "`process.exec`", findings);
            for program in programs {
                keep(program_path(program), findings);
            }
            Execution::Listed(each_once(programs, "`process.exec`", findings))
        }
    };
    Spanned::new(execution, leaf.span)
}

fn user(leaf: &Leaf<spec::User>) -> Spanned<User> {
    match leaf {
        None => Spanned::new(User::Caller, Spec::NOWHERE),
        Some(user) => user.clone().map(|user| match user {
            spec::User::Caller => User::Caller,
            spec::User::Ids { uid, gid, groups } => User::Ids {
                uid: uid.value,
                gid: gid.value,
                groups: groups.map(|groups| groups.value.into_iter().map(|group| group.value).collect()),
            },
        }),
    }
}

fn stream(leaf: &Leaf<spec::Stream>, findings: &mut Vec<Diagnostic>) -> Spanned<Stream> {
    let Some(leaf) = leaf else { return Spanned::new(Stream::Inherit, Spec::NOWHERE) };
    let stream = match &leaf.value {
        spec::Stream::Word(word) if word == "null" => Stream::Null,
        spec::Stream::Word(_) => Stream::Inherit,
        spec::Stream::File(path) => Stream::File(paths::of_host(path, findings)),
    };
    Spanned::new(stream, leaf.span)
}

fn env(
    entries: &[(Spanned<String>, Spanned<String>)],
    findings: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Spanned<String>> {
    for (name, value) in entries {
        keep(variable(name), findings);
        keep(text(value, "an environment variable"), findings);
    }
    entries.iter().map(|(name, value)| (name.value.clone(), value.clone())).collect()
}

fn env_pass(
    names: &[Spanned<String>],
    env: &[(Spanned<String>, Spanned<String>)],
    findings: &mut Vec<Diagnostic>,
) -> Vec<Spanned<String>> {
    let mut seen: BTreeMap<&str, &Spanned<String>> =
        env.iter().map(|(name, _)| (name.value.as_str(), name)).collect();
    let mut passed = Vec::new();
    for name in names {
        keep(variable(name), findings);
        match seen.insert(&name.value, name) {
            Some(first) => findings.push(
                DUPLICATE_ENTRY
                    .at(name.span, format!("environment variable `{}` is named twice", name.value))
                    .label("the second")
                    .and(first.span, "the first")
                    .help("a variable is either fixed in `env` or passed on by `env_pass`"),
            ),
            None => passed.push(name.clone()),
        }
    }
    passed
}

fn listen(written: &[Spanned<Kept>], findings: &mut Vec<Diagnostic>) -> Option<Span> {
    let mut places = written.iter().filter(|kept| kept.value == Kept::Listen).map(|kept| kept.span);
    let first = places.next();
    let again = |(second, first)| {
        DUPLICATE_ENTRY.at(second, "`listen` is named twice").label("the second").and(first, "the first")
    };
    findings.extend(places.next().zip(first).map(again));
    first
}

fn keep_fds(written: &[Spanned<Kept>], findings: &mut Vec<Diagnostic>) -> Vec<Spanned<u32>> {
    let number = |kept: &Spanned<Kept>| match kept.value {
        Kept::Number(number) => Some(Spanned::new(number, kept.span)),
        Kept::Listen => None,
    };
    let mut sorted: Vec<_> = written.iter().filter_map(number).collect();
    sorted.sort_by_key(|descriptor| (descriptor.value, descriptor.span));
    sorted.dedup_by(|second, first| {
        let same = second.value == first.value;
        if same {
            let finding =
                DUPLICATE_ENTRY.at(second.span, format!("descriptor {} is named twice", second.value));
            findings.push(finding.label("the second").and(first.span, "the first"));
        }
        same
    });
    sorted
}

fn variable(name: &Spanned<String>) -> Result<(), Diagnostic> {
    let fault = if name.value.is_empty() {
        "is empty"
    } else if name.value.contains('=') {
        "contains `=`"
    } else if name.value.contains('\0') {
        "contains a NUL"
    } else {
        return Ok(());
    };
    Err(INVALID_NAME.at(name.span, format!("the name of an environment variable {fault}")))
}
