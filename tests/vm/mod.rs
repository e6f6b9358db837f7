//! The demonstrations on other kernels: launchers sealed here, launched in virtual machines, compared here.
mod initramfs;
mod machine;
mod script;

use crate::harness::{
    Answers, DEMONSTRATIONS, Demonstration, Filter, Ground, Missing, Need, Seen, cannot, trial,
};
use libtest_mimic::Trial;
use script::{Console, USERS};
use std::sync::{Arc, LazyLock};

/// A trial for each launch on each kernel; a machine boots when the first of its launches is asked about.
pub fn trials(ground: &'static Ground, missing: &mut Missing) -> Vec<Trial> {
    let needs = [Need::Program("qemu-system-x86_64"), Need::Program("busybox"), Need::Program("timeout")];
    let mut lacking: Vec<String> = needs.iter().filter_map(|need| need.verdict().err()).collect();
    let kernels = machine::kernels();
    if kernels.is_empty() {
        lacking.push("kernels for virtual machines (tests/vm/fetch-kernels target/kernels)".to_owned());
    }
    if !lacking.is_empty() {
        return vec![trial("vm".to_owned(), &lacking, missing, || {})];
    }
    let mut trials = Vec::new();
    for (release, image) in kernels {
        let console = Arc::new(LazyLock::new(move || Console::of(ground, &image)));
        for (user, demonstration, filter) in runs() {
            let (console, release) = (console.clone(), release.clone());
            let name = format!("vm/{release}/{}", script::title(user, demonstration, filter));
            let run = move || verify(&console, &release, user, demonstration, filter);
            trials.push(trial(name, &[], missing, run));
        }
    }
    trials
}

/// Everything that is launched on each kernel.
fn runs() -> impl Iterator<Item = (u32, &'static Demonstration, Filter)> {
    USERS.into_iter().flat_map(|user| {
        DEMONSTRATIONS.iter().flat_map(move |demonstration| {
            [Filter::On, Filter::Off].into_iter().map(move |filter| (user, demonstration, filter))
        })
    })
}

fn verify(console: &Console, release: &str, launched_by: u32, demonstration: &Demonstration, filter: Filter) {
    assert_eq!(console.kernel(), release);
    let said =
        |when| console.section(&format!("{} {when}", script::title(launched_by, demonstration, filter)));
    let [before, inside, after] = ["before", "inside", "after"].map(said);
    let inside_answers = Answers::parse(&inside);
    let user = if launched_by == 0 { "root" } else { "65534" };
    if let Some(error) = cannot(demonstration.name, user, release) {
        assert_eq!(inside_answers.get("status"), "125", "it runs now: take it out of cannot.toml\n{inside}");
        return assert!(inside.contains(&error), "{inside}");
    }
    assert_eq!(inside_answers.get("status"), "0", "{inside}");
    let seen = Seen {
        site: script::site(),
        launched_by,
        filter,
        before: Answers::parse(&before),
        inside: inside_answers,
        after: Answers::parse(&after),
    };
    demonstration.verify(&seen);
}
