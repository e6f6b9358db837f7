//! `refused-interpreter`: what a program of a spec is started by, where `process.exec` does not let it be executed.

use super::elf;
use super::files::{self, Files, Node};
use super::inside::Inside;
use super::search::{PATH, interpreter_line};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Execution, Policy};
use crate::source::Spanned;
use std::path::PathBuf;

/// The rule. It looks at the host, so that `check`, which says the same everywhere, cannot have it.
const RULE: Rule =
    Rule::error("refused-interpreter", "the program cannot start: `process.exec` refuses its interpreter");

/// The programs of a policy that cannot start, as this host has them.
pub fn refused_interpreters(policy: &Policy) -> Vec<Diagnostic> {
    let inside = Inside::of(policy);
    match &policy.process.exec.value {
        Execution::Any => Vec::new(),
        Execution::Once => {
            let program = policy.process.args.first();
            program.and_then(|program| executes_another(&inside, program)).into_iter().collect()
        }
        Execution::Listed(listed) => {
            let programs = || policy.process.args.iter().take(1).chain(listed);
            // The kernel is given files, whatever path leads to them.
            let allowed: Vec<PathBuf> = programs().filter_map(|one| real(&inside, &one.value)).collect();
            programs().filter_map(|program| unlisted(&inside, program, &allowed)).collect()
        }
    }
}

/// The file of the host that a path inside leads to.
fn real(inside: &Inside<'_>, path: &str) -> Option<PathBuf> {
    match inside.hops(path)?.1 {
        Node::Real(path) => Some(std::fs::canonicalize(&path).unwrap_or(path)),
        _ => None,
    }
}

/// What the first line of a script names: the interpreter, and the program that env(1) is to execute.
fn script(inside: &Inside<'_>, program: &str) -> Option<(String, Option<String>)> {
    let line = interpreter_line(&files::open(&real(inside, program)?).ok()?)?;
    let mut words = line.split_ascii_whitespace();
    let interpreter = words.next()?.to_owned();
    let is_env = interpreter.rsplit('/').next() == Some("env");
    let executed = words.find(|word| !word.starts_with('-') && !word.contains('='));
    Some((interpreter, executed.filter(|_| is_env).map(str::to_owned)))
}

/// A script of env(1) under `exec = "once"`: the kernel executes env, and env the program that it names.
fn executes_another(inside: &Inside<'_>, program: &Spanned<String>) -> Option<Diagnostic> {
    let (interpreter, executed) = script(inside, &program.value)?;
    let executed = executed?;
    let path = &program.value;
    let message = format!("`{path}` is a script for `{interpreter}`, which executes `{executed}`");
    let places = PATH.iter().map(|directory| format!("{directory}/{executed}"));
    let place = places.into_iter().find(|place| inside.hops(place).is_some());
    let place = place.unwrap_or_else(|| format!("/usr/bin/{executed}"));
    let finding =
        RULE.at(program.span, message).label("`exec = \"once\"` refuses it: the script would not start");
    Some(finding.help(format!("write the interpreter first: `args = [\"{place}\", \"{path}\"]`")))
}

/// A program whose interpreter, or dynamic linker, is not on the list.
fn unlisted(inside: &Inside<'_>, program: &Spanned<String>, allowed: &[PathBuf]) -> Option<Diagnostic> {
    let is_allowed = |path: &str| real(inside, path).is_none_or(|file| allowed.contains(&file));
    let needed = match script(inside, &program.value) {
        Some((interpreter, executed)) if is_allowed(&interpreter) => {
            let executed = executed?;
            let places: Vec<String> =
                PATH.iter().map(|directory| format!("{directory}/{executed}")).collect();
            let mut there = places.iter().filter(|place| real(inside, place).is_some());
            let first = there.clone().next()?;
            (!there.any(|place| is_allowed(place))).then(|| first.clone())?
        }
        Some((interpreter, _)) => interpreter,
        None => {
            let file = files::open(&real(inside, &program.value)?).ok()?;
            elf::read(&file)?.interpreter.filter(|linker| !is_allowed(linker))?
        }
    };
    let message = format!("`{}` is started by `{needed}`, which `process.exec` does not list", program.value);
    Some(
        RULE.at(program.span, message)
            .label("it would fail with EACCES")
            .help(format!("add `{needed}` to `process.exec`")),
    )
}
