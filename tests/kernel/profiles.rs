//! The builtin profiles, each around the probe: what they grant is there, and what they keep back is not.

use crate::Test;
use crate::harness::{Answers, Need, Person, Spec, Stage};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "profile/strict", needs: USER_NAMESPACES, run: strict },
    Test { name: "profile/service", needs: USER_NAMESPACES, run: service },
    Test { name: "profile/build", needs: USER_NAMESPACES, run: build },
    Test { name: "profile/agent", needs: USER_NAMESPACES, run: agent },
    Test { name: "profile/cli", needs: USER_NAMESPACES, run: cli },
];

/// What the probe answers in a profile; root has to say who the program is.
fn inside(stage: &Stage, profile: &str, more: &str, questions: &[&str]) -> Answers {
    let user = match stage.person {
        Person::Own => "process.user = { uid = 65534, gid = 65534 }",
        Person::Nobody => "",
    };
    let spec = format!("version = 1\nextends = ['builtin:{profile}']\n{user}\n{more}");
    stage.ask(Spec::new(&spec), questions)
}

/// A directory like a checkout, which is where the launcher is started.
fn checkout(stage: &Stage) {
    let hooks = stage.directory().join(".git/hooks");
    fs::create_dir_all(&hooks).expect("directories");
    fs::write(hooks.join("pre-commit"), "kept").expect("a file");
    fs::write(stage.directory().join(".git/config"), "kept").expect("a file");
    for path in ["", ".git", ".git/hooks", ".git/hooks/pre-commit", ".git/config"] {
        let path = stage.directory().join(path);
        fs::set_permissions(path, Permissions::from_mode(0o777)).expect("chmod");
    }
}

fn strict(stage: &Stage) {
    let answers = inside(stage, "strict", "", &["identity", "execute_again", "list=/"]);
    assert_eq!(answers.get("list./"), "probe");
    assert_eq!(answers.get("execute.execve"), "EPERM");
    assert_eq!(answers.get("no_new_privs"), "1");
}

fn service(stage: &Stage) {
    // Where there is no version 2 of control groups to divide, the section is left out.
    let more = "vars = { memory_max = '64MiB', pids_max = 16 }\nrequires.optional = ['cgroup']";
    let user = match stage.person {
        Person::Own => "process.user = { uid = 65534, gid = 65534 }",
        Person::Nobody => "",
    };
    let spec = Spec::new(&format!("version = 1\nextends = ['builtin:service']\n{user}\n{more}"));
    let questions = ["open=/tmp/new,make", "open=/usr/new,make", "open=/etc/passwd,read"].map(str::to_owned);
    let run = stage.launch(&spec.asking(&stage.site, &questions));
    assert_eq!(run.status, 0, "{}", run.stderr);
    let answers = run.answers();
    assert_eq!(answers.get("make./tmp/new"), "ok");
    assert_eq!(answers.get("make./usr/new"), "EROFS");
    assert_eq!(answers.get("read./etc/passwd"), "ok");
}

fn build(stage: &Stage) {
    let answers = inside(stage, "build", "", &["environment", "execute_copy=/tmp", "open=/new,make"]);
    assert_eq!(answers.get("env.HOME"), "/tmp");
    assert_eq!(answers.get("execute_copy./tmp"), "ok");
    assert_eq!(answers.get("make./new"), "EROFS");
}

fn agent(stage: &Stage) {
    checkout(stage);
    let questions = [
        "place",
        "open=/work/new,make",
        "open=/work/.git/index,make",
        "open=/work/.git/hooks/pre-commit,write",
        "open=/work/.git/hooks/new,make",
        "open=/work/.git/config,write",
        "rename=/work/.git,/work/.other",
        "rename=/work/.git/hooks,/work/.git/other",
        "open=/etc/passwd,read",
    ];
    let answers = inside(stage, "agent", "", &questions);
    assert_eq!(answers.get("cwd"), "/work");
    assert_eq!(answers.get("make./work/new"), "ok");
    assert_eq!(answers.get("make./work/.git/index"), "ok");
    assert_eq!(answers.get("write./work/.git/hooks/pre-commit"), "EROFS");
    assert_eq!(answers.get("make./work/.git/hooks/new"), "EROFS");
    assert_eq!(answers.get("write./work/.git/config"), "EROFS");
    for moved in ["rename./work/.git", "rename./work/.git/hooks"] {
        assert_eq!(answers.get(moved), "EBUSY", "{moved}");
    }
    assert!(stage.directory().join("new").exists() && stage.directory().join(".git/index").exists());
    assert_eq!(fs::read_to_string(stage.directory().join(".git/config")).expect("a file"), "kept");
}

fn cli(stage: &Stage) {
    checkout(stage);
    let questions = ["open=/work/new,make", "read=/work/.git/config", "open=/tmp/new,make", "execute_again"];
    let answers = inside(stage, "cli", "", &questions);
    assert_eq!(answers.get("make./work/new"), "EROFS");
    assert_eq!(answers.get("content./work/.git/config"), "kept");
    assert_eq!(answers.get("make./tmp/new"), "ok");
    assert_eq!(answers.get("execute.execve"), "EPERM");
    assert!(!stage.directory().join("new").exists());
}
