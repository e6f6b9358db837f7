//! What a program of this host has to be granted.

use anyhow::{Context, bail};
use boxwright::closure::{Host, Needs, grants, needs};
use boxwright::source::Source;
use boxwright::source::input::open_file;
use boxwright::understand;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// The largest program, in bytes.
const BYTES_MAX: usize = 1 << 30;

/// What a starter grants.
pub struct Grants {
    /// `filesystem.base`.
    pub base: &'static str,
    /// `filesystem.read_only`.
    pub read_only: Vec<String>,
    /// Is it a script, which looks for other programs?
    pub script: bool,
}

/// An absolute path of the program: one with a slash is that file, another is looked for as a shell does.
pub fn absolute(program: &Path) -> anyhow::Result<String> {
    let found = if program.components().count() == 1 && !program.to_string_lossy().contains('/') {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let candidates = std::env::split_paths(&path).map(|directory| directory.join(program));
        candidates.into_iter().find(|candidate| candidate.is_file())
    } else {
        Some(std::env::current_dir().context("the working directory")?.join(program))
    };
    let found = found.with_context(|| format!("{} is not in PATH", program.display()))?;
    if !found.is_file() {
        bail!("{} is not a file of this host", found.display());
    }
    let found = match found.components().any(|component| component == Component::ParentDir) {
        // What `..` leads to depends on links.
        true => found.canonicalize()?,
        false => found.components().collect::<PathBuf>(),
    };
    found.into_os_string().into_string().ok().context("the program's path is not UTF-8")
}

/// What it needs to start.
pub fn wanted(program: &str) -> anyhow::Result<Grants> {
    let file = open_file(Path::new(program), BYTES_MAX).with_context(|| format!("cannot read {program}"))?;
    let needs = needs(&Host, program);
    if let Some(missing) = needs.missing.first() {
        bail!(
            "{program} cannot start on this host: {} needs {}, which is not there",
            missing.by,
            missing.name
        );
    }
    let script = is_script(file);
    let alone = needs.found.len() == 1 && !script;
    let beside = |base| beside(base, &needs);
    let (in_usr, in_nothing) = (beside("usr")?, beside("none")?);
    // A static program needs no other file, and what is not in /usr is not in need of it.
    let (base, read_only) = match alone || in_usr.len() == in_nothing.len() {
        true => ("none", in_nothing),
        false => ("usr", in_usr),
    };
    Ok(Grants { base, read_only, script })
}

/// Does the kernel start it by an interpreter that its first line names?
fn is_script(mut program: File) -> bool {
    let mut start = [0; 2];
    program.read_exact(&mut start).is_ok() && start == *b"#!"
}

/// What has to be granted beside a base.
fn beside(base: &str, needs: &Needs) -> anyhow::Result<Vec<String>> {
    let text = format!(
        "version = 1\nprocess.args = ['/usr/x']\nfilesystem.base = '{base}'\nfilesystem.mounts.'/usr/x' = {{ text = '', mode = 0o755 }}\n"
    );
    let understood = understand(&Source::new("x.sandbox.toml", text));
    let policy = understood.policy.context("a spec of ours")?;
    Ok(grants(&policy, needs))
}
