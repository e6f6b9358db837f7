//! Launchers that a compiler with a mistake would build: the steps of a spec with one of them changed.

use boxwright::lower::{Act, Filter, Filters, Step, lower, prove, reaper_calls};
use boxwright::seccomp::Request;
use boxwright::source::Source;
use boxwright::{encode, link, seccomp, understand};
use boxwright_launcher::plan::write::Sources;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is left out.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// Of a step, with its place in the order of a launch; whether there was something.
    Step(fn(&mut Step) -> bool),
    /// Of what the program's filter is asked for.
    Filter(fn(&mut Request) -> bool),
}

/// What a stage compiles with instead of the compiler.
#[derive(Debug)]
pub struct Mutant {
    change: Change,
    times: AtomicUsize,
}

impl Mutant {
    /// One that makes this change wherever it can.
    pub fn new(change: Change) -> Self {
        Self { change, times: AtomicUsize::new(0) }
    }

    /// How often the change was made.
    pub fn times(&self) -> usize {
        self.times.load(Ordering::Relaxed)
    }

    /// The launcher of a spec; who notices the change before it is written ends this.
    pub fn compile(&self, name: &str, text: &str) -> Vec<u8> {
        let source = Source::new(name, text);
        let policy = understand(&source).policy.expect("a spec without errors");
        let compile = |request: &Request, cookie: bool| {
            let compiled = seccomp::compile(request).expect("a filter");
            let marks = compiled.marks.filter(|_| cookie);
            let cookie = marks.map(|marks| marks.map(|mark| u32::try_from(mark).expect("a short filter")));
            Filter { instructions: seccomp::to_bytes(&compiled.program), cookie, flags: 0 }
        };
        let request = seccomp::merge(&policy).map(|merged| merged.request);
        let program = request.map(|mut request| {
            if let Change::Filter(change) = self.change {
                self.count(change(&mut request));
            }
            compile(&request, true)
        });
        let reaper = compile(&seccomp::only(&reaper_calls(&policy)), false);
        let mut launch = lower(&policy, &Filters { program, reaper });
        if let Change::Step(change) = self.change {
            for steps in [&mut launch.privileged, &mut launch.unprivileged] {
                each(steps, &mut |step| self.count(change(step)));
            }
        }
        prove(&launch).unwrap_or_else(|found| panic!("the order of the steps: {found}"));
        let sources =
            Sources { name: &policy.name.value, compiler: "", tables: "", spec: [0; 32], launcher: [0; 32] };
        let plan = encode::encode(&launch, policy.kernel(), &source, &sources);
        let plan = plan.unwrap_or_else(|found| panic!("the reader of the plan: {found}"));
        link::link(link::LAUNCHER, &plan).expect("a launcher")
    }

    fn count(&self, changed: bool) {
        self.times.fetch_add(usize::from(changed), Ordering::Relaxed);
    }
}

/// Visits these steps, and those of children.
fn each(steps: &mut [Step], visit: &mut dyn FnMut(&mut Step)) {
    for step in steps {
        visit(step);
        for act in &mut step.acts {
            if let Act::Fork { child, .. } = act {
                each(child, visit);
            }
        }
    }
}
