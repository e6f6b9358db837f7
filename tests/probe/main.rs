//! The probe: answers questions about the world that it was started in, as lines of `key=value`.
//!
//! `probe QUESTION...` answers each question in turn; a question is a name, with `=ARGUMENT,ARGUMENT` when it takes
//! some. `probe --start CONDITION... -- PROGRAM ARGUMENT...` executes a program under hostile conditions, and
//! `probe --refuse CALL:ERRNO,... -- PROGRAM ARGUMENT...` plays a kernel that refuses calls to user namespaces, and
//! `probe --fault PLACE:ERRNO -- PROGRAM ARGUMENT...` one that lets a single call fail, of those that `probe --record -- PROGRAM
//! ARGUMENT...` tells, `probe --lack CALL,... -- PROGRAM ARGUMENT...` one that never had some calls, and `probe --orphan NTH -- PROGRAM ARGUMENT...` kills the parent of what the
//! program starts at one of its calls. `probe --calls CALL,... -- PROGRAM ARGUMENT...` says which of these calls are made, and
//! `probe --answer CALL:RESULT -- PROGRAM ARGUMENT...` answers the first such call.
//! It has no dependencies, so that one call of the compiler gives a static executable for any machine.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::exit, reason = "printing is its work")]

mod bypass;
mod caller;
mod each;
mod execute;
mod fault;
mod files;
mod ipc;
mod keys;
mod landlock;
mod listen;
mod mounts;
mod network;
mod notify;
mod process;
mod scheduling;
mod start;
mod sys;
mod trace;

use std::env::args_os;
use std::fmt::Display;
use std::sync::OnceLock;

fn main() {
    let arguments: Vec<String> = args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let questions = arguments.get(1..).unwrap_or_default();
    match questions.first().map(String::as_str) {
        Some("--start") => start::start(&questions[1..]),
        Some("--refuse") => trace::refuse(&questions[1..]),
        Some("--fault") => fault::fault(&questions[1..]),
        Some("--record") => fault::record(&questions[1..]),
        Some("--answer") => trace::answer(&questions[1..]),
        Some("--calls") => trace::calls(&questions[1..]),
        Some("--lack") => trace::lack(&questions[1..]),
        Some("--orphan") => trace::orphan(&questions[1..]),
        _ => questions.iter().for_each(|question| answer(question)),
    }
}

/// What every key begins with.
static KEY_START: OnceLock<String> = OnceLock::new();

/// Prints one fact.
pub fn fact(key: &str, value: impl Display) {
    println!("{}{key}={value}", KEY_START.get().map_or("", String::as_str));
}

/// Says what is wrong with the command line and ends the probe with a status that no test expects.
pub fn usage(problem: &str) -> ! {
    eprintln!("probe: {problem}");
    std::process::exit(99)
}

