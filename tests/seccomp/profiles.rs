//! Public seccomp profiles as filters: OCI's JSON shape, Firecracker's, and libseccomp's recorded test policies.

use boxwright::seccomp::Architecture;
use boxwright::seccomp::rule::{Condition, Filter, Operator, Rule, Table, Width};
use boxwright::seccomp::verdict::Verdict;
use boxwright::seccomp::word::Argument;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of public test data, which need not be there.
pub fn corpora() -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpora"));
    path.is_dir().then(|| path.to_path_buf())
}

pub fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// How a profile names an architecture, and its system calls' numbers.
struct Abi {
    oci: &'static str,
    number: fn(&str) -> Option<u32>,
}

const X86_64: Abi = Abi { oci: "amd64", number: |name| Architecture::X86_64.syscall_number(name) };
const I386: Abi = Abi { oci: "x86", number: |name| Architecture::I386.syscall_number(name) };
const X32: Abi = Abi { oci: "x32", number: x32_number };

const X32_BIT: u32 = 0x4000_0000;

/// x32 has a few numbers of its own and lacks a few calls (arch/x86/entry/syscalls/syscall_64.tbl).
fn x32_number(name: &str) -> Option<u32> {
    const OWN: [&str; 36] = [
        "rt_sigaction",
        "rt_sigreturn",
        "ioctl",
        "readv",
        "writev",
        "recvfrom",
        "sendmsg",
        "recvmsg",
        "execve",
        "ptrace",
        "rt_sigpending",
        "rt_sigtimedwait",
        "rt_sigqueueinfo",
        "sigaltstack",
        "timer_create",
        "mq_notify",
        "kexec_load",
        "waitid",
        "set_robust_list",
        "get_robust_list",
        "vmsplice",
        "move_pages",
        "preadv",
        "pwritev",
        "rt_tgsigqueueinfo",
        "recvmmsg",
        "sendmmsg",
        "process_vm_readv",
        "process_vm_writev",
        "setsockopt",
        "getsockopt",
        "io_setup",
        "io_submit",
        "execveat",
        "preadv2",
        "pwritev2",
    ];
    const ABSENT: [&str; 11] = [
        "uselib",
        "_sysctl",
        "create_module",
        "get_kernel_syms",
        "query_module",
        "nfsservctl",
        "set_thread_area",
        "get_thread_area",
        "epoll_ctl_old",
        "epoll_wait_old",
        "vserver",
    ];
    if ABSENT.contains(&name) {
        return None;
    }
    let own = OWN.iter().position(|own| *own == name).map(|index| 512 + u32::try_from(index).unwrap());
    own.or_else(|| Architecture::X86_64.syscall_number(name)).map(|number| number | X32_BIT)
}

/// The capabilities of a container by default, as far as profiles ask for them.
const CAPABILITIES: [&str; 2] = ["CAP_SYS_CHROOT", "CAP_AUDIT_WRITE"];

/// An OCI profile for x86_64 alone: x32 is killed.
pub fn oci(profile: &Value) -> Filter {
    let table = oci_table(profile, &[X86_64], BTreeMap::from([(X32_BIT, Verdict::KILL_PROCESS)]));
    let tables = BTreeMap::from([(Architecture::X86_64.audit(), table)]);
    Filter { tables, foreign: Verdict::KILL_PROCESS }
}

/// An OCI profile for x86_64, x32 and i386, as runc installs it: numbers past the profile's last answer ENOSYS.
pub fn oci_three_architectures(profile: &Value) -> Filter {
    let long = oci_table(profile, &[X86_64, X32], BTreeMap::from([(X32_BIT, oci_default(profile))]));
    let short = oci_table(profile, &[I386], BTreeMap::new());
    let tables =
        [(Architecture::X86_64, long), (Architecture::I386, short)].map(|(architecture, mut table)| {
            let newest = |below: u32| {
                let numbers = table.rules.iter().map(|rule| rule.number);
                numbers.filter(|&number| number < below).max().unwrap()
            };
            let ends = if architecture == Architecture::X86_64 {
                vec![newest(X32_BIT), newest(u32::MAX)]
            } else {
                vec![newest(u32::MAX)]
            };
            table.fallbacks.extend(ends.into_iter().map(|end| (end + 1, Verdict::ENOSYS)));
            (architecture.audit(), table)
        });
    Filter { tables: tables.into(), foreign: Verdict::KILL_PROCESS }
}

