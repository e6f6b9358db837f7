//! What must hold of a plan's lists before the first call: pointers, slots, skips, order, flow and promises.

use super::operation::{
    Action, Argument, Assist, Call, Cgroup, Cookie, Directory, Ending, Environment, Filter, Fork, Guard,
    Kind, Landlock, Make, NONE, Netlink, Notify, Operation, Otherwise, Piece, Promise, RECORD_BYTES, Role,
    Row, Store, Strings, Success, Supervise, Tally, Terminal, Text, Then,
};
use super::{Entry, List, MOST_OPERATIONS, PROVENANCE_BYTES, Plan, Reason, Refusal, Section};
use crate::arch::number;
use core::cell::Cell;

/// How deep lists may fork: the caller's side, the first process inside, the program.
pub const LARGEST_DEPTH: u8 = 4;

/// The only system calls that a `call` may make. Others are operations of their own, where the launcher builds the arguments,
/// or could change the launcher's own memory, code or control flow.
pub const PERMITTED_CALLS: &[u16] = number::PERMITTED;

/// The only request of ioctl(2) that a plan may make (SIOCSIFFLAGS): the structs of others hold addresses.
pub const PERMITTED_REQUESTS: [Argument; 1] = [Argument::Immediate(0x8914)];

/// The most words of an arena that hold slots: those that a list may use are tracked one bit each.
const SLOT_WORDS: usize = super::LARGEST_ARENA as usize / 4;

/// The most operations, strings and pieces that one way may look at: reading a plan takes no more than a moment.
const MOST_LOOKS: u32 = 8 * MOST_OPERATIONS;

/// So many bytes of a text that the launcher walks are one look.
const BYTES_OF_A_LOOK: usize = 64;

/// Which words of the arena an earlier operation stores.
#[derive(Clone)]
struct Slots([u64; SLOT_WORDS / 64]);

/// The walk along one way from an entry to the program.
struct Walk<'p, 'a> {
    plan: &'p Plan<'a>,
    tally: Tally,
    programs: u8,
    /// How much it has looked at: a list that many forks name is walked as often, and many operations may name one list of
    /// strings or skip the same others.
    looked: Cell<u32>,
}

impl Slots {
    fn define(&mut self, offset: u32) {
        if let Some(word) = self.0.get_mut(offset as usize / 256) {
            *word |= 1 << (offset / 4 % 64);
        }
    }

    fn defines(&self, offset: u32) -> bool {
        offset.is_multiple_of(4)
            && self.0.get(offset as usize / 256).is_some_and(|word| word >> (offset / 4 % 64) & 1 == 1)
    }
}

impl Plan<'_> {
    /// Everything that [`Plan::read`] promises beyond the header and the section table.
    pub(super) fn verify(&self) -> Result<(), Refusal> {
        self.verify_shapes()?;
        for entry in [Entry::Privileged, Entry::Unprivileged] {
            let mut walk = Walk { plan: self, tally: Tally::default(), programs: 0, looked: Cell::new(0) };
            walk.list(self.entry(entry), 0, 0, &mut Slots([0; SLOT_WORDS / 64]))?;
            let refusal = |reason| Err(Refusal { offset: super::field::ENTRIES, reason });
            if walk.programs != 1 {
                return refusal(Reason::Flow);
            }
            if walk.tally != self.promises(entry) {
                return refusal(Reason::Promise);
            }
        }
        Ok(())
    }

    fn verify_shapes(&self) -> Result<(), Refusal> {
        let refuse =
            |section: Section, reason| Err(Refusal { offset: self.sections.range(section).start, reason });
        let strings = self.section(Section::Strings);
        if strings.last() != Some(&0) {
            return refuse(Section::Strings, Reason::Shape);
        }
        if self.section(Section::Arena).len() > self.arena() as usize {
            return refuse(Section::Arena, Reason::Shape);
        }
        if self.section(Section::Provenance).len() != PROVENANCE_BYTES {
            return refuse(Section::Provenance, Reason::Shape);
        }
        if self.operations() > MOST_OPERATIONS {
            return refuse(Section::Operations, Reason::Shape);
        }
        // Their records begin with so many strings.
        for (section, count) in [(Section::Origins, 2), (Section::Notes, 1), (Section::Provenance, 3)] {
            for record in self.section(section).chunks_exact(section.unit()) {
                if (0..count).any(|index| super::word(record, 4 * index) as usize >= strings.len()) {
                    return refuse(section, Reason::Pointer);
                }
            }
        }
        self.verify_operations()
    }

    /// Every operation is one that a writer makes and every list ends, even those that no entry leads to.
    fn verify_operations(&self) -> Result<(), Refusal> {
        let start = self.sections.range(Section::Operations).start;
        for index in 0..self.operations() {
            let refuse = |reason| Err(Refusal { offset: start + index as usize * RECORD_BYTES, reason });
            let Some(operation) = self.operation(index) else {
                return refuse(Reason::Operation);
            };
            if usize::from(operation.origin) >= self.section(Section::Origins).len() / super::Origin::BYTES {
                return refuse(Reason::Pointer);
            }
        }
        let mut next = 0;
        for number in 0..self.lists() {
            let refusal = Refusal {
                offset: self.sections.range(Section::Lists).start + usize::from(number) * 8,
                reason: Reason::List,
            };
            // Lists follow each other without gaps, so no operation stands outside a list or in two.
            let list =
                self.list(number).filter(|list| list.first == next && list.count > 0).ok_or(refusal)?;
            next = list.first.checked_add(list.count).ok_or(refusal)?;
            for index in list.first..next {
                let ends = self.operation(index).ok_or(refusal)?.ends_list();
                if ends != (index + 1 == next) {
                    return Err(refusal);
                }
            }
        }
        if next == self.operations() { Ok(()) } else { Err(Refusal { offset: start, reason: Reason::List }) }
    }
}

