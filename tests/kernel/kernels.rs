//! The table of what needs which Linux, against the kernel that runs: older ones refuse with a clear error, others work.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Person, Spec, Stage};
use boxwright::policy::{FEATURES, Kernel};
use boxwright::source::Source;
use boxwright::{Options, understand, understand_with};

pub const TESTS: &[Test] = &[Test {
    name: "kernel/table-of-features",
    needs: &[Need::UserNamespaces, Need::Program("busybox")],
    run: table,
}];

/// For a key of the table a spec that asks for it, and for nothing else that is in the table.
fn asking(stage: &Stage, place: &str) -> Option<Spec> {
    let plain = Spec::new(PLAIN);
    let ids = |key| format!("{key} = [{{ container_id = 65534, host_id = 0, size = 1 }}]");
    match place {
        "process.memory_deny_write_execute" => Some(plain.with("process.memory_deny_write_execute = true")),
        // An idmap is refused to others than root on every kernel.
        "filesystem.root.overlay" => (stage.person == Person::Own).then(|| {
            stage.make_rootfs();
            plain.with(&format!(
                "process.user = {{ uid = 65534, gid = 65534 }}
                 filesystem.root = {{ path = '{}', overlay = 'memory', idmap = {{ {}, {} }} }}",
                stage.site.rootfs.display(),
                ids("uid_mappings"),
                ids("gid_mappings"),
            ))
        }),
        _ => panic!("no spec asks for {place} alone"),
    }
}

fn table(stage: &Stage) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel's release");
    let running = Kernel::of_release(&release).expect("a version of Linux");
    for feature in FEATURES {
        let Some(spec) = asking(stage, feature.place) else { continue };
        let spec = spec.asking(&stage.site, &["identity".to_owned()]);
        let source = Source::new("spec.sandbox.toml", spec.text());
        let policy = understand(&source).policy.expect("a spec without errors");
        assert_eq!(policy.kernel(), feature.since, "{}", feature.place);
        let rules = |kernel| {
            let options = Options { oldest_kernel: Some(kernel), ..Options::default() };
            understand_with(&source, &options).findings.into_iter().map(|found| found.rule)
        };
        assert!(rules(feature.since).all(|rule| rule != "needs-kernel"));
        assert!(rules(Kernel::OLDEST).any(|rule| rule == "needs-kernel"));
        let run = stage.launch(&spec);
        let since = format!("Linux {}", feature.since);
        if running < feature.since {
            assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{} works on {release}", feature.place);
            assert!(run.stderr.contains(&since), "{}", run.stderr);
        } else {
            assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{} on {release}", feature.place);
        }
    }
}
