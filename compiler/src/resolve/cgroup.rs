//! What `[cgroup]` means: each key is a file of the kernel's, each value what is written to it.

use super::rules::{INVALID_AMOUNT, INVALID_PATH, INVALID_TEXT};
use super::{keep, paths, scheduling, units};
use crate::diagnostic::Diagnostic;
use crate::policy::{Cgroup, CgroupParent, CgroupSetting};
use crate::source::{Span, Spanned};
use crate::spec::{self, CgroupValue as Value};
use std::collections::BTreeSet;

/// How the kernel wants a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The number, word or size as it is; `max` is no limit.
    Amount,
    /// 0 or 1.
    Flag,
    /// `quota period` in microseconds.
    Bandwidth,
    /// Microseconds.
    Microseconds,
    /// A percentage with up to two decimals.
    Percentage,
    /// Numbers and ranges of them.
    Set,
    /// A file for each entry: `hugetlb.2MB.max`.
    FileEach(&'static str),
    /// A line for each entry: `8:0 rbps=1048576`.
    LineEach,
}

/// Keys, controllers and files, in the order in which they are written: a burst is at most the quota that is in force, and a
/// partition wants its processors.
const FILES: [(&str, Option<&str>, &str, Form); 32] = [
    ("max_depth", None, "cgroup.max.depth", Form::Amount),
    ("max_descendants", None, "cgroup.max.descendants", Form::Amount),
    ("pressure", None, "cgroup.pressure", Form::Flag),
    ("cpu_idle", Some("cpu"), "cpu.idle", Form::Flag),
    ("cpu_weight", Some("cpu"), "cpu.weight", Form::Amount),
    ("cpu_weight_nice", Some("cpu"), "cpu.weight.nice", Form::Amount),
    ("cpu_max", Some("cpu"), "cpu.max", Form::Bandwidth),
    ("cpu_max_burst", Some("cpu"), "cpu.max.burst", Form::Microseconds),
    ("cpu_uclamp_max", Some("cpu"), "cpu.uclamp.max", Form::Percentage),
    ("cpu_uclamp_min", Some("cpu"), "cpu.uclamp.min", Form::Percentage),
    ("cpuset_cpus", Some("cpuset"), "cpuset.cpus", Form::Set),
    ("cpuset_cpus_exclusive", Some("cpuset"), "cpuset.cpus.exclusive", Form::Set),
    ("cpuset_cpus_partition", Some("cpuset"), "cpuset.cpus.partition", Form::Amount),
    ("cpuset_mems", Some("cpuset"), "cpuset.mems", Form::Set),
    ("hugetlb", Some("hugetlb"), "hugetlb", Form::FileEach("max")),
    ("hugetlb_rsvd", Some("hugetlb"), "hugetlb", Form::FileEach("rsvd.max")),
    ("io_latency", Some("io"), "io.latency", Form::LineEach),
    ("io_max", Some("io"), "io.max", Form::LineEach),
    ("io_prio_class", Some("io"), "io.prio.class", Form::Amount),
    ("io_weight", Some("io"), "io.weight", Form::LineEach),
    ("memory_high", Some("memory"), "memory.high", Form::Amount),
    ("memory_low", Some("memory"), "memory.low", Form::Amount),
    ("memory_max", Some("memory"), "memory.max", Form::Amount),
    ("memory_min", Some("memory"), "memory.min", Form::Amount),
    ("memory_oom_group", Some("memory"), "memory.oom.group", Form::Flag),
    ("memory_swap_high", Some("memory"), "memory.swap.high", Form::Amount),
    ("memory_swap_max", Some("memory"), "memory.swap.max", Form::Amount),
    ("memory_zswap_max", Some("memory"), "memory.zswap.max", Form::Amount),
    ("memory_zswap_writeback", Some("memory"), "memory.zswap.writeback", Form::Flag),
    ("misc_max", Some("misc"), "misc.max", Form::LineEach),
    ("pids_max", Some("pids"), "pids.max", Form::Amount),
    ("rdma_max", Some("rdma"), "rdma.max", Form::LineEach),
];

