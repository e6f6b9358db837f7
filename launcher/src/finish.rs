//! Ends a sandbox from outside, whatever its processes do.
//!
//! The kernel ends a pid namespace in the context of its init, and every process ends in its own: a sandbox full of busy
//! processes delays all of that, and one whose init gets no processor never ends. kill(-1) from inside reaches all of them at
//! once. So a guard is started before the program: it stands outside, where no process of the sandbox sees it, in a session
//! of its own, which the scheduler weighs against the sandbox as a whole (sched(7), autogroup), and its children are born
//! inside.

use crate::failure::{Failure, Words};
use crate::mem;
use crate::run::Launch;
use crate::sys::{self, Errno};
use boxwright_launcher::abi::{CLONE_NEWPID, CLONE_NEWUSER, SIGKILL};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Argument, Guard, NONE};

/// The descriptors that the guard keeps: the child's pidfd, its end of the pair, the directory of the sandbox's cgroup.
const CHILD: Argument = Argument::Zero;
const PAIR: Argument = Argument::Immediate(1);
const CGROUP: u32 = 2;

/// How often the guard tries what fails, and kills what is inside, a millisecond apart.
const TRIES: u32 = 5000;

/// `linux/socket.h`: the answer is the length of the message, whatever room there is.
const MSG_TRUNC: Argument = Argument::Immediate(0x20);
/// Every process that the caller sees and may signal, but itself and its init (kill(2)).
const EVERYBODY: Argument = Argument::Immediate(u32::MAX);
const KILL: Argument = Argument::Immediate(SIGKILL);

const EPERM: Errno = 1;
const EPIPE: Errno = 32;

impl Launch {
    /// Starts the guard and its reserve, and waits until the guard is ready.
    #[inline(never)]
    pub fn prepare_end(&mut self, index: u32, guard: &Guard) -> Result<u32, Failure> {
        let child = self.child.ok_or(Failure::Words(Words::Unset))?;
        let launcher = sys::own_pid().map_err(Failure::Errno)?;
        self.guard = Some(*guard);
        let Some((_, reserve)) = sys::fork(0, None).map_err(Failure::Errno)? else {
            self.keep_a_place(launcher)
        };
        mem::store(guard.reserve, &reserve.to_le_bytes());
        let Some((_, process)) = sys::fork(0, None).map_err(Failure::Errno)? else {
            // What goes wrong in it is for the launcher to say.
            self.inside = true;
            self.stand_guard(index, guard, child)
        };
        mem::store(guard.process, &process.to_le_bytes());
        let _ = self.ask(number::close, &[Argument::Slot(guard.inside)]);
        let (none, pair) = (Argument::Zero, Argument::Slot(guard.outside));
        match self.ask(number::recvfrom, &[pair, none, none, MSG_TRUNC]) {
            Ok(0) => Err(Failure::Words(Words::Died)),
            Ok(_) => Ok(0),
            Err(errno) => Err(Failure::Errno(errno)),
        }
    }

    /// Ends everything in the sandbox: with its control group, and by its guard.
    pub fn finish(&self) {
        self.kill_cgroup();
        if let Some(guard) = self.guard {
            let _ = self.ask(number::close, &[Argument::Slot(guard.outside)]);
            // The number may soon be another file's.
            mem::store(guard.outside, &NONE.to_le_bytes());
            end_process(guard.reserve);
        }
    }

    /// The sandbox has ended: there is nothing to guard.
    pub fn dismiss_guard(&self) {
        if let Some(guard) = self.guard {
            end_process(guard.process);
            end_process(guard.reserve);
        }
    }

    /// The reserve's whole life.
    fn keep_a_place(&self, launcher: u32) -> ! {
        if sys::be_open(false).and_then(|()| sys::leave_launch(launcher)).is_ok() {
            loop {
                let _ = sys::wait_for_signal(0);
            }
        }
        sys::exit(0)
    }

    /// The guard's whole life.
    fn stand_guard(&self, index: u32, guard: &Guard, child: u32) -> ! {
        match self.take_post(guard, child) {
            Err(errno) => self.fail(index, Failure::Errno(errno)),
            Ok(inside) => {
                // Nothing is ever said: the answer is the end of the file.
                for _ in 0..TRIES {
                    if self.ask(number::recvfrom, &[PAIR]).is_ok() {
                        break;
                    }
                    sys::sleep_a_millisecond();
                }
                self.end_all(inside);
                sys::exit(0)
            }
        }
    }

    /// Leaves everything of the caller's that the guard does not need. Whether its children are born inside.
    fn take_post(&self, guard: &Guard, child: u32) -> Result<bool, Errno> {
        let keep = |from, to| self.ask(number::dup2, &[from, to]);
        keep(Argument::Immediate(child), CHILD)?;
        keep(Argument::Slot(guard.inside), PAIR)?;
        let mut unused = CGROUP;
        if let Some(make) = &self.cgroups[0] {
            keep(Argument::Slot(make.directory), Argument::Immediate(CGROUP))?;
            mem::store(make.directory, &CGROUP.to_le_bytes());
            unused += 1;
        }
        self.ask(number::close_range, &[Argument::Immediate(unused), Argument::Immediate(u32::MAX)])?;
        self.ask(number::setsid, &[])?;
        sys::be_prompt();
        let enter = |flags: u64| self.ask(number::setns, &[CHILD, Argument::Immediate(flags as u32)]);
        let inside = match self.child_is_init {
            // With the rights that the launcher has, or else with those of the sandbox's user namespace.
            true => match enter(CLONE_NEWPID).or_else(|_| enter(CLONE_NEWUSER | CLONE_NEWPID)) {
                Err(EPERM) if guard.may_stay_out => false,
                entered => entered.map(|_| true)?,
            },
            false => false,
        };
        sys::be_open(false)?;
        match self.ask(number::write, &[PAIR, Argument::Arena(0), Argument::Immediate(1)]) {
            // The launcher has failed, and says so itself.
            Ok(_) | Err(EPIPE) => Ok(inside),
            Err(errno) => Err(errno),
        }
    }

    fn end_all(&self, inside: bool) {
        self.kill_cgroup();
        for _ in 0..TRIES {
            let _ = self.ask(number::pidfd_send_signal, &[CHILD, KILL]);
            if !inside {
                break;
            }
            match sys::fork(0, None) {
                Ok(None) => {
                    // A parent that is not in the own pid namespace has no number there.
                    if self.ask(number::getppid, &[]) == Ok(0) {
                        let _ = self.ask(number::kill, &[EVERYBODY, KILL]);
                    }
                    sys::exit(0)
                }
                Ok(Some((_, pidfd))) => {
                    let _ = self.ask(number::close, &[Argument::Immediate(pidfd)]);
                }
                // A limit of processes, until those that end make room.
                Err(_) => {}
            }
            // The init of a namespace ends after all of its processes have been reaped, whenever it is reaped itself.
            let gone = sys::poll(0, sys::READABLE, 1);
            while let Ok(Some(_)) = sys::wait_for_exit(None, false) {}
            if gone {
                break;
            }
        }
    }
}

/// Ends the process with the pidfd in a slot, if there is one.
fn end_process(slot: u32) {
    let pidfd = mem::load_word(slot);
    if pidfd != NONE {
        sys::kill_child(pidfd);
    }
}
