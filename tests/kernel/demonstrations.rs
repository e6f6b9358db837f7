//! The demonstrations on the running kernel, with and without their filters.

use crate::Account;
use crate::harness::{DEMONSTRATIONS, Demonstration, Filter, Need, Seen, Spec, Stage, cannot};

/// Adds every demonstration for this person.
pub fn add(account: &mut Account) {
    for demonstration in DEMONSTRATIONS {
        let needs: &[Need] = match demonstration.spec {
            "no-privileges" => &[],
            "pod" => &[Need::UserNamespaces, Need::Root],
            "rootfs" => &[Need::UserNamespaces, Need::Program("busybox")],
            _ => &[Need::UserNamespaces],
        };
        for (filter, word) in [(Filter::On, ""), (Filter::Off, "/without-filter")] {
            let name = format!("demonstration/{}{word}", demonstration.name);
            account.add(&name, needs, move |stage| demonstrate(stage, demonstration, filter));
        }
    }
}

/// The one of this name, as [`add`] calls them.
pub fn run(name: &str, stage: &Stage) {
    let name = name.strip_prefix("demonstration/").unwrap_or(name);
    let (name, filter) = match name.strip_suffix("/without-filter") {
        Some(name) => (name, Filter::Off),
        None => (name, Filter::On),
    };
    let mut all = DEMONSTRATIONS.iter();
    let found = all.find(|demonstration| demonstration.name == name);
    demonstrate(stage, found.unwrap_or_else(|| unreachable!("no demonstration {name}")), filter);
}

fn demonstrate(stage: &Stage, demonstration: &Demonstration, filter: Filter) {
    prepare(stage, demonstration);
    let launcher = stage.build(&demonstration.spec(&stage.site, filter));
    let [before, _, after] = demonstration.asked(&stage.site);
    let launch = || stage.start(demonstration.conditions(), &launcher);
    let (before, run, after) = stage.outside_around(&before, launch, &after);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel's release");
    if let Some(error) = cannot(demonstration.name, stage.person.word(), &kernel) {
        assert_eq!(run.status, 125, "it runs now: take it out of cannot.toml\n{}", run.stdout);
        return assert!(run.stderr.contains(&error), "{}", run.stderr);
    }
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "stdout: {}", run.stdout);
    let inside = run.answers();
    let launched_by = stage.person.uid();
    let seen = Seen { site: stage.site.clone(), launched_by, filter, before, inside, after };
    if demonstration.name == "ids" {
        println!("launched by uid {launched_by}: uid {} inside", seen.inside.get("uid"));
    }
    demonstration.verify(&seen);
}

/// Makes what a demonstration finds on the host.
fn prepare(stage: &Stage, demonstration: &Demonstration) {
    match demonstration.spec {
        "rootfs" => stage.make_rootfs(),
        "nested" => _ = stage.build_text("inner", &Spec::inner(&stage.site).text()),
        _ => {}
    }
}