/// The period of a number of processors, the kernel's default, in microseconds.
const PERIOD: u64 = 100_000;
/// `kernel/sched/core.c`: a period is from 1 ms to 1 s, a quota at least 1 ms.
const PERIODS: std::ops::RangeInclusive<u64> = 1_000..=1_000_000;
/// Where version 2 is mounted, itself or beside the old ones.
const ROOT: &str = "/sys/fs/cgroup";

/// What is read back fits into the launcher's buffer, with the end of the line.
const SET_BYTES: usize = 247;

type Written = Spanned<Value>;
/// A file, what is written to it, and that as one amount.
type Line = (String, String, Option<u64>);

pub(super) fn resolve(
    cgroup: Option<&Spanned<spec::Cgroup>>,
    findings: &mut Vec<Diagnostic>,
) -> Option<Cgroup> {
    let Spanned { value: written, span } = cgroup?;
    let mut settings = Vec::new();
    for (key, controller, file, form) in FILES {
        let Some((_, value)) = written.settings.iter().find(|(name, _)| name.value == key) else { continue };
        let lines = keep(lines(key, file, form, value), findings).unwrap_or_default();
        settings.extend(lines.into_iter().map(|(file, value_text, amount)| CgroupSetting {
            key,
            controller,
            file,
            value: value_text,
            amount,
            span: value.span,
        }));
    }
    let parent = written.parent.as_ref().and_then(|parent| keep(parent_of(parent), findings));
    let parent = parent.unwrap_or(Spanned::new(CgroupParent::Auto, *span));
    Some(Cgroup { span: *span, parent, settings })
}

fn parent_of(written: &Spanned<String>) -> Result<Spanned<CgroupParent>, Diagnostic> {
    if written.value == "auto" {
        return Ok(Spanned::new(CgroupParent::Auto, written.span));
    }
    let path = paths::absolute(written)?;
    if path.value == ROOT || path.value.starts_with("/sys/fs/cgroup/") {
        return Ok(Spanned::new(CgroupParent::Path(path.value), path.span));
    }
    Err(INVALID_PATH
        .at(path.span, format!("`{}` is no cgroup", path.value))
        .label(format!("expected \"auto\" or a path beneath {ROOT}")))
}

fn lines(key: &str, file: &str, form: Form, value: &Written) -> Result<Vec<Line>, Diagnostic> {
    let one = |(text, amount): (String, Option<u64>)| vec![(file.to_owned(), text, amount)];
    match (form, &value.value) {
        (Form::Bandwidth, _) => bandwidth(key, value).map(one),
        (Form::FileEach(last), Value::Table(entries)) => {
            let each = |(size, value): &(Spanned<String>, Written)| {
                check_page(size)?;
                let (text, amount) = amount(key, value)?;
                Ok((format!("{file}.{}.{last}", size.value), text, amount))
            };
            entries.iter().map(each).collect()
        }
        (Form::LineEach, Value::Table(entries)) => {
            entries.iter().map(|(name, value)| line(key, file, name, value)).collect()
        }
        (Form::Microseconds, Value::Text(text)) => {
            microseconds(key, text, value.span).map(|time| one((time.to_string(), Some(time))))
        }
        (Form::Percentage, Value::Text(text)) if text != "max" => percentage(key, text, value.span).map(one),
        (Form::Set, Value::Text(text)) => set(key, text, value.span).map(one),
        _ => amount(key, value).map(one),
    }
}

