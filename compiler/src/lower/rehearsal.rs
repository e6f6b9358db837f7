//! Launches that leave refused steps out, to see what else is refused; what they would execute is no program.

use super::order::{Misplaced, prove};
use super::step::{Act, Phase, Program, Step};
use super::{Filters, both_ways};
use crate::policy::Policy;
use boxwright_launcher::plan::operation::Promise;

/// The steps of a policy, whatever descriptors are open here, without its program: no file system has so long a name, so a
/// rehearsal fails where a launch would succeed.
pub fn rehearse(policy: &Policy, filters: &Filters) -> Program {
    let mut policy = policy.clone();
    policy.process.keep_fds.clear();
    policy.status_fd = None;
    if let Some(program) = policy.process.args.first_mut() {
        program.value = format!("/{}", "x".repeat(256));
    }
    both_ways(&policy, filters, true)
}

impl Program {
    /// Every step of both ways, those of children too.
    pub fn steps(&self) -> Vec<&Step> {
        let mut steps: Vec<&Step> = self.privileged.iter().chain(&self.unprivileged).collect();
        let mut next = 0;
        while let Some(step) = steps.get(next) {
            let children = step.acts.iter().filter_map(child);
            steps.extend(children.flatten().collect::<Vec<_>>());
            next += 1;
        }
        steps
    }

    /// The same without the steps of these words and what uses their results; `None` when others stand on one of them: what
    /// changes namespaces, ids or the root decides where every later step acts.
    pub fn without(mut self, words: &str) -> Option<Self> {
        let mut words = words.to_owned();
        loop {
            if !self.steps().iter().filter(|step| step.words == words).all(|step| is_alone(step)) {
                return None;
            }
            for steps in [&mut self.privileged, &mut self.unprivileged] {
                leave_out(steps, &words);
            }
            match prove(&self) {
                Ok(()) => return Some(self),
                Err(Misplaced::Unset { step, .. }) if step != words => words = step,
                Err(_) => return None,
            }
        }
    }
}

fn child(act: &Act) -> Option<&Vec<Step>> {
    if let Act::Fork { child, .. } = act { Some(child) } else { None }
}

fn leave_out(steps: &mut Vec<Step>, words: &str) {
    steps.retain(|step| step.words != words);
    for act in steps.iter_mut().flat_map(|step| &mut step.acts) {
        if let Act::Fork { child, .. } = act {
            leave_out(child, words);
        }
    }
}

fn is_alone(step: &Step) -> bool {
    let is_operation = |act: &Act| {
        matches!(act, Act::Call(_) | Act::Check { .. } | Act::Text(_) | Act::Each(_) | Act::Landlock { .. })
    };
    let own = [Promise::Mounts, Promise::Limits, Promise::Session, Promise::Keyring, Promise::Landlock];
    (own.contains(&step.promise) || step.phase == Phase::Sources) && step.acts.iter().all(is_operation)
}
