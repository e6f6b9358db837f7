//! Programs by list: which can be executed, by which paths, and what is nowhere in the tree.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::files::shared;
use crate::harness::{Need, Spec, Stage};
use crate::kernels::running;
use crate::landlock::{UNFILTERED, expect_refused, question, questions};
use boxwright::policy::Kernel;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

const NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "landlock/exec-list", needs: NAMESPACES, run: exec_list },
    Test { name: "landlock/exec-list-planted", needs: NAMESPACES, run: exec_list_planted },
    Test { name: "landlock/exec-list-in-place", needs: &[], run: exec_list_in_place },
    Test { name: "landlock/exec-list-memory", needs: NAMESPACES, run: exec_list_memory },
    Test { name: "landlock/exec-list-mistakes", needs: NAMESPACES, run: exec_list_mistakes },
];

/// Copies of the probe that a test executes.
fn programs(stage: &Stage) -> PathBuf {
    let directory = shared(stage, "programs");
    for name in ["one", "other"] {
        fs::copy(&stage.site.probe, directory.join(name)).expect("a program");
    }
    fs::write(directory.join("script"), "#!/programs/other exit=0\n").expect("a script");
    fs::set_permissions(directory.join("script"), fs::Permissions::from_mode(0o755)).expect("chmod");
    std::os::unix::fs::symlink("one", directory.join("link")).expect("a link");
    directory
}

fn exec_list(stage: &Stage) {
    let programs = programs(stage);
    let text = format!("filesystem.mounts.'/programs'.bind = '{}'", programs.display());
    let names = ["one", "other", "script", "link"];
    let asked = names.map(|name| format!("try=execute,/programs/{name}"));
    let asked = [&asked[..], &["try=execute,/probe".to_owned()]].concat();
    let tried = |list: &str| {
        let spec = Spec::new(PLAIN).with(&text).with(UNFILTERED).with(list);
        let answers = stage.ask(spec, &questions(&asked));
        let paths = ["/programs/one", "/programs/other", "/programs/script", "/programs/link", "/probe"];
        paths.map(|path| answers.get(&format!("execute.{path}")).to_owned())
    };
    assert_eq!(tried(""), ["ok", "ok", "ok", "ok", "ok"]);
    // The program itself is always of the list; a link leads to what is listed.
    let no = "EACCES";
    assert_eq!(tried("process.exec = []"), [no, no, no, no, "ok"]);
    assert_eq!(tried("process.exec = ['/programs/one']"), ["ok", no, no, "ok", "ok"]);
    assert_eq!(tried("process.exec = ['/programs/link']"), ["ok", no, no, "ok", "ok"]);
    assert_eq!(tried("process.exec = ['/programs/script']"), [no, no, no, no, "ok"]);
    assert_eq!(tried("process.exec = ['/programs/script', '/programs/other']"), [no, "ok", "ok", no, "ok"]);
}

/// A link that the program leaves in place of a listed program puts no other on the list.
fn exec_list_planted(stage: &Stage) {
    let programs = programs(stage);
    let path = programs.display();
    let spec = Spec::new(PLAIN).with(UNFILTERED).with(&format!(
        "filesystem.mounts.'/programs' = {{ bind = '{path}', writable = true, executable = true }}
         process.exec = ['/programs/one', '/programs/made/one']"
    ));
    let made = shared(stage, "programs/made");
    fs::copy(&stage.site.probe, made.join("one")).expect("a program");
    let asked = ["one", "made/one", "other"].map(|name| format!("try=execute,/programs/{name}"));
    let launcher = stage.build(&spec.asking(&stage.site, &asked));
    stage.start(&[], &launcher).answers().expect(&[
        ("execute./programs/one", "ok"),
        ("execute./programs/made/one", "ok"),
        ("execute./programs/other", "EACCES"),
    ]);
    for listed in [programs.join("one"), made.join("one")] {
        let aside = listed.with_extension("aside");
        fs::rename(&listed, &aside).expect("moved aside");
        std::os::unix::fs::symlink("/programs/other", &listed).expect("a link");
        let run = stage.start(&[], &launcher);
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
        assert!(run.stderr.contains("no symlink is followed there"), "{}", run.stderr);
        fs::rename(&aside, &listed).expect("moved back");
    }
    assert_eq!(stage.start(&[], &launcher).status, 0);
}

fn exec_list_in_place(stage: &Stage) {
    let programs = programs(stage).display().to_string();
    let asked = ["one", "other"].map(|name| format!("try=execute,{programs}/{name}"));
    let other = question("make_reg=made", &programs);
    let asked = [&asked[..], &[other]].concat();
    let spec = in_place(stage).with(&format!("process.exec = ['{programs}/one']"));
    let answers = stage.launch(&spec.asking(&stage.site, &asked)).answers();
    answers.expect(&[
        (&format!("execute.{programs}/one"), "ok"),
        (&format!("execute.{programs}/other"), "EACCES"),
        // Nothing else is taken away.
        (&format!("make_reg.{programs}/made"), "ok"),
    ]);
}

fn exec_list_memory(stage: &Stage) {
    let text = "filesystem.proc = 'own'";
    let asked = ["execute_memory"];
    let control = stage.ask(Spec::new(PLAIN).with(text), &asked);
    control.expect(&[("execute.memory", "ok")]);
    let answers = stage.ask(Spec::new(PLAIN).with(text).with("process.exec = []"), &asked);
    answers.expect(&[("make.memory", "EPERM")]);
    // Before that no file in memory says that it can never be executed.
    if running() < Kernel::new(6, 3) {
        return answers.expect(&[("make.sealed_memory", "EINVAL")]);
    }
    answers.expect(&[("make.sealed_memory", "ok"), ("execute.sealed_memory", "EACCES")]);
}

fn exec_list_mistakes(stage: &Stage) {
    let programs = programs(stage);
    let spec = Spec::new(PLAIN)
        .with(&format!("filesystem.mounts.'/programs'.bind = '{}'", programs.display()))
        .asking(&stage.site, &["exit=3".to_owned()]);
    let launch = |list: &str| stage.launch(&spec.clone().with(list));
    assert_eq!(launch("process.exec = ['/programs/one']").status, 3);
    expect_refused(&launch("process.exec = ['/programs']"), "allow /programs", "is not a file");
    expect_refused(&launch("process.exec = ['/programs/none']"), "allow /programs/none", "No such file");
    // The interpreter of a script is not listed.
    let script = spec.clone().with("process = { args = ['/programs/script'], exec = [] }");
    let run = stage.launch(&script);
    assert_eq!(run.status, 126, "{}", run.stderr);
    assert!(run.stderr.contains("list it in process.exec"), "{}", run.stderr);
    let narrowed = spec.with(
        "[[landlock.path_beneath]]
         path = '/programs'
         allowed_access = ['read_dir', 'resolve_unix']
         [[landlock.path_beneath]]
         path = '/programs/none'
         allowed_access = ['read_dir', 'resolve_unix', 'read_file']",
    );
    expect_refused(&stage.launch(&narrowed), "allow /programs/none", "nothing is at this path");
}
