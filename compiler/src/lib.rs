//! boxwright compiles declarative sandbox specs into a plan sealed into a tiny static launcher.
//!
//! This file is the hallway: the only place that calls passes, in the order in which data flows:
//! text, Spec, Policy, Plan, bytes.
#![forbid(unsafe_code)]

pub mod check;
pub mod closure;
pub mod diagnostic;
pub mod encode;
pub mod explain;
pub mod format;
pub mod inspect;
pub mod link;
pub mod lower;
pub mod parse;
pub mod policy;
pub mod reference;
pub mod report;
pub mod resolve;
pub mod review;
pub mod seccomp;
pub mod source;
pub mod spec;

use boxwright_launcher::plan::operation;
use boxwright_launcher::plan::write::Sources;
use diagnostic::{Diagnostic, Level, Rule, Silenced};
use lower::{Filter, Filters, Program};
use policy::{Date, FilterFlag, Kernel, Policy};
use review::Levels;
use sha2::{Digest, Sha256};
use source::{Source, Span, Spanned};
use spec::Spec;
use std::fmt;
use std::path::PathBuf;

/// What a spec means, and everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct Understood {
    /// The spec with all that it extends; findings and the policy have their places in it.
    pub source: Source,
    /// The meaning; absent when a finding is an error.
    pub policy: Option<Policy>,
    /// The findings, by position: all of them, or the first of a hopeless file, the worst before the others.
    pub findings: Vec<Diagnostic>,
    /// How many more there are.
    pub left_out: usize,
    /// What something silences: first what the spec accepts.
    pub silenced: Vec<Silenced>,
}

impl Understood {
    /// The same for who takes some rules for worse or milder than they are by themselves.
    pub fn with_levels(mut self, levels: &Levels) -> Self {
        let (findings, silenced) = levels.apply(self.findings);
        self.silenced.extend(silenced);
        Self { findings, ..self }
    }

    /// The same for who did not ask for notes.
    pub fn without_notes(mut self) -> Self {
        self.findings.retain(|finding| finding.level != Level::Note);
        self
    }
}

/// The most findings that are told; a file with more is no spec, and the rest would only bury these.
const FINDINGS_MAX: usize = 500;

/// The most rounds of fixes: what one brings to light the next can mend.
const FIX_ROUNDS_MAX: usize = 20;

/// What is said about a spec from outside of it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Values of its variables, each with the name; they override those in the spec.
    pub variables: Vec<(String, String)>,
    /// The kernel that sandboxes have to work on, whatever the spec says of that.
    pub oldest_kernel: Option<Kernel>,
    /// The day on which the spec is looked at; without one, what it accepts for a time it accepts for ever.
    pub today: Option<Date>,
    /// Which of the spec's acceptances count.
    pub acceptances: review::Acceptances,
    /// The descriptor that a launch tells its status to, whatever the spec says.
    pub status_fd: Option<u32>,
}

/// Reads, resolves and checks a spec: the door behind which nothing is the user's mistake any more.
pub fn understand(source: &Source) -> Understood {
    understand_with(source, &Options::default())
}

/// The same with something to say about it.
pub fn understand_with(source: &Source, options: &Options) -> Understood {
    let (source, mut findings) = parse::gather(source);
    let (mut spec, misread) = parse::parse(&source, &options.variables);
    findings.extend(misread);
    // What is said from outside becomes a part of the spec before anything is checked.
    if let Some(descriptor) = options.status_fd {
        spec.lifecycle.status_fd = Some(Spanned::new(descriptor, Spec::NOWHERE));
    }
    let (mut policy, unresolved) = resolve::resolve(&spec, &source);
    findings.extend(unresolved);
    if let (Some(policy), Some(oldest)) = (&mut policy, options.oldest_kernel) {
        policy.oldest_kernel = Some(Spanned::new(oldest, Spec::NOWHERE));
    }
    let whole = !findings.iter().any(Diagnostic::is_error);
    let filter = policy.as_ref().and_then(seccomp::Meaning::of);
    findings.extend(policy.iter().flat_map(|policy| check::check(policy, filter.as_ref(), whole)));
    let broken = findings.iter().any(Diagnostic::is_error);
    diagnostic::place(&mut findings, &spec.places);
    let review::Accepted { mut findings, accepted } =
        review::accept(findings, &spec, &rules(), &source, options.today, &options.acceptances);
    let broken = broken || findings.iter().any(Diagnostic::is_error);
    findings
        .sort_by(|a, b| (a.level, a.span, a.rule, &a.message).cmp(&(b.level, b.span, b.rule, &b.message)));
    let left_out = findings.len().saturating_sub(FINDINGS_MAX);
    findings.truncate(FINDINGS_MAX);
    findings.sort_by_key(|finding| finding.span);
    let own = source.layers().first().and_then(|spec| source.text.get(spec.span.start..spec.span.end));
    for finding in &mut findings {
        finding.fix.take_if(|fix| !fix.is_whole(own.unwrap_or_default()));
    }
    Understood { source, policy: policy.filter(|_| !broken), findings, left_out, silenced: accepted }
}