impl Walk<'_, '_> {
    /// Follows a list; `phase` is the phase that it starts in, `slots` what is stored by then.
    fn list(&mut self, number: u16, depth: u8, mut phase: u8, slots: &mut Slots) -> Result<(), Refusal> {
        let refusal = Refusal { offset: super::field::ENTRIES, reason: Reason::Flow };
        let list = self.plan.list(number).filter(|_| depth < LARGEST_DEPTH).ok_or(refusal)?;
        // What is executed before the fork that leads to the program counts for the child too; the parent's later operations
        // do not, and those of other children never.
        let mut forked = false;
        let mut each = false;
        for index in list.first..list.first + list.count {
            let start = self.plan.sections.range(Section::Operations).start;
            let refuse = |reason| Err(Refusal { offset: start + index as usize * RECORD_BYTES, reason });
            let Some(operation) = self.plan.operation(index) else {
                return refuse(Reason::Operation);
            };
            if operation.phase < phase {
                return refuse(Reason::Phase);
            }
            phase = operation.phase;
            if let Err(reason) =
                self.look(1).and_then(|()| self.operation(&operation, list, index, each, slots))
            {
                return refuse(reason);
            }
            each = matches!(operation.kind, Kind::Each(_));
            if !forked {
                self.tally.count(&operation);
            }
            match operation.kind {
                Kind::Fork(fork) => {
                    if forked {
                        return refuse(Reason::Flow);
                    }
                    let (tally, programs) = (self.tally, self.programs);
                    self.list(fork.list, depth + 1, phase, &mut slots.clone())?;
                    forked = self.programs > programs;
                    if !forked {
                        self.tally = tally;
                    }
                }
                Kind::Exec(_) => self.programs = self.programs.saturating_add(1),
                Kind::Supervise(supervise) if forked == (supervise.role == Role::Holder) => {
                    return refuse(Reason::Flow);
                }
                // Beside a child, by the one who may do what no process of the sandbox may.
                Kind::Assist(_) | Kind::Guard(_) if !forked || depth > 0 => return refuse(Reason::Flow),
                // By the caller's own process.
                Kind::Terminal(_) if forked || depth > 0 => return refuse(Reason::Flow),
                // By the one who is there at the end and takes them away.
                Kind::Cgroup(_) if forked || depth > 0 => return refuse(Reason::Flow),
                _ => {}
            }
        }
        Ok(())
    }

    fn look(&self, count: u32) -> Result<(), Reason> {
        let looked = self.looked.get().saturating_add(count);
        self.looked.set(looked);
        if looked <= MOST_LOOKS { Ok(()) } else { Err(Reason::Flow) }
    }