fn oci_default(profile: &Value) -> Verdict {
    oci_verdict(profile["defaultAction"].as_str().unwrap(), profile["defaultErrnoRet"].as_u64())
}

fn oci_verdict(action: &str, errno: Option<u64>) -> Verdict {
    match action {
        "SCMP_ACT_ALLOW" => Verdict::ALLOW,
        "SCMP_ACT_ERRNO" => Verdict::errno(errno.unwrap_or(1).try_into().unwrap()),
        other => panic!("{other}"),
    }
}

fn oci_table(profile: &Value, abis: &[Abi], mut fallbacks: BTreeMap<u32, Verdict>) -> Table {
    fallbacks.insert(0, oci_default(profile));
    let mut rules = vec![];
    for (origin, entry) in profile["syscalls"].as_array().unwrap().iter().enumerate() {
        let verdict = oci_verdict(entry["action"].as_str().unwrap(), entry["errnoRet"].as_u64());
        if verdict == oci_default(profile) {
            continue;
        }
        let one = entry["name"].as_str();
        let names = entry["names"].as_array().into_iter().flatten().filter_map(Value::as_str).chain(one);
        for name in names {
            for abi in abis.iter().filter(|abi| oci_applies(entry, abi)) {
                let Some(number) = (abi.number)(name) else { continue };
                // runc's own order of precedence is the kernel's.
                let layer = u8::from(verdict == Verdict::ALLOW);
                for conditions in oci_conditions(entry) {
                    rules.push(Rule { number, conditions, verdict, layer, origin });
                }
            }
        }
    }
    Table { fallbacks, rules }
}

fn oci_applies(entry: &Value, abi: &Abi) -> bool {
    let has = |side: &str, key: &str, wanted: &[&str]| {
        let list = entry[side][key].as_array()?;
        Some(list.iter().any(|value| value.as_str().is_some_and(|value| wanted.contains(&value))))
    };
    has("includes", "arches", &[abi.oci]).unwrap_or(true)
        && has("includes", "caps", &CAPABILITIES).unwrap_or(true)
        && !has("excludes", "arches", &[abi.oci]).unwrap_or(false)
        && !has("excludes", "caps", &CAPABILITIES).unwrap_or(false)
}

/// Conditions on one argument are alternatives when there are several (runc's libcontainer does it so).
fn oci_conditions(entry: &Value) -> Vec<Vec<Condition>> {
    let conditions: Vec<_> = entry["args"].as_array().into_iter().flatten().map(oci_condition).collect();
    let twice = conditions.iter().enumerate().any(|(index, condition)| {
        conditions[..index].iter().any(|other| other.argument == condition.argument)
    });
    if twice { conditions.into_iter().map(|condition| vec![condition]).collect() } else { vec![conditions] }
}

fn oci_condition(condition: &Value) -> Condition {
    let number = |key: &str| condition[key].as_u64().unwrap_or_default();
    let value = number("value");
    let operator = match condition["op"].as_str().unwrap() {
        "SCMP_CMP_EQ" => Operator::Equal(value),
        "SCMP_CMP_NE" => Operator::NotEqual(value),
        "SCMP_CMP_LT" => Operator::Less(value),
        "SCMP_CMP_LE" => Operator::LessOrEqual(value),
        "SCMP_CMP_GT" => Operator::Greater(value),
        "SCMP_CMP_GE" => Operator::GreaterOrEqual(value),
        "SCMP_CMP_MASKED_EQ" => Operator::MaskedEqual { mask: value, value: number("valueTwo") },
        other => panic!("{other}"),
    };
    Condition { argument: argument(number("index")), width: Width::Bits64, operator }
}