/// The files that a spec extends; none when one of them cannot be read.
pub fn extended(source: &Source) -> Option<Vec<PathBuf>> {
    let (source, wrong) = parse::gather(source);
    let layers = source.layers().iter().skip(1).filter(|layer| !layer.builtin);
    wrong.is_empty().then(|| layers.map(|layer| layer.path.clone()).collect())
}

/// Every rule there is, by name.
pub fn rules() -> Vec<Rule> {
    let checks = check::CHECKS.iter().map(|check| check.rule);
    let known = parse::RULES.iter().chain(resolve::RULES).chain(review::RULES).copied();
    let mut rules: Vec<Rule> = known.chain(checks).collect();
    rules.sort_by_key(|rule| rule.name);
    rules
}

/// What a repository says of the rules, and what is wrong with that.
pub fn levels(source: &Source) -> (Levels, Vec<Diagnostic>) {
    let (repository, mut findings) = parse::repository(source);
    let (levels, wrong) = Levels::of(&repository, &source.path.to_string_lossy(), &rules());
    findings.extend(wrong);
    findings.sort_by_key(|finding| finding.span);
    (levels, findings)
}

/// The text of a spec after everything has been done about its findings that a program can do, and how much that was. What
/// would leave more errors than it takes away is not done.
pub fn fix(source: &Source, options: &Options) -> (String, usize) {
    let own = |text: &str| Source::new(&source.path, text);
    let errors = |text: &str| {
        let understood = understand_with(&own(text), options);
        understood.findings.iter().filter(|finding| finding.is_error()).count() + understood.left_out
    };
    let spec = source.layers().first().and_then(|spec| source.text.get(spec.span.start..spec.span.end));
    let (mut text, mut done) = (spec.unwrap_or_default().to_owned(), 0);
    for _ in 0..FIX_ROUNDS_MAX {
        let found = understand_with(&own(&text), options);
        let before = found.findings.iter().filter(|finding| finding.is_error()).count() + found.left_out;
        let fixable: Vec<&Diagnostic> =
            found.findings.iter().filter(|finding| finding.fix.is_some()).collect();
        // All at once, or else the first that is good alone.
        let one_by_one = fixable.iter().map(std::slice::from_ref);
        let better = std::iter::once(fixable.as_slice()).chain(one_by_one).find_map(|some| {
            let (fixed, applied) =
                diagnostic::apply(&text, some.iter().filter_map(|finding| finding.fix.as_ref()));
            let gone = some.iter().filter(|finding| {
                finding.is_error() && finding.fix.as_ref().is_some_and(|fix| applied.contains(&fix))
            });
            let good = !applied.is_empty() && fixed != text && errors(&fixed) + gone.count() <= before;
            good.then_some((fixed, applied.len()))
        });
        let Some((fixed, count)) = better else { break };
        (text, done) = (fixed, done + count);
    }
    (text, done)
}

/// Why a spec has no canonical form.
#[derive(Debug)]
pub enum FormatError {
    /// Its syntax is wrong.
    Syntax(Vec<Diagnostic>),
    /// It would mean something else: a mistake of ours.
    Meaning,
}

/// The canonical form of a spec, which means the same.
pub fn formatted(source: &Source) -> Result<String, FormatError> {
    let errors = parse::syntax(source);
    if !errors.is_empty() {
        return Err(FormatError::Syntax(errors));
    }
    let formatted = format::format(&source.text);
    if parse::same(&source.text, &formatted) { Ok(formatted) } else { Err(FormatError::Meaning) }
}

