//! `boxwright man`: the manual pages.

use super::{complain, print, write_whole};
use anyhow::Context;
use boxwright::diagnostic::visible;
use boxwright::reference::{DATE, SOURCE, manual};
use clap_mangen::Man;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the manual pages: boxwright(1), one for each command, and boxwright-spec(5) about the language
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright man | man -l -                                 read boxwright(1)
  boxwright man ~/.local/share/man; man boxwright-spec     read about the language")]
pub struct Args {
    /// Write man1/*.1 and man5/*.5 beneath this directory [default: print boxwright(1)]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// A page is for everybody.
const MODE: u32 = 0o644;

/// Runs the command.
pub fn run(args: &Args, command: clap::Command) -> anyhow::Result<ExitCode> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let Some(directory) = &args.directory else {
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
    for (name, page) in &pages {
        let file = directory.join(name);
        write_whole(&file, page.as_bytes(), MODE)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    complain(&visible(&format!("wrote {} pages beneath {}", pages.len(), directory.display())));
    Ok(ExitCode::SUCCESS)
}

fn rendered(man: Man) -> anyhow::Result<String> {
    let mut page = Vec::new();
    man.date(DATE).source(SOURCE).render(&mut page)?;
    String::from_utf8(page).context("the page")
}