    #[inline(never)]
    fn operation(
        &self,
        operation: &Operation,
        list: List,
        index: u32,
        each: bool,
        slots: &mut Slots,
    ) -> Result<(), Reason> {
        // The last operation ends the list, so a skip that stays inside it always leaves one to go on with.
        let left = list.first + list.count - index - 1;
        let within = |count: u32| if count < left || count == 0 { Ok(()) } else { Err(Reason::Skip) };
        // Only what the spec declared optional may pass over an operation that keeps a promise.
        let skip = |count: u32| {
            within(count)?;
            self.look(count)?;
            let keeps =
                |at| self.plan.operation(at).is_none_or(|operation| operation.promise != Promise::None);
            if (index + 1..=index + count).any(keeps) {
                return Err(Reason::Promise);
            }
            // A repetition without its numbers would be one call with 0.
            let last = self.plan.operation(index + count).map(|operation| operation.kind);
            if count > 0 && matches!(last, Some(Kind::Each(_))) { Err(Reason::Skip) } else { Ok(()) }
        };
        if each && !matches!(operation.kind, Kind::Call(_)) {
            return Err(Reason::Skip);
        }
        match &operation.kind {
            Kind::Call(call) => {
                skip(call.skip.into())?;
                for rule in call.rules {
                    if let Then::Skip(count) = rule.then {
                        skip(count.into())?;
                    }
                }
                self.call(call, each, slots)
            }
            Kind::Check(check) => {
                self.arena(check.offset, 8)?;
                match check.otherwise {
                    Otherwise::Fail(reason) => self.string(reason),
                    Otherwise::Skip(count) => skip(count.into()),
                    Otherwise::SkipOptional(count) => within(count.into()),
                }
            }
            Kind::Each(_) | Kind::Signals(_) => Ok(()),
            Kind::Text(text) => self.text(text, slots),
            Kind::Environment(environment) => self.environment(environment, slots),
            Kind::Fork(fork) => self.fork(fork, slots),
            Kind::Filter(filter) => self.filter(filter),
            Kind::Landlock(landlock) => self.landlock(landlock, slots),
            Kind::Exec(exec) => self.string(exec.path),
            Kind::Supervise(Supervise { role: Role::Holder, .. }) => Ok(()),
            Kind::Supervise(supervise) => {
                self.ending(supervise)?;
                if supervise.channel != 0 {
                    self.slot(supervise.channel, slots)?;
                    self.slot(supervise.channel.saturating_add(4), slots)?;
                }
                self.slot(supervise.pid, slots)
            }
            Kind::Netlink(netlink) => {
                skip(netlink.skip.into())?;
                if let Then::Skip(count) = netlink.rule.then {
                    skip(count.into())?;
                }
                self.netlink(netlink, slots)
            }
            Kind::Assist(assist) => {
                assist.stays().map_or(Ok(()), |ready| self.slot(ready, slots))?;
                self.assist(assist)
            }
            Kind::Cgroup(cgroup) => self.cgroup(cgroup, slots),
            Kind::Directory(directory) => self.directory(directory, slots),
            Kind::Notify(notify) => self.notify(notify),
            Kind::Guard(guard) => self.guard(guard, slots),
            Kind::Terminal(Terminal::Leave { pid, parent }) => {
                self.store(*pid, slots)?;
                self.store(*parent, slots)
            }
            Kind::Terminal(Terminal::Share { path }) => self.arena(*path, Terminal::PATH_ROOM),
        }
    }

    #[inline(never)]
    fn call(&self, call: &Call, each: bool, slots: &mut Slots) -> Result<(), Reason> {
        let request = call.number != number::ioctl || PERMITTED_REQUESTS.contains(&call.arguments[1]);
        if !PERMITTED_CALLS.contains(&call.number) || !request {
            return Err(Reason::Call);
        }
        let mut uses_each = false;
        for argument in call.arguments {
            match argument {
                Argument::Zero | Argument::Immediate(_) => {}
                Argument::String(offset) => self.string(offset)?,
                Argument::Blob(offset) => self.blob(offset, 0)?,
                Argument::Arena(offset) => self.arena(offset, 0)?,
                Argument::Slot(offset) => self.slot(offset, slots)?,
                Argument::Each => uses_each = true,
            }
        }
        if uses_each != each || (each && call.skip != 0) {
            return Err(Reason::Skip);
        }
        if matches!(call.success, Success::Equals(argument) if argument > 5) {
            return Err(Reason::Operation);
        }
        match call.result {
            Store::Nothing => Ok(()),
            Store::Word(offset) => self.store(offset, slots),
            Store::Pair(offset) => {
                self.store(offset, slots)?;
                self.store(offset.saturating_add(4), slots)
            }
        }
    }

