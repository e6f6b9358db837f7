//! A shared terminal: job control of the shell outside, and of a shell inside, as people use it.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Spec, Stage, command, guest};
use crate::life::{expect_gone, marked};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

const NEEDS: &[Need] = &[Need::UserNamespaces, Need::Program("script")];
const BASH: &[Need] = &[Need::UserNamespaces, Need::Program("script"), Need::Program("bash")];
const DASH: &[Need] = &[Need::UserNamespaces, Need::Program("script"), Need::Program("dash")];
const ZSH: &[Need] = &[Need::UserNamespaces, Need::Program("script"), Need::Program("zsh")];
const LESS: &[Need] = &[Need::UserNamespaces, Need::Program("script"), Need::Program("less")];

pub const TESTS: &[Test] = &[
    Test { name: "jobs/interrupt", needs: NEEDS, run: interrupt },
    Test { name: "jobs/stop-and-go-on", needs: NEEDS, run: stop_and_go_on },
    Test { name: "jobs/stop-a-session", needs: NEEDS, run: stop_a_session },
    Test { name: "jobs/interrupt-a-session-once", needs: NEEDS, run: interrupt_a_session_once },
    Test { name: "jobs/shell-inside", needs: NEEDS, run: shell_inside },
    Test { name: "jobs/stops-in-bash", needs: BASH, run: |stage| stops(stage, "bash --norc -i") },
    Test { name: "jobs/stops-in-dash", needs: DASH, run: |stage| stops(stage, "dash -i") },
    Test { name: "jobs/stops-in-zsh", needs: ZSH, run: |stage| stops(stage, "zsh -f -i +Z") },
    Test { name: "jobs/background-takes-nothing", needs: NEEDS, run: background },
    Test { name: "jobs/background-reads", needs: NEEDS, run: background_reads },
    Test { name: "jobs/stops-itself", needs: NEEDS, run: stops_itself },
    Test { name: "jobs/pipeline", needs: NEEDS, run: pipeline },
    Test { name: "jobs/pipeline-with-a-reader-of-keys", needs: LESS, run: pager },
    Test { name: "jobs/loop-ends", needs: NEEDS, run: loop_ends },
    Test { name: "jobs/foreground-returns", needs: NEEDS, run: foreground_returns },
    Test { name: "jobs/hangup", needs: NEEDS, run: hangup },
    Test { name: "jobs/terminal-has-a-name", needs: NEEDS, run: name },
];

/// What the terminal makes of the keys Ctrl-C and Ctrl-Z.
const INTERRUPT: &str = "\u{3}";
const STOP: &str = "\u{1a}";

/// An interactive shell on a pseudo-terminal.
struct Terminal {
    script: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<String>>,
    seen: usize,
}

impl Terminal {
    fn open(stage: &Stage) -> Self {
        Self::with(stage, "/bin/sh -i")
    }

    fn with(stage: &Stage, shell: &str) -> Self {
        let script = Need::program("script").expect("script, which the test needs");
        let mut command = command(stage.person, &script, &["-qec", shell, "/dev/null"]);
        command.env("PS1", "ready> ").env("ENV", "").current_dir(stage.directory());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = command.spawn().expect("a shell");
        let keys = script.stdin.take().expect("its keyboard");
        let mut output = script.stdout.take().expect("its screen");
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().expect("the screen").push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { script, keys, screen, seen: 0 }
    }

    fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a key");
        self.keys.flush().expect("a key");
    }

    /// Waits until this is shown after what was waited for before; the time only ends a hang.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        self.wait_for_any(&[text]);
    }

    /// The same of any of these.
    #[track_caller]
    fn wait_for_any(&mut self, texts: &[&str]) {
        let start = Instant::now();
        loop {
            let screen = self.screen.lock().expect("the screen").clone();
            let found = texts.iter().find_map(|text| Some((screen[self.seen..].find(text)?, text.len())));
            if let Some((at, length)) = found {
                self.seen += at + length;
                return;
            }
            assert!(
                start.elapsed() < guest::slowly(Duration::from_secs(20)),
                "no {texts:?} on the screen:\n{screen}"
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// Whether this was ever shown.
    fn shows(&self, text: &str) -> bool {
        self.screen.lock().expect("the screen").contains(text)
    }

    /// Waits until a process of one of these names is in the foreground.
    #[track_caller]
    fn wait_for_foreground(&self, names: &[&str]) {
        let start = Instant::now();
        while !self.foreground().iter().any(|process| names.contains(&process.as_str())) {
            assert!(
                start.elapsed() < guest::slowly(Duration::from_secs(20)),
                "no {names:?} in front, but {:?}",
                self.foreground()
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// The names of the processes in the foreground process group of the shell's session (proc_pid_stat(5)).
    fn foreground(&self) -> Vec<String> {
        let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
        let texts = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
        let processes: Vec<(u32, String, Vec<i64>)> = texts
            .filter_map(|text| {
                let (begin, rest) = text.rsplit_once(')')?;
                let (pid, name) = begin.split_once(" (")?;
                // The parent, the group, the session, the terminal and its foreground group.
                let fields = rest.split_whitespace().skip(1).take(5).flat_map(str::parse).collect();
                Some((pid.parse().ok()?, name.to_owned(), fields))
            })
            .collect();
        let script = i64::from(self.script.id());
        let Some(shell) = processes.iter().find(|process| process.2.first() == Some(&script)) else {
            return Vec::new();
        };
        let session = Some(i64::from(shell.0));
        let in_front = |fields: &[i64]| fields.get(2).copied() == session && fields.get(1) == fields.get(4);
        processes.iter().filter(|process| in_front(&process.2)).map(|process| process.1.clone()).collect()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Closing the keyboard hangs up; the shell and its jobs end with it.
        _ = self.script.kill();
        _ = self.script.wait();
    }
}

/// A program that says when it is there; what is typed must not look like what it prints.
fn sleeper(stage: &Stage) -> String {
    launcher(stage, "inherit", "echo here-$((6 * 7)); exec sleep 100")
}

fn launcher(stage: &Stage, terminal: &str, command: &str) -> String {
    let spec = Spec::new(PLAIN).with(&format!(
        "process.args = ['/bin/sh', '-c', '{command}']
         process.terminal = '{terminal}'
         [filesystem]
         base = 'usr'
         proc = 'own'
         dev = 'minimal'"
    ));
    let path = stage.build(&spec);
    Path::new(&path).to_str().expect("a plain path").to_owned()
}

fn interrupt(stage: &Stage) {
    let launcher = sleeper(stage);
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher}\n"));
    terminal.wait_for("here-42");
    terminal.type_in(INTERRUPT);
    terminal.type_in("echo ended-$?\n");
    terminal.wait_for("ended-130");
}

fn stop_and_go_on(stage: &Stage) {
    let launcher = sleeper(stage);
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher}\n"));
    terminal.wait_for("here-42");
    terminal.type_in(STOP);
    terminal.wait_for("Stopped");
    terminal.type_in("echo stopped-$((2 * 21)); fg\n");
    terminal.wait_for("stopped-42");
    terminal.wait_for(&launcher);
    terminal.type_in(INTERRUPT);
    terminal.type_in("echo status-$?\n");
    terminal.wait_for("status-130");
}

/// In a session of its own the program gets the terminal's signals from the launcher alone: Ctrl-Z stops it, too.
fn stop_a_session(stage: &Stage) {
    let command = "echo here-$((6 * 7)); n=0; while sleep 0.05; do n=$((n + 1)); echo tick-$n; done";
    let launcher = launcher(stage, "new_session", command);
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher}\n"));
    terminal.wait_for("tick-3");
    terminal.type_in(STOP);
    terminal.wait_for("Stopped");
    sleep(guest::slowly(Duration::from_millis(100)));
    let before = terminal.screen.lock().expect("the screen").len();
    sleep(guest::slowly(Duration::from_millis(300)));
    assert_eq!(terminal.screen.lock().expect("the screen").len(), before, "it goes on");
    terminal.type_in("fg\n");
    terminal.wait_for("tick-");
    terminal.type_in(INTERRUPT);
}

fn interrupt_a_session_once(stage: &Stage) {
    let command = "trap \"echo got-it\" INT; echo here-$((6 * 7)); n=0; while [ $n -lt 10 ]; do sleep 0.05; n=$((n + 1)); done; echo over";
    let launcher = launcher(stage, "new_session", command);
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher}\n"));
    terminal.wait_for("here-42");
    terminal.type_in(INTERRUPT);
    terminal.wait_for("over");
    let screen = terminal.screen.lock().expect("the screen").clone();
    assert_eq!(screen.matches("got-it").count(), 1, "{screen}");
}

fn shell_inside(stage: &Stage) {
    let launcher = launcher(stage, "inherit", "PS1=\"inside> \" exec /bin/sh -i");
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher}; echo ended-$?\n"));
    terminal.wait_for("inside> ");
    terminal.type_in("sleep 100\n");
    terminal.wait_for("sleep 100");
    sleep(guest::slowly(Duration::from_millis(300)));
    terminal.type_in(STOP);
    terminal.wait_for("Stopped");
    terminal.wait_for("inside> ");
    // Back to the job, and out of it.
    terminal.type_in("fg\n");
    terminal.wait_for("sleep 100");
    terminal.type_in(INTERRUPT);
    terminal.wait_for("inside> ");
    terminal.type_in("exit 5\n");
    // A shell in a pid namespace cannot see the process group to hand the terminal back to; dash says so and ends with 2.
    terminal.wait_for("ended-");
}

