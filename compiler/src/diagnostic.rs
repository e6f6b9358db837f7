//! Findings: what is wrong with a spec, where, and what was expected. Renderers live in `diagnostic/`.

mod checked;
mod concise;
mod evidence;
mod fingerprint;
mod fix;
mod full;
mod github;
mod gitlab;
mod json;
mod junit;
mod location;
mod page;
mod sarif;
mod silenced;
mod style;
pub mod suggest;
mod visible;

pub use checked::{Checked, Run};
pub use concise::render_concise;
pub use evidence::{Evidence, Value};
pub use fingerprint::{digest, fingerprints};
pub use fix::{Edit, Fix, apply};
pub use full::render_full;
pub use github::{render_github, render_summary};
pub use gitlab::render_gitlab;
pub use json::render_json;
pub use junit::render_junit;
pub use location::relative;
pub use page::{PAGE, section};
pub use sarif::render_sarif;
pub use silenced::{Silenced, Silencer};
pub use style::Style;
pub use visible::{is_active, visible};

use crate::source::{Places, Span};
use suggest::Near;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// The kebab-case name of the rule, printed in brackets.
    pub rule: &'static str,
    /// What is wrong: lower case, no full stop, the offending value in back-quotes.
    pub message: String,
    /// The smallest place that shows it.
    pub span: Span,
    /// The key that it is about, such as filesystem.mounts."/srv"; empty until the whole spec is understood.
    pub place: String,
    /// The values that it rests on; none when its rule declares none, as those whose findings stop the build.
    pub evidence: Option<Vec<Evidence>>,
    /// What to say at that place; may be empty.
    pub label: String,
    /// The other parties of a conflict.
    pub secondary: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Option<String>,
    /// The same for a program, where there is only one way.
    pub fix: Option<Fix>,
}

/// Tells findings the keys that they are about.
pub fn place(findings: &mut [Diagnostic], places: &Places) {
    for finding in findings {
        // What is about the whole spec has no key, whatever the first line of the file is.
        finding.place =
            if finding.span == Span::default() { String::new() } else { places.key(finding.span) };
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is built.
    Error,
    /// It is built, and somebody should look.
    Warning,
    /// It is built, and could be tighter or asks something of the machine; told to who asks for notes.
    Note,
}

/// A class of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its kebab-case name.
    pub name: &'static str,
    /// How bad its findings are.
    pub level: Level,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// Why that matters and what to do about it, as Markdown: what the page of rules says.
    pub why: &'static str,
}

impl Level {
    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Rule {
    /// A rule whose findings stop the build.
    pub const fn error(name: &'static str, summary: &'static str) -> Self {
        Self::new(Level::Error, name, summary)
    }

    /// A rule whose findings do not stop the build.
    pub const fn warning(name: &'static str, summary: &'static str) -> Self {
        Self::new(Level::Warning, name, summary)
    }

    /// A rule whose findings are for who wants to know everything.
    pub const fn note(name: &'static str, summary: &'static str) -> Self {
        Self::new(Level::Note, name, summary)
    }

    const fn new(level: Level, name: &'static str, summary: &'static str) -> Self {
        Self { name, level, summary, why: "" }
    }

    /// The same rule with its reasons.
    pub const fn why(self, why: &'static str) -> Self {
        Self { why, ..self }
    }

    /// Where it is explained.
    pub fn url(&self) -> String {
        url(self.name)
    }

    /// A finding of this rule.
    pub fn at(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            level: self.level,
            rule: self.name,
            message: message.into(),
            span,
            place: String::new(),
            evidence: None,
            label: String::new(),
            secondary: Vec::new(),
            help: None,
            fix: None,
        }
    }
}

impl Diagnostic {
    /// The same finding with these words at its place.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same finding with another party.
    pub fn and(mut self, span: Span, label: impl Into<String>) -> Self {
        self.secondary.push((span, label.into()));
        self
    }

    /// The same finding with advice.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same finding with a way out that a program can take, if there is one.
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }

    /// The same finding, about a string that is like this one, which can be written instead when that is certain.
    pub fn meant(self, near: Near<'_>) -> Self {
        let fix = near.certain.then(|| Fix::replace(self.span, format!("\"{near}\"")));
        self.label(format!("did you mean `{near}`?")).fix(fix)
    }

    /// All of its words: what is wrong, what to say at its place, what to do.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let rest = [Some(&self.label), self.help.as_ref()].into_iter().flatten();
        std::iter::once(&self.message).chain(rest.filter(|words| !words.is_empty())).map(String::as_str)
    }

    /// Does it stop the build?
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}

/// Where a rule is explained.
fn url(rule: &str) -> String {
    // As a heading becomes an anchor: without its dots.
    let anchor = rule.replace('.', "");
    format!("{}/blob/main/compiler/docs/rules.md#{anchor}", env!("CARGO_PKG_REPOSITORY"))
}
