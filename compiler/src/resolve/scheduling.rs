//! What `[process]` means about processors and disks: policies with their own parameters, sets of processors.

use super::rules::{DUPLICATE_ENTRY, INVALID_AMOUNT, SCHEDULER_MISMATCH, WITHOUT_EFFECT};
use super::{asked, keep, units};
use crate::diagnostic::Diagnostic;
use crate::policy::{IoClass, IoPriority, Scheduler, Scheduling, SchedulingPolicy};
use crate::source::{Span, Spanned};
use crate::spec::keys::CPU_MAX;
use crate::spec::{self, Cpus, Leaf};
use std::collections::BTreeSet;

/// `__checkparam_dl` in kernel/sched/deadline.c: the kernel drops the lowest ten bits.
const RUNTIME_MIN: u64 = 1 << 10;

/// The middle of the eight, which the kernel takes for nice 0 as well.
const IO_PRIORITY: u32 = 4;

pub(super) fn resolve(written: &spec::Scheduling, findings: &mut Vec<Diagnostic>) -> Scheduling {
    let scheduler = scheduler(&written.scheduler, findings);
    let timer_slack = written.timer_slack.as_ref().and_then(|slack| keep(timer_slack(slack), findings));
    if let (Some(slack), Some(scheduler)) = (&timer_slack, &scheduler)
        && scheduler.value.policy.is_real_time()
    {
        findings.push(
            WITHOUT_EFFECT
                .at(slack.span, "`process.timer_slack` changes nothing for a real-time policy")
                .evidence([])
                .and(scheduler.span, "whose sleep always ends on time"),
        );
    }
    Scheduling {
        scheduler,
        nice: written.scheduler.nice.clone(),
        io_priority: written.io_priority.as_ref().map(|priority| io_priority(priority, findings)),
        cpu_affinity: written.cpu_affinity.as_ref().and_then(|cpus| keep(affinity(cpus), findings)),
        oom_score_adj: written.oom_score_adj.clone(),
        timer_slack,
        core_scheduling: asked(&written.core_scheduling),
    }
}

fn scheduler(written: &spec::Scheduler, findings: &mut Vec<Diagnostic>) -> Option<Spanned<Scheduler>> {
    let word = written.policy.as_ref();
    findings.extend(strangers(written));
    let reset_on_fork = asked(&written.reset_on_fork);
    if let (Some(span), None) = (reset_on_fork, word) {
        findings.push(SCHEDULER_MISMATCH.at(span, "`reset_on_fork` without a policy that it could reset"));
    }
    let word = word?;
    let missing = |key: &str| {
        SCHEDULER_MISMATCH
            .at(word.span, format!("the policy `{}` has no `{key}`", word.value))
            .help(format!("write process.scheduler.{key}"))
    };
    let priority = || written.priority.as_ref().map(|leaf| leaf.value).ok_or_else(|| missing("priority"));
    let policy = match word.value.as_str() {
        "other" => Ok(SchedulingPolicy::Other),
        "batch" => Ok(SchedulingPolicy::Batch),
        "idle" => Ok(SchedulingPolicy::Idle),
        "fifo" => priority().map(SchedulingPolicy::Fifo),
        "rr" => priority().map(SchedulingPolicy::RoundRobin),
        "deadline" => deadline(written, missing),
        _ => return None,
    };
    let policy = keep(policy, findings)?;
    let reset_on_fork = reset_on_fork.is_some();
    Some(Spanned::new(Scheduler { policy, reset_on_fork }, word.span))
}

/// Parameters that another policy has.
fn strangers(written: &spec::Scheduler) -> Vec<Diagnostic> {
    let word = written.policy.as_ref();
    let place = |leaf: &Leaf<String>| leaf.as_ref().map(|leaf| leaf.span);
    let parameters: [(&str, Option<Span>, &[&str]); 5] = [
        ("nice", written.nice.as_ref().map(|leaf| leaf.span), &["other", "batch"]),
        ("priority", written.priority.as_ref().map(|leaf| leaf.span), &["fifo", "rr"]),
        ("runtime", place(&written.runtime), &["deadline"]),
        ("deadline", place(&written.deadline), &["deadline"]),
        ("period", place(&written.period), &["deadline"]),
    ];
    let stranger = |(key, span, policies): (&str, Option<Span>, &[&str])| {
        let span = span?;
        let finding = match word {
            Some(word) if policies.contains(&word.value.as_str()) => return None,
            Some(word) => SCHEDULER_MISMATCH
                .at(span, format!("`{key}` means nothing to the policy `{}`", word.value))
                .and(word.span, "the policy"),
            // Whatever policy the launcher has, the nice value stays with the process.
            None if key == "nice" => return None,
            None => SCHEDULER_MISMATCH.at(span, format!("`{key}` without a policy that it belongs to")),
        };
        Some(finding.help(format!("`{key}` belongs to {}", quoted(policies))))
    };
    parameters.into_iter().filter_map(stranger).collect()
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" and ")
}

