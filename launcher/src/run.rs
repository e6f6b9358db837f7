//! The loop: one operation after the other, and the one place where their errors are handled.

mod again;
mod directory;
mod environment;
mod landlock;

use crate::failure::{Failure, Words, decimal};
use crate::mem::{self, Pointers};
use crate::start::Start;
use crate::supervise;
use crate::sys::{self, Errno, Report};
use crate::terminal::Terminal;
use boxwright_launcher::abi::{CLONE_NEWPID, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, EXIT_NOT_SET_UP};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{
    Argument, Assist, Call, Check, Cookie, Filter, Fork, Guard, Kind, Make, NONE, Netlink, Operation,
    Otherwise, Piece, Rule, Store, Strings, Success, Tally, Text, Then,
};
use boxwright_launcher::plan::{Entry, List, Plan, Section};
use core::sync::atomic::Ordering::SeqCst;

/// ENOENT.
const NOT_FOUND: u32 = 2;
/// `linux/netlink.h`: an answer that holds an errno, negative, or zero.
const NLMSG_ERROR: u32 = 2;

/// How far a launch is, as its processes tell each other.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// The program was executed: from here on the exit status is its own. Zero means that it was not yet.
    Executed = 1,
    /// An operation failed, and its process is about to say which.
    Failing,
    /// It has said so.
    Failed,
}

/// One process of a launch.
pub struct Launch {
    pub plan: Plan<'static>,
    pub start: Start,
    pub report: Option<&'static Report>,
    /// The child that this process forked last.
    pub child: Option<u32>,
    /// The control groups that this process has made and takes away: the sandbox's, and the launcher's own.
    pub cgroups: [Option<Make>; 2],
    /// Whether the child is the init of a new pid namespace.
    pub child_is_init: bool,
    /// What has prepared the end of the sandbox.
    pub guard: Option<Guard>,
    /// The terminal that the program shares with the caller.
    pub terminal: Option<Terminal>,
    /// When the launch began, by [`sys::clock`].
    pub began: u64,
    entry: Entry,
    /// Whether this process is a child of the one that the caller started.
    pub inside: bool,
    tally: Tally,
    pointers: Option<Pointers>,
    again: again::Again,
    /// What the filter asks execve for; zeros when it asks for nothing.
    cookie: [u32; Cookie::WORDS as usize],
}

/// What the loop does after an operation: how many to skip.
///
/// Functions of the loop that are never inlined get their operation by reference; inlined, its fields would be copied
/// into every arm, which costs the launcher hundreds of bytes.
type Outcome = Result<u32, Failure>;

/// Runs a plan.
pub fn launch(plan: Plan<'static>, start: Start) -> ! {
    mem::store(0, plan.section(Section::Arena));
    let entry = if sys::is_privileged() { Entry::Privileged } else { Entry::Unprivileged };
    let mut launch = Launch {
        plan,
        start,
        report: None,
        child: None,
        cgroups: [None; 2],
        child_is_init: false,
        guard: None,
        terminal: None,
        began: plan.status().map_or(0, |_| sys::clock()),
        entry,
        inside: false,
        tally: Tally::default(),
        pointers: None,
        again: again::Again::default(),
        cookie: [0; Cookie::WORDS as usize],
    };
    launch.run(plan.entry(entry))
}

impl Launch {
    fn run(&mut self, number: u16) -> ! {
        // The reader checked every list and operation; these defaults only spare a panic.
        let Some(List { mut first, .. }) = self.plan.list(number) else { sys::exit(EXIT_NOT_SET_UP) };
        let mut each = None;
        loop {
            let Some(operation) = self.plan.operation(first) else { sys::exit(EXIT_NOT_SET_UP) };
            self.remember(first, &operation);
            self.tally.count(&operation);
            match self.operation(first, &operation, each.take()) {
                Ok(skip) => {
                    if let Kind::Each(numbers) = operation.kind {
                        each = Some(numbers.set);
                    }
                    // Beginning again is a skip backwards.
                    first = first.wrapping_add(1).wrapping_add(skip);
                }
                Err(failure) => self.fail(first, failure),
            }
        }
    }

