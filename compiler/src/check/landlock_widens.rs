//! Landlock takes rights away and gives none.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::policy::landlock::PathBeneath;

pub(super) const RULE: Rule =
    Rule::error("landlock-widens", "a narrowed place has rights that the mounts do not give").why(
        "Landlock takes rights away and gives none. A place that is allowed more than its mount gives \
        would have the mount's rights, and the line would promise more.\n\n\
        List the rights that the mount has, or change the mount.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let files = policy.landlock_files();
    let widens = |PathBeneath { path, allowed }: &PathBeneath| {
        let (grant, given) = files.given(&path.value);
        let more = *allowed & !given.rights;
        (!more.is_none()).then(|| {
            RULE.at(path.span, format!("`{}` would be allowed {more}", path.value))
                .and(given.span, format!("`{grant}` does not give that, by `{}`", given.key))
                .help("take it out, or grant it where the mount is: Landlock only narrows")
        })
    };
    policy.landlock.path_beneath.iter().filter_map(widens).collect()
}
