//! What a program does to "its process group" stays inside: signals (kill(2)), nice values and disk priorities by group
//! (setpriority(2), ioprio_set(2)).

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Need, Spec, Stage, command, wait};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

const NEEDS: &[Need] = &[Need::UserNamespaces, Need::Program("renice"), Need::Program("ionice")];

pub const TESTS: &[Test] = &[
    Test { name: "groups/session-of-its-own", needs: NEEDS, run: |stage| each(stage, &inside("")) },
    Test {
        name: "groups/shared-terminal",
        needs: NEEDS,
        run: |stage| each(stage, &inside("process.terminal = 'inherit'")),
    },
    Test { name: "groups/pids-of-the-host", needs: NEEDS, run: pids_of_the_host },
    Test { name: "groups/in-place", needs: NEEDS, run: without_a_process },
];

fn pids_of_the_host(stage: &Stage) {
    for terminal in ["new_session", "inherit"] {
        each(stage, &inside(&format!("process.terminal = '{terminal}'\nnamespaces.pid = 'host'")));
    }
}

fn without_a_process(stage: &Stage) {
    for terminal in ["new_session", "inherit"] {
        let keys =
            format!("process.terminal = '{terminal}'\nseccomp.allow = ['@system-service', '@resources']");
        each(stage, &in_place(stage).with(&keys));
    }
}

fn inside(keys: &str) -> Spec {
    Spec::new(PLAIN)
        .with(&format!("{keys}\nseccomp.allow = ['@system-service', '@resources']\nfilesystem.base = 'usr'"))
}

/// It does to its group whatever it can.
const PROGRAM: &str = "trap : USR1; kill -s USR1 0; renice -n 7 -g 0; ionice -c 3 -P 0; echo done";

/// The launcher leads the group that it shares with another process of the caller's, or is only in it.
const CALLERS: [&str; 2] = ["exec \"$0\"", "\"$0\"; exit $?"];

fn each(stage: &Stage, spec: &Spec) {
    let spec = spec.clone().with(&format!("process.args = ['/bin/sh', '-c', '{PROGRAM}']"));
    let launcher = stage.build(&spec);
    for start in CALLERS {
        let script = format!("trap : USR1; sleep 1000 </dev/null >/dev/null 2>&1 & echo $!; {start}");
        let launcher = launcher.to_str().expect("a plain path");
        let mut command = command(stage.person, Path::new("/bin/sh"), &["-c", &script, launcher]);
        command.process_group(0).current_dir(stage.directory());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = wait(command.spawn().expect("a shell"));
        let other = run.stdout.lines().next().unwrap_or_default().to_owned();
        let stat = fs::read_to_string(format!("/proc/{other}/stat")).unwrap_or_default();
        let disk = Command::new("ionice").args(["-p", &other]).output().expect("ionice");
        _ = Command::new("kill").args(["-KILL", &other]).status();
        assert_eq!((run.status, run.stdout.ends_with("done\n")), (0, true), "{} {}", run.stdout, run.stderr);
        // After the name, whose parentheses may have anything in them, come the state and the rest (proc_pid_stat(5)).
        let (_, fields) = stat.rsplit_once(')').expect("the signal reached the caller's process");
        let fields: Vec<&str> = fields.split_whitespace().collect();
        assert_ne!(fields[0], "Z", "the signal reached the caller's process");
        assert_ne!(fields[16], "7", "the nice value of the caller's process was changed");
        let disk = String::from_utf8_lossy(&disk.stdout).into_owned();
        assert!(!disk.contains("idle"), "the disk priority of the caller's process was changed: {disk}");
    }
}
