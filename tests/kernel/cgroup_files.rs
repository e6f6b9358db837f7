//! The files of control groups: each key in its own, as the kernel says it back, and what limits of devices do.
//!
//! A kernel may be compiled without some of them. In a virtual machine the list of what cannot run there says so; elsewhere
//! a launch has to.

use crate::Test;
use crate::cgroups::{NEEDS, build, expect_ended_well, spec, tree};
use crate::harness::{Answers, Stage, Tree, guest};
use crate::kernels::running;
use boxwright::policy::Kernel;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

pub const TESTS: &[Test] = &[
    Test { name: "cgroups/every-file", needs: NEEDS, run: |stage| files(stage, FILES) },
    Test { name: "cgroups/clamped-use-of-processors", needs: NEEDS, run: |stage| files(stage, CLAMPED) },
    Test { name: "cgroups/compressed-swap", needs: NEEDS, run: |stage| files(stage, COMPRESSED) },
    Test { name: "cgroups/io-priority", needs: NEEDS, run: |stage| files(stage, PRIORITY) },
    Test { name: "cgroups/io-latency", needs: NEEDS, run: io_latency },
    Test { name: "cgroups/io-weight", needs: NEEDS, run: io_weight },
    Test { name: "cgroups/io-max", needs: NEEDS, run: io_max },
    Test { name: "cgroups/pressure", needs: NEEDS, run: pressure },
    Test { name: "cgroups/what-the-machine-lacks", needs: NEEDS, run: lacking },
];