fn amount(key: &str, value: &Written) -> Result<(String, Option<u64>), Diagnostic> {
    let plain = |number: u64| (number.to_string(), Some(number));
    match &value.value {
        Value::Boolean(flag) => Ok(plain((*flag).into())),
        Value::Integer(number) => Ok((number.to_string(), u64::try_from(*number).ok())),
        Value::Text(text) if text == "max" => Ok((text.clone(), Some(u64::MAX))),
        // The parser admits no other text where no size is expected.
        Value::Text(text) if !is_size(key) => Ok((text.clone(), None)),
        Value::Text(text) => units::bytes(text).map(plain).map_err(|misread| {
            INVALID_AMOUNT
                .at(value.span, format!("`cgroup.{key}` `{text}` {}", misread.reason))
                .help(misread.help)
        }),
        // The parser admits neither.
        Value::Fraction(_) | Value::Table(_) => Ok(plain(0)),
    }
}

fn is_size(key: &str) -> bool {
    key.starts_with("memory_") || key.starts_with("hugetlb") || key.ends_with("bps")
}

fn bandwidth(key: &str, value: &Written) -> Result<(String, Option<u64>), Diagnostic> {
    let out_of_range = |words: &str| INVALID_AMOUNT.at(value.span, format!("`cgroup.{key}` {words}"));
    let hundredths = match &value.value {
        Value::Text(text) if text == "max" => return Ok((format!("max {PERIOD}"), Some(u64::MAX))),
        Value::Table(entries) => {
            let time = |name: &str| match entries.iter().find(|(key, _)| key.value == name) {
                Some((_, Spanned { value: Value::Text(text), span })) => microseconds(key, text, *span),
                _ => Ok(PERIOD),
            };
            let (quota, period) = (time("quota")?, time("period")?);
            if !PERIODS.contains(&period) || quota < *PERIODS.start() {
                return Err(out_of_range("is out of range")
                    .help("the kernel wants a period from 1 ms to 1 s, and a quota of at least 1 ms"));
            }
            return Ok((format!("{quota} {period}"), Some(quota)));
        }
        Value::Integer(number) => u64::try_from(*number).ok().and_then(|number| number.checked_mul(100)),
        Value::Fraction(digits) => hundredths(digits),
        Value::Text(text) => text.strip_suffix('%').and_then(hundredths).map(|share| share / 100),
        Value::Boolean(_) => None,
    };
    // A hundredth of a processor is 1 ms of the period, and the least that the kernel takes.
    match hundredths.filter(|share| (1..=100_000_000).contains(share)) {
        Some(share) => {
            let quota = share * (PERIOD / 100);
            Ok((format!("{quota} {PERIOD}"), Some(quota)))
        }
        None => Err(out_of_range("is no number of processors").help(
            "write a number of processors such as 1.5, or a percentage of one such as \"150%\", by the hundredth",
        )),
    }
}

/// `1.5` as 150, of at most two decimals.
fn hundredths(digits: &str) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || fraction.len() > 2 || (digits.contains('.') && !is_number(fraction)) {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(format!("{fraction:0<2}").parse().ok()?)
}

fn percentage(key: &str, text: &str, span: Span) -> Result<(String, Option<u64>), Diagnostic> {
    match text.strip_suffix('%').and_then(hundredths).filter(|share| *share <= 10_000) {
        Some(share) => Ok((format!("{}.{:02}", share / 100, share % 100), Some(share))),
        None => Err(INVALID_AMOUNT
            .at(span, format!("`cgroup.{key}` is `{text}`"))
            .help("write a percentage up to 100 with at most two decimals, such as \"33.3%\"")),
    }
}

fn microseconds(key: &str, text: &str, span: Span) -> Result<u64, Diagnostic> {
    let finding = |words: &str, help: String| {
        INVALID_AMOUNT.at(span, format!("`cgroup.{key}` `{text}` {words}")).help(help)
    };
    let time = units::duration(text).map_err(|misread| finding(&misread.reason, misread.help))?;
    u64::try_from(time / 1000).map_err(|_| finding("is too long", "write less than a year".into()))
}

