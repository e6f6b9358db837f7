//! What doctor says is what happens: the machine's features, every line of a spec that is refused, and machines that refuse.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Run, Spec, Stage};
use serde_json::Value;
use std::fs;

pub const TESTS: &[Test] = &[
    Test { name: "doctor/features", needs: &[Need::UserNamespaces], run: features },
    Test { name: "doctor/machine-that-refuses", needs: &[Need::UserNamespaces], run: refusing },
    Test { name: "doctor/lines-of-a-spec", needs: &[Need::UserNamespaces], run: lines },
    Test { name: "doctor/nothing-runs", needs: &[Need::UserNamespaces], run: nothing_runs },
];

fn works(run: &Run, name: &str) -> (bool, String) {
    assert_eq!(run.status, 0, "{}", run.stderr);
    let table: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let features = table["features"].as_array().expect("features");
    let feature = features.iter().find(|feature| feature["name"] == name);
    let feature = feature.unwrap_or_else(|| panic!("no {name} in {table}"));
    (feature["works"].as_bool().expect("a verdict"), feature["why"].as_str().expect("words").to_owned())
}

fn features(stage: &Stage) {
    let run = stage.run(&stage.ground.compiler, &["doctor", "--format", "json"]);
    for name in ["kernel", "seccomp filter", "Landlock", "user namespace", "a root of its own", "a new /proc"]
    {
        assert!(works(&run, name).0, "{name}");
    }
    let people = stage.run(&stage.ground.compiler, &["doctor"]);
    assert_eq!(people.status, 0);
    assert!(people.stdout.contains("yes user namespace\n"), "{}", people.stdout);
    // The control: it is refused to who has no real-time limit, and doctor says so.
    let compiler = stage.ground.compiler.to_str().expect("a plain path");
    let arguments = ["--start", "limit=14:0:0", "--", compiler, "doctor", "--format", "json"];
    let (works, why) = works(&stage.run(&stage.ground.probe, &arguments), "real-time");
    assert_eq!(works, stage.person.uid() == 0);
    assert!(works || why.contains("Operation not permitted; ") && why.contains("RLIMIT_RTPRIO"), "{why}");
}

/// Mounts are refused as AppArmor does it on Ubuntu; another kernel has no Landlock.
fn refusing(stage: &Stage) {
    let compiler = stage.ground.compiler.to_str().expect("a plain path");
    let mounts = "442:1,428:1,430:1,432:1,429:1";
    let arguments = ["--refuse", mounts, "--", compiler, "doctor", "--format", "json"];
    let run = stage.run(&stage.ground.probe, &arguments);
    assert!(works(&run, "user namespace").0);
    let (root, why) = works(&run, "a root of its own");
    assert!(!root && why.contains("templates/apparmor.profile"), "{why}");
    assert!(works(&run, "Landlock").0, "{}", run.stdout);
    // landlock_create_ruleset(2)
    let lacking = ["--lack", "444", "--", compiler, "doctor", "--format", "json"];
    let (landlock, why) = works(&stage.run(&stage.ground.probe, &lacking), "Landlock");
    assert!(!landlock && why.contains("Landlock"), "{why}");
}

const BROKEN: &str = "
    [process]
    cpu_affinity = [0, 2047]
    [filesystem]
    base = 'usr'
    read_only = ['/not/there', '/not/there/either']
    [rlimits]
    core = 0";

fn lines(stage: &Stage) {
    let write = |name: &str, spec: Spec| {
        let file = stage.directory().join(name);
        fs::write(&file, spec.with("process.args = ['/usr/bin/true']").text()).expect("a spec");
        file.to_str().expect("a plain path").to_owned()
    };
    let whole = write("whole.sandbox.toml", Spec::new(PLAIN).with("filesystem.base = 'usr'"));
    let run = stage.run(&stage.ground.compiler, &["doctor", &whole]);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    let broken = write("broken.sandbox.toml", Spec::new(PLAIN).with(BROKEN));
    let run = stage.run(&stage.ground.compiler, &["doctor", &broken, "--format", "json"]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let messages: Vec<&str> =
        findings.iter().map(|finding| finding["message"].as_str().expect("words")).collect();
    assert_eq!(messages.len(), 3, "{messages:?}");
    for words in ["`open /not/there`", "`open /not/there/either`", "`set the processors`"] {
        assert!(messages.iter().any(|message| message.starts_with(words)), "no {words} in {messages:?}");
    }
    // What an error names may have two lines, or paint the terminal.
    let odd = write(
        "odd.sandbox.toml",
        Spec::new(PLAIN).with("filesystem = { base = 'usr', read_only = ['/not/there'] }"),
    );
    let text = fs::read_to_string(&odd).expect("a spec").replace("/not/there", "/not\\nthere\\u001b[31m");
    fs::write(&odd, text).expect("a spec");
    let run = stage.run(&stage.ground.compiler, &["doctor", &odd]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(run.stdout.contains("`open /not␊there␛[31m`: No such file"), "{}", run.stdout);
    let run = stage.run(&stage.ground.compiler, &["run", &odd]);
    assert_eq!((run.status, run.stderr.lines().count()), (125, 1), "{}", run.stderr);
    let run = stage.run(&stage.ground.compiler, &["doctor", "/not/there"]);
    assert_eq!(run.status, 2, "{}", run.stderr);
}

/// What would leave a trace, were the program executed.
fn nothing_runs(stage: &Stage) {
    let trace = stage.directory().join("trace");
    let directory = stage.directory().display();
    let spec = format!(
        "version = 1
         process.args = ['/usr/bin/touch', '{}']
         process.user = {{ uid = 65534, gid = 65534 }}
         filesystem = {{ base = 'usr', read_write = ['{directory}'] }}
         seccomp.allow = ['@system-service']",
        trace.display()
    );
    fs::set_permissions(stage.directory(), std::os::unix::fs::PermissionsExt::from_mode(0o777))
        .expect("chmod");
    let file = stage.directory().join("touch.sandbox.toml");
    fs::write(&file, &spec).expect("a spec");
    let run = stage.run(&stage.ground.compiler, &["doctor", file.to_str().expect("a plain path")]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    assert!(!trace.exists(), "doctor executed the program");
    // The control.
    assert_eq!(stage.run(&stage.build_text("touch", &spec), &[]).status, 0);
    assert!(trace.exists());
}
