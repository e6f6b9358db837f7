//! Bytes to words: what a plan does, its steps in the spec's words and its calls as strace would print them.

mod arguments;
mod filter;
mod landlock;
mod netlink;

pub use filter::render_filters;

use crate::diagnostic::visible;
use boxwright_launcher::abi::SIGTERM;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{
    Argument, Assist, Call, Cgroup, Check, Comparison, Cookie, Directory, Guard, Kind, NONE, Notify,
    Operation, Otherwise, Piece, Promise, Role, Rule, Store, Strings, Success, Supervise, Terminal, Text,
    Then,
};
use boxwright_launcher::plan::{Entry, Plan};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// About so many bytes of a plan are shown: one of a few megabytes, whose operations name one long text again and again, could
/// fill any memory.
const LARGEST_PAGE: usize = 64 << 20;

/// The whole plan in words; with `calls`, each step's operations too.
pub fn render(plan: &Plan, calls: bool) -> String {
    render_sealed(plan, calls, "")
}

/// The same of a plan in an executable: what the launcher is that it is sealed into, in words.
pub fn render_sealed(plan: &Plan, calls: bool, launcher: &str) -> String {
    let mut page = Page { plan, calls, launcher, text: String::new() };
    page.header();
    let [privileged, unprivileged] = [Entry::Privileged, Entry::Unprivileged].map(|entry| plan.entry(entry));
    if privileged == unprivileged {
        page.way("launched by anybody", privileged);
    } else {
        page.way("launched with CAP_SETUID and CAP_SETGID", privileged);
        page.way("launched by an ordinary user", unprivileged);
    }
    if page.is_full() {
        page.line(0, "the rest is left out");
    }
    page.text
}

/// What is being written.
struct Page<'p, 'a> {
    plan: &'p Plan<'a>,
    calls: bool,
    launcher: &'p str,
    text: String,
}

impl Page<'_, '_> {
    fn is_full(&self) -> bool {
        self.text.len() > LARGEST_PAGE
    }