    fn text(&self, text: &Text, slots: &mut Slots) -> Result<(), Reason> {
        self.blob(text.pieces, u64::from(text.count) * u64::from(Piece::BYTES))?;
        self.look(text.count)?;
        for index in 0..text.count {
            let at = text.pieces + index * Piece::BYTES;
            let piece = Piece::read(self.plan.blob_word(at), self.plan.blob_word(at + 4));
            match piece.map_err(|_| Reason::Operation)? {
                Piece::Literal(string) => self.walked(string)?,
                Piece::Decimal(slot) | Piece::Text(slot) => self.slot(slot, slots)?,
            }
        }
        if text.capacity == 0 {
            return Err(Reason::Pointer);
        }
        self.arena(text.offset, text.capacity)?;
        self.store(text.length, slots)
    }

    fn environment(&self, environment: &Environment, slots: &mut Slots) -> Result<(), Reason> {
        if environment.arguments.count == 0 {
            return Err(Reason::Operation);
        }
        for Strings { blob, count } in [environment.arguments, environment.variables, environment.passed] {
            self.blob(blob, u64::from(count) * 4)?;
            self.look(count)?;
            for index in 0..count {
                self.walked(self.plan.blob_word(blob + index * 4))?;
            }
        }
        let Some(listen) = environment.listen else { return Ok(()) };
        self.string(listen.malformed)?;
        self.string(listen.directory)?;
        self.arena(listen.text, 0)?;
        self.store(listen.end, slots)
    }

    fn notify(&self, notify: &Notify) -> Result<(), Reason> {
        notify.elsewhere().map_or(Ok(()), |variable| self.string(variable))?;
        self.string(notify.refused)?;
        self.string(notify.stream)?;
        self.arena(notify.socket, Notify::ROOM)?;
        self.arena(notify.watchdog, 0)
    }

    fn ending(&self, supervise: &Supervise) -> Result<(), Reason> {
        let origins = self.plan.section(Section::Origins).len() / super::Origin::BYTES;
        if supervise.ending.is_some_and(|ending| usize::from(ending.origin) >= origins) {
            return Err(Reason::Pointer);
        }
        supervise.grace().map_or(Ok(()), |timer| self.blob(timer, Ending::TIMER_BYTES))
    }

    fn directory(&self, directory: &Directory, slots: &mut Slots) -> Result<(), Reason> {
        self.walked(directory.variable)?;
        self.string(directory.absent)?;
        self.string(directory.refused)?;
        if directory.beyond != NONE {
            self.slot(directory.beyond, slots)?;
        }
        if directory.capacity == 0 || !directory.offset.is_multiple_of(4) {
            return Err(Reason::Pointer);
        }
        self.arena(directory.offset, directory.capacity)?;
        // A text is used like a slot: empty, as the arena starts there, it is "unset".
        slots.define(directory.offset);
        Ok(())
    }

    fn assist(&self, Assist { arguments: Strings { blob, count }, text, .. }: &Assist) -> Result<(), Reason> {
        self.blob(*blob, u64::from(*count) * 4)?;
        self.look(*count)?;
        for index in 0..*count {
            match self.plan.blob_word(blob + index * 4) {
                NONE => self.arena(*text, 0)?,
                string => self.walked(string)?,
            }
        }
        // The path is not the caller's to choose: neither its working directory nor what is built at launch.
        let first = self.plan.section(Section::Strings).get(self.plan.blob_word(*blob) as usize);
        if *count > 0 && first == Some(&b'/') { Ok(()) } else { Err(Reason::Operation) }
    }

    fn filter(&self, filter: &Filter) -> Result<(), Reason> {
        self.blob(filter.blob, u64::from(filter.count) * u64::from(Filter::INSTRUCTION_BYTES))?;
        if let Cookie::Drawn(indices) = filter.cookie {
            self.blob(indices, u64::from(Cookie::WORDS) * 4)?;
            for index in 0..Cookie::WORDS {
                if self.plan.blob_word(indices + index * 4) >= filter.count.into() {
                    return Err(Reason::Pointer);
                }
            }
        }
        Ok(())
    }

