//! Findings that were known before: reads and writes their file.

use crate::commands::outputs::{Kind, Outputs};
use crate::commands::{STANDARD_OUTPUT, complain};
use anyhow::{Context, anyhow, bail};
use boxwright::diagnostic::{Checked, Run, Silenced, Silencer, visible};
use boxwright::review::Baseline;
use boxwright::source::input::read_file;
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes: some 20,000 findings.
const MAX_BYTES: usize = 4 << 20;

/// The file of known findings.
#[derive(clap::Args)]
pub struct KnownArgs {
    /// Do not tell what this file of known findings names, and fail only for what is new
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write everything that is found to this file, for --baseline
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
}

impl KnownArgs {
    /// Takes the known findings out of the files, and counts them.
    pub fn sort_out(&self, files: &mut [Checked], root: &Path, outputs: &mut Outputs) -> anyhow::Result<()> {
        if let Some(path) = &self.write_baseline {
            let written = Baseline::of(&of(files, root));
            if path == Path::new(STANDARD_OUTPUT) {
                bail!("--write-baseline needs a file: findings go to standard output");
            }
            outputs.add(path, written.text().as_bytes(), Kind::Data)?;
            take_out(&written, path, files, root);
        } else if let Some(path) = &self.baseline {
            outputs.reads(path);
            let stale = take_out(&read(path)?, path, files, root);
            if stale > 0 {
                let entries = if stale == 1 { "1 entry".into() } else { format!("{stale} entries") };
                let path = visible(&path.to_string_lossy()).into_owned();
                complain(&format!(
                    "{entries} of {path} found no more; --write-baseline {path} takes out what is gone"
                ));
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<Baseline> {
    let bytes = read_file(path, MAX_BYTES).with_context(|| format!("cannot read {}", path.display()))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow!("{} is no file of known findings: it is not UTF-8", path.display()))?;
    Baseline::read(&text).map_err(|why| anyhow!("{} is no file of known findings: {why}", path.display()))
}

/// What is looked at of a run.
fn of<'a>(files: &'a [Checked], root: &'a Path) -> Run<'a> {
    Run { files, ignored: &[], rules: &[], root, fails: None }
}

fn take_out(baseline: &Baseline, path: &Path, files: &mut [Checked], root: &Path) -> usize {
    let name = path.to_string_lossy();
    let (known, stale) = baseline.known(&of(files, root));
    for (file, known) in files.iter_mut().zip(known) {
        let (mut shown, by) = (Vec::new(), Silencer::Baseline(name.to_string()));
        for (finding, known) in std::mem::take(&mut file.findings).into_iter().zip(known) {
            match known {
                true => file.silenced.push(Silenced { finding, by: by.clone() }),
                false => shown.push(finding),
            }
        }
        file.findings = shown;
    }
    stale
}