fn set(key: &str, text: &str, span: Span) -> Result<(String, Option<u64>), Diagnostic> {
    if text.is_empty() {
        return Err(INVALID_AMOUNT.at(span, format!("`cgroup.{key}` names none")));
    }
    let mut numbers = BTreeSet::new();
    for range in text.split(',') {
        numbers.extend(scheduling::range(&format!("cgroup.{key}"), range, span)?);
    }
    let text = ranges(numbers);
    if text.len() > SET_BYTES {
        return Err(INVALID_AMOUNT.at(span, format!("`cgroup.{key}` has too many ranges")));
    }
    Ok((text, None))
}

/// Numbers as the kernel lists them.
fn ranges(numbers: BTreeSet<u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let range = |&(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(",")
}

/// A size as the kernel names the file: 64KB, 2MB, 1GB.
fn check_page(size: &Spanned<String>) -> Result<(), Diagnostic> {
    let digits = ["KB", "MB", "GB"].iter().find_map(|unit| size.value.strip_suffix(unit));
    let is_number = |digits: &str| {
        (1..=4).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    };
    if digits.is_some_and(is_number) {
        return Ok(());
    }
    Err(INVALID_AMOUNT
        .at(size.span, format!("`{}` is no size of a huge page", size.value))
        .help("the kernel names them 64KB, 2MB, 1GB and so on"))
}

/// One line of a file that has several: a device or a resource, and what it gets.
fn line(key: &str, file: &str, name: &Spanned<String>, value: &Written) -> Result<Line, Diagnostic> {
    if key.starts_with("io_") {
        check_device(name, key)?;
    } else if name.value.is_empty() || !name.value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(INVALID_TEXT.at(name.span, format!("`cgroup.{key}` has a name that is none")));
    }
    let text = match (key, &value.value) {
        ("io_latency", Value::Text(text)) => format!("target={}", microseconds(key, text, value.span)?),
        (_, Value::Table(entries)) => {
            let pair = |(name, value): &(Spanned<String>, Written)| {
                let (text, _) = amount(&format!("{key}.{}", name.value), value)?;
                Ok(format!("{}={text}", name.value))
            };
            entries.iter().map(pair).collect::<Result<Vec<_>, Diagnostic>>()?.join(" ")
        }
        _ => amount(key, value)?.0,
    };
    if text.is_empty() {
        return Err(
            INVALID_AMOUNT.at(value.span, format!("`cgroup.{key}` says nothing about `{}`", name.value))
        );
    }
    Ok((file.to_owned(), format!("{} {text}", name.value), None))
}

/// `8:0`, a device as the kernel numbers it; weights have a default too.
fn check_device(name: &Spanned<String>, key: &str) -> Result<(), Diagnostic> {
    let is_number =
        |digits: &str| (1..=7).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let device =
        name.value.split_once(':').is_some_and(|(major, minor)| is_number(major) && is_number(minor));
    if device || (key == "io_weight" && name.value == "default") {
        return Ok(());
    }
    Err(INVALID_TEXT
        .at(name.span, format!("`{}` is no number of a block device", name.value))
        .help("write major and minor number as lsblk(8) shows them, such as \"8:0\""))
}

#[cfg(test)]
mod tests {
    use super::{FILES, ranges};
    use crate::spec::keys::{ROOT, Type};

    #[test]
    fn numbers_are_listed_as_by_the_kernel() {
        assert_eq!(ranges([3, 0, 1, 7, 8, 9, 5].into()), "0-1,3,5,7-9");
    }

    #[test]
    fn the_key_table_names_the_same_files() {
        let section = ROOT.iter().find(|key| key.name == "cgroup").map(|key| &key.ty);
        let Some(Type::Table(keys)) = section else { unreachable!("[cgroup] is a table") };
        let mut names: Vec<&str> = FILES.iter().map(|(key, ..)| *key).chain(["parent"]).collect();
        names.sort_unstable();
        let mut known: Vec<&str> = keys.iter().map(|key| key.name).collect();
        known.sort_unstable();
        assert_eq!(names, known);
    }
}
