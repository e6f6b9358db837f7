//! `process.exec = "once"`: after the launcher's own execve there is no other, whoever tries and however.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Need, Spec, Stage};

pub const TESTS: &[Test] = &[
    Test { name: "exec-once/forked", needs: &[Need::UserNamespaces], run: forked },
    Test { name: "exec-once/in-place", needs: &[], run: alone },
    Test { name: "exec-once/without-other-rules", needs: &[Need::UserNamespaces], run: without_other_rules },
    Test { name: "exec-once/dynamic-program", needs: &[Need::UserNamespaces], run: dynamic_program },
];

const WAYS: [&str; 5] =
    ["execute.execve", "execute.guessing", "execute.execveat", "execute.descriptor", "execute.thread"];

/// With the key no way is left; the control, without it, finds every way open.
fn both(stage: &Stage, spec: &dyn Fn() -> Spec, refusal: &str) {
    for (exec, expected) in [("once", refusal), ("any", "ok")] {
        let spec = spec().with(&format!("process.exec = '{exec}'"));
        let answers = stage.ask(spec, &["execute_again"]);
        answers.expect(&WAYS.map(|way| (way, expected)));
    }
}

fn forked(stage: &Stage) {
    both(stage, &|| Spec::new(PLAIN), "EPERM");
}

fn alone(stage: &Stage) {
    both(stage, &|| in_place(stage), "EPERM");
}

/// A filter that allows everything else.
fn without_other_rules(stage: &Stage) {
    let open = "version = 1
        name = 'open'
        [process]
        args = ['/probe']
        user = { uid = 65534, gid = 65534 }
        [seccomp]
        default_action = 'allow'";
    both(stage, &|| Spec::new(open), "EPERM");
}

/// The dynamic linker is started by the kernel, within the one execve.
fn dynamic_program(stage: &Stage) {
    let spec = Spec::new(PLAIN).with(
        "process.args = ['/bin/sh', '-c', 'echo started; /bin/true || echo refused']
         process.exec = 'once'
         filesystem.base = 'usr'",
    );
    let run = stage.launch(&spec);
    assert_eq!((run.status, run.stdout.as_str()), (0, "started\nrefused\n"), "{}", run.stderr);
}