/// Stopped, continued in the background, brought back and interrupted.
fn stops(stage: &Stage, shell: &str) {
    let launcher = sleeper(stage);
    let mut terminal = Terminal::with(stage, shell);
    terminal.type_in(&format!("{launcher}\n"));
    terminal.wait_for("here-42");
    terminal.type_in(STOP);
    terminal.wait_for_any(&["Stopped", "suspended"]);
    terminal.type_in("bg; echo back-$((2 * 21))\n");
    terminal.wait_for("back-42");
    terminal.type_in("fg\n");
    // A shell that sends no SIGCONT leaves the terminal with the launcher, which passes the keys on.
    terminal.wait_for_foreground(&["sleep", "spec"]);
    terminal.type_in(INTERRUPT);
    terminal.type_in("echo status-$?\n");
    terminal.wait_for("status-130");
}

/// The shell keeps the terminal, and reads from it.
fn background(stage: &Stage) {
    let launcher = sleeper(stage);
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher} &\n"));
    terminal.wait_for("here-42");
    terminal.type_in("read line; echo \"line=$line\"\n");
    terminal.type_in("typed\n");
    terminal.wait_for("line=typed");
    terminal.type_in("kill $!; wait $!; echo ended-$?\n");
    terminal.wait_for("ended-143");
}

/// SIGTTIN stops it until it is in the foreground.
fn background_reads(stage: &Stage) {
    let launcher = launcher(stage, "inherit", "echo here-$((6 * 7)); read line; echo \"line=$line\"");
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher} &\n"));
    terminal.wait_for("here-42");
    while !terminal.shows("Stopped") {
        terminal.type_in("jobs; echo asked-$((2 * 21))\n");
        terminal.wait_for("asked-42");
    }
    terminal.type_in("fg\n");
    terminal.wait_for_foreground(&["sh", "spec"]);
    terminal.type_in("typed\n");
    terminal.wait_for("line=typed");
}

fn stops_itself(stage: &Stage) {
    let launcher = launcher(stage, "inherit", "kill -STOP $$; echo on-$((6 * 7))");
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher}\n"));
    terminal.wait_for("Stopped");
    terminal.type_in("fg\n");
    terminal.wait_for("on-42");
}

/// In a pipeline the terminal stays with the group of all, and its keys are passed on.
fn pipeline(stage: &Stage) {
    let launcher = sleeper(stage);
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher} | cat\n"));
    terminal.wait_for("here-42");
    terminal.type_in(STOP);
    terminal.wait_for("Stopped");
    terminal.type_in("fg\n");
    terminal.wait_for_foreground(&["cat"]);
    terminal.type_in(INTERRUPT);
    terminal.type_in("echo after-$((2 * 21))\n");
    terminal.wait_for("after-42");
}

fn pager(stage: &Stage) {
    let launcher = launcher(stage, "inherit", "echo here-$((6 * 7))");
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher} | TERM=vt100 LESS= less\n"));
    terminal.wait_for("(END)");
    terminal.type_in("q");
    terminal.type_in("echo after-$((2 * 21))\n");
    terminal.wait_for("after-42");
}

fn loop_ends(stage: &Stage) {
    let launcher = sleeper(stage);
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("for i in 1 2 3; do {launcher}; echo round-$((i * 100)); done\n"));
    terminal.wait_for("here-42");
    terminal.type_in(INTERRUPT);
    terminal.type_in("echo after-$((2 * 21))\n");
    terminal.wait_for("after-42");
    assert!(!terminal.shows("round-100"), "the loop goes on");
}

/// After its own end, a signal's, and a launch that fails where the program would start.
fn foreground_returns(stage: &Stage) {
    let script = stage.directory().join("script");
    for (command, status) in [("exit 3", 3), ("kill -KILL $$", 137), ("", 127)] {
        let launcher = match command {
            "" => {
                let spec = "process = { args = ['/usr/bin/not-there'], terminal = 'inherit' }\nfilesystem.base = 'usr'";
                stage.build(&Spec::new(PLAIN).with(spec)).to_str().expect("a plain path").to_owned()
            }
            command => launcher(stage, "inherit", command),
        };
        let lines = format!("{launcher}\necho status-$?\nread line\necho line=$line-$?\n");
        std::fs::write(&script, lines).expect("a script");
        // In the group of a script, and alone in that of a job.
        for start in ["sh", "."] {
            let mut terminal = Terminal::open(stage);
            terminal.type_in(&format!("{start} ./script\n"));
            terminal.wait_for(&format!("status-{status}"));
            terminal.type_in("typed\n");
            terminal.wait_for("line=typed-0");
        }
    }
}

/// The launcher leads the session, as `ssh -t` and terminal emulators start it.
fn hangup(stage: &Stage) {
    let spec = Spec::new(PLAIN).with("process.terminal = 'inherit'\nfilesystem.proc = 'own'");
    let (launcher, mark) = marked(stage, spec, "sleep=60000");
    let mut terminal = Terminal::with(stage, &format!("exec {}", launcher.display()));
    terminal.wait_for("ready=yes");
    drop(terminal);
    expect_gone(&mark);
}

fn name(stage: &Stage) {
    let launcher = launcher(stage, "inherit", "tty; echo named-$?");
    let mut terminal = Terminal::open(stage);
    terminal.type_in(&format!("{launcher}\n"));
    terminal.wait_for("named-0");
    assert!(terminal.shows("/dev/console"), "no name");
}