    #[inline(never)]
    fn operation(&mut self, index: u32, operation: &Operation, each: Option<u64>) -> Outcome {
        match &operation.kind {
            Kind::Call(call) => self.calls(call, each),
            Kind::Check(check) => self.check(index, check),
            Kind::Each(_) => Ok(0),
            Kind::Text(text) => self.text(text),
            Kind::Signals(signals) => {
                let numbers = (0..64).filter(|bit| signals.set >> bit & 1 == 1);
                numbers
                    .map(|bit| bit + 1)
                    .try_for_each(sys::reset_disposition)
                    .map_err(Failure::Errno)
                    .map(|()| 0)
            }
            Kind::Environment(environment) => self.environment(environment),
            Kind::Fork(fork) => self.fork(fork),
            Kind::Filter(filter) => self.filter(filter).map_err(Failure::Errno).map(|()| 0),
            Kind::Landlock(landlock) => self.landlock(landlock),
            Kind::Exec(exec) => Err(self.exec(exec.path)),
            Kind::Supervise(supervise) => supervise::supervise(self, supervise, index),
            Kind::Netlink(netlink) => self.netlink(netlink),
            Kind::Assist(assist) => self.assist(assist),
            Kind::Cgroup(cgroup) => self.cgroup(cgroup),
            Kind::Directory(directory) => self.directory(directory),
            Kind::Notify(notify) => self.notify(notify),
            Kind::Guard(guard) => self.prepare_end(index, guard),
            Kind::Terminal(terminal) => self.terminal(terminal, index).map_err(Failure::Errno).map(|()| 0),
        }
    }

    /// Makes a call once, or once for every number of the `each` before it.
    fn calls(&self, call: &Call, each: Option<u64>) -> Outcome {
        match each {
            None => self.call(call, 0),
            Some(set) => {
                (0..64)
                    .filter(|bit| set >> bit & 1 == 1)
                    .try_for_each(|bit| self.call(call, bit).map(|_| ()))?;
                Ok(0)
            }
        }
    }

    pub fn call(&self, call: &Call, each: usize) -> Outcome {
        let errno = match sys::execute(&self.plan, call, each) {
            None => return Err(Failure::Words(Words::Unset)),
            Some(Ok(result)) => return self.succeed(call, result, each),
            Some(Err(errno)) => errno,
        };
        refused(&call.rules, errno)
    }

    fn succeed(&self, call: &Call, result: u32, each: usize) -> Outcome {
        let complete = match call.success {
            Success::Zero => result == 0,
            Success::NonNegative => true,
            Success::Equals(argument) => {
                let argument = call.arguments.get(usize::from(argument)).copied();
                argument.and_then(|argument| sys::value(&self.plan, argument, each)) == Some(result as usize)
            }
        };
        if !complete {
            return Err(Failure::Words(Words::Incomplete));
        }
        if let Store::Word(offset) = call.result {
            mem::store(offset, &result.to_le_bytes());
        }
        Ok(call.skip.into())
    }

    fn check(&mut self, index: u32, check: &Check) -> Outcome {
        if check.holds(mem::load(check.offset)) {
            return Ok(0);
        }
        match check.otherwise {
            Otherwise::Fail(reason) => Err(Failure::Reason(reason)),
            Otherwise::Skip(count) => Ok(count.into()),
            Otherwise::SkipOptional(count) => {
                for skipped in index + 1..=index + u32::from(count) {
                    if let Some(operation) = self.plan.operation(skipped) {
                        self.tally.count(&operation);
                    }
                }
                Ok(count.into())
            }
        }
    }

    fn text(&self, text: &Text) -> Outcome {
        let mut length = 0;
        // The last byte of the room stays NUL: the arena starts with zeros there.
        let mut push = |part: &[u8]| {
            let at = length;
            length += part.len() as u32;
            if length < text.capacity && mem::store(text.offset + at, part) {
                Ok(())
            } else {
                Err(Failure::Words(Words::TooLong))
            }
        };
        for piece in 0..text.count {
            let at = text.pieces + piece * Piece::BYTES;
            match Piece::read(self.plan.blob_word(at), self.plan.blob_word(at + 4)) {
                Ok(Piece::Literal(string)) => push(self.plan.string(string))?,
                Ok(Piece::Decimal(slot)) => push(decimal(mem::load_word(slot).into(), &mut [0; 20]))?,
                Ok(Piece::Text(offset)) => self.copy(offset, &mut push)?,
                Err(_) => return Err(Failure::Words(Words::Unset)),
            }
        }
        mem::store(text.offset + length, &[0]);
        mem::store(text.length, &length.to_le_bytes());
        Ok(0)
    }