/// Splits `name=a,b` and answers it.
fn answer(question: &str) {
    let (name, rest) = question.split_once('=').unwrap_or((question, ""));
    let arguments: Vec<&str> = if rest.is_empty() { Vec::new() } else { rest.split(',').collect() };
    match (name, arguments.as_slice()) {
        // A mark by which a test finds this process in the host's /proc.
        ("note", [mark]) => fact("note", mark),
        // What a probe in a sandbox of a sandbox says is told apart by its keys.
        ("as", [start]) => _ = KEY_START.set((*start).to_owned()),
        ("identity", []) => process::identity(),
        ("maps", []) => process::maps(),
        ("namespaces", []) => process::namespaces(),
        ("descriptors", []) => process::descriptors(),
        ("rlimits", []) => process::rlimits(),
        ("scheduling", []) => scheduling::scheduling(),
        ("take_more", []) => scheduling::take_more(),
        ("write_execute", []) => scheduling::write_execute(),
        ("spin", [milliseconds]) => scheduling::spin(start::number(milliseconds).unsigned_abs().into()),
        ("crowd", [count]) => scheduling::crowd(start::number(count)),
        ("child_policy", []) => scheduling::child_policy(),
        ("signals", []) => process::signals(),
        ("environment", []) => process::environment(),
        ("terminal", []) => process::terminal(),
        ("keyring", []) => process::keyring(),
        ("find_key", [name]) => keys::find(name),
        ("listening", []) => listen::accept_all(),
        ("place", []) => process::place(),
        ("processes", []) => process::processes(),
        ("clocks", []) => process::clocks(),
        ("call", [number, arguments @ ..]) => process::call_alone(number, arguments),
        ("call_i386", [number]) => bypass::i386(start::number(number)),
        ("socketcall", [family]) => bypass::socketcall(start::number(family)),
        ("clone3", [flags]) => bypass::clone3(flags),
        ("swap", [number]) => trace::swap(start::number(number)),
        ("handle", [path]) => bypass::handle(path),
        ("filters", [pid]) => trace::filters(start::number(pid)),
        ("mounts", []) => files::mounts(),
        ("open", [path, mode]) => files::open(path, mode),
        ("nest", [path, count]) => files::nest(path, start::number(count)),
        ("read", [path]) => files::read(path),
        ("list", [path]) => files::list(path),
        ("chown", [path, uid, gid]) => files::chown(path, uid, gid),
        ("connect", [path]) => files::connect(path),
        ("fill", [path]) => files::fill(path),
        ("direct", [path, mode, blocks]) => files::direct(path, mode, start::number(blocks)),
        ("execute_copy", [directory]) => files::execute_copy(directory),
        ("execute_again", []) => execute::execute_again(),
        ("rename", [from, to]) => files::rename(from, to),
        ("chroot_escape", [scratch, marker]) => files::chroot_escape(scratch, marker),
        ("pseudoterminal", []) => files::pseudoterminal(),
        ("devices", []) => files::devices(),
        ("mount", [path]) => {
            fact(&format!("mount_call.{path}"), sys::outcome(mounts::mount("tmpfs", path, 0)))
        }
        ("exchange", [one, other]) => mounts::exchange(one, other),
        ("undo", [path]) => mounts::undo(path),
        ("appear", [path]) => files::appear(path),
        ("ipc", ["make", key]) => ipc::make(key),
        ("ipc", ["find", key]) => ipc::find(key),
        ("ipc", ["remove", key]) => ipc::remove(key),
        ("try", [right, path]) => landlock::attempt(right, path, None),
        ("try", [right, path, to]) => landlock::attempt(right, path, Some(to)),
        ("each", [directory, launcher]) => each::each(directory, launcher),
        ("landlock_abi", []) => landlock::abi(),
        ("execute_memory", []) => landlock::execute_memory(),
        ("port", [way, number]) => landlock::port(way, number),
        ("abstract", [way, name]) => landlock::abstract_socket(way, name),
        ("signal", [pid]) => landlock::signal(pid),
        ("names", []) => network::names(),
        ("network", []) => network::network(),
        ("greet", [port]) => network::greet(port.parse().unwrap_or(0)),
        ("visit", [port]) => network::visit(port.parse().unwrap_or(0)),
        ("own_address", [address]) => network::own_address(address),
        ("route", [address]) => network::route(address),
        ("serve", [port, count]) => network::serve(port, count),
        ("dial", [address, milliseconds]) => network::dial(address, milliseconds),
        ("user_namespace", []) => start::user_namespace_facts(),
        ("allocate", [mebibytes]) => process::allocate(start::number(mebibytes)),
        ("exit", [status]) => std::process::exit(start::number(status)),
        ("kill", [signal]) => process::kill_self(start::number(signal)),
        ("notify", [message]) => notify::notify(message),
        ("watched", []) => notify::watched(),
        ("ignore", [signal]) => fact("ignore", sys::outcome(start::ignore(start::parse(signal)))),
        ("sleep", [milliseconds]) => process::sleep(start::number(milliseconds)),
        ("hold", [status]) => process::hold(start::number(status)),
        ("wait_for", [signal]) => process::wait_for(start::number(signal)),
        ("fork_bomb", [most]) => start::fork_bomb(start::number(most)),
        ("orphan", [milliseconds]) => start::orphan(start::number(milliseconds)),
        ("run", [program, arguments @ ..]) => start::run(program, arguments),
        _ => usage(&format!("`{question}` is not a question that it answers")),
    }
}
