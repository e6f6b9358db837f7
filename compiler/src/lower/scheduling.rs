//! Processors, disks and memory: what the kernel gives the program of them, and how it may use memory.
//!
//! The program's own process asks for everything that it may, so that those who watch it keep the caller's share. Real-time,
//! a lower nice value and the like are the host's to give, though, and a process in a new user namespace has nothing of the
//! host's: there the privileged outside gives them to the first process inside, the program inherits them, and asking again
//! for what one has needs no right. The reaper gives real-time back, or a busy program of its own priority would keep it
//! from a processor that both may only use; below, the kernel's throttling of real-time leaves it a part.

use super::Launch;
use super::identity::{open_proc, write_proc};
use super::linux::*;
use super::refusals::*;
use super::step::{Act, Buffer, Call, Else, Fact, Part, Phase, Place, Slot, Step, Value};
use crate::policy::{HugePages, IoClass, IoPriority, Personality, Scheduler, SchedulingPolicy};
use crate::source::Spanned;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Comparison, Promise};
use std::collections::BTreeSet;

impl<'a> Launch<'a> {
    fn scheduling(self) -> &'a crate::policy::Scheduling {
        &self.policy.process.scheduling
    }

    /// A caller may have left flags such as ADDR_NO_RANDOMIZE, which exec keeps.
    pub(super) fn personality(self) -> Step {
        let personality = &self.policy.process.personality;
        let domain = match personality.value {
            Personality::Linux => 0,
            Personality::Linux32 => PER_LINUX32,
        };
        Step::new(Phase::Start, "set the personality", personality.span)
            .promise(Promise::Limits)
            .act(Call::new(number::personality, [domain.into()]).any())
            .note(EPERM.into(), PERSONALITY_REFUSED)
    }

    /// Beside the child: what its own user namespace cannot give.
    pub(super) fn raise_priorities(self) -> Vec<Step> {
        let scheduling = self.scheduling();
        let child = Value::Slot(Slot::Child);
        let mut steps: Vec<Step> =
            self.oom_score_adj(Phase::Host, &Part::Decimal(Slot::Child)).into_iter().collect();
        // A deadline is refused to a process that will fork, and `check` refuses it in a new user namespace.
        if let Some(scheduler) = &scheduling.scheduler {
            steps.extend(set_policy(Phase::Host, scheduler, child.clone(), 0));
        }
        steps.extend(scheduling.nice.iter().map(|nice| set_nice(Phase::Host, nice, child.clone())));
        steps.extend(scheduling.io_priority.iter().map(|priority| {
            let set = [IOPRIO_WHO_PROCESS.into(), child.clone(), io_priority(priority.value).into()];
            io_step(Phase::Host, "set", priority).act(Call::new(number::ioprio_set, set))
        }));
        steps
    }

    /// Inside, or before the launcher hides from those whom it joins; in a new user namespace the outside does it when it can.
    pub(super) fn own_oom_score_adj(self, phase: Phase) -> Option<Step> {
        let own = if self.joins_user() || self.joins_pid() { Phase::Start } else { Phase::Inside };
        let here = phase == own && !self.maps_from_outside();
        here.then(|| self.oom_score_adj(phase, &Part::Literal("self".into()))).flatten()
    }

    fn oom_score_adj(self, phase: Phase, process: &Part) -> Option<Step> {
        let score = self.scheduling().oom_score_adj.as_ref()?;
        Some(
            Step::new(phase, format!("write {} to oom_score_adj", score.value), score.span)
                .promise(Promise::Limits)
                .needs(if self.privileged { &[] } else { &[Fact::OwnProc] })
                .acts(open_proc(process.clone()))
                .acts(write_proc("oom_score_adj", vec![Part::Literal(score.value.to_string())]))
                .act(Call::new(number::close, [Slot::ProcDirectory.into()]))
                .note(EACCES.into(), OOM_SCORE_REFUSED),
        )
    }

    /// In the program's own process, while it has the capabilities that it was started with.
    pub(super) fn shares(self) -> Vec<Step> {
        let scheduling = self.scheduling();
        let own = Value::Zero;
        let mut steps = Vec::new();
        if let Some(scheduler) = &scheduling.scheduler {
            let reset = if scheduler.value.reset_on_fork { SCHED_RESET_ON_FORK } else { 0 };
            steps.extend(set_policy(Phase::Payload, scheduler, own.clone(), reset));
            steps.extend(set_deadline(scheduler));
        }
        steps.extend(scheduling.nice.iter().map(|nice| set_nice(Phase::Payload, nice, own.clone())));
        steps.extend(scheduling.io_priority.iter().map(|priority| self.own_io_priority(priority)));
        steps.extend(scheduling.cpu_affinity.iter().map(set_affinity));
        let prctl = |words: String, span, arguments: Vec<u32>| {
            let arguments: Vec<Value> = arguments.into_iter().map(Value::from).collect();
            Step::new(Phase::Payload, words, span)
                .promise(Promise::Limits)
                .act(Call::new(number::prctl, arguments))
        };
        steps.extend(scheduling.timer_slack.iter().map(|slack| {
            prctl(
                format!("set a timer slack of {} ns", slack.value),
                slack.span,
                vec![PR_SET_TIMERSLACK, slack.value],
            )
        }));
        steps.extend(scheduling.core_scheduling.map(|span| {
            let create = vec![PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, PR_SCHED_CORE_SCOPE_THREAD_GROUP];
            prctl("take a core scheduling cookie".into(), span, create)
                .note(EINVAL.into(), CORE_SCHEDULING_MISSING)
                .note(ENODEV.into(), CORES_NOT_SHARED)
        }));
        let huge_pages = &self.policy.process.huge_pages;
        steps.extend((huge_pages.value == HugePages::Never).then(|| {
            prctl("switch transparent huge pages off".into(), huge_pages.span, vec![PR_SET_THP_DISABLE, 1])
                .note(EINVAL.into(), HUGE_PAGES_MISSING)
        }));
        // Kept by fork and exec, and never taken back (mm_init and PR_SET_MDWE in the kernel).
        steps.extend(self.policy.process.memory_deny_write_execute.map(|span| {
            prctl(
                "refuse executable memory that was writable".into(),
                span,
                vec![PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN],
            )
            .note(EINVAL.into(), MDWE_MISSING)
        }));
        steps
    }

    /// The realtime class is refused to who has it already: there what the outside gave is compared.
    fn own_io_priority(self, priority: &Spanned<IoPriority>) -> Step {
        let value = io_priority(priority.value);
        let who = [IOPRIO_WHO_PROCESS.into(), Value::Zero, value.into()];
        if self.maps_from_outside() {
            // ioprio_get(2) takes two arguments: the third stands there to be compared with the result.
            io_step(Phase::Payload, "have", priority).act(Call::new(number::ioprio_get, who).equals(2))
        } else {
            io_step(Phase::Payload, "set", priority).act(Call::new(number::ioprio_set, who))
        }
    }

    /// Whether the outside gave the first process inside real-time, which only the program is meant to have.
    pub(super) fn reaper_priority(self) -> Option<Step> {
        let scheduler = self.scheduling().scheduler.as_ref()?;
        (self.maps_from_outside() && scheduler.value.policy.is_real_time()).then(|| {
            Step::new(Phase::Payload, "reaper: give real-time back", scheduler.span).act(Call::new(
                number::sched_setscheduler,
                [Value::Zero, SCHED_OTHER.into(), parameter(0).into()],
            ))
        })
    }
}

