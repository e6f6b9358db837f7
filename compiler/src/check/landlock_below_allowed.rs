//! What is allowed beneath a directory is allowed in all of it: Landlock cannot take it back further down.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::policy::landlock::{PathBeneath, ancestors};

pub(super) const RULE: Rule =
    Rule::error("landlock-below-allowed", "a place is narrowed beneath one that keeps the rights").why(
        "Landlock's rights add up from `/` downwards, so what a rule above allows cannot be taken back \
        below: the narrower entry would be without effect (Documentation/userspace-api/landlock.rst).\n\n\
        Narrow the place above too, or protect the one below by a mount: `seal`, `mask`, a read-only \
        bind.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let files = policy.landlock_files();
    let rules = files.rules();
    let kept = |PathBeneath { path, allowed }: &PathBeneath| {
        let given = files.given(&path.value).1.rights;
        // Of several above it the outermost decides, whatever is narrowed between them.
        let above: Vec<&str> = ancestors(&path.value).skip(1).collect();
        above.into_iter().rev().find_map(|at| {
            let rule = rules.get(at)?;
            let more = rule.rights & given & !*allowed;
            (!more.is_none()).then(|| {
                RULE.at(path.span, format!("`{}` would still be allowed {more}", path.value))
                    .label("it cannot be denied here")
                    .and(rule.span, format!("`{at}` is allowed it with all that is beneath, by `{}`", rule.key))
                    .help(format!(
                        "narrow `{at}` too, or protect the place by a mount: `seal`, `mask`, or a read-only bind"
                    ))
            })
        })
    };
    policy.landlock.path_beneath.iter().filter_map(kept).collect()
}
