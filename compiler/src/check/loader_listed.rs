//! The dynamic linker executes any program that it can read.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Execution, Policy};

pub(super) const RULE: Rule =
    Rule::warning("loader-listed", "a listed program executes any other that can be read").why(
        "A dynamic linker executes whatever file it can read: `/lib64/ld-linux-x86-64.so.2 /tmp/x` maps \
        it, and the kernel asks Landlock about the linker alone. With it on the list the list bounds \
        execve(2), not which code runs.\n\n\
        List statically linked programs alone, or mount with `executable = false` what is not to be run. \
        Programs that are dynamic need the linker; accept the finding then.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Execution::Listed(programs) = &policy.process.exec.value else { return Vec::new() };
    let loaders = programs.iter().filter(|program| {
        let name = program.value.rsplit('/').next().unwrap_or_default();
        name.starts_with("ld-") && name.contains(".so")
    });
    loaders
        .map(|loader| {
            RULE.at(loader.span, format!("`{}` executes any program that can be read", loader.value)).evidence([Evidence::text("program", &loader.value)])
                .label("the kernel does not ask Landlock when it maps a file")
                .help("list statically linked programs alone, or mount with `executable = false` what is not to be run")
        })
        .collect()
}