    fn line(&mut self, indent: usize, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    fn header(&mut self) {
        let provenance = self.plan.provenance();
        let kernel = self.plan.kernel();
        let rows = [
            ("plan", hexadecimal(&Sha256::digest(self.plan.bytes()))),
            ("name", words(provenance.name)),
            ("compiler", words(provenance.compiler)),
            ("tables", words(provenance.tables)),
            ("spec", hexadecimal(provenance.spec)),
            ("launcher", format!("{}{}", self.launcher, hexadecimal(provenance.launcher))),
            ("kernel", format!("{}.{} or newer", kernel >> 16, kernel & 0xffff)),
            ("size", format!("{} bytes, {} operations", self.plan.bytes().len(), self.plan.operations())),
            ("filter", filter::of_the_program(self.plan)),
            ("landlock", landlock::of_the_program(self.plan)),
        ];
        for (name, value) in rows {
            self.line(0, &format!("{name:<12}{value}"));
        }
    }

    fn way(&mut self, title: &str, list: u16) {
        self.line(0, "");
        self.line(0, &format!("{title}:"));
        self.list(list, 2);
    }

    fn list(&mut self, number: u16, indent: usize) {
        let Some(list) = self.plan.list(number) else { return };
        let mut origin = None;
        for index in list.first..list.first + list.count {
            let Some(operation) = self.plan.operation(index).filter(|_| !self.is_full()) else { break };
            if origin != Some(operation.origin) {
                origin = Some(operation.origin);
                self.step(&operation, indent);
            }
            if self.calls {
                let text = self.operation(&operation);
                self.line(indent + 4, &text);
            }
            if let Kind::Fork(fork) = operation.kind {
                self.line(indent + 2, "the child:");
                self.list(fork.list, indent + 4);
                self.line(indent + 2, "the parent:");
            }
        }
    }

    fn step(&mut self, operation: &Operation, indent: usize) {
        let origin = self.plan.origin(operation.origin);
        let promise = match operation.promise {
            Promise::None => String::new(),
            promise => format!(" [{}]", promise_words(promise)),
        };
        let place = format!("{}:{}:{}", words(origin.file), origin.line, origin.column);
        self.line(indent, &format!("{}{promise}  {place}", words(origin.words)));
    }

    fn operation(&self, operation: &Operation) -> String {
        match &operation.kind {
            Kind::Call(call) => self.call(call),
            Kind::Check(check) => self.check(check),
            Kind::Each(each) => format!("for each of {:#x}:", each.set),
            Kind::Text(text) => self.text(text),
            Kind::Signals(signals) => format!("reset the dispositions of signals {:#x}", signals.set),
            Kind::Environment(environment) => {
                format!(
                    "argv = {}{}, envp = {}, passed on = {}",
                    self.strings(environment.arguments),
                    if environment.append { " and the launcher's own" } else { "" },
                    self.strings(environment.variables),
                    self.strings(environment.passed),
                ) + &environment.listen.map_or(String::new(), |listen| {
                    format!(", sockets from 3 to before ${} with LISTEN_PID &{}", listen.end, listen.text)
                })
            }
            Kind::Fork(fork) => match fork.own_cgroup() {
                None => format!("clone3({})", arguments::clone_flags(fork.flags)),
                Some(slot) => {
                    format!("clone3({}), born in the cgroup ${slot}", arguments::clone_flags(fork.flags))
                }
            },
            Kind::Cgroup(cgroup) => self.cgroup(cgroup),
            Kind::Filter(filter) => {
                let cookie = if filter.cookie == Cookie::None { "" } else { ", with a cookie drawn into it" };
                format!(
                    "seccomp(SECCOMP_SET_MODE_FILTER, {:#x}, {} instructions{cookie})",
                    filter.flags, filter.count
                )
            }
            Kind::Landlock(landlock) => landlock::operation(self.plan, landlock),
            Kind::Exec(exec) => format!("execve({}, argv, envp)", quoted(self.plan.string(exec.path))),
            Kind::Supervise(supervise) => match supervise.role {
                Role::Outside => self.outside(supervise),
                Role::Reaper if supervise.terminal => {
                    "reap every orphan, pass signals on, tell that the program stops, end with it".into()
                }
                Role::Reaper => "reap every orphan, pass signals on, end with the program".into(),
                Role::Holder => "wait to be killed".into(),
            },
            Kind::Netlink(message) => {
                netlink::message(self.plan, message) + &after(&[message.rule], message.skip)
            }
            Kind::Assist(assist) => self.assist(assist),
            Kind::Directory(directory) => self.directory(directory),
            Kind::Notify(notify) => self.notify(notify),
            Kind::Guard(guard) => guarded(guard),
            Kind::Terminal(Terminal::Leave { pid, parent }) => {
                format!(
                    "setsid(); a leader of a group starts a child for it, ${pid}, with the parent ${parent}"
                )
            }
            Kind::Terminal(Terminal::Share { path }) => {
                format!("open the controlling terminal, if there is one; &{path} = its path")
            }
        }
    }

    fn call(&self, call: &Call) -> String {
        let name = arguments::call_name(call.number);
        let last =
            call.arguments.iter().rposition(|argument| *argument != Argument::Zero).map_or(0, |at| at + 1);
        let shown = call.arguments.iter().take(last).enumerate();
        let shown: Vec<String> =
            shown.map(|(index, argument)| self.argument(call.number, index, *argument)).collect();
        let mut text = format!("{name}({})", shown.join(", "));
        match call.result {
            Store::Word(slot) => text += &format!(" = ${slot}"),
            Store::Pair(slot) => text += &format!(" = ${slot} ${}", slot + 4),
            Store::Nothing => {}
        }
        if let Success::Equals(argument) = call.success {
            text += &format!(", must return argument {}", argument + 1);
        }
        text + &after(&call.rules, call.skip)
    }

    fn argument(&self, number: u16, index: usize, argument: Argument) -> String {
        match argument {
            Argument::Zero => arguments::number(number, index, 0),
            Argument::Immediate(value) => arguments::number(number, index, value),
            Argument::String(offset) => quoted(self.plan.string(offset)),
            Argument::Blob(offset) => arguments::blob(self.plan, number, index, offset),
            Argument::Arena(offset) if number == number::mount_setattr => {
                format!("{{attr_set=MOUNT_ATTR_IDMAP, userns_fd=${}}}", offset + 24)
            }
            Argument::Arena(offset) => format!("&{offset}"),
            Argument::Slot(offset) => format!("${offset}"),
            Argument::Each => "each".into(),
        }
    }

    fn check(&self, check: &Check) -> String {
        let comparison = match check.comparison {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
        };
        let otherwise = match check.otherwise {
            Otherwise::Fail(reason) => format!("fail: {}", words(self.plan.string(reason))),
            Otherwise::Skip(count) => format!("skip {count}"),
            Otherwise::SkipOptional(count) => format!("skip {count}, which is optional"),
        };
        format!(
            "check &{} & {:#x} {comparison} {:#x}, else {otherwise}",
            check.offset, check.mask, check.value
        )
    }

    fn text(&self, text: &Text) -> String {
        let piece = |index| {
            let at = text.pieces + index * Piece::BYTES;
            match Piece::read(self.plan.blob_word(at), self.plan.blob_word(at + 4)) {
                Ok(Piece::Literal(string)) => quoted(self.plan.string(string)),
                Ok(Piece::Decimal(slot)) => format!("${slot}"),
                Ok(Piece::Text(offset)) => format!("&{offset}"),
                Err(_) => "?".into(),
            }
        };
        let pieces: Vec<String> = (0..text.count).map(piece).collect();
        format!("text &{} = {}, length ${}", text.offset, pieces.join(" "), text.length)
    }

    fn assist(&self, assist: &Assist) -> String {
        let Assist { arguments: Strings { blob, count }, text, .. } = assist;
        let arguments = (0..*count).map(|index| match self.plan.blob_word(blob + index * 4) {
            NONE => format!("&{text}"),
            string => quoted(self.plan.string(string)),
        });
        let end = match assist.stays() {
            Some(slot) => format!("which stays, and says on ${slot} that it is ready"),
            None => "which must end with 0".into(),
        };
        format!("run [{}] beside the child, {end}", arguments.collect::<Vec<_>>().join(", "))
    }

    fn outside(&self, supervise: &Supervise) -> String {
        let mut text = "wait, pass signals on".to_owned();
        if let Some(ending) = supervise.ending.filter(|ending| ending.signal != SIGTERM) {
            text += &format!(", {} instead of SIGTERM", ending.signal);
        }
        if let Some(timer) = supervise.grace() {
            let timer = arguments::blob(self.plan, number::setitimer, 1, timer);
            text += &format!(", after it setitimer(0, {timer}) for SIGKILL");
        }
        if supervise.channel != 0 {
            text += &format!(
                ", hand the terminal over and take it back, hear of stops on ${}",
                supervise.channel
            );
        }
        text + ", end with the program's exit status"
    }

    fn cgroup(&self, cgroup: &Cgroup) -> String {
        match cgroup {
            Cgroup::Own { text, .. } => format!("text &{text} = the path of the line 0:: in it"),
            Cgroup::Make(make) => {
                let name = format!(
                    "{}PID{}",
                    words(self.plan.string(make.name)),
                    words(make.suffix()).trim_end_matches('\0')
                );
                let after = match (make.leaf, self.plan.string(make.controllers)) {
                    (true, off) => format!(", and leave it after {}", quoted(off)),
                    (false, _) => String::new(),
                };
                format!("make {name} in ${} until the end = ${}{after}", make.parent, make.directory)
            }
        }
    }

    fn directory(&self, directory: &Directory) -> String {
        let from = match self.plan.string(directory.variable) {
            [] => "getcwd()".into(),
            variable => format!("the directory ${}", words(variable).trim_end_matches('=')),
        };
        let mut text = format!("&{} = {from}", directory.offset);
        if directory.optional {
            text += ", if there is one";
        }
        if directory.not_root {
            text += ", not /";
        }
        if directory.beyond != NONE {
            text += &format!(", neither &{} nor in it", directory.beyond);
        }
        text
    }

    fn notify(&self, notify: &Notify) -> String {
        let socket = match notify.elsewhere() {
            Some(variable) => quoted(self.plan.string(variable)),
            None => "$NOTIFY_SOCKET".into(),
        };
        let by_name = if notify.by_name { "a path or an abstract name" } else { "a path" };
        format!(
            "pass on {socket}, $WATCHDOG_USEC and WATCHDOG_PID &{}; &{} = $NOTIFY_SOCKET, {by_name}",
            notify.watchdog, notify.socket
        )
    }

    fn strings(&self, Strings { blob, count }: Strings) -> String {
        let strings = (0..count).map(|index| quoted(self.plan.string(self.plan.blob_word(blob + index * 4))));
        format!("[{}]", strings.collect::<Vec<_>>().join(", "))
    }
}

fn guarded(guard: &Guard) -> String {
    let may = if guard.may_stay_out { ", if it may" } else { "" };
    format!(
        "start a guard = ${} that enters the child's pid namespace{may}, and a reserve = ${}; ${} tells the guard to kill everything",
        guard.process, guard.reserve, guard.outside
    )
}

/// What comes of a success, and of an errno.
fn after(rules: &[Rule], skip: u8) -> String {
    let mut text = if skip > 0 { format!(", then skip {skip}") } else { String::new() };
    for rule in rules {
        let then = match rule.then {
            Then::Fail => continue,
            Then::Continue => "go on".into(),
            Then::Skip(count) => format!("skip {count}"),
        };
        text += &format!("; errno {}: {then}", rule.errno);
    }
    text
}

/// The words of a promise.
fn promise_words(promise: Promise) -> &'static str {
    match promise {
        Promise::None => "nothing",
        Promise::Namespaces => "namespaces",
        Promise::Identity => "ids",
        Promise::Root => "root",
        Promise::Mounts => "mounts",
        Promise::Limits => "limits",
        Promise::Session => "session",
        Promise::Keyring => "keyring",
        Promise::Descriptors => "descriptors",
        Promise::Capabilities => "capabilities",
        Promise::NoNewPrivileges => "no_new_privs",
        Promise::Seccomp => "seccomp",
        Promise::Landlock => "Landlock",
    }
}

/// Bytes of the plan as text that is safe to print.
fn words(bytes: &[u8]) -> String {
    visible(&String::from_utf8_lossy(bytes)).into_owned()
}

fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
