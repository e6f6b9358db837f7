//! Every trial on other kernels: this program itself runs in virtual machines, and here is what became of each.
mod compiler;
mod guest;
mod initramfs;
mod machine;

use crate::harness::{Ground, Missing, Need, trial};
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// What cannot run in a machine, and why.
const CANNOT: &str = include_str!("cannot.toml");

/// What says nothing of a kernel: what is compiled only, and kernels that are played.
const ELSEWHERE: [&str; 3] = ["build/", "lacking-", "readme/matcher"];

/// What is about parts of the kernel that machines differ in.
const EVERYWHERE: [&str; 3] = ["cgroups/", "kernel/", "landlock/"];

/// What shows most of a launch at once.
const WHOLE: &str = "demonstration/";

/// Under this variable with the value `complete` every trial runs on every kernel, which takes half an hour. Otherwise it is
/// those above, and of what two people have one runs it, in turns from trial to trial and from kernel to kernel, and the
/// demonstrations run on every second one.
const EXTENT: &str = "BOXWRIGHT_VM";

/// Whether a trial is for the nth kernel.
fn is_for(name: &str, names: &[String], nth: usize) -> bool {
    let complete = std::env::var_os(EXTENT).is_some_and(|extent| extent == "complete");
    let (test, person) = name.rsplit_once('/').unwrap_or((name, ""));
    let both = [format!("{test}/root"), format!("{test}/65534")];
    let places = both.map(|name| names.iter().position(|known| *known == name));
    let own_turn = match places {
        [Some(at), Some(_)] => person == ["root", "65534"][(at + nth) % 2],
        _ => true,
    };
    let at = places.into_iter().flatten().min().unwrap_or_default();
    let here = EVERYWHERE.iter().any(|start| name.starts_with(start))
        || name.starts_with(WHOLE) && (at / 2 + nth).is_multiple_of(2);
    !ELSEWHERE.iter().any(|start| name.starts_with(start)) && (complete || own_turn && here)
}

/// A trial for each of these on each kernel; a machine boots when the first of its trials is asked about.
pub fn trials(
    ground: &'static Ground,
    names: &[String],
    arguments: &Arguments,
    missing: &mut Missing,
) -> Vec<Trial> {
    let programs = ["qemu-system-x86_64", "busybox", "timeout", "ldd", "strip"].map(Need::Program);
    let needs = programs.into_iter().chain([Need::Root]);
    let mut lacking: Vec<String> = needs.filter_map(|need| need.verdict().err()).collect();
    let kernels = machine::kernels();
    if kernels.is_empty() {
        lacking.push("kernels for virtual machines (tests/vm/fetch-kernels target/kernels)".to_owned());
    }
    if !lacking.is_empty() {
        return vec![trial("vm".to_owned(), &lacking, missing, || {})];
    }
    let mut columns = Vec::new();
    for (nth, kernel) in kernels.into_iter().enumerate() {
        let release = kernel.release.clone();
        let names: Vec<String> = names.iter().filter(|name| is_for(name, names, nth)).cloned().collect();
        let title = |name: &String| format!("vm/{release}/{name}");
        let asked = |name: &&String| !arguments.is_filtered_out(&Trial::test(title(name), || Ok(())));
        let asked: Vec<String> = names.iter().filter(asked).cloned().collect();
        let report =
            Arc::new(LazyLock::new(move || Report::of(&asked, |left| machine::run(ground, &kernel, left))));
        columns.push(
            names
                .iter()
                .map(|name| {
                    let (report, release, name) = (report.clone(), release.clone(), name.clone());
                    trial(title(&name), &[], missing, move || report.verify(&release, &name))
                })
                .collect::<Vec<_>>(),
        );
    }
    // Kernel by kernel within each name, so that the machines run at the same time.
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    let mut trials = Vec::new();
    for _ in names {
        trials.extend(columns.iter_mut().filter_map(Iterator::next));
    }
    trials
}

/// An emulator of several processors misses one of the kernel's changes to its own code in a few hours: the kernel meets its
/// breakpoint and panics. So often a machine is started for what it has not told.
const BOOTS: usize = 3;

/// What a machine said of each trial: nothing when it passed.
#[derive(Default)]
struct Report {
    outcomes: BTreeMap<String, Result<(), String>>,
    console: String,
}

impl Report {
    fn of(asked: &[String], run: impl Fn(&[String]) -> String) -> Self {
        let mut report = Self::default();
        for _ in 0..BOOTS {
            let untold = asked.iter().filter(|name| !report.outcomes.contains_key(*name));
            let console = run(&untold.cloned().collect::<Vec<_>>());
            report.add(console);
            if !report.console.contains("Kernel panic") {
                break;
            }
            println!("the kernel of a virtual machine has panicked:\n{}", report.end(40));
        }
        report
    }

    fn add(&mut self, console: String) {
        let outcomes = console.lines().filter_map(|line| {
            let event: Value = serde_json::from_str(line).ok()?;
            let outcome = match event["event"].as_str()? {
                "ok" => Ok(()),
                "failed" => Err(event["stdout"].as_str().unwrap_or_default().to_owned()),
                _ => return None,
            };
            Some((event["name"].as_str()?.to_owned(), outcome))
        });
        self.outcomes.extend(outcomes);
        self.console = console;
    }

    fn end(&self, count: usize) -> String {
        let lines: Vec<&str> = self.console.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    fn verify(&self, release: &str, name: &str) {
        let left = self.console.lines().find(|line| line.starts_with(crate::LEFT));
        assert_eq!(left, None, "at the end on {release}");
        match (self.outcomes.get(name), cannot(name, release)) {
            (Some(Ok(())), None) | (Some(Err(_)), Some(_)) => {}
            (Some(Ok(())), Some(_)) => panic!("it passes now: take it out of tests/vm/cannot.toml"),
            (Some(Err(said)), None) => panic!("on {release}: {said}"),
            (None, _) => {
                panic!("it is not on the console in target/tmp, which ends:\n{}", self.end(3));
            }
        }
    }
}

/// Why this trial cannot run on this kernel, if it cannot.
fn cannot(name: &str, release: &str) -> Option<String> {
    let list: toml::Table = CANNOT.parse().expect("the list is TOML");
    let trials = list["trial"].as_array().expect("trials");
    let found = trials.iter().find(|listed| {
        let kernel = listed.get("kernel").and_then(toml::Value::as_str).unwrap_or_default();
        release.starts_with(kernel) && name.starts_with(listed["name"].as_str().expect("a name"))
    });
    found.map(|listed| listed["reason"].as_str().expect("a reason").to_owned())
}