/// What a policy is compiled to.
#[derive(Debug, Clone)]
pub struct Built {
    /// The plan's bytes.
    pub plan: Vec<u8>,
    /// The launcher with the plan sealed in.
    pub executable: Vec<u8>,
    /// The program's filter and its proofs, when it has one.
    pub filter: Option<seccomp::Compiled>,
}

/// Why a policy without errors cannot be built: it is too large, or this compiler has a mistake and says so.
#[derive(Debug)]
pub enum BuildError {
    /// The filter.
    Filter(seccomp::Error),
    /// The order of the steps.
    Order(lower::Misplaced),
    /// The plan's size.
    Plan(encode::Unencodable),
    /// The embedded launcher.
    Launcher(link::NotALauncher),
}

impl fmt::Display for BuildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(error) => error.fmt(formatter),
            Self::Order(error) => error.fmt(formatter),
            Self::Plan(error) => error.fmt(formatter),
            Self::Launcher(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for BuildError {}

/// Compiles a policy, with its source for the places that launch errors name.
pub fn build(source: &Source, policy: &Policy) -> Result<Built, BuildError> {
    let (program, filter) = lowered(policy, lower::lower)?;
    let (plan, executable) = seal(source, policy, &program)?;
    Ok(Built { plan, executable, filter })
}

/// A launch that sets everything up and executes nothing.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    policy: Policy,
    program: Program,
}

impl Rehearsal {
    /// Of this policy.
    pub fn new(policy: &Policy) -> Result<Self, BuildError> {
        let (program, _) = lowered(policy, lower::rehearse)?;
        Ok(Self { policy: policy.clone(), program })
    }

    /// The launcher.
    pub fn executable(&self, source: &Source) -> Result<Vec<u8>, BuildError> {
        seal(source, &self.policy, &self.program).map(|(_, executable)| executable)
    }

    /// The words and places of its steps.
    pub fn steps(&self) -> impl Iterator<Item = (&str, Span)> {
        self.program.steps().into_iter().map(|step| (step.words.as_str(), step.span))
    }

    /// The same without the step of these words, unless everything after it stands on it.
    pub fn without(self, words: &str) -> Option<Self> {
        Some(Self { program: self.program.without(words)?, policy: self.policy })
    }
}

/// The steps of a policy, and its filter.
fn lowered(
    policy: &Policy,
    lower: fn(&Policy, &Filters) -> Program,
) -> Result<(Program, Option<seccomp::Compiled>), BuildError> {
    let compile = |request| seccomp::compile(&request).map_err(BuildError::Filter);
    let filter = seccomp::merge(policy).map(|merged| compile(merged.request)).transpose()?;
    let reaper = compile(seccomp::only(&lower::reaper_calls(policy)))?;
    let flags = policy.seccomp.iter().flat_map(|seccomp| &seccomp.flags).fold(0, |flags, flag| {
        flags
            | match flag {
                FilterFlag::Log => operation::Filter::LOG,
                FilterFlag::SpecAllow => operation::Filter::SPEC_ALLOW,
            }
    });
    let bytes = |filter: &seccomp::Compiled, flags| Filter {
        instructions: seccomp::to_bytes(&filter.program),
        cookie: filter.marks.map(|marks| marks.map(|mark| u32::try_from(mark).unwrap_or(u32::MAX))),
        flags,
    };
    let filters =
        Filters { program: filter.as_ref().map(|filter| bytes(filter, flags)), reaper: bytes(&reaper, 0) };
    let program = lower(policy, &filters);
    lower::prove(&program).map_err(BuildError::Order)?;
    Ok((program, filter))
}

/// The bytes of a plan, and of a launcher with it.
fn seal(source: &Source, policy: &Policy, program: &Program) -> Result<(Vec<u8>, Vec<u8>), BuildError> {
    let launcher = link::launcher_digest(link::LAUNCHER).ok_or(BuildError::Launcher(link::NotALauncher))?;
    let sources = Sources {
        name: &policy.name.value,
        compiler: concat!("boxwright ", env!("CARGO_PKG_VERSION")),
        tables: seccomp::table::VERSION,
        spec: Sha256::digest(&source.text).into(),
        launcher,
    };
    let plan = encode::encode(program, policy.kernel(), source, &sources).map_err(BuildError::Plan)?;
    let executable = link::link(link::LAUNCHER, &plan).map_err(BuildError::Launcher)?;
    Ok((plan, executable))
}
