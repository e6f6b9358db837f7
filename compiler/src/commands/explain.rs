//! `boxwright explain`: why something is allowed or denied.

use super::variables::Variables;
use super::{complain, print};
use anyhow::Context;
use boxwright::diagnostic::{Style, render_full};
use boxwright::explain::{Question, explain_syscall};
use boxwright::seccomp::Architecture;
use boxwright::source::Source;
use boxwright::understand_with;
use std::path::PathBuf;
use std::process::ExitCode;

/// A spec with errors.
const FINDINGS: u8 = 1;

/// Say why a system call is allowed or denied: the verdict, the rule, and its line
///
/// Arguments that are left out, or written as _, may be anything; when the verdict depends on them, every verdict is told
/// with a call that gets it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright explain web.sandbox.toml --syscall 'socket(AF_ALG, SOCK_SEQPACKET, 0)'
  boxwright explain web.sandbox.toml --syscall 'ioctl(_, TIOCSTI)' --syscall clone3")]
pub struct Args {
    /// The spec; - is standard input
    spec: PathBuf,
    #[command(flatten)]
    variables: Variables,
    /// The call
    #[arg(long, required = true, value_name = "CALL")]
    syscall: Vec<String>,
    /// The architecture whose call it is
    #[arg(long, default_value = "x86_64", value_parser = architecture)]
    arch: Architecture,
}

fn architecture(name: &str) -> Result<Architecture, String> {
    let names = Architecture::ALL.map(Architecture::name).join(", ");
    Architecture::from_name(name).ok_or_else(|| format!("expected one of {names}"))
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let questions = args.syscall.iter().map(|text| Question::read(text, args.arch));
    let questions: Vec<Question> = questions.collect::<Result<_, _>>().context("--syscall")?;
    let understood = understand_with(&Source::read(&args.spec)?, &args.variables.options()).without_notes();
    let source = &understood.source;
    let Some(policy) = understood.policy else {
        complain(render_full(source, &understood.findings, Style::default()).trim_end());
        return Ok(ExitCode::from(FINDINGS));
    };
    for question in &questions {
        print(&explain_syscall(source, &policy, question)?).context("standard output")?;
    }
    Ok(ExitCode::SUCCESS)
}
