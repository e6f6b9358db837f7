//! What the launcher says never holds a launch up, whatever its reader does.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Run, Spec, Stage, command, wait};
use crate::life::{expect_gone, marked};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::{OpenptyResult, openpty};
use nix::sys::stat::Mode;
use nix::sys::termios::{FlowArg, SetArg, cfmakeraw, tcflow, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;

const NEEDS: &[Need] = &[Need::UserNamespaces];
const ORDINARY: &[Need] = &[Need::UserNamespaces, Need::Unprivileged];

pub const TESTS: &[Test] = &[
    Test { name: "output/error-on-a-stopped-terminal", needs: NEEDS, run: error_on_stopped_terminal },
    Test { name: "output/timeout-on-a-stopped-terminal", needs: NEEDS, run: timeout_on_stopped_terminal },
    Test { name: "output/error-on-a-full-pipe", needs: NEEDS, run: error_on_full_pipe },
    Test { name: "output/status-on-a-full-pipe", needs: NEEDS, run: status_on_full_pipe },
    Test { name: "output/error-on-a-vanished-terminal", needs: NEEDS, run: error_on_vanished_terminal },
    Test { name: "output/error-on-a-terminal", needs: NEEDS, run: error_on_terminal },
    Test { name: "output/error-without-processes", needs: ORDINARY, run: error_without_processes },
    Test { name: "output/refused-plan-on-a-stopped-terminal", needs: &[], run: refused_plan },
    Test { name: "exit/by-the-same-signal", needs: NEEDS, run: same_signal },
];

/// A launch that fails inside, when most has been set up.
fn failing(lifecycle: &str) -> Spec {
    Spec::new(PLAIN).with(&format!(
        "{lifecycle}\nprocess.args = ['/bin/true']\nfilesystem.base = 'usr'
         filesystem.mounts.'/x' = {{ bind = '/does/not/exist' }}"
    ))
}

/// A launch with this as its standard error.
#[track_caller]
fn run(stage: &Stage, program: &Path, arguments: &[&str], error: impl AsFd) -> Run {
    let mut command = command(stage.person, program, arguments);
    let error = error.as_fd().try_clone_to_owned().expect("a descriptor");
    command.current_dir(stage.directory()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(error);
    wait(command.spawn().expect("a launch"))
}

fn terminal() -> OpenptyResult {
    let terminal = openpty(None, None).expect("a terminal");
    let mut raw = tcgetattr(&terminal.slave).expect("its modes");
    cfmakeraw(&mut raw);
    tcsetattr(&terminal.slave, SetArg::TCSANOW, &raw).expect("its modes");
    terminal
}

/// One whose output somebody has stopped, as Ctrl-S does.
fn stopped_terminal() -> OpenptyResult {
    let terminal = terminal();
    tcflow(&terminal.slave, FlowArg::TCOOFF).expect("tcflow");
    terminal
}

fn error_on_stopped_terminal(stage: &Stage) {
    let terminal = stopped_terminal();
    let launcher = stage.build(&failing(""));
    assert_eq!(run(stage, &launcher, &[], &terminal.slave).status, 125);
}

fn timeout_on_stopped_terminal(stage: &Stage) {
    let terminal = stopped_terminal();
    for more in ["", "filesystem.proc = 'own'\nprocess.terminal = 'inherit'"] {
        let spec = Spec::new(PLAIN).with(&format!("lifecycle.timeout = '200ms'\n{more}"));
        let (launcher, mark) = marked(stage, spec, "sleep=60000");
        assert_eq!(run(stage, &launcher, &[], &terminal.slave).status, 124);
        expect_gone(&mark);
    }
}

/// A pipe without room, of which the caller sees that nobody has changed its flags.
fn fill(mut writer: &File) {
    let flags = OFlag::from_bits_retain(fcntl(writer, FcntlArg::F_GETFL).expect("flags"));
    fcntl(writer, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).expect("flags");
    loop {
        match writer.write(&[b'x'; 4096]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    fcntl(writer, FcntlArg::F_SETFL(flags)).expect("flags");
}

fn error_on_full_pipe(stage: &Stage) {
    let (_reader, writer) = std::io::pipe().expect("a pipe");
    let writer = File::from(std::os::fd::OwnedFd::from(writer));
    fill(&writer);
    let launcher = stage.build(&failing(""));
    let flags = fcntl(&writer, FcntlArg::F_GETFL).expect("flags");
    assert_eq!(run(stage, &launcher, &[], &writer).status, 125);
    assert_eq!(fcntl(&writer, FcntlArg::F_GETFL).expect("flags"), flags, "the caller's flags were changed");
}

/// Neither the first line nor the last delays the timer.
fn status_on_full_pipe(stage: &Stage) {
    let path = stage.directory().join("status");
    nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o666)).expect("a FIFO");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("chmod");
    let fifo = OpenOptions::new().read(true).write(true).open(&path).expect("the FIFO");
    fill(&fifo);
    let spec = Spec::new(PLAIN).with("lifecycle = { timeout = '200ms', status_fd = 3 }");
    let (launcher, mark) = marked(stage, spec, "sleep=60000");
    let run = stage.start(&[&format!("append=3:{}", path.display())], &launcher);
    assert_eq!(run.status, 124, "{}", run.stderr);
    assert!(run.stderr.ends_with(": timed out\n"), "{}", run.stderr);
    expect_gone(&mark);
}

fn error_on_vanished_terminal(stage: &Stage) {
    let OpenptyResult { master, slave } = terminal();
    drop(master);
    let launcher = stage.build(&failing(""));
    assert_eq!(run(stage, &launcher, &[], &slave).status, 125);
}

/// What was said on a terminal, once the launch has ended.
fn shown(terminal: OpenptyResult) -> String {
    drop(terminal.slave);
    let (mut text, mut bytes) = (Vec::new(), [0; 4096]);
    let mut master = File::from(terminal.master);
    // The end of a terminal is an error.
    while let Ok(count @ 1..) = master.read(&mut bytes) {
        text.extend(&bytes[..count]);
    }
    String::from_utf8(text).expect("text")
}

fn error_on_terminal(stage: &Stage) {
    let terminal = terminal();
    let launcher = stage.build(&failing(""));
    assert_eq!(run(stage, &launcher, &[], &terminal.slave).status, 125);
    let shown = shown(terminal);
    assert!(shown.ends_with("open /does/not/exist: No such file or directory\n"), "{shown}");
}

/// A terminal is written to by a child; without one the line comes all the same.
fn error_without_processes(stage: &Stage) {
    let terminal = terminal();
    let launcher = stage.build(&failing(""));
    let launcher = launcher.to_str().expect("a plain path");
    let limited = ["--start", "limit=6:0:0", "--", launcher];
    assert_eq!(run(stage, &stage.ground.probe, &limited, &terminal.slave).status, 125);
    let shown = shown(terminal);
    assert!(shown.contains(": make new namespaces: ") && shown.ends_with('\n'), "{shown}");
}

/// Before there is a plan nothing is prepared, and nothing blocks either.
fn refused_plan(stage: &Stage) {
    let terminal = stopped_terminal();
    let launcher = stage.directory().join("bare");
    std::fs::write(&launcher, boxwright::link::LAUNCHER).expect("a launcher");
    std::fs::set_permissions(&launcher, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
    assert_eq!(run(stage, &launcher, &["/dev/null"], &terminal.slave).status, 125);
}

/// A caller's keys end the program, and a shell has to see that. What else ends it becomes an exit status.
fn same_signal(stage: &Stage) {
    for (number, raised) in
        [(1, true), (2, true), (3, true), (15, true), (6, false), (9, false), (10, false), (12, false)]
    {
        let (launcher, _) = marked(stage, Spec::new(PLAIN), &format!("kill={number}"));
        let mut child = stage.spawn(&launcher, &[]);
        let status = child.wait().expect("a launch");
        let expected = if raised { (Some(number), None) } else { (None, Some(128 + number)) };
        assert_eq!((status.signal(), status.code()), expected, "{number}");
        assert!(!status.core_dumped(), "a core of the launcher");
    }
    // A status is a status, and what nobody has started was not ended by the signal of somebody else.
    let (launcher, _) = marked(stage, Spec::new(PLAIN), "exit=130");
    assert_eq!(stage.spawn(&launcher, &[]).wait().expect("a launch").code(), Some(130));
    let spec = Spec::new(PLAIN).with("lifecycle.timeout = '300ms'");
    let (launcher, _) = marked(stage, spec, "sleep=60000");
    assert_eq!(stage.spawn(&launcher, &[]).wait().expect("a launch").code(), Some(124));
}
