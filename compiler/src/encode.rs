//! Steps to bytes: strings, blobs, slots and buffers get their offsets, equal lists are stored once.

use crate::diagnostic::visible;
use crate::lower::{
    Act, Buffer, Call, Else, Ending, Keep, Landlock, PATH_MAX, Part, Place, Program, Slot, Step, Value,
};
use crate::policy::{Kernel, RunDirectory};
use crate::source::{Source, Span};
use boxwright_launcher::plan::operation::{
    self, Action, Argument, Assist, Cgroup, Check, Cookie, Directory, Each, Environment, Exec, Filter, Fork,
    Guard, Kind, Listen, Make, NONE, Netlink, Notify, Operation, Otherwise, Patch, Piece, Promise, Role, Row,
    Rule, Signals, Store, Strings, Supervise, Terminal, Text, Then,
};
use boxwright_launcher::plan::write::{Draft, Sources};
use boxwright_launcher::plan::{LARGEST_ARENA, Plan, Reason, Refusal};
use std::collections::BTreeMap;
use std::fmt;

/// Room for a text: a path of /proc, or the longest id map that the kernel takes in one write (user_namespaces(7)).
const TEXT_BYTES: u32 = PATH_MAX;
/// Room for `WATCHDOG_PID=` and a number.
const WATCHDOG_BYTES: u32 = 32;
/// Slots grow towards the buffers: what a service manager says, the path of a terminal, three words for limits, and texts.
const SLOTS_END: u32 = LIMITS - Notify::ROOM.next_multiple_of(8) - WATCHDOG_BYTES - Terminal::PATH_ROOM;
const LIMITS: u32 = LARGEST_ARENA - 4 * TEXT_BYTES - 24;
/// Room for an answer: the largest is a `struct statx`.
const ANSWER_BYTES: u32 = 256;

/// A plan that would break a limit of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unencodable(Refusal);

/// The tables that are filled on the way.
struct Encoder<'a> {
    source: &'a Source,
    /// The sandbox's name.
    sandbox: &'a str,
    draft: Draft,
    slots: BTreeMap<Slot, u32>,
    next: u32,
}

/// One list before it has a number: its operations, and its notes by operation.
type Encoded = (Vec<Operation>, Vec<(u32, u32, String)>);

impl fmt::Display for Unencodable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { offset, reason } = self.0;
        match reason {
            Reason::Pointer | Reason::Shape | Reason::Length | Reason::Slot => {
                write!(
                    formatter,
                    "the sandbox is too large for one plan: {} at byte {offset}",
                    reason.words()
                )
            }
            _ => write!(formatter, "the plan would be refused: {} at byte {offset}", reason.words()),
        }
    }
}

impl std::error::Error for Unencodable {}

/// The bytes of a plan, read back by the reader that the launcher uses.
pub fn encode(
    program: &Program,
    kernel: Kernel,
    source: &Source,
    sources: &Sources,
) -> Result<Vec<u8>, Unencodable> {
    let mut encoder = Encoder {
        source,
        sandbox: sources.name,
        draft: Draft::default(),
        slots: BTreeMap::new(),
        next: ANSWER_BYTES,
    };
    encoder.draft.status = program.status.unwrap_or(0);
    encoder.draft.entries = [encoder.list(&program.privileged), encoder.list(&program.unprivileged)];
    encoder.draft.kernel = u32::from(kernel.major) << 16 | u32::from(kernel.minor);
    let bytes = encoder.finish(sources);
    Plan::read(&bytes).map_err(Unencodable)?;
    Ok(bytes)
}

