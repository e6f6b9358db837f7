//! The table of what needs which Linux, against the kernel that runs: older ones refuse with a clear error, others work.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Person, Run, Spec, Stage, Tree};
use boxwright::policy::{FEATURES, Feature, Kernel, LANDLOCK_ABIS};
use boxwright::source::Source;
use boxwright::{Options, understand, understand_with};

pub const TESTS: &[Test] = &[Test {
    name: "kernel/table-of-features",
    needs: &[Need::UserNamespaces, Need::Program("busybox")],
    run: table,
}];

/// For a row of the table a spec that asks for it, and for nothing else of its kernel or a newer one.
fn asking(stage: &Stage, feature: &Feature) -> Spec {
    let ids = |key| format!("{key} = [{{ container_id = 65534, host_id = 0, size = 1 }}]");
    let narrowed = |given: &str, path: &str, left: &[&str]| {
        format!("{given}\nlandlock.path_beneath = [{{ path = '{path}', allowed_access = {left:?} }}]")
    };
    let tmpfs = |taken: &str| {
        let given =
            ["write_file", "read_file", "read_dir", "remove_dir", "remove_file", "make_dir", "make_reg"];
        let also = ["make_sock", "make_fifo", "make_sym", "refer", "truncate", "resolve_unix"];
        let left = given.into_iter().chain(also).filter(|right| *right != taken);
        narrowed("filesystem.mounts.'/tmp'.tmpfs = true", "/tmp", &left.collect::<Vec<_>>())
    };
    let text = match (feature.place, feature.form) {
        ("cgroup.cpu_idle", _) => "cgroup.cpu_idle = true".to_owned(),
        ("cgroup.cpuset_cpus_exclusive", _) => "cgroup.cpuset_cpus_exclusive = '0'".to_owned(),
        ("cgroup.cpuset_cpus_partition", _) => "cgroup.cpuset_cpus_partition = 'isolated'".to_owned(),
        ("cgroup.io_prio_class", _) => "cgroup.io_prio_class = 'promote-to-rt'".to_owned(),
        ("cgroup.memory_zswap_max", _) => "cgroup.memory_zswap_max = 0".to_owned(),
        ("cgroup.memory_zswap_writeback", _) => "cgroup.memory_zswap_writeback = false".to_owned(),
        ("cgroup.pressure", _) => "cgroup.pressure = false".to_owned(),
        ("filesystem.root.overlay", _) => {
            stage.make_rootfs();
            format!(
                "process.user = {{ uid = 65534, gid = 65534 }}
                 filesystem.root = {{ path = '{}', overlay = 'memory', idmap = {{ {}, {} }} }}",
                stage.site.rootfs.display(),
                ids("uid_mappings"),
                ids("gid_mappings"),
            )
        }
        ("landlock.log", _) => "landlock.log = ['new_exec_on']".to_owned(),
        ("landlock.path_beneath", "") => tmpfs("make_dir"),
        ("landlock.path_beneath", "without `truncate`") => tmpfs("truncate"),
        ("landlock.path_beneath", "without `ioctl_dev`") => {
            let left = ["write_file", "read_file", "truncate", "resolve_unix"];
            narrowed("filesystem.dev = 'minimal'", "/dev/zero", &left)
        }
        ("landlock.scoped", _) => "landlock.scoped = ['signal']".to_owned(),
        ("network.bind_tcp", _) => "network.bind_tcp = [80]".to_owned(),
        ("network.connect_tcp", _) => "network.connect_tcp = [80]".to_owned(),
        ("process.exec", _) => "process.exec = []".to_owned(),
        ("process.memory_deny_write_execute", _) => "process.memory_deny_write_execute = true".to_owned(),
        ("requires.landlock_abi", form) => {
            let abi = form.split(' ').nth(1).expect("`of` a number");
            format!("requires.landlock_abi = {abi}")
        }
        (place, form) => panic!("no spec asks for {place} {form} alone"),
    };
    Spec::new(PLAIN).with(&text).asking(&stage.site, &["identity".to_owned()])
}

/// Launches it, where that says something.
fn launch(stage: &Stage, feature: &Feature, spec: &Spec) -> Option<Run> {
    match feature.place {
        // Whether the parent has processors for a partition is another question.
        "cgroup.cpuset_cpus_partition" => None,
        // An idmap is refused to others than root on every kernel.
        "filesystem.root.overlay" if stage.person == Person::Nobody => None,
        place if place.starts_with("cgroup.") => {
            let tree = Tree::new(stage, &["cpu", "cpuset", "io", "memory"])?;
            tree.delegate("", stage.person.uid());
            let run = tree.launch(stage, "", stage.person.uid(), &stage.build(spec));
            // The kernel can be built without it.
            let configured = !run.stderr.contains("does not have the file") || running() < feature.since;
            configured.then_some(run)
        }
        _ => Some(stage.launch(spec)),
    }
}

/// The kernel that runs.
pub fn running() -> Kernel {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel's release");
    Kernel::of_release(&release).expect("a version of Linux")
}

/// The ABI of Landlock that it has.
pub fn landlock_abi() -> i32 {
    let known = LANDLOCK_ABIS.iter().filter(|kernel| **kernel <= running()).count();
    i32::try_from(known).expect("a small number")
}

fn table(stage: &Stage) {
    let running = running();
    for feature in FEATURES {
        let (spec, words) = (asking(stage, feature), feature.words());
        let source = Source::new("spec.sandbox.toml", spec.text());
        let understood = understand(&source);
        let policy = understood.policy.unwrap_or_else(|| panic!("{words}: {:#?}", understood.findings));
        assert_eq!(policy.kernel(), feature.since, "{words}");
        let rules = |kernel| {
            let options = Options { oldest_kernel: Some(kernel), ..Options::default() };
            understand_with(&source, &options).findings.into_iter().map(|found| found.rule)
        };
        assert!(rules(feature.since).all(|rule| rule != "needs-kernel"), "{words}");
        assert!(rules(Kernel::OLDEST).any(|rule| rule == "needs-kernel"), "{words}");
        let Some(run) = launch(stage, feature, &spec) else { continue };
        if running < feature.since {
            assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{words} works on {running}");
            assert!(run.stderr.contains(&format!("Linux {}", feature.since)), "{words}: {}", run.stderr);
        } else {
            assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{words} on {running}");
        }
    }
}
