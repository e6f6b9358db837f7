//! What a test needs of the machine, and the account of what was missing.

use libtest_mimic::{Arguments, Conclusion, Trial};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

/// Something that a test cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A user namespace, and a mount inside it.
    UserNamespaces,
    /// To be started by root.
    Root,
    /// To be started by somebody to whom something is refused; a test that needs it does not run for root.
    Unprivileged,
    /// A program on PATH or in the usual places for an administrator's programs.
    Program(&'static str),
    /// The test data beside the project.
    Corpora,
}

/// A need met, or the words for what is missing.
pub type Verdict = Result<(), String>;

impl Need {
    /// The first of the usual places where a program is.
    pub fn program(name: &str) -> Option<std::path::PathBuf> {
        let path = std::env::var("PATH").unwrap_or_default();
        let places = path.split(':').chain(["/usr/sbin", "/sbin", "/usr/local/sbin"]);
        places.map(|place| Path::new(place).join(name)).find(|path| path.is_file())
    }

    /// Whether it is met, unless that depends on the person.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Program(name) if Self::program(name).is_none() => Err(format!("the program {name}")),
            Self::Root if !nix::unistd::geteuid().is_root() => Err("root".to_owned()),
            Self::Corpora if !Path::new(CORPORA).is_dir() => Err(format!("the test data in {CORPORA}")),
            _ => Ok(()),
        }
    }
}

/// The names of the tests that could not run, by what they miss.
pub type Missing = BTreeMap<String, Vec<String>>;

/// Where the test data of other projects is, when it is there.
pub const CORPORA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpora");

/// Under this variable a test that cannot run has failed.
const REQUIRE_ALL: &str = "BOXWRIGHT_REQUIRE_ALL";

/// A trial that runs when its needs are met, is counted as ignored when they are not, and then fails where nothing
/// may be missing.
pub fn trial(
    name: String,
    lacking: &[String],
    missing: &mut Missing,
    run: impl FnOnce() + Send + 'static,
) -> Trial {
    for need in lacking {
        missing.entry(need.clone()).or_default().push(name.clone());
    }
    if lacking.is_empty() {
        return Trial::test(name, move || {
            run();
            Ok(())
        });
    }
    let lacking = lacking.join(", ");
    let require_all = std::env::var_os(REQUIRE_ALL).is_some();
    Trial::test(name, move || Err(format!("missing: {lacking}").into())).with_ignored_flag(!require_all)
}

/// Runs the trials, and ends with the account of what was missing.
pub fn conclude(
    arguments: &Arguments,
    trials: Vec<Trial>,
    missing: &BTreeMap<String, Vec<String>>,
) -> ExitCode {
    let conclusion: Conclusion = libtest_mimic::run(arguments, trials);
    if !arguments.list {
        for (need, names) in missing {
            println!("not run for want of {need}: {} ({})", names.len(), names.join(", "));
        }
    }
    conclusion.exit_code()
}
