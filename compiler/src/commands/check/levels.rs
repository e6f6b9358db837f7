//! How bad the rules are: by `boxwright.toml` at the root of a spec's repository, and by the command line, which decides.

use anyhow::bail;
use boxwright::diagnostic::{Checked, Level, Silencer, relative};
use boxwright::review::{Levels, Setting};
use boxwright::source::{REPOSITORY_FILE, Source, Span, Spanned, directory, repository};
use boxwright::{levels, rules};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the command line says of rules.
#[derive(clap::Args)]
pub struct LevelArgs {
    /// Treat findings of this rule as errors, whatever `[[accept]]` says; may be repeated, as the next three
    #[arg(long = "error", value_name = "RULE", value_delimiter = ',')]
    pub errors: Vec<String>,
    /// For a warning
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    warn: Vec<String>,
    /// For a note
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    note: Vec<String>,
    /// Do not tell what this rule finds; errors of their own right cannot be made milder
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    allow: Vec<String>,
    /// Read the levels of rules from this file, instead of the repository's boxwright.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The repositories of some specs.
pub struct Repositories {
    /// What is wrong with their files.
    pub wrong: Vec<Checked>,
    /// The levels beneath each directory that a spec is in.
    levels: BTreeMap<PathBuf, Levels>,
    /// The files that they come from.
    files: Vec<PathBuf>,
}

impl Repositories {
    /// Those that these specs are in.
    pub fn of(
        specs: &[PathBuf],
        args: &LevelArgs,
        root: &Path,
        failures: &mut Vec<String>,
    ) -> anyhow::Result<Self> {
        let mut repositories = Self { wrong: Vec::new(), levels: BTreeMap::new(), files: Vec::new() };
        let mut known: BTreeMap<PathBuf, Levels> = BTreeMap::new();
        args.apply(Levels::default())?;
        for spec in specs {
            let directory = directory(spec);
            if repositories.levels.contains_key(directory) {
                continue;
            }
            let config = args.config.as_ref().map(|config| root.join(config));
            let levels = match config.or_else(|| file(spec)) {
                None => Levels::default(),
                Some(file) => match known.get(&file) {
                    Some(levels) => levels.clone(),
                    None => {
                        let levels = match Source::read(relative(&file, root)) {
                            Ok(source) => {
                                let (levels, findings) = levels(&source);
                                if !findings.is_empty() {
                                    repositories.wrong.push(Checked::new(source, findings));
                                }
                                levels
                            }
                            // Its specs are checked as if it were not there, and the run fails.
                            Err(error) => {
                                failures.push(error.to_string());
                                Levels::default()
                            }
                        };
                        known.insert(file, levels.clone());
                        levels
                    }
                },
            };
            repositories.levels.insert(directory.to_path_buf(), args.apply(levels)?);
        }
        repositories.files = known.into_keys().collect();
        Ok(repositories)
    }

    /// The files that were read.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The levels of one of them.
    pub fn levels(&self, spec: &Path) -> Levels {
        self.levels.get(directory(spec)).cloned().unwrap_or_default()
    }
}

impl LevelArgs {
    fn apply(&self, mut levels: Levels) -> anyhow::Result<Levels> {
        let settings = [
            ("--error", &self.errors, Setting::Level(Level::Error)),
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
                if let Err(finding) = levels.set(&rule, (setting, Silencer::CommandLine), &rules(), 0) {
                    bail!("{option}: {}; {}", finding.message, finding.label);
                }
            }
        }
        Ok(levels)
    }
}

/// The file of the repository that a spec is in, if it has one.
fn file(spec: &Path) -> Option<PathBuf> {
    let file = repository(spec)?.join(REPOSITORY_FILE);
    file.symlink_metadata().is_ok().then_some(file)
}
