//! How bad the findings of each rule are to somebody.

use super::accept::unknown;
use super::rules::FIXED_RULE;
use crate::diagnostic::{Diagnostic, Level, Rule, Silenced, Silencer};
use crate::source::Spanned;
use crate::spec::Repository;
use std::collections::BTreeMap;

/// What becomes of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// It has this level.
    Level(Level),
    /// It is not told.
    Allow,
}

/// The rules that are worse or milder than they are by themselves.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    of: BTreeMap<String, (Setting, Silencer)>,
}

impl Setting {
    /// As it is written.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "error" => Some(Self::Level(Level::Error)),
            "warning" => Some(Self::Level(Level::Warning)),
            "note" => Some(Self::Level(Level::Note)),
            "allow" => Some(Self::Allow),
            _ => None,
        }
    }
}

impl Levels {
    /// As a repository's file says, and what is wrong with that.
    pub fn of(repository: &Repository, file: &str, rules: &[Rule]) -> (Self, Vec<Diagnostic>) {
        let (mut levels, mut findings) = (Self::default(), Vec::new());
        for (rule, level) in &repository.rules {
            // Another word is a finding already.
            let Some(setting) = Setting::from_name(&level.value) else { continue };
            findings.extend(
                levels.set(rule, (setting, Silencer::Rules(file.to_owned())), rules, findings.len()).err(),
            );
        }
        (levels, findings)
    }

    /// Sets one rule, whatever it was set to before, and says who sets it.
    pub fn set(
        &mut self,
        rule: &Spanned<String>,
        (setting, by): (Setting, Silencer),
        rules: &[Rule],
        found: usize,
    ) -> Result<(), Diagnostic> {
        let known = rules.iter().find(|known| known.name == rule.value);
        let known = known.ok_or_else(|| unknown(rule, rules, found))?;
        if known.level == Level::Error && setting != Setting::Level(Level::Error) {
            return Err(FIXED_RULE
                .at(rule.span, format!("`{}` is always an error", rule.value))
                .label("what it finds stops the build"));
        }
        self.of.insert(rule.value.clone(), (setting, by));
        Ok(())
    }

    /// The findings with these levels, and those that are silenced.
    pub fn apply(&self, findings: Vec<Diagnostic>) -> (Vec<Diagnostic>, Vec<Silenced>) {
        let (mut shown, mut silenced) = (Vec::new(), Vec::new());
        for mut finding in findings {
            match self.of.get(finding.rule) {
                Some((Setting::Allow, by)) => {
                    silenced.push(Silenced { finding, by: by.clone() });
                    continue;
                }
                Some((Setting::Level(level), _)) => finding.level = *level,
                None => {}
            }
            shown.push(finding);
        }
        (shown, silenced)
    }
}