impl Encoder<'_> {
    /// Encodes a list, children first, and gives it a number: that of an equal one when there is one.
    fn list(&mut self, steps: &[Step]) -> u16 {
        let (operations, notes) = self.steps(steps);
        if let Some(known) = self.draft.lists.iter().position(|list| *list == operations) {
            return index16(known);
        }
        let number = index16(self.draft.lists.len());
        self.draft.lists.push(operations);
        for (at, errno, text) in notes {
            self.draft.note(number, at, errno, &text);
        }
        number
    }

    fn steps(&mut self, steps: &[Step]) -> Encoded {
        let (mut operations, mut notes) = (Vec::new(), Vec::new());
        for step in steps {
            let origin = self.origin(&step.words, step.span);
            let mut alternatives = 0_u16;
            for act in &step.acts {
                let at = index32(operations.len());
                // One of two alternatives is passed over: neither is what keeps the promise.
                let promise = if alternatives > 0 { Promise::None } else { step.promise };
                alternatives = alternatives.saturating_sub(1).max(skips(act));
                if matches!(
                    act,
                    Act::Call(_)
                        | Act::Fork { .. }
                        | Act::Exec(_)
                        | Act::Filter(_)
                        | Act::Landlock { .. }
                        | Act::Assist { .. }
                        | Act::MakeCgroup { .. }
                        | Act::Environment { .. }
                        | Act::Directory { .. }
                        | Act::Notify { .. }
                        | Act::Guard { .. }
                        | Act::LeaveSession
                        | Act::ShareTerminal
                        | Act::Netlink { .. }
                ) {
                    notes.extend(step.notes.iter().map(|(errno, text)| (at, *errno, text.clone())));
                }
                let kind = self.act(act);
                operations.push(Operation { phase: step.phase as u8, promise, origin, kind });
            }
        }
        (operations, notes)
    }

    fn origin(&mut self, words: &str, span: Span) -> u16 {
        let place = self.source.line_column(span.start);
        let (line, column) = (index32(place.line), index32(place.column));
        // A launcher prints them as they are.
        let file = self.source.sealed_name(span.start, self.sandbox);
        self.draft.origin(&visible(words), &visible(&file), line, column)
    }

    fn act(&mut self, act: &Act) -> Kind {
        match act {
            Act::Call(call) => Kind::Call(self.call(call)),
            Act::Check { place, mask, comparison, value, otherwise } => Kind::Check(Check {
                offset: self.place(*place),
                mask: *mask,
                comparison: *comparison,
                value: *value,
                otherwise: match otherwise {
                    Else::Fail(words) => Otherwise::Fail(self.draft.string(words)),
                    Else::Skip(acts) => Otherwise::Skip(*acts),
                    Else::SkipOptional(acts) => Otherwise::SkipOptional(*acts),
                },
            }),
            Act::Each(set) => Kind::Each(Each { set: *set }),
            Act::Text(parts) => Kind::Text(self.text(parts, Buffer::Text, TEXT_BYTES)),
            Act::NameWatched(parts) => Kind::Text(self.text(parts, Buffer::Watchdog, WATCHDOG_BYTES)),
            Act::Notify { elsewhere, by_name, refused, stream } => Kind::Notify(Notify {
                by_name: *by_name,
                variable: elsewhere.map_or(NONE, |path| self.draft.string(&format!("NOTIFY_SOCKET={path}"))),
                socket: offset(Buffer::Notify),
                watchdog: offset(Buffer::Watchdog),
                refused: self.draft.string(refused),
                stream: self.draft.string(stream),
            }),
            Act::LeaveSession => Kind::Terminal(Terminal::Leave {
                pid: self.slot(Slot::Child),
                parent: self.slot(Slot::Parent),
            }),
            Act::ShareTerminal => Kind::Terminal(Terminal::Share { path: offset(Buffer::Terminal) }),
            Act::Signals(set) => Kind::Signals(Signals { set: *set }),
            Act::Environment { arguments, variables, passed, append, listen } => {
                Kind::Environment(Environment {
                    arguments: self.strings(arguments),
                    variables: self.strings(variables),
                    passed: self.strings(passed),
                    append: *append,
                    listen: listen.map(|reasons| self.listen(reasons)),
                })
            }
            Act::Directory { variable, to, beyond, absent, refused, optional, not_root } => {
                Kind::Directory(Directory {
                    variable: self.draft.string(variable),
                    offset: directory(*to),
                    capacity: TEXT_BYTES,
                    beyond: beyond.map_or(NONE, directory),
                    absent: self.draft.string(absent),
                    refused: self.draft.string(refused),
                    optional: *optional,
                    not_root: *not_root,
                })
            }
            Act::Fork { flags, pid, cgroup, child } => Kind::Fork(Fork {
                list: self.list(child),
                flags: *flags,
                pid: self.slot(*pid),
                cgroup: cgroup.map_or(NONE, |slot| self.slot(slot)),
            }),
            Act::FindCgroup => {
                Kind::Cgroup(Cgroup::Own { text: offset(Buffer::Text), length: self.slot(Slot::Length) })
            }
            Act::MakeCgroup { parent, name, directory, leaf } => Kind::Cgroup(Cgroup::Make(Make {
                leaf: leaf.is_some(),
                parent: self.slot(*parent),
                name: self.draft.string(name),
                directory: self.slot(*directory),
                controllers: self.draft.string(leaf.as_deref().unwrap_or_default()),
                text: offset(Buffer::Text),
            })),
            Act::Filter(filter) => Kind::Filter(Filter {
                blob: self.draft.blob(&filter.instructions),
                count: index16(filter.instructions.len() / Filter::INSTRUCTION_BYTES as usize),
                flags: filter.flags,
                cookie: filter.cookie.map_or(Cookie::None, |words| Cookie::Drawn(self.words(&words))),
            }),
            Act::Landlock { rows, action } => Kind::Landlock(self.landlock(rows, *action)),
            Act::Exec(path) => Kind::Exec(Exec { path: self.draft.string(path) }),
            Act::Assist { arguments, ready } => self.assist(arguments, *ready),
            Act::Guard { may_stay_out } => Kind::Guard(Guard {
                inside: self.slot(Slot::GuardInside),
                outside: self.slot(Slot::GuardOutside),
                process: self.slot(Slot::GuardProcess),
                reserve: self.slot(Slot::GuardReserve),
                may_stay_out: *may_stay_out,
            }),
            Act::Hold => Kind::Supervise(Supervise {
                role: Role::Holder,
                terminal: false,
                pid: 0,
                ending: None,
                channel: 0,
            }),
            Act::Supervise { role, terminal, pid, ending, channel } => Kind::Supervise(Supervise {
                role: *role,
                terminal: *terminal,
                pid: self.slot(*pid),
                ending: ending.as_ref().map(|ending| self.ending(ending)),
                channel: channel.map_or(0, |slot| self.slot(slot)),
            }),
            Act::Netlink { socket, message, patches, keep, otherwise } => {
                let mut encoded = Netlink {
                    socket: self.slot(*socket),
                    blob: self.draft.blob(message),
                    length: index16(message.len()),
                    offset: offset(Buffer::Text),
                    patches: [Patch::NONE; 2],
                    index: keep.map_or(NONE, |slot| self.slot(slot)),
                    rule: otherwise.map_or(Rule::NONE, |(errno, _)| Rule { errno, then: Then::Continue }),
                    skip: otherwise.map_or(0, |(_, skip)| skip),
                };
                for (patch, (at, slot)) in encoded.patches.iter_mut().zip(patches) {
                    *patch = Patch { at: *at, slot: self.slot(*slot) };
                }
                Kind::Netlink(encoded)
            }
        }
    }

    fn landlock(&mut self, rows: &[Row], action: Landlock) -> operation::Landlock {
        let bytes: Vec<u8> = rows.iter().flat_map(|row| row.to_bytes()).collect();
        operation::Landlock {
            rows: self.draft.blob(&bytes),
            count: index16(rows.len()),
            abi: self.slot(Slot::LandlockAbi),
            ruleset: self.slot(Slot::Ruleset),
            action: match action {
                Landlock::Create => Action::Create,
                Landlock::Slot(slot, rights) => Action::Slot(self.slot(slot), rights),
                Landlock::Descriptor(number, rights) => Action::Descriptor(number, rights),
                Landlock::Port(port, rights) => Action::Port(port, rights),
                Landlock::Restrict => Action::Restrict,
            },
        }
    }

    fn call(&mut self, call: &Call) -> operation::Call {
        let mut encoded = operation::Call::new(call.number);
        // Before the arguments: the slots of a pair follow each other, whoever names them first.
        encoded.result = match call.keep {
            Keep::Nothing => Store::Nothing,
            Keep::In(slot) => Store::Word(self.slot(slot)),
            Keep::Pair(first, second) => {
                let offset = self.slot(first);
                self.slot(second);
                Store::Pair(offset)
            }
        };
        for (argument, value) in encoded.arguments.iter_mut().zip(&call.arguments) {
            *argument = self.value(value, call.keep);
        }
        for (rule, asked) in encoded.rules.iter_mut().zip(&call.rules) {
            *rule = Rule { errno: asked.errno, then: asked.then };
        }
        encoded.success = call.success;
        encoded.skip = call.skip;
        encoded
    }

    fn value(&mut self, value: &Value, keep: Keep) -> Argument {
        match value {
            Value::Zero => Argument::Zero,
            Value::Number(number) => Argument::Immediate(*number),
            Value::Text(text) => Argument::String(self.draft.string(text)),
            Value::Bytes(bytes) => Argument::Blob(self.draft.blob(bytes)),
            Value::Buffer(buffer) => Argument::Arena(offset(*buffer)),
            // The call that fills a pair takes its address.
            Value::Slot(slot) if matches!(keep, Keep::Pair(first, _) if first == *slot) => {
                Argument::Arena(self.slot(*slot))
            }
            Value::Slot(slot) => Argument::Slot(self.slot(*slot)),
            Value::Struct(slot) => Argument::Arena(self.slot(*slot).saturating_sub(slot.within())),
            Value::Each => Argument::Each,
        }
    }

    fn text(&mut self, parts: &[Part], to: Buffer, capacity: u32) -> Text {
        let mut pieces = Vec::new();
        for part in parts {
            let piece = match part {
                Part::Literal(text) => Piece::Literal(self.draft.string(text)),
                Part::Decimal(slot) => Piece::Decimal(self.slot(*slot)),
                Part::Text(slot) => Piece::Text(self.slot(*slot)),
            };
            pieces.extend(piece.write().iter().flat_map(|word| word.to_le_bytes()));
        }
        Text {
            offset: offset(to),
            capacity,
            pieces: self.draft.blob(&pieces),
            count: index32(parts.len()),
            length: self.slot(Slot::Length),
        }
    }

    fn listen(&mut self, [malformed, directory]: [&str; 2]) -> Listen {
        Listen {
            end: self.slot(Slot::Unlistened),
            text: offset(Buffer::Text),
            malformed: self.draft.string(malformed),
            directory: self.draft.string(directory),
        }
    }

    fn ending(&mut self, ending: &Ending) -> operation::Ending {
        operation::Ending {
            signal: ending.signal,
            grace: ending.grace.as_ref().map_or(NONE, |timer| self.draft.blob(timer)),
            origin: ending.timeout.as_ref().map_or(0, |(words, span)| self.origin(words, *span)),
        }
    }

    fn assist(&mut self, arguments: &[Value], ready: Option<Slot>) -> Kind {
        let strings: Vec<u32> = arguments
            .iter()
            .map(|argument| if let Value::Text(text) = argument { self.draft.string(text) } else { NONE })
            .collect();
        let arguments = Strings { blob: self.words(&strings), count: index32(strings.len()) };
        let ready = ready.map_or(NONE, |slot| self.slot(slot));
        Kind::Assist(Assist { arguments, text: offset(Buffer::Text), ready })
    }

    fn strings(&mut self, strings: &[String]) -> Strings {
        let offsets: Vec<u8> =
            strings.iter().flat_map(|string| self.draft.string(string).to_le_bytes()).collect();
        Strings { blob: self.draft.blob(&offsets), count: index32(strings.len()) }
    }

    fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.draft.blob(&bytes)
    }

    fn place(&mut self, place: Place) -> u32 {
        match place {
            Place::Slot(slot) => self.slot(slot),
            Place::Buffer(buffer, at) => offset(buffer) + at,
        }
    }

    /// A slot's offset, after the answer, in the order of first use.
    fn slot(&mut self, slot: Slot) -> u32 {
        if let Some(&known) = self.slots.get(&slot) {
            return known;
        }
        if let Slot::Directory(to) = slot {
            return directory(to);
        }
        if let Slot::OutsideGid(owner) = slot {
            return self.slot(Slot::OutsideUid(owner)) + 4;
        }
        let offset = self.next + slot.within();
        self.next = offset + slot.reach();
        self.slots.insert(slot, offset);
        // Past the last of them there is none, which the reader reports.
        if self.next > SLOTS_END { LARGEST_ARENA } else { offset }
    }

    fn finish(mut self, sources: &Sources) -> Vec<u8> {
        self.draft.arena_bytes = LARGEST_ARENA;
        // Slots start as "unset"; the image reaches to the last of them.
        self.draft.arena = vec![0; self.next.min(LARGEST_ARENA) as usize];
        self.draft.arena[ANSWER_BYTES as usize..].fill(0xff);
        for (slot, &offset) in &self.slots {
            let Some(before) = slot.before() else { continue };
            let start = offset as usize - before.len();
            let high = offset as usize + 4;
            if let Some(room) = self.draft.arena.get_mut(start..high + 4) {
                room[..before.len()].copy_from_slice(&before);
                room[before.len() + 4..].fill(0);
            }
        }
        self.draft.sources(sources);
        self.draft.finish()
    }
}

