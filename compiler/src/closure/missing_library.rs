//! `missing-library`: what a program of a spec needs on this host and will not find in its sandbox.

use super::files::{Files, Host, Node};
use super::inside::Inside;
use super::search::needs;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Execution, Policy};

/// The rule. It looks at the host, so that `check`, which says the same everywhere, cannot have it.
pub const RULE: Rule =
    Rule::error("missing-library", "the program cannot start without a file that is not in the tree");

/// What the programs of a policy need and will not find.
pub fn missing_libraries(policy: &Policy) -> Vec<Diagnostic> {
    let inside = Inside::of(policy);
    let listed = match &policy.process.exec.value {
        Execution::Listed(programs) => programs.as_slice(),
        Execution::Any | Execution::Once => &[],
    };
    let mut findings = Vec::new();
    for program in policy.process.args.iter().take(1).chain(listed) {
        let on_host = match inside.hops(&program.value) {
            Some((_, Node::Real(path))) => path.to_str().map(|path| needs(&Host, path)),
            Some(_) => None,
            None => {
                let finding = RULE.at(program.span, format!("`{}` is not on this host", program.value));
                findings.push(finding.label("expected a file that the tree shows"));
                None
            }
        };
        let on_host = on_host.unwrap_or_default();
        for missing in needs(&inside, &program.value).missing {
            let finding = RULE.at(
                program.span,
                format!("`{}` needs `{}`, which is not in the tree", missing.by, missing.name),
            );
            let named =
                |hop: &&String| **hop == missing.name || hop.rsplit('/').next() == Some(&missing.name);
            let place = on_host.found.iter().filter_map(|found| found.hops.first()).find(named);
            findings.push(match place {
                Some(place) => finding
                    .label("it would not start")
                    .help(format!("write `{place}` in filesystem.read_only")),
                None => finding
                    .label("it would not start")
                    .help("this host does not have it where it is looked for"),
            });
        }
    }
    findings
}
