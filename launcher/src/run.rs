//! The loop: one operation after the other, and the one place where their errors are handled.

use crate::failure::{self, Failure, Words, decimal};
use crate::mem::{self, Pointers};
use crate::start::Start;
use crate::supervise;
use crate::sys::{self, Errno, Report};
use boxwright_launcher::abi::{EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, EXIT_NOT_SET_UP};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{
    Action, Argument, Assist, Call, Check, Cookie, Directory, Environment, Filter, Fork, Kind, Landlock,
    Listen, Make, NONE, Netlink, Notify, Operation, Otherwise, Piece, Rule, Store, Strings, Success, Tally,
    Text, Then,
};
use boxwright_launcher::plan::{Entry, LARGEST_ARENA, List, Plan, Section};
use core::sync::atomic::Ordering::SeqCst;

/// ENOENT.
const NOT_FOUND: u32 = 2;
/// `linux/netlink.h`: an answer that holds an errno, negative, or zero.
const NLMSG_ERROR: u32 = 2;

/// EINVAL.
const INVALID: u32 = 22;
/// EBADFD.
const NO_PLACE: u32 = 77;

/// How many variables a service manager may say: three for its sockets, and three for its own.
const FROM_MANAGER: u32 = 6;

/// `linux/landlock.h`: LANDLOCK_RULE_PATH_BENEATH and LANDLOCK_RULE_NET_PORT.
const PATH_BENEATH: usize = 1;
const NET_PORT: usize = 2;

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
    /// When the launch began, by [`sys::clock`].
    pub began: u64,
    entry: Entry,
    /// Whether this process is a child of the one that the caller started.
    inside: bool,
    tally: Tally,
    pointers: Option<Pointers>,
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
        began: plan.status().map_or(0, |_| sys::clock()),
        entry,
        inside: false,
        tally: Tally::default(),
        pointers: None,
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
            self.tally.count(&operation);
            match self.operation(first, &operation, each.take()) {
                Ok(skip) => {
                    if let Kind::Each(numbers) = operation.kind {
                        each = Some(numbers.set);
                    }
                    first += 1 + skip;
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
        if byte(offset) == 0 {
            return Err(Failure::Words(Words::Unset));
        }
        (offset..).map(byte).take_while(|&byte| byte != 0).try_for_each(|byte| push(&[byte]))
    }

    #[inline(never)]
    fn directory(&self, directory: &Directory) -> Outcome {
        let &Directory { offset, capacity, beyond, optional, .. } = directory;
        let absent = Err(Failure::Reason(directory.absent));
        let name = self.plan.string(directory.variable);
        let path = self.start.variables.value(name).filter(|path| path.starts_with(b"/"));
        let entered = match path {
            _ if name.is_empty() => Ok(()),
            Some(path) => sys::enter(path),
            None if optional => return Ok(0),
            None => return absent,
        };
        match (entered, path) {
            (Err(_), Some(path)) if optional => {
                // Longer than any path it is nobody's directory.
                if path.len() >= capacity as usize || !mem::store(offset, path) {
                    return Ok(0);
                }
            }
            (entered, _) => {
                entered.and_then(|()| sys::working_directory(offset, capacity)).map_err(Failure::Errno)?;
            }
        }
        // Outside of the process's root a path begins otherwise (getcwd(2)).
        if byte(offset) != b'/' {
            return absent;
        }
        let is_root = byte(offset + 1) == 0;
        if is_root && directory.not_root || beyond != NONE && is_within(offset, beyond) {
            return Err(Failure::Reason(directory.refused));
        }
        Ok(0)
    }

    #[inline(never)]
    fn environment(&mut self, environment: &Environment) -> Outcome {
        // The first of the launcher's own arguments is its name.
        let own = self.start.arguments.count().saturating_sub(1);
        if own > 0 && !environment.append {
            return Err(Failure::Words(Words::Arguments));
        }
        let Environment { arguments, variables, passed, .. } = environment;
        // A null pointer ends each of the two arrays.
        let capacity = (arguments.count + variables.count + passed.count + FROM_MANAGER) as usize + own + 2;
        let mut pointers = sys::map_pointers(capacity).map_err(Failure::Errno)?;
        self.push(&mut pointers, arguments);
        for index in 1..=own {
            pointers.push(self.start.arguments.get(index).unwrap_or(core::ptr::null()));
        }
        pointers.begin_variables();
        self.push(&mut pointers, variables);
        for index in 0..passed.count {
            self.pass(&mut pointers, self.string_of(passed, index));
        }
        if let Some(listen) = &environment.listen {
            self.listen(&mut pointers, listen)?;
        }
        self.pointers = Some(pointers);
        Ok(0)
    }

    /// Passes a variable on when the launcher has it.
    #[inline(never)]
    fn pass(&self, pointers: &mut Pointers, name: &[u8]) {
        let variables = &self.start.variables;
        if let Some(variable) = variables.position(name).and_then(|index| variables.get(index)) {
            pointers.push(variable);
        }
    }

    /// Keeps the sockets that are meant for this process.
    fn listen(&self, pointers: &mut Pointers, listen: &Listen) -> Result<(), Failure> {
        let value = |name: &[u8]| self.start.variables.value(name);
        let own = sys::own_pid().map_err(Failure::Errno)?;
        let mut end = Listen::START;
        if value(b"LISTEN_PID=").and_then(number) == Some(own)
            && let Some(count) = value(b"LISTEN_FDS=")
        {
            let count = number(count).filter(|count| (1..=Listen::MOST).contains(count));
            end += count.ok_or(Failure::Reason(listen.malformed))?;
            for descriptor in Listen::START..end {
                if sys::is_directory(descriptor).map_err(Failure::Errno)? {
                    return Err(Failure::Reason(listen.directory));
                }
            }
            self.pass(pointers, b"LISTEN_FDS=");
            self.pass(pointers, b"LISTEN_FDNAMES=");
            pointers.push(mem::arena_address(listen.text) as *const u8);
        }
        mem::store(listen.end, &end.to_le_bytes());
        Ok(())
    }

    /// Passes on how the service manager is told of the program, and how often.
    #[inline(never)]
    fn notify(&mut self, notify: &Notify) -> Outcome {
        let Some(mut pointers) = self.pointers else { return Err(Failure::Words(Words::Unset)) };
        let value = |name: &[u8]| self.start.variables.value(name);
        let Some(socket) = value(b"NOTIFY_SOCKET=") else { return Ok(0) };
        let has_path = socket.starts_with(b"/") && socket.len() < Notify::ROOM as usize;
        match notify.elsewhere().filter(|_| has_path) {
            Some(variable) => pointers.push(self.plan.string(variable).as_ptr()),
            None if has_path || notify.by_name && socket.starts_with(b"@") => {
                self.pass(&mut pointers, b"NOTIFY_SOCKET=");
            }
            None => return Err(Failure::Reason(notify.refused)),
        }
        if has_path {
            mem::store(notify.socket, socket);
        }
        // Without a pid it is for whoever asks (sd_watchdog_enabled(3)).
        let watched = value(b"WATCHDOG_PID=").map(number);
        let own = sys::own_pid().map_err(Failure::Errno)?;
        if watched.is_none_or(|pid| pid == Some(own)) {
            self.pass(&mut pointers, b"WATCHDOG_USEC=");
            if watched.is_some() {
                pointers.push(mem::arena_address(notify.watchdog) as *const u8);
            }
        }
        self.pointers = Some(pointers);
        Ok(0)
    }

    #[inline(never)]
    fn push(&self, pointers: &mut Pointers, strings: &Strings) {
        for index in 0..strings.count {
            pointers.push(self.string_of(strings, index).as_ptr());
        }
    }

    /// A string of a list.
    #[inline(never)]
    fn string_of(&self, strings: &Strings, index: u32) -> &'static [u8] {
        self.plan.string(self.plan.blob_word(strings.blob + index * 4))
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
                mem::store(fork.pid, &pid.to_le_bytes());
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
    fn landlock(&self, landlock: &Landlock) -> Outcome {
        let row = landlock.row(&self.plan, mem::load_word(landlock.abi));
        if row.handled == [0; 3] {
            return Ok(0);
        }
        let slot = |slot| match mem::load_word(slot) {
            u32::MAX => Err(Failure::Words(Words::Unset)),
            word => Ok(word),
        };
        if landlock.action == Action::Create {
            let ruleset = sys::create_ruleset(&row.handled).map_err(Failure::Errno)?;
            mem::store(landlock.ruleset, &ruleset.to_le_bytes());
            return Ok(0);
        }
        let ruleset = slot(landlock.ruleset)?;
        let [files, ports, _] = row.handled;
        match landlock.action {
            Action::Slot(descriptor, rights) => allow_beneath(ruleset, slot(descriptor)?, rights & files),
            Action::Descriptor(number, rights) => allow_beneath(ruleset, number, rights & files),
            Action::Port(port, rights) if rights & ports != 0 => {
                sys::add_rule(ruleset, NET_PORT, rights & ports, port)
            }
            Action::Restrict => sys::restrict_self(ruleset, row.flags),
            Action::Create | Action::Port(..) => Ok(()),
        }
        .map_err(Failure::Errno)
        .map(|()| 0)
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
                if let Some(child) = self.child {
                    sys::kill_child(child);
                }
                // When the child failed first, what went wrong here only followed from it.
                let (index, failure, status) =
                    self.report.and_then(supervise::reported).unwrap_or((index, failure, status));
                failure::print(&self.plan, index, failure);
                self.end(status, None, false)
            }
        }
    }
}

/// Rights of directories mean nothing to a file, and none mean anything to what is nowhere in the tree, such as a pipe.
fn allow_beneath(ruleset: u32, descriptor: u32, rights: u64) -> Result<(), Errno> {
    let allow = |rights| match rights {
        0 => Ok(()),
        _ => sys::add_rule(ruleset, PATH_BENEATH, rights, descriptor),
    };
    match allow(rights) {
        Err(INVALID) => allow(rights & Landlock::FILE),
        Err(NO_PLACE) => Ok(()),
        result => result,
    }
}

/// The byte at an offset of the arena.
#[inline(never)]
fn byte(offset: u32) -> u8 {
    mem::load(offset) as u8
}

/// Whether a directory is another one or in it: paths of the arena, without symlinks.
fn is_within(path: u32, directory: u32) -> bool {
    let differs =
        (0..LARGEST_ARENA).find(|at| byte(path + at) != byte(directory + at) || byte(path + at) == 0);
    // A path without a byte is none that was found.
    differs.is_some_and(|at| at > 0 && byte(directory + at) == 0 && matches!(byte(path + at), 0 | b'/'))
}

/// A decimal number, strictly.
#[inline(never)]
fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
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
