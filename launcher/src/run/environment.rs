//! argv and envp: what the plan says, what the launcher's caller adds, and what a service manager wants passed on.

use super::{Launch, Outcome};
use crate::failure::{Failure, Words};
use crate::mem::{self, Pointers};
use crate::sys;
use boxwright_launcher::plan::operation::{Environment, Listen, Notify, Strings};

/// How many variables a service manager may say: three for its sockets, and three for its own.
const FROM_MANAGER: u32 = 6;

impl Launch {
    #[inline(never)]
    pub(super) fn environment(&mut self, environment: &Environment) -> Outcome {
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
    pub(super) fn notify(&mut self, notify: &Notify) -> Outcome {
        let Some(mut pointers) = self.pointers else { return Err(Failure::Words(Words::Unset)) };
        let value = |name: &[u8]| self.start.variables.value(name);
        let Some(socket) = value(b"NOTIFY_SOCKET=") else { return Ok(0) };
        let has_path = socket.starts_with(b"/") && socket.len() < Notify::ROOM as usize;
        match notify.elsewhere().filter(|_| has_path) {
            Some(variable) => pointers.push(self.plan.string(variable).as_ptr()),
            None if has_path || is_name(socket, notify) => {
                self.pass(&mut pointers, b"NOTIFY_SOCKET=");
            }
            None => return Err(Failure::Reason(notify.refused)),
        }
        if !sys::takes_datagrams(socket).map_err(Failure::Errno)? {
            return Err(Failure::Reason(notify.stream));
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
    pub(super) fn string_of(&self, strings: &Strings, index: u32) -> &'static [u8] {
        self.plan.string(self.plan.blob_word(strings.blob + index * 4))
    }
}

/// An abstract name that may be used, and is no longer than one can be.
fn is_name(socket: &[u8], notify: &Notify) -> bool {
    notify.by_name && socket.starts_with(b"@") && socket.len() <= Notify::ROOM as usize
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