/// All policies but deadline; the nice value of the process stays (sched_setscheduler(2)).
fn set_policy(phase: Phase, scheduler: &Spanned<Scheduler>, process: Value, reset: u32) -> Option<Step> {
    let (name, policy, priority) = match scheduler.value.policy {
        SchedulingPolicy::Other => ("other", SCHED_OTHER, 0),
        SchedulingPolicy::Fifo(priority) => ("fifo", SCHED_FIFO, priority),
        SchedulingPolicy::RoundRobin(priority) => ("rr", SCHED_RR, priority),
        SchedulingPolicy::Batch => ("batch", SCHED_BATCH, 0),
        SchedulingPolicy::Idle => ("idle", SCHED_IDLE, 0),
        SchedulingPolicy::Deadline { .. } => return None,
    };
    let set = [process, (policy | reset).into(), parameter(priority).into()];
    let refused = if priority > 0 { REAL_TIME_REFUSED } else { POLICY_REFUSED };
    Some(
        Step::new(phase, format!("set the scheduling policy {name}"), scheduler.span)
            .promise(Promise::Limits)
            .act(Call::new(number::sched_setscheduler, set))
            .note(EPERM.into(), refused),
    )
}

fn set_deadline(scheduler: &Spanned<Scheduler>) -> Option<Step> {
    let SchedulingPolicy::Deadline { runtime, deadline, period } = scheduler.value.policy else {
        return None;
    };
    let flags = if scheduler.value.reset_on_fork { SCHED_FLAG_RESET_ON_FORK } else { 0 };
    let attributes = deadline_attributes(flags, [runtime, deadline, period]);
    Some(
        Step::new(Phase::Payload, "set the scheduling policy deadline", scheduler.span)
            .promise(Promise::Limits)
            .act(Call::new(number::sched_setattr, [Value::Zero, attributes.into()]))
            .note(EPERM.into(), DEADLINE_REFUSED)
            .note(EINVAL.into(), DEADLINE_OUT_OF_RANGE)
            .note(EBUSY.into(), DEADLINE_BUSY),
    )
}