/// A key with a value, the file and what the kernel says in it then.
type Content = (&'static str, &'static str, &'static str);

const FILES: &[Content] = &[
    ("max_depth = 4", "cgroup.max.depth", "4"),
    ("max_descendants = 5", "cgroup.max.descendants", "5"),
    ("max_descendants = 'max'", "cgroup.max.descendants", "max"),
    ("pressure = false", "cgroup.pressure", "0"),
    ("cpu_idle = true", "cpu.idle", "1"),
    ("cpu_weight = 77", "cpu.weight", "77"),
    ("cpu_weight_nice = -5", "cpu.weight.nice", "-5"),
    ("cpu_max = 1.25", "cpu.max", "125000 100000"),
    ("cpu_max = '150%'", "cpu.max", "150000 100000"),
    ("cpu_max = { quota = '20ms', period = '50ms' }", "cpu.max", "20000 50000"),
    ("cpu_max = 'max'", "cpu.max", "max 100000"),
    ("cpu_max = 1\ncpu_max_burst = '50ms'", "cpu.max.burst", "50000"),
    ("cpuset_cpus = '1,0,1'", "cpuset.cpus", "0-1"),
    ("cpuset_cpus = '0'", "cpuset.cpus.effective", "0"),
    ("cpuset_mems = '0'", "cpuset.mems.effective", "0"),
    ("cpuset_mems = '0'", "cpuset.mems", "0"),
    ("cpuset_cpus_exclusive = '0'", "cpuset.cpus.exclusive", "0"),
    ("cpuset_cpus_partition = 'member'", "cpuset.cpus.partition", "member"),
    ("hugetlb = { 2MB = '6MiB' }", "hugetlb.2MB.max", "6291456"),
    ("hugetlb_rsvd = { 2MB = '6MiB' }", "hugetlb.2MB.rsvd.max", "6291456"),
    ("io_weight = 55", "io.weight", "default 55"),
    ("memory_min = '1MiB'", "memory.min", "1048576"),
    ("memory_low = 2097152", "memory.low", "2097152"),
    ("memory_high = '64MiB'", "memory.high", "67108864"),
    ("memory_max = '65MiB'", "memory.max", "68157440"),
    ("memory_swap_high = '1MiB'", "memory.swap.high", "1048576"),
    ("memory_swap_max = 0", "memory.swap.max", "0"),
    ("memory_oom_group = true", "memory.oom.group", "1"),
    ("pids_max = 'max'", "pids.max", "max"),
    ("pids_max = 33", "pids.max", "33"),
];

const CLAMPED: &[Content] = &[
    ("cpu_uclamp_min = '12.5%'", "cpu.uclamp.min", "12.50"),
    ("cpu_uclamp_max = '80%'", "cpu.uclamp.max", "80.00"),
];

const COMPRESSED: &[Content] = &[
    ("memory_zswap_max = '1MiB'", "memory.zswap.max", "1048576"),
    ("memory_zswap_writeback = false", "memory.zswap.writeback", "0"),
];

const PRIORITY: &[Content] = &[("io_prio_class = 'idle'", "io.prio.class", "idle")];

fn files(stage: &Stage, contents: &[Content]) {
    let controllers = ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"];
    let Some(tree) = tree(stage, &controllers) else { return };
    for (text, file, content) in contents {
        if let Some(answers) = launch(stage, &tree, text, &[&format!("read=/cg/{file}")]) {
            assert_eq!(answers.get(&format!("content./cg/{file}")), format!("{content}\\n"), "{text}");
        }
    }
}

/// What the probe says in a sandbox with this key; nothing where the kernel does not have the file.
#[track_caller]
fn launch(stage: &Stage, tree: &Tree, text: &str, questions: &[&str]) -> Option<Answers> {
    let run = tree.launch(stage, "", 0, &build(stage, spec(&format!("[cgroup]\n{text}")), questions));
    assert_eq!(tree.census(), [""; 0], "{text}");
    if run.status == 125 {
        assert!(run.stderr.contains("does not have the file"), "{text}: {}", run.stderr);
        let since = run.stderr.split("needs Linux ").nth(1).and_then(Kernel::of_release);
        let newer = since.is_some_and(|since| since > running());
        assert!(newer || guest::probe().is_none(), "{text}: {}", run.stderr);
        return None;
    }
    expect_ended_well(&run);
    Some(run.answers())
}

/// The number of the block device that the test's directory is on; none where its file system has none of its own.
fn disk(stage: &Stage) -> Option<String> {
    let device = fs::metadata(stage.directory()).expect("a directory").dev();
    let name = |device| format!("{}:{}", nix::sys::stat::major(device), nix::sys::stat::minor(device));
    let system = fs::canonicalize(format!("/sys/dev/block/{}", name(device))).ok()?;
    // Limits are for whole disks.
    let whole = if system.join("partition").exists() { system.parent()? } else { &system };
    Some(fs::read_to_string(whole.join("dev")).ok()?.trim().to_owned())
}

/// Of each of the four limits: what it is for is slow, and what it is not for is not.
fn io_max(stage: &Stage) {
    let Some(tree) = tree(stage, &["io"]) else { return };
    let Some(disk) = disk(stage) else { return };
    let all = format!("io_max.'{disk}' = {{ rbps = '1MiB', wbps = '2MiB', riops = 300, wiops = 400 }}");
    if let Some(answers) = launch(stage, &tree, &all, &["read=/cg/io.max"]) {
        let said = format!("{disk} rbps=1048576 wbps=2097152 riops=300 wiops=400\\n");
        assert_eq!(answers.get("content./cg/io.max"), said);
    }
    const BLOCKS: u64 = 30;
    let directory = stage.directory().join("data");
    fs::create_dir(&directory).expect("a directory");
    let path = directory.join("file");
    fs::write(&path, vec![0; 4096 * 30]).expect("a file");
    File::open(&path).expect("a file").sync_all().expect("on the disk");
    fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("chmod");
    let data = format!("filesystem.mounts.'/data' = {{ bind = '{}', writable = true }}", directory.display());
    // Ten blocks each second.
    for (limit, slow, fast) in [
        ("rbps = 40960", "read", "write"),
        ("wbps = 40960", "write", "read"),
        ("riops = 10", "read", "write"),
        ("wiops = 10", "write", "read"),
    ] {
        let spec = spec(&data).with(&format!("cgroup.io_max.'{disk}'.{limit}"));
        let questions = ["write", "read"].map(|mode| format!("direct=/data/file,{mode},{BLOCKS}"));
        let questions = [questions[0].as_str(), &questions[1], "read=/cg/io.stat"];
        let run = tree.launch(stage, "", 0, &build(stage, spec, &questions));
        expect_ended_well(&run);
        let answers = run.answers();
        let [slow, fast] = [slow, fast].map(|mode| {
            assert_eq!(answers.get(&format!("direct.{mode}")), "ok", "{limit}");
            answers.number(&format!("direct.{mode}.milliseconds"))
        });
        assert!(slow > 1500 && fast < slow / 2, "{limit}: {slow} ms, beside {fast} ms");
        let counted = answers.get("content./cg/io.stat").replace("\\n", "\n");
        let counted = counted.lines().find_map(|line| line.strip_prefix(&format!("{disk} ")));
        let counted = counted.unwrap_or_else(|| panic!("{limit}: nothing of {disk}"));
        for (name, least) in
            [("rbytes", BLOCKS * 4096), ("wbytes", BLOCKS * 4096), ("rios", BLOCKS), ("wios", BLOCKS)]
        {
            let word = counted.split(' ').find_map(|word| word.strip_prefix(&format!("{name}=")));
            let number: u64 = word.expect("a count").parse().expect("a number");
            assert!(number >= least, "{limit}: {counted}");
        }
    }
}

fn io_latency(stage: &Stage) {
    let Some(tree) = tree(stage, &["io"]) else { return };
    let Some(disk) = disk(stage) else { return };
    let text = format!("io_latency.'{disk}' = '20ms'");
    if let Some(answers) = launch(stage, &tree, &text, &["read=/cg/io.latency"]) {
        assert_eq!(answers.get("content./cg/io.latency"), format!("{disk} target=20000\\n"));
    }
}

/// A disk has weights where a controller of their kind is active, which the machine's own owner decides.
fn io_weight(stage: &Stage) {
    let Some(tree) = tree(stage, &["io"]) else { return };
    let Some(disk) = disk(stage).filter(|_| guest::probe().is_some()) else { return };
    let text = format!("io_weight = {{ default = 66, '{disk}' = 55 }}");
    let launcher = build(stage, spec(&format!("cgroup.{text}")), &["note=ran"]);
    let run = tree.launch(stage, "", 0, &launcher);
    assert_eq!((run.status, run.stdout.as_str(), tree.census()), (125, "", vec![]), "{}", run.stderr);
    for words in [&format!("write {disk} 55 to io.weight"), "Operation not supported", "io.cost.qos"] {
        assert!(run.stderr.contains(words), "no `{words}` in {}", run.stderr);
    }
    let activate = |active| {
        let text = format!("{disk} enable={}", u8::from(active));
        fs::write("/sys/fs/cgroup/io.cost.qos", text).expect("io.cost.qos");
    };
    activate(true);
    let answers = launch(stage, &tree, &text, &["read=/cg/io.weight"]).expect("the file");
    assert_eq!(answers.get("content./cg/io.weight"), format!("default 66\\n{disk} 55\\n"));
    activate(false);
}

fn pressure(stage: &Stage) {
    let Some(tree) = tree(stage, &["memory"]) else { return };
    for (told, start) in [(true, "some avg10="), (false, "<No such file")] {
        let text = format!("pressure = {told}\nmemory_max = '64MiB'");
        if let Some(answers) = launch(stage, &tree, &text, &["read=/cg/memory.pressure"]) {
            let content = answers.get("content./cg/memory.pressure");
            assert!(content.starts_with(start), "{text}: {content}");
        }
    }
}

/// Devices and resources that are not there: the error names key, file, line and remedy.
fn lacking(stage: &Stage) {
    let Some(tree) = tree(stage, &["io", "misc", "rdma"]) else { return };
    for (line, [file, said, remedy]) in [
        ("io_max.'4095:1' = { rbps = 1 }", ["io.max", "write 4095:1 rbps=1", "no block device"]),
        ("io_weight.'4095:1' = 7", ["io.weight", "write 4095:1 7", "see lsblk"]),
        (
            "rdma_max.mlx4_0.hca_handle = 2",
            ["rdma.max", "write mlx4_0 hca_handle=2", "/sys/class/infiniband"],
        ),
        ("misc_max.no_such = 3", ["misc.max", "write no_such 3", "misc.capacity"]),
        ("misc_max.sev = 3", ["misc.max", "write sev 3", "misc.capacity"]),
    ] {
        let text = format!("[cgroup]\n{line}");
        let launcher = build(stage, spec(&text), &["note=ran"]);
        let run = tree.launch(stage, "", 0, &launcher);
        assert_eq!(
            (run.status, run.stdout.as_str(), tree.census()),
            (125, "", vec![]),
            "{line}: {}",
            run.stderr
        );
        let written = fs::read_to_string(stage.directory().join("spec.sandbox.toml")).expect("the spec");
        let key = line.split(['.', ' ']).next().expect("a key");
        let place = 1 + written.lines().position(|line| line.contains(key)).expect("the key's line");
        for word in [&format!("plain: spec.sandbox.toml:{place}:"), file, said, remedy] {
            assert!(run.stderr.contains(word), "{line}: no `{word}` in {}", run.stderr);
        }
    }
}
