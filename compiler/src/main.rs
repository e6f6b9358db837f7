//! The command line: clap, exit codes and anyhow; nothing else.
#![forbid(unsafe_code)]

mod commands;

use boxwright::diagnostic::visible;
use boxwright_launcher::abi::EXIT_NOT_SET_UP;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Exit status: usage, or the system refused something.
const FAILURE: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  boxwright demo                                           see a sandbox at work
  boxwright new web.sandbox.toml --program /usr/bin/web    write a commented starter spec
  boxwright check                                          check every *.sandbox.toml beneath this directory
  boxwright check web.sandbox.toml --format concise        one line for each finding
  boxwright fmt --check                                    are they in their canonical form?
  boxwright build web.sandbox.toml -o web                  one static executable
  boxwright run web.sandbox.toml                           the same without a file
  boxwright inspect web                                    what it does, call by call
  boxwright explain web.sandbox.toml --syscall ptrace      is the call allowed, and by which line
  boxwright report web.sandbox.toml --html web.html        what it allows, as pictures
  boxwright doctor web.sandbox.toml                        which lines could not be honoured here

Exit status: 0 clean, 1 findings at or above the threshold, 2 usage or I/O, 3 no spec found.";

/// Compiles declarative sandbox specs into sealed launchers.
#[derive(Parser)]
#[command(name = "boxwright", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    color: colorchoice_clap::Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(commands::demo::Args),
    Check(commands::check::Args),
    Build(commands::build::Args),
    Run(commands::run::Args),
    Inspect(commands::inspect::Args),
    Explain(commands::explain::Args),
    Rules(commands::rules::Args),
    Report(commands::report::Args),
    Doctor(commands::doctor::Args),
    New(commands::new::Args),
    Show(commands::show::Args),
    Fmt(commands::fmt::Args),
    Schema(commands::schema::Args),
    Man(commands::man::Args),
    Completions(commands::completions::Args),
}

/// As much stack as the first thread usually has: the shell's limit is not what a spec may be nested to.
const STACK: usize = 8 << 20;

/// Does FORCE_COLOR ask for colours, and nothing against them? CI services set it for programs whose output is no terminal.
fn forces_color() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("FORCE_COLOR").is_some_and(|value| value != "0" && value != "false")
}

fn main() -> ExitCode {
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(run);
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => ExitCode::from(FAILURE),
        // Without another thread the stack that there is has to do.
        Err(_) => run(),
    }
}

fn run() -> ExitCode {
    let Cli { color, command } = Cli::parse();
    color.write_global();
    if color.color == clap::ColorChoice::Auto && forces_color() {
        anstream::ColorChoice::Always.write_global();
    }
    // Any other status of `run` could be the program's own.
    let failure = if matches!(command, Command::Run(_)) { EXIT_NOT_SET_UP } else { FAILURE };
    let result = match command {
        Command::Demo(args) => commands::demo::run(&args),
        Command::Check(args) => commands::check::run(args),
        Command::Build(args) => commands::build::run(&args),
        Command::Run(args) => commands::run::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Rules(args) => commands::rules::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::New(args) => commands::new::run(args),
        Command::Show(args) => commands::show::run(&args),
        Command::Fmt(args) => commands::fmt::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Man(args) => commands::man::run(&args, Cli::command()),
        Command::Completions(args) => commands::completions::run(&args, &mut Cli::command()),
    };
    result.unwrap_or_else(|error| {
        commands::complain(&visible(&format!("error: {error:#}")));
        ExitCode::from(failure)
    })
}
