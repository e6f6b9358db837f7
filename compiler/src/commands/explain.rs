//! `boxwright explain`: why a rule matters, and why something is allowed or denied.

use super::variables::Variables;
use super::{complain, print};
use anyhow::{Context, bail};
use boxwright::diagnostic::{Style, render_full, section, suggest, visible};
use boxwright::explain::{Question, explain_syscall};
use boxwright::seccomp::Architecture;
use boxwright::source::Source;
use boxwright::{rules, understand_with};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A spec with errors.
const FINDINGS: u8 = 1;
/// A call that there is not; the others are answered anyway.
const MISREAD: u8 = 2;

/// Say why a rule matters, or why a spec allows or denies a system call
///
/// The name of a rule gives what it finds, why that matters, and an example. A spec with --syscall gives the verdict on the
/// call, the rule that it comes from, and its line. Arguments that are left out, or written as _, may be anything; when the
/// verdict depends on them, every verdict is told with a call that gets it.
#[derive(clap::Args)]
#[command(
    override_usage = "boxwright explain <RULE>\n       boxwright explain <SPEC> --syscall <CALL>... [--arch <ARCH>]",
    after_help = "\
Examples:
  boxwright explain docker-socket
  boxwright explain web.sandbox.toml --syscall 'socket(AF_ALG, SOCK_SEQPACKET, 0)'
  boxwright explain web.sandbox.toml --syscall 'ioctl(_, TIOCSTI)' --syscall clone3"
)]
pub struct Args {
    /// A rule, as `boxwright rules` lists them; with --syscall a spec, where - is standard input
    #[arg(value_name = "RULE or SPEC")]
    subject: PathBuf,
    #[command(flatten)]
    variables: Variables,
    /// A call that the spec is asked about
    #[arg(long, value_name = "CALL")]
    syscall: Vec<String>,
    /// The architecture whose call it is
    #[arg(long, default_value = "x86_64", requires = "syscall", value_parser = architecture)]
    arch: Architecture,
}

fn architecture(name: &str) -> Result<Architecture, String> {
    let names = Architecture::ALL.map(Architecture::name).join(", ");
    Architecture::from_name(name).ok_or_else(|| format!("expected one of {names}"))
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.syscall.is_empty() {
        return explain_rule(&args.subject);
    }
    let understood =
        understand_with(&Source::read(&args.subject)?, &args.variables.options()?).without_notes();
    let source = &understood.source;
    let Some(policy) = understood.policy else {
        complain(render_full(source, &understood.findings, Style::default()).trim_end());
        return Ok(ExitCode::from(FINDINGS));
    };
    let mut status = ExitCode::SUCCESS;
    for text in &args.syscall {
        match Question::read(text, args.arch) {
            Ok(question) => {
                print(&explain_syscall(source, &policy, &question)?).context("standard output")?;
            }
            Err(misread) => {
                complain(&visible(&format!("error: --syscall: {misread}")));
                status = ExitCode::from(MISREAD);
            }
        }
    }
    Ok(status)
}

fn explain_rule(subject: &Path) -> anyhow::Result<ExitCode> {
    let name = subject.to_string_lossy();
    let Some(section) = section(&name) else {
        if subject.exists() {
            bail!("`{name}` is a file: say with --syscall which call of it is meant");
        }
        match suggest::nearest(&name, rules().iter().map(|rule| rule.name), 0) {
            Some(near) => bail!("there is no rule `{name}`: did you mean `{near}`?"),
            None => bail!("there is no rule `{name}`: `boxwright rules` lists them"),
        }
    };
    print(&format!("{section}\n")).context("standard output")?;
    Ok(ExitCode::SUCCESS)
}
