//! A system call as people write it, `socket(AF_ALG, SOCK_SEQPACKET, 0)`, with `_` or nothing for what may be anything.

use crate::diagnostic::{suggest, visible};
use crate::seccomp::word::{Argument, Known, WORDS, Word};
use crate::seccomp::{Architecture, constant, constants, number, parameters};
use std::fmt;

/// A call, or calls, that somebody asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// As it was written.
    pub text: String,
    architecture: Architecture,
    number: u32,
    arguments: Vec<Option<u64>>,
}

/// Why a text is no system call: what was found, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread(String);

impl fmt::Display for Misread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Misread {}

/// What is told to everybody whose text has another form.
const FORM: &str = "expected a call such as `socket(AF_ALG, SOCK_SEQPACKET, 0)`";

impl Question {
    /// Reads a call of an architecture.
    pub fn read(text: &str, architecture: Architecture) -> Result<Self, Misread> {
        let text = text.trim();
        let (name, arguments) = match text.split_once('(') {
            None => (text, ""),
            Some((name, rest)) => {
                let inner = rest
                    .strip_suffix(')')
                    .ok_or_else(|| Misread(format!("`{text}` does not end in `)`: {FORM}")))?;
                (name.trim_end(), inner.trim())
            }
        };
        if name.is_empty() {
            return Err(Misread(format!("there is no system call before the arguments: {FORM}")));
        }
        let number = syscall(name, architecture)?;
        let name = named(number, architecture).unwrap_or(name);
        let written: Vec<&str> = if arguments.is_empty() { vec![] } else { arguments.split(',').collect() };
        let count = parameters(name).map_or(6, |parameters| parameters.len());
        if written.len() > count {
            return Err(Misread(format!("`{name}` has {count} arguments and {} are given", written.len())));
        }
        let arguments = written.into_iter().map(|word| argument(word.trim())).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), architecture, number, arguments })
    }

    /// As it was written, and the name of a call that was asked about by its number.
    pub fn words_of_text(&self) -> String {
        let text = visible(&self.text);
        match named(self.number, self.architecture) {
            Some(name) if !text.starts_with(name) => format!("{text} ({name})"),
            _ => text.into_owned(),
        }
    }

    /// Whether it is execve(2) or execveat(2).
    pub fn executes(&self) -> bool {
        named(self.number, self.architecture).is_some_and(|name| ["execve", "execveat"].contains(&name))
    }

    /// What is known of the input that a filter sees.
    pub fn words(&self) -> Known {
        let mut words = [None; WORDS];
        words[Word::ARCH.index()] = Some(self.architecture.audit());
        words[Word::NR.index()] = Some(self.number);
        for (argument, value) in (0..6).filter_map(Argument::new).zip(&self.arguments) {
            if let Some(value) = value {
                let [b0, b1, b2, b3, b4, b5, b6, b7] = value.to_le_bytes();
                words[Word::argument_low(argument).index()] = Some(u32::from_le_bytes([b0, b1, b2, b3]));
                words[Word::argument_high(argument).index()] = Some(u32::from_le_bytes([b4, b5, b6, b7]));
            }
        }
        words
    }
}

/// The name of a number.
fn named(number: u32, architecture: Architecture) -> Option<&'static str> {
    architecture.syscalls().iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}

fn syscall(name: &str, architecture: Architecture) -> Result<u32, Misread> {
    if let Some(number) = number(name) {
        return u32::try_from(number)
            .map_err(|_| Misread(format!("`{name}` is too large for a system call's number")));
    }
    architecture.syscall_number(name).ok_or_else(|| {
        let names = architecture.syscalls().iter().map(|(name, _)| *name);
        let near = suggest::nearest(name, names, 0);
        let near = near.map_or_else(|| FORM.to_owned(), |near| format!("did you mean `{near}`?"));
        Misread(format!("{} has no system call `{name}`: {near}", architecture.name()))
    })
}

/// A number, constants joined by `|`, or `_`.
fn argument(word: &str) -> Result<Option<u64>, Misread> {
    if word == "_" {
        return Ok(None);
    }
    if let Some(value) = word.parse::<i64>().ok().filter(|value| *value < 0) {
        return Ok(Some(value.cast_unsigned()));
    }
    let value = word.split('|').map(str::trim).try_fold(0, |all, word| {
        let value = number(word).or_else(|| constant(word)).ok_or_else(|| {
            let near = suggest::nearest(word, constants().map(|(name, _)| name), 0);
            let near = near.map_or_else(
                || {
                    "expected a number, a constant such as `AF_INET`, several joined by `|`, or `_` for any"
                        .into()
                },
                |near| format!("did you mean `{near}`?"),
            );
            Misread(format!("`{word}` is no value: {near}"))
        })?;
        Ok(all | value)
    })?;
    Ok(Some(value))
}
