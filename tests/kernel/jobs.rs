//! A shared terminal: job control of the shell outside, and of a shell inside, as people use it.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Spec, Stage, command, guest};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

const NEEDS: &[Need] = &[Need::UserNamespaces, Need::Program("script")];

pub const TESTS: &[Test] = &[
    Test { name: "jobs/interrupt", needs: NEEDS, run: interrupt },
    Test { name: "jobs/stop-and-go-on", needs: NEEDS, run: stop_and_go_on },
    Test { name: "jobs/stop-a-session", needs: NEEDS, run: stop_a_session },
    Test { name: "jobs/interrupt-a-session-once", needs: NEEDS, run: interrupt_a_session_once },
    Test { name: "jobs/shell-inside", needs: NEEDS, run: shell_inside },
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
        let script = Need::program("script").expect("script, which the test needs");
        let mut command = command(stage.person, &script, &["-qec", "/bin/sh -i", "/dev/null"]);
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
        let start = Instant::now();
        loop {
            let screen = self.screen.lock().expect("the screen").clone();
            if let Some(at) = screen[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            assert!(
                start.elapsed() < guest::slowly(Duration::from_secs(20)),
                "no `{text}` on the screen:\n{screen}"
            );
            sleep(Duration::from_millis(10));
        }
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
    terminal.type_in(&format!("{launcher}; echo ended-$?\n"));
    terminal.wait_for("here-42");
    terminal.type_in(INTERRUPT);
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