fn set_nice(phase: Phase, nice: &Spanned<i32>, process: Value) -> Step {
    let set = [PRIO_PROCESS.into(), process, nice.value.cast_unsigned().into()];
    Step::new(phase, format!("set the nice value {}", nice.value), nice.span)
        .promise(Promise::Limits)
        .act(Call::new(number::setpriority, set))
        .note(EACCES.into(), NICE_REFUSED)
}

fn io_step(phase: Phase, verb: &str, priority: &Spanned<IoPriority>) -> Step {
    let IoPriority { class, priority: level } = priority.value;
    let name = match class {
        IoClass::Realtime => format!("realtime {level}"),
        IoClass::BestEffort => format!("best_effort {level}"),
        IoClass::Idle => "idle".into(),
    };
    Step::new(phase, format!("{verb} the I/O priority {name}"), priority.span)
        .promise(Promise::Limits)
        .note(EPERM.into(), IO_PRIORITY_REFUSED)
        .note(ENOSYS.into(), IO_PRIORITY_MISSING)
}

/// `linux/ioprio.h`: the class stands above 13 bits.
fn io_priority(priority: IoPriority) -> u32 {
    let class = match priority.class {
        IoClass::Realtime => 1,
        IoClass::BestEffort => 2,
        IoClass::Idle => 3,
    };
    class << 13 | priority.priority
}

/// The kernel takes as many of the processors as there are, and this launch takes all or fails: what is in force is part
/// of what was asked for, so only words with a processor have to be compared.
fn set_affinity(cpus: &Spanned<BTreeSet<u32>>) -> Step {
    let bytes = cpus.value.last().map_or(0, |last| last / 64 * 8 + 8);
    let mut mask = vec![0_u64; bytes as usize / 8];
    for cpu in &cpus.value {
        mask[*cpu as usize / 64] |= 1 << (cpu % 64);
    }
    let set = [Value::Zero, bytes.into(), words(&mask).into()];
    let get = [Value::Zero, AFFINITY_BYTES.into(), Buffer::Answer.into()];
    let check = |place, comparison, value, otherwise| Act::Check {
        place,
        mask: if place == Place::Slot(Slot::Length) { 0xffff_ffff } else { u64::MAX },
        comparison,
        value,
        otherwise,
    };
    let missing = || Else::Fail(PROCESSOR_MISSING.into());
    let mut step = Step::new(Phase::Payload, "set the processors", cpus.span)
        .promise(Promise::Limits)
        .act(Call::new(number::sched_setaffinity, set))
        .act(Call::new(number::sched_getaffinity, get).keep(Slot::Length))
        // The answer is as long as the kernel's own sets: what is behind it was not written.
        .act(check(Place::Slot(Slot::Length), Comparison::Less, bytes.into(), Else::Skip(1)))
        .act(check(Place::Slot(Slot::Length), Comparison::Less, 0, missing()));
    for (word, at) in mask.iter().zip(0_u32..).filter(|(word, _)| **word != 0) {
        let place = Place::Buffer(Buffer::Answer, at * 8);
        step = step.act(check(place, Comparison::Equal, *word, missing()));
    }
    step.note(EINVAL.into(), PROCESSOR_MISSING)
}
