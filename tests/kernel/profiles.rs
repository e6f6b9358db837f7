//! The builtin profiles, each around the probe: what they grant is there, and what they keep back is not.

use crate::Test;
use crate::harness::{Answers, Need, Person, Run, Spec, Stage};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];
const GIT: &[Need] = &[Need::UserNamespaces, Need::Program("git")];

pub const TESTS: &[Test] = &[
    Test { name: "profile/strict", needs: USER_NAMESPACES, run: strict },
    Test { name: "profile/service", needs: USER_NAMESPACES, run: service },
    Test { name: "profile/build", needs: USER_NAMESPACES, run: build },
    Test { name: "profile/agent", needs: USER_NAMESPACES, run: agent },
    Test { name: "profile/agent-in-every-layout", needs: USER_NAMESPACES, run: agent_layouts },
    Test { name: "profile/agent-uses-git", needs: GIT, run: agent_git },
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
        "open=/work/.git/commondir,make",
        "open=/work/.git/config.worktree,make",
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
    for made in ["index", "commondir", "config.worktree", "hooks/new"] {
        assert_eq!(answers.get(&format!("make./work/.git/{made}")), "EROFS", "{made}");
    }
    assert_eq!(answers.get("write./work/.git/hooks/pre-commit"), "EROFS");
    assert_eq!(answers.get("write./work/.git/config"), "EROFS");
    assert_eq!(answers.get("rename./work/.git"), "EBUSY");
    assert_ne!(answers.get("rename./work/.git/hooks"), "ok");
    assert!(stage.directory().join("new").exists());
    assert_eq!(fs::read_to_string(stage.directory().join(".git/config")).expect("a file"), "kept");
}

fn agent_run(stage: &Stage, more: &str, questions: &[&str]) -> Run {
    let user = match stage.person {
        Person::Own => "process.user = { uid = 65534, gid = 65534 }",
        Person::Nobody => "",
    };
    let spec = Spec::new(&format!("version = 1\nextends = ['builtin:agent']\n{user}\n{more}"));
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    stage.launch(&spec.asking(&stage.site, &questions))
}

const WRITABLE: &str = "vars.repository_writable = 'true'";

/// A directory that is no repository, one whose `.git` or hooks a link decides, and a worktree, where `.git` is a file.
fn agent_layouts(stage: &Stage) {
    let directory = stage.directory().to_owned();
    let open = |name: &str| {
        fs::set_permissions(directory.join(name), Permissions::from_mode(0o777)).expect("chmod");
    };
    open("");
    let make = ["open=/work/.git,make", "open=/work/.git,directory"];
    let run = agent_run(stage, "", &make);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains("git init"), "{}", run.stderr);
    let run = agent_run(stage, WRITABLE, &make[..1]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_eq!(run.answers().get("make./work/.git"), "ok");
    fs::remove_file(directory.join(".git")).expect("what the program has made");

    fs::create_dir(directory.join("real")).expect("a directory");
    open("real");
    symlink("real", directory.join(".git")).expect("a link");
    let run = agent_run(stage, "", &["open=/work/.git/new,make"]);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    fs::remove_file(directory.join(".git")).expect("the link");

    fs::create_dir(directory.join(".git")).expect("a directory");
    open(".git");
    for target in ["../real", "../missing"] {
        symlink(target, directory.join(".git/hooks")).expect("a link");
        let run = agent_run(stage, "", &["open=/work/.git/hooks/new,make"]);
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
        fs::remove_file(directory.join(".git/hooks")).expect("the link");
    }
    let run = agent_run(stage, "", &["open=/work/.git/hooks,directory", "open=/work/.git/commondir,make"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_eq!(run.answers().get("make./work/.git/commondir"), "EROFS");
    fs::remove_dir(directory.join(".git")).expect("the directory");

    fs::write(directory.join(".git"), "gitdir: /elsewhere\n").expect("a file");
    fs::set_permissions(directory.join(".git"), Permissions::from_mode(0o666)).expect("chmod");
    let run = agent_run(
        stage,
        "",
        &["open=/work/.git,write", "rename=/work/.git,/work/other", "open=/work/new,make"],
    );
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_eq!(run.answers().get("write./work/.git"), "EROFS");
    assert_eq!(run.answers().get("rename./work/.git"), "EBUSY");
    assert_eq!(run.answers().get("make./work/new"), "ok");
}

/// Real git works inside: in a repository, in one with its hooks, and in a worktree whose real directory is bound beside it.
fn agent_git(stage: &Stage) {
    let prepare = "set -e; git init -q main; cd main; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first
        git worktree add -q ../tree; git clone -q . ../clone
        cd ../clone; git -c protocol.file.allow=always submodule --quiet add $(cd ../main; pwd) sub; cd ..
        if test $(id -u) = 0; then chown -R 65534:65534 main tree clone; fi";
    let script = "set -e; export PATH=/usr/local/bin:/usr/bin; git status; git diff; git log --oneline
        if git -c user.name=a -c user.email=a@b commit -q --allow-empty -m no 2>/dev/null; then echo a-commit-was-made; fi; echo whole";
    let prepared = stage.run(Path::new("/bin/sh"), &["-c", prepare]);
    assert_eq!(prepared.status, 0, "{}", prepared.stderr);
    let user = match stage.person {
        Person::Own => "process.user = { uid = 65534, gid = 65534 }",
        Person::Nobody => "",
    };
    let real = stage.directory().join("main/.git").display().to_string();
    let module = stage.directory().join("clone/.git/modules/sub").display().to_string();
    for (place, more) in [
        ("main", String::new()),
        ("clone", String::new()),
        ("tree", format!("filesystem.mounts.'{real}' = {{ bind = '{real}' }}")),
        (
            "clone/sub",
            format!(
                "filesystem.mounts.'/.git/modules/sub' = {{ bind = '{module}' }}\nprocess.env.GIT_WORK_TREE = '/work'"
            ),
        ),
    ] {
        let own = stage.build_text(
            &format!("in-{}", place.replace('/', "-")),
            &format!(
                "version = 1\nextends = ['builtin:agent']\nprocess.args = ['/bin/sh', '-c', '''{script}''']\n{user}\n{more}"
            ),
        );
        let run = stage.run(Path::new("/bin/sh"), &["-c", &format!("cd {place} && exec {}", own.display())]);
        assert_eq!(run.status, 0, "{place}: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("whole") && run.stdout.contains("first"), "{place}: {}", run.stdout);
        assert!(!run.stdout.contains("a-commit-was-made"), "{place}: {}", run.stdout);
    }
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
