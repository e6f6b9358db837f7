//! `boxwright man`: the manual pages.

use super::outputs::{Kind, Outputs};
use super::{STANDARD_OUTPUT, complain, print};
use anyhow::Context;
use boxwright::diagnostic::visible;
use boxwright::reference::{DATE, SOURCE, manual};
use clap_mangen::Man;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write the manual pages: boxwright(1), one for each command, and boxwright-spec(5) about the language
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright man | man -l -                                 read boxwright(1)
  boxwright man ~/.local/share/man; man boxwright-spec     read about the language")]
pub struct Args {
    /// Write man1/*.1 and man5/*.5 beneath this directory [default, and `-`: print boxwright(1)]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, command: clap::Command) -> anyhow::Result<ExitCode> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let Some(directory) = args.directory.as_deref().filter(|path| *path != Path::new(STANDARD_OUTPUT)) else {
        print(&rendered(Man::new(command))?).context("standard output")?;
        return Ok(ExitCode::SUCCESS);
    };
    let commands = command.get_subcommands().chain([&command]).cloned().map(Man::new);
    let page = |man: Man| Ok((format!("man1/{}", man.get_filename()), rendered(man)?));
    let mut pages: Vec<(String, String)> = commands.map(page).collect::<anyhow::Result<_>>()?;
    pages.push(("man5/boxwright-spec.5".into(), manual()));
    for section in ["man1", "man5"] {
        let section = directory.join(section);
        let cannot = || format!("cannot make {}", section.display());
        std::fs::create_dir_all(&section).with_context(cannot)?;
    }
    let mut outputs = Outputs::new();
    for (name, page) in &pages {
        outputs.add(&directory.join(name), page.as_bytes(), Kind::Data)?;
    }
    outputs.commit()?;
    complain(&visible(&format!("wrote {} pages beneath {}", pages.len(), directory.display())));
    Ok(ExitCode::SUCCESS)
}

fn rendered(man: Man) -> anyhow::Result<String> {
    let mut page = Vec::new();
    man.date(DATE).source(SOURCE).render(&mut page)?;
    String::from_utf8(page).context("the page")
}
