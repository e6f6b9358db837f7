//! A thousand sandboxes at the same time: none fails, and what each costs is bounded.

use crate::Test;
use crate::exits::PLAIN;
use crate::harness::{Need, Spec, Stage, command, guest};
use crate::life::{expect_gone, marked, processes_with, traces};
use std::fs;
use std::io::{BufRead as _, BufReader, PipeReader, Read as _, pipe};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};

pub const TESTS: &[Test] =
    &[Test { name: "at-once/a-thousand-at-the-same-time", needs: &[Need::UserNamespaces], run: a_thousand }];

/// What a launcher may hold of memory that is nobody else's, in KiB: its stack, its arena and its page tables' leaves.
const OWN_MEMORY: u64 = 128;

fn a_thousand(stage: &Stage) {
    let count = 1000 / guest::stride();
    let spec = Spec::new(PLAIN).with("process.stdin = 'inherit'\nfilesystem.proc = 'own'");
    let (launcher, mark) = marked(stage, spec, "hold=7");
    let before = traces(stage);
    let began = Instant::now();
    let (input, held) = pipe().expect("a pipe");
    let [(output, says), (errors, complains)] = [(); 2].map(|()| pipe().expect("a pipe"));
    let mut children: Vec<Child> = Vec::new();
    for _ in 0..count {
        let mut command = command(stage.person, &launcher, &[]);
        command.stdin(input.try_clone().expect("a pipe")).stdout(says.try_clone().expect("a pipe"));
        command.stderr(complains.try_clone().expect("a pipe"));
        children.push(command.spawn().expect("a launcher"));
    }
    drop((input, says, complains));
    let complaints = spawn(move || text(errors));
    let ready = lines(output);
    let patience = guest::slowly(Duration::from_secs(120));
    for number in 0..count {
        if ready.recv_timeout(patience).is_err() {
            children.iter_mut().for_each(|child| _ = child.kill());
            panic!("{number} of {count} were ready: {}", complaints.join().expect("a reader"));
        }
    }
    // All of them are there now.
    let together = began.elapsed();
    assert_eq!(processes_with(&mark).len(), count);
    let largest = children.iter().map(|child| own_memory(child.id())).max();
    assert!(largest <= Some(OWN_MEMORY), "a launcher has {largest:?} KiB of its own");
    drop(held);
    for mut child in children {
        assert_eq!(child.wait().expect("its end").code(), Some(7));
    }
    assert_eq!(complaints.join().expect("a reader"), "");
    assert!(began.elapsed() < 2 * patience, "{together:?} to start them, {:?} in all", began.elapsed());
    expect_gone(&mark);
    assert_eq!(traces(stage), before);
}

/// One message for each that says that it is ready.
fn lines(output: PipeReader) -> Receiver<()> {
    let (sender, receiver) = channel();
    spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.filter(|line| line == "ready=yes").for_each(|_| _ = sender.send(()));
    });
    receiver
}

fn text(mut pipe: PipeReader) -> String {
    let mut text = String::new();
    _ = pipe.read_to_string(&mut text);
    text
}

/// The anonymous memory of a process, in KiB.
fn own_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