    fn landlock(&self, landlock: &Landlock, slots: &mut Slots) -> Result<(), Reason> {
        self.blob(landlock.rows, u64::from(landlock.count) * u64::from(Row::BYTES))?;
        self.slot(landlock.abi, slots)?;
        if landlock.action == Action::Create {
            return self.store(landlock.ruleset, slots);
        }
        if let Action::Slot(slot, _) = landlock.action {
            self.slot(slot, slots)?;
        }
        self.slot(landlock.ruleset, slots)
    }

    fn cgroup(&self, cgroup: &Cgroup, slots: &mut Slots) -> Result<(), Reason> {
        match *cgroup {
            Cgroup::Own { text, length } => {
                self.arena(text, Make::ROOM)?;
                self.slot(length, slots)
            }
            Cgroup::Make(Make { parent, name, directory, controllers, text, .. }) => {
                self.arena(text, Make::ROOM)?;
                self.slot(parent, slots)?;
                self.walked(name)?;
                self.walked(controllers)?;
                self.store(directory, slots)
            }
        }
    }

    fn fork(&self, fork: &Fork, slots: &mut Slots) -> Result<(), Reason> {
        fork.own_cgroup().map_or(Ok(()), |cgroup| self.slot(cgroup, slots))?;
        self.store(fork.pid, slots)
    }

    fn guard(&self, guard: &Guard, slots: &mut Slots) -> Result<(), Reason> {
        self.slot(guard.inside, slots)?;
        self.slot(guard.outside, slots)?;
        self.store(guard.process, slots)?;
        self.store(guard.reserve, slots)
    }

    fn netlink(&self, netlink: &Netlink, slots: &mut Slots) -> Result<(), Reason> {
        self.slot(netlink.socket, slots)?;
        self.blob(netlink.blob, netlink.length.into())?;
        self.arena(netlink.offset, u32::from(netlink.length).max(Netlink::ANSWER_BYTES))?;
        for patch in netlink.patches.iter().filter(|patch| patch.at != 0) {
            if u32::from(patch.at) + 4 > netlink.length.into() {
                return Err(Reason::Pointer);
            }
            self.slot(patch.slot, slots)?;
        }
        netlink.keeps().map_or(Ok(()), |index| self.store(index, slots))
    }

    fn string(&self, offset: u32) -> Result<(), Reason> {
        let length = self.plan.section(Section::Strings).len();
        if (offset as usize) < length { Ok(()) } else { Err(Reason::Pointer) }
    }

    /// A text that the launcher does not leave to the kernel: many operations may name one that is long.
    fn walked(&self, offset: u32) -> Result<(), Reason> {
        self.string(offset)?;
        let looks = self.plan.string(offset).len() / BYTES_OF_A_LOOK;
        self.look(u32::try_from(looks).unwrap_or(MOST_LOOKS))
    }

    fn blob(&self, offset: u32, bytes: u64) -> Result<(), Reason> {
        let length = self.plan.section(Section::Blobs).len() as u64;
        if u64::from(offset) + bytes <= length { Ok(()) } else { Err(Reason::Pointer) }
    }

    fn arena(&self, offset: u32, bytes: u32) -> Result<(), Reason> {
        let end = u64::from(offset) + u64::from(bytes);
        if end <= u64::from(self.plan.arena()) { Ok(()) } else { Err(Reason::Pointer) }
    }

    fn slot(&self, offset: u32, slots: &Slots) -> Result<(), Reason> {
        if slots.defines(offset) { Ok(()) } else { Err(Reason::Slot) }
    }

    fn store(&self, offset: u32, slots: &mut Slots) -> Result<(), Reason> {
        if offset == NONE || !offset.is_multiple_of(4) {
            return Err(Reason::Slot);
        }
        // Eight bytes: a check looks at so many wherever it looks.
        self.arena(offset, 8)?;
        // What stores it may be skipped: it must be "unset" by then, and never descriptor 0.
        if super::word(self.plan.section(Section::Arena), offset as usize) != u32::MAX {
            return Err(Reason::Slot);
        }
        slots.define(offset);
        Ok(())
    }
}
