//! How bad the rules are: by `boxwright.toml` at the root of a spec's repository, and by the command line, which decides.

use anyhow::{Context, bail};
use boxwright::diagnostic::{Checked, Level, relative};
use boxwright::review::{Levels, Setting};
use boxwright::source::{Source, Span, Spanned};
use boxwright::{repository, rules};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file at the root of a repository.
const FILE: &str = "boxwright.toml";

/// What the command line says of rules.
#[derive(clap::Args)]
pub struct LevelArgs {
    /// Take what this rule finds for an error; may be repeated, as the next three
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    error: Vec<String>,
    /// For a warning
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    warn: Vec<String>,
    /// For a note
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    note: Vec<String>,
    /// Do not tell what this rule finds; errors of their own right cannot be made milder
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    allow: Vec<String>,
}

/// The repositories of some specs.
pub struct Repositories {
    /// What is wrong with their files.
    pub wrong: Vec<Checked>,
    /// The levels beneath each directory that a spec is in.
    levels: BTreeMap<PathBuf, Levels>,
}

impl Repositories {
    /// Those that these specs are in.
    pub fn of(specs: &[PathBuf], args: &LevelArgs, root: &Path) -> anyhow::Result<Self> {
        let mut repositories = Self { wrong: Vec::new(), levels: BTreeMap::new() };
        let mut known: BTreeMap<PathBuf, Levels> = BTreeMap::new();
        args.apply(Levels::default())?;
        for spec in specs {
            let directory = directory(spec);
            if repositories.levels.contains_key(directory) {
                continue;
            }
            let levels = match find(&root.join(directory)) {
                None => Levels::default(),
                Some(file) => match known.get(&file) {
                    Some(levels) => levels.clone(),
                    None => {
                        let source =
                            Source::read(relative(&file, root)).context("the repository's levels")?;
                        let (levels, findings) = repository(&source);
                        if !findings.is_empty() {
                            repositories.wrong.push(Checked::new(source, findings));
                        }
                        known.insert(file, levels.clone());
                        levels
                    }
                },
            };
            repositories.levels.insert(directory.to_path_buf(), args.apply(levels)?);
        }
        Ok(repositories)
    }

    /// The levels of one of them.
    pub fn levels(&self, spec: &Path) -> Levels {
        self.levels.get(directory(spec)).cloned().unwrap_or_default()
    }
}

impl LevelArgs {
    fn apply(&self, mut levels: Levels) -> anyhow::Result<Levels> {
        let settings = [
            ("--error", &self.error, Setting::Level(Level::Error)),
            ("--warn", &self.warn, Setting::Level(Level::Warning)),
            ("--note", &self.note, Setting::Level(Level::Note)),
            ("--allow", &self.allow, Setting::Allow),
        ];
        let mut said: BTreeMap<&str, &str> = BTreeMap::new();
        for (option, names, setting) in settings {
            for name in names {
                if let Some(other) = said.insert(name, option).filter(|other| *other != option) {
                    bail!("{other} and {option} are both given for `{name}`");
                }
                let rule = Spanned::new(name.clone(), Span::default());
                if let Err(finding) = levels.set(&rule, setting, &rules(), 0) {
                    bail!("{option}: {}; {}", finding.message, finding.label);
                }
            }
        }
        Ok(levels)
    }
}

fn directory(spec: &Path) -> &Path {
    spec.parent().unwrap_or(Path::new(""))
}

/// The file of the repository that a directory is in: the nearest above, up to where git's files are.
fn find(directory: &Path) -> Option<PathBuf> {
    for directory in directory.ancestors() {
        let file = directory.join(FILE);
        if file.symlink_metadata().is_ok() {
            return Some(file);
        }
        if directory.join(".git").symlink_metadata().is_ok() {
            return None;
        }
    }
    None
}