    /// Pushes a text of the arena, byte by byte, since the text that is being built is there too.
    fn copy(&self, offset: u32, push: &mut impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        if mem::byte(offset) == 0 {
            return Err(Failure::Words(Words::Unset));
        }
        (offset..).map(mem::byte).take_while(|&byte| byte != 0).try_for_each(|byte| push(&[byte]))
    }

    fn fork(&mut self, fork: &Fork) -> Outcome {
        if self.report.is_none() {
            self.report = Some(sys::share_report().map_err(Failure::Errno)?);
        }
        // Unset when the spec lets it be left out: only such an operation may be passed over on the way.
        let cgroup = fork.own_cgroup().map(mem::load_word).filter(|&cgroup| cgroup != NONE);
        match sys::fork(fork.flags, cgroup).map_err(Failure::Errno)? {
            Some((pid, pidfd)) => {
                self.child = Some(pidfd);
                self.child_is_init = fork.flags & CLONE_NEWPID != 0;
                mem::store(fork.pid, &pid.to_le_bytes());
                if self.inside {
                    // The init of a pid namespace ends it. The program has been forked, and inherits nothing of this.
                    sys::be_prompt();
                }
                Ok(0)
            }
            None => {
                self.inside = true;
                self.child = None;
                self.cgroups = [None; 2];
                self.run(fork.list)
            }
        }
    }

    /// Goes on in a child as well, which every later error is the parent's to tell of. `true` in the parent.
    pub fn fork_here(&mut self, pid: u32) -> Result<bool, Errno> {
        self.report = Some(sys::share_report()?);
        let forked = sys::fork(0, None)?;
        self.inside = forked.is_none();
        if let Some((number, pidfd)) = forked {
            self.child = Some(pidfd);
            mem::store(pid, &number.to_le_bytes());
        }
        Ok(forked.is_some())
    }

    #[inline(never)]
    fn assist(&mut self, assist: &Assist) -> Outcome {
        let launcher = sys::own_pid().map_err(Failure::Errno)?;
        if let Some((_, pidfd)) = sys::fork(0, None).map_err(Failure::Errno)? {
            return supervise::await_assistant(self.child, pidfd, assist.stays().is_some());
        }
        // What goes wrong from here on is for the launcher to say.
        self.inside = true;
        let Strings { blob, count } = assist.arguments;
        let mut pointers = sys::map_pointers(count as usize + 2).map_err(Failure::Errno)?;
        for index in 0..count {
            pointers.push(match self.plan.blob_word(blob + index * 4) {
                NONE => mem::arena_address(assist.text) as *const u8,
                string => self.plan.string(string).as_ptr(),
            });
        }
        pointers.begin_variables();
        if let Some(ready) = assist.stays() {
            let mut call = Call::new(number::dup2);
            call.arguments[0] = Argument::Slot(ready);
            self.call(&call, 0)?;
        }
        sys::leave_launch(launcher).map_err(Failure::Errno)?;
        let path = self.string_of(&assist.arguments, 0);
        Err(Failure::Errno(sys::execute_program(path, &pointers, &self.cookie)))
    }

    fn filter(&mut self, filter: &Filter) -> Result<(), Errno> {
        let length = filter.count as usize * Filter::INSTRUCTION_BYTES as usize;
        let blobs = self.plan.section(Section::Blobs);
        let program = blobs.get(filter.blob as usize..).and_then(|rest| rest.get(..length)).unwrap_or(&[]);
        let Cookie::Drawn(indices) = filter.cookie else {
            return sys::install_filter(program, filter.count, filter.flags);
        };
        self.cookie = sys::random()?;
        let copy = sys::map_bytes(length)?;
        copy.copy_from_slice(program);
        for (word, cookie) in (0..Cookie::WORDS).zip(self.cookie) {
            let index = self.plan.blob_word(indices + word * 4) as usize;
            // `k` is the second half of a `struct sock_filter`.
            if let Some(constant) = copy.get_mut(index * 8 + 4..index * 8 + 8) {
                constant.copy_from_slice(&cookie.to_le_bytes());
            }
        }
        sys::install_filter(copy, filter.count, filter.flags)
    }