pub fn argument(index: u64) -> Argument {
    Argument::new(index.try_into().unwrap()).unwrap()
}

/// One thread's filter of Firecracker's, with x32 killed.
pub fn firecracker(thread: &Value) -> Filter {
    let verdict = |key: &str| match thread[key].as_str().unwrap() {
        "trap" => Verdict::TRAP,
        "allow" => Verdict::ALLOW,
        other => panic!("{other}"),
    };
    let rules = thread["filter"].as_array().unwrap().iter().enumerate().map(|(origin, entry)| Rule {
        number: Architecture::X86_64.syscall_number(entry["syscall"].as_str().unwrap()).unwrap(),
        conditions: entry["args"].as_array().into_iter().flatten().map(firecracker_condition).collect(),
        verdict: verdict("filter_action"),
        layer: 0,
        origin,
    });
    let fallbacks = BTreeMap::from([(0, verdict("default_action")), (X32_BIT, Verdict::KILL_PROCESS)]);
    let table = Table { fallbacks, rules: rules.collect() };
    Filter { tables: BTreeMap::from([(Architecture::X86_64.audit(), table)]), foreign: Verdict::KILL_PROCESS }
}

fn firecracker_condition(condition: &Value) -> Condition {
    let value = condition["val"].as_u64().unwrap();
    let operator = match &condition["op"] {
        Value::String(op) if op == "eq" => Operator::Equal(value),
        Value::Object(op) => Operator::MaskedEqual { mask: op["masked_eq"].as_u64().unwrap(), value },
        other => panic!("{other}"),
    };
    let width = if condition["type"] == "dword" { Width::Bits32 } else { Width::Bits64 };
    Condition { argument: argument(condition["index"].as_u64().unwrap()), width, operator }
}

/// One of libseccomp's recorded policies.
pub fn libseccomp(policy: &Value) -> Filter {
    let verdict = |value: &Value| Verdict(value.as_u64().unwrap().try_into().unwrap());
    let table = |entry: &Value| {
        let mut fallbacks = BTreeMap::from([(0, verdict(&entry["default"]))]);
        if !entry["x32"].is_null() {
            fallbacks.insert(X32_BIT, verdict(&entry["x32"]));
        }
        let rules = entry["rules"].as_array().unwrap().iter().enumerate().map(|(origin, rule)| Rule {
            number: rule["nr"].as_u64().unwrap().try_into().unwrap(),
            conditions: rule["conds"].as_array().unwrap().iter().map(libseccomp_condition).collect(),
            verdict: verdict(&rule["action"]),
            layer: 0,
            origin,
        });
        Table { fallbacks, rules: rules.collect() }
    };
    let entries = policy["arches"].as_array().unwrap().iter();
    Filter {
        tables: entries
            .map(|entry| (entry["arch"].as_u64().unwrap().try_into().unwrap(), table(entry)))
            .collect(),
        foreign: verdict(&policy["bad"]),
    }
}

fn libseccomp_condition(condition: &Value) -> Condition {
    let number = |key: &str| condition[key].as_u64().unwrap();
    let value = number("v");
    let operator = match condition["op"].as_str().unwrap() {
        "eq" => Operator::Equal(value),
        "ne" => Operator::NotEqual(value),
        "lt" => Operator::Less(value),
        "le" => Operator::LessOrEqual(value),
        "gt" => Operator::Greater(value),
        "ge" => Operator::GreaterOrEqual(value),
        // libseccomp masks the value, too.
        "meq" => Operator::MaskedEqual { mask: number("m"), value: value & number("m") },
        other => panic!("{other}"),
    };
    let width = if number("w") == 32 { Width::Bits32 } else { Width::Bits64 };
    Condition { argument: argument(number("a")), width, operator }
}