fn deadline(
    written: &spec::Scheduler,
    missing: impl Fn(&str) -> Diagnostic,
) -> Result<SchedulingPolicy, Diagnostic> {
    let written_runtime = written.runtime.as_ref().ok_or_else(|| missing("runtime"))?;
    let written_deadline = written.deadline.as_ref().ok_or_else(|| missing("deadline"))?;
    let written_period = written.period.as_ref().unwrap_or(written_deadline);
    let runtime = nanoseconds("scheduler.runtime", written_runtime)?;
    let deadline = nanoseconds("scheduler.deadline", written_deadline)?;
    let period = nanoseconds("scheduler.period", written_period)?;
    if runtime < RUNTIME_MIN {
        return Err(INVALID_AMOUNT
            .at(written_runtime.span, "`process.scheduler.runtime` is too short")
            .label("expected at least 2us"));
    }
    for (short, key, long, other) in [
        (runtime, "runtime", deadline, (written_deadline, "deadline")),
        (deadline, "deadline", period, (written_period, "period")),
    ] {
        if short > long {
            let span = if key == "runtime" { written_runtime.span } else { written_deadline.span };
            return Err(INVALID_AMOUNT
                .at(span, format!("`process.scheduler.{key}` is longer than the {}", other.1))
                .and(other.0.span, format!("the {}", other.1))
                .help("the kernel wants runtime <= deadline <= period"));
        }
    }
    Ok(SchedulingPolicy::Deadline { runtime, deadline, period })
}

/// At most 63 bits: the kernel reads the highest as a sign.
fn nanoseconds(key: &str, text: &Spanned<String>) -> Result<u64, Diagnostic> {
    let invalid =
        |reason: &str| INVALID_AMOUNT.at(text.span, format!("`process.{key}` `{}` {reason}", text.value));
    let length =
        units::duration(&text.value).map_err(|misread| invalid(&misread.reason).help(misread.help))?;
    i64::try_from(length).map(i64::cast_unsigned).map_err(|_| invalid("is too long"))
}

fn timer_slack(text: &Spanned<String>) -> Result<Spanned<u32>, Diagnostic> {
    let slack = nanoseconds("timer_slack", text)?;
    match u32::try_from(slack) {
        Ok(slack @ 1..) => Ok(Spanned::new(slack, text.span)),
        _ => Err(INVALID_AMOUNT
            .at(text.span, format!("`process.timer_slack` is `{}`", text.value))
            .label("expected 1us to 4s")),
    }
}

fn io_priority(written: &Spanned<spec::IoPriority>, findings: &mut Vec<Diagnostic>) -> Spanned<IoPriority> {
    let spec::IoPriority { class: word, priority } = &written.value;
    let class = match word.value.as_str() {
        "realtime" => IoClass::Realtime,
        "idle" => IoClass::Idle,
        _ => IoClass::BestEffort,
    };
    let priority = match (class, priority) {
        (IoClass::Idle, Some(priority)) => {
            findings.push(
                SCHEDULER_MISMATCH
                    .at(priority.span, "`priority` means nothing to the class `idle`")
                    .and(word.span, "the class"),
            );
            0
        }
        (IoClass::Idle, None) => 0,
        (_, priority) => priority.as_ref().map_or(IO_PRIORITY, |priority| priority.value),
    };
    Spanned::new(IoPriority { class, priority }, written.span)
}

fn affinity(written: &Spanned<Cpus>) -> Result<Spanned<BTreeSet<u32>>, Diagnostic> {
    let mut cpus = BTreeSet::new();
    let twice = |span, cpu| DUPLICATE_ENTRY.at(span, format!("processor {cpu} is named twice"));
    match &written.value {
        Cpus::Numbers(numbers) => {
            for number in numbers {
                if !cpus.insert(number.value) {
                    return Err(twice(number.span, number.value));
                }
            }
        }
        Cpus::Text(text) => {
            for part in text.split(',').filter(|_| !text.is_empty()) {
                for cpu in range("process.cpu_affinity", part, written.span)? {
                    if !cpus.insert(cpu) {
                        return Err(twice(written.span, cpu));
                    }
                }
            }
        }
    }
    if cpus.is_empty() {
        return Err(INVALID_AMOUNT
            .at(written.span, "`process.cpu_affinity` names no processor")
            .label("the program could not run anywhere")
            .help("leave the key out to let it run on every processor of the launcher"));
    }
    Ok(Spanned::new(cpus, written.span))
}

/// `5` or `0-3`.
pub(super) fn range(key: &str, range: &str, span: Span) -> Result<std::ops::RangeInclusive<u32>, Diagnostic> {
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|cpu| plain && *cpu <= CPU_MAX)
    };
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err(INVALID_AMOUNT
            .at(span, format!("`{range}` in `{key}` is no range of numbers"))
            .help(format!("write numbers up to {CPU_MAX} and ranges from low to high, such as \"0-3,5\""))),
    }
}