    #[inline(never)]
    fn netlink(&self, netlink: &Netlink) -> Outcome {
        let blobs = self.plan.section(Section::Blobs);
        let message = blobs.get(netlink.blob as usize..).and_then(|rest| rest.get(..netlink.length.into()));
        mem::store(netlink.offset, message.unwrap_or(&[]));
        for patch in netlink.patches.iter().filter(|patch| patch.at != 0) {
            match mem::load_word(patch.slot) {
                u32::MAX => return Err(Failure::Words(Words::Unset)),
                word => mem::store(netlink.offset + u32::from(patch.at), &word.to_le_bytes()),
            };
        }
        let mut call = Call::new(number::write);
        call.success = Success::Equals(2);
        call.arguments[0] = Argument::Slot(netlink.socket);
        call.arguments[1] = Argument::Arena(netlink.offset);
        call.arguments[2] = Argument::Immediate(netlink.length.into());
        self.call(&call, 0)?;
        call.number = number::recvfrom;
        call.arguments[2] = Argument::Immediate(Netlink::ANSWER_BYTES);
        self.call(&call, 0)?;
        let word = |at| mem::load_word(netlink.offset + at);
        match (word(4) & 0xffff, netlink.keeps()) {
            (NLMSG_ERROR, index) => match word(16) {
                0 if index.is_none() => Ok(netlink.skip.into()),
                negative => refused(&[netlink.rule], negative.wrapping_neg()),
            },
            (_, Some(index)) if mem::store(index, &word(20).to_le_bytes()) => Ok(netlink.skip.into()),
            _ => Err(Failure::Words(Words::Incomplete)),
        }
    }

    fn exec(&self, path: u32) -> Failure {
        let Some(pointers) = self.pointers.filter(|_| self.tally == self.plan.promises(self.entry)) else {
            return Failure::Words(Words::Promise);
        };
        // Unless another process of the launch has failed meanwhile.
        if let Some(report) = self.report
            && report.state.compare_exchange(0, State::Executed as u32, SeqCst, SeqCst).is_err()
        {
            return Failure::Words(Words::Died);
        }
        Failure::Errno(sys::execute_program(self.plan.string(path), &pointers, &self.cookie))
    }

    /// The one place where errors are handled: nothing goes on after this.
    pub fn fail(&self, index: u32, failure: Failure) -> ! {
        let executing =
            matches!(self.plan.operation(index).map(|operation| operation.kind), Some(Kind::Exec(_)));
        let status = match failure {
            Failure::Errno(NOT_FOUND) if executing => EXIT_NOT_FOUND,
            Failure::Errno(_) if executing => EXIT_NOT_EXECUTABLE,
            _ => EXIT_NOT_SET_UP,
        };
        match self.report {
            Some(report) if self.inside => {
                // What fails after another process only follows from that.
                if report.state.fetch_max(State::Failing as u32, SeqCst) < State::Failing as u32 {
                    let [kind, value] = failure.encode();
                    report.operation.store(index, SeqCst);
                    report.failure[0].store(kind, SeqCst);
                    report.failure[1].store(value, SeqCst);
                    report.status.store(status.into(), SeqCst);
                    report.state.store(State::Failed as u32, SeqCst);
                }
                sys::exit(status)
            }
            _ => {
                // When another process failed first, what went wrong here only followed from it; and what fails from here on
                // follows from this.
                let (index, failure, status) =
                    self.report.and_then(supervise::reported).unwrap_or((index, failure, status));
                self.finish();
                if let Some(child) = self.child {
                    sys::kill_child(child);
                }
                self.end(status, None, false, Some((index, failure)))
            }
        }
    }
}

/// What comes of an errno.
fn refused(rules: &[Rule], errno: u32) -> Outcome {
    let rule = rules.iter().find(|rule| rule.errno != 0 && u32::from(rule.errno) == errno);
    match rule.map_or(Then::Fail, |rule| rule.then) {
        Then::Continue => Ok(0),
        Then::Skip(count) => Ok(count.into()),
        Then::Fail => Err(Failure::Errno(errno)),
    }
}