/// How many acts may be passed over after this one, without the spec having said so.
fn skips(act: &Act) -> u16 {
    match act {
        Act::Call(call) => {
            let skips = call.rules.iter().map(|rule| if let Then::Skip(acts) = rule.then { acts } else { 0 });
            skips.max().unwrap_or(0).max(call.skip).into()
        }
        Act::Check { otherwise: Else::Skip(acts), .. } => *acts,
        Act::Netlink { otherwise: Some((_, acts)), .. } => (*acts).into(),
        _ => 0,
    }
}

fn offset(buffer: Buffer) -> u32 {
    match buffer {
        Buffer::Answer => 0,
        Buffer::Text => LARGEST_ARENA - TEXT_BYTES,
        Buffer::Watchdog => SLOTS_END,
        Buffer::Notify => SLOTS_END + WATCHDOG_BYTES,
        Buffer::Terminal => LIMITS - Terminal::PATH_ROOM,
        Buffer::Descriptors => LIMITS,
        Buffer::AllDescriptors => LIMITS + 8,
    }
}

fn directory(directory: RunDirectory) -> u32 {
    let number = match directory {
        RunDirectory::Cwd => 1,
        RunDirectory::Home => 2,
        RunDirectory::Runtime => 3,
    };
    offset(Buffer::Text) - number * TEXT_BYTES
}

/// A table's index: past its type it is past the format's limits, which the reader reports.
fn index16(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

fn index32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
